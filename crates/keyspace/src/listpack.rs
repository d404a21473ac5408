//! The compact form of small collections: elements one after the other in a flat buffer.
//!
//! The bytes are Valkey's listpack, so that an RDB file takes and gives them as they are.
//!
//! ```text
//! OFFSET  SIZE  DESCRIPTION
//! 0       4     size of the whole in bytes, little-endian
//! 4       2     number of elements, little-endian; 65535 if there are more than 65534
//! 6       …     elements
//! last    1     0xff
//!
//! element:  0xxxxxxx                  integer 0 to 127
//!           10xxxxxx …                string of up to 63 bytes
//!           110xxxxx xxxxxxxx         integer of 13 bits, signed
//!           1110xxxx xxxxxxxx …       string of up to 4095 bytes
//!           11110000 4 bytes …        string, its length little-endian
//!           1111 0001 to 0100         integer of 16, 24, 32, 64 bits, little-endian
//!           then the element's length up to here in 1 to 5 bytes, 7 bits each, the high bit set
//!           in all but the first, to be read from the back
//! ```
//!
//! `{"a": 1, "b": "x"}` is
//!
//! ```text
//! 12 00 00 00  04 00   81 61 02   01 01   81 62 02   81 78 02   ff
//! 18 bytes     4       "a"   2    1  1    "b"   2    "x"   2
//! ```

use std::fmt;
use std::ops::Range;

use crate::string_value::parse_integer;
use crate::value::Element;

const HEADER_LEN: usize = 6;
const END: u8 = 0xff;
/// In the header's count: too many to tell.
const COUNT_UNKNOWN: u16 = u16::MAX;
const STRING_32: u8 = 0xf0;
const INTEGER_16: u8 = 0xf1;
const INTEGER_24: u8 = 0xf2;
const INTEGER_32: u8 = 0xf3;
const INTEGER_64: u8 = 0xf4;

/// A valid listpack in one allocation of its exact size.
#[derive(Clone)]
pub struct Listpack(Box<[u8]>);

/// The bytes are no listpack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListpackError {
    /// Where the first thing wrong begins.
    pub offset: usize,
}

impl fmt::Display for ListpackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed listpack at byte {}", self.offset)
    }
}

impl std::error::Error for ListpackError {}

impl Default for Listpack {
    fn default() -> Self {
        Self::new()
    }
}

impl Listpack {
    /// With no elements.
    pub fn new() -> Self {
        Self(Box::new([HEADER_LEN as u8 + 1, 0, 0, 0, 0, 0, END]))
    }

    /// Takes bytes over after checking all of them: the header, every element's encoding and
    /// length, both ways, the count, and that nothing follows the end.
    pub fn from_bytes(bytes: Box<[u8]>) -> Result<Self, ListpackError> {
        let wrong_at = |offset| Err(ListpackError { offset });
        let Some((header, _)) = bytes.split_first_chunk::<HEADER_LEN>() else {
            return wrong_at(0);
        };
        let [a, b, c, d, e, f] = *header;
        if u32::from_le_bytes([a, b, c, d]) as usize != bytes.len() {
            return wrong_at(0);
        }
        let mut at = HEADER_LEN;
        let mut elements: usize = 0;
        let mut is_canonical = true;
        loop {
            match bytes.get(at) {
                None => return wrong_at(at),
                Some(&END) => break,
                Some(_) => {}
            }
            let Some((_, len)) = decode(&bytes[at..]) else { return wrong_at(at) };
            let size = back_len_size(len);
            // Some versions of the format take one more for the last length of each size.
            let sizes = [size, size + usize::from(is_last_of_its_size(len))];
            let found = sizes.into_iter().find(|&size| {
                let mut expected = [0; 5];
                encode_back_len(len, &mut expected[..size]);
                bytes.get(at + len..at + len + size) == Some(&expected[..size])
            });
            let Some(found) = found else { return wrong_at(at + len) };
            is_canonical &= found == size;
            at += len + found;
            elements += 1;
        }
        if at + 1 != bytes.len() {
            return wrong_at(at);
        }
        let count = u16::from_le_bytes([e, f]);
        if count != COUNT_UNKNOWN && usize::from(count) != elements {
            return wrong_at(4);
        }
        if !is_canonical {
            return Ok(Self(rewritten(&bytes)));
        }
        Ok(Self(bytes))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match u16::from_le_bytes([self.0[4], self.0[5]]) {
            COUNT_UNKNOWN => self.iter().count(),
            count => usize::from(count),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.len() == HEADER_LEN + 1
    }

    pub fn iter(&self) -> impl Iterator<Item = Element<'_>> {
        let mut at = HEADER_LEN;
        std::iter::from_fn(move || {
            let (element, range) = self.at(at)?;
            at = range.end;
            Some(element)
        })
    }

