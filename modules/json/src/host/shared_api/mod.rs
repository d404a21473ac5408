//! The functions that this module offers to other modules by name: `RedisJSON_V1` to
//! `RedisJSON_V9`, for which RediSearch looks, and `JSON_GetValue`, for which valkey-search looks.
//!
//! All names `RedisJSON_V…` give one table that later versions only append to. What is known of
//! it, and what this file was made from, is its description in words: the functions in their order,
//! what they take and give, how long that lives. The C types are derived from that: documents,
//! iterators and paths are opaque pointers; numbers come as `long long`, `double`, `size_t` and
//! `int`; functions that can fail answer `REDISMODULE_OK` or `REDISMODULE_ERR`, those that make
//! something answer NULL.
//!
//! # What belongs to whom
//!
//! | | lives |
//! |---|---|
//! | values ([`RedisJson`]), strings of `getString`, buffers of `getArray` | while the key is not modified, and at least until the caller gives the host's lock back |
//! | iterators, paths, values of `allocJson` | until the caller frees them |
//! | strings of the host | they are the caller's |
//!
//! A value is no pointer into a document, since documents here are texts and often packed. It is a
//! number: that of an opening, and of a value in it; see [`open`]. One that is kept too long is
//! refused, not followed.
//!
//! # Threads
//!
//! The caller holds the host's lock, as for everything else that looks into keys.

mod get_value;
mod iterators;
mod open;
mod paths;
mod values;

use std::ffi::{CStr, c_char, c_double, c_int, c_longlong, c_void};

use redis_module::raw::{
    REDISMODULE_ERR, REDISMODULE_OK, RedisModuleCtx, RedisModuleKey, RedisModuleString,
};

pub(super) use open::tick;

const OK: c_int = REDISMODULE_OK as c_int;
const ERR: c_int = REDISMODULE_ERR as c_int;

/// A value of a document. NULL is none.
type RedisJson = *const c_void;
/// Where a value can be put that the caller owns: `allocJson` makes it.
type RedisJsonPtr = *mut RedisJson;
/// Values that a path selected.
type ResultsIterator = *const c_void;
/// Members of an object.
type KeyValuesIterator = *const c_void;
/// A parsed path.
type JsonPath = *const c_void;

/// The table, in the order of the versions.
#[repr(C)]
struct RedisJsonApi {
    // 1
    open_key: unsafe extern "C" fn(*mut RedisModuleCtx, *mut RedisModuleString) -> RedisJson,
    open_key_from_str: unsafe extern "C" fn(*mut RedisModuleCtx, *const c_char) -> RedisJson,
    get: unsafe extern "C" fn(RedisJson, *const c_char) -> ResultsIterator,
    next: unsafe extern "C" fn(ResultsIterator) -> RedisJson,
    len: unsafe extern "C" fn(ResultsIterator) -> usize,
    free_iter: unsafe extern "C" fn(ResultsIterator),
    get_len: unsafe extern "C" fn(RedisJson, *mut usize) -> c_int,
    get_type: unsafe extern "C" fn(RedisJson) -> c_int,
    get_int: unsafe extern "C" fn(RedisJson, *mut c_longlong) -> c_int,
    get_double: unsafe extern "C" fn(RedisJson, *mut c_double) -> c_int,
    get_boolean: unsafe extern "C" fn(RedisJson, *mut c_int) -> c_int,
    get_string: unsafe extern "C" fn(RedisJson, *mut *const c_char, *mut usize) -> c_int,
    get_json:
        unsafe extern "C" fn(RedisJson, *mut RedisModuleCtx, *mut *mut RedisModuleString) -> c_int,
    is_json: unsafe extern "C" fn(*mut RedisModuleKey) -> c_int,
    // 2
    path_parse: unsafe extern "C" fn(
        *const c_char,
        *mut RedisModuleCtx,
        *mut *mut RedisModuleString,
    ) -> JsonPath,
    path_free: unsafe extern "C" fn(JsonPath),
    path_is_single: unsafe extern "C" fn(JsonPath) -> c_int,
    path_has_defined_order: unsafe extern "C" fn(JsonPath) -> c_int,
    // 3
    get_json_from_iter: unsafe extern "C" fn(
        ResultsIterator,
        *mut RedisModuleCtx,
        *mut *mut RedisModuleString,
    ) -> c_int,
    reset_iter: unsafe extern "C" fn(ResultsIterator),
    // 4
    get_key_values: unsafe extern "C" fn(RedisJson) -> KeyValuesIterator,
    free_key_values_iter: unsafe extern "C" fn(KeyValuesIterator),
    // 5
    open_key_with_flags:
        unsafe extern "C" fn(*mut RedisModuleCtx, *mut RedisModuleString, c_int) -> RedisJson,
    // 6
    alloc_json: unsafe extern "C" fn() -> RedisJsonPtr,
    get_at: unsafe extern "C" fn(RedisJson, usize, RedisJsonPtr) -> c_int,
    next_key_value:
        unsafe extern "C" fn(KeyValuesIterator, *mut *mut RedisModuleString, RedisJsonPtr) -> c_int,
    free_json: unsafe extern "C" fn(RedisJsonPtr),
    // 7
    get_array: unsafe extern "C" fn(RedisJson, *mut usize, *mut c_int) -> *const c_void,
    // 8
    get_json_from_handle: unsafe extern "C" fn(*mut RedisModuleKey) -> RedisJson,
    // 9
    get_with_path: unsafe extern "C" fn(RedisJson, JsonPath) -> ResultsIterator,
}

