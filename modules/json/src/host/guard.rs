//! Panics end here. One that left an `extern "C"` function would abort the server.
//!
//! Every function that the host or another module may call goes through [`guarded`] under a name of
//! its own: an [`Entry`]. The table serves the log, and the tests, which make each entry panic
//! ([`fault`](super::fault)).

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::host::fault;
use crate::host::log;

static PANICS: AtomicU64 = AtomicU64::new(0);

macro_rules! entries {
    ($($entry:ident $name:literal),+ $(,)?) => {
        /// A way into this module from C.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Entry {
            $(#[doc = concat!("`", $name, "`")] $entry,)+
        }

        impl Entry {
            /// All of them.
            pub(crate) const ALL: &[Entry] = &[$(Entry::$entry),+];

            /// What the log and `JSON.FAULT` call it.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Entry::$entry => $name,)+
                }
            }
        }
    };
}

// An entry that is missing here, or that no test makes panic, fails the suites' tidy test.
entries! {
    OnLoad "on-load",
    Command "command",
    CommandKeys "command-keys",
    RdbLoad "rdb-load",
    RdbSave "rdb-save",
    AuxLoad "aux-load",
    AuxSave "aux-save",
    Persistence "persistence",
    Scan "scan",
    Defrag "defrag",
    AofRewrite "aof-rewrite",
    MemUsage "mem-usage",
    Digest "digest",
    Free "free",
    FreeEffort "free-effort",
    Copy "copy",
    OffloadWorker "offload-worker",
    OffloadReply "offload-reply",
    OffloadFree "offload-free",
    Info "info",
    Cron "cron",
    ConfigGet "config-get",
    ConfigSet "config-set",
    HostConfigChange "host-config-change",
    Loading "loading",
    ApiOpenKey "api-open-key",
    ApiOpenKeyFromStr "api-open-key-from-str",
    ApiGet "api-get",
    ApiNext "api-next",
    ApiLen "api-len",
    ApiFreeIter "api-free-iter",
    ApiGetLen "api-get-len",
    ApiGetType "api-get-type",
    ApiGetInt "api-get-int",
    ApiGetDouble "api-get-double",
    ApiGetBoolean "api-get-boolean",
    ApiGetString "api-get-string",
    ApiGetJson "api-get-json",
    ApiIsJson "api-is-json",
    ApiPathParse "api-path-parse",
    ApiPathFree "api-path-free",
    ApiPathIsSingle "api-path-is-single",
    ApiPathHasDefinedOrder "api-path-has-defined-order",
    ApiGetJsonFromIter "api-get-json-from-iter",
    ApiResetIter "api-reset-iter",
    ApiGetKeyValues "api-get-key-values",
    ApiFreeKeyValuesIter "api-free-key-values-iter",
    ApiOpenKeyWithFlags "api-open-key-with-flags",
    ApiAllocJson "api-alloc-json",
    ApiGetAt "api-get-at",
    ApiNextKeyValue "api-next-key-value",
    ApiFreeJson "api-free-json",
    ApiGetArray "api-get-array",
    ApiGetJsonFromHandle "api-get-json-from-handle",
    ApiGetWithPath "api-get-with-path",
    ApiGetValue "api-get-value",
}

/// How many panics were caught since the module was loaded. INFO shows it.
pub(crate) fn panics() -> u64 {
    PANICS.load(Relaxed)
}

/// Runs `body`; a panic in it is counted, logged by its place, and gives `None`.
///
/// What a panic may leave behind is sound by construction: documents change by replacing a whole
/// text, and the locks involved do not poison.
#[inline]
pub(crate) fn guarded<R>(entry: Entry, body: impl FnOnce() -> R) -> Option<R> {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        fault::reach(entry);
        body()
    }));
    match caught {
        Ok(result) => Some(result),
        Err(payload) => {
            // Dropping a payload runs its own code; it is not worth a second panic.
            std::mem::forget(payload);
            note(entry);
            None
        }
    }
}

thread_local! {
    /// Where this thread panicked last.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the standard hook from printing: its words may quote a document, the place never does. To
/// be called in `OnLoad`; the hook is that of this library alone.
pub(super) fn silence_messages() {
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        PLACE.with(|last| {
            if let Ok(mut last) = last.try_borrow_mut() {
                *last = place;
            }
        });
    }));
}

#[cold]
fn note(entry: Entry) {
    PANICS.fetch_add(1, Relaxed);
    let place = PLACE.with(|last| last.try_borrow().map(|last| last.clone()).unwrap_or_default());
    log::warning(&format!("{} panicked at {place}; nothing was changed", entry.name()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_counted_and_ends_here() {
        let before = panics();
        assert_eq!(guarded(Entry::Info, || 7), Some(7));
        assert_eq!(panics(), before);
        assert_eq!(guarded(Entry::Info, || -> u8 { panic!("for the test") }), None);
        assert_eq!(panics(), before + 1);
    }

    #[test]
    fn names_are_told_apart() {
        for (at, entry) in Entry::ALL.iter().enumerate() {
            assert_eq!(*entry as usize, at);
            assert!(Entry::ALL[..at].iter().all(|other| other.name() != entry.name()));
        }
    }
}
