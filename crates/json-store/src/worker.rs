//! The thread that packs. It owns nothing but a shared text at a time.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, unbounded};
use json_document::Text;

use crate::accounts::{ACCOUNTS, add_time};
use crate::packed::Packed;
use crate::slot::Small;
use crate::small::{self, Attempt};
use crate::stored::Cold;

/// One text to be packed, and the document it belonged to when it was sent.
#[derive(Debug)]
pub(crate) struct Job {
    /// The place's number. The document is still the one it was if it has this very text.
    pub(crate) number: usize,
    /// Of the claim by which it was found.
    pub(crate) ticket: u64,
    pub(crate) text: Arc<Text>,
    pub(crate) level: i32,
}

/// A finished job; `packed` is `None` when packing gains nothing.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) number: usize,
    /// Of the claim by which it was found.
    pub(crate) ticket: u64,
    pub(crate) text: Arc<Text>,
    pub(crate) packed: Option<Cold>,
}

/// Packs `text`; `None` when there is nothing to be gained.
pub(crate) fn pack(text: &Text, level: i32) -> Option<Cold> {
    let raw = text.as_str().as_bytes();
    if raw.len() <= Small::RAW_LEN_MAX {
        let started = Instant::now();
        let attempt = small::pack(raw, level, None);
        add_time(&ACCOUNTS.pack_ns, started.elapsed());
        match attempt {
            Attempt::Packed(small) => return Some(Cold::Small(small)),
            Attempt::NoGain => return None,
            Attempt::TooLong => {}
        }
    }
    Packed::pack(text, level).map(Cold::Whole)
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
                for Job { number, ticket, text, level } in todo {
                    // Nobody else has the text any more: the document is gone or has changed.
                    let is_stale = Arc::strong_count(&text) == 1;
                    let packed = if is_stale { None } else { pack(&text, level) };
                    if finished.send(Done { number, ticket, text, packed }).is_err() {
                        return;
                    }
                }
            })
            .ok()?;
        Some(Worker { jobs, done })
    }
}
