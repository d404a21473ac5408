//! Numbers: exact as text, compared by value, and computed with as JSON.NUMINCRBY does.

use crate::text::Text;
use std::cmp::Ordering;
use std::fmt;

/// A JSON number as it was sent.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a> {
    text: &'a str,
}

/// The value of a number in the first of these types that holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NumberValue {
    /// An integer.
    I64(i64),
    /// An integer above `i64::MAX`.
    U64(u64),
    /// Everything else, rounded to the nearest double.
    F64(f64),
}

impl NumberValue {
    /// As the nearest double.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::I64(value) => value as f64,
            Self::U64(value) => value as f64,
            Self::F64(value) => value,
        }
    }

    /// The shortest text that reads back as this value.
    ///
    /// # Errors
    /// JSON has no text for what is infinite or not a number.
    pub fn text(self) -> Result<Text, ArithmeticError> {
        let mut integer = itoa::Buffer::new();
        match self {
            Self::I64(value) => Ok(Text::assume_valid(integer.format(value).into())),
            Self::U64(value) => Ok(Text::assume_valid(integer.format(value).into())),
            Self::F64(value) => double(value),
        }
    }

    fn as_i128(self) -> Option<i128> {
        match self {
            Self::I64(value) => Some(value.into()),
            Self::U64(value) => Some(value.into()),
            Self::F64(_) => None,
        }
    }
}

/// Why an operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArithmeticError {
    /// Two integers whose result 64 bits cannot hold.
    Overflow,
    /// Infinite or not a number.
    NotANumber,
}

impl fmt::Display for ArithmeticError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "numeric overflow",
            Self::NotANumber => "result is not a number",
        })
    }
}

impl std::error::Error for ArithmeticError {}

impl<'a> Number<'a> {
    /// A number from its validated literal.
    pub(crate) fn from_valid(text: &'a str) -> Self {
        Self { text }
    }

    /// The number that `text` is; none if it is another kind of value.
    pub fn from_text(text: &'a Text) -> Option<Self> {
        let text = text.as_str();
        text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
            .then_some(Self { text })
    }

    /// The literal as sent.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// Whether its value is an integer that 64 bits hold; `-0` is none.
    pub fn is_integer(self) -> bool {
        !matches!(self.value(), NumberValue::F64(_))
    }

    /// Whether the literal has neither fraction nor exponent, however long it is.
    fn is_integer_literal(self) -> bool {
        !self.text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
    }

    /// The value. An integer beyond 64 bits is a double, and so is `-0`.
    pub fn value(self) -> NumberValue {
        if self.is_integer_literal() && self.text != "-0" {
            if let Ok(value) = self.text.parse() {
                return NumberValue::I64(value);
            }
            if let Ok(value) = self.text.parse() {
                return NumberValue::U64(value);
            }
        }
        NumberValue::F64(self.as_f64())
    }

    /// The nearest double; always finite, as a valid text has no other.
    pub fn as_f64(self) -> f64 {
        self.text.parse().unwrap_or(0.0)
    }

    /// The integer, if the literal is one that an i64 holds.
    pub fn as_i64(self) -> Option<i64> {
        match self.value() {
            NumberValue::I64(value) => Some(value),
            _ => None,
        }
    }

    /// Compares by mathematical value, exactly, however many digits there are.
    pub fn compare(self, other: Number<'_>) -> Ordering {
        if let (Some(own), Some(other)) = (short_integer(self.text), short_integer(other.text)) {
            return own.cmp(&other);
        }
        Decimal::new(self.text).compare(&Decimal::new(other.text))
    }

    /// The sum, as JSON.NUMINCRBY computes it.
    ///
    /// # Errors
    /// Integers stay integers or overflow; doubles stay finite or are refused.
    pub fn checked_add(self, other: Number<'_>) -> Result<Text, ArithmeticError> {
        compute(self, other, i128::checked_add, |left, right| left + right)
    }

    /// The product, as JSON.NUMMULTBY computes it.
    ///
    /// # Errors
    /// As [`Number::checked_add`].
    pub fn checked_mul(self, other: Number<'_>) -> Result<Text, ArithmeticError> {
        compute(self, other, i128::checked_mul, |left, right| left * right)
    }

