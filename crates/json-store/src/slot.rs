//! One document's place: sixteen bytes, of which eight say what it is and eight where it is.
//!
//! This is the one module of the crate with unsafe code, for a measured need: of a profile of 200
//! bytes the host's own structures take 90, so that 110 are left if the document is to take no more
//! than its text. The sixteen bytes here and a block of 80 or 96 without any header keep to that.
//! The same out of safe parts was 24 bytes (a lock, and a boxed slice which carries its length) or
//! 32 (counted references with their two counts): 4 to 8 percent of the whole.
//!
//! ```text
//! word, from the lowest bit
//!  BITS DESCRIPTION
//!     1 locked
//!     2 kind: 0 vacant, 1 held, 2 small and packed, 3 small and plain
//!    10 entry: family and dictionary, an index into the table of families
//!    14 small: length of the block, bytes
//!    16 small: length of the text, bytes
//!    21 small: when it was last read or written, in steps of 256 ms; it wraps after 6 days
//!
//! content
//!     8 vacant: the next vacant place; held: a `Box<Held>`; small: the block
//! ```
//!
//! The lock is a bit because the type must be `Sync`, not because anyone waits for it: a place is
//! used by the holder of the host's lock, or by the one thread that frees its document, or by a
//! forked child, whose one thread is the copy of the holder.
#![expect(unsafe_code, reason = "eight bytes a document; see above")]

use std::cell::UnsafeCell;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::stored::{Held, Stored};

/// A small document's block, and how it is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Small {
    /// The text, or what is left of a zstd frame without its headers; see [`crate::small`].
    pub(crate) block: Box<[u8]>,
    pub(crate) raw_len: usize,
    pub(crate) is_packed: bool,
}

impl Small {
    pub(crate) const BLOCK_LEN_MAX: usize = (1 << 14) - 1;
    pub(crate) const RAW_LEN_MAX: usize = (1 << 16) - 1;
}

/// What a place holds, taken out of it.
#[derive(Debug)]
pub(crate) enum Content {
    Vacant { next: usize },
    Held(Box<Held>),
    Small(Small),
}

/// What a place holds, looked at.
#[derive(Debug)]
pub(crate) enum View<'a> {
    Vacant,
    Held(&'a Held),
    Small(SmallView<'a>),
}

/// A small document, looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SmallView<'a> {
    pub(crate) block: &'a [u8],
    pub(crate) raw_len: usize,
    pub(crate) is_packed: bool,
}

/// Entries of the table of families that a place can name.
pub(crate) const ENTRIES_MAX: usize = 1 << 10;

#[derive(Debug)]
pub(crate) struct Slot {
    word: AtomicU64,
    /// Invariant 1: what this is follows from the word's kind: a vacant place has no pointer, a
    /// held one that of `Box::<Held>::into_raw`, a small one that of a boxed slice of bytes whose
    /// length is in the word.
    ///
    /// Invariant 2: it is touched only by the one who set the word's lock bit, until he clears it.
    content: UnsafeCell<*mut u8>,
}

const _: () = assert!(size_of::<Slot>() == 16);

// SAFETY: boxes of `Held` and of bytes may be used and freed on any thread (`Content` is `Send`, see
// below), and by invariant 2 never by two at a time.
unsafe impl Sync for Slot {}
// SAFETY: as above.
unsafe impl Send for Slot {}

const fn is_send<T: Send>() {}
const _: () = is_send::<Content>();

const LOCKED: u64 = 1;
const KIND: Field = Field { at: 1, bits: 2 };
const ENTRY: Field = Field { at: 3, bits: 10 };
const BLOCK_LEN: Field = Field { at: 13, bits: 14 };
const RAW_LEN: Field = Field { at: 27, bits: 16 };
const TOUCHED: Field = Field { at: 43, bits: 21 };

const VACANT: u64 = 0;
const HELD: u64 = 1;
const SMALL_PACKED: u64 = 2;
const SMALL_PLAIN: u64 = 3;

/// Milliseconds of a step of the clock of small documents, as a shift.
const STEP_SHIFT: u32 = 8;

#[derive(Clone, Copy)]
struct Field {
    at: u32,
    bits: u32,
}

impl Field {
    const fn mask(self) -> u64 {
        (1 << self.bits) - 1
    }

    const fn get(self, word: u64) -> u64 {
        word >> self.at & self.mask()
    }

    const fn set(self, word: &mut u64, value: u64) {
        *word = *word & !(self.mask() << self.at) | (value & self.mask()) << self.at;
    }
}

impl Slot {
    pub(crate) const fn new() -> Slot {
        Slot { word: AtomicU64::new(0), content: UnsafeCell::new(ptr::null_mut()) }
    }

