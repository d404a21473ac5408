//! Keys: opening, closing, deleting, expiring; what a key handle is.
//!
//! A handle holds the key's *name*, not its value: whatever a function needs is looked up again, so nothing dangles when the
//! value changes under an open handle. Only a module's own value is remembered, because data types ask for it three times
//! in a row; it is as stale as the reference's would be if the key is deleted behind the handle.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::{c_int, c_longlong, c_ulonglong};
use std::ptr;

use byte_string::ByteString;
use engine::hooks::Removal;
use engine::{Engine, Look};
use keyspace::{Entry, Value};
use module_abi::{ERR, Handle, NO_EXPIRE, OK, key_type, module_option, open_key};

use crate::boundary::{api, status};
use crate::context::{Context, Owned};
use crate::current::with_engine;
use crate::module_string::ModuleString;
use crate::registry::Module;

use super::data_type::DataType;
use super::memory::{give_key, give_string};

/// One `RedisModuleKey`.
pub(crate) struct OpenKey {
    /// The context that manages it.
    context: *const Context,
    module: Option<&'static Module>,
    pub(crate) name: ByteString,
    /// The name as a module sees it; made when asked for.
    name_string: OnceCell<Box<ModuleString>>,
    pub(crate) db: usize,
    mode: c_int,
    /// What the key held when it was opened, or was given through this handle since: see [`key_type`].
    kind: Cell<c_int>,
    /// The module value behind it.
    module_value: Cell<Option<(&'static DataType, usize)>>,
    /// The digits of an integer that `StringDMA` shows.
    pub(crate) shown: RefCell<Option<ByteString>>,
}

impl Handle for OpenKey {
    type Opaque = module_abi::Key;
}

impl OpenKey {
    /// Opens the key for a mode of [`open_key`]. `None` when there is nothing to read.
    pub(crate) fn open(
        engine: &mut Engine,
        context: &Context,
        name: ByteString,
        mode: c_int,
    ) -> Option<Box<Self>> {
        let db = context.db.get();
        let no_effects = mode & open_key::NOEFFECTS != 0;
        let look = Look {
            no_touch: no_effects || mode & open_key::NOTOUCH != 0,
            no_stats: no_effects || mode & open_key::NOSTATS != 0,
            no_notify: no_effects || mode & open_key::NONOTIFY != 0,
            no_expire: no_effects || mode & open_key::NOEXPIRE != 0,
        };
        let entry = if mode & open_key::WRITE != 0 {
            if !look.no_expire {
                engine.expire_if_due(db, &name);
            }
            if look.no_touch {
                engine.db(db).find(&name)
            } else {
                engine.find_write(db, &name).map(|entry| &*entry)
            }
        } else {
            engine.find_read_with(db, &name, look)
        };
        if entry.is_none() && mode & open_key::WRITE == 0 {
            return None;
        }
        Some(Box::new(Self::of_entry(entry, context, name, mode)))
    }

    /// A handle of a key whose entry is at hand.
    pub(crate) fn of_entry(
        entry: Option<&Entry>,
        context: &Context,
        name: ByteString,
        mode: c_int,
    ) -> Self {
        let (kind, module_value) = match entry.map(|entry| &entry.value) {
            None => (key_type::EMPTY, None),
            Some(Value::String(_)) => (key_type::STRING, None),
            Some(Value::List(_)) => (key_type::LIST, None),
            Some(Value::Set(_)) => (key_type::SET, None),
            Some(Value::Zset(_)) => (key_type::ZSET, None),
            Some(Value::Hash(_)) => (key_type::HASH, None),
            Some(Value::Module(value)) => (
                key_type::MODULE,
                DataType::of(value.module_type()).map(|kind| (kind, value.address())),
            ),
        };
        Self {
            context,
            module: context.module.get(),
            name,
            name_string: OnceCell::new(),
            db: context.db.get(),
            mode,
            kind: Cell::new(kind),
            module_value: Cell::new(module_value),
            shown: RefCell::new(None),
        }
    }

