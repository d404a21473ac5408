//! What happens `hz` times a second.

use std::time::Duration;

use engine::Engine;
use engine::hooks::ServerEvent;

use crate::{background, clock, memory, outside, saving};

/// The part of a tick that active expiry may take, in hundredths, with `active-expire-effort 1`.
const EXPIRE_SHARE: u64 = 25;
/// Keys looked at before the clock is.
const EXPIRE_STEP: usize = 20;

#[derive(Debug)]
pub(crate) struct Cron {
    next_us: u64,
    ticks: u64,
    /// Where the walk over connections goes on.
    connection: usize,
    /// The database whose keys are looked at next.
    db: usize,
    accept_again: Vec<usize>,
    last_second: Second,
}

/// Counters a second ago, for the rates of INFO.
#[derive(Debug, Default)]
struct Second {
    at_us: u64,
    commands: u64,
    input: u64,
    output: u64,
}

impl Cron {
    pub(crate) fn new() -> Self {
        Self {
            next_us: clock::monotonic_us(),
            ticks: 0,
            connection: 0,
            db: 0,
            accept_again: Vec::new(),
            last_second: Second::default(),
        }
    }

    pub(crate) fn is_due(&self) -> bool {
        clock::monotonic_us() >= self.next_us
    }

    pub(crate) fn until_due(&self) -> Duration {
        Duration::from_micros(self.next_us.saturating_sub(clock::monotonic_us()))
    }

    /// The listener is to be looked at again at the next tick.
    pub(crate) fn accept_again(&mut self, listener: usize) {
        self.accept_again.push(listener);
    }

    /// The next stretch of `len` places, such that a second's ticks cover all of them.
    pub(crate) fn share(&mut self, len: usize, hz: i64) -> (usize, usize) {
        let count = len.div_ceil(usize::try_from(hz).unwrap_or(1).max(1));
        let from = if self.connection >= len { 0 } else { self.connection };
        self.connection = from + count;
        (from, count)
    }

    /// Does a tick's work; gives the listeners to be looked at again.
    pub(crate) fn run(&mut self, engine: &mut Engine) -> Vec<usize> {
        let hz = engine.config.hz.clamp(1, 500);
        self.next_us = clock::monotonic_us() + 1_000_000 / hz.unsigned_abs();
        self.ticks += 1;
        engine.clock.refresh();
        engine.stats.lazyfreed_objects += background::take_freed() as u64;
        let allocator = memory::refresh();
        engine.stats.peak_memory = engine.stats.peak_memory.max(allocator.allocated as u64);
        outside::of(engine).allocator = allocator;
        if engine.active_expire && !engine.loading {
            self.expire(engine, hz.unsigned_abs());
        }
        if engine.config.maxmemory > 0 {
            engine.make_room();
        }
        saving::tick(engine);
        self.rates(engine);
        engine.enter_unit();
        (engine.modules.server_event)(engine, &ServerEvent::CronLoop { hz: hz as i32 });
        engine.leave_unit();
        std::mem::take(&mut self.accept_again)
    }

    /// Removes keys whose time is over, for a part of the tick.
    fn expire(&mut self, engine: &mut Engine, hz: u64) {
        let effort = engine.config.active_expire_effort.unsigned_abs().clamp(1, 10);
        let share = EXPIRE_SHARE + 2 * (effort - 1);
        let until = clock::monotonic_us() + 1_000_000 * share / hz / 100;
        for _ in 0..engine.keyspace.len() {
            self.db = (self.db + 1) % engine.keyspace.len();
            loop {
                let step =
                    engine.keyspace.db_mut(self.db).expire_step(engine.clock.now_ms, EXPIRE_STEP);
                engine.enter_unit();
                for key in &step.expired {
                    engine.delete_expired(self.db, key);
                }
                engine.leave_unit();
                let late = clock::monotonic_us() >= until;
                if late {
                    engine.stats.expired_time_cap_reached += 1;
                    return;
                }
                // While a tenth of what is looked at has expired there is more to be had here.
                if step.came_round || step.expired.len() * 10 <= step.looked_at {
                    break;
                }
            }
        }
    }

    /// Rates over the last second.
    fn rates(&mut self, engine: &mut Engine) {
        let now = clock::monotonic_us();
        let elapsed = now - self.last_second.at_us;
        if elapsed < 1_000_000 {
            return;
        }
        let stats = &mut engine.stats;
        let per_second =
            |count: u64, before: u64| count.saturating_sub(before) as f64 * 1e6 / elapsed as f64;
        stats.ops_per_sec = per_second(stats.commands_processed, self.last_second.commands) as u64;
        stats.input_kbps = per_second(stats.net_input_bytes, self.last_second.input) / 1024.0;
        stats.output_kbps = per_second(stats.net_output_bytes, self.last_second.output) / 1024.0;
        self.last_second = Second {
            at_us: now,
            commands: stats.commands_processed,
            input: stats.net_input_bytes,
            output: stats.net_output_bytes,
        };
    }
}
