//! The policy between the forms: what is packed when, by whom, and what is kept warm.

use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};

use json_document::Text;
use parking_lot::Mutex;

use crate::accounts::{ACCOUNTS, add};
use crate::packed::{Packed, PackedError};
use crate::stored::Stored;
use crate::worker::{Done, Job, Worker};

/// What the operator may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Idle time after which a text is packed and a warm text dropped, milliseconds.
    pub pack_after_ms: u64,
    /// Bytes of texts that may wait for being idle; past it the oldest are packed without waiting,
    /// and past twice of it a write packs at once.
    pub backlog_max: u64,
    /// Bytes of inflated texts that may be kept beside their packed forms.
    pub warm_max: u64,
    /// zstd's level.
    pub level: i32,
    /// Whether documents are packed at all.
    pub packing: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            pack_after_ms: 2_000,
            backlog_max: 256 << 20,
            warm_max: 64 << 20,
            level: 1,
            packing: true,
        }
    }
}

/// What the host's state asks of packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressure {
    /// Pack what has been idle.
    None,
    /// A child process lives: a page written now is a page copied. Leave everything as it is.
    ChildLives,
    /// Memory is short: pack without waiting for idleness, child or not.
    MemoryShort,
}

/// Texts that workers may hold at a time. It bounds how much a burst can be ahead of the results.
const IN_FLIGHT_MAX: usize = 64 << 20;
/// Bytes that may be written between two ticks.
const WRITTEN_MAX: usize = 1 << 20;
/// What one tick packs itself when no thread could be started.
const TICK_INLINE_MAX: usize = 1 << 20;

/// The documents' keeper. All functions are for the holder of the host's lock.
#[derive(Debug)]
pub struct Store {
    inner: Mutex<Inner>,
    /// Bytes of texts stored since the last tick.
    written: AtomicUsize,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    pressure: Pressure,
    /// Documents to look at, the one due first in front. An entry outlives its document cheaply.
    queue: VecDeque<Claim>,
    workers: Option<Worker>,
    /// What a new worker thread does first.
    prepare_worker: fn(),
    /// A thread was asked for and not given; not tried again.
    no_workers: bool,
    in_flight: usize,
}

#[derive(Debug)]
struct Claim {
    stored: Weak<Stored>,
    due_ms: u64,
}

impl Default for Store {
    fn default() -> Store {
        Store::new()
    }
}

impl Store {
    pub const fn new() -> Store {
        Store::with_worker_preparation(|| {})
    }

    /// A store whose worker thread calls `prepare` first, to set its priority for example.
    pub const fn with_worker_preparation(prepare: fn()) -> Store {
        Store {
            inner: Mutex::new(Inner {
                settings: Settings {
                    pack_after_ms: 2_000,
                    backlog_max: 256 << 20,
                    warm_max: 64 << 20,
                    level: 1,
                    packing: true,
                },
                pressure: Pressure::None,
                queue: VecDeque::new(),
                workers: None,
                prepare_worker: prepare,
                no_workers: false,
                in_flight: 0,
            }),
            written: AtomicUsize::new(0),
        }
    }

    /// Whether so much was written since the last tick that one should not wait for the clock: a
    /// fast writer can fill the memory between two beats.
    pub fn wants_tick(&self) -> bool {
        self.written.load(Relaxed) >= WRITTEN_MAX
    }

    pub fn settings(&self) -> Settings {
        self.inner.lock().settings
    }

    pub fn set_settings(&self, settings: Settings) {
        self.inner.lock().settings = settings;
    }

    /// A new document. It is held as text until it has been idle, unless the backlog is full.
    pub fn insert(&self, text: Text, now_ms: u64) -> Arc<Stored> {
        self.written.fetch_add(text.len(), Relaxed);
        let mut inner = self.inner.lock();
        if let Some(packed) = inner.pack_inline(&text) {
            return Arc::new(Stored::packed(packed));
        }
        let stored = Arc::new(Stored::text(text, now_ms));
        inner.claim(&stored, now_ms);
        stored
    }

