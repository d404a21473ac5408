//! How much a piece of work allocates, freed again or not.

use tikv_jemalloc_ctl::thread;

/// Bytes that this thread allocated in `work`, and what that gave.
pub fn allocated_by<R>(work: impl FnOnce() -> R) -> (R, u64) {
    let before = allocated();
    let result = work();
    (result, allocated() - before)
}

fn allocated() -> u64 {
    std::thread_local! {
        static COUNTER: Option<thread::ThreadLocal<u64>> =
            thread::allocatedp::mib().and_then(|mib| mib.read()).ok();
    }
    COUNTER.with(|counter| counter.as_ref().map_or(0, |counter| counter.get()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_allocated_is_counted() {
        let (_, bytes) = super::allocated_by(|| Vec::<u8>::with_capacity(100_000));
        assert!((100_000..200_000).contains(&bytes), "{bytes}");
    }
}
