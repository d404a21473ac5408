//! The 24 bits in which an entry remembers its use: a clock (LRU) or a frequency (LFU).
//!
//! ```text
//! LRU:  seconds mod 2^24 ........................ 24 bits
//! LFU:  minutes mod 2^16 ... 16 bits | counter .. 8 bits
//! ```

const CLOCK_BITS: u32 = 24;
const CLOCK_MASK: u32 = (1 << CLOCK_BITS) - 1;
const CLOCK_STEP_MS: i64 = 1000;
/// The counter of a new key: high enough not to be evicted before it was ever read.
const LFU_INITIAL: u8 = 5;

/// How the LFU counter moves: `lfu-log-factor` and `lfu-decay-time`.
#[derive(Clone, Copy, Debug)]
pub struct LfuSettings {
    /// The higher, the more uses it takes to count up.
    pub log_factor: u32,
    /// Minutes without use after which the counter goes down by one; 0 for never.
    pub decay_time_mins: u32,
}

impl Default for LfuSettings {
    fn default() -> Self {
        Self { log_factor: 10, decay_time_mins: 1 }
    }
}

/// The mark of a use at `now_ms` under an LRU policy.
#[inline]
pub fn lru_stamp(now_ms: i64) -> u32 {
    (now_ms / CLOCK_STEP_MS) as u32 & CLOCK_MASK
}

/// Milliseconds since the use that `stamp` marks; the clock comes round after 194 days.
#[inline]
pub fn idle_ms(stamp: u32, now_ms: i64) -> u64 {
    u64::from(idle_secs(stamp, now_ms)) * CLOCK_STEP_MS as u64
}

/// Seconds since the use that `stamp` marks.
#[inline]
pub fn idle_secs(stamp: u32, now_ms: i64) -> u32 {
    lru_stamp(now_ms).wrapping_sub(stamp) & CLOCK_MASK
}

fn minutes(now_ms: i64) -> u16 {
    (now_ms / 60_000) as u16
}

/// The mark of a new key under an LFU policy.
pub fn lfu_initial(now_ms: i64) -> u32 {
    lfu_mark(LFU_INITIAL, now_ms)
}

/// A mark with the given counter, as RESTORE's FREQ and an RDB's frequency set it.
pub fn lfu_mark(counter: u8, now_ms: i64) -> u32 {
    u32::from(minutes(now_ms)) << 8 | u32::from(counter)
}

/// The counter in `mark` as of `now_ms`: one less for every decay time that has passed.
pub fn lfu_counter(mark: u32, now_ms: i64, settings: LfuSettings) -> u8 {
    let counter = mark as u8;
    let elapsed = u32::from(minutes(now_ms).wrapping_sub((mark >> 8) as u16));
    match elapsed.checked_div(settings.decay_time_mins) {
        Some(periods) => counter.saturating_sub(periods.min(255) as u8),
        None => counter,
    }
}

/// The mark after one more use at `now_ms`: the counter goes up with a probability that falls
/// with its height.
#[inline]
pub fn lfu_touched(mark: u32, now_ms: i64, settings: LfuSettings, rng: &mut fastrand::Rng) -> u32 {
    let counter = lfu_counter(mark, now_ms, settings);
    let above = f64::from(counter.saturating_sub(LFU_INITIAL));
    let probability = 1.0 / (above * f64::from(settings.log_factor) + 1.0);
    let counted = counter.saturating_add(u8::from(rng.f64() < probability));
    lfu_mark(counted, now_ms)
}
