//! String values behind a key handle.

use std::ffi::{c_char, c_int};
use std::mem::MaybeUninit;
use std::ptr;

use keyspace::{StringValue, Value};
use module_abi::{ERR, OK, key_type, open_key};

use crate::boundary::api;
use crate::current::with_engine;
use crate::module_string::ModuleString;

use super::keys::OpenKey;

/// Longest string, as `proto-max-bulk-len` has it by default.
const STRING_LEN_MAX: usize = 512 * 1024 * 1024;

/// Shown for a key that is not there: a text of no bytes, which must not be written to.
static NOTHING: [u8; 1] = [0];

/// Where the bytes of a key's string are, and how many; `None` for another type.
fn bytes_for(key: &OpenKey, for_writing: bool) -> Option<(*const u8, usize)> {
    with_engine(|engine| {
        let Some(entry) = engine.db_mut(key.db).find_mut(&key.name) else {
            return Some((NOTHING.as_ptr(), 0));
        };
        let Value::String(string) = &mut entry.value else { return None };
        if for_writing {
            let bytes = string.make_mut();
            return Some((bytes.as_mut_ptr().cast_const(), bytes.len()));
        }
        if string.to_integer().is_some() {
            let digits = string.to_byte_string();
            let place = (digits.as_bytes_with_nul().as_ptr(), digits.len());
            key.shown.replace(Some(digits));
            return Some(place);
        }
        let mut unused = itoa::Buffer::new();
        let bytes = string.as_bytes(&mut unused);
        Some((bytes.as_ptr(), bytes.len()))
    })
    .flatten()
}

api! {
    fn StringSet(key: &OpenKey, value: &ModuleString) -> c_int {
        if !key.is_writable() {
            return ERR;
        }
        let value = Value::string(value.to_byte_string());
        with_engine(|engine| engine.put(key.db, &key.name, value, false));
        key.now_holds(key_type::STRING, None);
        OK
    }

    /// The pointer dies with the next write to the key. NULL for a key of another type, or opened otherwise.
    fn StringDMA(key: &OpenKey, len: Option<&mut MaybeUninit<usize>>, mode: c_int) -> *mut c_char {
        let for_writing = mode & open_key::WRITE != 0;
        let allowed = !for_writing || key.is_writable();
        let found = if allowed { bytes_for(key, for_writing) } else { None };
        if let Some(len) = len {
            len.write(found.map_or(0, |(_, len)| len));
        }
        found.map_or(ptr::null_mut(), |(bytes, _)| bytes.cast_mut().cast())
    }

    /// Shortens, or lengthens with zeros.
    fn StringTruncate(key: &OpenKey, len: usize) -> c_int {
        if !key.is_writable() || len > STRING_LEN_MAX {
            return ERR;
        }
        let done = with_engine(|engine| match engine.db_mut(key.db).find_mut(&key.name) {
            None if len == 0 => Some(key_type::EMPTY),
            None => {
                let zeros = Value::String(StringValue::from_buffer(vec![0; len]));
                engine.put(key.db, &key.name, zeros, false);
                Some(key_type::STRING)
            }
            Some(entry) => match &mut entry.value {
                Value::String(string) => {
                    string.make_mut().resize(len, 0);
                    Some(key_type::STRING)
                }
                Value::List(_) | Value::Set(_) | Value::Zset(_) | Value::Hash(_) | Value::Module(_) => None,
            },
        });
        match done.flatten() {
            Some(kind) => {
                key.now_holds(kind, None);
                OK
            }
            None => ERR,
        }
    }
}
