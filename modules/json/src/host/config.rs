//! The module's configuration: `json.*` where the module is called `json`, `ReJSON.*` where it is
//! called `ReJSON`. Every value can be changed at run time with CONFIG SET.

use std::ffi::{CStr, c_char, c_int, c_longlong, c_uint, c_void};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use json_store::Settings;
use jsonpath::Dialect;
use redis_module::raw;

use crate::STORE;
use crate::compat::Compat;
use crate::host::guard::{Entry, guarded};

/// Nesting that no setting allows to exceed, and that loading always allows.
pub(crate) const DEPTH_CEILING: usize = 1024;

/// Bytes of text that no setting allows to exceed, and that loading always allows: places in a text
/// are 32 bits.
pub(crate) const LEN_CEILING: usize = u32::MAX as usize;

/// A setting whose value is a number.
struct Numeric {
    name: &'static CStr,
    value: AtomicI64,
    default: i64,
    min: i64,
    max: i64,
    /// Whether it is a size, given and shown as memory (`64mb`).
    is_memory: bool,
}

impl Numeric {
    const fn new(name: &'static CStr, default: i64, min: i64, max: i64) -> Numeric {
        Numeric { name, value: AtomicI64::new(default), default, min, max, is_memory: false }
    }

    const fn memory(name: &'static CStr, default: i64, max: i64) -> Numeric {
        Numeric { name, value: AtomicI64::new(default), default, min: 0, max, is_memory: true }
    }

    fn get(&self) -> u64 {
        u64::try_from(self.value.load(Relaxed)).unwrap_or(0)
    }

    fn len(&self) -> usize {
        usize::try_from(self.get()).unwrap_or(usize::MAX)
    }
}

const GIB: i64 = 1 << 30;
const MIB: i64 = 1 << 20;

/// Idle time after which a document is packed.
static PACK_AFTER_MS: Numeric = Numeric::new(c"pack-after-ms", 2_000, 0, 86_400_000);
/// Texts that may wait for being idle; past it they are packed at once, past twice of it by the
/// writing command itself.
static PACK_BACKLOG: Numeric = Numeric::memory(c"pack-backlog", 256 * MIB, 1 << 40);
/// zstd's level; 0 switches packing off.
static PACK_LEVEL: Numeric = Numeric::new(c"pack-level", 1, 0, 19);
/// Inflated texts kept beside their packed forms.
static WARM_MEMORY: Numeric = Numeric::memory(c"warm-memory", 64 * MIB, 1 << 40);
/// Bytes of a dictionary.
static DICTIONARY_SIZE: Numeric = Numeric::memory(c"dictionary-size", 64 << 10, MIB);
/// Dictionaries that are held at a time.
static DICTIONARIES_MAX: Numeric = Numeric::new(c"dictionaries-max", 64, 0, 256);
/// What they may take, digests included, before no more are trained.
static DICTIONARY_MEMORY: Numeric = Numeric::memory(c"dictionary-memory", 16 * MIB, GIB);
/// Documents that a family must have for a dictionary.
static DICTIONARY_MIN_DOCUMENTS: Numeric =
    Numeric::new(c"dictionary-min-documents", 1_000, 100, i64::MAX);
/// What a dictionary must save, percent of what the documents take.
static DICTIONARY_MIN_GAIN: Numeric = Numeric::new(c"dictionary-min-gain", 10, 0, 90);
/// Containers within each other that a command may make.
static MAX_DEPTH: Numeric = Numeric::new(c"max-depth", 128, 1, DEPTH_CEILING as i64);
/// As `max-depth`, which it replaces when the rules are those of valkey-json; theirs is the name.
static MAX_PATH_LIMIT: Numeric = Numeric::new(c"max-path-limit", 128, 1, DEPTH_CEILING as i64);
/// Bytes of a document's text; 0 for no limit but that of the format.
static MAX_DOCUMENT_SIZE: Numeric =
    Numeric::memory(c"max-document-size", 512 * MIB, LEN_CEILING as i64);
/// Bytes of a path.
static MAX_PATH_LENGTH: Numeric = Numeric::memory(c"max-path-length", 128 << 10, MIB);
/// Nodes that the paths of one command may visit.
static MAX_PATH_VISITS: Numeric = Numeric::new(c"max-path-visits", 50_000_000, 1_000, i64::MAX);
/// Bytes of a reply.
static MAX_REPLY_SIZE: Numeric = Numeric::memory(c"max-reply-size", 512 * MIB, 4 * GIB);

/// Bytes of a text from which on it is validated and inflated by a thread, while its client waits; 0
/// for never.
static OFFLOAD_SIZE: Numeric = Numeric::memory(c"offload-size", MIB, 4 * GIB);

