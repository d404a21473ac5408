//! Strings: making, reading, counting and changing `RedisModuleString`s.

use std::ffi::{c_char, c_int, c_longlong, c_ulonglong, c_void};
use std::mem::MaybeUninit;

use byte_string::ByteString;
use module_abi::{ERR, OK, StreamId};

use crate::boundary::{api, bytes, status};
use crate::context::{Context, Owned};
use crate::module_string::ModuleString;

use super::memory::give_string;

/// What `StringPtrLen(NULL)` shows: an error text rather than a crash.
const NULL_TEXT: &std::ffi::CStr = c"(NULL string reply referenced in module)";

api! {
    fn CreateString(context: Option<&Context>, ptr: *const c_char, len: usize) -> *mut ModuleString {
        // SAFETY: Rule 3.
        let text = unsafe { bytes(ptr, len) };
        give_string(context, ByteString::from(text))
    }

    fn CreateStringFromLongLong(context: Option<&Context>, value: c_longlong) -> *mut ModuleString {
        give_string(context, ByteString::from_i64(value))
    }

    fn CreateStringFromULongLong(context: Option<&Context>, value: c_ulonglong) -> *mut ModuleString {
        give_string(context, ByteString::from(value.to_string()))
    }

    /// With 17 significant digits, as `%.17g` writes them.
    fn CreateStringFromDouble(context: Option<&Context>, value: f64) -> *mut ModuleString {
        let mut text = Vec::new();
        resp::format_double(value, &mut text);
        give_string(context, ByteString::from(text))
    }

    fn CreateStringFromString(context: Option<&Context>, string: &ModuleString) -> *mut ModuleString {
        give_string(context, string.to_byte_string())
    }

    fn CreateStringFromStreamID(context: Option<&Context>, id: Option<&StreamId>) -> *mut ModuleString {
        let text = id.map(|id| format!("{}-{}", id.ms, id.seq)).unwrap_or_default();
        give_string(context, ByteString::from(text))
    }

    fn FreeString(context: Option<&Context>, string: *const ModuleString) {
        if string.is_null() {
            return;
        }
        if let Some(context) = context {
            context.disown(Owned::String(string));
        }
        // SAFETY: The module owns a count of the string (rule 1) and gives it up.
        unsafe { ModuleString::release(string) };
    }

    /// Takes the string out of automatic management if it is there; else counts one owner more.
    fn RetainString(context: Option<&Context>, string: &ModuleString) {
        let was_managed = context.is_some_and(|context| context.disown(Owned::String(string)));
        if !was_managed {
            string.retain();
        }
    }

    /// Counts one owner more, who may be automatic management.
    fn HoldString(context: Option<&Context>, string: &ModuleString) -> *const ModuleString {
        string.retain();
        if let Some(context) = context {
            context.own(Owned::String(string));
        }
        string
    }

    fn StringPtrLen(string: Option<&ModuleString>, len: Option<&mut MaybeUninit<usize>>) -> *const c_char {
        let (ptr, length) = match string {
            Some(string) => string.as_ptr_len(),
            None => (NULL_TEXT.as_ptr().cast(), NULL_TEXT.count_bytes()),
        };
        if let Some(len) = len {
            len.write(length);
        }
        ptr.cast()
    }

    fn StringToLongLong(string: &ModuleString, out: Option<&mut MaybeUninit<c_longlong>>) -> c_int {
        put(resp::parse_i64(string.as_bytes()), out)
    }

    fn StringToULongLong(string: &ModuleString, out: Option<&mut MaybeUninit<c_ulonglong>>) -> c_int {
        put(parse_u64(string.as_bytes()), out)
    }

    fn StringToDouble(string: &ModuleString, out: Option<&mut MaybeUninit<f64>>) -> c_int {
        put(parse_double(string.as_bytes()), out)
    }

    /// `ms-seq`, `ms` (sequence 0), `-` and `+`.
    fn StringToStreamID(string: &ModuleString, out: Option<&mut MaybeUninit<StreamId>>) -> c_int {
        put(parse_stream_id(string.as_bytes()), out)
    }

    fn StringCompare(left: &ModuleString, right: &ModuleString) -> c_int {
        left.as_bytes().cmp(right.as_bytes()) as c_int
    }

    /// Works on a string with one owner only.
    fn StringAppendBuffer(_context: Option<&Context>, string: &ModuleString, ptr: *const c_char, len: usize) -> c_int {
        if string.count() != 1 {
            return ERR;
        }
        // SAFETY: Rule 3.
        let more = unsafe { bytes(ptr, len) };
        // SAFETY: The string's only owner is the module, and nothing on the host's side reads it now.
        unsafe { string.append(more) };
        OK
    }

    fn TrimStringAllocation(string: Option<&ModuleString>) {
        if let Some(string) = string {
            string.trim();
        }
    }
}

