//! Argument lists as `variadic.c` collects them, and commands made of them.

use std::ffi::{CStr, c_char, c_int, c_longlong, c_void};

use byte_string::ByteString;
use engine::Argv;
use module_abi::passed_arg;

use crate::boundary::{bytes, handles};
use crate::module_string::ModuleString;

/// One argument; the mirror of the shim's structure.
#[repr(C)]
pub(crate) struct PassedArg {
    kind: c_int,
    pointer: *const c_void,
    len: usize,
    number: c_longlong,
}

const _: () = assert!(size_of::<PassedArg>() == 32);

/// Reads the shim's list.
///
/// # Safety
///
/// `args` points at `count` arguments that the shim filled in from a module's call, and the module keeps what they point
/// at until the call returns.
pub(crate) unsafe fn passed<'a>(args: *const PassedArg, count: usize) -> &'a [PassedArg] {
    if count == 0 {
        return &[];
    }
    // SAFETY: The caller's promise.
    unsafe { std::slice::from_raw_parts(args, count) }
}

impl PassedArg {
    pub(crate) fn pointer(&self) -> *const c_void {
        self.pointer
    }

    /// The argument as one string; a vector has none.
    pub(crate) fn to_byte_string(&self) -> ByteString {
        match self.kind {
            // SAFETY: The shim says that it is a C string, or NULL.
            passed_arg::TEXT if !self.pointer.is_null() => ByteString::from(
                unsafe { CStr::from_ptr(self.pointer.cast::<c_char>()) }.to_bytes(),
            ),
            passed_arg::STRING => {
                // SAFETY: The shim says that it is a string, or NULL.
                let string = unsafe { self.pointer.cast::<ModuleString>().as_ref() };
                string.map_or_else(ByteString::new, ModuleString::to_byte_string)
            }
            // SAFETY: The shim took the pointer and the length from one pair of arguments.
            passed_arg::BUFFER => ByteString::from(unsafe { bytes(self.pointer.cast(), self.len) }),
            passed_arg::NUMBER => ByteString::from_i64(self.number),
            _ => ByteString::new(),
        }
    }

    fn push_to(&self, argv: &mut Argv) {
        if self.kind == passed_arg::VECTOR {
            // SAFETY: The shim took the array and its length from one pair of arguments.
            let strings: &[&ModuleString] = unsafe { handles(self.pointer.cast(), self.len) };
            argv.extend(strings.iter().map(|string| string.to_byte_string()));
        } else {
            argv.push(self.to_byte_string());
        }
    }
}

/// Flags that stand among the letters of a format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FormatFlags {
    /// `!`
    pub(crate) replicate: bool,
    /// `A`
    pub(crate) no_aof: bool,
    /// `R`
    pub(crate) no_replicas: bool,
    /// `3`
    pub(crate) resp3: bool,
    /// `0`
    pub(crate) callers_protocol: bool,
    /// `C`
    pub(crate) as_user: bool,
    /// `S`
    pub(crate) script_mode: bool,
    /// `W`
    pub(crate) no_writes: bool,
    /// `M`
    pub(crate) respect_deny_oom: bool,
    /// `E`
    pub(crate) errors_as_replies: bool,
    /// `D`
    pub(crate) dry_run: bool,
    /// `K`
    pub(crate) allow_blocking: bool,
    /// `X`
    pub(crate) exact_types: bool,
}

/// Makes a command's argv of its name, a format and the arguments; `None` when the format has an unknown letter.
pub(crate) fn command(
    name: &[u8],
    format: &[u8],
    args: &[PassedArg],
) -> Option<(Argv, FormatFlags)> {
    let mut argv = Argv::new();
    argv.push(ByteString::from(name));
    let mut flags = FormatFlags::default();
    let mut args = args.iter();
    for letter in format {
        match letter {
            b'c' | b's' | b'b' | b'l' | b'v' => args.next()?.push_to(&mut argv),
            b'!' => flags.replicate = true,
            b'A' => flags.no_aof = true,
            b'R' => flags.no_replicas = true,
            b'3' => flags.resp3 = true,
            b'0' => flags.callers_protocol = true,
            b'C' => flags.as_user = true,
            b'S' => flags.script_mode = true,
            b'W' => flags.no_writes = true,
            b'M' => flags.respect_deny_oom = true,
            b'E' => flags.errors_as_replies = true,
            b'D' => {
                flags.dry_run = true;
                flags.errors_as_replies = true;
            }
            b'K' => flags.allow_blocking = true,
            b'X' => flags.exact_types = true,
            _ => return None,
        }
    }
    Some((argv, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        let arg = |number| PassedArg {
            kind: passed_arg::NUMBER,
            pointer: std::ptr::null(),
            len: 0,
            number,
        };
        let (argv, flags) = command(b"set", b"!l3lD", &[arg(5), arg(-7)]).expect("known letters");
        let words: Vec<&[u8]> = argv.iter().map(|word| &**word).collect();
        assert_eq!(words, [b"set".as_slice(), b"5", b"-7"]);
        assert!(flags.replicate && flags.resp3 && flags.dry_run && flags.errors_as_replies);
        assert!(!flags.no_aof);
        assert!(command(b"set", b"l?", &[arg(1)]).is_none());
        assert!(command(b"set", b"ll", &[arg(1)]).is_none());
    }
}
