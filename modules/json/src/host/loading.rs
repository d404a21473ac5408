//! Whether the host is loading: what it reads then was accepted once, and limits that were lowered
//! since do not hold for it.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use redis_module::raw;

use crate::host::guard::{Entry, guarded};

static IS_LOADING: AtomicBool = AtomicBool::new(false);

/// Whether an RDB file, an AOF or a full sync is being loaded.
pub(crate) fn is_loading() -> bool {
    IS_LOADING.load(Relaxed)
}

/// Follows the host's loading event. To be called in `OnLoad`.
pub(super) fn follow(ctx: *mut raw::RedisModuleCtx) {
    let Some(subscribe) = api!(RedisModule_SubscribeToServerEvent) else { return };
    let event = raw::RedisModuleEvent { id: raw::REDISMODULE_EVENT_LOADING, dataver: 1 };
    // SAFETY: `OnLoad` is running. A host without the event answers an error: limits then hold for
    // what is loaded too.
    unsafe { subscribe(ctx, event, Some(on_loading)) };
}

unsafe extern "C" fn on_loading(
    _ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    subevent: u64,
    _data: *mut c_void,
) {
    guarded(Entry::Loading, || {
        let ends =
            [raw::REDISMODULE_SUBEVENT_LOADING_ENDED, raw::REDISMODULE_SUBEVENT_LOADING_FAILED];
        IS_LOADING.store(!ends.contains(&subevent), Relaxed);
    });
}
