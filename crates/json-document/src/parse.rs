//! Validating and minifying in one pass.
//!
//! The input is walked byte by byte outside of strings and eight bytes at a time within them.
//! Nothing is copied until whitespace is met; from then on the runs between whitespace are.

use crate::error::{ParseError, ParseErrorKind as Kind};
use crate::repeated_names;
use crate::scan::{byte, find_special, special, word};
use crate::string::{hex4, unescape};
use crate::text::Limits;
use smallvec::SmallVec;

/// Validates `input` and gives it without insignificant whitespace and without repeated names.
pub(crate) fn parse(input: &[u8], limits: &Limits) -> Result<Box<str>, ParseError> {
    // Offsets into a text are 32 bits wide everywhere.
    if u32::try_from(input.len()).is_err() {
        return Err(ParseError::new(Kind::TooLarge, b"", 0));
    }
    let text = std::str::from_utf8(input)
        .map_err(|error| ParseError::new(Kind::InvalidUtf8, input, error.valid_up_to()))?;
    let mut parser = Parser {
        input,
        depth_max: limits.depth_max,
        out: Vec::new(),
        copied: 0,
        frames: SmallVec::new(),
        names: SmallVec::new(),
        names_repeat: false,
    };
    parser.document().map_err(|fault| ParseError::new(fault.kind, input, fault.at))?;
    let names_repeat = parser.names_repeat;
    let text = parser.finish(text);
    Ok(if names_repeat { repeated_names::resolve(text) } else { text })
}

/// An error and how many bytes had been read when it was seen.
struct Fault {
    kind: Kind,
    at: usize,
}

#[cold]
fn fault<T>(kind: Kind, at: usize) -> Result<T, Fault> {
    Err(Fault { kind, at })
}

struct Parser<'i> {
    input: &'i [u8],
    depth_max: usize,
    /// The text so far without whitespace, if any was met.
    out: Vec<u8>,
    /// Up to where `input` has been copied to `out` or left out.
    copied: usize,
    /// The open containers: for an object twice the length of `names` at its start plus one, for
    /// an array 0.
    frames: SmallVec<[u32; 32]>,
    /// Hashes of the names of the open objects, outermost first.
    names: SmallVec<[u32; 64]>,
    /// Whether two names of one object had the same hash.
    names_repeat: bool,
}

const ARRAY: u32 = 0;

