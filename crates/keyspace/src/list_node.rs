//! A run of a list's elements, and how much of a list it holds.

use std::ops::Range;

use byte_string::ByteString;

use crate::heap::allocated;
use crate::listpack::{Elements, Listpack};
use crate::listpack_element::element_size;
use crate::string_value::parse_integer;
use crate::value::Element;

/// How much a node holds.
#[derive(Clone, Copy, Debug)]
pub struct ListLimits {
    /// `list-max-listpack-size`: so many elements if positive, so many bytes if -1 (4 KiB) to -5
    /// (64 KiB).
    pub fill: i64,
}

/// Bytes of a node whose limit is a number of elements.
const COUNTED_NODE_MAX: usize = 8 * 1024;

impl Default for ListLimits {
    fn default() -> Self {
        Self { fill: -2 }
    }
}

impl ListLimits {
    pub(crate) fn bytes(self) -> usize {
        match self.fill {
            0.. => COUNTED_NODE_MAX,
            fill => 4096 << (fill.max(-5).unsigned_abs() - 1),
        }
    }

    pub(crate) fn count(self) -> usize {
        usize::try_from(self.fill).map_or(usize::MAX, |fill| fill.max(1))
    }

    pub(crate) fn allows(self, bytes: usize, count: usize) -> bool {
        bytes <= self.bytes() && count <= self.count()
    }

    /// Whether an element gets a node of its own.
    pub(crate) fn is_large(self, len: usize) -> bool {
        len > self.bytes()
    }
}

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListEnd {
    Front,
    Back,
}

/// A run of a list's elements.
#[derive(Clone)]
pub enum ListNode {
    Packed(Listpack),
    /// One element that is too large for a listpack.
    Plain(ByteString),
}

impl Default for ListNode {
    fn default() -> Self {
        Self::Packed(Listpack::new())
    }
}

/// A node, lent.
#[derive(Clone, Copy, Debug)]
pub enum NodeRef<'a> {
    Packed(&'a Listpack),
    Plain(&'a ByteString),
}

impl<'a> NodeRef<'a> {
    /// The number of elements.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Packed(listpack) => listpack.len(),
            Self::Plain(_) => 1,
        }
    }

    /// The elements, from both ends.
    pub fn iter(self) -> NodeElements<'a> {
        match self {
            Self::Packed(listpack) => NodeElements::Packed(listpack.iter()),
            Self::Plain(element) => NodeElements::Plain(Some(element)),
        }
    }

    pub(crate) fn heap_size(self) -> usize {
        match self {
            Self::Packed(listpack) => allocated(listpack.as_bytes().len()),
            Self::Plain(element) => element.heap_size(),
        }
    }
}

/// What a list does with the elements of one listpack.
impl Listpack {
    pub(crate) fn push_at(&mut self, end: ListEnd, element: &[u8]) {
        let at = match end {
            ListEnd::Front => self.start(),
            ListEnd::Back => self.end(),
        };
        self.splice(at..at, &[element], 0);
    }

    pub(crate) fn insert(&mut self, index: usize, element: &[u8]) {
        let at = self.range(index, index).start;
        self.splice(at..at, &[element], 0);
    }

    pub(crate) fn set(&mut self, index: usize, element: &[u8]) {
        if let Some((_, range)) = self.nth(index) {
            self.splice(range, &[element], 1);
        }
    }

    pub(crate) fn pop_at(&mut self, end: ListEnd) -> Option<ByteString> {
        let mut elements = self.iter();
        let placed = match end {
            ListEnd::Front => elements.placed().next(),
            ListEnd::Back => elements.placed_back().next(),
        };
        let (element, range) = placed?;
        let element = element.to_byte_string();
        self.splice(range, &[], 1);
        Some(element)
    }

    /// Takes elements `from` to `to` out, the latter excluded.
    pub(crate) fn remove(&mut self, from: usize, to: usize) {
        let range = self.range(from, to);
        self.splice(range, &[], to - from);
    }

