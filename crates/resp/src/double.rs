//! Doubles as Valkey writes them in replies.

/// Appends `value` in the form of Valkey's `d2string`: `inf`, `-inf`, `nan`,
/// `-0`, integers in full up to 2^62, otherwise the shortest digits that read
/// back as the same double, with an exponent only when the number is long.
pub fn format_double(value: f64, out: &mut Vec<u8>) {
    if value.is_nan() {
        out.extend_from_slice(b"nan");
    } else if value.is_infinite() {
        out.extend_from_slice(if value < 0.0 { b"-inf" } else { b"inf" });
    } else if value == 0.0 {
        out.extend_from_slice(if value.is_sign_negative() { b"-0" } else { b"0" });
    } else if value.trunc() == value && value.abs() <= 4_611_686_018_427_387_904.0 {
        // Up to 2^62 the cast is exact.
        out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
    } else {
        shortest(value, out);
    }
}

/// Lays the shortest digits out with Valkey's rules for where the point goes.
fn shortest(value: f64, out: &mut Vec<u8>) {
    let mut printed = zmij::Buffer::new();
    let printed = printed.format_finite(value.abs()).as_bytes();
    let (mantissa, exponent) = match printed.iter().position(|&b| b == b'e') {
        Some(at) => (&printed[..at], signed_exponent(&printed[at + 1..])),
        None => (printed, 0),
    };
    let point = mantissa.iter().position(|&b| b == b'.').unwrap_or(mantissa.len());
    let fraction_len = mantissa.len().saturating_sub(point + 1);
    let mut digits: Vec<u8> = mantissa.iter().copied().filter(|&b| b != b'.').collect();
    // The value is `digits` times ten to the power of `scale`.
    let mut scale = exponent - fraction_len as i32;
    while digits.len() > 1 && digits.last() == Some(&b'0') {
        digits.pop();
        scale += 1;
    }
    let leading = digits.iter().take_while(|&&b| b == b'0').count().min(digits.len() - 1);
    digits.drain(..leading);

    if value < 0.0 {
        out.push(b'-');
    }
    let count = digits.len() as i32;
    let exponent = scale + count - 1;
    if scale >= 0 && exponent.abs() < count + 7 {
        out.extend_from_slice(&digits);
        out.extend(std::iter::repeat_n(b'0', scale as usize));
    } else if scale < 0 && (scale > -7 || exponent.abs() < 4) {
        let whole = count + scale;
        if whole <= 0 {
            out.extend_from_slice(b"0.");
            out.extend(std::iter::repeat_n(b'0', whole.unsigned_abs() as usize));
            out.extend_from_slice(&digits);
        } else {
            let (whole, fraction) = digits.split_at(whole as usize);
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    } else {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        out.extend_from_slice(itoa::Buffer::new().format(exponent.unsigned_abs()).as_bytes());
    }
}

fn signed_exponent(text: &[u8]) -> i32 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let value = digits.iter().fold(0, |value, &b| value * 10 + i32::from(b.wrapping_sub(b'0')));
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::format_double;

    #[test]
    fn matches_valkey() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (3.0, "3"),
            (-17.0, "-17"),
            (3.1, "3.1"),
            (0.1, "0.1"),
            (0.001, "0.001"),
            (0.0000001, "1e-7"),
            (1.5e-10, "1.5e-10"),
            (123456.789, "123456.789"),
            (1e20, "1e+20"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (4611686018427387904.0, "4611686018427387904"),
        ] {
            let mut out = Vec::new();
            format_double(value, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }
}
