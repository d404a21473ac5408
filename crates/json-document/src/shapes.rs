//! Expecting the names of objects: most objects have the names of one seen before, in its order.
//!
//! A shape is a sequence of different names, and the shapes form a tree by their beginnings. While
//! an object is read its shape is known, and with it the name that came next the last time. If
//! that name comes again, one comparison of sixteen bytes has read it: it needs no scan, and is
//! known not to repeat another. In
//!
//! ```text
//! [{"id":1,"at":{"x":1}},{"id":2,"at":{"x":5}}]
//! ```
//! the second half is read by four expectations that come true: what an object begins with is
//! expected by where it stands, here after the shape `id`, `at`.
//!
//! A thread keeps its shapes from text to text, up to a number.

use crate::scan::chunk;

/// The number of a shape.
pub(crate) type Shape = u32;

/// The shape without names; as an expectation, none.
pub(crate) const EMPTY: Shape = 0;

/// Bytes of a name that can be expected, its closing quote and colon included.
const EXPECTED_LEN_MAX: usize = 32;
/// Names of a shape.
const NAMES_MAX: u8 = 64;
/// Shapes that continue one shape; objects that are used as maps have any number.
const SUCCESSORS_MAX: u8 = 16;
/// Shapes of one name: every object begins with one of them.
const BEGINNINGS_MAX: u8 = 64;
/// Shapes altogether: with these they fit the second-level cache.
const SHAPES_MAX: usize = 1024;
/// Names that found no place, after which all shapes are forgotten.
const MISSED_MAX: usize = 4096;

#[derive(Debug)]
struct Node {
    /// The last name with the quote and colon after it, and the bits that count.
    expected: [u128; 2],
    mask: [u128; 2],
    len: u32,
    hash: u64,
    /// The shape without the last name.
    before: Shape,
    /// The shape with one more name that was seen last, and from it on the others.
    successor: Shape,
    sibling: Shape,
    /// What an object that is the value of the last name begins with.
    inner: Shape,
    names: u8,
    successors: u8,
}

/// The shapes that a thread has seen.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    nodes: Vec<Node>,
    missed: usize,
}

impl Shapes {
    /// Makes ready for a text.
    pub(crate) fn begin(&mut self) {
        if self.nodes.is_empty() || self.missed > MISSED_MAX {
            self.nodes.clear();
            self.missed = 0;
            self.nodes.push(Node {
                // No text has these bytes, so that this expectation never comes true.
                expected: [u128::MAX; 2],
                mask: [u128::MAX; 2],
                len: 0,
                hash: 0,
                before: EMPTY,
                successor: EMPTY,
                sibling: EMPTY,
                inner: EMPTY,
                names: 0,
                successors: 0,
            });
        }
    }

    /// If the name that `expected` ends with is at `at`, without its opening quote: the offset
    /// after its colon, and what is expected then.
    #[inline(always)]
    pub(crate) fn follow(
        &self,
        expected: Shape,
        input: &[u8],
        at: usize,
    ) -> Option<(usize, Shape)> {
        let node = self.nodes.get(expected as usize)?;
        let head = u128::from_le_bytes(*chunk(input, at)?);
        if (head ^ node.expected[0]) & node.mask[0] != 0 {
            return None;
        }
        if node.len > 16 {
            let tail = u128::from_le_bytes(*chunk(input, at + 16)?);
            if (tail ^ node.expected[1]) & node.mask[1] != 0 {
                return None;
            }
        }
        Some((at + node.len as usize, node.successor))
    }

    /// What an object is expected to begin with that is the value of `shape`'s last name.
    #[inline(always)]
    pub(crate) fn inner(&self, shape: Shape) -> Shape {
        self.nodes.get(shape as usize).map_or(EMPTY, |node| node.inner)
    }

    /// What is expected after `shape`.
    #[inline(always)]
    pub(crate) fn successor(&self, shape: Shape) -> Shape {
        self.nodes.get(shape as usize).map_or(EMPTY, |node| node.successor)
    }