    /// The power, as JSON.NUMPOWBY computes it.
    ///
    /// # Errors
    /// As [`Number::checked_add`]; a negative exponent makes a double.
    pub fn checked_pow(self, exponent: Number<'_>) -> Result<Text, ArithmeticError> {
        if let NumberValue::I64(negative @ ..0) = exponent.value() {
            return double(self.as_f64().powf(negative as f64));
        }
        let power = |base: i128, exponent: i128| match base {
            // Exponents beyond 32 bits are within reach of these bases only.
            0 | 1 => Some(if exponent == 0 { 1 } else { base }),
            -1 => Some(if exponent % 2 == 0 { 1 } else { -1 }),
            _ => base.checked_pow(u32::try_from(exponent).ok()?),
        };
        compute(self, exponent, power, f64::powf)
    }
}

/// Computes on integers exactly if both are, else on doubles.
fn compute(
    left: Number<'_>,
    right: Number<'_>,
    integers: impl Fn(i128, i128) -> Option<i128>,
    doubles: impl Fn(f64, f64) -> f64,
) -> Result<Text, ArithmeticError> {
    let (left, right) = (left.value(), right.value());
    let (Some(left_integer), Some(right_integer)) = (left.as_i128(), right.as_i128()) else {
        return double(doubles(left.as_f64(), right.as_f64()));
    };
    let result = integers(left_integer, right_integer).ok_or(ArithmeticError::Overflow)?;
    if i64::try_from(result).is_err() && u64::try_from(result).is_err() {
        return Err(ArithmeticError::Overflow);
    }
    Ok(Text::assume_valid(itoa::Buffer::new().format(result).into()))
}

/// A double as its shortest text that reads back the same: `4.6`, `6.0`, `1e100`.
///
/// # Errors
/// JSON has no infinities and no NaN.
pub fn double(value: f64) -> Result<Text, ArithmeticError> {
    if !value.is_finite() {
        return Err(ArithmeticError::NotANumber);
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    // RedisJSON's clients know `1e100`, without a sign.
    Ok(Text::assume_valid(match text.split_once("e+") {
        Some((mantissa, exponent)) => format!("{mantissa}e{exponent}").into_boxed_str(),
        None => text.into(),
    }))
}

/// The value of an integer literal of at most 18 digits.
fn short_integer(text: &str) -> Option<i64> {
    let (digits, negative) = match text.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    if digits.len() > 18 {
        return None;
    }
    let value = digits.bytes().try_fold(0i64, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })?;
    Some(if negative { -value } else { value })
}

/// A literal taken apart: ±0.d₁d₂d₃… × 10^exponent, with d₁ not 0 unless the number is.
struct Decimal<'a> {
    negative: bool,
    exponent: i64,
    whole: &'a [u8],
    fraction: &'a [u8],
}

impl<'a> Decimal<'a> {
    fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let negative = bytes.first() == Some(&b'-');
        let bytes = if negative { &bytes[1..] } else { bytes };
        let mantissa_len =
            bytes.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(bytes.len());
        let (mantissa, exponent) = bytes.split_at(mantissa_len);
        let exponent = exponent_value(exponent.get(1..).unwrap_or_default());
        let whole_len = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa_len);
        let (whole, fraction) = mantissa.split_at(whole_len);
        let mut fraction = fraction.get(1..).unwrap_or_default();
        let whole = trim_zeros(whole);
        let mut exponent = exponent.saturating_add(whole.len() as i64);
        if whole.is_empty() {
            let trimmed = trim_zeros(fraction);
            exponent = exponent.saturating_sub((fraction.len() - trimmed.len()) as i64);
            fraction = trimmed;
        }
        Self { negative, exponent, whole, fraction }
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.iter().chain(self.fraction).copied()
    }

    fn compare(&self, other: &Decimal<'_>) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => {
                return if other.negative { Ordering::Greater } else { Ordering::Less };
            }
            (false, true) => return if self.negative { Ordering::Less } else { Ordering::Greater },
            (false, false) => {}
        }
        if self.negative != other.negative {
            return if self.negative { Ordering::Less } else { Ordering::Greater };
        }
        let magnitude = self.exponent.cmp(&other.exponent).then_with(|| self.compare_digits(other));
        if self.negative { magnitude.reverse() } else { magnitude }
    }

    fn compare_digits(&self, other: &Decimal<'_>) -> Ordering {
        let (mut own, mut others) = (self.digits(), other.digits());
        loop {
            match (own.next(), others.next()) {
                (None, None) => return Ordering::Equal,
                (left, right) => match left.unwrap_or(b'0').cmp(&right.unwrap_or(b'0')) {
                    Ordering::Equal => {}
                    unequal => return unequal,
                },
            }
        }
    }
}

