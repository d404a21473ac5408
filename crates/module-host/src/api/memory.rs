//! Memory: the process's allocator, so that what modules hold is in `used_memory`; pools; automatic management.
//!
//! Rust's global allocator cannot be used here: C frees without saying how much. The functions call the C allocator of the
//! process, which the server links as jemalloc under its plain names.

use std::ffi::{c_char, c_void};

use crate::boundary::{Text, api};
use crate::context::{Context, Owned};
use crate::module_string::ModuleString;

use super::dict::Dict;
use super::keys::OpenKey;

/// What a request that cannot be met ends in, as it does in the reference: modules do not test for NULL.
#[cold]
fn out_of_memory(len: usize) -> ! {
    super::log::line(3, &format!("Out Of Memory allocating {len} bytes for a module"));
    std::process::abort()
}

fn or_abort(ptr: *mut c_void, len: usize) -> *mut c_void {
    if ptr.is_null() { out_of_memory(len) } else { ptr }
}

/// A request for nothing still gets an address of its own.
fn at_least_one(len: usize) -> usize {
    len.max(1)
}

fn alloc(len: usize) -> *mut c_void {
    // SAFETY: Any length is allowed.
    unsafe { libc::malloc(at_least_one(len)) }
}

fn zeroed(count: usize, len: usize) -> *mut c_void {
    // SAFETY: Any pair is allowed; a product that overflows gives NULL.
    unsafe { libc::calloc(at_least_one(count), at_least_one(len)) }
}

/// Copies text into memory that the module frees with `Free`, a NUL behind it.
pub(crate) fn copy_out(text: &[u8]) -> *mut c_char {
    let place: *mut u8 = or_abort(alloc(text.len() + 1), text.len() + 1).cast();
    // SAFETY: The place was allocated with one byte more than the text has.
    unsafe { place.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    // SAFETY: That byte.
    unsafe { place.wrapping_add(text.len()).write(0) };
    place.cast()
}

/// Copies an array into memory that the module frees with `Free`.
pub(crate) fn copy_out_array<T: Copy>(items: &[T]) -> *mut T {
    let len = size_of_val(items);
    let place: *mut T = or_abort(alloc(len), len).cast();
    // SAFETY: The place has room for the items, and malloc aligns for any C type.
    unsafe { place.copy_from_nonoverlapping(items.as_ptr(), items.len()) };
    place
}

/// Frees what a module allocated with `Alloc` and gave to the host.
///
/// # Safety
///
/// NULL, or from this file's functions and not freed yet.
unsafe fn free(ptr: *mut c_void) {
    // SAFETY: The caller's promise.
    unsafe { libc::free(ptr) }
}

api! {
    /// Never NULL: the process ends instead.
    fn Alloc(len: usize) -> *mut c_void {
        or_abort(alloc(len), len)
    }

    fn TryAlloc(len: usize) -> *mut c_void {
        alloc(len)
    }

    fn Calloc(count: usize, len: usize) -> *mut c_void {
        or_abort(zeroed(count, len), count.saturating_mul(len))
    }

    fn TryCalloc(count: usize, len: usize) -> *mut c_void {
        zeroed(count, len)
    }

    /// A length of 0 frees and gives NULL.
    fn Realloc(ptr: *mut c_void, len: usize) -> *mut c_void {
        if len == 0 && !ptr.is_null() {
            // SAFETY: The module's promise about `ptr`.
            unsafe { free(ptr) };
            return std::ptr::null_mut();
        }
        // SAFETY: NULL or from these functions, by the module's promise.
        or_abort(unsafe { libc::realloc(ptr, at_least_one(len)) }, len)
    }

    fn TryRealloc(ptr: *mut c_void, len: usize) -> *mut c_void {
        if len == 0 && !ptr.is_null() {
            // SAFETY: The module's promise about `ptr`.
            unsafe { free(ptr) };
            return std::ptr::null_mut();
        }
        // SAFETY: NULL or from these functions, by the module's promise.
        unsafe { libc::realloc(ptr, at_least_one(len)) }
    }

    fn Free(ptr: *mut c_void) {
        // SAFETY: The module's promise about `ptr`.
        unsafe { free(ptr) }
    }

    fn Strdup(text: Text<'_>) -> *mut c_char {
        copy_out(text.bytes())
    }

    /// Bytes that the allocator set aside for this pointer.
    fn MallocSize(ptr: *mut c_void) -> usize {
        // SAFETY: NULL or from these functions, by the module's promise.
        unsafe { libc::malloc_usable_size(ptr) }
    }

    /// Bytes that the module may use, all of them.
    fn MallocUsableSize(ptr: *mut c_void) -> usize {
        // SAFETY: NULL or from these functions, by the module's promise.
        unsafe { libc::malloc_usable_size(ptr) }
    }

    fn MallocSizeString(string: &ModuleString) -> usize {
        string.heap_size()
    }

    fn MallocSizeDict(dict: &Dict) -> usize {
        dict.heap_size()
    }

    /// Used memory by maxmemory; 0 without a limit.
    fn GetUsedMemoryRatio() -> f32 {
        crate::current::with_engine(|engine| {
            let limit = engine.config.maxmemory;
            if limit == 0 { 0.0 } else { engine.memory_counted() as f32 / limit as f32 }
        })
        .unwrap_or(0.0)
    }

    fn PoolAlloc(context: &Context, len: usize) -> *mut c_void {
        context.pool_alloc(len)
    }

    fn AutoMemory(context: &Context) {
        context.manage_memory();
    }
}

/// Queues a new string with the context that may manage it, and gives it to the module.
pub(crate) fn give_string(
    context: Option<&Context>,
    bytes: byte_string::ByteString,
) -> *mut ModuleString {
    let string = ModuleString::give(bytes);
    if let Some(context) = context {
        context.own(Owned::String(string));
    }
    string
}

/// The same for an opened key.
pub(crate) fn give_key(context: &Context, key: Box<OpenKey>) -> *mut OpenKey {
    let key = Box::into_raw(key);
    context.own(Owned::Key(key));
    key
}
