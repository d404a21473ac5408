//! Dictionaries: ordered maps from byte strings to pointers.
//!
//! An iterator is a key, not a place in a tree: the next element is found by seeking again. It stays valid, and right, when
//! the dictionary changes under it; the price is a search a step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ops::Bound;
use std::ptr;

use byte_string::ByteString;
use module_abi::{ERR, Handle, OK};

use crate::boundary::{Text, api, bytes, status};
use crate::context::{Context, Owned};
use crate::module_string::ModuleString;

use super::memory::give_string;

/// One `RedisModuleDict`.
#[derive(Default)]
pub(crate) struct Dict {
    map: RefCell<BTreeMap<Box<[u8]>, *mut c_void>>,
}

impl Handle for Dict {
    type Opaque = module_abi::Dict;
}

impl Dict {
    /// Sets a key; with `replace` also one that is there. Whether it did.
    fn set(&self, key: &[u8], value: *mut c_void, replace: bool) -> bool {
        let mut map = self.map.borrow_mut();
        match map.get_mut(key) {
            Some(place) if replace => *place = value,
            Some(_) => return false,
            None => {
                map.insert(key.into(), value);
            }
        }
        true
    }

    fn get(&self, key: &[u8], is_missing: Option<&mut MaybeUninit<c_int>>) -> *mut c_void {
        let found = self.map.borrow().get(key).copied();
        if let Some(is_missing) = is_missing {
            is_missing.write(c_int::from(found.is_none()));
        }
        found.unwrap_or(ptr::null_mut())
    }

    fn remove(&self, key: &[u8], old: Option<&mut MaybeUninit<*mut c_void>>) -> c_int {
        let removed = self.map.borrow_mut().remove(key);
        let ok = removed.is_some();
        if let (Some(old), Some(removed)) = (old, removed) {
            old.write(removed);
        }
        status(ok)
    }

    /// Bytes of heap, as far as they can be known: keys, and a map's place for each.
    pub(crate) fn heap_size(&self) -> usize {
        let map = self.map.borrow();
        let place = size_of::<(Box<[u8]>, *mut c_void)>();
        size_of::<Self>() + map.keys().map(|key| key.len() + place).sum::<usize>()
    }
}

/// Where an iterator stands.
enum Position {
    /// Before this element, which the next step returns.
    At(Box<[u8]>),
    /// The step before returned this one.
    After(Box<[u8]>),
    /// There is nothing (any more).
    End,
}

/// One `RedisModuleDictIter`.
pub(crate) struct DictIterator {
    dict: *const Dict,
    position: RefCell<Position>,
    /// The key returned last; the module may read it until the next step.
    shown: RefCell<Box<[u8]>>,
}

impl Handle for DictIterator {
    type Opaque = module_abi::DictIterator;
}

impl DictIterator {
    fn dict(&self) -> &Dict {
        // SAFETY: The header's contract: an iterator is not used after its dictionary was freed.
        unsafe { &*self.dict }
    }

    /// Goes to the element that `op` and `key` name. ERR and no element for an operator that does not exist.
    fn seek(&self, op: &[u8], key: &[u8]) -> c_int {
        let map = self.dict().map.borrow();
        let from = |bound| map.range::<[u8], _>((bound, Bound::Unbounded)).next();
        let to = |bound| map.range::<[u8], _>((Bound::Unbounded, bound)).next_back();
        let found = match op {
            b"^" => map.iter().next(),
            b"$" => map.iter().next_back(),
            b"=" | b"==" => map.get_key_value(key),
            b">" => from(Bound::Excluded(key)),
            b">=" => from(Bound::Included(key)),
            b"<" => to(Bound::Excluded(key)),
            b"<=" => to(Bound::Included(key)),
            _ => return ERR,
        };
        self.position.replace(found.map_or(Position::End, |(key, _)| Position::At(key.clone())));
        OK
    }

    /// The next element in one direction, which becomes the one shown.
    fn step(&self, forward: bool) -> Option<*mut c_void> {
        let map = self.dict().map.borrow();
        let found = match &*self.position.borrow() {
            Position::At(key) => map.get_key_value(key).or_else(|| neighbour(&map, key, forward)),
            Position::After(key) => neighbour(&map, key, forward),
            Position::End => None,
        };
        let Some((key, &value)) = found else {
            self.position.replace(Position::End);
            return None;
        };
        self.position.replace(Position::After(key.clone()));
        self.shown.replace(key.clone());
        Some(value)
    }

