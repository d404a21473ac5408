//! Scanning the keyspace, and the fields of a hash.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;

use byte_string::ByteString;
use keyspace::Value;
use module_abi::{ERR, Handle, OK, ScanFn, ScanKeyFn, open_key};

use crate::boundary::{api, set_errno};
use crate::context::Context;
use crate::current::{enter, with_engine};
use crate::module_string::ModuleString;

use super::keys::OpenKey;

/// One `RedisModuleScanCursor`.
#[derive(Default)]
pub(crate) struct ScanCursor {
    cursor: Cell<u64>,
    done: Cell<bool>,
}

impl Handle for ScanCursor {
    type Opaque = module_abi::ScanCursor;
}

/// Calls back with a string that lives for the call; the module may retain it.
fn with_string<R>(bytes: ByteString, call: impl FnOnce(*mut ModuleString) -> R) -> R {
    let string = ModuleString::give(bytes);
    let result = call(string);
    // SAFETY: Our count of the string, given up.
    unsafe { ModuleString::release(string) };
    result
}

api! {
    fn ScanCursorCreate() -> *mut ScanCursor {
        Box::into_raw(Box::default())
    }

    fn ScanCursorRestart(cursor: &ScanCursor) {
        cursor.cursor.set(0);
        cursor.done.set(false);
    }

    fn ScanCursorDestroy(cursor: *mut ScanCursor) {
        if !cursor.is_null() {
            // SAFETY: Made by ScanCursorCreate (rule 1), and not used again.
            drop(unsafe { Box::from_raw(cursor) });
        }
    }

    /// One step: 1 when there is more, 0 at the end (errno ENOENT when it was over before).
    fn Scan(context: &Context, cursor: &ScanCursor, callback: ScanFn, data: *mut c_void) -> c_int {
        if cursor.done.get() {
            set_errno(libc::ENOENT);
            return 0;
        }
        let Some(callback) = callback else {
            set_errno(libc::EINVAL);
            return 0;
        };
        let db = context.db.get();
        let mut names: Vec<ByteString> = Vec::new();
        let next = with_engine(|engine| {
            let next = engine.db(db).scan(cursor.cursor.get(), |entry| names.push(ByteString::from(entry.key())));
            for name in names.drain(..) {
                // An earlier callback may have deleted the key.
                let Some(entry) = engine.db(db).find(&name) else { continue };
                let key = OpenKey::of_entry(Some(entry), context, name.clone(), open_key::READ);
                let context = ptr::from_ref(context).cast_mut().cast();
                let handle = ptr::from_ref(&key).cast_mut().cast();
                with_string(name, |name| {
                    // SAFETY: The module's callback, with a string and a key that live for the call.
                    enter(engine, || unsafe { callback(context, name.cast(), handle, data) });
                });
            }
            next
        });
        let next = next.unwrap_or(0);
        cursor.cursor.set(next);
        cursor.done.set(next == 0);
        set_errno(0);
        c_int::from(next != 0)
    }

    /// One step over the fields of a hash or the members of a set; errno EINVAL for a key of another type.
    fn ScanKey(key: Option<&OpenKey>, cursor: &ScanCursor, callback: ScanKeyFn, data: *mut c_void) -> c_int {
        let (Some(key), Some(callback)) = (key, callback) else {
            set_errno(libc::EINVAL);
            return 0;
        };
        if cursor.done.get() {
            set_errno(libc::ENOENT);
            return 0;
        }
        let step = with_engine(|engine| {
            let mut found = Vec::new();
            let at = cursor.cursor.get();
            let next = match engine.db(key.db).find(&key.name).map(|entry| &entry.value) {
                Some(Value::Hash(fields)) => fields.scan(at, |name, value| {
                    found.push((name.to_byte_string(), Some(value.to_byte_string())));
                }),
                Some(Value::Set(members)) => {
                    members.scan(at, |member| found.push((member.to_byte_string(), None)))
                }
                _ => return None,
            };
            let handle = ptr::from_ref(key).cast_mut().cast();
            for (name, value) in found {
                with_string(name, |name| match value {
                    Some(value) => with_string(value, |value| {
                        // SAFETY: The module's callback, with strings that live for the call.
                        enter(engine, || unsafe { callback(handle, name.cast(), value.cast(), data) });
                    }),
                    None => {
                        // SAFETY: The module's callback, with a string that lives for the call; a member has no value.
                        enter(engine, || unsafe { callback(handle, name.cast(), ptr::null_mut(), data) });
                    }
                });
            }
            Some(next)
        });
        let Some(next) = step.flatten() else {
            set_errno(libc::EINVAL);
            return 0;
        };
        cursor.cursor.set(next);
        cursor.done.set(next == 0);
        set_errno(0);
        c_int::from(next != 0)
    }

    /// Sets how long ago a key was used last; ERR under a policy that counts frequency.
    fn SetLRU(key: &OpenKey, idle_ms: i64) -> c_int {
        let Ok(idle) = u64::try_from(idle_ms) else { return ERR };
        let done = with_engine(|engine| {
            if engine.config.maxmemory_policy.is_lfu() {
                return false;
            }
            let mark = keyspace::lru_stamp(engine.clock.now_ms.saturating_sub_unsigned(idle));
            engine.db_mut(key.db).find_mut(&key.name).map(|entry| entry.access = mark).is_some()
        });
        crate::boundary::status(done.unwrap_or(false))
    }

    /// Milliseconds since the last use; -1 under a policy that counts frequency.
    fn GetLRU(key: &OpenKey, idle_ms: Option<&mut std::mem::MaybeUninit<i64>>) -> c_int {
        let Some(idle_ms) = idle_ms else { return ERR };
        idle_ms.write(-1);
        let found = with_engine(|engine| {
            let entry = engine.db(key.db).find(&key.name)?;
            (!engine.config.maxmemory_policy.is_lfu()).then(|| keyspace::idle_ms(entry.access, engine.clock.now_ms))
        });
        let Some(idle) = found.flatten() else { return ERR };
        idle_ms.write(idle.cast_signed());
        OK
    }

    /// Sets the frequency counter; ERR under a policy that keeps the time of use.
    fn SetLFU(key: &OpenKey, frequency: i64) -> c_int {
        let Ok(counter) = u8::try_from(frequency) else { return ERR };
        let done = with_engine(|engine| {
            if !engine.config.maxmemory_policy.is_lfu() {
                return false;
            }
            let mark = keyspace::lfu_mark(counter, engine.clock.now_ms);
            engine.db_mut(key.db).find_mut(&key.name).map(|entry| entry.access = mark).is_some()
        });
        crate::boundary::status(done.unwrap_or(false))
    }

    /// The frequency counter; -1 under a policy that keeps the time of use.
    fn GetLFU(key: &OpenKey, frequency: Option<&mut std::mem::MaybeUninit<i64>>) -> c_int {
        let Some(frequency) = frequency else { return ERR };
        frequency.write(-1);
        let found = with_engine(|engine| {
            let entry = engine.db(key.db).find(&key.name)?;
            let settings = engine.config.lfu();
            engine.config.maxmemory_policy.is_lfu().then(|| keyspace::lfu_counter(entry.access, engine.clock.now_ms, settings))
        });
        let Some(counter) = found.flatten() else { return ERR };
        frequency.write(i64::from(counter));
        OK
    }
}
