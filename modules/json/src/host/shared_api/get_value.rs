//! `JSON_GetValue`, the one function of valkey-json.

use std::ffi::{c_char, c_int};
use std::ptr;

use json_document::{Document, Index};
use redis_module::raw::{RedisModuleKey, RedisModuleString};

use crate::STORE;
use crate::host::config;
use crate::host::context::now_ms;
use crate::host::guard::{Entry, guarded};
use crate::host::key::document_of;
use crate::paths;

use super::iterators::array_of;
use super::{ERR, OK, bytes, give, host_string};

/// `int JSON_GetValue(open key, path, &string)`: what `JSON.GET key path` replies, as a string
/// without a context that the caller frees. ERR if the key holds no document, the path is none, or a
/// legacy path selects nothing.
///
/// # Safety
/// An open key, or NULL; a string that ends with NUL, or NULL; a place to write to, or NULL.
pub(super) unsafe extern "C" fn json_get_value(
    key: *mut RedisModuleKey,
    path: *const c_char,
    string: *mut *mut RedisModuleString,
) -> c_int {
    let made = guarded(Entry::ApiGetValue, || {
        // SAFETY: by the contract.
        let path = unsafe { bytes(path) }?;
        let path = paths::parse_in(config::path_dialect(), path).ok()?;
        // SAFETY: by the contract.
        let stored = unsafe { document_of(key) }.ok()??;
        let text = STORE.read(&stored, now_ms()).ok()?;
        if path.is_root() && path.is_legacy() {
            // SAFETY: a string without a context is the caller's.
            return unsafe { host_string(ptr::null_mut(), text.as_str().as_bytes()) };
        }
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        let nodes = path.select(document, &mut paths::meter()).ok()?;
        let mut values = nodes.iter().map(|&node| document.text_of(node));
        let json = match path.is_legacy() {
            true => values.next()?.as_bytes().to_vec(),
            false => array_of(values)?,
        };
        // SAFETY: as above.
        unsafe { host_string(ptr::null_mut(), &json) }
    });
    let Some(made) = made.flatten() else { return ERR };
    // SAFETY: by the contract.
    unsafe { give(string, made) };
    OK
}
