//! Time as commands see it: it comes in from the server, so that tests can set it.

/// The engine's time. `now_ms` stands still while one command runs, as Valkey's cached clock does.
///
/// Reading a clock costs about 20 ns, which is a good part of a small command; so wall time is derived from the
/// monotonic reading that ends each command, and the two clocks are compared only in [`Clock::refresh`].
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Wall clock, ms since 1970, as of the start of the current execution unit.
    pub now_ms: i64,
    /// The last reading of the monotonic clock: the end of the last command, or the last [`Clock::refresh`].
    pub last_us: u64,
    /// Wall clock less monotonic clock, µs.
    offset_us: i64,
    /// Reads the wall clock, µs since 1970.
    pub wall_us: fn() -> i64,
    /// Reads a clock that never goes back, µs from an arbitrary start.
    pub monotonic_us: fn() -> u64,
    /// Wall clock at start, ms since 1970.
    pub started_at_ms: i64,
}

impl Clock {
    pub fn new(wall_us: fn() -> i64, monotonic_us: fn() -> u64) -> Self {
        let now_ms = wall_us() / 1000;
        let mut clock =
            Self { now_ms, last_us: 0, offset_us: 0, wall_us, monotonic_us, started_at_ms: now_ms };
        clock.refresh();
        clock
    }

    /// Reads both clocks. The server does so whenever it wakes from waiting, before anything runs.
    pub fn refresh(&mut self) {
        self.last_us = (self.monotonic_us)();
        let wall_us = (self.wall_us)();
        self.offset_us = wall_us - self.last_us as i64;
        self.now_ms = wall_us / 1000;
    }

    /// Brings `now_ms` up to the last reading, without a new one.
    pub fn advance(&mut self) {
        self.now_ms = (self.last_us as i64 + self.offset_us) / 1000;
    }
}
