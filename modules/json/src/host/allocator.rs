//! Rust's allocations through the host's allocator, so that `used_memory`, `maxmemory` and the
//! host's statistics count them.
//!
//! Where no host has been met (a test binary) the system's allocator serves. The two never mix:
//! nothing is allocated in `OnLoad` before the host's functions are known.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_void;

/// What every host's allocator aligns to by itself, given a size of at least as much. It is no more:
/// the jemalloc that Valkey and Redis bring along has size classes of 24 and 40 bytes, and where the
/// system's allocator tells no sizes, hosts put a word before each block.
const HOST_ALIGN: usize = 8;

pub(crate) struct HostAllocator;

/// Bytes to ask the host for, and whether the block must be aligned by ourselves.
///
/// A self-aligned block is the host's block of `size + align`; the word before the aligned address
/// holds the address of the host's block.
fn request(layout: Layout) -> (usize, bool) {
    if layout.align() <= HOST_ALIGN {
        (layout.size().max(layout.align()), false)
    } else {
        (layout.size() + layout.align(), true)
    }
}

/// Aligns within the block at `base` and leaves the way back to it.
///
/// # Safety
/// `base` is null, or a block of at least `size + align` bytes aligned to `HOST_ALIGN`, where
/// `align` is a power of two over `HOST_ALIGN`.
unsafe fn align_within(base: *mut u8, align: usize) -> *mut u8 {
    if base.is_null() {
        return base;
    }
    let forward = align - (base as usize & (align - 1));
    // SAFETY: `forward` is at most `align`, so this stays inside the block.
    let aligned = unsafe { base.add(forward) };
    // SAFETY: `base` and `align` are multiples of 8, and so is `forward`, which is not 0: the word
    // before `aligned` belongs to the block.
    let before = unsafe { aligned.cast::<*mut u8>().sub(1) };
    // SAFETY: as above; the address is aligned for a pointer.
    unsafe { before.write(base) };
    aligned
}

/// # Safety
/// `aligned` came from [`align_within`].
unsafe fn base_of(aligned: *mut u8) -> *mut u8 {
    // SAFETY: by the contract, the word before is inside the host's block.
    let before = unsafe { aligned.cast::<*mut u8>().sub(1) };
    // SAFETY: `align_within` wrote it.
    unsafe { before.read() }
}

// SAFETY: every block comes from the host's allocator, or from the system's where there is no host,
// with the size and alignment asked for; which of the two is the same for the whole process.
unsafe impl GlobalAlloc for HostAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(alloc) = api!(RedisModule_TryAlloc).or(api!(RedisModule_Alloc)) else {
            // SAFETY: the caller's contract is the same.
            return unsafe { System.alloc(layout) };
        };
        let (size, self_aligned) = request(layout);
        // SAFETY: the host takes any size.
        let block = unsafe { alloc(size) }.cast::<u8>();
        if self_aligned {
            // SAFETY: the block has `size + align` bytes.
            unsafe { align_within(block, layout.align()) }
        } else {
            block
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(calloc) = api!(RedisModule_TryCalloc).or(api!(RedisModule_Calloc)) else {
            // SAFETY: the caller's contract is the same.
            return unsafe { System.alloc_zeroed(layout) };
        };
        let (size, self_aligned) = request(layout);
        // SAFETY: the host takes any size.
        let block = unsafe { calloc(1, size) }.cast::<u8>();
        if self_aligned {
            // SAFETY: the block has `size + align` bytes; only bytes before the result change.
            unsafe { align_within(block, layout.align()) }
        } else {
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(free) = api!(RedisModule_Free) else {
            // SAFETY: without a host the block came from the system.
            return unsafe { System.dealloc(block, layout) };
        };
        let (_, self_aligned) = request(layout);
        let block = if self_aligned {
            // SAFETY: `alloc` aligned every block of such a layout itself.
            unsafe { base_of(block) }
        } else {
            block
        };
        // SAFETY: the block came from the host and is given back once.
        unsafe { free(block.cast::<c_void>()) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Some(realloc) = api!(RedisModule_TryRealloc).or(api!(RedisModule_Realloc)) else {
            // SAFETY: without a host the block came from the system.
            return unsafe { System.realloc(block, layout, new_size) };
        };
        if layout.align() <= HOST_ALIGN {
            // SAFETY: the block is the host's own; it keeps its alignment.
            return unsafe { realloc(block.cast::<c_void>(), new_size.max(layout.align())) }.cast();
        }
        // SAFETY: the caller guarantees that the new size makes a valid layout.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: the layout is valid and not empty, by the caller's contract.
        let new_block = unsafe { self.alloc(new_layout) };
        if !new_block.is_null() {
            // SAFETY: two different blocks, each at least as long as the shorter size.
            unsafe { block.copy_to_nonoverlapping(new_block, layout.size().min(new_size)) };
            // SAFETY: the old block is not used again.
            unsafe { self.dealloc(block, layout) };
        }
        new_block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn self_aligned_blocks_find_their_way_back() {
        for (align, off) in [16, 32, 64, 128, 4096].into_iter().flat_map(|a| [(a, 0), (a, 8)]) {
            let layout = Layout::from_size_align(100, align).unwrap();
            let (size, self_aligned) = request(layout);
            assert!(self_aligned);
            // A block of a host that aligns to 8 and no more.
            let host_layout = Layout::from_size_align(off + size, 16).unwrap();
            // SAFETY: the layout is not empty.
            let block = unsafe { System.alloc(host_layout) };
            // SAFETY: the block has `off + size` bytes.
            let base = unsafe { block.add(off) };
            // SAFETY: `size + align` bytes begin there.
            let aligned = unsafe { align_within(base, align) };
            assert_eq!(aligned as usize % align, 0);
            assert!(aligned as usize + 100 <= base as usize + size);
            // SAFETY: it came from `align_within`.
            assert_eq!(unsafe { base_of(aligned) }, base);
            // SAFETY: it came from the same allocator and layout.
            unsafe { System.dealloc(block, host_layout) };
        }
    }
}
