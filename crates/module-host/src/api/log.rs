//! The server's log.

use std::ffi::{c_char, c_int};
use std::sync::OnceLock;

use crate::boundary::{PanicGuard, Text, api, bytes};
use crate::context::Context;

use super::io::Io;

/// Where lines go: level (0 debug, 1 verbose, 2 notice, 3 warning) and text.
static LOG: OnceLock<fn(u8, &str)> = OnceLock::new();

/// Longest line of a module, as in the reference.
const LINE_LEN_MAX: usize = 1024;

/// Names the server's log. Only the first call counts.
pub(crate) fn set(log: fn(u8, &str)) {
    // The same function again, when another module is loaded.
    let _ = LOG.set(log);
}

/// Writes one line, from any thread.
pub(crate) fn line(level: u8, text: &str) {
    if let Some(log) = LOG.get() {
        log(level, text);
    }
}

fn level_of(name: &[u8]) -> u8 {
    match name.to_ascii_lowercase().as_slice() {
        b"debug" => 0,
        b"notice" => 2,
        b"warning" => 3,
        // Names that do not exist are the reference's "verbose" too.
        _ => 1,
    }
}

fn module_line(module: Option<&str>, level: Text<'_>, text: &[u8]) {
    let text = String::from_utf8_lossy(&text[..text.len().min(LINE_LEN_MAX)]);
    line(level_of(level.bytes()), &format!("<{}> {text}", module.unwrap_or("module")));
}

/// For `variadic.c`: a formatted line of the context's module.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_log(
    context: Option<&Context>,
    level: Text<'_>,
    text: *const c_char,
    len: usize,
) {
    let _guard = PanicGuard("Log");
    let module = context.and_then(|context| context.module.get());
    // SAFETY: The shim passes its own buffer and length.
    module_line(module.map(|module| module.name.as_str()), level, unsafe { bytes(text, len) });
}

/// For `variadic.c`: a formatted line about a stream.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_log_io_error(
    io: &Io,
    level: Text<'_>,
    text: *const c_char,
    len: usize,
) {
    let _guard = PanicGuard("LogIOError");
    // SAFETY: The shim passes its own buffer and length.
    module_line(Some(io.module_name()), level, unsafe { bytes(text, len) });
}

api! {
    /// A module's assertion failed: the process ends.
    fn _Assert(expression: Text<'_>, file: Text<'_>, line_number: c_int) {
        line(3, "=== ASSERTION FAILED ===");
        line(3, &format!("==> {}:{line_number} '{}' is not true", file.to_str(), expression.to_str()));
        std::process::abort();
    }

}
