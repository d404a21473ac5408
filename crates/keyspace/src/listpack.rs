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

use crate::listpack_element::{
    END, Encoded, back_len_before, back_len_size, decode, encode_back_len, is_last_of_its_size,
    push_back_len,
};
use crate::string_value::parse_integer;
use crate::value::Element;

const HEADER_LEN: usize = 6;
/// In the header's count: too many to tell.
const COUNT_UNKNOWN: u16 = u16::MAX;

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

    pub fn iter(&self) -> Elements<'_> {
        Elements { listpack: self, front: HEADER_LEN, back: self.end() }
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

    /// The element that ends at byte `end`, and all the bytes that it takes; `None` at the start.
    fn before(&self, end: usize) -> Option<Placed<'_>> {
        if end <= HEADER_LEN {
            return None;
        }
        let (len, size) = back_len_before(&self.0, end)?;
        self.at(end.checked_sub(len + size)?)
    }

    /// Element number `index` and the bytes it takes, walked to from the nearer end.
    pub(crate) fn nth(&self, index: usize) -> Option<Placed<'_>> {
        let len = self.len();
        if index >= len {
            return None;
        }
        let mut elements = self.iter();
        if index < len / 2 {
            elements.placed().nth(index)
        } else {
            elements.placed_back().nth(len - 1 - index)
        }
    }

    /// The bytes that elements `from` to `to` take, the latter excluded; both at most the length.
    pub(crate) fn range(&self, from: usize, to: usize) -> Range<usize> {
        let start = |index| self.nth(index).map_or(self.end(), |(_, range)| range.start);
        let first = start(from);
        first..if to <= from { first } else { start(to) }
    }

    /// The first element that is `bytes`, and the bytes it takes.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let number = parse_integer(bytes);
        let found = self.iter().placed().find(|(element, _)| element.is(bytes, number));
        found.map(|(_, range)| range)
    }

    /// Takes the elements from byte `at` on out into a listpack of their own.
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        let mut tail = Self::new();
        let end = tail.end();
        let moved: Vec<u8> = self.0[at..self.end()].to_vec();
        let mut elements = 0;
        let mut rest = &moved[..];
        while let Some((_, len)) = decode(rest) {
            rest = &rest[len + back_len_size(len)..];
            elements += 1;
        }
        tail.replace(end..end, &moved, elements, 0);
        self.replace(at..self.end(), &[], 0, elements);
        tail
    }

    /// Pairs of elements with the bytes each of the two takes.
    pub(crate) fn pairs(&self) -> Pairs<'_> {
        Pairs { listpack: self, at: HEADER_LEN }
    }

    /// The pair whose first element is `name`.
    pub(crate) fn find_pair(&self, name: &[u8]) -> Option<(Placed<'_>, Placed<'_>)> {
        let number = parse_integer(name);
        self.pairs().find(|((element, _), _)| element.is(name, number))
    }

    /// Where the first element begins.
    pub(crate) fn start(&self) -> usize {
        HEADER_LEN
    }

    /// Where a new element at the end begins.
    pub(crate) fn end(&self) -> usize {
        self.0.len() - 1
    }

    /// Puts `elements` in the place of the `replaced` elements that lie at `range`.
    pub(crate) fn splice(&mut self, range: Range<usize>, elements: &[&[u8]], replaced: usize) {
        let mut encoded = Encoded::default();
        elements.iter().for_each(|element| encoded.push(element));
        self.replace(range, &encoded.0, elements.len(), replaced);
    }

    /// [`Listpack::splice`] with `added` elements that are encoded already.
    fn replace(&mut self, range: Range<usize>, encoded: &[u8], added: usize, replaced: usize) {
        let count = match u16::from_le_bytes([self.0[4], self.0[5]]) {
            // Once more than the header can tell, the count is found by walking for good.
            COUNT_UNKNOWN => usize::MAX,
            count => usize::from(count) + added - replaced,
        };
        let mut bytes = std::mem::take(&mut self.0).into_vec();
        bytes.reserve_exact(encoded.len().saturating_sub(range.len()));
        bytes.splice(range, encoded.iter().copied());
        let total = (bytes.len() as u32).to_le_bytes();
        bytes[..4].copy_from_slice(&total);
        let count = u16::try_from(count).unwrap_or(COUNT_UNKNOWN).to_le_bytes();
        bytes[4..HEADER_LEN].copy_from_slice(&count);
        self.0 = bytes.into_boxed_slice();
    }
}

/// An element and the bytes it takes.
pub(crate) type Placed<'a> = (Element<'a>, Range<usize>);

/// Elements from both ends.
pub struct Elements<'a> {
    listpack: &'a Listpack,
    front: usize,
    back: usize,
}

impl<'a> Elements<'a> {
    /// The elements with the bytes they take.
    pub(crate) fn placed(&mut self) -> impl Iterator<Item = Placed<'a>> + '_ {
        std::iter::from_fn(|| {
            if self.front >= self.back {
                return None;
            }
            let placed = self.listpack.at(self.front)?;
            self.front = placed.1.end;
            Some(placed)
        })
    }

    /// The elements with the bytes they take, the last one first.
    pub(crate) fn placed_back(&mut self) -> impl Iterator<Item = Placed<'a>> + '_ {
        std::iter::from_fn(|| {
            if self.front >= self.back {
                return None;
            }
            let placed = self.listpack.before(self.back)?;
            self.back = placed.1.start;
            Some(placed)
        })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.placed().next().map(|(element, _)| element)
    }
}

impl DoubleEndedIterator for Elements<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.placed_back().next().map(|(element, _)| element)
    }
}

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
