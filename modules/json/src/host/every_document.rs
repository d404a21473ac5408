//! Asking something of every document in the selected database, as a client would: with SCAN, and a
//! sub-command of JSON.DEBUG for each key, under the permissions of the user who asks.

use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::slice;

use redis_module::raw;

use crate::host::context::Context;

/// The largest integer that `JSON.DEBUG subcommand key` replies for a key, and that key. Keys that
/// the user may not read are left out. `None` if there is no other.
pub(crate) fn largest(ctx: Context, subcommand: &CStr) -> Option<(i64, Vec<u8>)> {
    let mut largest: Option<(i64, Vec<u8>)> = None;
    let mut cursor = b"0".to_vec();
    loop {
        let page = Reply::to_scan(ctx, &cursor)?;
        let (next, names) = (page.element(0)?, page.element(1)?);
        for name in (0..).map_while(|at| names.element(at)) {
            let Some(name) = name.bytes() else { continue };
            let measure = Reply::to_debug(ctx, subcommand, name).and_then(|reply| reply.integer());
            if let Some(measure) = measure
                && largest.as_ref().is_none_or(|(known, _)| measure > *known)
            {
                largest = Some((measure, name.to_vec()));
            }
        }
        cursor = next.bytes()?.to_vec();
        if cursor == b"0" {
            return largest;
        }
    }
}

/// A reply of the host's to a command of ours, or a part of one. The whole is freed when dropped.
struct Reply<'w> {
    reply: *mut raw::RedisModuleCallReply,
    is_whole: bool,
    whole: PhantomData<&'w ()>,
}

impl Reply<'_> {
    /// `SCAN cursor TYPE ReJSON-RL COUNT 500`
    fn to_scan(ctx: Context, cursor: &[u8]) -> Option<Reply<'static>> {
        let call = api!(RedisModule_Call)?;
        // SAFETY: the context is that of the running command. The format says what follows: a
        // buffer, its length, and four C strings.
        let reply = unsafe {
            call(
                ctx.raw(),
                c"SCAN".as_ptr(),
                c"bcccc".as_ptr(),
                cursor.as_ptr().cast::<c_char>(),
                cursor.len(),
                c"TYPE".as_ptr(),
                c"ReJSON-RL".as_ptr(),
                c"COUNT".as_ptr(),
                c"500".as_ptr(),
            )
        };
        (!reply.is_null()).then(|| Reply { reply, is_whole: true, whole: PhantomData })
    }

    /// `JSON.DEBUG subcommand key`, if the user may: `C`, on hosts whose users may read some keys and
    /// not others.
    fn to_debug(ctx: Context, subcommand: &CStr, key: &[u8]) -> Option<Reply<'static>> {
        let has_key_permissions = api!(RedisModule_ACLCheckKeyPermissions).is_some();
        let format = if has_key_permissions { c"Ccb" } else { c"cb" };
        let call = api!(RedisModule_Call)?;
        // SAFETY: as above: a C string, a buffer and its length.
        let reply = unsafe {
            call(
                ctx.raw(),
                c"JSON.DEBUG".as_ptr(),
                format.as_ptr(),
                subcommand.as_ptr(),
                key.as_ptr().cast::<c_char>(),
                key.len(),
            )
        };
        (!reply.is_null()).then(|| Reply { reply, is_whole: true, whole: PhantomData })
    }

    /// The element at `at`, which borrows from the whole.
    fn element(&self, at: usize) -> Option<Reply<'_>> {
        let element = api!(RedisModule_CallReplyArrayElement)?;
        // SAFETY: the reply is live; the host answers NULL beyond an array and for what is none.
        let reply = unsafe { element(self.reply, at) };
        (!reply.is_null()).then(|| Reply { reply, is_whole: false, whole: PhantomData })
    }

    fn is(&self, wanted: isize) -> bool {
        // SAFETY: the reply is live.
        api!(RedisModule_CallReplyType)
            .is_some_and(|kind| unsafe { kind(self.reply) as isize == wanted })
    }

    fn integer(&self) -> Option<i64> {
        self.is(raw::REDISMODULE_REPLY_INTEGER).then_some(())?;
        let integer = api!(RedisModule_CallReplyInteger)?;
        // SAFETY: the reply is live, and an integer.
        Some(unsafe { integer(self.reply) })
    }

    fn bytes(&self) -> Option<&[u8]> {
        self.is(raw::REDISMODULE_REPLY_STRING).then_some(())?;
        let text = api!(RedisModule_CallReplyStringPtr)?;
        let mut len = 0;
        // SAFETY: the reply is live, and a string.
        let start = unsafe { text(self.reply, &mut len) };
        if start.is_null() {
            return None;
        }
        // SAFETY: the host says that there are `len` bytes, which live as long as the reply.
        Some(unsafe { slice::from_raw_parts(start.cast::<u8>(), len) })
    }
}

impl Drop for Reply<'_> {
    fn drop(&mut self) {
        if let (true, Some(free)) = (self.is_whole, api!(RedisModule_FreeCallReply)) {
            // SAFETY: the reply is freed once, and with it its elements.
            unsafe { free(self.reply) };
        }
    }
}