    fn compare(&self, op: &[u8], key: &[u8]) -> c_int {
        let position = self.position.borrow();
        let current = match &*position {
            Position::At(current) | Position::After(current) => &**current,
            Position::End => return ERR,
        };
        status(match op {
            b"=" | b"==" => current == key,
            b">" => current > key,
            b">=" => current >= key,
            b"<" => current < key,
            b"<=" => current <= key,
            _ => false,
        })
    }

    /// A step for C: where the key is, its length and its value; NULL at the end.
    fn step_c(
        &self,
        forward: bool,
        len: Option<&mut MaybeUninit<usize>>,
        value: Option<&mut MaybeUninit<*mut c_void>>,
    ) -> *mut c_void {
        let Some(found) = self.step(forward) else { return ptr::null_mut() };
        if let Some(value) = value {
            value.write(found);
        }
        let shown = self.shown.borrow();
        if let Some(len) = len {
            len.write(shown.len());
        }
        shown.as_ptr().cast_mut().cast()
    }

    fn step_string(
        &self,
        context: Option<&Context>,
        forward: bool,
        value: Option<&mut MaybeUninit<*mut c_void>>,
    ) -> *mut ModuleString {
        let Some(found) = self.step(forward) else { return ptr::null_mut() };
        if let Some(value) = value {
            value.write(found);
        }
        give_string(context, ByteString::from(&**self.shown.borrow()))
    }
}

type Element<'a> = (&'a Box<[u8]>, &'a *mut c_void);

fn neighbour<'a>(
    map: &'a BTreeMap<Box<[u8]>, *mut c_void>,
    key: &[u8],
    forward: bool,
) -> Option<Element<'a>> {
    if forward {
        map.range::<[u8], _>((Bound::Excluded(key), Bound::Unbounded)).next()
    } else {
        map.range::<[u8], _>((Bound::Unbounded, Bound::Excluded(key))).next_back()
    }
}

fn start(dict: &Dict, op: &[u8], key: &[u8]) -> *mut DictIterator {
    let iterator =
        DictIterator { dict, position: RefCell::new(Position::End), shown: RefCell::default() };
    iterator.seek(op, key);
    Box::into_raw(Box::new(iterator))
}

