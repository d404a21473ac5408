//! What waits for the worker, and what comes back from it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use json_document::Text;

use super::{Claim, Inner, Pressure, count_packed, settled};
use crate::accounts::{ACCOUNTS, add};
use crate::family::{Plan, families};
use crate::slab;
use crate::slot::{Content, Guard, Small, View};
use crate::stored::{self, Cold, Form, Held, Stored};
use crate::worker::{self, Done, Job, Matter, Worker};

/// Texts that workers may hold at a time. It bounds how much a burst can be ahead of the results.
const IN_FLIGHT_MAX: usize = 64 << 20;
/// How often dictionaries are looked after.
const REVIEW_MS: u64 = 1_000;
/// What of the pass over all documents one tick does.
const SWEEP_PLACES: usize = 8_192;
const SWEEP_BYTES: usize = 512 << 10;
/// What one tick packs itself when no thread could be started.
const TICK_INLINE_MAX: usize = 1 << 20;

impl Inner {
    pub(super) fn take_results(&mut self, now_ms: u64) {
        let mut results = Vec::new();
        if let Some(workers) = &self.workers {
            results.extend(workers.done.try_iter());
        }
        for done in results {
            self.in_flight -= done.job.matter.len();
            self.finish(done, now_ms);
        }
    }

    /// Takes what a job gave.
    fn finish(&mut self, done: Done, now_ms: u64) {
        let Done { job, cold, trained } = done;
        if let Some(trained) = trained {
            families().judge(trained, &self.settings);
        }
        match job.matter {
            Matter::Text { text, ticket } => {
                self.swap_in(job.number, &text, ticket, cold, &job.plan, now_ms);
            }
            Matter::Small { small, entry, packs: true, .. } => {
                if let Some(cold) = cold {
                    swap_small(job.number, &small, entry, cold, &job.plan);
                }
            }
            Matter::Small { .. } => {}
        }
    }

    /// The result counts only for the very text it was made of.
    fn swap_in(
        &mut self,
        number: usize,
        text: &Arc<Text>,
        ticket: u64,
        cold: Option<Cold>,
        plan: &Plan,
        now_ms: u64,
    ) {
        let mut guard = Stored::at(number).lock();
        let is_same = |held: &Held| match &held.form {
            Form::Text { text: now, settled: false } => Arc::ptr_eq(now, text),
            _ => false,
        };
        let touched_ms = match guard.held_mut() {
            Some(held) if is_same(held) => {
                held.ticket = 0;
                held.touched_ms
            }
            changed => {
                add(&ACCOUNTS.packs_stale, 1);
                if changed.is_some_and(|held| held.ticket == ticket) {
                    let due_ms = now_ms + self.settings.pack_after_ms;
                    self.queue.push_back(Claim { number, ticket, due_ms });
                }
                return;
            }
        };
        match cold {
            Some(cold @ Cold::Whole(_)) => {
                count_packed(&Plan::default());
                stored::reform(&mut guard, Form::Packed { cold, warm: None }, plan.base);
            }
            Some(Cold::Small(small)) => {
                count_packed(plan);
                families().note_packed(plan.entry, &small);
                stored::exchange(&mut guard, Content::Small(small), plan.entry);
            }
            None => {
                add(&ACCOUNTS.packs_refused, 1);
                families().note_refused(plan.entry, text.len());
                let content = settled(text.clone(), touched_ms);
                let is_small = matches!(content, Content::Small(_));
                let entry = if is_small { plan.entry } else { plan.base };
                stored::exchange(&mut guard, content, entry);
            }
        }
        guard.touch_small(touched_ms);
    }

    /// About once a second, looks after the dictionaries.
    pub(super) fn review(&mut self, now_ms: u64) {
        if now_ms.saturating_sub(self.reviewed_ms) < REVIEW_MS && now_ms >= self.reviewed_ms {
            return;
        }
        self.reviewed_ms = now_ms;
        let may_train = self.may_train && self.settings.packing;
        let mut families = families();
        families.review(&self.settings, may_train, now_ms);
        let wanted = self.settings.dictionaries && families.pass_wanted;
        if wanted && self.swept.is_none() {
            families.pass_wanted = false;
            self.swept = Some(0);
        }
    }

    /// Goes on with the pass over all documents, if there is one: sends small ones to be packed with
    /// their family's new dictionary, or to be samples.
    pub(super) fn sweep(&mut self, now_ms: u64) {
        let Some(start) = self.swept else { return };
        if !self.settings.packing {
            self.swept = None;
            return;
        }
        let used = slab::used();
        let end = used.min(start + SWEEP_PLACES);
        let mut budget = SWEEP_BYTES;
        let mut next = start;
        while next < end && budget > 0 && self.in_flight < IN_FLIGHT_MAX {
            if let Some(job) = self.small_job(next, now_ms) {
                budget = budget.saturating_sub(job.matter.len());
                self.send(job, now_ms, 0);
            }
            next += 1;
        }
        self.swept = (next < used).then_some(next);
    }

