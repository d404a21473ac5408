//! Documents on the host's RDB streams: RDB files, DUMP payloads, replication.
//!
//! | encver | written by | layout |
//! |---|---|---|
//! | 0 | RedisJSON 1 | node by node; see [`nodes`] |
//! | 2 | RedisJSON 2.0 | text, then a number; two more strings if it is not 0 |
//! | 3 | RedisJSON 2 to 8.6, valkey-json, this module | one string: JSON text, or a packed payload |
//! | 4 | RedisJSON 8.8 and later | one string: CBOR; see [`cbor`] |
//!
//! Before the keys, a record of the dictionaries that packed payloads may name; see
//! [`persistence`](super::persistence).
//!
//! This module writes encver 3. The string is plain JSON text that the others can load when
//! `rdb-format` is `portable`; when it is `packed`, it begins with [`json_store::MAGIC`], which no
//! JSON text does.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::slice;

use json_document::{Limits, Text};
use json_store::{DictionaryRecord, Document, Home, MAGIC, Stored};
use redis_module::raw;

use crate::STORE;
use crate::cbor;
use crate::error::LoadError;
use crate::host::config::{self, RdbFormat};
use crate::host::context::{Context, now_ms};
use crate::host::{log, persistence, process};

/// A stream being read.
pub(crate) struct Loading(*mut raw::RedisModuleIO);

/// A stream being written.
pub(crate) struct Saving {
    rdb: *mut raw::RedisModuleIO,
    has_written: Cell<bool>,
}

/// A string that the host allocated for us.
pub(crate) struct Buffer {
    start: *mut c_char,
    len: usize,
}

impl Buffer {
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the host allocated `len` bytes at `start`, and they are ours until the drop.
        unsafe { slice::from_raw_parts(self.start.cast::<u8>(), self.len) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(free) = api!(RedisModule_Free) {
            // SAFETY: the buffer came from the host's allocator and is freed once.
            unsafe { free(self.start.cast::<c_void>()) };
        }
    }
}

impl Loading {
    /// # Safety
    /// `rdb` is the stream of the load callback that is running.
    pub(super) unsafe fn new(rdb: *mut raw::RedisModuleIO) -> Loading {
        Loading(rdb)
    }

    pub(crate) fn string(&self) -> Result<Buffer, LoadError> {
        let load = api!(RedisModule_LoadStringBuffer).ok_or(LoadError::Stream)?;
        let mut len = 0;
        // SAFETY: the stream lives for the callback.
        let start = unsafe { load(self.0, &mut len) };
        if start.is_null() {
            return Err(LoadError::Stream);
        }
        let buffer = Buffer { start, len };
        self.checked(buffer)
    }

    pub(crate) fn unsigned(&self) -> Result<u64, LoadError> {
        let load = api!(RedisModule_LoadUnsigned).ok_or(LoadError::Stream)?;
        // SAFETY: the stream lives for the callback.
        self.checked(unsafe { load(self.0) })
    }

    pub(crate) fn signed(&self) -> Result<i64, LoadError> {
        let load = api!(RedisModule_LoadSigned).ok_or(LoadError::Stream)?;
        // SAFETY: the stream lives for the callback.
        self.checked(unsafe { load(self.0) })
    }

    pub(crate) fn double(&self) -> Result<f64, LoadError> {
        let load = api!(RedisModule_LoadDouble).ok_or(LoadError::Stream)?;
        // SAFETY: the stream lives for the callback.
        self.checked(unsafe { load(self.0) })
    }

    /// How long a document may be: what a client restores is held to the setting, what is in a file
    /// or comes from the primary was allowed once.
    fn document_len_max(&self) -> usize {
        let is_replay = api!(RedisModule_GetContextFromIO).is_some_and(|context| {
            // SAFETY: the stream lives for the callback.
            let context = unsafe { context(self.0) };
            // SAFETY: the context lives as long as the stream.
            unsafe { Context::new(context) }.is_replay()
        });
        if is_replay { config::LEN_CEILING } else { config::document_len_max() }
    }

    /// The name of the key that is being loaded, where the host knows it.
    pub(super) fn key_name(&self) -> Option<&[u8]> {
        let (name, ptr_len) =
            (api!(RedisModule_GetKeyNameFromIO)?, api!(RedisModule_StringPtrLen)?);
        // SAFETY: the stream lives for the callback.
        let name = unsafe { name(self.0) };
        if name.is_null() {
            return None;
        }
        let mut len = 0;
        // SAFETY: the host's string lives as long as the stream.
        let start = unsafe { ptr_len(name, &mut len) };
        // SAFETY: the host says that there are `len` bytes.
        Some(unsafe { slice::from_raw_parts(start.cast::<u8>(), len) })
    }

