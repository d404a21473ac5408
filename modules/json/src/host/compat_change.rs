//! What a change of `json.compat` at run time brings along. Commands stand in the AOF as they came,
//! and mean what the rules in force say when they are read: so the AOF is rewritten, and what was
//! written under the other rules becomes data.

use std::sync::atomic::{AtomicBool, AtomicI8, Ordering::Relaxed};

use redis_module::raw;

use crate::compat::Compat;
use crate::host::context::Context;
use crate::host::{config, log};

/// The rules at the last beat: negative before the first.
static KNOWN: AtomicI8 = AtomicI8::new(-1);
/// Whether the AOF holds commands from before a change.
static IS_REWRITE_DUE: AtomicBool = AtomicBool::new(false);

/// Looks for a change. To be called at every beat.
pub(super) fn tick(ctx: Context) {
    let now = match config::compat() {
        Compat::RedisJson => 0,
        Compat::ValkeyJson => 1,
    };
    let known = KNOWN.swap(now, Relaxed);
    if known >= 0 && known != now {
        log::notice("compat was changed: replicas need the same value; an AOF is rewritten");
        IS_REWRITE_DUE.store(true, Relaxed);
    }
    // A rewrite that runs already may have begun before the change: the host refuses a second one,
    // and is asked again at the next beat.
    if IS_REWRITE_DUE.load(Relaxed) && (!ctx.has_aof() || rewrite_aof(ctx)) {
        IS_REWRITE_DUE.store(false, Relaxed);
    }
}

/// Whether the host has begun to rewrite its AOF, or will.
fn rewrite_aof(ctx: Context) -> bool {
    let (Some(call), Some(kind), Some(free)) =
        (api!(RedisModule_Call), api!(RedisModule_CallReplyType), api!(RedisModule_FreeCallReply))
    else {
        return true;
    };
    // SAFETY: the context is that of the running callback; the format says that nothing follows.
    let reply = unsafe { call(ctx.raw(), c"BGREWRITEAOF".as_ptr(), c"".as_ptr()) };
    if reply.is_null() {
        // The host knows no such command.
        return true;
    }
    // SAFETY: the reply is live.
    let is_error = unsafe { kind(reply) } == raw::REDISMODULE_REPLY_ERROR as i32;
    // SAFETY: the reply is freed once.
    unsafe { free(reply) };
    !is_error
}
