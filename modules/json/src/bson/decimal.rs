//! IEEE 754 decimal128 in its binary encoding, as text.

/// Digits of a decimal128.
const DIGITS: usize = 34;

/// The exponent is stored with this added.
const BIAS: i32 = 6176;

/// The number in the notation of General Decimal Arithmetic's to-scientific-string, which Extended
/// JSON takes.
pub(super) fn to_string(bits: u128) -> String {
    let sign = if bits >> 127 == 1 { "-" } else { "" };
    // Five bits tell the finite numbers of either layout from infinities and NaNs.
    match bits >> 122 & 0x1F {
        0x1E => return format!("{sign}Infinity"),
        0x1F => return "NaN".to_owned(),
        _ => {}
    }
    let (exponent, coefficient) = match bits >> 125 & 3 {
        // The second layout has coefficients beyond 34 digits only, which mean zero.
        3 => (bits >> 111 & 0x3FFF, 0),
        _ => (bits >> 113 & 0x3FFF, bits & ((1 << 113) - 1)),
    };
    let exponent = exponent as i32 - BIAS;
    let mut digits = coefficient.to_string();
    if digits.len() > DIGITS {
        digits = "0".to_owned();
    }
    let adjusted = exponent + digits.len() as i32 - 1;
    if exponent > 0 || adjusted < -6 {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if adjusted < 0 { "" } else { "+" };
        return format!("{sign}{first}{point}{rest}E{exponent_sign}{adjusted}");
    }
    if exponent == 0 {
        return format!("{sign}{digits}");
    }
    let places = exponent.unsigned_abs() as usize;
    if digits.len() <= places {
        digits.insert_str(0, &"0".repeat(places + 1 - digits.len()));
    }
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let finite = |negative: u128, coefficient: u128, exponent: i32| {
            to_string(negative << 127 | ((exponent + BIAS) as u128) << 113 | coefficient)
        };
        for (text, coefficient, exponent) in [
            ("0", 0, 0),
            ("1", 1, 0),
            ("0.1", 1, -1),
            ("1.10", 110, -2),
            ("0.001234", 1234, -6),
            ("0.000001", 1, -6),
            ("1E-7", 1, -7),
            ("1.23E-8", 123, -10),
            ("1E+3", 1, 3),
            ("1.2E+3", 12, 2),
            ("0E+3", 0, 3),
            ("0.00", 0, -2),
            ("9.999999999999999999999999999999999E+6144", 10u128.pow(34) - 1, 6111),
            ("1E-6176", 1, -6176),
        ] {
            assert_eq!(finite(0, coefficient, exponent), text);
            assert_eq!(finite(1, coefficient, exponent), format!("-{text}"));
        }
        // A coefficient of 35 digits is zero.
        assert_eq!(finite(0, 10u128.pow(34), 0), "0");
        assert_eq!(to_string(0x6C10_0000_0000_0000_0000_0000_0000_0000), "0");
        assert_eq!(to_string(0x78 << 120), "Infinity");
        assert_eq!(to_string(0xF8 << 120), "-Infinity");
        assert_eq!(to_string(0x7C << 120), "NaN");
    }
}