    /// Where the document that is being loaded will be, where the host knows it.
    fn home(&self) -> Home<'_> {
        let (Some(database), Some(key)) = (api!(RedisModule_GetDbIdFromIO), self.key_name()) else {
            return Home::NONE;
        };
        // SAFETY: the stream lives for the callback.
        Home { database: unsafe { database(self.0) }, key }
    }

    /// `value`, if the stream has not failed so far.
    fn checked<T>(&self, value: T) -> Result<T, LoadError> {
        let failed = match api!(RedisModule_IsIOError) {
            // SAFETY: the stream lives for the callback.
            Some(is_error) => unsafe { is_error(self.0) != 0 },
            None => false,
        };
        if failed { Err(LoadError::Stream) } else { Ok(value) }
    }
}

impl Saving {
    /// # Safety
    /// `rdb` is the stream of the save callback that is running.
    pub(super) unsafe fn new(rdb: *mut raw::RedisModuleIO) -> Saving {
        Saving { rdb, has_written: Cell::new(false) }
    }

    /// Whether something was written to the stream.
    pub(super) fn has_written(&self) -> bool {
        self.has_written.get()
    }

    fn unsigned(&self, value: u64) {
        let Some(save) = api!(RedisModule_SaveUnsigned) else { return };
        self.has_written.set(true);
        // SAFETY: the stream lives for the callback.
        unsafe { save(self.rdb, value) };
    }

    fn string(&self, bytes: &[u8]) {
        let Some(save) = api!(RedisModule_SaveStringBuffer) else { return };
        self.has_written.set(true);
        // SAFETY: the stream lives for the callback; the host reads `bytes.len()` bytes.
        unsafe { save(self.rdb, bytes.as_ptr().cast::<c_char>(), bytes.len()) };
    }
}

/// What may be loaded: as deep as can be written at any setting, so that lowering a limit never
/// makes existing data unloadable.
fn limits() -> Limits {
    Limits { depth_max: config::DEPTH_CEILING }
}

/// Reads one document.
pub(super) fn load(stream: &Loading, encver: c_int) -> Result<Document, LoadError> {
    match encver {
        0 => {
            let json = nodes::load(stream)?;
            load_text(stream, &json)
        }
        2 => {
            let json = stream.string()?;
            if stream.unsigned()? > 0 {
                stream.string()?;
                stream.string()?;
            }
            load_text(stream, json.bytes())
        }
        3 => {
            let payload = stream.string()?;
            if payload.bytes().starts_with(&MAGIC) {
                let (bytes, len_max) = (payload.bytes(), stream.document_len_max());
                STORE
                    .load_packed(bytes, stream.home(), &limits(), len_max, now_ms())
                    .map_err(LoadError::Packed)
            } else {
                load_text(stream, payload.bytes())
            }
        }
        4 => {
            let cbor = stream.string()?;
            let json = cbor::to_json(cbor.bytes(), config::DEPTH_CEILING).ok_or(LoadError::Cbor)?;
            load_text(stream, &json)
        }
        _ => Err(LoadError::Version(encver)),
    }
}

fn load_text(stream: &Loading, json: &[u8]) -> Result<Document, LoadError> {
    let text = Text::parse(json, &limits()).map_err(LoadError::Text)?;
    Ok(STORE.load(text, stream.home(), now_ms()))
}

/// Writes one document.
pub(super) fn save(stream: &Saving, stored: Stored) {
    let saved = match config::rdb_format() {
        RdbFormat::Portable => {
            stored.text_untouched().map(|text| stream.string(text.as_str().as_bytes()))
        }
        RdbFormat::Packed => {
            let stands_alone = !persistence::dictionaries_are_saved();
            STORE.save(stored, stands_alone, |payload| stream.string(payload))
        }
    };
    if let Err(error) = saved {
        log::warning(&format!("a document cannot be saved: {error}"));
        process::give_up_saving();
    }
}

/// Layout of the dictionaries' record: the number of this layout, that of the dictionaries, and of
/// each its database, version, pattern and bytes.
const DICTIONARIES_LAYOUT: u64 = 1;
/// No server has more.
const DICTIONARIES_MAX: u64 = 1 << 10;

