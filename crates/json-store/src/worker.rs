//! The thread that packs. It owns nothing but a shared text at a time.

use std::sync::{Arc, Weak};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use json_document::Text;

use crate::packed::Packed;
use crate::stored::Stored;

/// One text to be packed, and the document it belonged to when it was sent.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) stored: Weak<Stored>,
    pub(crate) text: Arc<Text>,
    pub(crate) level: i32,
}

/// A finished job; `packed` is `None` when packing gains nothing.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) stored: Weak<Stored>,
    pub(crate) text: Arc<Text>,
    pub(crate) packed: Option<Packed>,
}

/// The two ends that the store holds. Dropping them ends the thread.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) jobs: Sender<Job>,
    pub(crate) done: Receiver<Done>,
}

impl Worker {
    /// Starts the thread, which calls `prepare` first; `None` when the system gives no more.
    pub(crate) fn start(prepare: fn()) -> Option<Worker> {
        let (jobs, todo) = unbounded::<Job>();
        let (finished, done) = unbounded::<Done>();
        thread::Builder::new()
            .name("json-pack".to_owned())
            .stack_size(256 << 10)
            .spawn(move || {
                prepare();
                for Job { stored, text, level } in todo {
                    // A document that is gone needs no packing; one that changed is noticed by the
                    // holder of the host's lock, who alone may look into it.
                    let packed =
                        if stored.strong_count() == 0 { None } else { Packed::pack(&text, level) };
                    if finished.send(Done { stored, text, packed }).is_err() {
                        return;
                    }
                }
            })
            .ok()?;
        Some(Worker { jobs, done })
    }
}
