//! What stands for itself in a path: integers, strings, numbers, and JSON.

use super::{Parsed, Parser};
use crate::PATH_NESTING_MAX;
use crate::error::{PathError, PathErrorKind};
use json_document::{Limits, Text, quote_into};

/// Integers of a path are exact in a double (RFC 9535 section 2.1).
const INTEGER_MAX: i64 = (1 << 53) - 1;

impl Parser<'_> {
    pub(super) fn optional_integer(&mut self) -> Parsed<Option<i64>> {
        let start = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        let digits = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        match &self.bytes[digits..self.at] {
            [] if digits == start => return Ok(None),
            [] => return self.expected("a digit"),
            [b'0'] if digits == start => {}
            [b'0', ..] => {
                self.at = start;
                return self.expected("an integer without leading zeros");
            }
            _ => {}
        }
        match self.text[start..self.at].parse() {
            Ok(value) if (-INTEGER_MAX..=INTEGER_MAX).contains(&value) => Ok(Some(value)),
            _ => Err(PathError::new(PathErrorKind::OutOfRange, start)),
        }
    }

    /// The content of the quoted string at hand.
    pub(super) fn string(&mut self) -> Parsed<String> {
        let quote = self.peek();
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), b'\\' | 0..0x20) && self.peek() != quote {
                self.at += 1;
            }
            out.push_str(&self.text[start..self.at]);
            match self.peek() {
                b'\\' => {
                    self.at += 1;
                    out.push(self.escape(quote)?);
                }
                byte if byte == quote => {
                    self.at += 1;
                    return Ok(out);
                }
                _ => return self.expected("a character or the closing quote"),
            }
        }
    }

    fn escape(&mut self, quote: u8) -> Parsed<char> {
        let character = match self.peek() {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            byte @ (b'/' | b'\\') => char::from(byte),
            byte if byte == quote => char::from(byte),
            b'u' => {
                self.at += 1;
                let first = self.hex4()?;
                let code = if (0xd800..0xdc00).contains(&first) {
                    if !self.bytes[self.at..].starts_with(b"\\u") {
                        return self.expected("the second half of a surrogate pair");
                    }
                    self.at += 2;
                    let second = self.hex4()?;
                    if !(0xdc00..0xe000).contains(&second) {
                        return self.expected("the second half of a surrogate pair");
                    }
                    0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                } else {
                    first
                };
                return match char::from_u32(code) {
                    Some(character) => Ok(character),
                    None => self.expected("the first half of a surrogate pair"),
                };
            }
            _ => return self.expected("an escape"),
        };
        self.at += 1;
        Ok(character)
    }

    fn hex4(&mut self) -> Parsed<u32> {
        let mut value = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.peek()).to_digit(16) else {
                return self.expected("a hexadecimal digit");
            };
            value = value << 4 | digit;
            self.at += 1;
        }
        Ok(value)
    }

    /// A number literal, which is as in JSON.
    pub(super) fn number(&mut self) -> Parsed<Text> {
        let start = self.at;
        while matches!(self.peek(), b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
            self.at += 1;
        }
        match Text::parse(&self.bytes[start..self.at], &Limits::default()) {
            Ok(number) => Ok(number),
            Err(_) => {
                self.at = start;
                self.refuse("a number", PathErrorKind::OutOfRange)
            }
        }
    }

    /// An array or object: JSON, but for strings that may have single quotes.
    pub(super) fn json_literal(&mut self) -> Parsed<Text> {
        let start = self.at;
        let mut json = Vec::new();
        let mut depth = 0usize;
        loop {
            match self.peek() {
                b'"' | b'\'' => {
                    quote_into(&self.string()?, &mut json);
                    continue;
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ if self.at >= self.bytes.len() => return self.expected("`]` or `}`"),
                _ => {}
            }
            json.push(self.peek());
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        let limits = Limits { depth_max: PATH_NESTING_MAX };
        Text::parse(&json, &limits)
            .map_err(|_| PathError::new(PathErrorKind::Expected("a JSON value"), start))
    }
}
