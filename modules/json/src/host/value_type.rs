//! The data type `ReJSON-RL`: a [`Document`] as a value of the host, and the type's callbacks.
//!
//! The host's pointer is no address but the document's number, which is never 0. The document is the
//! host's until it calls `free`, which may be on any thread; everybody else names it by a
//! [`Stored`], which keeps nothing alive.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

use json_store::{Document, Stored};
use redis_module::raw;

use crate::STORE;
use crate::host::context::now_ms;
use crate::host::guard::{Entry, guarded};
use crate::host::log::UserData;
use crate::host::{io, log, persistence, process, rewrite};

/// The name tools look for: RedisJSON's.
const NAME: &std::ffi::CStr = c"ReJSON-RL";
/// The encoding version that is written; see [`io`] for those that are read.
const ENCVER: c_int = 3;

static TYPE: AtomicPtr<raw::RedisModuleType> = AtomicPtr::new(std::ptr::null_mut());

/// The type as registered; NULL before.
pub(super) fn get() -> *mut raw::RedisModuleType {
    TYPE.load(Ordering::Relaxed)
}

/// Gives the document to the host.
pub(super) fn into_value(document: Document) -> *mut c_void {
    std::ptr::without_provenance_mut(document.into_number())
}

/// Takes the document from the host: for a value that came from [`into_value`], and that the host
/// does not use any more.
pub(super) fn from_value(value: *mut c_void) -> Document {
    Document::from_number(value.addr())
}

/// The document of a value that came from [`into_value`].
pub(super) fn stored(value: *const c_void) -> Stored {
    Stored::from_number(value.addr())
}

/// Registers the type. To be called in `OnLoad`.
pub(super) fn register(ctx: *mut raw::RedisModuleCtx) -> Option<()> {
    let create = api!(RedisModule_CreateDataType)?;
    let mut methods = raw::RedisModuleTypeMethods {
        version: 5,
        rdb_load: Some(rdb_load),
        rdb_save: Some(rdb_save),
        aof_rewrite: Some(aof_rewrite),
        mem_usage: Some(mem_usage),
        digest: Some(digest),
        free: Some(free),
        aux_load: Some(aux_load),
        // Hosts before Redis 7.2 write a record even where there is nothing to say, which another
        // JSON module would not load; there documents are saved without dictionaries.
        aux_save: None,
        aux_save_triggers: raw::REDISMODULE_AUX_BEFORE_RDB as c_int,
        free_effort: Some(free_effort),
        unlink: None,
        copy: Some(copy),
        defrag: Some(defrag),
        mem_usage2: None,
        free_effort2: None,
        unlink2: None,
        copy2: None,
        aux_save2: Some(aux_save),
    };
    // SAFETY: `OnLoad` is running; the host copies the methods and the name.
    let created = unsafe { create(ctx, NAME.as_ptr(), ENCVER, &mut methods) };
    TYPE.store(created, Ordering::Relaxed);
    (!created.is_null()).then_some(())
}

/// Bytes that the document takes, allocator rounding included as far as the host can tell.
pub(crate) fn held_bytes(stored: Stored) -> usize {
    let malloc_size = api!(RedisModule_MallocSize);
    stored.held_bytes(|block, len| match malloc_size {
        // SAFETY: the block was allocated by this module, whose allocator is the host's, and lives
        // during the call.
        Some(malloc_size) => unsafe { malloc_size(block.cast_mut().cast::<c_void>()) },
        None => len,
    })
}

unsafe extern "C" fn rdb_load(rdb: *mut raw::RedisModuleIO, encver: c_int) -> *mut c_void {
    // SAFETY: the host gives a stream that lives for this callback.
    let stream = unsafe { io::Loading::new(rdb) };
    let loaded = guarded(Entry::RdbLoad, || io::load(&stream, encver).map(into_value));
    match loaded {
        Some(Ok(value)) => value,
        Some(Err(error)) => {
            match stream.key_name() {
                Some(name) => log::warning(&format!("key {}: {error}", UserData(name))),
                None => log::warning(&error.to_string()),
            }
            std::ptr::null_mut()
        }
        None => std::ptr::null_mut(),
    }
}

unsafe extern "C" fn rdb_save(rdb: *mut raw::RedisModuleIO, value: *mut c_void) {
    // SAFETY: the host gives a stream that lives for this callback.
    let stream = unsafe { io::Saving::new(rdb) };
    let stored = stored(value);
    let saved = || guarded(Entry::RdbSave, || io::save(&stream, stored));
    // The host takes no error here. A child is ended rather than let it write a file that lacks a
    // document; the server itself tries again.
    if saved().is_none() {
        process::give_up_saving();
        if !stream.has_written() {
            saved();
        }
    }
}