    /// Adds an element at the end.
    pub fn push(&mut self, bytes: &[u8]) {
        let end = self.0.len() - 1;
        self.splice(end..end, &[bytes], 0);
    }

    /// The element at byte `at` and all the bytes that it takes; `None` at the end.
    fn at(&self, at: usize) -> Option<(Element<'_>, Range<usize>)> {
        let (element, len) = decode(self.0.get(at..)?)?;
        Some((element, at..at + len + back_len_size(len)))
    }

    /// Pairs of elements with the bytes each of the two takes.
    pub(crate) fn pairs(&self) -> Pairs<'_> {
        Pairs { listpack: self, at: HEADER_LEN }
    }

    /// The pair whose first element is `name`.
    pub(crate) fn find_pair(&self, name: &[u8]) -> Option<(Placed<'_>, Placed<'_>)> {
        let number = parse_integer(name);
        self.pairs().find(|((element, _), _)| match element {
            Element::Integer(integer) => Some(*integer) == number,
            Element::Bytes(bytes) => *bytes == name,
            Element::Shared(string) => string.as_bytes() == name,
        })
    }

    /// Where a new element at the end begins.
    pub(crate) fn end(&self) -> usize {
        self.0.len() - 1
    }

    /// Puts `elements` in the place of the `replaced` elements that lie at `range`.
    pub(crate) fn splice(&mut self, range: Range<usize>, elements: &[&[u8]], replaced: usize) {
        let count = match u16::from_le_bytes([self.0[4], self.0[5]]) {
            COUNT_UNKNOWN => usize::MAX,
            count => usize::from(count) + elements.len() - replaced,
        };
        let mut encoded = Encoded::default();
        elements.iter().for_each(|element| encoded.push(element));
        let mut bytes = std::mem::take(&mut self.0).into_vec();
        bytes.reserve_exact(encoded.0.len().saturating_sub(range.len()));
        bytes.splice(range, encoded.0);
        let total = (bytes.len() as u32).to_le_bytes();
        bytes[..4].copy_from_slice(&total);
        let count = u16::try_from(count).unwrap_or(COUNT_UNKNOWN).to_le_bytes();
        bytes[4..HEADER_LEN].copy_from_slice(&count);
        self.0 = bytes.into_boxed_slice();
    }
}

/// An element and the bytes it takes.
pub(crate) type Placed<'a> = (Element<'a>, Range<usize>);

/// Elements two by two.
pub(crate) struct Pairs<'a> {
    listpack: &'a Listpack,
    at: usize,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (Placed<'a>, Placed<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let first = self.listpack.at(self.at)?;
        let second = self.listpack.at(first.1.end)?;
        self.at = second.1.end;
        Some((first, second))
    }
}

impl fmt::Debug for Listpack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The element at the start of `bytes` and its length without the length at its back. `None` if
/// there is none that is whole.
#[inline]
fn decode(bytes: &[u8]) -> Option<(Element<'_>, usize)> {
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
fn back_len_size(len: usize) -> usize {
    match len {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        2_097_152..=268_435_455 => 4,
        _ => 5,
    }
}

fn is_last_of_its_size(len: usize) -> bool {
    matches!(len, 16_383 | 2_097_151 | 268_435_455)
}

/// Writes the length into all of `out`.
fn encode_back_len(len: usize, out: &mut [u8]) {
    for (place, byte) in out.iter_mut().rev().enumerate() {
        *byte = (len >> (7 * place)) as u8 & 0x7f | 0x80;
    }
    out[0] &= 0x7f;
}

/// The same elements with their lengths in the size that [`back_len_size`] gives. The bytes have
/// been checked.
fn rewritten(bytes: &[u8]) -> Box<[u8]> {
    let mut out = bytes[..HEADER_LEN].to_vec();
    let mut at = HEADER_LEN;
    while let Some((_, len)) = decode(&bytes[at..]) {
        out.extend_from_slice(&bytes[at..at + len]);
        push_back_len(&mut out, len);
        let size = back_len_size(len);
        let mut expected = [0; 5];
        encode_back_len(len, &mut expected[..size]);
        let is_usual = bytes[at + len..].starts_with(&expected[..size]);
        at += len + size + usize::from(!is_usual);
    }
    out.push(END);
    let total = (out.len() as u32).to_le_bytes();
    out[..4].copy_from_slice(&total);
    out.into_boxed_slice()
}

fn push_back_len(out: &mut Vec<u8>, len: usize) {
    let mut back = [0; 5];
    let back = &mut back[..back_len_size(len)];
    encode_back_len(len, back);
    out.extend_from_slice(back);
}

/// Encoded elements.
#[derive(Default)]
struct Encoded(Vec<u8>);

impl Encoded {
    fn push(&mut self, bytes: &[u8]) {
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
