//! Replies. Each function adds to the context's reply, or does nothing when the context has none, and always succeeds.

use std::ffi::{c_char, c_double, c_int, c_long, c_longlong};

use engine::call_flag;
use module_abi::{ERR, OK, POSTPONED_LEN};
use resp::{Deferred, Reply};

use crate::boundary::{Text, api, bytes};
use crate::context::{Context, purpose};
use crate::current::with_engine;
use crate::module_string::ModuleString;

use super::call_reply::CallReply;

/// What a collection is, and how its length is written now or later.
struct Collection {
    start: fn(&mut Reply, usize),
    set: fn(&mut Reply, Deferred, usize),
}

const ARRAY: Collection = Collection { start: Reply::array, set: Reply::set_array };
const MAP: Collection = Collection { start: Reply::map, set: Reply::set_map };
const SET: Collection = Collection { start: Reply::set, set: Reply::set_set };
const ATTRIBUTE: Collection = Collection { start: Reply::attribute, set: Reply::set_attribute };

fn start(context: &Context, len: c_long, collection: &Collection) -> c_int {
    context.with_reply(|reply| {
        if len == POSTPONED_LEN {
            context.postponed.borrow_mut().push(reply.defer());
        } else {
            // A negative length is a module's mistake that must not become a header of 2^64.
            (collection.start)(reply, usize::try_from(len).unwrap_or(0));
        }
    });
    OK
}

fn set_length(context: &Context, len: c_long, collection: &Collection) {
    context.with_reply(|reply| match context.postponed.borrow_mut().pop() {
        Some(place) => (collection.set)(reply, place, usize::try_from(len).unwrap_or(0)),
        None => {
            let name = context.module.get().map_or("unknown", |module| module.name.as_str());
            super::log::line(
                3,
                &format!("API misuse detected in module {name}: a reply's length was set that was not postponed"),
            );
        }
    });
}

/// Replies with an error and counts it by its code, as `INFO errorstats` shows it.
fn error(context: &Context, text: &[u8], count_it: bool) -> c_int {
    let replied = context.with_reply(|reply| reply.error_bytes(text)).is_some();
    if replied {
        let code = text.split(|&byte| byte == b' ').next().unwrap_or(b"ERR");
        failed(context, &String::from_utf8_lossy(code), count_it);
    }
    OK
}

/// Notes that the command failed.
fn failed(context: &Context, code: &str, count_it: bool) {
    context.mark_call(call_flag::FAILED);
    if count_it && !context.is_for(purpose::DEFER_ERRORS) {
        with_engine(|engine| engine.stats.count_error(code));
    }
}

fn reply(context: &Context, write: impl FnOnce(&mut Reply)) -> c_int {
    context.with_reply(write);
    OK
}