    /// Closes a handle that `OpenKey` made.
    ///
    /// # Safety
    ///
    /// `this` is such a handle, not closed before, and not used again.
    pub(crate) unsafe fn close(this: *const Self) {
        // SAFETY: A box of `give_key`, by the caller's promise.
        let key = unsafe { Box::from_raw(this.cast_mut()) };
        key.signal();
    }

    /// Tells watchers that the key was opened for writing, unless the module does that itself.
    fn signal(&self) {
        let silent = self
            .module
            .is_some_and(|module| module.has_option(module_option::NO_IMPLICIT_SIGNAL_MODIFIED));
        if self.is_writable() && !silent {
            with_engine(|engine| engine.signal_modified(self.db, &self.name));
        }
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.mode & open_key::WRITE != 0
    }

    pub(crate) fn kind(&self) -> c_int {
        self.kind.get()
    }

    pub(crate) fn module_value(&self) -> Option<(&'static DataType, usize)> {
        self.module_value.get()
    }

    /// Notes what was put under the key through this handle.
    pub(crate) fn now_holds(&self, kind: c_int, module_value: Option<(&'static DataType, usize)>) {
        self.kind.set(kind);
        self.module_value.set(module_value);
        self.shown.take();
    }

    /// The context that opened it, if its memory is managed.
    pub(crate) fn context(&self) -> &Context {
        // SAFETY: The header's contract: a key is closed before its context goes, by hand or by the context.
        unsafe { &*self.context }
    }

    pub(crate) fn name_string(&self) -> &ModuleString {
        self.name_string.get_or_init(|| ModuleString::new(self.name.clone()))
    }

    /// Deletes the value. ERR for a key that was opened for reading.
    fn delete(&self, lazy: bool) -> c_int {
        if !self.is_writable() {
            return ERR;
        }
        with_engine(|engine| engine.remove_with(self.db, &self.name, Removal::Deleted, lazy));
        self.now_holds(key_type::EMPTY, None);
        OK
    }

    /// When the key expires, in milliseconds of Unix time.
    fn expire_at(&self) -> Option<(i64, i64)> {
        with_engine(|engine| {
            let at = engine.db(self.db).expire_of(&self.name)?;
            Some((at, engine.clock.now_ms))
        })
        .flatten()
    }

    fn set_expire_at(&self, at: impl FnOnce(i64) -> Option<i64>) -> c_int {
        if !self.is_writable() || self.kind() == key_type::EMPTY {
            return ERR;
        }
        let set = with_engine(|engine| {
            let at = at(engine.clock.now_ms);
            engine.set_expire(self.db, &self.name, at)
        });
        status(set.unwrap_or(false))
    }
}

api! {
    /// NULL when the key is opened for reading only and is not there.
    fn OpenKey(context: &Context, name: &ModuleString, mode: c_int) -> *mut OpenKey {
        let opened = with_engine(|engine| OpenKey::open(engine, context, name.to_byte_string(), mode)).flatten();
        opened.map_or(ptr::null_mut(), |key| give_key(context, key))
    }

    fn CloseKey(key: *const OpenKey) {
        if key.is_null() {
            return;
        }
        // SAFETY: Not null; made by OpenKey and not closed (rule 1).
        let handle = unsafe { &*key };
        handle.context().disown(Owned::Key(key));
        // SAFETY: The same; the module does not use it again.
        unsafe { OpenKey::close(key) }
    }

    fn KeyType(key: Option<&OpenKey>) -> c_int {
        key.map_or(key_type::EMPTY, OpenKey::kind)
    }

    /// Bytes of a string, elements of a collection; 0 for the others.
    fn ValueLength(key: Option<&OpenKey>) -> usize {
        let Some(key) = key else { return 0 };
        with_engine(|engine| match engine.db(key.db).find(&key.name).map(|entry| &entry.value) {
            Some(Value::String(string)) => string.len(),
            Some(Value::List(list)) => list.len(),
            Some(Value::Set(set)) => set.len(),
            Some(Value::Zset(zset)) => zset.len(),
            Some(Value::Hash(hash)) => hash.len(),
            Some(Value::Module(_)) | None => 0,
        })
        .unwrap_or(0)
    }

    fn DeleteKey(key: &OpenKey) -> c_int {
        key.delete(false)
    }

    /// As DeleteKey, but a large value is freed in the background.
    fn UnlinkKey(key: &OpenKey) -> c_int {
        key.delete(true)
    }

    /// Milliseconds to live, or [`NO_EXPIRE`].
    fn GetExpire(key: &OpenKey) -> c_longlong {
        key.expire_at().map_or(NO_EXPIRE, |(at, now)| at.saturating_sub(now).max(0))
    }

    fn SetExpire(key: &OpenKey, ttl_ms: c_longlong) -> c_int {
        if ttl_ms < 0 && ttl_ms != NO_EXPIRE {
            return ERR;
        }
        key.set_expire_at(|now| (ttl_ms != NO_EXPIRE).then(|| now.saturating_add(ttl_ms)))
    }

    /// Milliseconds of Unix time, or [`NO_EXPIRE`].
    fn GetAbsExpire(key: &OpenKey) -> c_longlong {
        key.expire_at().map_or(NO_EXPIRE, |(at, _)| at)
    }

    fn SetAbsExpire(key: &OpenKey, at_ms: c_longlong) -> c_int {
        if at_ms < 0 && at_ms != NO_EXPIRE {
            return ERR;
        }
        key.set_expire_at(|_| (at_ms != NO_EXPIRE).then_some(at_ms))
    }

    /// Does not count as a use of the key.
    fn KeyExists(context: &Context, name: &ModuleString) -> c_int {
        let look = Look { no_touch: true, ..Look::default() };
        let name = name.to_byte_string();
        let found = with_engine(|engine| engine.find_read_with(context.db.get(), &name, look).is_some());
        c_int::from(found.unwrap_or(false))
    }

    fn GetSelectedDb(context: &Context) -> c_int {
        c_int::try_from(context.db.get()).unwrap_or(c_int::MAX)
    }

    /// In a command, selects for the client too.
    fn SelectDb(context: &Context, db: c_int) -> c_int {
        let Ok(db) = usize::try_from(db) else { return ERR };
        let selected = with_engine(|engine| {
            if db >= engine.keyspace.len() {
                return false;
            }
            context.db.set(db);
            if let Some(client) = context.client.get().and_then(|id| engine.clients.get_mut(id)) {
                client.db = db;
            }
            true
        });
        status(selected.unwrap_or(false))
    }

    fn DbSize(context: &Context) -> c_ulonglong {
        with_engine(|engine| engine.db(context.db.get()).len() as c_ulonglong).unwrap_or(0)
    }

    /// NULL when the database is empty.
    fn RandomKey(context: &Context) -> *mut ModuleString {
        let name = with_engine(|engine| random_key(engine, context.db.get())).flatten();
        name.map_or(ptr::null_mut(), |name| give_string(Some(context), name))
    }

    /// Empties all databases; nothing of it is propagated.
    fn ResetDataset(_restart_aof: c_int, background: c_int) {
        with_engine(|engine| {
            engine.flush(None, background != 0);
        });
    }

    fn SignalModifiedKey(context: &Context, name: &ModuleString) -> c_int {
        let name = name.to_byte_string();
        with_engine(|engine| engine.signal_modified(context.db.get(), &name));
        OK
    }

    fn GetKeyNameFromModuleKey(key: Option<&OpenKey>) -> *const ModuleString {
        key.map_or(ptr::null(), |key| ptr::from_ref(key.name_string()))
    }

    fn GetDbIdFromModuleKey(key: Option<&OpenKey>) -> c_int {
        key.map_or(-1, |key| c_int::try_from(key.db).unwrap_or(-1))
    }

    fn GetOpenKeyModesAll() -> c_int {
        open_key::ALL
    }
}

/// A key at random that has not expired.
fn random_key(engine: &mut Engine, db: usize) -> Option<ByteString> {
    const TRIES_MAX: u32 = 100;
    for _ in 0..TRIES_MAX {
        let name = engine.keyspace.db(db).random(&mut engine.rng)?.key();
        let name = ByteString::from(name);
        if !engine.expire_if_due(db, &name) {
            return Some(name);
        }
    }
    None
}
