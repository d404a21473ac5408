//! The x87 extended-precision numbers that INCRBYFLOAT and HINCRBYFLOAT reckon with.
//!
//! Valkey adds in C's `long double`, which on its usual machines has 64 bits of mantissa and rounds every step to
//! nearest, ties to even. `0.1 + 0.2` is therefore `0.3` there, and clients rely on it. Rust has no such type, so the
//! same steps are made on whole numbers of any length: reading, adding and printing are each exact and then rounded
//! once.

use std::cmp::Ordering;

use crate::natural::Natural;

/// The exponent of the lowest mantissa bit is within these.
const EXPONENT_MIN: i64 = -16_445;
const EXPONENT_MAX: i64 = 16_320;
/// Longest text that is read, as in Valkey; it bounds the work.
const TEXT_LEN_MAX: usize = 5 * 1024 - 1;
/// Digits after the point that are printed.
const DECIMALS: usize = 17;

/// A number: sign, and either `mantissa` × 2^`exponent` or infinity. Of a nonzero mantissa the top bit is set, unless
/// the exponent is the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extended {
    negative: bool,
    mantissa: u64,
    exponent: i64,
    infinite: bool,
}

impl Extended {
    pub(crate) const ZERO: Self =
        Self { negative: false, mantissa: 0, exponent: 0, infinite: false };

