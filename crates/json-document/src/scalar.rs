//! The ends of strings, numbers and literals, and what is wrong with them.
//!
//! Each function takes the whole input and an offset into it, and gives the offset after what it
//! has read.

use crate::error::{Fault, ParseErrorKind as Kind, fault};
use crate::scan::{byte, digits_end, find_special};

/// The error at `at`: `at_end` if the input ends there, else `otherwise`.
#[cold]
pub(crate) fn at_end_or<T>(
    input: &[u8],
    at: usize,
    at_end: Kind,
    otherwise: Kind,
) -> Result<T, Fault> {
    if at < input.len() { fault(otherwise, at + 1) } else { fault(at_end, at) }
}

/// The end of the string whose content begins at `at`.
#[inline(always)]
pub(crate) fn string(input: &[u8], mut at: usize) -> Result<usize, Fault> {
    loop {
        at = find_special(input, at);
        match byte(input, at) {
            b'"' => return Ok(at + 1),
            b'\\' => at = escape(input, at + 1)?,
            _ => return at_end_or(input, at, Kind::EofInString, Kind::ControlCharacter),
        }
    }
}

/// The end of the escape whose backslash is just before `at`.
fn escape(input: &[u8], at: usize) -> Result<usize, Fault> {
    match input.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => {
            let (code, at) = hex4(input, at + 1)?;
            match code {
                0xdc00..0xe000 => fault(Kind::LoneSurrogate, at),
                0xd800..0xdc00 => {
                    for (at, expected) in [(at, b'\\'), (at + 1, b'u')] {
                        if byte(input, at) != expected || at >= input.len() {
                            return at_end_or(
                                input,
                                at,
                                Kind::EofInString,
                                Kind::UnexpectedEndOfHexEscape,
                            );
                        }
                    }
                    let (code, at) = hex4(input, at + 2)?;
                    if (0xdc00..0xe000).contains(&code) {
                        Ok(at)
                    } else {
                        fault(Kind::LoneSurrogate, at)
                    }
                }
                _ => Ok(at),
            }
        }
        _ => at_end_or(input, at, Kind::EofInString, Kind::InvalidEscape),
    }
}

fn hex4(input: &[u8], at: usize) -> Result<(u32, usize), Fault> {
    match crate::string::hex4(input, at) {
        Some(code) => Ok((code, at + 4)),
        None if at + 4 > input.len() => fault(Kind::EofInString, input.len()),
        None => fault(Kind::InvalidEscape, at + 4),
    }
}

pub(crate) fn literal(input: &[u8], at: usize, literal: &[u8]) -> Result<usize, Fault> {
    let end = at + literal.len();
    if input.get(at..end) == Some(literal) {
        return Ok(end);
    }
    let same = literal.iter().zip(at..).take_while(|&(&l, at)| byte(input, at) == l);
    at_end_or(input, at + same.count(), Kind::EofInValue, Kind::ExpectedLiteral)
}

/// The end of the number that begins at `start` with a digit other than 0.
///
/// Apart from the other numbers, because where the next value begins must not wait for whether
/// there was a sign.
#[inline(always)]
pub(crate) fn plain_number(input: &[u8], start: usize) -> Result<usize, Fault> {
    integer_end(input, start, digits_end(input, start + 1))
}

/// The end of the number that begins at `start` with `-` or `0`.
pub(crate) fn other_number(input: &[u8], start: usize) -> Result<usize, Fault> {
    let first = if byte(input, start) == b'-' { start + 1 } else { start };
    match byte(input, first) {
        b'0' if byte(input, first + 1).is_ascii_digit() => fault(Kind::InvalidNumber, first + 2),
        b'0' => integer_end(input, start, first + 1),
        b'1'..=b'9' => integer_end(input, start, digits_end(input, first + 1)),
        _ => at_end_or(input, first, Kind::EofInValue, Kind::InvalidNumber),
    }
}

/// The end of the number from `start` whose integer part ends at `at`.
#[inline(always)]
fn integer_end(input: &[u8], start: usize, at: usize) -> Result<usize, Fault> {
    if matches!(byte(input, at), b'.' | b'e' | b'E') || at - start > 300 {
        return fraction(input, start, at);
    }
    Ok(at)
}

/// The end of the number from `start` whose integer part ends at `at`.
fn fraction(input: &[u8], start: usize, mut at: usize) -> Result<usize, Fault> {
    let mut may_overflow = at - start > 200;
    if byte(input, at) == b'.' {
        let end = digits_end(input, at + 1);
        if end == at + 1 {
            return at_end_or(input, end, Kind::EofInValue, Kind::InvalidNumber);
        }
        at = end;
    }
    if matches!(byte(input, at), b'e' | b'E') {
        at += 1;
        if matches!(byte(input, at), b'+' | b'-') {
            at += 1;
        }
        let end = digits_end(input, at);
        if end == at {
            return at_end_or(input, at, Kind::EofInValue, Kind::InvalidNumber);
        }
        may_overflow |= end - at > 2;
        if may_overflow && is_infinite(input, start, end) {
            return fault(Kind::NumberOutOfRange, exponent_overflow(input, at, end));
        }
        return Ok(end);
    }
    if may_overflow && is_infinite(input, start, at) {
        return fault(Kind::NumberOutOfRange, at);
    }
    Ok(at)
}

/// The offset after the digit by which the exponent of these digits leaves 32 bits: there
/// serde_json stops reading, elsewhere at the end.
#[cold]
fn exponent_overflow(input: &[u8], start: usize, end: usize) -> usize {
    let mut exponent = 0i32;
    for at in start..end {
        let digit = i32::from(byte(input, at).wrapping_sub(b'0'));
        match exponent.checked_mul(10).and_then(|exponent| exponent.checked_add(digit)) {
            Some(larger) => exponent = larger,
            None => return at + 1,
        }
    }
    end
}

#[cold]
fn is_infinite(input: &[u8], start: usize, end: usize) -> bool {
    let literal = input.get(start..end).unwrap_or_default();
    let number = std::str::from_utf8(literal).ok().and_then(|text| text.parse::<f64>().ok());
    number.is_none_or(f64::is_infinite)
}