/// Writes a parsed value where the caller wants it, and says whether there was one.
fn put<T>(value: Option<T>, out: Option<&mut MaybeUninit<T>>) -> c_int {
    let ok = value.is_some();
    if let (Some(value), Some(out)) = (value, out) {
        out.write(value);
    }
    status(ok)
}

/// Decimal digits without sign, leading zero or blank.
pub(crate) fn parse_u64(text: &[u8]) -> Option<u64> {
    if text.len() > 1 && text.first() == Some(&b'0') || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A number as `strtod` reads it, to the last byte, that is neither NaN nor out of range.
pub(crate) fn parse_double(text: &[u8]) -> Option<f64> {
    let first = *text.first()?;
    if first.is_ascii_whitespace() || text.contains(&0) || text.len() > 5 * 1024 {
        return None;
    }
    let text = std::ffi::CString::new(text).ok()?;
    let mut end = std::ptr::null_mut();
    crate::boundary::set_errno(0);
    // SAFETY: The text ends with a NUL, and `end` is a place for a pointer.
    let value = unsafe { libc::strtod(text.as_ptr(), &raw mut end) };
    let consumed = end.addr() - text.as_ptr().addr();
    let out_of_range = std::io::Error::last_os_error().raw_os_error() == Some(libc::ERANGE)
        && (value.is_infinite() || value == 0.0);
    (consumed == text.count_bytes() && !value.is_nan() && !out_of_range).then_some(value)
}

fn parse_stream_id(text: &[u8]) -> Option<StreamId> {
    match text {
        b"-" => Some(StreamId { ms: 0, seq: 0 }),
        b"+" => Some(StreamId { ms: u64::MAX, seq: u64::MAX }),
        _ => {
            let mut parts = text.splitn(2, |&byte| byte == b'-');
            let ms = parse_u64(parts.next()?)?;
            let seq = parts.next().map_or(Some(0), parse_u64)?;
            Some(StreamId { ms, seq })
        }
    }
}

/// For `variadic.c`: a string of formatted text.
#[expect(unsafe_code, reason = "called from C by this name")]
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_create_string(
    context: Option<&Context>,
    text: *const c_char,
    len: usize,
) -> *mut ModuleString {
    // SAFETY: The shim passes its own buffer and length.
    let text = unsafe { bytes(text, len) };
    give_string(context, ByteString::from(text))
}

/// For `variadic.c`: the bytes of a string.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_string_text(
    string: Option<&ModuleString>,
    text: &mut MaybeUninit<*const c_void>,
    len: &mut MaybeUninit<usize>,
) -> c_int {
    let Some(string) = string else { return ERR };
    let (ptr, length) = string.as_ptr_len();
    text.write(ptr.cast());
    len.write(length);
    OK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_strictly() {
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_u64(b"18446744073709551616"), None);
        assert_eq!(parse_u64(b"01"), None);
        assert_eq!(parse_u64(b""), None);
        assert_eq!(parse_u64(b"+1"), None);
        assert_eq!(parse_double(b"1.5e3"), Some(1500.0));
        assert_eq!(parse_double(b"0x10"), Some(16.0));
        assert_eq!(parse_double(b"-inf"), Some(f64::NEG_INFINITY));
        for wrong in [b"".as_slice(), b" 1", b"1 ", b"nan", b"1e999", b"1\0", b"1e-999"] {
            assert_eq!(parse_double(wrong), None, "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn stream_ids() {
        assert_eq!(parse_stream_id(b"5-7"), Some(StreamId { ms: 5, seq: 7 }));
        assert_eq!(parse_stream_id(b"5"), Some(StreamId { ms: 5, seq: 0 }));
        assert_eq!(parse_stream_id(b"+"), Some(StreamId { ms: u64::MAX, seq: u64::MAX }));
        assert_eq!(parse_stream_id(b"5-"), None);
        assert_eq!(parse_stream_id(b"x"), None);
    }
}
