//! Replicating a command in other words than it came.

use std::ffi::CStr;

use redis_module::raw;

use crate::host::args::Argument;
use crate::host::context::Context;
use crate::host::key::KeyName;

/// A word of a command that is replicated.
#[derive(Clone, Copy)]
pub(crate) enum Word<'a> {
    /// As the running command got it; nothing is copied.
    Argument(Argument<'a>),
    Key(KeyName<'a>),
    Bytes(&'a [u8]),
}

/// A string that was made here. Dropping it gives it back.
struct Made(*mut raw::RedisModuleString);

impl Drop for Made {
    fn drop(&mut self) {
        if let Some(free) = api!(RedisModule_FreeString) {
            // SAFETY: the string was made without a context, so it is ours to free, once.
            unsafe { free(std::ptr::null_mut(), self.0) };
        }
    }
}

impl Context {
    /// Sends `command` with `words` to replicas and AOF, in place of what is running.
    pub(crate) fn replicate_as(self, command: &CStr, words: &[Word<'_>]) {
        let (Some(replicate), Some(create)) =
            (api!(RedisModule_Replicate), api!(RedisModule_CreateString))
        else {
            return;
        };
        let mut made = Vec::new();
        let mut strings: Vec<*mut raw::RedisModuleString> = words
            .iter()
            .map(|word| match word {
                Word::Argument(argument) => argument.raw(),
                Word::Key(name) => name.raw(),
                Word::Bytes(bytes) => {
                    // SAFETY: the host copies `bytes.len()` bytes and takes any of them.
                    let string =
                        unsafe { create(std::ptr::null_mut(), bytes.as_ptr().cast(), bytes.len()) };
                    made.push(Made(string));
                    string
                }
            })
            .collect();
        // SAFETY: the context is that of the running command; `v` takes an array of strings and
        // their number, which follow. All live for the call, and the host counts what it keeps.
        unsafe {
            replicate(
                self.raw(),
                command.as_ptr(),
                c"v".as_ptr(),
                strings.as_mut_ptr(),
                strings.len(),
            )
        };
        self.after_write();
    }
}