impl Parser<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        let input = self.input;
        let mut at = self.skip_space(0);
        'value: loop {
            match byte(input, at) {
                b'"' => at = self.string(at + 1)?,
                b'{' => {
                    let names = self.names.len() as u32;
                    self.open(names << 1 | 1, at)?;
                    at = self.skip_space(at + 1);
                    match byte(input, at) {
                        b'"' => {
                            at = self.name(at + 1)?;
                            continue 'value;
                        }
                        b'}' => {
                            self.frames.pop();
                            at += 1;
                        }
                        _ => return self.at_end_or(at, Kind::EofInObject, Kind::NameNotString),
                    }
                }
                b'[' => {
                    self.open(ARRAY, at)?;
                    at = self.skip_space(at + 1);
                    if byte(input, at) == b']' {
                        self.frames.pop();
                        at += 1;
                    } else if at < input.len() {
                        continue 'value;
                    } else {
                        return fault(Kind::EofInArray, at);
                    }
                }
                b'-' | b'0'..=b'9' => at = self.number(at)?,
                b't' => at = self.literal(at, b"true")?,
                b'f' => at = self.literal(at, b"false")?,
                b'n' => at = self.literal(at, b"null")?,
                _ => return self.at_end_or(at, Kind::EofInValue, Kind::ExpectedValue),
            }
            // A value has ended, and with it perhaps the containers around it.
            loop {
                let Some(&frame) = self.frames.last() else { break 'value };
                at = self.skip_space(at);
                let after = byte(input, at);
                if frame == ARRAY {
                    if after == b',' {
                        at = self.skip_space(at + 1);
                        match byte(input, at) {
                            b']' => return fault(Kind::TrailingComma, at + 1),
                            _ => continue 'value,
                        }
                    } else if after == b']' {
                        self.frames.pop();
                        at += 1;
                    } else {
                        return self.at_end_or(at, Kind::EofInArray, Kind::ExpectedArrayCommaOrEnd);
                    }
                } else if after == b',' {
                    at = self.skip_space(at + 1);
                    match byte(input, at) {
                        b'"' => {
                            at = self.name(at + 1)?;
                            continue 'value;
                        }
                        b'}' => return fault(Kind::TrailingComma, at + 1),
                        _ => return self.at_end_or(at, Kind::EofInValue, Kind::NameNotString),
                    }
                } else if after == b'}' {
                    self.close_object(frame);
                    at += 1;
                } else {
                    return self.at_end_or(at, Kind::EofInObject, Kind::ExpectedObjectCommaOrEnd);
                }
            }
        }
        at = self.skip_space(at);
        if at < input.len() { fault(Kind::TrailingCharacters, at + 1) } else { Ok(()) }
    }

    /// The error at `at`: `at_end` if the input ends there, else `otherwise`.
    #[cold]
    fn at_end_or<T>(&self, at: usize, at_end: Kind, otherwise: Kind) -> Result<T, Fault> {
        if at < self.input.len() { fault(otherwise, at + 1) } else { fault(at_end, at) }
    }

    #[inline(always)]
    fn open(&mut self, frame: u32, at: usize) -> Result<(), Fault> {
        if self.frames.len() >= self.depth_max {
            return fault(Kind::DepthExceeded, at + 1);
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Leaves an object, looking whether its names may repeat.
    #[inline(always)]
    fn close_object(&mut self, frame: u32) {
        let start = (frame >> 1) as usize;
        if self.names.len() > start + 1 {
            self.names_repeat |= repeated_names::any_equal(&mut self.names[start..]);
        }
        self.names.truncate(start);
        self.frames.pop();
    }

    /// The offset of the first byte from `at` on that is no whitespace.
    #[inline(always)]
    fn skip_space(&mut self, at: usize) -> usize {
        if byte(self.input, at) > b' ' { at } else { self.skip_space_run(at) }
    }

    #[inline(never)]
    fn skip_space_run(&mut self, start: usize) -> usize {
        let mut end = start;
        while matches!(byte(self.input, end), b' ' | b'\n' | b'\r' | b'\t') {
            end += 1;
        }
        if end > start {
            self.copy_up_to(start);
            self.copied = end;
        }
        end
    }

    /// Copies what of the input before `end` is not copied yet.
    #[inline(always)]
    fn copy_up_to(&mut self, end: usize) {
        if self.out.capacity() == 0 {
            self.out.reserve_exact(self.input.len() + 16);
        }
        let Some(run) = self.input.get(self.copied..end) else { return };
        // Runs are short: a copy of a fixed size that is cut afterwards beats a call of memcpy.
        if run.len() <= 16
            && let Some(chunk) = self.input.get(self.copied..self.copied + 16)
        {
            let len = self.out.len() + run.len();
            self.out.extend_from_slice(chunk);
            self.out.truncate(len);
        } else {
            self.out.extend_from_slice(run);
        }
    }

    /// The text without whitespace, of the whole input `text`.
    fn finish(mut self, text: &str) -> Box<str> {
        let len = self.input.len();
        if self.out.is_empty() {
            // Whitespace around the value at most.
            let value = text.get(self.copied..).unwrap_or(text);
            return Box::from(value);
        }
        if self.copied < len {
            self.copy_up_to(len);
        }
        match std::str::from_utf8(&self.out) {
            Ok(text) => Box::from(text),
            // Only whole runs of ASCII were left out of valid UTF-8.
            Err(_) => Box::from("null"),
        }
    }

    /// The end of the string whose content begins at `at`.
    #[inline(always)]
    fn string(&self, mut at: usize) -> Result<usize, Fault> {
        loop {
            at = find_special(self.input, at);
            match byte(self.input, at) {
                b'"' => return Ok(at + 1),
                b'\\' => at = self.escape(at + 1)?,
                _ => return self.at_end_or(at, Kind::EofInString, Kind::ControlCharacter),
            }
        }
    }

    /// The end of the escape whose backslash is just before `at`.
    fn escape(&self, at: usize) -> Result<usize, Fault> {
        match self.input.get(at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
            Some(b'u') => {
                let (code, at) = self.hex4(at + 1)?;
                match code {
                    0xdc00..0xe000 => fault(Kind::LoneSurrogate, at),
                    0xd800..0xdc00 => {
                        for (at, expected) in [(at, b'\\'), (at + 1, b'u')] {
                            if byte(self.input, at) != expected || at >= self.input.len() {
                                return self.at_end_or(
                                    at,
                                    Kind::EofInString,
                                    Kind::UnexpectedEndOfHexEscape,
                                );
                            }
                        }
                        let (code, at) = self.hex4(at + 2)?;
                        if (0xdc00..0xe000).contains(&code) {
                            Ok(at)
                        } else {
                            fault(Kind::LoneSurrogate, at)
                        }
                    }
                    _ => Ok(at),
                }
            }
            _ => self.at_end_or(at, Kind::EofInString, Kind::InvalidEscape),
        }
    }

    fn hex4(&self, at: usize) -> Result<(u32, usize), Fault> {
        match hex4(self.input, at) {
            Some(code) => Ok((code, at + 4)),
            None if at + 4 > self.input.len() => fault(Kind::EofInString, self.input.len()),
            None => fault(Kind::InvalidEscape, at + 4),
        }
    }

    /// The start of the value of the member whose name's content begins at `start`.
    #[inline(always)]
    fn name(&mut self, start: usize) -> Result<usize, Fault> {
        let mut hash = NameHash::default();
        let mut at = start;
        let tail = loop {
            let Some(word) = word(self.input, at) else {
                let end = find_special(self.input, at);
                let rest = self.input.get(at..end).unwrap_or_default();
                at = end;
                break rest.iter().rev().fold(0, |tail, &byte| tail << 8 | u64::from(byte));
            };
            let found = special(word);
            if found != 0 {
                let bits = found.trailing_zeros() & !7;
                at += (bits / 8) as usize;
                break word & !(u64::MAX << bits);
            }
            hash.word(word);
            at += 8;
        };
        if byte(self.input, at) == b'"' {
            self.names.push(hash.finish(tail, at - start));
            at += 1;
        } else {
            at = self.escaped_name(start)?;
        }
        at = self.skip_space(at);
        if byte(self.input, at) != b':' {
            return self.at_end_or(at, Kind::EofInObject, Kind::ExpectedColon);
        }
        Ok(self.skip_space(at + 1))
    }

    /// Validates a name with escapes; its hash is that of the name they stand for.
    #[cold]
    fn escaped_name(&mut self, start: usize) -> Result<usize, Fault> {
        let end = self.string(start)?;
        let raw = self.input.get(start..end - 1).unwrap_or_default();
        let name = unescape(std::str::from_utf8(raw).unwrap_or_default());
        self.names.push(NameHash::of(name.as_bytes()));
        Ok(end)
    }

    fn literal(&self, at: usize, literal: &[u8]) -> Result<usize, Fault> {
        let end = at + literal.len();
        if self.input.get(at..end) == Some(literal) {
            return Ok(end);
        }
        let same = literal.iter().zip(at..).take_while(|&(&l, at)| byte(self.input, at) == l);
        self.at_end_or(at + same.count(), Kind::EofInValue, Kind::ExpectedLiteral)
    }

    /// The end of the number that begins at `start`.
    #[inline(always)]
    fn number(&self, start: usize) -> Result<usize, Fault> {
        let mut at = start;
        if byte(self.input, at) == b'-' {
            at += 1;
        }
        match byte(self.input, at) {
            b'0' => {
                at += 1;
                if byte(self.input, at).is_ascii_digit() {
                    return fault(Kind::InvalidNumber, at + 1);
                }
            }
            b'1'..=b'9' => at = self.digits(at + 1),
            _ => return self.at_end_or(at, Kind::EofInValue, Kind::InvalidNumber),
        }
        if matches!(byte(self.input, at), b'.' | b'e' | b'E') || at - start > 300 {
            return self.fraction(start, at);
        }
        Ok(at)
    }

    #[inline(always)]
    fn digits(&self, mut at: usize) -> usize {
        while byte(self.input, at).is_ascii_digit() {
            at += 1;
        }
        at
    }

    /// The end of the number from `start` whose integer part ends at `at`.
    fn fraction(&self, start: usize, mut at: usize) -> Result<usize, Fault> {
        let mut may_overflow = at - start > 200;
        if byte(self.input, at) == b'.' {
            let end = self.digits(at + 1);
            if end == at + 1 {
                return self.at_end_or(end, Kind::EofInValue, Kind::InvalidNumber);
            }
            at = end;
        }
        if matches!(byte(self.input, at), b'e' | b'E') {
            at += 1;
            if matches!(byte(self.input, at), b'+' | b'-') {
                at += 1;
            }
            let end = self.digits(at);
            if end == at {
                return self.at_end_or(at, Kind::EofInValue, Kind::InvalidNumber);
            }
            may_overflow |= end - at > 2;
            if may_overflow && self.is_infinite(start, end) {
                return fault(Kind::NumberOutOfRange, self.exponent_overflow(at, end));
            }
            return Ok(end);
        }
        if may_overflow && self.is_infinite(start, at) {
            return fault(Kind::NumberOutOfRange, at);
        }
        Ok(at)
    }

    /// The offset after the digit by which the exponent of these digits leaves 32 bits: there
    /// serde_json stops reading, elsewhere at the end.
    #[cold]
    fn exponent_overflow(&self, start: usize, end: usize) -> usize {
        let mut exponent = 0i32;
        for at in start..end {
            let digit = i32::from(byte(self.input, at).wrapping_sub(b'0'));
            match exponent.checked_mul(10).and_then(|exponent| exponent.checked_add(digit)) {
                Some(larger) => exponent = larger,
                None => return at + 1,
            }
        }
        end
    }

    #[cold]
    fn is_infinite(&self, start: usize, end: usize) -> bool {
        let literal = self.input.get(start..end).unwrap_or_default();
        let number = std::str::from_utf8(literal).ok().and_then(|text| text.parse::<f64>().ok());
        number.is_none_or(f64::is_infinite)
    }
}

/// A hash of a name, a word at a time. Equal names have equal hashes; unequal ones that collide
/// cost a second look.
#[derive(Default)]
struct NameHash(u64);

impl NameHash {
    #[inline(always)]
    fn word(&mut self, word: u64) {
        let product = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }

    /// The hash, given the bytes after the last whole word and the length of the whole.
    #[inline(always)]
    fn finish(mut self, tail: u64, len: usize) -> u32 {
        self.word(tail);
        self.word(len as u64);
        self.0 as u32
    }

    fn of(name: &[u8]) -> u32 {
        let mut hash = Self::default();
        let (words, tail) = name.as_chunks::<8>();
        for word in words {
            hash.word(u64::from_le_bytes(*word));
        }
        let tail = tail.iter().rev().fold(0, |tail, &byte| tail << 8 | u64::from(byte));
        hash.finish(tail, name.len())
    }
}
