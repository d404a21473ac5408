//! JSON.NUMINCRBY and its like, as either module computes.

use json_document::{ArithmeticError, Number, NumberValue, Text};

use crate::error::Arithmetic;

/// On integers exactly or not at all; a double as its shortest text.
pub(super) fn exact(
    arithmetic: Arithmetic,
    number: Number<'_>,
    operand: Number<'_>,
) -> Result<Text, ArithmeticError> {
    match arithmetic {
        Arithmetic::Addition => number.checked_add(operand),
        Arithmetic::Multiplication => number.checked_mul(operand),
        Arithmetic::Power => number.checked_pow(operand),
    }
}

/// On integers as long as 64 bits hold the result, else on doubles; a double has 17 digits.
/// valkey-json has no power, which is computed as in [`exact`].
pub(super) fn over_to_doubles(
    arithmetic: Arithmetic,
    number: Number<'_>,
    operand: Number<'_>,
) -> Result<Text, ArithmeticError> {
    type Operations = (fn(i64, i64) -> Option<i64>, fn(f64, f64) -> f64);
    let (integers, doubles): Operations = match arithmetic {
        Arithmetic::Addition => (i64::checked_add, |left, right| left + right),
        Arithmetic::Multiplication => (i64::checked_mul, |left, right| left * right),
        Arithmetic::Power => return exact(arithmetic, number, operand),
    };
    let (number, operand) = (number.value(), operand.value());
    if let (NumberValue::I64(number), NumberValue::I64(operand)) = (number, operand)
        && let Some(result) = integers(number, operand)
    {
        return Ok(Text::assume_valid(result.to_string().into_boxed_str()));
    }
    let result = doubles(number.as_f64(), operand.as_f64());
    if !result.is_finite() {
        return Err(ArithmeticError::NotANumber);
    }
    Ok(Text::assume_valid(seventeen_digits(result).into_boxed_str()))
}

/// The number that [`over_to_doubles`] has made, as valkey-json replies it: `6` for `6.0`.
pub(super) fn without_point(number: &Text) -> &str {
    let number = number.as_str();
    number.strip_suffix(".0").unwrap_or(number)
}

/// A finite double as C's `%.17g` has it; a whole one gets `.0`, so that it stays a double.
fn seventeen_digits(value: f64) -> String {
    let scientific = format!("{value:.16e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let cut = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if !(-4..17).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", cut(mantissa), exponent.unsigned_abs());
    }
    let decimals = usize::try_from(16 - exponent).unwrap_or(0);
    let mut text = cut(&format!("{value:.decimals$}"));
    if !text.contains('.') {
        text.push_str(".0");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_have_seventeen_digits() {
        for (value, text) in [
            (4.5 + 0.1, "4.5999999999999996"),
            (6.0, "6.0"),
            (-0.0, "-0.0"),
            (0.1, "0.10000000000000001"),
            (0.0001, "0.0001"),
            (0.00001, "1.0000000000000001e-05"),
            (100_000.0, "100000.0"),
            (9_223_372_036_854_775_808.0, "9.2233720368547758e+18"),
            (12_345_678_901_234_567.0, "12345678901234568.0"),
            (1e17, "1e+17"),
            (1e300, "1.0000000000000001e+300"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "4.9406564584124654e-324"),
        ] {
            assert_eq!(seventeen_digits(value), text);
            assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
        }
    }

    #[test]
    fn integers_fall_over_to_doubles() {
        let text = |json: &str| Text::assume_valid(json.into());
        let add = |left: &str, right: &str| {
            let (left, right) = (text(left), text(right));
            let numbers = Number::from_text(&left).zip(Number::from_text(&right)).unwrap();
            over_to_doubles(Arithmetic::Addition, numbers.0, numbers.1)
        };
        let added = |left, right| add(left, right).unwrap().as_str().to_owned();
        assert_eq!(added("1", "2"), "3");
        assert_eq!(added("5", "1.0"), "6.0");
        assert_eq!(without_point(&add("5", "1.0").unwrap()), "6");
        assert_eq!(added("9223372036854775807", "1"), "9.2233720368547758e+18");
        assert_eq!(add("1.7e308", "1.7e308"), Err(ArithmeticError::NotANumber));
    }
}