api! {
    fn CreateDict(context: Option<&Context>) -> *mut Dict {
        let dict = Box::into_raw(Box::new(Dict::default()));
        if let Some(context) = context {
            context.own(Owned::Dict(dict));
        }
        dict
    }

    /// The values are the module's to free.
    fn FreeDict(context: Option<&Context>, dict: *mut Dict) {
        if dict.is_null() {
            return;
        }
        if let Some(context) = context {
            context.disown(Owned::Dict(dict));
        }
        // SAFETY: Made by CreateDict (rule 1), and not used again.
        drop(unsafe { Box::from_raw(dict) });
    }

    fn DictSize(dict: &Dict) -> u64 {
        dict.map.borrow().len() as u64
    }

    /// ERR when the key is there.
    fn DictSetC(dict: &Dict, key: *mut c_void, len: usize, value: *mut c_void) -> c_int {
        // SAFETY: Rule 3.
        status(dict.set(unsafe { bytes(key.cast(), len) }, value, false))
    }

    fn DictReplaceC(dict: &Dict, key: *mut c_void, len: usize, value: *mut c_void) -> c_int {
        // SAFETY: Rule 3.
        status(dict.set(unsafe { bytes(key.cast(), len) }, value, true))
    }

    /// ERR when the key is there.
    fn DictSet(dict: &Dict, key: &ModuleString, value: *mut c_void) -> c_int {
        status(dict.set(key.as_bytes(), value, false))
    }

    fn DictReplace(dict: &Dict, key: &ModuleString, value: *mut c_void) -> c_int {
        status(dict.set(key.as_bytes(), value, true))
    }

    fn DictGetC(dict: &Dict, key: *mut c_void, len: usize, is_missing: Option<&mut MaybeUninit<c_int>>) -> *mut c_void {
        // SAFETY: Rule 3.
        dict.get(unsafe { bytes(key.cast(), len) }, is_missing)
    }

    fn DictGet(dict: &Dict, key: &ModuleString, is_missing: Option<&mut MaybeUninit<c_int>>) -> *mut c_void {
        dict.get(key.as_bytes(), is_missing)
    }

    /// `old` is a place for a pointer, or NULL.
    fn DictDelC(dict: &Dict, key: *mut c_void, len: usize, old: *mut c_void) -> c_int {
        // SAFETY: Rule 3.
        let key = unsafe { bytes(key.cast(), len) };
        // SAFETY: Rule 4; the header declares the place as `void *`.
        dict.remove(key, unsafe { old.cast::<MaybeUninit<*mut c_void>>().as_mut() })
    }

    /// `old` is a place for a pointer, or NULL.
    fn DictDel(dict: &Dict, key: &ModuleString, old: *mut c_void) -> c_int {
        // SAFETY: Rule 4; the header declares the place as `void *`.
        dict.remove(key.as_bytes(), unsafe { old.cast::<MaybeUninit<*mut c_void>>().as_mut() })
    }

    fn DictIteratorStartC(dict: &Dict, op: Text<'_>, key: *mut c_void, len: usize) -> *mut DictIterator {
        // SAFETY: Rule 3.
        start(dict, op.bytes(), unsafe { bytes(key.cast(), len) })
    }

    fn DictIteratorStart(dict: &Dict, op: Text<'_>, key: Option<&ModuleString>) -> *mut DictIterator {
        start(dict, op.bytes(), key.map_or(&[], ModuleString::as_bytes))
    }

    fn DictIteratorStop(iterator: *mut DictIterator) {
        if !iterator.is_null() {
            // SAFETY: Made by DictIteratorStart (rule 1), and not used again.
            drop(unsafe { Box::from_raw(iterator) });
        }
    }

    fn DictIteratorReseekC(iterator: &DictIterator, op: Text<'_>, key: *mut c_void, len: usize) -> c_int {
        // SAFETY: Rule 3.
        iterator.seek(op.bytes(), unsafe { bytes(key.cast(), len) })
    }

    fn DictIteratorReseek(iterator: &DictIterator, op: Text<'_>, key: Option<&ModuleString>) -> c_int {
        iterator.seek(op.bytes(), key.map_or(&[], ModuleString::as_bytes))
    }

    fn DictNextC(iterator: &DictIterator, len: Option<&mut MaybeUninit<usize>>, value: Option<&mut MaybeUninit<*mut c_void>>) -> *mut c_void {
        iterator.step_c(true, len, value)
    }

    fn DictPrevC(iterator: &DictIterator, len: Option<&mut MaybeUninit<usize>>, value: Option<&mut MaybeUninit<*mut c_void>>) -> *mut c_void {
        iterator.step_c(false, len, value)
    }

    fn DictNext(context: Option<&Context>, iterator: &DictIterator, value: Option<&mut MaybeUninit<*mut c_void>>) -> *mut ModuleString {
        iterator.step_string(context, true, value)
    }

    fn DictPrev(context: Option<&Context>, iterator: &DictIterator, value: Option<&mut MaybeUninit<*mut c_void>>) -> *mut ModuleString {
        iterator.step_string(context, false, value)
    }

    fn DictCompareC(iterator: &DictIterator, op: Text<'_>, key: *mut c_void, len: usize) -> c_int {
        // SAFETY: Rule 3.
        iterator.compare(op.bytes(), unsafe { bytes(key.cast(), len) })
    }

    fn DictCompare(iterator: &DictIterator, op: Text<'_>, key: &ModuleString) -> c_int {
        iterator.compare(op.bytes(), key.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(iterator: &DictIterator, forward: bool) -> Option<String> {
        iterator.step(forward)?;
        Some(String::from_utf8_lossy(&iterator.shown.borrow()).into_owned())
    }

    #[test]
    fn seeks_and_steps_in_order_also_across_changes() {
        let dict = Dict::default();
        for word in ["b", "d", "a", "c"] {
            assert!(dict.set(word.as_bytes(), ptr::null_mut(), false));
        }
        assert!(!dict.set(b"a", ptr::null_mut(), false));
        let iterator = start(&dict, b"^", b"");
        // SAFETY: Just made.
        let iterator = unsafe { Box::from_raw(iterator) };
        assert_eq!(shown(&iterator, true).as_deref(), Some("a"));
        dict.remove(b"b", None);
        assert_eq!(shown(&iterator, true).as_deref(), Some("c"));
        assert_eq!(shown(&iterator, false).as_deref(), Some("a"));
        for (op, key, found) in [
            ("$", "", Some("d")),
            ("=", "c", Some("c")),
            ("==", "b", None),
            (">", "a", Some("c")),
            (">=", "b", Some("c")),
            ("<", "c", Some("a")),
            ("<=", "c", Some("c")),
            ("<", "a", None),
        ] {
            assert_eq!(iterator.seek(op.as_bytes(), key.as_bytes()), OK);
            assert_eq!(shown(&iterator, true).as_deref(), found, "{op} {key}");
        }
        assert_eq!(iterator.seek(b"!", b""), ERR);
    }
}
