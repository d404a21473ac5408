//! What a value is and contains.

use std::ffi::{c_char, c_double, c_int, c_longlong, c_void};
use std::ptr;
use std::sync::Arc;

use json_document::{Document, Kind, Node, NumberValue};
use redis_module::raw::{RedisModuleCtx, RedisModuleString};

use crate::host::guard::{Entry, guarded};

use super::open::{Opening, find, lock};
use super::{ERR, OK, RedisJson, RedisJsonPtr, give, host_string};

/// What `getType` answers.
#[derive(Clone, Copy)]
#[repr(i32)]
enum JsonType {
    String = 0,
    Int = 1,
    Double = 2,
    Bool = 3,
    Object = 4,
    Array = 5,
    Null = 6,
    /// No value: NULL, or one that was kept too long.
    None = 7,
}

/// Does `read` with a value, and answers whether it gave something.
fn reading<T>(
    entry: Entry,
    value: RedisJson,
    read: impl FnOnce(Document<'_>, Node) -> Option<T>,
) -> Option<T> {
    let found = guarded(entry, || {
        let (opening, node) = find(value)?;
        read(opening.document(), node)
    });
    found.flatten()
}

/// Gives what was read to the caller: OK, or ERR if there is nothing.
///
/// # Safety
/// `place` is NULL or a `T` of the caller's that may be written.
unsafe fn answer<T>(read: Option<T>, place: *mut T) -> c_int {
    let Some(value) = read else { return ERR };
    // SAFETY: by the contract.
    unsafe { give(place, value) };
    OK
}

/// `JSONType getType(json)`
///
/// # Safety
/// A value that was given out, or NULL.
pub(super) unsafe extern "C" fn get_type(value: RedisJson) -> c_int {
    let kind = reading(Entry::ApiGetType, value, |document, node| {
        Some(match document.kind(node) {
            Kind::Null => JsonType::Null,
            Kind::Bool => JsonType::Bool,
            Kind::Integer => JsonType::Int,
            Kind::Number => JsonType::Double,
            Kind::String => JsonType::String,
            Kind::Array => JsonType::Array,
            Kind::Object => JsonType::Object,
        })
    });
    kind.unwrap_or(JsonType::None) as c_int
}

/// `int getLen(json, &len)`: bytes of a string, elements of an array, members of an object.
///
/// # Safety
/// A value that was given out, or NULL; a place to write to, or NULL.
pub(super) unsafe extern "C" fn get_len(value: RedisJson, len: *mut usize) -> c_int {
    let read = reading(Entry::ApiGetLen, value, |document, node| match document.kind(node) {
        Kind::String => Some(document.string(node)?.len()),
        Kind::Array | Kind::Object => Some(document.len(node)),
        _ => None,
    });
    // SAFETY: by the contract.
    unsafe { answer(read, len) }
}

/// `int getInt(json, &integer)`: of an integer that an i64 holds.
///
/// # Safety
/// As [`get_len`].
pub(super) unsafe extern "C" fn get_int(value: RedisJson, integer: *mut c_longlong) -> c_int {
    let read =
        reading(Entry::ApiGetInt, value, |document, node| match document.number(node)?.value() {
            NumberValue::I64(integer) if document.kind(node) == Kind::Integer => Some(integer),
            _ => None,
        });
    // SAFETY: by the contract.
    unsafe { answer(read, integer) }
}

/// `int getDouble(json, &double)`: of any number, an integer too, that a double can express.
///
/// # Safety
/// As [`get_len`].
pub(super) unsafe extern "C" fn get_double(value: RedisJson, double: *mut c_double) -> c_int {
    let read = reading(Entry::ApiGetDouble, value, |document, node| {
        Some(document.number(node)?.as_f64()).filter(|double| double.is_finite())
    });
    // SAFETY: by the contract.
    unsafe { answer(read, double) }
}

/// `int getBoolean(json, &boolean)`: 0 or 1.
///
/// # Safety
/// As [`get_len`].
pub(super) unsafe extern "C" fn get_boolean(value: RedisJson, boolean: *mut c_int) -> c_int {
    let read = reading(Entry::ApiGetBoolean, value, |document, node| {
        document.boolean(node).map(c_int::from)
    });
    // SAFETY: by the contract.
    unsafe { answer(read, boolean) }
}

/// `int getString(json, &start, &len)`: the content, escapes resolved; it lives as long as `json`,
/// may contain NUL, and does not end with one.
///
/// # Safety
/// As [`get_len`], for two places.
pub(super) unsafe extern "C" fn get_string(
    value: RedisJson,
    start: *mut *const c_char,
    len: *mut usize,
) -> c_int {
    let read = guarded(Entry::ApiGetString, || {
        let (opening, node) = find(value)?;
        let string = opening.document().string(node)?;
        // What has no escapes is in the text already. A box stays in its place while others come
        // beside it, and both live as long as the opening.
        Some(match string {
            std::borrow::Cow::Borrowed(string) => (string.as_ptr(), string.len()),
            std::borrow::Cow::Owned(string) => {
                let mut strings = lock(&opening.strings);
                let string = strings.entry(node).or_insert_with(|| string.into_boxed_str());
                (string.as_ptr(), string.len())
            }
        })
    });
    let Some((string, string_len)) = read.flatten() else { return ERR };
    // SAFETY: by the contract.
    unsafe { give(len, string_len) };
    // SAFETY: by the contract.
    unsafe { give(start, string.cast::<c_char>()) };
    OK
}

/// `int getJSON(json, ctx, &string)`: the text of any value, a string of the host's for the caller.
///
/// # Safety
/// As [`get_len`]; a live context, or NULL.
pub(super) unsafe extern "C" fn get_json(
    value: RedisJson,
    ctx: *mut RedisModuleCtx,
    string: *mut *mut RedisModuleString,
) -> c_int {
    let read = reading(Entry::ApiGetJson, value, |document, node| {
        // SAFETY: by the contract.
        unsafe { host_string(ctx, document.text_of(node).as_bytes()) }
    });
    // SAFETY: by the contract.
    unsafe { answer(read, string) }
}

/// What `allocJson` gives: the value that was put there, and what keeps it alive. The caller reads
/// the first word only.
#[repr(C)]
struct Slot {
    value: RedisJson,
    opening: Option<Arc<Opening>>,
}

/// Puts a value into a slot.
///
/// # Safety
/// `slot` is NULL, or came from [`alloc_json`] and was not freed.
pub(super) unsafe fn put(slot: RedisJsonPtr, opening: &Arc<Opening>, node: Node) -> Option<()> {
    if slot.is_null() {
        return None;
    }
    let filled = Slot { value: opening.value(node), opening: Some(opening.clone()) };
    // SAFETY: by the contract it is the slot that `alloc_json` made, which nobody else refers to.
    let emptied = unsafe { slot.cast::<Slot>().replace(filled) };
    drop(emptied);
    Some(())
}

/// `RedisJSONPtr allocJson()`: a place for a value, for the caller to free.
///
/// # Safety
/// None is needed.
pub(super) unsafe extern "C" fn alloc_json() -> RedisJsonPtr {
    let slot = guarded(Entry::ApiAllocJson, || {
        Box::into_raw(Box::new(Slot { value: ptr::null(), opening: None }))
    });
    slot.unwrap_or(ptr::null_mut()).cast::<RedisJson>()
}

/// `void freeJson(ptr)`
///
/// # Safety
/// What [`alloc_json`] gave, for the last time, or NULL.
pub(super) unsafe extern "C" fn free_json(slot: RedisJsonPtr) {
    guarded(Entry::ApiFreeJson, || {
        if !slot.is_null() {
            // SAFETY: by the contract.
            drop(unsafe { Box::from_raw(slot.cast::<Slot>()) });
        }
    });
}

/// `int getAt(json, index, ptr)`: puts an element of an array into what `allocJson` gave.
///
/// # Safety
/// A value that was given out, or NULL; what [`alloc_json`] gave, or NULL.
pub(super) unsafe extern "C" fn get_at(
    value: RedisJson,
    at: usize,
    element: RedisJsonPtr,
) -> c_int {
    let put = guarded(Entry::ApiGetAt, || {
        let (opening, array) = find(value)?;
        let node = opening.document().element(array, at)?;
        // SAFETY: by the contract.
        unsafe { put(element, &opening, node) }
    });
    if put.flatten().is_some() { OK } else { ERR }
}

/// The elements of an array as C numbers.
pub(super) enum Array {
    I64(Box<[i64]>),
    U64(Box<[u64]>),
    F64(Box<[f64]>),
    /// Not all of them are numbers of one of these types: the values, as `RedisJSON`.
    Values(Box<[usize]>),
}

impl Array {
    /// Doubles stand for integers beside fractions up to here; beyond, they would not be exact.
    const EXACT_MAX: i64 = 1 << 53;

    fn of(opening: &Opening, array: Node) -> Array {
        let document = opening.document();
        let numbers = || document.children(array).map(|node| document.number(node));
        if document.is_empty(array) {
            return Array::Values(Box::default());
        }
        let signed: Option<Box<[i64]>> = numbers()
            .map(|number| match number?.value() {
                NumberValue::I64(integer) => Some(integer),
                _ => None,
            })
            .collect();
        if let Some(signed) = signed {
            return Array::I64(signed);
        }
        let unsigned: Option<Box<[u64]>> = numbers()
            .map(|number| match number?.value() {
                NumberValue::I64(integer) => u64::try_from(integer).ok(),
                NumberValue::U64(integer) => Some(integer),
                NumberValue::F64(_) => None,
            })
            .collect();
        if let Some(unsigned) = unsigned {
            return Array::U64(unsigned);
        }
        let doubles: Option<Box<[f64]>> = numbers()
            .map(|number| {
                let number = number?;
                match number.value() {
                    NumberValue::I64(i) if i.abs() > Array::EXACT_MAX => None,
                    NumberValue::U64(_) => None,
                    _ => Some(number.as_f64()).filter(|double| double.is_finite()),
                }
            })
            .collect();
        match doubles {
            Some(doubles) => Array::F64(doubles),
            None => Array::Values(
                document.children(array).map(|node| opening.value(node).addr()).collect(),
            ),
        }
    }

    /// Where the elements begin, how many there are, and the number of their type.
    fn parts(&self) -> (*const c_void, usize, c_int) {
        match self {
            Array::Values(values) => (values.as_ptr().cast(), values.len(), 0),
            Array::I64(integers) => (integers.as_ptr().cast(), integers.len(), 10),
            Array::U64(integers) => (integers.as_ptr().cast(), integers.len(), 11),
            Array::F64(doubles) => (doubles.as_ptr().cast(), doubles.len(), 12),
        }
    }
}

/// `const void *getArray(json, &len, &type)`: the elements side by side, if all are numbers: type 10
/// for i64, 11 for u64, 12 for f64. For any other array type 0, and the elements as values.
/// NULL if it is no array.
///
/// # Safety
/// As [`get_len`], for two places.
pub(super) unsafe extern "C" fn get_array(
    value: RedisJson,
    len: *mut usize,
    kind: *mut c_int,
) -> *const c_void {
    let read = guarded(Entry::ApiGetArray, || {
        let (opening, node) = find(value)?;
        if opening.document().kind(node) != Kind::Array {
            return None;
        }
        let mut arrays = lock(&opening.arrays);
        // The elements stay in their place while other arrays come beside them, and live as long as
        // the opening.
        Some(arrays.entry(node).or_insert_with(|| Array::of(&opening, node)).parts())
    });
    let Some((start, count, number)) = read.flatten() else { return ptr::null() };
    // SAFETY: by the contract.
    unsafe { give(len, count) };
    // SAFETY: by the contract.
    unsafe { give(kind, number) };
    start
}