api! {
    fn WrongArity(context: &Context) -> c_int {
        let name = super::commands::current_name(context);
        let text = format!("ERR wrong number of arguments for '{name}' command");
        error(context, text.as_bytes(), true)
    }

    fn ReplyWithLongLong(context: &Context, value: c_longlong) -> c_int {
        reply(context, |reply| reply.integer(value))
    }

    /// The text carries its code; CR and LF become blanks.
    fn ReplyWithError(context: &Context, text: Text<'_>) -> c_int {
        error(context, text.bytes(), true)
    }

    fn ReplyWithSimpleString(context: &Context, text: Text<'_>) -> c_int {
        reply(context, |reply| reply.simple_bytes(text.bytes()))
    }

    fn ReplyWithArray(context: &Context, len: c_long) -> c_int {
        start(context, len, &ARRAY)
    }

    fn ReplyWithMap(context: &Context, len: c_long) -> c_int {
        start(context, len, &MAP)
    }

    fn ReplyWithSet(context: &Context, len: c_long) -> c_int {
        start(context, len, &SET)
    }

    /// RESP3 only.
    fn ReplyWithAttribute(context: &Context, len: c_long) -> c_int {
        if context.is_resp3() { start(context, len, &ATTRIBUTE) } else { ERR }
    }

    fn ReplyWithNullArray(context: &Context) -> c_int {
        reply(context, Reply::null_array)
    }

    fn ReplyWithEmptyArray(context: &Context) -> c_int {
        reply(context, |reply| reply.array(0))
    }

    /// Sets the length postponed last.
    fn ReplySetArrayLength(context: &Context, len: c_long) {
        set_length(context, len, &ARRAY);
    }

    fn ReplySetMapLength(context: &Context, len: c_long) {
        set_length(context, len, &MAP);
    }

    fn ReplySetSetLength(context: &Context, len: c_long) {
        set_length(context, len, &SET);
    }

    fn ReplySetAttributeLength(context: &Context, len: c_long) {
        if context.is_resp3() {
            set_length(context, len, &ATTRIBUTE);
        }
    }

    fn ReplyWithStringBuffer(context: &Context, ptr: *const c_char, len: usize) -> c_int {
        // SAFETY: Rule 3.
        let text = unsafe { bytes(ptr, len) };
        reply(context, |reply| reply.bulk(text))
    }

    fn ReplyWithCString(context: &Context, text: Text<'_>) -> c_int {
        reply(context, |reply| reply.bulk(text.bytes()))
    }

    fn ReplyWithString(context: &Context, string: &ModuleString) -> c_int {
        reply(context, |reply| string.with_shared(|bytes| reply.bulk_shared(bytes)))
    }

    fn ReplyWithEmptyString(context: &Context) -> c_int {
        reply(context, |reply| reply.bulk(b""))
    }

    fn ReplyWithVerbatimString(context: &Context, ptr: *const c_char, len: usize) -> c_int {
        // SAFETY: Rule 3.
        let text = unsafe { bytes(ptr, len) };
        reply(context, |reply| reply.verbatim(b"txt", text))
    }

    /// The type is the first three bytes of `kind`.
    fn ReplyWithVerbatimStringType(context: &Context, ptr: *const c_char, len: usize, kind: Text<'_>) -> c_int {
        // SAFETY: Rule 3.
        let text = unsafe { bytes(ptr, len) };
        let kind = kind.bytes().first_chunk().unwrap_or(b"txt");
        reply(context, |reply| reply.verbatim(kind, text))
    }

    fn ReplyWithNull(context: &Context) -> c_int {
        reply(context, Reply::null)
    }

    fn ReplyWithBool(context: &Context, value: c_int) -> c_int {
        reply(context, |reply| reply.boolean(value != 0))
    }

    fn ReplyWithDouble(context: &Context, value: c_double) -> c_int {
        reply(context, |reply| reply.double(value))
    }

    fn ReplyWithBigNumber(context: &Context, ptr: *const c_char, len: usize) -> c_int {
        // SAFETY: Rule 3.
        let digits = unsafe { bytes(ptr, len) };
        reply(context, |reply| reply.big_number(digits))
    }

    /// Copies the reply of a nested command. ERR when that is in RESP3 and the client speaks RESP2.
    fn ReplyWithCallReply(context: &Context, call_reply: &CallReply) -> c_int {
        if call_reply.is_resp3() && !context.is_resp3() {
            return ERR;
        }
        if let Some(code) = call_reply.error_code() {
            failed(context, &code, true);
        }
        reply(context, |reply| reply.raw(call_reply.proto()))
    }
}

/// For `variadic.c`: an error of formatted text.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_reply_error(
    context: &Context,
    count_it: c_int,
    text: *const c_char,
    len: usize,
) -> c_int {
    // SAFETY: The shim passes its own buffer and length.
    error(context, unsafe { bytes(text, len) }, count_it != 0)
}

/// For `variadic.c`: a long double, whose text it made; RESP2 clients get the text, as do RESP3 ones with `,` before it.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_reply_long_double(
    context: &Context,
    _rounded: c_double,
    text: *const c_char,
    len: usize,
) -> c_int {
    // SAFETY: The shim passes its own buffer and length.
    let text = unsafe { bytes(text, len) };
    reply(context, |reply| {
        if reply.protocol() == resp::Protocol::Resp3 {
            reply.raw(b",");
            reply.raw(text);
            reply.raw(b"\r\n");
        } else {
            reply.bulk(text);
        }
    })
}
