//! What a path selects, and the members of an object, one after the other.

use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::Arc;

use json_document::{Kind, Node, Text};
use jsonpath::Path;
use redis_module::raw::{RedisModuleCtx, RedisModuleString};

use crate::host::guard::{Entry, guarded};
use crate::paths::meter;

use super::open::{self, Opening, find};
use super::paths::{parse, path_of};
use super::values::put;
use super::{
    ERR, JsonPath, KeyValuesIterator, OK, RedisJson, RedisJsonPtr, ResultsIterator, bytes, give,
    host_string,
};

/// Values of a text that is open, in order.
struct Nodes {
    opening: Arc<Opening>,
    nodes: Vec<Node>,
    /// How many of them were given out.
    at: usize,
}

impl Nodes {
    fn next(&mut self) -> Option<Node> {
        let node = *self.nodes.get(self.at)?;
        self.at += 1;
        Some(node)
    }
}

/// The iterator behind a pointer.
///
/// # Safety
/// NULL, or an iterator that [`into_iterator`] gave and that was not freed; nobody else uses it
/// during `'a`.
unsafe fn iterator<'a>(iterator: ResultsIterator) -> Option<&'a mut Nodes> {
    // SAFETY: by the contract.
    unsafe { iterator.cast_mut().cast::<Nodes>().as_mut() }
}

fn into_iterator(nodes: Option<Option<Nodes>>) -> ResultsIterator {
    nodes.flatten().map_or(ptr::null(), |nodes| Box::into_raw(Box::new(nodes)).cast())
}

/// # Safety
/// As [`iterator`], for the last time.
unsafe fn free(iterator: ResultsIterator) {
    if !iterator.is_null() {
        // SAFETY: by the contract.
        drop(unsafe { Box::from_raw(iterator.cast_mut().cast::<Nodes>()) });
    }
}

/// Runs `path` over a value, as if that were a document.
fn select(value: RedisJson, path: &Path) -> Option<Nodes> {
    let (mut opening, node) = find(value)?;
    if node != opening.document().root() {
        let text = opening.document().text_of(node);
        opening = open::open(Arc::new(Text::assume_valid(text.into())));
    }
    let nodes = path.select(opening.document(), &mut meter()).ok()?;
    Some(Nodes { opening, nodes, at: 0 })
}

/// `JSONResultsIterator get(json, path)`: NULL for a path that is none, or that visits too much.
///
/// # Safety
/// A value that was given out, or NULL; a string that ends with NUL, or NULL.
pub(super) unsafe extern "C" fn get(value: RedisJson, path: *const c_char) -> ResultsIterator {
    into_iterator(guarded(Entry::ApiGet, || {
        // SAFETY: by the contract.
        let path = parse(unsafe { bytes(path) }?).ok()?;
        select(value, &path)
    }))
}

/// `JSONResultsIterator getWithPath(json, parsed path)`
///
/// # Safety
/// A value that was given out, or NULL; a path that `pathParse` gave, or NULL.
pub(super) unsafe extern "C" fn get_with_path(value: RedisJson, path: JsonPath) -> ResultsIterator {
    into_iterator(guarded(Entry::ApiGetWithPath, || {
        // SAFETY: by the contract.
        select(value, unsafe { path_of(path) }?)
    }))
}

/// `RedisJSON next(iterator)`: the next value; NULL at the end.
///
/// # Safety
/// An iterator of `get` or `getWithPath`, or NULL.
pub(super) unsafe extern "C" fn next(results: ResultsIterator) -> RedisJson {
    let value = guarded(Entry::ApiNext, || {
        // SAFETY: by the contract.
        let nodes = unsafe { iterator(results) }?;
        let node = nodes.next()?;
        Some(nodes.opening.value(node))
    });
    value.flatten().unwrap_or(ptr::null())
}

/// `size_t len(iterator)`: all values, given out or not.
///
/// # Safety
/// As [`next`].
pub(super) unsafe extern "C" fn len(results: ResultsIterator) -> usize {
    // SAFETY: by the contract.
    let len = guarded(Entry::ApiLen, || Some(unsafe { iterator(results) }?.nodes.len()));
    len.flatten().unwrap_or(0)
}

