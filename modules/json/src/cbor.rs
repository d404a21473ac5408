//! The CBOR (RFC 8949) in which RedisJSON 8.8 and later saves documents (encoding version 4), turned
//! into JSON text.
//!
//! Of CBOR it has: integers, text strings, arrays and maps of definite length, maps with text keys,
//! `false`, `true`, `null`, floats of 16, 32 and 64 bits; and byte strings in one place, as typed
//! arrays (RFC 8746): a tag for the type of the elements, then their bytes. One private tag stands
//! for arrays of bfloat16. Everything else is refused.

use json_document::quote_into;

/// RedisJSON's own tag for an array of little-endian bfloat16.
const BF16_ARRAY: u64 = 0x10000;

/// A container that is not complete.
struct Open {
    /// Items still to come; in a map, a name and its value are two, so an even number means that a
    /// name comes.
    left: u64,
    is_map: bool,
}

/// The JSON text of the one item that `bytes` is; `None` if it is none that can be, or nests deeper
/// than `depth_max`. Counts reserve nothing.
pub(crate) fn to_json(bytes: &[u8], depth_max: usize) -> Option<Vec<u8>> {
    let mut input = Input { rest: bytes };
    let mut json = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    loop {
        let is_name = open.last().is_some_and(|inner| inner.is_map && inner.left.is_multiple_of(2));
        let (major, info, argument) = input.head()?;
        if is_name && major != 3 {
            return None;
        }
        match major {
            0 => json.extend_from_slice(itoa::Buffer::new().format(argument).as_bytes()),
            1 => {
                let value = -1 - i128::from(argument);
                json.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
            }
            3 => {
                let text = input.take(argument)?;
                quote_into(std::str::from_utf8(text).ok()?, &mut json);
            }
            4 | 5 => {
                if open.len() >= depth_max {
                    return None;
                }
                let is_map = major == 5;
                json.push(if is_map { b'{' } else { b'[' });
                let left = if is_map { argument.checked_mul(2)? } else { argument };
                // The item that this container is counts when it is complete.
                open.push(Open { left: left.checked_add(1)?, is_map });
            }
            6 => {
                let (2, _, len) = input.head()? else { return None };
                typed_array(argument, input.take(len)?, &mut json)?;
            }
            7 => match info {
                20 => json.extend_from_slice(b"false"),
                21 => json.extend_from_slice(b"true"),
                22 => json.extend_from_slice(b"null"),
                25 => float(f16(u16::try_from(argument).ok()?), &mut json)?,
                26 => float(f32::from_bits(u32::try_from(argument).ok()?).into(), &mut json)?,
                27 => float(f64::from_bits(argument), &mut json)?,
                _ => return None,
            },
            _ => return None,
        }
        // One item is done, or a container has begun; close what that completes.
        loop {
            let Some(inner) = open.last_mut() else {
                return input.rest.is_empty().then_some(json);
            };
            inner.left -= 1;
            if inner.left > 0 {
                let begun = matches!(json.last(), Some(b'{' | b'['));
                match (inner.is_map, inner.left % 2) {
                    (true, 1) => json.push(b':'),
                    _ if !begun => json.push(b','),
                    _ => {}
                }
                break;
            }
            json.push(if inner.is_map { b'}' } else { b']' });
            open.pop();
        }
    }
}

struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    /// Major type, the five bits beside it, and the argument (RFC 8949 section 3).
    fn head(&mut self) -> Option<(u8, u8, u64)> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        let info = first & 0x1F;
        let len = match info {
            0..24 => return Some((first >> 5, info, u64::from(info))),
            24..28 => 1 << (info - 24),
            _ => return None,
        };
        let argument = self.take(len)?.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
        Some((first >> 5, info, argument))
    }

    fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.rest = rest;
        Some(taken)
    }
}