static NUMERICS: [&Numeric; 16] = [
    &PACK_AFTER_MS,
    &PACK_BACKLOG,
    &PACK_LEVEL,
    &WARM_MEMORY,
    &DICTIONARY_SIZE,
    &DICTIONARIES_MAX,
    &DICTIONARY_MEMORY,
    &DICTIONARY_MIN_DOCUMENTS,
    &DICTIONARY_MIN_GAIN,
    &MAX_DEPTH,
    &MAX_PATH_LIMIT,
    &MAX_DOCUMENT_SIZE,
    &MAX_PATH_LENGTH,
    &MAX_PATH_VISITS,
    &MAX_REPLY_SIZE,
    &OFFLOAD_SIZE,
];

/// A setting whose value is one of a few words; the first is the default. Its value is the number
/// of the word.
struct Choice {
    name: &'static CStr,
    words: &'static [&'static CStr],
    value: AtomicI64,
}

impl Choice {
    const fn new(name: &'static CStr, words: &'static [&'static CStr]) -> Choice {
        Choice { name, words, value: AtomicI64::new(0) }
    }
}

/// How documents are written to RDB files and DUMP payloads.
static RDB_FORMAT: Choice = Choice::new(c"rdb-format", &[c"packed", c"portable"]);
/// Whether dictionaries are trained and used.
static DICTIONARIES: Choice = Choice::new(c"dictionaries", &[c"yes", c"no"]);
/// What may be written in a path.
static PATH_DIALECT: Choice = Choice::new(c"path-dialect", &[c"redisjson", c"rfc9535"]);

/// Whose replies, errors and semantics commands have.
static COMPAT: Choice = Choice::new(c"compat", &[c"redisjson", c"valkey-json"]);

static CHOICES: [&Choice; 4] = [&DICTIONARIES, &RDB_FORMAT, &PATH_DIALECT, &COMPAT];

/// How documents are written to RDB files and DUMP payloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RdbFormat {
    /// As packed payloads, which only this module reads.
    Packed,
    /// As JSON text, which RedisJSON and valkey-json read too.
    Portable,
}

pub(crate) fn rdb_format() -> RdbFormat {
    match RDB_FORMAT.value.load(Relaxed) {
        1 => RdbFormat::Portable,
        _ => RdbFormat::Packed,
    }
}

/// The dialect of paths; where none was chosen, that of the module whose commands we have.
pub(crate) fn path_dialect() -> Dialect {
    match (PATH_DIALECT.value.load(Relaxed), compat()) {
        (1, _) => Dialect::Rfc9535,
        (_, Compat::RedisJson) => Dialect::RedisJson,
        (_, Compat::ValkeyJson) => Dialect::ValkeyJson,
    }
}

pub(crate) fn compat() -> Compat {
    match COMPAT.value.load(Relaxed) {
        1 => Compat::ValkeyJson,
        _ => Compat::RedisJson,
    }
}

pub(crate) fn depth_max() -> usize {
    match compat() {
        Compat::RedisJson => MAX_DEPTH.len(),
        Compat::ValkeyJson => MAX_PATH_LIMIT.len(),
    }
}

pub(crate) fn document_len_max() -> usize {
    match MAX_DOCUMENT_SIZE.len() {
        0 => LEN_CEILING,
        len => len,
    }
}

pub(crate) fn path_len_max() -> usize {
    MAX_PATH_LENGTH.len()
}

pub(crate) fn path_visits_max() -> u64 {
    MAX_PATH_VISITS.get()
}

pub(crate) fn reply_len_max() -> usize {
    MAX_REPLY_SIZE.len()
}

/// Whether a text of `len` bytes is for a thread to validate or inflate.
pub(crate) fn is_offloaded(len: usize) -> bool {
    len >= offload_len_min()
}

/// Bytes of a text from which on it is for a thread to validate or inflate.
pub(crate) fn offload_len_min() -> usize {
    match OFFLOAD_SIZE.len() {
        0 => usize::MAX,
        len => len,
    }
}

pub(crate) fn store_settings() -> Settings {
    Settings {
        pack_after_ms: PACK_AFTER_MS.get(),
        backlog_max: PACK_BACKLOG.get(),
        warm_max: WARM_MEMORY.get(),
        level: i32::try_from(PACK_LEVEL.get()).unwrap_or(1),
        packing: PACK_LEVEL.get() != 0,
        dictionaries: DICTIONARIES.value.load(Relaxed) == 0,
        dictionary_len_max: DICTIONARY_SIZE.len(),
        dictionaries_max: DICTIONARIES_MAX.len(),
        dictionary_memory_max: DICTIONARY_MEMORY.get(),
        dictionary_samples_min: DICTIONARY_MIN_DOCUMENTS.len(),
        dictionary_gain_min_percent: DICTIONARY_MIN_GAIN.get(),
    }
}

