//! The arguments of a command: the host's own strings, borrowed for the call.

use std::marker::PhantomData;
use std::slice;

use redis_module::raw;

/// One argument.
#[derive(Clone, Copy)]
pub(crate) struct Argument<'a> {
    string: *mut raw::RedisModuleString,
    command: PhantomData<&'a [u8]>,
}

impl<'a> Argument<'a> {
    /// # Safety
    /// `string` is live and unchanged for `'a`.
    unsafe fn new(string: *mut raw::RedisModuleString) -> Argument<'a> {
        Argument { string, command: PhantomData }
    }

    pub(super) fn raw(self) -> *mut raw::RedisModuleString {
        self.string
    }

    pub(crate) fn bytes(self) -> &'a [u8] {
        let Some(string_ptr_len) = api!(RedisModule_StringPtrLen) else { return &[] };
        let mut len = 0;
        // SAFETY: the string is live, by the contract of `new`.
        let ptr = unsafe { string_ptr_len(self.string, &mut len) };
        if ptr.is_null() {
            return &[];
        }
        // SAFETY: the host says there are `len` bytes, which stay while the string does: for 'a.
        unsafe { slice::from_raw_parts(ptr.cast::<u8>(), len) }
    }

    /// Whether the argument is `word`, in any case.
    pub(crate) fn is(self, word: &str) -> bool {
        self.bytes().eq_ignore_ascii_case(word.as_bytes())
    }
}

/// All arguments of a command, its name first.
#[derive(Clone, Copy)]
pub(crate) struct Args<'a> {
    strings: &'a [*mut raw::RedisModuleString],
}

impl<'a> Args<'a> {
    /// # Safety
    /// `argv` points to `argc` strings that are live and unchanged for `'a`.
    pub(super) unsafe fn new(argv: *mut *mut raw::RedisModuleString, argc: i32) -> Args<'a> {
        let len = usize::try_from(argc).unwrap_or(0);
        if argv.is_null() || len == 0 {
            return Args { strings: &[] };
        }
        // SAFETY: by the contract.
        Args { strings: unsafe { slice::from_raw_parts(argv, len) } }
    }

    pub(crate) fn len(self) -> usize {
        self.strings.len()
    }

    pub(crate) fn get(self, index: usize) -> Option<Argument<'a>> {
        // SAFETY: the strings are live for 'a, by the contract of `new`.
        self.strings.get(index).map(|&string| unsafe { Argument::new(string) })
    }

    /// The arguments from `index` on.
    pub(crate) fn from(self, index: usize) -> impl ExactSizeIterator<Item = Argument<'a>> + Clone {
        let strings = self.strings.get(index..).unwrap_or(&[]);
        // SAFETY: as in `get`.
        strings.iter().map(|&string| unsafe { Argument::new(string) })
    }
}
