//! Paths that other modules parse once and use often.

use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::Arc;

use jsonpath::{Dialect, Path};
use redis_module::raw::{RedisModuleCtx, RedisModuleString};

use crate::error::{Error, redisjson};
use crate::host::guard::{Entry, guarded};
use crate::paths;

use super::{JsonPath, bytes, give, host_string};

/// Parses a path as RedisJSON does: the modules that use this interface were written for it, whatever
/// dialect the users of this server have chosen.
pub(super) fn parse(path: &[u8]) -> Result<Arc<Path>, Error> {
    paths::parse_in(Dialect::RedisJson, path)
}

/// The path behind a pointer.
///
/// # Safety
/// NULL, or what [`path_parse`] gave and was not freed for `'a`.
pub(super) unsafe fn path_of<'a>(path: JsonPath) -> Option<&'a Path> {
    // SAFETY: by the contract.
    unsafe { path.cast::<Path>().as_ref() }
}

/// `JSONPath pathParse(path, ctx, &message)`: NULL for what is none, with a message that is the
/// caller's to free.
///
/// # Safety
/// A string that ends with NUL, or NULL; a live context, or NULL; a place to write to, or NULL.
pub(super) unsafe extern "C" fn path_parse(
    path: *const c_char,
    ctx: *mut RedisModuleCtx,
    message: *mut *mut RedisModuleString,
) -> JsonPath {
    let parsed = guarded(Entry::ApiPathParse, || {
        // SAFETY: by the contract.
        parse(unsafe { bytes(path) }.unwrap_or_default())
    });
    match parsed.unwrap_or(Err(Error::Internal)) {
        Ok(path) => Arc::into_raw(path).cast(),
        Err(error) => {
            // SAFETY: by the contract.
            let text = unsafe { host_string(ctx, redisjson::message(&error).as_bytes()) };
            if let Some(text) = text {
                // SAFETY: by the contract.
                unsafe { give(message, text) };
            }
            ptr::null()
        }
    }
}

/// `void pathFree(path)`
///
/// # Safety
/// What [`path_parse`] gave, for the last time, or NULL.
pub(super) unsafe extern "C" fn path_free(path: JsonPath) {
    guarded(Entry::ApiPathFree, || {
        if !path.is_null() {
            // SAFETY: by the contract.
            drop(unsafe { Arc::from_raw(path.cast::<Path>()) });
        }
    });
}

/// `int pathIsSingle(path)`: 1 if it selects one value at most, whatever the document.
///
/// # Safety
/// What [`path_parse`] gave, or NULL.
pub(super) unsafe extern "C" fn path_is_single(path: JsonPath) -> c_int {
    // SAFETY: by the contract.
    let single = guarded(Entry::ApiPathIsSingle, || Some(unsafe { path_of(path) }?.is_singular()));
    c_int::from(single.flatten() == Some(true))
}

/// `int pathHasDefinedOrder(path)`: 1, since members keep their order here: whatever a path selects
/// comes in the order of the text.
///
/// # Safety
/// As [`path_is_single`].
pub(super) unsafe extern "C" fn path_has_defined_order(path: JsonPath) -> c_int {
    // SAFETY: by the contract.
    let path = guarded(Entry::ApiPathHasDefinedOrder, || unsafe { path_of(path) });
    c_int::from(path.flatten().is_some())
}