    /// A document that comes from a file or a payload. Loading packs as it goes, so that a data
    /// set never needs the memory of its text.
    pub fn load(&self, text: Text, now_ms: u64) -> Arc<Stored> {
        let settings = self.settings();
        if settings.packing
            && let Some(packed) = Packed::pack(&text, settings.level)
        {
            add(&ACCOUNTS.packs, 1);
            return Arc::new(Stored::packed(packed));
        }
        let stored = Stored::text(text, now_ms);
        stored.with_state(|state| state.refuse());
        Arc::new(stored)
    }

    /// A document that comes packed.
    pub fn load_packed(&self, packed: Packed) -> Arc<Stored> {
        Arc::new(Stored::packed(packed))
    }

    /// What a text would be packed; `None` when it is better left as it is. For saving a document
    /// that has not been packed yet; the document itself stays as it is.
    pub fn pack_for_saving(&self, text: &Text) -> Option<Packed> {
        let settings = self.settings();
        if settings.packing { Packed::pack(text, settings.level) } else { None }
    }

    /// A second document with the content of `stored`.
    pub fn copy(&self, stored: &Stored, now_ms: u64) -> Arc<Stored> {
        let twin = Arc::new(stored.twin(now_ms));
        self.inner.lock().claim(&twin, now_ms);
        twin
    }

    /// The document's text, inflated if need be. The text stays as it was if the document is
    /// changed while it is held.
    pub fn read(&self, stored: &Arc<Stored>, now_ms: u64) -> Result<Arc<Text>, PackedError> {
        let mut inner = self.inner.lock();
        let pack_after_ms = inner.settings.pack_after_ms;
        let warm_max = inner.settings.warm_max;
        let (text, warmed) = stored.with_state(|state| {
            let idle_ms = now_ms.saturating_sub(state.touched_ms);
            state.touched_ms = now_ms;
            let text = state.text()?;
            let warmed = state.is_cold()
                && idle_ms < pack_after_ms
                && ACCOUNTS.warm_bytes.load(Relaxed) + text.len() as u64 <= warm_max;
            if warmed {
                state.keep_warm(&text);
            }
            Ok((text, warmed))
        })?;
        if warmed {
            inner.claim(stored, now_ms);
        }
        Ok(text)
    }

    /// Gives the document another text.
    pub fn replace(&self, stored: &Arc<Stored>, text: Text, now_ms: u64) {
        self.written.fetch_add(text.len(), Relaxed);
        let mut inner = self.inner.lock();
        if let Some(packed) = inner.pack_inline(&text) {
            // Not a read: the next one inflates, and only the one after that keeps the text warm.
            stored.with_state(|state| {
                state.touched_ms = 0;
                state.set_packed(packed);
            });
            return;
        }
        stored.with_state(|state| {
            state.touched_ms = now_ms;
            state.set_text(text);
        });
        inner.claim(stored, now_ms);
    }

    /// To be called about ten times a second, and when [`Store::wants_tick`] says so: swaps in what workers have finished, gives them what
    /// has been idle long enough, and lets warm texts go cold.
    pub fn tick(&self, now_ms: u64, pressure: Pressure) {
        self.written.store(0, Relaxed);
        let mut inner = self.inner.lock();
        inner.pressure = pressure;
        if pressure == Pressure::ChildLives {
            return;
        }
        inner.take_results(now_ms);
        inner.serve_queue(now_ms);
    }
}

impl Inner {
    /// Packs a text that is about to be stored, when there is no room to let it wait.
    fn pack_inline(&mut self, text: &Text) -> Option<Packed> {
        let backlog = ACCOUNTS.backlog_bytes.load(Relaxed) + text.len() as u64;
        let must = self.pressure == Pressure::MemoryShort
            || backlog > self.settings.backlog_max.saturating_mul(2);
        if !self.settings.packing || !must {
            return None;
        }
        let packed = Packed::pack(text, self.settings.level)?;
        add(&ACCOUNTS.packs, 1);
        add(&ACCOUNTS.packs_inline, 1);
        Some(packed)
    }