    /// As [`crate::ListValue::remove_equal`].
    pub(crate) fn remove_equal(&mut self, end: ListEnd, bytes: &[u8], count: usize) -> usize {
        let number = parse_integer(bytes);
        let mut elements = self.iter();
        let is_equal = |(element, _): &(Element<'_>, _)| element.is(bytes, number);
        let place = |(_, range)| range;
        let mut found: Vec<Range<usize>> = match end {
            ListEnd::Front => elements.placed().filter(is_equal).take(count).map(place).collect(),
            ListEnd::Back => {
                elements.placed_back().filter(is_equal).take(count).map(place).collect()
            }
        };
        // From the back, so that the ranges before stay where they are.
        found.sort_unstable_by_key(|range| std::cmp::Reverse(range.start));
        for range in &found {
            self.splice(range.clone(), &[], 1);
        }
        found.len()
    }
}

impl ListNode {
    /// A node of one element.
    pub(crate) fn of(element: &ByteString, limits: ListLimits) -> Self {
        if limits.is_large(element.len()) {
            return Self::Plain(element.clone());
        }
        let mut listpack = Listpack::new();
        listpack.push(element);
        Self::Packed(listpack)
    }

    pub(crate) fn as_ref(&self) -> NodeRef<'_> {
        match self {
            Self::Packed(listpack) => NodeRef::Packed(listpack),
            Self::Plain(element) => NodeRef::Plain(element),
        }
    }

    /// The number of elements; only a node in the making has none.
    pub(crate) fn len(&self) -> usize {
        self.as_ref().len()
    }

    /// The listpack, if it has room for `element`.
    pub(crate) fn with_room(
        &mut self,
        element: &ByteString,
        limits: ListLimits,
    ) -> Option<&mut Listpack> {
        let Self::Packed(listpack) = self else { return None };
        let bytes = listpack.as_bytes().len() + element_size(element);
        limits.allows(bytes, listpack.len() + 1).then_some(listpack)
    }

    /// The listpack, if it has room for `element` in the place of number `index`.
    pub(crate) fn with_room_at(
        &mut self,
        index: usize,
        element: &ByteString,
        limits: ListLimits,
    ) -> Option<&mut Listpack> {
        let Self::Packed(listpack) = self else { return None };
        let old = listpack.nth(index).map_or(0, |(_, range)| range.len());
        let bytes = listpack.as_bytes().len() - old + element_size(element);
        limits.allows(bytes, listpack.len()).then_some(listpack)
    }

    pub(crate) fn pop(&mut self, end: ListEnd) -> Option<ByteString> {
        if let Self::Packed(listpack) = self {
            return listpack.pop_at(end);
        }
        match std::mem::take(self) {
            Self::Plain(element) => Some(element),
            Self::Packed(_) => None,
        }
    }

    /// Takes elements `from` to `to` out, the latter excluded.
    pub(crate) fn remove(&mut self, from: usize, to: usize) {
        match self {
            Self::Packed(listpack) => listpack.remove(from, to),
            Self::Plain(_) if from == 0 && to > 0 => *self = Self::default(),
            Self::Plain(_) => {}
        }
    }

    /// Takes the elements from number `index` on out; a plain node has none behind its first.
    pub(crate) fn split_off(&mut self, index: usize) -> Self {
        match self {
            Self::Packed(listpack) => {
                let at = listpack.range(index, index).start;
                Self::Packed(listpack.split_off(at))
            }
            Self::Plain(_) => Self::default(),
        }
    }

    pub(crate) fn remove_equal(&mut self, end: ListEnd, bytes: &[u8], count: usize) -> usize {
        match self {
            Self::Packed(listpack) => listpack.remove_equal(end, bytes, count),
            Self::Plain(element) if element.as_bytes() == bytes && count > 0 => {
                *self = Self::default();
                1
            }
            Self::Plain(_) => 0,
        }
    }
}

/// The elements of a node.
pub enum NodeElements<'a> {
    Packed(Elements<'a>),
    Plain(Option<&'a ByteString>),
}

impl<'a> Iterator for NodeElements<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Packed(elements) => elements.next(),
            Self::Plain(element) => element.take().map(Element::Shared),
        }
    }
}

impl DoubleEndedIterator for NodeElements<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Self::Packed(elements) => elements.next_back(),
            Self::Plain(element) => element.take().map(Element::Shared),
        }
    }
}