    /// What is to be done to a small document, if anything.
    fn small_job(&self, number: usize, now_ms: u64) -> Option<Job> {
        let guard = Stored::at(number).lock();
        let entry = guard.entry();
        let View::Small(small) = guard.view() else { return None };
        if entry == 0 {
            return None;
        }
        let mut families = families();
        let packs = self.settings.dictionaries && families.is_stale(entry, small.raw_len);
        let sample = families.sample(entry, small.raw_len);
        if !packs && sample.is_none() {
            return None;
        }
        let dictionary = if small.is_packed { families.dictionary(entry) } else { None };
        let plan = families.plan(entry, &self.settings, now_ms);
        let matter = Matter::Small { small: small.to_owned(), entry, dictionary, packs };
        Some(Job { number, matter, plan, level: self.settings.level, sample })
    }

    /// How much sooner than it is due a document is packed because others wait behind it: nothing
    /// while the backlog is below an eighth of its limit, the whole wait at the limit.
    fn hurry_ms(&self) -> u64 {
        let backlog = ACCOUNTS.backlog_bytes.load(Relaxed);
        let limit = self.settings.backlog_max;
        if self.pressure == Pressure::MemoryShort || backlog > limit {
            return u64::MAX;
        }
        let over = u128::from(backlog.saturating_sub(limit / 8));
        let share = over * u128::from(self.wait_ms(0)) / u128::from((limit - limit / 8).max(1));
        u64::try_from(share).unwrap_or(u64::MAX)
    }

    pub(super) fn serve_queue(&mut self, now_ms: u64) {
        let mut inline_left = TICK_INLINE_MAX;
        // Whoever is put back during this tick waits for the next one.
        for _ in 0..self.queue.len() {
            let soon_ms = now_ms.saturating_add(self.hurry_ms());
            let full = self.in_flight >= IN_FLIGHT_MAX || inline_left == 0;
            match self.queue.front() {
                Some(claim) if !full && claim.due_ms <= soon_ms => {}
                _ => return,
            }
            let Some(Claim { number, ticket, .. }) = self.queue.pop_front() else { return };
            let mut guard = Stored::at(number).lock();
            let Some(held) = guard.held_mut().filter(|held| held.ticket == ticket) else {
                continue;
            };
            let due_ms = held.touched_ms + self.wait_ms(held.heat);
            if due_ms > soon_ms {
                self.queue.push_back(Claim { number, ticket, due_ms });
                continue;
            }
            if let Some(text) = self.cool(&mut guard) {
                let base = guard.entry();
                drop(guard);
                let mut families = families();
                let plan = families.plan(base, &self.settings, now_ms);
                let is_short = text.len() <= Small::RAW_LEN_MAX;
                let sample = if is_short { families.sample(base, text.len()) } else { None };
                drop(families);
                let level = self.settings.level;
                let matter = Matter::Text { text, ticket };
                let job = Job { number, matter, plan, level, sample };
                inline_left -= self.send(job, now_ms, inline_left);
            }
        }
    }

    /// Lets go what an idle document needs no more; gives the text that is to be packed.
    fn cool(&self, guard: &mut Guard<'_>) -> Option<Arc<Text>> {
        let held = guard.held_mut()?;
        held.cool();
        let touched_ms = held.touched_ms;
        let waits = matches!(held.form, Form::Text { settled: false, .. }) && self.settings.packing;
        if !waits {
            held.ticket = 0;
            held.forget_shortcuts();
        }
        let colder = match &held.form {
            Form::Text { text, .. } if waits => {
                return Some(text.clone());
            }
            Form::Text { text, .. } if text.len() <= Small::BLOCK_LEN_MAX => {
                settled(text.clone(), touched_ms)
            }
            Form::Packed { cold: cold @ Cold::Small(_), .. } => cold.clone().into_content(),
            Form::Text { .. } | Form::Packed { .. } => return None,
        };
        let entry = guard.entry();
        stored::exchange(guard, colder, entry);
        guard.touch_small(touched_ms);
        None
    }

    /// Gives the job to a worker; without one, packs here and says how much of `budget` it took.
    fn send(&mut self, job: Job, now_ms: u64, budget: usize) -> usize {
        if self.workers.is_none() && !self.no_workers {
            self.workers = Worker::start(self.prepare_worker);
            self.no_workers = self.workers.is_none();
        }
        let len = job.matter.len();
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
        let done = worker::run(job, &mut self.trainer);
        self.finish(done, now_ms);
        len.min(budget)
    }
}

/// Puts a small document's new block in, if the document is as it was.
fn swap_small(number: usize, was: &Small, entry: usize, cold: Cold, plan: &Plan) {
    let mut guard = Stored::at(number).lock();
    let is_same = guard.entry() == entry
        && match guard.view() {
            View::Small(small) => small.is_packed == was.is_packed && small.block == &*was.block,
            View::Held(_) | View::Vacant => false,
        };
    let Cold::Small(small) = cold else { return };
    if !is_same {
        return add(&ACCOUNTS.packs_stale, 1);
    }
    if small.is_packed {
        count_packed(plan);
        families().note_packed(plan.entry, &small);
    }
    stored::exchange(&mut guard, Content::Small(small), plan.entry);
}
