//! `fork`, for saving a picture of the keyspace while commands go on.

use std::io;

/// Which side of the fork this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fork {
    Child,
    Parent { child: i32 },
}

/// Forks the process. The child has this thread alone: it must take no lock that another thread may hold (jemalloc
/// looks after its own), write its file, and leave by [`exit_now`].
#[expect(unsafe_code, reason = "saving needs fork(2), which no safe crate offers")]
pub(crate) fn fork() -> io::Result<Fork> {
    // SAFETY: fork has no preconditions. The child runs on this thread's stack with a copy of all memory; threads that
    // do not exist in it are waited for by nothing that a saving child does (see this function's documentation).
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        child => Ok(Fork::Parent { child }),
    }
}

/// Ends a child without running the parent's exit handlers a second time.
#[expect(
    unsafe_code,
    reason = "a forked child must not run the parent's exit handlers, which process::exit does"
)]
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit has no preconditions and does not return.
    unsafe { libc::_exit(code) }
}
