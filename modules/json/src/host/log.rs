//! The log: the one way of this module's words to it.
//!
//! What stands in a line is chosen by the module: places, versions, counts, offsets. No content of
//! a document is ever written. What a user chose but is no content, such as the beginning of a key's
//! name, goes through [`UserData`], which honours the host's `hide-user-data-from-log`.

use std::ffi::CStr;
use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use redis_module::raw;

use crate::host::context::one_line;
use crate::host::host_config;

/// A context of no client and no thread, so that lines carry the module's name. NULL before
/// `OnLoad`, and on hosts that have none: lines are then said to be from a module.
static CONTEXT: AtomicPtr<raw::RedisModuleCtx> = AtomicPtr::new(ptr::null_mut());

/// Makes lines carry the module's name. To be called in `OnLoad`, once the module has its name.
pub(super) fn start(ctx: *mut raw::RedisModuleCtx) {
    if let Some(detached) = api!(RedisModule_GetDetachedThreadSafeContext) {
        // SAFETY: `OnLoad` is running; the host makes a context that lives until it is freed.
        CONTEXT.store(unsafe { detached(ctx) }, Relaxed);
    }
}

/// Writes a line at level `warning`. May be called on any thread.
pub(crate) fn warning(message: &str) {
    write(c"warning", message);
}

/// Writes a line at level `notice`. May be called on any thread.
pub(crate) fn notice(message: &str) {
    write(c"notice", message);
}

fn write(level: &CStr, message: &str) {
    let Some(log) = api!(RedisModule_Log) else { return };
    let line = one_line(message);
    // SAFETY: the context is NULL, which the host takes here, or was detached and never freed, and
    // such a one may be used on any thread; the format takes exactly the one text that follows; all
    // texts end with NUL.
    unsafe { log(CONTEXT.load(Relaxed), level.as_ptr(), c"%s".as_ptr(), line.as_ptr()) };
}

/// Bytes that a user chose, such as a key's name or its prefix, as they may stand in the log: between
/// quotes and escaped, or `*redacted*` where the host hides user data.
pub(crate) struct UserData<'a>(pub(crate) &'a [u8]);

impl fmt::Display for UserData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if host_config::hides_user_data() {
            return f.write_str("*redacted*");
        }
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}
