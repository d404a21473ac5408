//! Who may touch the engine, and when: the rule that makes a Rust host of C modules sound.
//!
//! A module's code may call back while the engine is still on the stack. So **whoever calls into a module gives up its
//! `&mut Engine` whole**, by passing it to [`enter`]; and an API function gets it back for its own duration only, from
//! [`with_engine`]. The borrow checker then sees to it that no borrow of a database, a value or a client is alive across
//! module code, because any such borrow would be one of the engine.
//!
//! ```text
//! dispatcher: &mut Engine ──enter──► CURRENT ──with_engine──► &mut Engine for one API function
//!                                       │ empty meanwhile        │
//!                                       └◄──────── enter ────────┘ when that function calls a module again
//! ```
//!
//! [`with_engine`] takes the pointer out of `CURRENT` while its function runs. A second exclusive borrow can therefore not
//! even be asked for: the answer would be `None`.
//!
//! Threads of a module take part by [`lock`], which waits for the global lock and puts the engine behind it into the
//! thread's `CURRENT`.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::OnceLock;

use engine::Engine;
use parking_lot::{Mutex, MutexGuard};

thread_local! {
    /// The engine that module code on this thread may call back to; null while nobody has given one up.
    static CURRENT: Cell<*mut Engine> = const { Cell::new(ptr::null_mut()) };
    /// The global lock, held by a module's thread.
    static HELD: RefCell<Option<MutexGuard<'static, Engine>>> = const { RefCell::new(None) };
}

/// The lock around the engine. The main thread holds it except while it sleeps.
static GLOBAL_LOCK: OnceLock<&'static Mutex<Engine>> = OnceLock::new();

/// Names the lock that threads of modules are to take. Only the first call counts.
pub(crate) fn set_global_lock(lock: &'static Mutex<Engine>) {
    // A second server in the same process has the first one's lock; there is no such program.
    let _ = GLOBAL_LOCK.set(lock);
}

/// Puts the former pointer back, also when the module's code panics through.
struct Restore(*mut Engine);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// Calls into a module. The engine is out of the caller's hands meanwhile, and in those of the API.
#[inline]
pub(crate) fn enter<R>(engine: &mut Engine, call: impl FnOnce() -> R) -> R {
    let _restore = Restore(CURRENT.replace(engine));
    call()
}

/// Lends the engine to one API function. `None` when the calling thread has no right to it: it does not hold the global
/// lock, or its callback was not started by [`enter`] (a value may be freed anywhere).
#[inline]
pub(crate) fn with_engine<R>(work: impl FnOnce(&mut Engine) -> R) -> Option<R> {
    let current = CURRENT.replace(ptr::null_mut());
    if current.is_null() {
        return None;
    }
    let _restore = Restore(current);
    // SAFETY: The pointer was made from an exclusive borrow that `enter` or `lock` keeps from being used as long as it is in
    // `CURRENT`, and it was taken out of `CURRENT` just now, so this is the only use of it.
    Some(work(unsafe { &mut *current }))
}

/// Whether this thread could have the engine now.
pub(crate) fn has_engine() -> bool {
    !CURRENT.get().is_null()
}

/// Waits for the global lock. False when this thread holds it already, or no server runs.
pub(crate) fn lock() -> bool {
    take(|lock| Some(lock.lock()))
}

/// Takes the global lock if it is free.
pub(crate) fn try_lock() -> bool {
    take(Mutex::try_lock)
}

fn take(
    acquire: impl FnOnce(&'static Mutex<Engine>) -> Option<MutexGuard<'static, Engine>>,
) -> bool {
    if has_engine() {
        return false;
    }
    let Some(lock) = GLOBAL_LOCK.get() else { return false };
    let Some(mut guard) = acquire(lock) else { return false };
    CURRENT.set(&raw mut *guard);
    HELD.set(Some(guard));
    true
}

/// Whether this thread took the global lock by [`lock`].
pub(crate) fn holds_lock() -> bool {
    HELD.with_borrow(Option::is_some)
}

/// Lets the global lock go. Nothing happens when this thread does not hold it.
pub(crate) fn unlock() {
    if let Some(guard) = HELD.take() {
        CURRENT.set(ptr::null_mut());
        drop(guard);
    }
}
