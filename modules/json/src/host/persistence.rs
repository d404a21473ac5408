//! When dictionaries are in the file: what is saved may then name them, and what is loaded does.
//!
//! A payload that names a dictionary is no good by itself: DUMP, MIGRATE and slots on their way need
//! documents that stand alone. The host calls the same function for both. So a document names its
//! dictionary only after this very process has written the dictionaries' record, which the host asks
//! for before the keys of a file, and until the saving has ended, which the Persistence event tells.
//! A child that saves has its own copy of the flag; a DUMP in the server meanwhile stands alone.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use redis_module::raw;

use crate::host::config::{self, RdbFormat};
use crate::host::guard::{Entry, guarded};

/// Whether the host tells when saving ends.
static IS_TOLD: AtomicBool = AtomicBool::new(false);
static ARE_SAVED: AtomicBool = AtomicBool::new(false);

/// Subscribes to the host's event. To be called in `OnLoad`.
pub(super) fn start(ctx: *mut raw::RedisModuleCtx) {
    let Some(subscribe) = api!(RedisModule_SubscribeToServerEvent) else { return };
    let event = raw::RedisModuleEvent { id: raw::REDISMODULE_EVENT_PERSISTENCE, dataver: 1 };
    // SAFETY: `OnLoad` is running.
    let status = unsafe { subscribe(ctx, event, Some(on_persistence)) };
    IS_TOLD.store(status == raw::REDISMODULE_OK as i32, Relaxed);
}

/// Whether the file that is being written begins with the dictionaries.
pub(super) fn dictionaries_are_saved() -> bool {
    ARE_SAVED.load(Relaxed)
}

/// Whether the dictionaries are to be written now; from here on documents may name them.
pub(super) fn begin_with_dictionaries() -> bool {
    let may = IS_TOLD.load(Relaxed) && config::rdb_format() == RdbFormat::Packed;
    ARE_SAVED.store(may, Relaxed);
    may
}

unsafe extern "C" fn on_persistence(
    _ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    _subevent: u64,
    _data: *mut c_void,
) {
    // A beginning or an end: in both cases nothing has been written that can be referred to.
    guarded(Entry::Persistence, || ARE_SAVED.store(false, Relaxed));
}
