//! The beat by which documents are packed: the host's cron event, ten times a second, and in
//! between whenever a megabyte has been written.

use std::ffi::c_void;

use redis_module::raw;

use crate::STORE;
use crate::host::context::{Context, now_ms, used_memory_ratio};
use crate::host::guard::{Entry, guarded};
use crate::host::{compat_change, dictionaries, shared_api};
use json_store::Pressure;

/// Above this part of `maxmemory`, packing does not wait for documents to be idle.
const MEMORY_SHORT: f32 = 0.85;

/// Subscribes to the host's cron event. To be called in `OnLoad`.
pub(super) fn start(ctx: *mut raw::RedisModuleCtx) -> Option<()> {
    let subscribe = api!(RedisModule_SubscribeToServerEvent)?;
    let cron = raw::RedisModuleEvent { id: raw::REDISMODULE_EVENT_CRON_LOOP, dataver: 1 };
    // SAFETY: `OnLoad` is running.
    let status = unsafe { subscribe(ctx, cron, Some(on_cron)) };
    (status == raw::REDISMODULE_OK as i32).then_some(())
}

unsafe extern "C" fn on_cron(
    ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    _subevent: u64,
    _data: *mut c_void,
) {
    guarded(Entry::Cron, || {
        // SAFETY: the host gives a context that lives for this callback.
        let ctx = unsafe { Context::new(ctx) };
        STORE.set_training(!ctx.is_replica());
        STORE.set_loading(ctx.is_loading());
        STORE.tick(now_ms(), pressure(ctx));
        dictionaries::tick(ctx);
        shared_api::tick();
        compat_change::tick(ctx);
    });
}

/// Does what the beat would do, if much was written since the last one. To be called after a write.
pub(super) fn catch_up(ctx: Context) {
    if STORE.wants_tick() {
        STORE.tick(now_ms(), pressure(ctx));
    }
}

/// Lowers the priority of the calling thread: where cores are short, commands come first, and the
/// limit on the backlog sees to it that packing still gets done.
pub(crate) fn give_way_to_commands() {
    const NICE: i32 = 5;
    // SAFETY: the call takes three integers; on Linux, 0 means the calling thread alone. If it
    // fails the priority stays as it is, which does no harm.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, NICE)
    };
}

fn pressure(ctx: Context) -> Pressure {
    if used_memory_ratio() > MEMORY_SHORT {
        Pressure::MemoryShort
    } else if ctx.has_child() {
        Pressure::ChildLives
    } else {
        Pressure::None
    }
}
