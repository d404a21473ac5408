//! The thread that packs and trains. It owns nothing but copies and shared texts.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use json_document::Text;

use crate::accounts::{ACCOUNTS, add_time};
use crate::codec::{self, Dictionary};
use crate::family::Plan;
use crate::packed::Packed;
use crate::slot::Small;
use crate::small::{self, Attempt};
use crate::stored::Cold;
use crate::trainer::{Order, Trained, Trainer};

/// When there was nothing to do for so long, zstd's contexts are given back.
const REST: Duration = Duration::from_secs(1);

/// Something to be packed, to be a sample, or both.
#[derive(Debug)]
pub(crate) struct Job {
    /// The number of the document's place.
    pub(crate) number: usize,
    pub(crate) matter: Matter,
    pub(crate) plan: Plan,
    pub(crate) level: i32,
    pub(crate) sample: Option<Order>,
}

/// What the document was when the job was made; it is still the one it was if it has this.
#[derive(Debug)]
pub(crate) enum Matter {
    Text {
        text: Arc<Text>,
        /// Of the claim by which it was found.
        ticket: u64,
    },
    Small {
        small: Small,
        entry: usize,
        dictionary: Option<Arc<Dictionary>>,
        /// Whether it is to be packed by the plan, rather than be a sample only.
        packs: bool,
    },
}

/// A finished job; `cold` is `None` when packing gains nothing.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) job: Job,
    pub(crate) cold: Option<Cold>,
    pub(crate) trained: Option<Trained>,
}

impl Matter {
    /// Bytes of text, about: what of the worker's budget it takes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Matter::Text { text, .. } => text.len(),
            Matter::Small { small, .. } => small.raw_len,
        }
    }
}

/// Packs `text`; `None` when there is nothing to be gained.
pub(crate) fn pack(text: &Text, level: i32, plan: &Plan) -> Option<Cold> {
    let raw = text.as_str().as_bytes();
    if raw.len() <= Small::RAW_LEN_MAX {
        let started = Instant::now();
        let attempt = small::pack(raw, level, plan.dictionary.as_deref());
        add_time(&ACCOUNTS.pack_ns, started.elapsed());
        match attempt {
            Attempt::Packed(small) => return Some(Cold::Small(small)),
            Attempt::NoGain if raw.len() <= Small::BLOCK_LEN_MAX => return None,
            Attempt::NoGain | Attempt::TooLong => {}
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
            .stack_size(512 << 10)
            .spawn(move || {
                prepare();
                let mut trainer = Trainer::new();
                loop {
                    let job = match todo.recv_timeout(REST) {
                        Ok(job) => job,
                        Err(RecvTimeoutError::Disconnected) => return,
                        Err(RecvTimeoutError::Timeout) => {
                            codec::rest();
                            match todo.recv() {
                                Ok(job) => job,
                                Err(_) => return,
                            }
                        }
                    };
                    if finished.send(run(job, &mut trainer)).is_err() {
                        return;
                    }
                }
            })
            .ok()?;
        Some(Worker { jobs, done })
    }
}

/// Does a job.
pub(crate) fn run(job: Job, trainer: &mut Trainer) -> Done {
    let (mut cold, mut trained) = (None, None);
    let mut sample = |raw: &[u8]| {
        if let Some(order) = job.sample {
            trained = trainer.take(order, raw, job.plan.dictionary.as_ref());
        }
    };
    match &job.matter {
        Matter::Text { text, .. } => {
            sample(text.as_str().as_bytes());
            // Nobody else has the text any more: the document is gone or has changed.
            let is_stale = Arc::strong_count(text) == 1;
            if !is_stale {
                cold = pack(text, job.level, &job.plan);
            }
        }
        Matter::Small { small, dictionary, packs, .. } => {
            if let Ok(raw) = small::unpack(small.view(), dictionary.as_deref()) {
                sample(&raw);
                if *packs {
                    cold = again(&raw, job.level, &job.plan).map(Cold::Small);
                }
            }
        }
    }
    Done { job, cold, trained }
}

/// A small document as the plan has it; it stays plain if it gains nothing.
fn again(raw: &[u8], level: i32, plan: &Plan) -> Option<Small> {
    match small::pack(raw, level, plan.dictionary.as_deref()) {
        Attempt::Packed(small) => Some(small),
        Attempt::NoGain | Attempt::TooLong => small::plain(raw),
    }
}
