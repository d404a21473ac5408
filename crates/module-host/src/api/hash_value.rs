//! Hash values behind a key handle: the two variadic functions, as `variadic.c` hands them on.

use std::ffi::{c_int, c_void};
use std::ptr;

use byte_string::ByteString;
use engine::Engine;
use engine::hooks::Removal;
use keyspace::{HashValue, Value};
use module_abi::{ERR, OK, hash, key_type};

use crate::boundary::{PanicGuard, set_errno};
use crate::current::with_engine;
use crate::module_string::ModuleString;

use super::keys::OpenKey;
use super::memory::give_string;
use super::passed::{PassedArg, passed};

/// What HashSet does with one field.
enum Change {
    Set(ByteString, ByteString),
    Delete(ByteString),
}

/// A pair of the list: the field's name, and the pointer after it.
fn pairs<'a>(args: &'a [PassedArg]) -> impl Iterator<Item = (ByteString, *const c_void)> + 'a {
    args.chunks_exact(2).map(|pair| (pair[0].to_byte_string(), pair[1].pointer()))
}

/// Makes the changes; the number of fields that count as changed.
fn apply(engine: &mut Engine, key: &OpenKey, flags: c_int, changes: Vec<Change>) -> c_int {
    let limits = engine.limits().hash;
    if engine.db(key.db).find(&key.name).is_none() {
        engine.put(key.db, &key.name, Value::Hash(HashValue::new()), false);
        key.now_holds(key_type::HASH, None);
    }
    let Some(entry) = engine.db_mut(key.db).find_mut(&key.name) else { return 0 };
    let Value::Hash(fields) = &mut entry.value else { return 0 };
    let mut count = 0;
    for change in changes {
        let (Change::Set(name, _) | Change::Delete(name)) = &change;
        let exists = fields.contains(name);
        if flags & hash::XX != 0 && !exists || flags & hash::NX != 0 && exists {
            continue;
        }
        match change {
            Change::Set(name, value) => {
                let is_new = fields.set(&name, &value, limits);
                count += c_int::from(!is_new || flags & hash::COUNT_ALL != 0);
            }
            Change::Delete(name) => count += c_int::from(fields.remove(&name)),
        }
    }
    if fields.is_empty() {
        engine.remove_with(key.db, &key.name, Removal::Deleted, false);
        key.now_holds(key_type::EMPTY, None);
    }
    count
}

/// `HashSet`. The number of fields changed; errno says why it is 0.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_hash_set(
    key: Option<&OpenKey>,
    flags: c_int,
    args: *const PassedArg,
    count: usize,
) -> c_int {
    let _guard = PanicGuard("HashSet");
    let known = hash::NX | hash::XX | hash::CFIELDS | hash::COUNT_ALL;
    let Some(key) = key.filter(|_| flags & !known == 0) else {
        set_errno(libc::EINVAL);
        return 0;
    };
    if !matches!(key.kind(), key_type::EMPTY | key_type::HASH) {
        set_errno(libc::ENOTSUP);
        return 0;
    }
    if !key.is_writable() {
        set_errno(libc::EBADF);
        return 0;
    }
    // SAFETY: The shim passes its own list.
    let args = unsafe { passed(args, count) };
    let changes = pairs(args)
        .map(|(name, value)| {
            if value.addr() == hash::DELETE {
                return Change::Delete(name);
            }
            // SAFETY: By the header, the value of a pair is a string when it is not the mark for deletion.
            match unsafe { value.cast::<ModuleString>().as_ref() } {
                Some(value) => Change::Set(name, value.to_byte_string()),
                None => Change::Set(name, ByteString::new()),
            }
        })
        .collect();
    let changed = with_engine(|engine| apply(engine, key, flags, changes)).unwrap_or(0);
    if changed == 0 {
        set_errno(libc::ENOENT);
    }
    changed
}

/// `HashGet`: writes a string, or with EXISTS a number, to each pair's place.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_hash_get(
    key: Option<&OpenKey>,
    flags: c_int,
    args: *const PassedArg,
    count: usize,
) -> c_int {
    let _guard = PanicGuard("HashGet");
    let Some(key) = key.filter(|key| matches!(key.kind(), key_type::EMPTY | key_type::HASH)) else {
        return ERR;
    };
    // SAFETY: The shim passes its own list.
    let args = unsafe { passed(args, count) };
    for (name, place) in pairs(args) {
        let found = with_engine(|engine| {
            let Some(Value::Hash(fields)) =
                engine.db(key.db).find(&key.name).map(|entry| &entry.value)
            else {
                return None;
            };
            fields.get(&name).map(|value| value.to_byte_string())
        })
        .flatten();
        if place.is_null() {
            continue;
        }
        if flags & hash::EXISTS != 0 {
            // SAFETY: Rule 4; with this flag the place is an int's.
            unsafe { place.cast_mut().cast::<c_int>().write(c_int::from(found.is_some())) };
            continue;
        }
        let string = found.map_or(ptr::null_mut(), |value| give_string(Some(key.context()), value));
        // SAFETY: Rule 4; without the flag the place is a string pointer's.
        unsafe { place.cast_mut().cast::<*mut ModuleString>().write(string) };
    }
    OK
}