unsafe extern "C" fn aux_save(rdb: *mut raw::RedisModuleIO, _when: c_int) {
    // SAFETY: the host gives a stream that lives for this callback.
    let stream = unsafe { io::Saving::new(rdb) };
    let saved = guarded(Entry::AuxSave, || {
        if persistence::begin_with_dictionaries() {
            io::save_dictionaries(&stream);
        }
    });
    if saved.is_none() {
        process::give_up_saving();
    }
}

unsafe extern "C" fn aux_load(rdb: *mut raw::RedisModuleIO, _encver: c_int, _when: c_int) -> c_int {
    // SAFETY: the host gives a stream that lives for this callback.
    let stream = unsafe { io::Loading::new(rdb) };
    match guarded(Entry::AuxLoad, || io::load_dictionaries(&stream)) {
        Some(Ok(())) => return raw::REDISMODULE_OK as c_int,
        Some(Err(error)) => log::warning(&error.to_string()),
        None => {}
    }
    raw::REDISMODULE_ERR as c_int
}

unsafe extern "C" fn aof_rewrite(
    aof: *mut raw::RedisModuleIO,
    key: *mut raw::RedisModuleString,
    value: *mut c_void,
) {
    // SAFETY: the host gives a stream and a key's name that live for this callback.
    let rewriting = unsafe { rewrite::Rewriting::new(aof, key) };
    let stored = stored(value);
    let rewritten = guarded(Entry::AofRewrite, || {
        let text = stored.text_untouched().map_err(|error| error.to_string())?;
        rewriting.document(&text).ok_or_else(|| "there is no command for it".to_owned())
    });
    // The host takes no error here: a child is ended rather than let it write a file that lacks a
    // document.
    if let Some(Err(error)) = &rewritten {
        log::warning(&format!("a document cannot be written to the AOF: {error}"));
    }
    if !matches!(rewritten, Some(Ok(()))) {
        process::give_up_saving();
    }
}

unsafe extern "C" fn mem_usage(value: *const c_void) -> usize {
    let stored = stored(value);
    guarded(Entry::MemUsage, || held_bytes(stored)).unwrap_or(0)
}

unsafe extern "C" fn digest(md: *mut raw::RedisModuleDigest, value: *mut c_void) {
    let stored = stored(value);
    guarded(Entry::Digest, || {
        let (Some(add), Some(end)) =
            (api!(RedisModule_DigestAddStringBuffer), api!(RedisModule_DigestEndSequence))
        else {
            return;
        };
        // The text is the content: replicas and restarted servers hold the very same one,
        // whatever its form here.
        let Ok(text) = stored.text_untouched() else { return };
        let text = text.as_str();
        // SAFETY: the digest lives for this callback; the host reads `text.len()` bytes.
        unsafe { add(md, text.as_ptr().cast(), text.len()) };
        // SAFETY: as above.
        unsafe { end(md) };
    });
}

/// May run on any thread.
unsafe extern "C" fn free(value: *mut c_void) {
    guarded(Entry::Free, || {
        drop(from_value(value));
    });
}

unsafe extern "C" fn free_effort(_key: *mut raw::RedisModuleString, value: *const c_void) -> usize {
    // Freeing is a few blocks, but returning a large one to the system takes time by its pages.
    const BYTES_A_STEP: usize = 64 << 10;
    let stored = stored(value);
    guarded(Entry::FreeEffort, || 1 + stored.longest_block() / BYTES_A_STEP).unwrap_or(1)
}

unsafe extern "C" fn copy(
    _from: *mut raw::RedisModuleString,
    _to: *mut raw::RedisModuleString,
    value: *const c_void,
) -> *mut c_void {
    let stored = stored(value);
    guarded(Entry::Copy, || STORE.copy(stored, now_ms()).map(into_value))
        .flatten()
        .unwrap_or(std::ptr::null_mut())
}

/// Moves the document's block where memory is less fragmented. It is one block, so there is nothing
/// to be interrupted; the document keeps its number.
unsafe extern "C" fn defrag(
    ctx: *mut raw::RedisModuleDefragCtx,
    _key: *mut raw::RedisModuleString,
    value: *mut *mut c_void,
) -> c_int {
    // SAFETY: the host gives a value of our type, which it holds during the callback.
    let stored = stored(unsafe { *value });
    guarded(Entry::Defrag, || {
        let Some(alloc) = api!(RedisModule_DefragAlloc) else { return };
        // SAFETY: the context lives for this callback, and the block is one of the host's allocator.
        let mut relocate = |block: *mut u8| unsafe { alloc(ctx, block.cast()) }.cast::<u8>();
        // SAFETY: the host gives NULL for a block that stays where it is, or a new block with the
        // content of the old one, which it frees. Our blocks of 16 bytes' alignment and less are the
        // host's own blocks.
        unsafe { stored.relocate(&mut relocate) };
    });
    // Nothing is left to do for this key.
    0
}
