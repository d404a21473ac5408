//! The strings that stand for a command's arguments.
//!
//! A module gets argv as an array of string handles. They come from a list that the thread keeps, so that a command costs
//! no allocation for them; one that the module retained is its own from then on, and another takes its place.

use std::cell::RefCell;

use byte_string::ByteString;
use smallvec::SmallVec;

use crate::module_string::ModuleString;

/// Strings that a thread keeps for its next command at most.
const KEPT_MAX: usize = 256;

thread_local! {
    static KEPT: RefCell<Vec<*mut ModuleString>> = const { RefCell::new(Vec::new()) };
}

/// The arguments of one call.
pub(crate) struct Arguments {
    strings: SmallVec<[*mut ModuleString; 8]>,
}

impl Arguments {
    pub(crate) fn of(argv: &[ByteString]) -> Self {
        let strings =
            KEPT.with_borrow_mut(|kept| argv.iter().map(|arg| take(kept, arg.clone())).collect());
        Self { strings }
    }

    pub(crate) fn len(&self) -> usize {
        self.strings.len()
    }

    /// The array for C. Modules may change its order; the handles in it stay ours.
    pub(crate) fn as_c(&self) -> *mut *mut module_abi::ModuleString {
        self.strings.as_ptr().cast_mut().cast()
    }
}

fn take(kept: &mut Vec<*mut ModuleString>, bytes: ByteString) -> *mut ModuleString {
    let Some(string) = kept.pop() else { return ModuleString::give(bytes) };
    // SAFETY: What is kept is owned once, by the list, which has just given it up.
    unsafe { &*string }.refill(bytes);
    string
}

impl Drop for Arguments {
    fn drop(&mut self) {
        KEPT.with_borrow_mut(|kept| {
            for &string in &self.strings {
                // SAFETY: We are an owner of the string, so it is alive.
                let handle = unsafe { &*string };
                if handle.count() == 1 && kept.len() < KEPT_MAX {
                    handle.clear();
                    kept.push(string);
                } else {
                    // SAFETY: We own it once, and give that up.
                    unsafe { ModuleString::release(string) };
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retained_arguments_are_left_to_their_owner() {
        let argv = [ByteString::from("set"), ByteString::from("key")];
        let first = Arguments::of(&argv);
        let retained = first.strings[1];
        // SAFETY: Alive while `first` is.
        unsafe { &*retained }.retain();
        drop(first);
        let second = Arguments::of(&argv);
        assert!(second.strings.iter().all(|&string| string != retained));
        // SAFETY: Retained above.
        assert_eq!(unsafe { &*retained }.as_bytes(), b"key");
        // SAFETY: The last owner.
        unsafe { ModuleString::release(retained) };
        drop(second);
        assert!(argv[0].is_unique());
    }
}