    pub(crate) fn lock(&self) -> Guard<'_> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let open = word & !LOCKED;
            match self.word.compare_exchange_weak(
                open,
                open | LOCKED,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Guard { slot: self, word: open },
                Err(current) => word = current,
            }
            std::hint::spin_loop();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        drop(self.lock().put(Content::Vacant { next: 0 }));
    }
}

/// The right to a place's content, until it is dropped.
#[derive(Debug)]
pub(crate) struct Guard<'a> {
    slot: &'a Slot,
    /// The word as it will be, without the lock bit.
    word: u64,
}

impl Guard<'_> {
    fn pointer(&self) -> *mut u8 {
        // SAFETY: a guard is the lock (invariant 2), and it is borrowed here.
        unsafe { *self.slot.content.get() }
    }

    pub(crate) fn view(&self) -> View<'_> {
        let pointer = self.pointer();
        match KIND.get(self.word) {
            VACANT => View::Vacant,
            // SAFETY: by invariant 1 the pointer is that of a `Box<Held>`; it lives and does not
            // change while the guard is borrowed.
            HELD => View::Held(unsafe { &*pointer.cast::<Held>() }),
            kind => {
                let len = BLOCK_LEN.get(self.word) as usize;
                // SAFETY: by invariant 1 the pointer is that of `len` bytes; they live and do not
                // change while the guard is borrowed.
                let block = unsafe { std::slice::from_raw_parts(pointer, len) };
                View::Small(SmallView {
                    block,
                    raw_len: RAW_LEN.get(self.word) as usize,
                    is_packed: kind == SMALL_PACKED,
                })
            }
        }
    }

    pub(crate) fn held_mut(&mut self) -> Option<&mut Held> {
        if KIND.get(self.word) != HELD {
            return None;
        }
        // SAFETY: by invariant 1 the pointer is that of a `Box<Held>`, and the guard is borrowed
        // for as long as the result.
        Some(unsafe { &mut *self.pointer().cast::<Held>() })
    }

    /// Puts `content` in, and gives what was there.
    pub(crate) fn put(&mut self, content: Content) -> Content {
        let mut word = self.word;
        let (kind, pointer, block_len, raw_len) = match content {
            Content::Vacant { next } => (VACANT, ptr::without_provenance_mut(next), 0, 0),
            Content::Held(held) => (HELD, Box::into_raw(held).cast::<u8>(), 0, 0),
            Content::Small(small) => {
                let lens = (small.block.len(), small.raw_len);
                // A longer one would be freed with a wrong length: this must hold in every build.
                assert!(lens.0 <= Small::BLOCK_LEN_MAX && lens.1 <= Small::RAW_LEN_MAX);
                let kind = if small.is_packed { SMALL_PACKED } else { SMALL_PLAIN };
                (kind, Box::into_raw(small.block).cast::<u8>(), lens.0, lens.1)
            }
        };
        KIND.set(&mut word, kind);
        BLOCK_LEN.set(&mut word, block_len as u64);
        RAW_LEN.set(&mut word, raw_len as u64);
        let old_word = mem::replace(&mut self.word, word);
        // SAFETY: a guard is the lock (invariant 2), and it is borrowed mutably here.
        let old_pointer = unsafe { mem::replace(&mut *self.slot.content.get(), pointer) };
        match KIND.get(old_word) {
            VACANT => Content::Vacant { next: old_pointer.addr() },
            // SAFETY: by invariant 1 the pointer is that of a `Box<Held>`, which the place has just
            // given up.
            HELD => Content::Held(unsafe { Box::from_raw(old_pointer.cast::<Held>()) }),
            kind => {
                let len = BLOCK_LEN.get(old_word) as usize;
                let block = ptr::slice_from_raw_parts_mut(old_pointer, len);
                Content::Small(Small {
                    // SAFETY: by invariant 1 the pointer is that of a boxed slice of `len` bytes,
                    // which the place has just given up.
                    block: unsafe { Box::from_raw(block) },
                    raw_len: RAW_LEN.get(old_word) as usize,
                    is_packed: kind == SMALL_PACKED,
                })
            }
        }
    }

    /// Moves the block of a small document, or the box of a held one, to where `relocate` says.
    ///
    /// # Safety
    /// `relocate` gives null and does nothing, or gives a block that was allocated like the one it
    /// got, has the same content, and replaces it: the old one is freed.
    pub(crate) unsafe fn relocate(&mut self, relocate: &mut dyn FnMut(*mut u8) -> *mut u8) {
        let empty = KIND.get(self.word) != HELD && BLOCK_LEN.get(self.word) == 0;
        if KIND.get(self.word) == VACANT || empty {
            return;
        }
        let moved = relocate(self.pointer());
        if !moved.is_null() {
            // SAFETY: a guard is the lock (invariant 2); invariant 1 holds by the contract.
            unsafe { *self.slot.content.get() = moved };
        }
    }

    pub(crate) fn entry(&self) -> usize {
        ENTRY.get(self.word) as usize
    }

    pub(crate) fn set_entry(&mut self, entry: usize) {
        debug_assert!(entry < ENTRIES_MAX);
        ENTRY.set(&mut self.word, entry as u64);
    }

    /// Time since a small document was read or written, milliseconds, to a step exactly and up to
    /// six days.
    pub(crate) fn small_idle_ms(&self, now_ms: u64) -> u64 {
        let now = now_ms >> STEP_SHIFT;
        (now.wrapping_sub(TOUCHED.get(self.word)) & TOUCHED.mask()) << STEP_SHIFT
    }

    pub(crate) fn touch_small(&mut self, now_ms: u64) {
        TOUCHED.set(&mut self.word, now_ms >> STEP_SHIFT);
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.slot.word.store(self.word, Ordering::Release);
    }
}