/// Writes the dictionaries, if there are any. Documents that need them follow.
pub(super) fn save_dictionaries(stream: &Saving) {
    let records = STORE.dictionaries();
    if records.is_empty() {
        return;
    }
    stream.unsigned(DICTIONARIES_LAYOUT);
    stream.unsigned(records.len() as u64);
    for record in &records {
        stream.unsigned(u64::try_from(record.database).unwrap_or(0));
        stream.unsigned(u64::from(record.version));
        stream.string(&record.pattern);
        stream.string(&record.bytes);
    }
}

/// Reads what [`save_dictionaries`] wrote.
pub(super) fn load_dictionaries(stream: &Loading) -> Result<(), LoadError> {
    if stream.unsigned()? != DICTIONARIES_LAYOUT {
        return Err(LoadError::Dictionary("of a layout that a later release wrote"));
    }
    let count = stream.unsigned()?;
    if count > DICTIONARIES_MAX {
        return Err(LoadError::Dictionary("more than there can be"));
    }
    for _ in 0..count {
        let database = i32::try_from(stream.unsigned()?).ok();
        let version = u32::try_from(stream.unsigned()?).ok();
        let (pattern, bytes) = (stream.string()?, stream.string()?);
        let (Some(database), Some(version)) = (database, version) else {
            return Err(LoadError::Dictionary("with a number out of range"));
        };
        let record = DictionaryRecord::new(database, pattern.bytes(), version, bytes.bytes());
        if !STORE.take_in(&record) {
            return Err(LoadError::Dictionary("that is none, or there is no room for"));
        }
    }
    Ok(())
}

/// The node-by-node layout of encver 0, turned into JSON text.
///
/// Each node begins with its code, unsigned: 0x01 null; 0x02 string; 0x04 double; 0x08 integer,
/// signed; 0x10 boolean, a string `1` or `0`; 0x20 object, its count, then for each member 0x80, the
/// name and a node; 0x40 array, its count, then nodes.
mod nodes {
    use super::Loading;
    use crate::error::LoadError;
    use crate::host::config;

    struct Open {
        left: u64,
        is_object: bool,
        is_first: bool,
    }

    /// Reads one value. Nothing is reserved by a count, and nesting is bounded before it is built.
    pub(super) fn load(stream: &Loading) -> Result<Vec<u8>, LoadError> {
        let mut json = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        loop {
            let container = match stream.unsigned()? {
                0x01 => {
                    json.extend_from_slice(b"null");
                    None
                }
                0x02 => {
                    let string = stream.string()?;
                    json_document::quote_into(utf8(string.bytes())?, &mut json);
                    None
                }
                0x04 => {
                    let number = stream.double()?;
                    let text = json_document::double(number).map_err(|_| LoadError::Node)?;
                    json.extend_from_slice(text.as_str().as_bytes());
                    None
                }
                0x08 => {
                    json.extend_from_slice(itoa::Buffer::new().format(stream.signed()?).as_bytes());
                    None
                }
                0x10 => {
                    let is_true = stream.string()?.bytes() == b"1";
                    json.extend_from_slice(if is_true { b"true" } else { b"false" });
                    None
                }
                0x20 => Some(true),
                0x40 => Some(false),
                _ => return Err(LoadError::Node),
            };
            if let Some(is_object) = container {
                if open.len() >= config::DEPTH_CEILING {
                    return Err(LoadError::Node);
                }
                json.push(if is_object { b'{' } else { b'[' });
                open.push(Open { left: stream.unsigned()?, is_object, is_first: true });
            }
            // Close what is complete; then lead in to the next node of what is not.
            loop {
                let Some(inner) = open.last_mut() else { return Ok(json) };
                if inner.left == 0 {
                    json.push(if inner.is_object { b'}' } else { b']' });
                    open.pop();
                    continue;
                }
                inner.left -= 1;
                if !inner.is_first {
                    json.push(b',');
                }
                inner.is_first = false;
                if inner.is_object {
                    if stream.unsigned()? != 0x80 {
                        return Err(LoadError::Node);
                    }
                    let name = stream.string()?;
                    json_document::quote_into(utf8(name.bytes())?, &mut json);
                    json.push(b':');
                }
                break;
            }
        }
    }

    fn utf8(bytes: &[u8]) -> Result<&str, LoadError> {
        std::str::from_utf8(bytes).map_err(|_| LoadError::Node)
    }
}
