//! JSON strings: their escapes in both directions, and the hash by which names are told apart.

use std::borrow::Cow;

/// The text between the quotes of a JSON string, its escapes resolved.
///
/// `raw` comes from a validated text; a broken escape, which such a text cannot have, is kept as
/// it is.
pub fn unescape(raw: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', raw.as_bytes()) else { return Cow::Borrowed(raw) };
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    let mut next = Some(first);
    while let Some(at) = next {
        let (plain, escape) = rest.split_at(at);
        out.push_str(plain);
        let (character, len) = escaped_character(escape.as_bytes());
        match character {
            Some(character) => out.push(character),
            None => out.push_str(escape.get(..len).unwrap_or("\\")),
        }
        rest = escape.get(len..).unwrap_or("");
        next = memchr::memchr(b'\\', rest.as_bytes());
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character that the escape at the start of `bytes` stands for, and the escape's length.
fn escaped_character(bytes: &[u8]) -> (Option<char>, usize) {
    let simple = match bytes.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(&byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
        Some(b'u') => {
            let Some(first) = hex4(bytes, 2) else { return (None, 1) };
            if !(0xd800..0xdc00).contains(&first) {
                return (char::from_u32(first), 6);
            }
            let Some(second) = hex4(bytes, 8) else { return (None, 1) };
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff);
            return (char::from_u32(code), 12);
        }
        _ => return (None, 1),
    };
    (Some(simple), 2)
}

/// The four hexadecimal digits at `at`.
pub(crate) fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at.checked_add(4)?)?;
    digits.iter().try_fold(0, |value, &digit| Some(value << 4 | char::from(digit).to_digit(16)?))
}

/// Appends `string` to `out` as a JSON string, quotes included.
///
/// Escapes what RFC 8259 section 7 demands and nothing else, the short forms where there are any.
pub fn quote_into(string: &str, out: &mut Vec<u8>) {
    out.reserve(string.len() + 2);
    out.push(b'"');
    let bytes = string.as_bytes();
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            8 => b'b',
            12 => b'f',
            0..0x20 => b'u',
            _ => continue,
        };
        out.extend_from_slice(&bytes[copied..at]);
        copied = at + 1;
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let digit = |nibble: u8| HEX[usize::from(nibble & 15)];
            out.extend_from_slice(&[b'0', b'0', digit(byte >> 4), digit(byte)]);
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(b'"');
}

/// `string` as a JSON string, quotes included.
pub fn quote(string: &str) -> String {
    let mut out = Vec::new();
    quote_into(string, &mut out);
    // Escaping replaces ASCII by ASCII, so what was UTF-8 stays so.
    String::from_utf8(out).unwrap_or_default()
}

/// The name of an object's member.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Name<'a> {
    /// A name from the text between its quotes; `escaped` says whether that has a backslash.
    pub(crate) fn new(raw: &'a str, escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// The text between the quotes, escapes as they came in.
    pub fn raw(self) -> &'a str {
        self.raw
    }

    /// The name itself.
    pub fn unescaped(self) -> Cow<'a, str> {
        if self.escaped { unescape(self.raw) } else { Cow::Borrowed(self.raw) }
    }

    /// Whether this is the name `name` (which is unescaped).
    pub fn is(self, name: &str) -> bool {
        if self.escaped {
            // An escape is never shorter than what it stands for.
            self.raw.len() >= name.len() && unescape(self.raw) == name
        } else {
            self.raw == name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_is_resolved() {
        assert_eq!(
            unescape(r#"a\"\\\/\b\f\n\r\t\u00e9\ud834\udd1eb"#),
            "a\"\\/\u{8}\u{c}\n\r\té𝄞b"
        );
        assert!(matches!(unescape("plain é"), Cow::Borrowed("plain é")));
    }

    #[test]
    fn broken_escapes_are_kept() {
        for broken in ["\\", "\\u12", "\\x", "\\ud800", "\\u123é"] {
            assert_eq!(unescape(broken), broken);
        }
    }

    #[test]
    fn quoting_escapes_only_what_it_must() {
        assert_eq!(
            quote("a\"\\/\u{8}\u{c}\n\r\t\u{0}\u{1f}é\u{7f}"),
            r#""a\"\\/\b\f\n\r\t\u0000\u001fé"#.to_owned() + "\u{7f}\""
        );
    }

    #[test]
    fn names_compare_unescaped() {
        assert!(Name::new("a\\u0062", true).is("ab"));
        assert!(!Name::new("a\\u0062", true).is("a\\u0062"));
        assert!(Name::new("ab", false).is("ab"));
    }
}
