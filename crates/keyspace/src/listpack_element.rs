//! How a listpack's elements are written; [`crate::listpack`] shows the format.

use crate::string_value::parse_integer;
use crate::value::Element;

/// The byte behind the last element.
pub(crate) const END: u8 = 0xff;
const STRING_32: u8 = 0xf0;
const INTEGER_16: u8 = 0xf1;
const INTEGER_24: u8 = 0xf2;
const INTEGER_32: u8 = 0xf3;
const INTEGER_64: u8 = 0xf4;

/// The element at the start of `bytes` and its length without the length at its back. `None` if
/// there is none that is whole.
#[inline]
pub(crate) fn decode(bytes: &[u8]) -> Option<(Element<'_>, usize)> {
    let string = |start: usize, len: usize| {
        let end = start.checked_add(len)?;
        Some((Element::Bytes(bytes.get(start..end)?), end))
    };
    let integer = |width: usize| {
        // Sign-extended by shifting the value up to the top and back.
        let mut wide = [0; 8];
        wide[8 - width..].copy_from_slice(bytes.get(1..=width)?);
        let shift = 64 - 8 * width as u32;
        Some((Element::Integer(i64::from_le_bytes(wide) >> shift), width + 1))
    };
    let first = *bytes.first()?;
    match first {
        0x00..0x80 => Some((Element::Integer(i64::from(first)), 1)),
        0x80..0xc0 => string(1, usize::from(first & 0x3f)),
        0xc0..0xe0 => {
            let raw = i64::from(first & 0x1f) << 8 | i64::from(*bytes.get(1)?);
            Some((Element::Integer(raw << 51 >> 51), 2))
        }
        0xe0..0xf0 => string(2, usize::from(first & 0x0f) << 8 | usize::from(*bytes.get(1)?)),
        STRING_32 => {
            let len = bytes.get(1..5)?.try_into().ok()?;
            string(5, usize::try_from(u32::from_le_bytes(len)).ok()?)
        }
        INTEGER_16 => integer(2),
        INTEGER_24 => integer(3),
        INTEGER_32 => integer(4),
        INTEGER_64 => integer(8),
        _ => None,
    }
}

/// How many bytes the length at the back takes for an element of `len` bytes.
#[inline]
pub(crate) fn back_len_size(len: usize) -> usize {
    match len {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        2_097_152..=268_435_455 => 4,
        _ => 5,
    }
}

pub(crate) fn is_last_of_its_size(len: usize) -> bool {
    matches!(len, 16_383 | 2_097_151 | 268_435_455)
}

/// Writes the length into all of `out`.
pub(crate) fn encode_back_len(len: usize, out: &mut [u8]) {
    for (place, byte) in out.iter_mut().rev().enumerate() {
        *byte = (len >> (7 * place)) as u8 & 0x7f | 0x80;
    }
    out[0] &= 0x7f;
}

pub(crate) fn push_back_len(out: &mut Vec<u8>, len: usize) {
    let mut back = [0; 5];
    let back = &mut back[..back_len_size(len)];
    encode_back_len(len, back);
    out.extend_from_slice(back);
}

/// The length that ends at `end`, and how many bytes it takes. The bytes before are elements.
pub(crate) fn back_len_before(bytes: &[u8], end: usize) -> Option<(usize, usize)> {
    let mut len = 0;
    for (place, &byte) in bytes.get(..end)?.iter().rev().take(5).enumerate() {
        len |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((len, place + 1));
        }
    }
    None
}

/// How many bytes an element of these bytes takes, the length at its back included.
pub(crate) fn element_size(bytes: &[u8]) -> usize {
    let len = match parse_integer(bytes) {
        Some(0..=127) => 1,
        Some(-4096..=4095) => 2,
        Some(-0x8000..=0x7fff) => 3,
        Some(-0x80_0000..=0x7f_ffff) => 4,
        Some(-0x8000_0000..=0x7fff_ffff) => 5,
        Some(_) => 9,
        None => {
            let head = match bytes.len() {
                ..64 => 1,
                64..4096 => 2,
                _ => 5,
            };
            head + bytes.len()
        }
    };
    len + back_len_size(len)
}

/// Encoded elements.
#[derive(Default)]
pub(crate) struct Encoded(pub(crate) Vec<u8>);

impl Encoded {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let start = self.0.len();
        match parse_integer(bytes) {
            Some(number) => self.push_integer(number),
            None => self.push_string(bytes),
        }
        let len = self.0.len() - start;
        push_back_len(&mut self.0, len);
    }

    fn push_integer(&mut self, number: i64) {
        let bytes = number.to_le_bytes();
        let (tag, width) = match number {
            0..=127 => return self.0.push(bytes[0]),
            -4096..=4095 => {
                self.0.extend_from_slice(&[0xc0 | bytes[1] & 0x1f, bytes[0]]);
                return;
            }
            -0x8000..=0x7fff => (INTEGER_16, 2),
            -0x80_0000..=0x7f_ffff => (INTEGER_24, 3),
            -0x8000_0000..=0x7fff_ffff => (INTEGER_32, 4),
            _ => (INTEGER_64, 8),
        };
        self.0.push(tag);
        self.0.extend_from_slice(&bytes[..width]);
    }

    fn push_string(&mut self, bytes: &[u8]) {
        match bytes.len() {
            len @ ..64 => self.0.push(0x80 | len as u8),
            len @ ..4096 => self.0.extend_from_slice(&[0xe0 | (len >> 8) as u8, len as u8]),
            len => {
                self.0.push(STRING_32);
                self.0.extend_from_slice(&(len as u32).to_le_bytes());
            }
        }
        self.0.extend_from_slice(bytes);
    }
}
