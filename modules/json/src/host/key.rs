//! Keys and the documents they hold.

use std::ffi::c_int;
use std::marker::PhantomData;

use json_document::Text;
use json_store::{Document, Home, Stored};
use redis_module::raw;

use crate::STORE;
use crate::error::Error;
use crate::host::args::Argument;
use crate::host::context::Context;
use crate::host::value_type;

/// A key's name: one of the running command's arguments.
#[derive(Clone, Copy)]
pub(crate) struct KeyName<'a> {
    string: *mut raw::RedisModuleString,
    command: PhantomData<&'a ()>,
}

impl<'a> KeyName<'a> {
    /// # Safety
    /// `string` is live for `'a`.
    pub(super) unsafe fn new(string: *mut raw::RedisModuleString) -> KeyName<'a> {
        KeyName { string, command: PhantomData }
    }

    pub(super) fn raw(self) -> *mut raw::RedisModuleString {
        self.string
    }

    pub(super) fn bytes(&self) -> &[u8] {
        let Some(ptr_len) = api!(RedisModule_StringPtrLen) else { return &[] };
        let mut len = 0;
        // SAFETY: the string lives for `'a`, which is longer than the borrow.
        let start = unsafe { ptr_len(self.string, &mut len) };
        // SAFETY: the host says that there are `len` bytes.
        unsafe { std::slice::from_raw_parts(start.cast::<u8>(), len) }
    }
}

impl<'a> From<Argument<'a>> for KeyName<'a> {
    fn from(argument: Argument<'a>) -> KeyName<'a> {
        KeyName { string: argument.raw(), command: PhantomData }
    }
}

/// An open key. Dropping it closes it.
pub(crate) struct Key<'a> {
    key: *mut raw::RedisModuleKey,
    name: KeyName<'a>,
    ctx: Context,
}

impl<'a> Key<'a> {
    pub(crate) fn open_read(ctx: Context, name: KeyName<'a>) -> Key<'a> {
        Key::open(ctx, name, raw::REDISMODULE_READ as c_int)
    }

    pub(crate) fn open_write(ctx: Context, name: KeyName<'a>) -> Key<'a> {
        Key::open(ctx, name, (raw::REDISMODULE_READ | raw::REDISMODULE_WRITE) as c_int)
    }

    pub(super) fn open(ctx: Context, name: KeyName<'a>, mode: c_int) -> Key<'a> {
        let key = match api!(RedisModule_OpenKey) {
            // SAFETY: the context and the name are those of the running command.
            Some(open) => unsafe { open(ctx.raw(), name.raw(), mode) },
            None => std::ptr::null_mut(),
        };
        Key { key, name, ctx }
    }

    /// The document the key holds; `None` if there is no such key.
    ///
    /// # Errors
    /// [`Error::WrongKeyType`] if the key holds something else.
    pub(crate) fn document(&self) -> Result<Option<Stored>, Error> {
        // SAFETY: the key is open, or NULL.
        unsafe { document_of(self.key) }
    }

    /// Lets the key hold a new document, in place of whatever it held. The key's expiry goes.
    pub(crate) fn insert(&self, text: Text, now_ms: u64) {
        let home = Home { database: self.ctx.database(), key: self.name.bytes() };
        self.set(STORE.insert(text, home, now_ms));
    }

    fn set(&self, document: Document) {
        let Some(set) = api!(RedisModule_ModuleTypeSetValue) else { return };
        let value = value_type::into_value(document);
        // SAFETY: the key is open for writing; the value belongs to the host if it takes it.
        let status = unsafe { set(self.key, value_type::get(), value) };
        if status != raw::REDISMODULE_OK as c_int {
            // The host did not take the value.
            drop(value_type::from_value(value));
        }
    }

    /// Lets the key expire at a Unix time, or never. It holds a value.
    pub(crate) fn set_expiry(&self, at_ms: Option<u64>) {
        let Some(set) = api!(RedisModule_SetAbsExpire) else { return };
        let at_ms = at_ms.map_or(raw::REDISMODULE_NO_EXPIRE.into(), |at_ms| {
            raw::mstime_t::try_from(at_ms).unwrap_or(raw::mstime_t::MAX)
        });
        // SAFETY: the key is open for writing.
        unsafe { set(self.key, at_ms) };
    }

    pub(crate) fn has_expiry(&self) -> bool {
        let Some(get) = api!(RedisModule_GetAbsExpire) else { return false };
        // SAFETY: the key is open.
        unsafe { get(self.key) != raw::REDISMODULE_NO_EXPIRE.into() }
    }

    /// Opens the key of that name as nobody's use of it: for looking at many.
    pub(super) fn open_untouched(ctx: Context, name: KeyName<'a>) -> Key<'a> {
        let flags = raw::REDISMODULE_READ | raw::REDISMODULE_OPEN_KEY_NOTOUCH;
        Key::open(ctx, name, flags as c_int)
    }

    /// A copy of the string the key holds, if it holds one of at most `len_max` bytes.
    pub(super) fn string(&self, len_max: usize) -> Option<Vec<u8>> {
        let (kind, dma) = (api!(RedisModule_KeyType)?, api!(RedisModule_StringDMA)?);
        if self.key.is_null() {
            return None;
        }
        // SAFETY: the key is open.
        if unsafe { kind(self.key) } != raw::REDISMODULE_KEYTYPE_STRING as c_int {
            return None;
        }
        let mut len = 0;
        // SAFETY: the key is open and holds a string.
        let start = unsafe { dma(self.key, &mut len, raw::REDISMODULE_READ as c_int) };
        if start.is_null() || len > len_max {
            return None;
        }
        // SAFETY: the host says that there are `len` bytes; nothing calls it before they are copied.
        Some(unsafe { std::slice::from_raw_parts(start.cast::<u8>(), len) }.to_vec())
    }

    /// Removes the key.
    pub(crate) fn delete(&self) {
        let Some(delete) = api!(RedisModule_DeleteKey) else { return };
        // SAFETY: the key is open for writing.
        unsafe { delete(self.key) };
    }
}

impl Drop for Key<'_> {
    fn drop(&mut self) {
        if self.key.is_null() {
            return;
        }
        if let Some(close) = api!(RedisModule_CloseKey) {
            // SAFETY: the key was opened by us and is closed once.
            unsafe { close(self.key) };
        }
    }
}

/// The document that an open key holds; `None` if there is no such key.
///
/// # Errors
/// [`Error::WrongKeyType`] if the key holds something else.
///
/// # Safety
/// `key` is open, or NULL.
pub(super) unsafe fn document_of(key: *mut raw::RedisModuleKey) -> Result<Option<Stored>, Error> {
    if key.is_null() {
        return Ok(None);
    }
    let (Some(kind), Some(type_of), Some(value_of)) = (
        api!(RedisModule_KeyType),
        api!(RedisModule_ModuleTypeGetType),
        api!(RedisModule_ModuleTypeGetValue),
    ) else {
        return Ok(None);
    };
    // SAFETY: the key is open.
    if unsafe { kind(key) } == raw::REDISMODULE_KEYTYPE_EMPTY as c_int {
        return Ok(None);
    }
    // SAFETY: the key is open; the host answers NULL for values of no module.
    if unsafe { type_of(key) } != value_type::get() {
        return Err(Error::WrongKeyType);
    }
    // SAFETY: the key is open and holds a value of our type.
    let value = unsafe { value_of(key) };
    Ok(Some(value_type::stored(value)))
}
