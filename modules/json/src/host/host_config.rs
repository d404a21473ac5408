//! Options of the host's own that this module obeys, read when it is loaded and at every change.

use std::ffi::{CStr, c_char, c_void};
use std::slice;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use redis_module::raw;

use crate::host::guard::{Entry, guarded};

/// `hide-user-data-from-log`. Hidden until the host says otherwise, and for good on hosts that do
/// not know the option.
static HIDES_USER_DATA: AtomicBool = AtomicBool::new(true);

/// The longest argument that a command may have: `proto-max-bulk-len`, and half of
/// `client-query-buffer-limit`, which must hold the rest of the command too.
static ARGUMENT_LEN_MAX: AtomicUsize = AtomicUsize::new(512 << 20);

pub(super) fn hides_user_data() -> bool {
    HIDES_USER_DATA.load(Relaxed)
}

/// Bytes that an argument of a command sent to a server like this one may have.
pub(super) fn argument_len_max() -> usize {
    ARGUMENT_LEN_MAX.load(Relaxed)
}

/// Reads the options, and follows their changes. To be called in `OnLoad`.
pub(super) fn follow(ctx: *mut raw::RedisModuleCtx) {
    read(ctx);
    let Some(subscribe) = api!(RedisModule_SubscribeToServerEvent) else { return };
    let changes = raw::RedisModuleEvent { id: raw::REDISMODULE_EVENT_CONFIG, dataver: 1 };
    // SAFETY: `OnLoad` is running. A host without the event answers an error, and what was read
    // holds.
    unsafe { subscribe(ctx, changes, Some(on_change)) };
}

unsafe extern "C" fn on_change(
    ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    _subevent: u64,
    _data: *mut c_void,
) {
    guarded(Entry::HostConfigChange, || read(ctx));
}

fn read(ctx: *mut raw::RedisModuleCtx) {
    if let Some(value) = value(ctx, c"hide-user-data-from-log") {
        HIDES_USER_DATA.store(value != b"no", Relaxed);
    }
    let number = |name| std::str::from_utf8(&value(ctx, name)?).ok()?.parse::<usize>().ok();
    let bulk = number(c"proto-max-bulk-len").unwrap_or(512 << 20);
    let buffer = number(c"client-query-buffer-limit").unwrap_or(1 << 30);
    ARGUMENT_LEN_MAX.store(bulk.min(buffer / 2), Relaxed);
}

/// What CONFIG GET says, which every host has; `None` for an option that it does not know.
fn value(ctx: *mut raw::RedisModuleCtx, name: &CStr) -> Option<Vec<u8>> {
    let (call, free) = (api!(RedisModule_Call)?, api!(RedisModule_FreeCallReply)?);
    let (element, text) =
        (api!(RedisModule_CallReplyArrayElement)?, api!(RedisModule_CallReplyStringPtr)?);
    // SAFETY: the context is that of the running callback; the format says that two C strings
    // follow.
    let reply = unsafe {
        call(
            ctx,
            c"CONFIG".as_ptr(),
            c"cc".as_ptr(),
            c"GET".as_ptr().cast::<c_char>(),
            name.as_ptr(),
        )
    };
    if reply.is_null() {
        return None;
    }
    // SAFETY: the reply is live; the host answers NULL where there is no second element.
    let element = unsafe { element(reply, 1) };
    let mut value = None;
    if !element.is_null() {
        let mut len = 0;
        // SAFETY: the element lives as long as its reply.
        let start = unsafe { text(element, &mut len) };
        if !start.is_null() {
            // SAFETY: the host says that there are `len` bytes, which live as long as the reply.
            value = Some(unsafe { slice::from_raw_parts(start.cast::<u8>(), len) }.to_vec());
        }
    }
    // SAFETY: the reply is freed once, and with it its elements.
    unsafe { free(reply) };
    value
}
