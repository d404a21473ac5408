//! The whole keyspace to an RDB stream and back. The server owns the files; this walks the keys.
//!
//! A module's save and load callbacks may call back into the engine, so the walk holds no borrow of a database while
//! one runs: keys of module values are gathered a bucket at a time, and each is looked up again for its turn.

use std::io::{self, Read, Write};
use std::time::Duration;

use byte_string::ByteString;
use keyspace::{Entry, Ttl, Value};
use rdb::{Checksum, Item, KeyMeta, LoadOptions, Reader, SaveOptions, Writer, Written};

use crate::engine::Engine;
use crate::error::Error;
use crate::hooks::{Loading, ModuleRef, Persistence, ServerEvent};
use crate::notify::class;

/// Why saving stopped.
#[derive(Debug)]
pub enum SaveError {
    Io(io::Error),
    /// A module refused to save a value.
    Module(Error),
}

impl From<io::Error> for SaveError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl std::fmt::Display for SaveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Module(error) => write!(f, "{error}"),
        }
    }
}

/// Why loading stopped.
#[derive(Debug)]
pub enum LoadError {
    /// The stream is not what an RDB stream is.
    Rdb(rdb::Error),
    /// A database number beyond `databases`.
    NoSuchDatabase(u64),
    /// The same key twice in one database.
    DuplicateKey(ByteString),
    /// A value or auxiliary data that a module refused, or whose module is not loaded: the reason.
    Module(String),
    /// A library of functions, which this server cannot keep.
    Function,
}

impl From<rdb::Error> for LoadError {
    fn from(error: rdb::Error) -> Self {
        Self::Rdb(error)
    }
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rdb(error) => write!(f, "{error}"),
            Self::NoSuchDatabase(_) => f.write_str(
                "FATAL: Data file was created with a server configured to handle more databases than 'databases'",
            ),
            Self::DuplicateKey(key) => {
                write!(f, "RDB has duplicated key '{}'", crate::printable(key, 64))
            }
            Self::Module(reason) => f.write_str(reason),
            Self::Function => f.write_str("the file contains functions, which this server does not support yet"),
        }
    }
}

/// What was saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Saved {
    pub keys: u64,
    pub bytes: u64,
}

/// What was loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loaded {
    pub keys: u64,
    /// Keys left out because their time to live was over.
    pub expired: u64,
    /// Keys left out because their collection had no elements.
    pub empty: u64,
    pub checksum_verified: bool,
}

/// Saves every database as an RDB file. Modules hear of its beginning and end in the process that saves, as Valkey
/// tells them.
pub fn save(engine: &mut Engine, output: impl Write) -> Result<Saved, SaveError> {
    (engine.modules.server_event)(engine, &ServerEvent::Persistence(Persistence::RdbStart));
    let saved = save_all(engine, output);
    let event = if saved.is_ok() { Persistence::Ended } else { Persistence::Failed };
    (engine.modules.server_event)(engine, &ServerEvent::Persistence(event));
    saved
}

fn save_all(engine: &mut Engine, output: impl Write) -> Result<Saved, SaveError> {
    let options = SaveOptions {
        compress: engine.config.rdbcompression,
        checksum: engine.config.rdbchecksum,
        ..SaveOptions::default()
    };
    let mut writer = Writer::new(output, options);
    writer.header()?;
    writer.aux(b"valkey-ver", crate::VALKEY_VERSION.as_bytes())?;
    writer.aux_integer(b"redis-bits", i64::from(usize::BITS))?;
    writer.aux_integer(b"ctime", engine.clock.now_ms / 1000)?;
    writer.aux_integer(b"used-mem", (engine.server.used_memory)() as i64)?;
    writer.aux_integer(b"aof-base", 0)?;
    (engine.modules.aux_save)(engine, true, &mut writer)?;
    let mut saved = Saved::default();
    for db in 0..engine.keyspace.len() {
        let database = engine.keyspace.db(db);
        if database.is_empty() {
            continue;
        }
        writer.select_db(db as u64)?;
        writer.resize_db(database.len() as u64, database.expires_len() as u64)?;
        saved.keys += save_database(engine, db, &mut writer)?;
    }
    (engine.modules.aux_save)(engine, false, &mut writer)?;
    saved.bytes = writer.offset();
    writer.finish()?;
    Ok(saved)
}