/// `void resetIter(iterator)`: begins again.
///
/// # Safety
/// As [`next`].
pub(super) unsafe extern "C" fn reset_iter(results: ResultsIterator) {
    guarded(Entry::ApiResetIter, || {
        // SAFETY: by the contract.
        if let Some(nodes) = unsafe { iterator(results) } {
            nodes.at = 0;
        }
    });
}

/// `void freeIter(iterator)`
///
/// # Safety
/// As [`next`], for the last time.
pub(super) unsafe extern "C" fn free_iter(results: ResultsIterator) {
    // SAFETY: by the contract.
    guarded(Entry::ApiFreeIter, || unsafe { free(results) });
}

/// `int getJSONFromIter(iterator, ctx, &string)`: all values as the text of an array, a string of the
/// host's for the caller.
///
/// # Safety
/// As [`next`]; a live context, or NULL; a place to write to, or NULL.
pub(super) unsafe extern "C" fn get_json_from_iter(
    results: ResultsIterator,
    ctx: *mut RedisModuleCtx,
    string: *mut *mut RedisModuleString,
) -> c_int {
    let made = guarded(Entry::ApiGetJsonFromIter, || {
        // SAFETY: by the contract.
        let nodes = unsafe { iterator(results) }?;
        let document = nodes.opening.document();
        let json = array_of(nodes.nodes.iter().map(|&node| document.text_of(node)))?;
        // SAFETY: by the contract.
        unsafe { host_string(ctx, &json) }
    });
    let Some(made) = made.flatten() else { return ERR };
    // SAFETY: by the contract.
    unsafe { give(string, made) };
    OK
}

/// `[a,b,…]`; none if it would be longer than a reply may be.
pub(super) fn array_of<'t>(values: impl Iterator<Item = &'t str> + Clone) -> Option<Vec<u8>> {
    let len = values.clone().try_fold(1usize, |sum, value| sum.checked_add(value.len() + 1))?;
    if len > crate::host::config::reply_len_max() {
        return None;
    }
    let mut json = Vec::new();
    json.try_reserve_exact(len + 1).ok()?;
    for value in values {
        json.push(if json.is_empty() { b'[' } else { b',' });
        json.extend_from_slice(value.as_bytes());
    }
    if json.is_empty() {
        json.push(b'[');
    }
    json.push(b']');
    Some(json)
}

/// `JSONKeyValuesIterator getKeyValues(json)`: the members of an object; NULL if it is none.
///
/// # Safety
/// A value that was given out, or NULL.
pub(super) unsafe extern "C" fn get_key_values(value: RedisJson) -> KeyValuesIterator {
    into_iterator(guarded(Entry::ApiGetKeyValues, || {
        let (opening, node) = find(value)?;
        let document = opening.document();
        if document.kind(node) != Kind::Object {
            return None;
        }
        let nodes = document.children(node).collect();
        Some(Nodes { opening, nodes, at: 0 })
    }))
}

/// `int nextKeyValue(iterator, &name, ptr)`: the name of the next member, a string of the host's for
/// the caller, and its value, put into what `allocJson` gave. ERR at the end.
///
/// # Safety
/// An iterator of `getKeyValues`, or NULL; a place to write to, or NULL; what `allocJson` gave, or
/// NULL.
pub(super) unsafe extern "C" fn next_key_value(
    members: KeyValuesIterator,
    name: *mut *mut RedisModuleString,
    value: RedisJsonPtr,
) -> c_int {
    let made = guarded(Entry::ApiNextKeyValue, || {
        // SAFETY: by the contract.
        let nodes = unsafe { iterator(members) }?;
        let node = nodes.next()?;
        if !name.is_null() {
            let member = nodes.opening.document().name(node)?;
            // SAFETY: without a context the string is the caller's.
            let made = unsafe { host_string(ptr::null_mut(), member.unescaped().as_bytes()) }?;
            // SAFETY: by the contract.
            unsafe { give(name, made) };
        }
        if !value.is_null() {
            // SAFETY: by the contract.
            unsafe { put(value, &nodes.opening, node) }?;
        }
        Some(())
    });
    if made.flatten().is_some() { OK } else { ERR }
}

/// `void freeKeyValuesIter(iterator)`
///
/// # Safety
/// As [`next_key_value`], for the last time.
pub(super) unsafe extern "C" fn free_key_values_iter(members: KeyValuesIterator) {
    // SAFETY: by the contract.
    guarded(Entry::ApiFreeKeyValuesIter, || unsafe { free(members) });
}
