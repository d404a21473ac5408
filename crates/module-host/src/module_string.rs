//! `RedisModuleString`: counted bytes at a fixed address.
//!
//! The key decision: the object is only a handle of its own count and a view; the bytes stay in the engine's
//! [`ByteString`], so a command's arguments, a key's name and a stored value reach a module without being copied. Only
//! `StringAppendBuffer` gives a string bytes of its own that can grow.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use byte_string::ByteString;
use module_abi::Handle;

/// One `RedisModuleString`.
pub(crate) struct ModuleString {
    /// Counted without locked instructions, as modules expect of a count that is theirs to guard; atomic so that a module
    /// which does not guard it loses counts and nothing else.
    count: AtomicU32,
    /// Where the bytes are, a NUL behind them.
    view: Cell<(*const u8, usize)>,
    content: RefCell<Content>,
}

enum Content {
    /// A place of the argument pool that waits for its next bytes.
    Empty,
    Shared(ByteString),
    /// Bytes and a NUL.
    Grown(Vec<u8>),
}

impl Handle for ModuleString {
    type Opaque = module_abi::ModuleString;
}

impl ModuleString {
    /// A string that is counted once.
    pub(crate) fn new(bytes: ByteString) -> Box<Self> {
        let view = view_of(bytes.as_bytes_with_nul());
        Box::new(Self {
            count: AtomicU32::new(1),
            view: Cell::new(view),
            content: RefCell::new(Content::Shared(bytes)),
        })
    }

    /// The same, given to a module: it is freed by [`ModuleString::release`].
    pub(crate) fn give(bytes: ByteString) -> *mut Self {
        Box::into_raw(Self::new(bytes))
    }

    /// The bytes, without the NUL.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        let (ptr, len) = self.view.get();
        // SAFETY: The view always spans the content's bytes, which nothing but `append` changes; and `append` is called for
        // `StringAppendBuffer` only, while no Rust code holds on to bytes of the string.
        unsafe { std::slice::from_raw_parts(ptr, len) }
    }

    /// Where a C reader finds the bytes and the NUL behind them.
    pub(crate) fn as_ptr_len(&self) -> (*const u8, usize) {
        self.view.get()
    }

    /// The bytes for the engine: shared if they can be, copied once if the string had grown.
    pub(crate) fn to_byte_string(&self) -> ByteString {
        match &*self.content.borrow() {
            Content::Empty => ByteString::new(),
            Content::Shared(bytes) => bytes.clone(),
            Content::Grown(_) => ByteString::from(self.as_bytes()),
        }
    }

    /// Lends the bytes in the engine's form.
    pub(crate) fn with_shared<R>(&self, work: impl FnOnce(&ByteString) -> R) -> R {
        match &*self.content.borrow() {
            Content::Shared(bytes) => work(bytes),
            Content::Empty | Content::Grown(_) => work(&self.to_byte_string()),
        }
    }

    /// Puts other bytes under the same handle, as the argument pool does between commands.
    pub(crate) fn refill(&self, bytes: ByteString) {
        self.view.set(view_of(bytes.as_bytes_with_nul()));
        *self.content.borrow_mut() = Content::Shared(bytes);
    }

    /// Lets go of the bytes.
    pub(crate) fn clear(&self) {
        self.view.set(view_of(&[0]));
        *self.content.borrow_mut() = Content::Empty;
    }

    /// Adds bytes at the end.
    ///
    /// # Safety
    ///
    /// Nobody holds a result of [`ModuleString::as_bytes`] of this string.
    pub(crate) unsafe fn append(&self, more: &[u8]) {
        let mut content = self.content.borrow_mut();
        let mut grown = match std::mem::replace(&mut *content, Content::Empty) {
            Content::Grown(mut grown) => {
                grown.pop();
                grown
            }
            Content::Shared(bytes) => bytes.as_bytes().to_vec(),
            Content::Empty => Vec::new(),
        };
        grown.reserve(more.len() + 1);
        grown.extend_from_slice(more);
        grown.push(0);
        self.view.set(view_of(&grown));
        *content = Content::Grown(grown);
    }

    /// Gives back what growing reserved.
    pub(crate) fn trim(&self) {
        if let Content::Grown(grown) = &mut *self.content.borrow_mut() {
            grown.shrink_to_fit();
            self.view.set(view_of(grown));
        }
    }

    pub(crate) fn count(&self) -> u32 {
        self.count.load(Relaxed)
    }

    pub(crate) fn retain(&self) {
        self.count.store(self.count.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Counts one owner less, and frees the string when it was the last.
    ///
    /// # Safety
    ///
    /// The string came from [`ModuleString::give`] (or `Box::into_raw`), and this owner does not use it again.
    pub(crate) unsafe fn release(this: *const Self) {
        // SAFETY: The caller is still an owner, so the string is alive.
        let string = unsafe { &*this };
        let left = string.count.load(Relaxed).wrapping_sub(1);
        if left > 0 {
            string.count.store(left, Relaxed);
            return;
        }
        // SAFETY: The last owner gave it up, and it was made by a box.
        drop(unsafe { Box::from_raw(this.cast_mut()) });
    }

    /// Bytes of heap that the string takes.
    pub(crate) fn heap_size(&self) -> usize {
        size_of::<Self>()
            + match &*self.content.borrow() {
                Content::Empty => 0,
                Content::Shared(bytes) => bytes.heap_size(),
                Content::Grown(grown) => grown.capacity(),
            }
    }
}

fn view_of(bytes_with_nul: &[u8]) -> (*const u8, usize) {
    (bytes_with_nul.as_ptr(), bytes_with_nul.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appending_keeps_the_nul_and_leaves_shared_bytes_alone() {
        let shared = ByteString::from("abc");
        let string = ModuleString::new(shared.clone());
        assert_eq!(string.as_ptr_len().0, shared.as_bytes().as_ptr());
        // SAFETY: No slice of the string is held.
        unsafe { string.append(b"def") };
        assert_eq!(string.as_bytes(), b"abcdef");
        assert_eq!(shared.as_bytes(), b"abc");
        assert_eq!(string.to_byte_string().as_bytes(), b"abcdef");
        string.trim();
        assert_eq!(string.as_bytes(), b"abcdef");
        string.refill(ByteString::new());
        assert_eq!(string.as_bytes(), b"");
    }

    #[test]
    fn the_last_owner_frees() {
        let shared = ByteString::from("abc");
        let string = ModuleString::give(shared.clone());
        // SAFETY: Just made, owned once.
        unsafe { &*string }.retain();
        // SAFETY: Two owners; this is the first to go.
        unsafe { ModuleString::release(string) };
        assert_eq!(shared.strong_count(), 2);
        // SAFETY: The other owner.
        unsafe { ModuleString::release(string) };
        assert_eq!(shared.strong_count(), 1);
    }
}
