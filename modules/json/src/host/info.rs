//! The module's section of INFO. The host puts the module's name before each field.

use std::ffi::{CStr, c_int};

use json_store::Figures;
use redis_module::raw;

use crate::STORE;
use crate::host::guard::{Entry, guarded, panics};

/// Registers the section. To be called in `OnLoad`.
pub(super) fn register(ctx: *mut raw::RedisModuleCtx) {
    if let Some(register) = api!(RedisModule_RegisterInfoFunc) {
        // SAFETY: `OnLoad` is running.
        unsafe { register(ctx, Some(info)) };
    }
}

unsafe extern "C" fn info(ctx: *mut raw::RedisModuleInfoCtx, _for_crash_report: c_int) {
    guarded(Entry::Info, || {
        let figures = Figures::now();
        documents(ctx, &figures);
        core_metrics(ctx, &figures);
    });
}

/// The module's own section.
fn documents(ctx: *mut raw::RedisModuleInfoCtx, figures: &Figures) {
    let Some(add_section) = api!(RedisModule_InfoAddSection) else { return };
    // SAFETY: the context lives for this callback. An empty name gives the module's own.
    if unsafe { add_section(ctx, c"".as_ptr()) } != raw::REDISMODULE_OK as c_int {
        return;
    }
    let (paths_parsed, paths_recalled) = crate::paths::figures();
    let (offloaded_parses, offloaded_reads) = crate::commands::offload::figures();
    let dictionaries = STORE.dictionary_totals();
    let counters: [(&CStr, u64); 34] = [
        (c"documents", figures.documents),
        (c"raw_bytes", figures.raw_bytes()),
        (c"stored_bytes", figures.stored_bytes()),
        (c"text_documents", figures.text_documents),
        (c"text_bytes", figures.text_bytes),
        (c"packed_documents", figures.packed_documents),
        (c"packed_raw_bytes", figures.packed_raw_bytes),
        (c"packed_bytes", figures.packed_bytes),
        (c"warm_documents", figures.warm_documents),
        (c"warm_bytes", figures.warm_bytes),
        (c"shortcut_bytes", figures.shortcut_bytes),
        (c"pack_backlog_bytes", figures.backlog_bytes),
        (c"packs", figures.packs),
        (c"packs_inline", figures.packs_inline),
        (c"packs_refused", figures.packs_refused),
        (c"packs_stale", figures.packs_stale),
        (c"pack_usec", figures.pack_ns / 1000),
        (c"unpacks", figures.unpacks),
        (c"unpack_usec", figures.unpack_ns / 1000),
        (c"dictionaries", dictionaries.count),
        (c"dictionary_bytes", dictionaries.held_bytes),
        (c"dictionary_documents", dictionaries.documents),
        (c"dictionary_stored_bytes", dictionaries.stored_bytes),
        (c"dictionaries_trained", figures.dictionaries_trained),
        (c"dictionaries_adopted", figures.dictionaries_adopted),
        (c"dictionaries_refused", figures.dictionaries_refused),
        (c"dictionaries_retired", figures.dictionaries_retired),
        (c"dictionary_packs", figures.dictionary_packs),
        (c"dictionary_unpacks", figures.dictionary_unpacks),
        (c"paths_parsed", paths_parsed),
        (c"paths_recalled", paths_recalled),
        (c"offloaded_parses", offloaded_parses),
        (c"offloaded_reads", offloaded_reads),
        (c"panics", panics()),
    ];
    if let Some(add) = api!(RedisModule_InfoAddFieldULongLong) {
        for (name, value) in counters {
            // SAFETY: the context lives for this callback; the host copies the name.
            unsafe { add(ctx, name.as_ptr(), value) };
        }
    }
    if let Some(add) = api!(RedisModule_InfoAddFieldDouble) {
        // SAFETY: as above.
        unsafe { add(ctx, c"ratio".as_ptr(), ratio(figures)) };
    }
}

/// What monitors of valkey-json look for: section `core_metrics`, its two fields.
fn core_metrics(ctx: *mut raw::RedisModuleInfoCtx, figures: &Figures) {
    let Some(add_section) = api!(RedisModule_InfoAddSection) else { return };
    // SAFETY: the context lives for the callback that calls this.
    if unsafe { add_section(ctx, c"core_metrics".as_ptr()) } != raw::REDISMODULE_OK as c_int {
        return;
    }
    let Some(add) = api!(RedisModule_InfoAddFieldULongLong) else { return };
    for (name, value) in
        [(c"total_memory_bytes", figures.stored_bytes()), (c"num_documents", figures.documents)]
    {
        // SAFETY: as above; the host copies the name.
        unsafe { add(ctx, name.as_ptr(), value) };
    }
}

/// Stored bytes over raw bytes; 1 when there is nothing.
#[expect(clippy::cast_precision_loss, reason = "a ratio for people to read")]
fn ratio(figures: &Figures) -> f64 {
    match figures.raw_bytes() {
        0 => 1.0,
        raw => figures.stored_bytes() as f64 / raw as f64,
    }
}