impl Stored {
    /// Moves what the document's place refers to, to where `relocate` says: the host's
    /// defragmentation. Longer payloads and texts stay, for allocators keep blocks of such lengths
    /// by themselves.
    ///
    /// # Safety
    /// As for [`Guard::relocate`]: `relocate` gives null and does nothing, or gives a block that was
    /// allocated like the one it got, has the same content, and replaces it.
    pub unsafe fn relocate(self, relocate: &mut dyn FnMut(*mut u8) -> *mut u8) {
        // SAFETY: the contract is the same.
        unsafe { self.lock().relocate(relocate) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(bytes: &[u8], raw_len: usize, is_packed: bool) -> Content {
        Content::Small(Small { block: bytes.into(), raw_len, is_packed })
    }

    #[test]
    fn what_is_put_in_comes_out() {
        let slot = Slot::new();
        let mut guard = slot.lock();
        assert!(matches!(
            guard.put(Content::Vacant { next: usize::MAX }),
            Content::Vacant { next: 0 }
        ));
        assert!(matches!(guard.view(), View::Vacant));
        guard.set_entry(ENTRIES_MAX - 1);
        guard.touch_small(1_000_000);
        let long = vec![7; Small::BLOCK_LEN_MAX];
        drop(guard.put(small(&long, Small::RAW_LEN_MAX, true)));
        let View::Small(view) = guard.view() else { panic!("{guard:?}") };
        assert_eq!((view.block, view.raw_len, view.is_packed), (&*long, Small::RAW_LEN_MAX, true));
        let Content::Small(out) = guard.put(small(b"", 0, false)) else { panic!("{guard:?}") };
        assert_eq!(&*out.block, &*long);
        assert_eq!(guard.entry(), ENTRIES_MAX - 1);
        assert_eq!(guard.small_idle_ms(1_002_048), 2_048);
        drop(guard);
        assert!(matches!(slot.lock().view(), View::Small(view) if view.block.is_empty()));
    }

    #[test]
    fn a_block_can_be_moved() {
        let slot = Slot::new();
        let mut guard = slot.lock();
        drop(guard.put(small(b"content", 7, false)));
        let mut moves = 0;
        let mut relocate = |old: *mut u8| {
            moves += 1;
            let old = ptr::slice_from_raw_parts_mut(old, 7);
            // SAFETY: the place gives its boxed slice away for another of the same content.
            let old = unsafe { Box::from_raw(old) };
            Box::into_raw(old.to_vec().into_boxed_slice()).cast::<u8>()
        };
        // SAFETY: the closure does what the contract asks.
        unsafe { guard.relocate(&mut relocate) };
        assert!(matches!(guard.view(), View::Small(view) if view.block == b"content"));
        drop(guard.put(Content::Vacant { next: 0 }));
        // SAFETY: as above; a vacant place has nothing to move.
        unsafe { guard.relocate(&mut relocate) };
        assert_eq!(moves, 1);
    }

    #[test]
    fn two_threads_take_turns() {
        let slot = Slot::new();
        std::thread::scope(|scope| {
            for byte in [1u8, 2] {
                let slot = &slot;
                scope.spawn(move || {
                    for _ in 0..200 {
                        let mut guard = slot.lock();
                        drop(guard.put(small(&[byte; 40], 40, false)));
                        let View::Small(view) = guard.view() else { panic!("{guard:?}") };
                        assert_eq!(view.block, [byte; 40]);
                    }
                });
            }
        });
    }
}
