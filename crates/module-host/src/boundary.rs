//! The crossing from C into Rust, in one place: how arguments are read, how a panic ends, how errno is set.
//!
//! # Safety
//!
//! Every API function is `unsafe extern "C"`. Its contract is the header's, and nothing more:
//!
//! 1. A handle (context, key, string, …) was made by this host and not freed yet. It may therefore be declared as `&T`, or
//!    as `Option<&T>` where C may pass NULL.
//! 2. A C string ends with a NUL; it is declared as [`Text`].
//! 3. A pointer with a length spans that many readable bytes; [`bytes`] reads it, and cites this number.
//! 4. A place for a result is writable; it is declared as `Option<&mut MaybeUninit<T>>`.
//!
//! All handles are only ever reached by shared reference, and keep what changes in cells: a module may pass the same
//! context to a nested call that passes it again.

use std::ffi::{CStr, c_char, c_int};
use std::marker::PhantomData;

use module_abi::PassedAs;

/// Declares API functions: `unsafe extern "C"`, under the API's own name, which is also what an abort reports.
macro_rules! api {
    ($(
        $(#[$attribute:meta])*
        fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)? $body:block
    )*) => {$(
        $(#[$attribute])*
        #[expect(non_snake_case, reason = "the API's own name")]
        pub(crate) unsafe extern "C" fn $name($($arg: $kind),*) $(-> $result)? {
            let _guard = $crate::boundary::PanicGuard(stringify!($name));
            $body
        }
    )*};
}

pub(crate) use api;

/// Ends the process when a panic is about to leave for C, saying which function it was.
pub(crate) struct PanicGuard(pub(crate) &'static str);

impl Drop for PanicGuard {
    #[inline]
    fn drop(&mut self) {
        if std::thread::panicking() {
            panicked(self.0);
        }
    }
}

#[cold]
fn panicked(name: &str) -> ! {
    crate::api::log::line(
        3,
        &format!("A panic reached the module API in {name}: the server stops here"),
    );
    std::process::abort()
}

/// A C string that a module passed, possibly NULL.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Text<'a>(*const c_char, PhantomData<&'a CStr>);

impl PassedAs<*const c_char> for Text<'_> {}

impl<'a> Text<'a> {
    /// `None` for NULL.
    pub(crate) fn get(self) -> Option<&'a CStr> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: A `Text` is only ever made by C passing one (rule 2), and lives as long as the call.
        Some(unsafe { CStr::from_ptr(self.0) })
    }

    /// The bytes before the NUL; none for NULL.
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.get().map_or(&[], CStr::to_bytes)
    }

    /// As text, with what is no UTF-8 replaced; empty for NULL.
    pub(crate) fn to_str(self) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.bytes())
    }
}

/// Reads a pointer and a length; NULL and 0 are no bytes.
///
/// # Safety
///
/// Rule 3: `len` bytes from `ptr` are readable, and stay as they are while the result is used.
pub(crate) unsafe fn bytes<'a>(ptr: *const c_char, len: usize) -> &'a [u8] {
    if ptr.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: The caller's promise, word for word.
    unsafe { std::slice::from_raw_parts(ptr.cast(), len) }
}

/// Reads an array of handles; NULL and 0 are none.
///
/// # Safety
///
/// Rule 3, for `len` pointers; and rule 1 for each of them.
pub(crate) unsafe fn handles<'a, T>(ptr: *const *mut T, len: usize) -> &'a [&'a T] {
    if ptr.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: A reference has the representation of a pointer, and the caller promises `len` valid ones.
    unsafe { std::slice::from_raw_parts(ptr.cast(), len) }
}

/// Reads a C string out of a structure; `None` for NULL.
///
/// # Safety
///
/// Rule 2: NULL, or a string that ends with a NUL.
pub(crate) unsafe fn text_at(ptr: *const c_char) -> Option<String> {
    if ptr.is_null() {
        return None;
    }
    // SAFETY: The caller's promise.
    let text = unsafe { CStr::from_ptr(ptr) };
    Some(String::from_utf8_lossy(text.to_bytes()).into_owned())
}

/// Sets the calling thread's errno: part of the contract of many functions, and their last action.
pub(crate) fn set_errno(value: c_int) {
    // SAFETY: Always the address of the calling thread's errno.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: The thread's own variable, which nothing else points to at the same time.
    unsafe { place.write(value) };
}

/// [`module_abi::OK`] or [`module_abi::ERR`].
pub(crate) fn status(ok: bool) -> c_int {
    if ok { module_abi::OK } else { module_abi::ERR }
}
