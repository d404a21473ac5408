//! MEMORY PURGE: gives memory that nothing uses back to the system.

/// jemalloc's name for all arenas at once: `MALLCTL_ARENAS_ALL` is 4096.
const PURGE_ALL: &std::ffi::CStr = c"arena.4096.purge";

/// Asks jemalloc to return the unused pages of every arena.
#[expect(
    unsafe_code,
    reason = "the safe wrapper offers no control that has neither input nor output"
)]
pub(crate) fn purge() {
    let none = std::ptr::null_mut();
    // SAFETY: the name is a C string; this control reads and writes nothing, so null pointers are what it asks for.
    let status = unsafe {
        tikv_jemalloc_sys::mallctl(PURGE_ALL.as_ptr(), none, std::ptr::null_mut(), none, 0)
    };
    if status != 0 {
        crate::log::warning!("MEMORY PURGE: the allocator answered {status}");
    }
}
