//! The data type `ReJSON-RL`: a [`Stored`] as a value of the host, and the type's callbacks.
//!
//! The host holds a value as `Arc::into_raw` of the document: one count of the `Arc` is the host's
//! until it calls `free`, which may be on any thread. The store's queue holds weak counts, and a
//! command that is using the document holds counts of its own.

use std::ffi::{c_int, c_void};
use std::mem::size_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use json_store::{AtRest, Stored};
use redis_module::raw;

use crate::STORE;
use crate::host::context::now_ms;
use crate::host::guard::{Entry, guarded};
use crate::host::log::UserData;
use crate::host::{io, log, process, rewrite};

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
pub(super) fn into_value(stored: Arc<Stored>) -> *mut c_void {
    Arc::into_raw(stored).cast_mut().cast::<c_void>()
}

/// Takes the host's count back.
///
/// # Safety
/// `value` came from [`into_value`], and the host does not use it any more.
pub(super) unsafe fn from_value(value: *mut c_void) -> Arc<Stored> {
    // SAFETY: by the contract, this is the pointer that `Arc::into_raw` gave.
    unsafe { Arc::from_raw(value.cast_const().cast::<Stored>()) }
}

/// A count of one's own beside the host's.
///
/// # Safety
/// `value` came from [`into_value`], and the host holds it during the call.
pub(super) unsafe fn shared(value: *const c_void) -> Arc<Stored> {
    let stored = value.cast::<Stored>();
    // SAFETY: the host's count keeps the document alive while a second one is taken.
    unsafe { Arc::increment_strong_count(stored) };
    // SAFETY: this is the count that was just taken.
    unsafe { Arc::from_raw(stored) }
}

/// Registers the type. To be called in `OnLoad`.
pub(super) fn register(ctx: *mut raw::RedisModuleCtx) -> Option<()> {
    let create = api!(RedisModule_CreateDataType)?;
    let mut methods = raw::RedisModuleTypeMethods {
        version: 4,
        rdb_load: Some(rdb_load),
        rdb_save: Some(rdb_save),
        aof_rewrite: Some(aof_rewrite),
        mem_usage: Some(mem_usage),
        digest: Some(digest),
        free: Some(free),
        aux_load: None,
        aux_save: None,
        aux_save_triggers: 0,
        free_effort: Some(free_effort),
        unlink: None,
        copy: Some(copy),
        defrag: None,
        mem_usage2: None,
        free_effort2: None,
        unlink2: None,
        copy2: None,
        aux_save2: None,
    };
    // SAFETY: `OnLoad` is running; the host copies the methods and the name.
    let created = unsafe { create(ctx, NAME.as_ptr(), ENCVER, &mut methods) };
    TYPE.store(created, Ordering::Relaxed);
    (!created.is_null()).then_some(())
}

/// Bytes that the document takes, allocator rounding included as far as the host can tell.
pub(crate) fn held_bytes(stored: &Stored) -> usize {
    // An `Arc` puts two counts before its content.
    const COUNTS: usize = 2 * size_of::<usize>();
    let fixed = COUNTS + size_of::<Stored>();
    let text_bytes = |text: &json_document::Text| {
        COUNTS + size_of::<json_document::Text>() + block_bytes(text.as_str().as_bytes())
    };
    fixed
        + stored.at_rest(|form| match form {
            AtRest::Text(text) => text_bytes(text),
            AtRest::Packed { packed, warm } => {
                block_bytes(packed.as_bytes()) + warm.map_or(0, text_bytes)
            }
        })
}

/// The size of the allocation that begins at `content`.
fn block_bytes(content: &[u8]) -> usize {
    let Some(malloc_size) = api!(RedisModule_MallocSize) else { return content.len() };
    if content.is_empty() {
        return 0;
    }
    // SAFETY: texts and packed payloads are boxed slices of bytes: each is the start of a block
    // that our allocator got from the host.
    unsafe { malloc_size(content.as_ptr().cast_mut().cast::<c_void>()) }
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
    // SAFETY: the host gives a value of our type, which it holds during the callback.
    let stored = unsafe { shared(value) };
    let saved = || guarded(Entry::RdbSave, || io::save(&stream, &stored));
    // The host takes no error here. A child is ended rather than let it write a file that lacks a
    // document; the server itself tries again.
    if saved().is_none() {
        process::give_up_saving();
        if !stream.has_written() {
            saved();
        }
    }
}

unsafe extern "C" fn aof_rewrite(
    aof: *mut raw::RedisModuleIO,
    key: *mut raw::RedisModuleString,
    value: *mut c_void,
) {
    // SAFETY: the host gives a stream and a key's name that live for this callback.
    let rewriting = unsafe { rewrite::Rewriting::new(aof, key) };
    // SAFETY: the host gives a value of our type, which it holds during the callback.
    let stored = unsafe { shared(value) };
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
    // SAFETY: the host gives a value of our type, which it holds during the callback.
    let stored = unsafe { shared(value) };
    guarded(Entry::MemUsage, || held_bytes(&stored)).unwrap_or(0)
}

unsafe extern "C" fn digest(md: *mut raw::RedisModuleDigest, value: *mut c_void) {
    // SAFETY: the host gives a value of our type, which it holds during the callback.
    let stored = unsafe { shared(value) };
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
        // SAFETY: the host gives a value of our type and forgets it.
        drop(unsafe { from_value(value) });
    });
}

unsafe extern "C" fn free_effort(_key: *mut raw::RedisModuleString, value: *const c_void) -> usize {
    // Freeing is a few blocks, but returning a large one to the system takes time by its pages.
    const BYTES_A_STEP: usize = 64 << 10;
    // SAFETY: the host gives a value of our type, which it holds during the callback.
    let stored = unsafe { shared(value) };
    guarded(Entry::FreeEffort, || {
        stored.at_rest(|form| match form {
            AtRest::Text(text) => 1 + text.len() / BYTES_A_STEP,
            AtRest::Packed { packed, .. } => 1 + packed.as_bytes().len() / BYTES_A_STEP,
        })
    })
    .unwrap_or(1)
}

unsafe extern "C" fn copy(
    _from: *mut raw::RedisModuleString,
    _to: *mut raw::RedisModuleString,
    value: *const c_void,
) -> *mut c_void {
    // SAFETY: the host gives a value of our type, which it holds during the callback.
    let stored = unsafe { shared(value) };
    guarded(Entry::Copy, || into_value(STORE.copy(&stored, now_ms())))
        .unwrap_or(std::ptr::null_mut())
}