/// The elements of a typed array (RFC 8746 section 2.1): the tag is `0b010_f_s_e_ll`, float or not,
/// signed or not, little endian or not, and the logarithm of the size.
fn typed_array(tag: u64, bytes: &[u8], json: &mut Vec<u8>) -> Option<()> {
    let (is_float, is_signed, is_little, size) = match tag {
        BF16_ARRAY => (true, false, true, 2),
        // 76 is a clamped little-endian i8, which is not defined, and 83 and 87 are binary128.
        64..=87 if !matches!(tag, 76 | 83 | 87) => {
            let is_float = tag & 0b1_0000 != 0;
            let size = 1usize << (tag & 0b11);
            let is_signed = !is_float && tag & 0b1000 != 0;
            (is_float, is_signed, tag & 0b100 != 0, if is_float { size * 2 } else { size })
        }
        _ => return None,
    };
    if !bytes.len().is_multiple_of(size) {
        return None;
    }
    json.push(b'[');
    for (position, element) in bytes.chunks_exact(size).enumerate() {
        if position > 0 {
            json.push(b',');
        }
        let fold = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
        let bits = match is_little {
            true => element.iter().rev().fold(0, fold),
            false => element.iter().fold(0, fold),
        };
        if is_float {
            let value = match (tag, size) {
                (BF16_ARRAY, _) => f32::from_bits(u32::try_from(bits).ok()? << 16).into(),
                (_, 2) => f16(u16::try_from(bits).ok()?),
                (_, 4) => f32::from_bits(u32::try_from(bits).ok()?).into(),
                _ => f64::from_bits(bits),
            };
            float(value, json)?;
        } else if is_signed {
            // The sign is the top bit of the element's own size.
            let unused = 64 - 8 * size;
            let value = (bits << unused).cast_signed() >> unused;
            json.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        } else {
            json.extend_from_slice(itoa::Buffer::new().format(bits).as_bytes());
        }
    }
    json.push(b']');
    Some(())
}

fn float(value: f64, json: &mut Vec<u8>) -> Option<()> {
    json.extend_from_slice(json_document::double(value).ok()?.as_str().as_bytes());
    Some(())
}

/// The value of a binary16 (RFC 8949 appendix D).
fn f16(bits: u16) -> f64 {
    let exponent = bits >> 10 & 0x1F;
    let fraction = f64::from(bits & 0x3FF);
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(i32::from(exponent) - 25),
    };
    if bits & 0x8000 != 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(hex: &str) -> Option<String> {
        let digits: Vec<u8> = hex.bytes().filter(|byte| *byte != b' ').collect();
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        to_json(&bytes, 128).map(|json| String::from_utf8(json).unwrap())
    }

    #[test]
    fn items_of_each_kind() {
        for (hex, text) in [
            // As RedisJSON dumps `{"a":[1,2]}`.
            ("a1 61 61 d8 40 42 01 02", r#"{"a":[1,2]}"#),
            ("00", "0"),
            ("1b ff ff ff ff ff ff ff ff", "18446744073709551615"),
            ("3b 7f ff ff ff ff ff ff ff", "-9223372036854775808"),
            ("f4", "false"),
            ("f5", "true"),
            ("f6", "null"),
            ("f9 3c 00", "1.0"),
            ("f9 c4 00", "-4.0"),
            ("f9 00 01", "5.960464477539063e-8"),
            ("fa 47 c3 50 00", "100000.0"),
            ("fb 3f f1 99 99 99 99 99 9a", "1.1"),
            ("61 0a", r#""\n""#),
            ("80", "[]"),
            ("a0", "{}"),
            ("83 80 a0 81 00", "[[],{},[0]]"),
            ("a2 61 61 a0 61 62 82 f6 61 78", r#"{"a":{},"b":[null,"x"]}"#),
            ("d8 48 42 ff 7f", "[-1,127]"),
            ("d8 4d 44 fe ff 01 00", "[-2,1]"),
            ("d8 47 48 ff ff ff ff ff ff ff ff", "[18446744073709551615]"),
            ("d8 54 42 00 3c", "[1.0]"),
            ("d8 55 44 00 00 80 3f", "[1.0]"),
            ("d8 56 48 9a 99 99 99 99 99 f1 3f", "[1.1]"),
            ("da 00 01 00 00 44 80 3f 00 c0", "[1.0,-2.0]"),
        ] {
            assert_eq!(json(hex).as_deref(), Some(text), "{hex}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for hex in [
            "",
            "41 00",
            "82 01",
            "a1 01 02",
            "a1 61 61",
            "61 ff",
            "62 61",
            "f9 7c 00",
            "f7",
            "c0 00",
            "d8 40 61 61",
            "d8 45 41 00",
            "d8 53 40",
            "9f 00 ff",
            "00 00",
            "1c",
            "9b ff ff ff ff ff ff ff ff",
            "bb ff ff ff ff ff ff ff ff 61 61",
            "7b ff ff ff ff ff ff ff ff 61",
        ] {
            assert_eq!(json(hex), None, "{hex}");
        }
        assert!(to_json(&[0x81; 10_000_000], 128).is_none());
        assert!(json(&("81".repeat(127) + "80")).is_some());
        assert!(json(&("81".repeat(128) + "80")).is_none());
    }
}
