//! Which process this is: the server, or a child that it forked to save.

use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

static SERVER: AtomicI32 = AtomicI32::new(0);

/// To be called in `OnLoad`, which runs in the server.
pub(super) fn remember() {
    SERVER.store(own(), Relaxed);
}

/// In a forked child: ends it as failed, so that the host keeps the file it has. What the child was
/// writing would lack a document. In the server: does nothing.
pub(super) fn give_up_saving() {
    if own() != SERVER.load(Relaxed) {
        // SAFETY: a forked child of a server ends like this: nothing of the parent's is flushed or
        // torn down.
        unsafe { libc::_exit(1) };
    }
}

fn own() -> i32 {
    // SAFETY: the call takes nothing and cannot fail.
    unsafe { libc::getpid() }
}
