//! Time as commands see it: it comes in from the server, so that tests can set it.

/// The engine's time. `now_ms` stands still while one command runs, as Valkey's cached clock does.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Wall clock, ms since 1970, as of the start of the current execution unit.
    pub now_ms: i64,
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
        Self { now_ms, wall_us, monotonic_us, started_at_ms: now_ms }
    }

    /// Reads the wall clock anew into `now_ms`.
    pub fn refresh(&mut self) {
        self.now_ms = (self.wall_us)() / 1000;
    }
}