/// Registers the settings with a host that has them (Redis 7.0 and later, every Valkey). Without
/// one the defaults hold. To be called in `OnLoad`.
pub(super) fn register(ctx: *mut raw::RedisModuleCtx) -> Option<()> {
    let (Some(register_numeric), Some(register_enum), Some(load)) = (
        api!(RedisModule_RegisterNumericConfig),
        api!(RedisModule_RegisterEnumConfig),
        api!(RedisModule_LoadConfigs),
    ) else {
        return Some(());
    };
    for &numeric in &NUMERICS {
        let flags = if numeric.is_memory { raw::REDISMODULE_CONFIG_MEMORY } else { 0 };
        let privdata = std::ptr::from_ref(numeric).cast_mut().cast::<c_void>();
        // SAFETY: `OnLoad` is running; the host copies the name and keeps the pointer to a static,
        // which the callbacks below read only.
        let status = unsafe {
            register_numeric(
                ctx,
                numeric.name.as_ptr(),
                numeric.default,
                flags as c_uint,
                numeric.min,
                numeric.max,
                Some(get_numeric),
                Some(set_numeric),
                None,
                privdata,
            )
        };
        ok(status)?;
    }
    for &choice in &CHOICES {
        let mut names: Vec<*const c_char> = choice.words.iter().map(|word| word.as_ptr()).collect();
        let values: Vec<c_int> = (0..).take(names.len()).collect();
        let privdata = std::ptr::from_ref(choice).cast_mut().cast::<c_void>();
        // SAFETY: `OnLoad` is running; the host copies names and values and keeps the pointer to a
        // static, which the callbacks below read only.
        let status = unsafe {
            register_enum(
                ctx,
                choice.name.as_ptr(),
                0,
                0,
                names.as_mut_ptr(),
                values.as_ptr(),
                names.len() as c_int,
                Some(get_choice),
                Some(set_choice),
                None,
                privdata,
            )
        };
        ok(status)?;
    }
    // SAFETY: `OnLoad` is running, and all settings are registered.
    ok(unsafe { load(ctx) })
}

fn ok(status: c_int) -> Option<()> {
    (status == raw::REDISMODULE_OK as c_int).then_some(())
}

unsafe extern "C" fn get_numeric(_name: *const c_char, privdata: *mut c_void) -> c_longlong {
    // SAFETY: the host gives back the pointer to a `static Numeric` that `register` gave.
    let numeric = unsafe { &*privdata.cast_const().cast::<Numeric>() };
    let value = guarded(Entry::ConfigGet, || numeric.value.load(Relaxed));
    value.unwrap_or_else(|| numeric.value.load(Relaxed))
}

unsafe extern "C" fn set_numeric(
    _name: *const c_char,
    value: c_longlong,
    privdata: *mut c_void,
    error: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the host gives back the pointer to a `static Numeric` that `register` gave.
    let numeric = unsafe { &*privdata.cast_const().cast::<Numeric>() };
    let set = guarded(Entry::ConfigSet, || {
        numeric.value.store(value, Relaxed);
        STORE.set_settings(store_settings());
    });
    // SAFETY: the place for a message is the host's.
    unsafe { outcome(set, error) }
}

unsafe extern "C" fn get_choice(_name: *const c_char, privdata: *mut c_void) -> c_int {
    // SAFETY: the host gives back the pointer to a `static Choice` that `register` gave.
    let choice = unsafe { &*privdata.cast_const().cast::<Choice>() };
    let value = guarded(Entry::ConfigGet, || choice.value.load(Relaxed));
    value.unwrap_or_else(|| choice.value.load(Relaxed)) as c_int
}

unsafe extern "C" fn set_choice(
    _name: *const c_char,
    value: c_int,
    privdata: *mut c_void,
    error: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the host gives back the pointer to a `static Choice` that `register` gave.
    let choice = unsafe { &*privdata.cast_const().cast::<Choice>() };
    let set = guarded(Entry::ConfigSet, || {
        choice.value.store(i64::from(value), Relaxed);
        STORE.set_settings(store_settings());
    });
    // SAFETY: the place for a message is the host's.
    unsafe { outcome(set, error) }
}

/// What a callback of CONFIG SET answers: an error with a message if `set` is not there.
///
/// # Safety
/// `error` is NULL or where the host looks for a message, which it frees.
unsafe fn outcome(set: Option<()>, error: *mut *mut raw::RedisModuleString) -> c_int {
    if set.is_some() {
        return raw::REDISMODULE_OK as c_int;
    }
    if let (Some(create), false) = (api!(RedisModule_CreateString), error.is_null()) {
        let message = "internal error";
        // SAFETY: the host copies `message.len()` bytes; without a context the string is the
        // receiver's, which is the host.
        let message =
            unsafe { create(std::ptr::null_mut(), message.as_ptr().cast(), message.len()) };
        // SAFETY: by the contract.
        unsafe { error.write(message) };
    }
    raw::REDISMODULE_ERR as c_int
}