static TABLE: RedisJsonApi = RedisJsonApi {
    open_key: open::open_key,
    open_key_from_str: open::open_key_from_str,
    get: iterators::get,
    next: iterators::next,
    len: iterators::len,
    free_iter: iterators::free_iter,
    get_len: values::get_len,
    get_type: values::get_type,
    get_int: values::get_int,
    get_double: values::get_double,
    get_boolean: values::get_boolean,
    get_string: values::get_string,
    get_json: values::get_json,
    is_json: open::is_json,
    path_parse: paths::path_parse,
    path_free: paths::path_free,
    path_is_single: paths::path_is_single,
    path_has_defined_order: paths::path_has_defined_order,
    get_json_from_iter: iterators::get_json_from_iter,
    reset_iter: iterators::reset_iter,
    get_key_values: iterators::get_key_values,
    free_key_values_iter: iterators::free_key_values_iter,
    open_key_with_flags: open::open_key_with_flags,
    alloc_json: values::alloc_json,
    get_at: values::get_at,
    next_key_value: iterators::next_key_value,
    free_json: values::free_json,
    get_array: values::get_array,
    get_json_from_handle: open::get_json_from_handle,
    get_with_path: iterators::get_with_path,
};

/// The names of the table. A host keeps the pointer to a name, so they are constants.
const NAMES: [&CStr; 9] = [
    c"RedisJSON_V1",
    c"RedisJSON_V2",
    c"RedisJSON_V3",
    c"RedisJSON_V4",
    c"RedisJSON_V5",
    c"RedisJSON_V6",
    c"RedisJSON_V7",
    c"RedisJSON_V8",
    c"RedisJSON_V9",
];

/// Offers the functions. To be called in `OnLoad`.
pub(super) fn export(ctx: *mut RedisModuleCtx) {
    let Some(export) = api!(RedisModule_ExportSharedAPI) else { return };
    let table = (&raw const TABLE).cast_mut().cast::<c_void>();
    for name in NAMES {
        // SAFETY: `OnLoad` is running; name and table are statics.
        unsafe { export(ctx, name.as_ptr(), table) };
    }
    let get_value: unsafe extern "C" fn(_, _, _) -> c_int = get_value::json_get_value;
    // SAFETY: as above; by the contract of this name it stands for a function.
    unsafe { export(ctx, c"JSON_GetValue".as_ptr(), get_value as *mut c_void) };
}

/// The bytes of a C string; none for NULL.
///
/// # Safety
/// `text` is NULL or ends with NUL and lives, unchanged, for `'a`.
unsafe fn bytes<'a>(text: *const c_char) -> Option<&'a [u8]> {
    if text.is_null() {
        return None;
    }
    // SAFETY: by the contract.
    Some(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// Writes `value` to where a caller wants it, unless that is nowhere.
///
/// # Safety
/// `place` is NULL or a `T` of the caller's that may be written.
unsafe fn give<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: by the contract.
        unsafe { place.write(value) };
    }
}

/// A string of the host with these bytes. With a context that has automatic memory it is freed with
/// that, otherwise by the caller.
///
/// # Safety
/// `ctx` is NULL or a live context.
unsafe fn host_string(ctx: *mut RedisModuleCtx, bytes: &[u8]) -> Option<*mut RedisModuleString> {
    let create = api!(RedisModule_CreateString)?;
    // SAFETY: by the contract; the host copies `bytes.len()` bytes.
    let string = unsafe { create(ctx, bytes.as_ptr().cast::<c_char>(), bytes.len()) };
    (!string.is_null()).then_some(string)
}