fn trim_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().position(|&digit| digit != b'0').unwrap_or(digits.len());
    &digits[zeros..]
}

/// The value of `+12`, `-3` or `4`, saturating.
fn exponent_value(digits: &[u8]) -> i64 {
    let (digits, negative) = match digits {
        [b'-', digits @ ..] => (digits, true),
        [b'+', digits @ ..] | digits => (digits, false),
    };
    let value = digits.iter().fold(0i64, |value, &digit| {
        value.saturating_mul(10).saturating_add(i64::from(digit.wrapping_sub(b'0')))
    });
    // Far from the ends of i64, so that adding the length of a literal cannot tie two of them.
    let value = value.min(i64::MAX / 4);
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number<'_> {
        Number::from_valid(text)
    }

    #[test]
    fn values_take_the_first_type_that_holds_them() {
        assert_eq!(number("-9223372036854775808").value(), NumberValue::I64(i64::MIN));
        assert_eq!(number("9223372036854775808").value(), NumberValue::U64(1 << 63));
        assert_eq!(
            number("18446744073709551616").value(),
            NumberValue::F64(18446744073709551616.0)
        );
        assert_eq!(number("1e2").value(), NumberValue::F64(100.0));
        assert!(matches!(number("-0").value(), NumberValue::F64(zero) if zero.is_sign_negative()));
    }

    #[test]
    fn comparison_is_exact() {
        let ascending = [
            "-1e300",
            "-12345678901234567891",
            "-12345678901234567890",
            "-1.5",
            "-1e-400",
            "0",
            "1e-400",
            "1e-399",
            "0.1",
            "0.10000000000000000001",
            "1",
            "1.0000000000000000000001",
            "9007199254740992",
            "9007199254740992.5",
            "9007199254740993",
            "18446744073709551616",
            "1e20",
            "12345678901234567890123",
            "12345678901234567890124",
        ];
        for (at, left) in ascending.iter().enumerate() {
            for (other_at, right) in ascending.iter().enumerate() {
                assert_eq!(
                    number(left).compare(number(right)),
                    at.cmp(&other_at),
                    "{left} {right}"
                );
            }
        }
        for (left, right) in [
            ("1", "1.0"),
            ("1", "1e0"),
            ("100", "1E+2"),
            ("0.001", "1e-3"),
            ("-0", "0"),
            ("0e9", "0.0"),
            ("10e-1", "1"),
            ("1200", "0.12e4"),
            ("0.0012", "12E-4"),
        ] {
            assert_eq!(number(left).compare(number(right)), Ordering::Equal, "{left} {right}");
        }
    }

    #[test]
    fn arithmetic_is_exact_or_refused() {
        let add = |left, right| {
            number(left).checked_add(number(right)).map(|sum| sum.as_str().to_owned())
        };
        assert_eq!(add("1", "2").as_deref(), Ok("3"));
        assert_eq!(add("4.5", "0.1").as_deref(), Ok("4.6"));
        assert_eq!(add("5", "1.0").as_deref(), Ok("6.0"));
        assert_eq!(add("1e100", "0").as_deref(), Ok("1e100"));
        assert_eq!(add("9223372036854775807", "1").as_deref(), Ok("9223372036854775808"));
        assert_eq!(add("18446744073709551615", "1"), Err(ArithmeticError::Overflow));
        assert_eq!(add("-9223372036854775808", "-1"), Err(ArithmeticError::Overflow));
        assert_eq!(add("1.7e308", "1.7e308"), Err(ArithmeticError::NotANumber));
        let multiply = |left, right| number(left).checked_mul(number(right));
        assert_eq!(multiply("3037000500", "3037000500").map(|text| text.len()), Ok(19));
        assert_eq!(
            multiply("18446744073709551615", "18446744073709551615"),
            Err(ArithmeticError::Overflow)
        );
        let power = |left, right| {
            number(left).checked_pow(number(right)).map(|text| text.as_str().to_owned())
        };
        assert_eq!(power("2", "10").as_deref(), Ok("1024"));
        assert_eq!(power("2", "64"), Err(ArithmeticError::Overflow));
        assert_eq!(power("-1", "9223372036854775807").as_deref(), Ok("-1"));
        assert_eq!(power("2", "-1").as_deref(), Ok("0.5"));
        assert_eq!(power("0", "-1"), Err(ArithmeticError::NotANumber));
    }
}