    /// The shape of `name` after `shape`, from now on expected there, and, if it is the first name,
    /// inside of `outer`. None if there can be no such shape; the name may then be one of `shape`.
    pub(crate) fn extend(
        &mut self,
        shape: Shape,
        outer: Shape,
        name: &[u8],
        hash: u64,
    ) -> Option<Shape> {
        let len = name.len() + 2;
        if len > EXPECTED_LEN_MAX {
            return None;
        }
        let mut bytes = [0; EXPECTED_LEN_MAX];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        bytes.get_mut(name.len()..len)?.copy_from_slice(b"\":");
        let (halves, _) = bytes.as_chunks::<16>();
        let expected =
            [u128::from_le_bytes(*halves.first()?), u128::from_le_bytes(*halves.get(1)?)];
        let extended = match self.known(shape, hash, expected) {
            Some(known) => known,
            None => self.add(shape, expected, len, hash)?,
        };
        if shape == EMPTY
            && let Some(outer) = self.nodes.get_mut(outer as usize)
        {
            outer.inner = extended;
        }
        Some(extended)
    }

    /// The successor of `shape` by this name, moved to the front.
    fn known(&mut self, shape: Shape, hash: u64, expected: [u128; 2]) -> Option<Shape> {
        let first = self.successor(shape);
        let (mut before, mut at) = (EMPTY, first);
        while at != EMPTY {
            let node = self.nodes.get(at as usize)?;
            let next = node.sibling;
            if node.hash == hash && node.expected == expected {
                if before != EMPTY {
                    self.nodes.get_mut(before as usize)?.sibling = next;
                    self.nodes.get_mut(at as usize)?.sibling = first;
                    self.nodes.get_mut(shape as usize)?.successor = at;
                }
                return Some(at);
            }
            (before, at) = (at, next);
        }
        None
    }

    fn add(&mut self, shape: Shape, expected: [u128; 2], len: usize, hash: u64) -> Option<Shape> {
        let added = self.nodes.len();
        let repeated = self.hashes(shape).any(|other| other == hash);
        let before = self.nodes.get_mut(shape as usize)?;
        let successors_max = if shape == EMPTY { BEGINNINGS_MAX } else { SUCCESSORS_MAX };
        let full =
            before.names >= NAMES_MAX || before.successors >= successors_max || added >= SHAPES_MAX;
        if repeated || full {
            self.missed += 1;
            return None;
        }
        let (names, sibling) = (before.names + 1, before.successor);
        before.successors += 1;
        before.successor = added as Shape;
        let mask = |len: usize| if len >= 16 { u128::MAX } else { (1 << (8 * len)) - 1 };
        self.nodes.push(Node {
            expected,
            mask: [mask(len), mask(len.saturating_sub(16))],
            len: len as u32,
            hash,
            before: shape,
            successor: EMPTY,
            sibling,
            inner: EMPTY,
            names,
            successors: 0,
        });
        Some(added as Shape)
    }

    /// The hashes of the names of `shape`, last one first.
    pub(crate) fn hashes(&self, shape: Shape) -> impl Iterator<Item = u64> {
        let node = |shape: Shape| self.nodes.get(shape as usize).filter(|node| node.len > 0);
        std::iter::successors(node(shape), move |last| node(last.before)).map(|node| node.hash)
    }
}

/// A hash of a name. Equal names have equal hashes; unequal ones that collide cost a second look.
pub(crate) fn name_hash(name: &[u8]) -> u64 {
    let (words, tail) = name.as_chunks::<8>();
    let mix = |hash: u64, word: u64| {
        let product = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        product ^ product >> 32
    };
    let hash =
        words.iter().fold(name.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let tail = tail.iter().rev().fold(0, |tail, &byte| tail << 8 | u64::from(byte));
    mix(hash, tail)
}
