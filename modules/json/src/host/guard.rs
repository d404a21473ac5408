//! Panics end here. One that left an `extern "C"` function would abort the server.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static PANICS: AtomicU64 = AtomicU64::new(0);

/// How many panics were caught since the module was loaded. INFO shows it.
pub(crate) fn panics() -> u64 {
    PANICS.load(Relaxed)
}

/// Runs `body`; a panic in it is counted and gives `None`.
///
/// What a panic may leave behind is sound by construction: documents change by replacing a whole
/// text, and the locks involved do not poison.
pub(crate) fn guarded<R>(body: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => Some(result),
        Err(payload) => {
            PANICS.fetch_add(1, Relaxed);
            // Dropping a payload runs its own code; it is not worth a second panic.
            std::mem::forget(payload);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_counted_and_ends_here() {
        let before = panics();
        assert_eq!(guarded(|| 7), Some(7));
        assert_eq!(panics(), before);
        assert_eq!(guarded(|| -> u8 { panic!("for the test") }), None);
        assert_eq!(panics(), before + 1);
    }
}
