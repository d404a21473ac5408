//! Memory in use, as jemalloc counts it.

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use tikv_jemalloc_ctl::{epoch, stats, thread};

/// jemalloc's own figures, as of the last [`refresh`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Allocator {
    pub(crate) allocated: usize,
    pub(crate) active: usize,
    pub(crate) resident: usize,
}

/// As INFO names it.
pub(crate) const ALLOCATOR_NAME: &str = "jemalloc-5.3.1";

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

/// The balances of threads that allocate for the execution thread, or free what it allocated, as they last told them.
static OTHERS: AtomicI64 = AtomicI64::new(0);

thread_local! {
    /// The balance of this thread and of the others at its last refresh; only the execution thread has one.
    static AT_REFRESH: Cell<Option<i64>> = const { Cell::new(None) };
    /// What this thread has told of its balance.
    static TOLD: Cell<i64> = const { Cell::new(0) };
    static COUNTERS: Option<(thread::ThreadLocal<u64>, thread::ThreadLocal<u64>)> =
        Option::zip(thread::allocatedp::read().ok(), thread::deallocatedp::read().ok());
}

/// What this thread allocated less what it freed, bytes. Memory freed by a thread other than its allocator makes the
/// one's balance too large and the other's too small; only differences on one thread mean anything.
fn balance() -> i64 {
    COUNTERS.with(|counters| match counters {
        Some((allocated, freed)) => allocated.get().wrapping_sub(freed.get()) as i64,
        None => 0,
    })
}

fn total_balance() -> i64 {
    balance() + OTHERS.load(Ordering::Relaxed)
}

/// Tells what this thread, which is not the execution thread, allocated and freed since the last time.
pub(crate) fn tell() {
    let balance = balance();
    OTHERS.fetch_add(balance - TOLD.replace(balance), Ordering::Relaxed);
}

/// Bytes allocated by the process: exact for the calling execution thread and those that [`tell`], and as of the last
/// [`refresh`] for others.
/// Costs a few loads, since `maxmemory` asks before every command.
pub(crate) fn used() -> usize {
    let allocated = ALLOCATED.load(Ordering::Relaxed);
    match AT_REFRESH.get() {
        Some(before) => allocated.saturating_add_signed((total_balance() - before) as isize),
        None => allocated,
    }
}

/// Asks jemalloc anew; to be called by the execution thread's cron.
pub(crate) fn refresh() -> Allocator {
    // An allocator that does not answer leaves zeros, which INFO then shows.
    let _ = epoch::advance();
    let allocated = stats::allocated::read().unwrap_or(0);
    ALLOCATED.store(allocated, Ordering::Relaxed);
    AT_REFRESH.set(Some(total_balance()));
    Allocator {
        allocated,
        active: stats::active::read().unwrap_or(0),
        resident: stats::resident::read().unwrap_or(0),
    }
}

/// Resident memory of the process as the kernel sees it, bytes.
pub(crate) fn resident() -> usize {
    const PAGE: usize = 4096;
    let Ok(text) = std::fs::read_to_string("/proc/self/statm") else { return 0 };
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * PAGE
}

/// `jemalloc-bg-thread`: lets a thread of jemalloc's own give unused pages back.
pub(crate) fn purge_in_background() {
    if let Err(error) = tikv_jemalloc_ctl::background_thread::write(true) {
        crate::log::warning!("jemalloc's background thread cannot be started: {error}");
    }
}