fn save_database(
    engine: &mut Engine,
    db: usize,
    writer: &mut Writer<'_>,
) -> Result<u64, SaveError> {
    let mut keys = 0;
    let mut cursor = 0;
    let mut of_modules: Vec<ByteString> = Vec::new();
    // For tests that must find a save under way.
    let delay_us = u64::try_from(engine.config.rdb_key_save_delay).unwrap_or(0);
    loop {
        let before = keys;
        let mut failed = None;
        let policy = Marks::of(engine);
        cursor = engine.keyspace.db(db).scan(cursor, |entry| {
            if matches!(entry.value, Value::Module(_)) {
                of_modules.push(entry.key_string());
            } else if failed.is_none() {
                keys += 1;
                failed = writer.entry(entry.key(), policy.meta(entry), &entry.value).err();
            }
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        for key in of_modules.drain(..) {
            let Some(entry) = engine.keyspace.db(db).find(&key) else { continue };
            let Value::Module(value) = &entry.value else { continue };
            let value = ModuleRef::of(value);
            if writer.entry(&key, policy.meta(entry), &entry.value)? == Written::UpToModulePayload {
                (engine.modules.save_value)(engine, &value, &key, db, &mut writer.module_writer())
                    .map_err(SaveError::Module)?;
                writer.end_module()?;
            }
            keys += 1;
        }
        if delay_us > 0 {
            std::thread::sleep(Duration::from_micros(delay_us.saturating_mul(keys - before)));
        }
        if cursor == 0 {
            return Ok(keys);
        }
    }
}

/// How idle time or frequency goes into the file under the policy in force.
#[derive(Clone, Copy)]
struct Marks {
    lru: bool,
    lfu: bool,
    now_ms: i64,
    settings: keyspace::LfuSettings,
}

impl Marks {
    fn of(engine: &Engine) -> Self {
        let policy = engine.config.maxmemory_policy;
        Self {
            lru: policy.is_lru(),
            lfu: policy.is_lfu(),
            now_ms: engine.clock.now_ms,
            settings: engine.config.lfu(),
        }
    }

    fn meta(&self, entry: &Entry) -> KeyMeta {
        KeyMeta {
            expire_at_ms: entry.has_expiry().then(|| entry.expire_at_ms()),
            idle_secs: self.lru.then(|| u64::from(keyspace::idle_secs(entry.access, self.now_ms))),
            freq: self.lfu.then(|| keyspace::lfu_counter(entry.access, self.now_ms, self.settings)),
        }
    }
}

/// Loads an RDB stream into the keyspace, beside what is there. `progress` is called now and then with the bytes read
/// so far, and may let events happen. On an error, what was loaded before it stays.
pub fn load(
    engine: &mut Engine,
    input: impl Read,
    progress: &mut dyn FnMut(&mut Engine, u64),
) -> Result<Loaded, LoadError> {
    let was_loading = std::mem::replace(&mut engine.loading, true);
    (engine.modules.server_event)(engine, &ServerEvent::Loading(Loading::RdbStart));
    let loaded = load_all(engine, input, progress);
    let event = if loaded.is_ok() { Loading::Ended } else { Loading::Failed };
    engine.loading = was_loading;
    (engine.modules.server_event)(engine, &ServerEvent::Loading(event));
    loaded
}

/// Keys between two calls of `progress`.
const PROGRESS_KEYS: u64 = 1024;

fn load_all(
    engine: &mut Engine,
    input: impl Read,
    progress: &mut dyn FnMut(&mut Engine, u64),
) -> Result<Loaded, LoadError> {
    let options = engine.rdb_options();
    let mut reader = Reader::new(input, options)?;
    let mut loaded = Loaded::default();
    let mut db = 0;
    loop {
        match reader.next()? {
            Item::Aux { .. } | Item::ResizeDb { .. } => {}
            Item::SelectDb(number) => {
                db = usize::try_from(number)
                    .ok()
                    .filter(|&db| db < engine.keyspace.len())
                    .ok_or(LoadError::NoSuchDatabase(number))?;
            }
            Item::Function(_) => return Err(LoadError::Function),
            Item::ModuleAux { type_id, when } => {
                (engine.modules.aux_load)(engine, type_id, when == 1, &mut reader.module_reader())
                    .map_err(|error| LoadError::Module(error.to_string()))?;
                reader.end_module()?;
            }
            Item::Entry { key, meta, value } => {
                place(engine, db, key, meta, value, &mut loaded)?;
            }
            Item::ModuleEntry { key, meta, type_id } => {
                let value = (engine.modules.load_value)(
                    engine,
                    type_id,
                    Some(&key),
                    db,
                    &mut reader.module_reader(),
                );
                match value {
                    Ok(value) => {
                        reader.end_module()?;
                        place(engine, db, key, meta, Value::Module(value), &mut loaded)?;
                    }
                    Err(error) => {
                        // A broken stream is the better explanation of a value that a module refused. One that
                        // nobody knows was not read at all.
                        reader.skip_module_payload()?;
                        return Err(LoadError::Module(error.to_string()));
                    }
                }
            }
            Item::EmptyEntry { .. } => loaded.empty += 1,
            Item::Eof { checksum } => {
                loaded.checksum_verified = checksum == Checksum::Verified;
                return Ok(loaded);
            }
        }
        if (loaded.keys + loaded.expired).is_multiple_of(PROGRESS_KEYS) {
            progress(engine, reader.offset());
        }
    }
}

/// Puts a loaded key in its place, unless its time is over.
fn place(
    engine: &mut Engine,
    db: usize,
    key: ByteString,
    meta: KeyMeta,
    value: Value,
    loaded: &mut Loaded,
) -> Result<(), LoadError> {
    if meta.expire_at_ms.is_some_and(|at| at < engine.clock.now_ms) {
        engine.free_value(Some(&key), db, value, false);
        loaded.expired += 1;
        return Ok(());
    }
    if engine.keyspace.db(db).contains(&key) {
        engine.free_value(Some(&key), db, value, false);
        return Err(LoadError::DuplicateKey(key));
    }
    let mark = engine.mark_of(meta);
    let old = engine.keyspace.db_mut(db).insert(&key, value, Ttl::Clear, mark);
    debug_assert!(old.is_none(), "the key was looked up a moment ago");
    if meta.expire_at_ms.is_some() {
        engine.keyspace.db_mut(db).set_expire(&key, meta.expire_at_ms);
    }
    loaded.keys += 1;
    if engine.modules.notify.is_some() {
        engine.notify(class::LOADED, "loaded", &key, db);
    }
    Ok(())
}

impl Engine {
    /// DUMP: a key's value as a payload that RESTORE takes; `None` when there is no such key.
    pub fn dump(&mut self, db: usize, key: &ByteString) -> Result<Option<Vec<u8>>, Error> {
        let options =
            SaveOptions { compress: self.config.rdbcompression, ..SaveOptions::default() };
        let Some(entry) = self.keyspace.db(db).find(key) else { return Ok(None) };
        let not_written = |error: io::Error| Error::owned(format!("ERR {error}"));
        let Value::Module(value) = &entry.value else {
            return rdb::dump(&entry.value, options, |_| {}).map(Some).map_err(not_written);
        };
        let value = ModuleRef::of(value);
        let mut saved = Ok(());
        let payload = rdb::dump_module(value.module_type.id(), options, |writer| {
            saved = (self.modules.save_value)(self, &value, key, db, writer);
        });
        saved?;
        payload.map(Some).map_err(not_written)
    }

    /// The value of a DUMP payload: RESTORE's first half. `None` when the payload is broken or its module refuses it.
    pub fn undump(&mut self, db: usize, key: &ByteString, body: &[u8]) -> Option<Value> {
        let mut reader = Reader::of_dump(body, self.rdb_options());
        match reader.dumped().ok()? {
            rdb::Dumped::Value(value) => Some(value),
            rdb::Dumped::Module { type_id } => {
                let value = (self.modules.load_value)(
                    self,
                    type_id,
                    Some(key),
                    db,
                    &mut reader.module_reader(),
                )
                .ok()?;
                let value = Value::Module(value);
                if reader.end_module().is_ok() && reader.end_dump().is_ok() {
                    return Some(value);
                }
                self.free_value(Some(key), db, value, false);
                None
            }
        }
    }

    /// What reading RDB bytes depends on.
    pub fn rdb_options(&self) -> LoadOptions {
        LoadOptions {
            limits: self.limits(),
            string_len_max: usize::try_from(self.config.proto_max_bulk_len).unwrap_or(usize::MAX),
            verify_checksum: self.config.rdbchecksum,
        }
    }

    /// Up to where collections stay compact.
    pub fn limits(&self) -> keyspace::Limits {
        let config = &self.config;
        let size = |limit: i64| usize::try_from(limit).unwrap_or(0);
        keyspace::Limits {
            hash: keyspace::HashLimits {
                entries: config.hash_max_listpack_entries,
                value_len: config.hash_max_listpack_value,
            },
            list: keyspace::ListLimits { fill: config.list_max_listpack_size },
            set: keyspace::SetLimits {
                integers: size(config.set_max_intset_entries),
                entries: size(config.set_max_listpack_entries),
                value_len: size(config.set_max_listpack_value),
            },
            zset: keyspace::ZsetLimits {
                entries: size(config.zset_max_listpack_entries),
                value_len: size(config.zset_max_listpack_value),
            },
        }
    }

    /// The mark of use of a key that comes with its idle time or frequency.
    pub fn mark_of(&self, meta: KeyMeta) -> u32 {
        let now_ms = self.clock.now_ms;
        match (meta.freq, meta.idle_secs) {
            (Some(freq), _) if self.config.maxmemory_policy.is_lfu() => {
                keyspace::lfu_mark(freq, now_ms)
            }
            (_, Some(secs)) if !self.config.maxmemory_policy.is_lfu() => {
                let secs = i64::try_from(secs).unwrap_or(i64::MAX / 1000).min(now_ms / 1000);
                keyspace::lru_stamp(now_ms - secs * 1000)
            }
            _ => self.first_mark(),
        }
    }
}