    /// Puts the document in the queue unless it is there.
    fn claim(&mut self, stored: &Arc<Stored>, now_ms: u64) {
        let claimed = stored.with_state(|state| std::mem::replace(&mut state.queued, true));
        if !claimed {
            self.enqueue(Arc::downgrade(stored), now_ms + self.settings.pack_after_ms);
        }
    }

    fn enqueue(&mut self, stored: Weak<Stored>, due_ms: u64) {
        self.queue.push_back(Claim { stored, due_ms });
    }

    fn take_results(&mut self, now_ms: u64) {
        let mut results = Vec::new();
        if let Some(workers) = &self.workers {
            results.extend(workers.done.try_iter());
        }
        for done in results {
            self.in_flight -= done.text.len();
            self.swap_in(done, now_ms);
        }
    }

    /// The result counts only for the very text it was made of.
    fn swap_in(&mut self, done: Done, now_ms: u64) {
        let Some(stored) = done.stored.upgrade() else {
            add(&ACCOUNTS.packs_stale, 1);
            return;
        };
        let unchanged = stored.with_state(|state| {
            let unchanged = state.waiting().is_some_and(|text| Arc::ptr_eq(text, &done.text));
            if unchanged {
                state.queued = false;
                match done.packed {
                    Some(packed) => {
                        add(&ACCOUNTS.packs, 1);
                        state.set_packed(packed);
                    }
                    None => {
                        add(&ACCOUNTS.packs_refused, 1);
                        state.refuse();
                    }
                }
            }
            unchanged
        });
        if !unchanged {
            add(&ACCOUNTS.packs_stale, 1);
            self.enqueue(done.stored, now_ms + self.settings.pack_after_ms);
        }
    }

    fn serve_queue(&mut self, now_ms: u64) {
        let mut inline_left = TICK_INLINE_MAX;
        // Whoever is put back during this tick waits for the next one.
        for _ in 0..self.queue.len() {
            let hurried = self.pressure == Pressure::MemoryShort
                || ACCOUNTS.backlog_bytes.load(Relaxed) > self.settings.backlog_max;
            let full = self.in_flight >= IN_FLIGHT_MAX || inline_left == 0;
            match self.queue.front() {
                Some(claim) if !full && (hurried || claim.due_ms <= now_ms) => {}
                _ => return,
            }
            let Some(claim) = self.queue.pop_front() else { return };
            let Some(stored) = claim.stored.upgrade() else { continue };
            let (due_ms, waiting) = stored.with_state(|state| {
                let due_ms = state.touched_ms + self.settings.pack_after_ms;
                if !hurried && due_ms > now_ms {
                    return (Some(due_ms), None);
                }
                state.cool();
                let waiting = state.waiting().filter(|_| self.settings.packing).cloned();
                state.queued = waiting.is_some();
                (None, waiting)
            });
            if let Some(due_ms) = due_ms {
                self.enqueue(claim.stored, due_ms);
            } else if let Some(text) = waiting {
                inline_left -= self.send(
                    Job { stored: claim.stored, text, level: self.settings.level },
                    now_ms,
                    inline_left,
                );
            }
        }
    }

    /// Gives the job to a worker; without one, packs here and says how much of `budget` it took.
    fn send(&mut self, job: Job, now_ms: u64, budget: usize) -> usize {
        if self.workers.is_none() && !self.no_workers {
            self.workers = Worker::start(self.prepare_worker);
            self.no_workers = self.workers.is_none();
        }
        let len = job.text.len();
        let job = match &self.workers {
            Some(workers) => match workers.jobs.send(job) {
                Ok(()) => {
                    self.in_flight += len;
                    return 0;
                }
                Err(returned) => returned.0,
            },
            None => job,
        };
        let packed = Packed::pack(&job.text, job.level);
        self.swap_in(Done { stored: job.stored, text: job.text, packed }, now_ms);
        len.min(budget)
    }
}
