//! Random bytes.

use std::ffi::{c_char, c_uchar};

use crate::boundary::api;

/// Fills the space with the kernel's random bytes, or where those are refused with a generator's.
fn fill(space: &mut [u8]) {
    let mut filled = 0;
    while filled < space.len() {
        let rest = &mut space[filled..];
        // SAFETY: The pointer and the length are one slice's.
        let got = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(got) {
            Ok(got) => filled += got,
            Err(_) => {
                fastrand::fill(rest);
                return;
            }
        }
    }
}

/// `len` bytes that the caller gives to be written.
///
/// # Safety
///
/// `len` bytes at `place` are writable, and nobody else's during the call.
unsafe fn space<'a>(place: *mut u8, len: usize) -> &'a mut [u8] {
    if place.is_null() || len == 0 {
        return &mut [];
    }
    // SAFETY: The caller's promise; a module's place may be uninitialised memory, for which zeros are as good.
    unsafe { place.write_bytes(0, len) };
    // SAFETY: The caller's promise, and initialised just now.
    unsafe { std::slice::from_raw_parts_mut(place, len) }
}

api! {
    fn GetRandomBytes(place: *mut c_uchar, len: usize) {
        // SAFETY: The header's contract.
        fill(unsafe { space(place, len) });
    }

    fn GetRandomHexChars(place: *mut c_char, len: usize) {
        // SAFETY: The header's contract.
        let digits = unsafe { space(place.cast(), len) };
        fill(digits);
        for digit in digits {
            *digit = b"0123456789abcdef"[usize::from(*digit & 15)];
        }
    }
}
