//! Documents as commands: the AOF rewritten without an RDB preamble, and slots on their way to another
//! node.
//!
//! A document is `JSON.SET key $ json`, which every JSON module takes. One whose text is longer than
//! a command's argument may be goes in parts: as a document that is a string, which
//! `JSON.STRAPPEND` lengthens, and which `JSON.UNQUOTE` at last turns into what its content says.
//! So whatever a server holds can be read by a server like it, and what is on its way is an ordinary
//! key: it is saved, replicated and deleted like any other.

use json_document::Text;
use redis_module::raw;

use crate::host::{config, host_config};

/// What of the longest argument is left to others: the quotes of a part.
const QUOTES: usize = 2;
/// The least that a part takes, however small the host's limits are.
const PART_LEN_MIN: usize = 4096;

/// An AOF being rewritten, at one key.
pub(super) struct Rewriting {
    aof: *mut raw::RedisModuleIO,
    key: *mut raw::RedisModuleString,
}

impl Rewriting {
    /// # Safety
    /// `aof` and `key` are those of the rewrite callback that is running.
    pub(super) unsafe fn new(
        aof: *mut raw::RedisModuleIO,
        key: *mut raw::RedisModuleString,
    ) -> Rewriting {
        Rewriting { aof, key }
    }

    /// Writes the commands that make the key hold `text`; `None` if there are none.
    pub(super) fn document(&self, text: &Text) -> Option<()> {
        let text = text.as_str();
        let len_max = host_config::argument_len_max();
        if text.len() <= len_max {
            return self.with_path(c"JSON.SET", text.as_bytes());
        }
        let escapes = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        if text.len() + escapes > config::LEN_CEILING {
            // The string could not be put together again.
            return None;
        }
        let mut parts = Parts { rest: text, len_max: len_max.max(PART_LEN_MIN) - QUOTES };
        let mut part = Vec::new();
        let mut command = c"JSON.SET";
        while parts.next_into(&mut part) {
            self.with_path(command, &part)?;
            command = c"JSON.STRAPPEND";
        }
        let emit = api!(RedisModule_EmitAOF)?;
        // SAFETY: the stream and the key live for the callback; the format names a string object,
        // and exactly that follows.
        unsafe { emit(self.aof, c"JSON.UNQUOTE".as_ptr(), c"s".as_ptr(), self.key) };
        Some(())
    }

    /// `command key $ argument`: the root in every dialect
    fn with_path(&self, command: &std::ffi::CStr, argument: &[u8]) -> Option<()> {
        let emit = api!(RedisModule_EmitAOF)?;
        // SAFETY: the stream and the key live for the callback; the format names a string object, a
        // C string and a buffer with its length, and exactly these follow.
        unsafe {
            emit(
                self.aof,
                command.as_ptr(),
                c"scb".as_ptr(),
                self.key,
                c"$".as_ptr(),
                argument.as_ptr(),
                argument.len(),
            );
        }
        Some(())
    }
}

/// A text cut into JSON strings.
struct Parts<'t> {
    rest: &'t str,
    /// Bytes of a part without its quotes.
    len_max: usize,
}

impl Parts<'_> {
    /// Puts the next part in place of `part`: a JSON string. False at the end.
    fn next_into(&mut self, part: &mut Vec<u8>) -> bool {
        if self.rest.is_empty() {
            return false;
        }
        part.clear();
        part.push(b'"');
        let mut taken = 0;
        // A minified text has no control characters: quotes and backslashes are all that is escaped.
        for character in self.rest.chars() {
            let escape = usize::from(matches!(character, '"' | '\\'));
            if part.len() - 1 + escape + character.len_utf8() > self.len_max {
                break;
            }
            if escape == 1 {
                part.push(b'\\');
            }
            part.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            taken += character.len_utf8();
        }
        part.push(b'"');
        self.rest = self.rest.get(taken..).unwrap_or("");
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use json_document::{Document, Index, Limits};

    #[test]
    fn parts_put_together_are_the_text() {
        let text = r#"{"a\"b":["\\","é\u0000","😀",1.10,{}],"long":"\\\\\\\""}"#;
        for len_max in 4..text.len() * 2 {
            let mut parts = Parts { rest: text, len_max };
            let (mut part, mut whole) = (Vec::new(), String::new());
            while parts.next_into(&mut part) {
                assert!(part.len() <= len_max + QUOTES);
                let string = Text::parse(&part, &Limits::default()).expect("a part is JSON");
                let index = Index::new(&string);
                let document = Document::new(&string, &index);
                whole.push_str(&document.string(document.root()).expect("a part is a string"));
            }
            assert_eq!(whole, text);
        }
    }
}