    /// Reads what C's `strtold` reads, whole and without space before it; `None` for anything else, for what is too
    /// large or too small to be told from infinity or zero, and for NaN.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_LEN_MAX {
            return None;
        }
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        if digits.eq_ignore_ascii_case(b"inf") || digits.eq_ignore_ascii_case(b"infinity") {
            return Some(Self { negative, infinite: true, ..Self::ZERO });
        }
        let number = match digits {
            [b'0', b'x' | b'X', hex @ ..] => parse_hexadecimal(hex)?,
            _ => parse_decimal(digits)?,
        };
        Some(Self { negative, ..number })
    }

    pub(crate) fn is_infinite(self) -> bool {
        self.infinite
    }

    /// The sum; `None` if it is infinite.
    pub(crate) fn add(self, other: Self) -> Option<Self> {
        if self.infinite || other.infinite {
            return None;
        }
        let exponent = self.exponent.min(other.exponent);
        let scaled = |number: Self| {
            Natural::from(number.mantissa).shifted_left((number.exponent - exponent) as usize)
        };
        let (mut a, b) = (scaled(self), scaled(other));
        if self.negative == other.negative {
            a.add(&b);
            let sum = round(a, exponent, false)?;
            return Some(Self { negative: self.negative, ..sum });
        }
        let (difference, negative) = match a.compare(&b) {
            Ordering::Equal => return Some(Self::ZERO),
            Ordering::Greater => (a.minus(&b), self.negative),
            Ordering::Less => (b.minus(&a), other.negative),
        };
        Some(Self { negative, ..round(difference, exponent, false)? })
    }

    /// The digits as `%.17Lf` prints them, without zeros at the end, and never `-0`.
    pub(crate) fn to_human(self) -> String {
        let mut text = if self.exponent >= 0 {
            Natural::from(self.mantissa).shifted_left(self.exponent as usize).to_decimal()
        } else {
            self.fraction_to_human()
        };
        if self.negative && text != "0" {
            text.insert(0, '-');
        }
        text
    }

    fn fraction_to_human(self) -> String {
        let unit = 10_u128.pow(DECIMALS as u32);
        // 64 bits times 57 bits.
        let scaled = u128::from(self.mantissa) * unit;
        let shift = self.exponent.unsigned_abs();
        let rounded = if shift > 122 {
            0
        } else {
            let quotient = scaled >> shift;
            let rest = scaled - (quotient << shift);
            match rest.cmp(&(1 << (shift - 1))) {
                Ordering::Less => quotient,
                Ordering::Equal => quotient + (quotient & 1),
                Ordering::Greater => quotient + 1,
            }
        };
        let text = format!("{}.{:0DECIMALS$}", rounded / unit, rounded % unit);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// Splits the exponent after `letter` off, as a number bounded well outside of what can be represented.
fn split_exponent(text: &[u8], letter: u8) -> Option<(&[u8], i64)> {
    let Some(at) = text.iter().position(|byte| byte.to_ascii_lowercase() == letter) else {
        return Some((text, 0));
    };
    let (negative, digits) = match &text[at + 1..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = digits
        .iter()
        .fold(0, |size: i64, digit| (size * 10 + i64::from(digit - b'0')).min(1_000_000));
    Some((&text[..at], if negative { -size } else { size }))
}

/// Splits at the point: all digits, and how many of them stand after it. `None` without any digit.
fn split_point(text: &[u8], is_digit: fn(&u8) -> bool) -> Option<(Vec<u8>, i64)> {
    let point = text.iter().position(|&byte| byte == b'.');
    let after = point.map_or(0, |at| text.len() - at - 1);
    let digits: Vec<u8> = text
        .iter()
        .enumerate()
        .filter(|(at, _)| Some(*at) != point)
        .map(|(_, &byte)| byte)
        .collect();
    (!digits.is_empty() && digits.iter().all(is_digit)).then_some((digits, after as i64))
}

fn parse_decimal(text: &[u8]) -> Option<Extended> {
    let (text, exponent) = split_exponent(text, b'e')?;
    let (digits, after_point) = split_point(text, u8::is_ascii_digit)?;
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    let digits = &digits[zeros..];
    if digits.is_empty() {
        return Some(Extended::ZERO);
    }
    let exponent = exponent - after_point;
    // The number lies between 10^(magnitude - 1) and 10^magnitude.
    let magnitude = exponent + digits.len() as i64;
    if !(-5_000..=5_000).contains(&magnitude) {
        return None;
    }
    let mut number = Natural::default();
    for digit in digits {
        number.multiply_add(10, u32::from(digit - b'0'));
    }
    if exponent >= 0 {
        number.multiply_by_ten_to(exponent as usize);
        return nonzero(round(number, 0, false)?);
    }
    // Enough bits that 66 are left after the division.
    let shift = exponent.unsigned_abs() as usize * 10 / 3 + 70;
    let mut number = number.shifted_left(shift);
    let inexact = number.divide_by_ten_to(exponent.unsigned_abs() as usize);
    nonzero(round(number, -(shift as i64), inexact)?)
}

fn parse_hexadecimal(text: &[u8]) -> Option<Extended> {
    let (text, exponent) = split_exponent(text, b'p')?;
    let (digits, after_point) = split_point(text, u8::is_ascii_hexdigit)?;
    let mut number = Natural::default();
    for digit in digits {
        number.multiply_add(16, char::from(digit).to_digit(16)?);
    }
    if number.bit_len() == 0 {
        return Some(Extended::ZERO);
    }
    nonzero(round(number, exponent - 4 * after_point, false)?)
}

/// What is not zero as written must not have become so.
fn nonzero(number: Extended) -> Option<Extended> {
    (number.mantissa != 0).then_some(number)
}

/// `number` × 2^`exponent` to 64 bits, to nearest and ties to even; `inexact` tells that the true number is a little
/// larger. `None` if that is infinite.
fn round(number: Natural, exponent: i64, inexact: bool) -> Option<Extended> {
    let len = number.bit_len() as i64;
    if len == 0 {
        return Some(Extended::ZERO);
    }
    let drop = (len - 64).max(EXPONENT_MIN - exponent);
    let (mut mantissa, mut exponent) = if drop <= 0 {
        // Shorter than 64 bits: the top bit is moved up as far as the exponent allows.
        let up = (64 - len).min(exponent - EXPONENT_MIN).max(0);
        (u128::from(number.low_u64()) << up, exponent - up)
    } else {
        let (half, below) = (number.bit(drop - 1), inexact || number.any_bit_below(drop - 1));
        let kept = u128::from(number.bits_from(drop));
        let up = half && (below || kept & 1 == 1);
        (kept + u128::from(up), exponent + drop)
    };
    if mantissa >> 64 != 0 {
        mantissa >>= 1;
        exponent += 1;
    }
    if exponent > EXPONENT_MAX {
        return None;
    }
    Some(Extended { negative: false, mantissa: mantissa as u64, exponent, infinite: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(a: &str, b: &str) -> Option<String> {
        Extended::parse(a.as_bytes())?.add(Extended::parse(b.as_bytes())?).map(Extended::to_human)
    }

    #[test]
    fn adds_as_long_double_does() {
        for (a, b, expected) in [
            ("0.1", "0.2", "0.3"),
            ("3.0", "1.1", "4.1"),
            ("10.50", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("-1.5", "1.5", "0"),
            ("-0.0", "-0.0", "0"),
            ("1", "-0.00000000000000001", "0.99999999999999999"),
            ("1e18", "0.125", "1000000000000000000.125"),
            ("9223372036854775807", "1", "9223372036854775808"),
            ("18446744073709551615", "1", "18446744073709551616"),
            ("18446744073709551616", "1", "18446744073709551616"),
            ("18446744073709551616", "3", "18446744073709551620"),
            ("1e-30", "0", "0"),
            ("0x1.8p1", "0x10", "19"),
            (".5", "5.", "5.5"),
        ] {
            assert_eq!(sum(a, b).as_deref(), Some(expected), "{a} + {b}");
        }
    }

    #[test]
    fn refuses_what_strtold_refuses() {
        for text in [
            "", " 1", "1 ", "abc", "1e", "1e+", "--1", "0x", "0xg", ".", "nan", "1.2.3", "1e5000",
            "1e-5000",
        ] {
            assert_eq!(Extended::parse(text.as_bytes()), None, "{text:?}");
        }
        assert!(Extended::parse(b"-inf").is_some_and(Extended::is_infinite));
        assert_eq!(sum("inf", "-inf"), None);
        assert_eq!(sum("1e4932", "1e4932"), None);
    }
}
