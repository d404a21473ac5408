//! The thread that frees what is too large to be freed between two commands.

use std::any::Any;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::Sender;

use crate::memory;

type Garbage = Box<dyn Any + Send>;

/// Objects given over and not freed yet.
static PENDING: AtomicUsize = AtomicUsize::new(0);

/// Objects freed since [`take_freed`] last asked.
static FREED: AtomicUsize = AtomicUsize::new(0);

static FREER: LazyLock<Option<Sender<Garbage>>> = LazyLock::new(|| {
    let (sender, receiver) = crossbeam_channel::unbounded::<Garbage>();
    let thread = std::thread::Builder::new().name("lazy_free".to_owned()).spawn(move || {
        for garbage in receiver {
            let count = objects(&garbage);
            drop(garbage);
            memory::tell();
            PENDING.fetch_sub(count, Ordering::Relaxed);
            FREED.fetch_add(count, Ordering::Relaxed);
        }
    });
    thread.ok().map(|_| sender)
});

/// Frees on the background thread; here, if there is none.
pub(crate) fn free(garbage: Garbage) {
    if let Some(sender) = &*FREER {
        PENDING.fetch_add(objects(&garbage), Ordering::Relaxed);
        // Its receiver lives as long as the process; a value that comes back is dropped here.
        let _ = sender.send(garbage);
    }
}

/// How many objects go at once: the keys of a database that was emptied, or one value.
fn objects(garbage: &Garbage) -> usize {
    garbage.downcast_ref::<keyspace::Drained>().map_or(1, keyspace::Drained::len)
}

/// Objects freed since the last call, for `lazyfreed_objects`.
pub(crate) fn take_freed() -> usize {
    FREED.swap(0, Ordering::Relaxed)
}

/// `lazyfree_pending_objects`
pub(crate) fn pending() -> usize {
    PENDING.load(Ordering::Relaxed)
}
