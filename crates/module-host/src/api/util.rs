//! Random bytes.

use std::ffi::{c_char, c_uchar};

use crate::boundary::api;

/// Fills `len` bytes at `place` with random ones.
///
/// # Safety
///
/// `len` bytes at `place` are writable.
unsafe fn fill(place: *mut u8, len: usize) {
    let mut random = fastrand::Rng::new();
    for at in 0..len {
        // SAFETY: Within the caller's bytes.
        unsafe { place.add(at).write(random.u8(..)) };
    }
}

api! {
    fn GetRandomBytes(place: *mut c_uchar, len: usize) {
        // SAFETY: The header's contract.
        unsafe { fill(place, len) };
    }

    fn GetRandomHexChars(place: *mut c_char, len: usize) {
        let mut random = fastrand::Rng::new();
        for at in 0..len {
            let digit = b"0123456789abcdef"[random.usize(..16)];
            // SAFETY: Within the module's bytes, by the header's contract.
            unsafe { place.cast::<u8>().add(at).write(digit) };
        }
    }
}
