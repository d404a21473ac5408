//! The index over a text: one entry a value, in the order of the text.
//!
//! ```text
//! {"a":[1,"x"],"b":null}
//!           start end next len name depth kind
//! 0 object     0   22   5    2    0    0
//! 1 array      5   12   4    2    1    1     name "a" begins at 1
//! 2 integer    6    7   3    0    0    2
//! 3 string     8   11   4    0    0    2
//! 4 null      17   21   5    0   13    1     name "b" begins at 13
//! ```
//! The text being minified, a name ends just before the `:` before its value.

use crate::scan::{byte, plain_end, string_end};
use crate::text::Text;
use smallvec::SmallVec;

/// A value of a document: its number in the order of the text. 0 is the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub(crate) u32);

impl Node {
    /// The number of the value in the order of the text.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number without fraction and exponent that an i64 or u64 holds; `-0` is none.
    Integer,
    /// Any other number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Offset of the value's first byte.
    pub(crate) start: u32,
    /// Offset after its last byte.
    pub(crate) end: u32,
    /// The first entry that is neither this one nor within it.
    pub(crate) next: u32,
    /// Elements or members.
    pub(crate) len: u32,
    /// Offset of the opening quote of the name, 0 if there is none.
    pub(crate) name: u32,
    /// Containers around it.
    pub(crate) depth: u16,
    pub(crate) kind: Kind,
    /// [`ESCAPED_NAME`] and [`ESCAPED_STRING`].
    pub(crate) flags: u8,
}

/// The name has a backslash.
pub(crate) const ESCAPED_NAME: u8 = 1;
/// The value is a string with a backslash.
pub(crate) const ESCAPED_STRING: u8 = 2;

/// The index over one [`Text`].
#[derive(Clone, Debug)]
pub struct Index {
    entries: Vec<Entry>,
}

impl Index {
    /// Builds the index in one pass over `text`.
    pub fn new(text: &Text) -> Self {
        let bytes = text.as_str().as_bytes();
        // Values with their names take about this many bytes in practice.
        let mut entries: Vec<Entry> = Vec::with_capacity(bytes.len() / 12 + 1);
        let mut open: SmallVec<[u32; 32]> = SmallVec::new();
        let mut in_object = false;
        let (mut name, mut flags) = (0u32, 0u8);
        let mut at = 0;
        loop {
            // In a valid text a name comes here or a value.
            let first = byte(bytes, at);
            if first == b'"' && in_object && name == 0 {
                let (end, escaped) = string_end(bytes, at + 1);
                name = at as u32;
                flags = if escaped { ESCAPED_NAME } else { 0 };
                at = end + 1;
                continue;
            }
            let start = at;
            let kind;
            match first {
                b'{' | b'[' => {
                    kind = if first == b'{' { Kind::Object } else { Kind::Array };
                    at += 1;
                }
                b'"' => {
                    let (end, escaped) = string_end(bytes, at + 1);
                    kind = Kind::String;
                    flags |= if escaped { ESCAPED_STRING } else { 0 };
                    at = end;
                }
                b'n' => {
                    kind = Kind::Null;
                    at += 4;
                }
                b't' => {
                    kind = Kind::Bool;
                    at += 4;
                }
                b'f' => {
                    kind = Kind::Bool;
                    at += 5;
                }
                _ => {
                    at = plain_end(bytes, at);
                    kind = number_kind(bytes.get(start..at).unwrap_or_default());
                }
            }
            let number = entries.len() as u32;
            entries.push(Entry {
                start: start as u32,
                end: at.min(bytes.len()) as u32,
                next: number + 1,
                len: 0,
                name,
                depth: open.len() as u16,
                kind,
                flags,
            });
            (name, flags) = (0, 0);
            if let Some(container) = open.last().and_then(|&open| entries.get_mut(open as usize)) {
                container.len += 1;
            }
            if matches!(kind, Kind::Object | Kind::Array) {
                open.push(number);
                in_object = kind == Kind::Object;
            }
            // Containers end here, then a `,` or the text.
            while let b']' | b'}' = byte(bytes, at) {
                at += 1;
                let next = entries.len() as u32;
                let Some(container) = open.pop().and_then(|open| entries.get_mut(open as usize))
                else {
                    break;
                };
                container.end = at as u32;
                container.next = next;
                let outer = open.last().and_then(|&outer| entries.get(outer as usize));
                in_object = outer.is_some_and(|outer| outer.kind == Kind::Object);
            }
            if open.is_empty() || at >= bytes.len() {
                break;
            }
            if byte(bytes, at) == b',' {
                at += 1;
            }
        }
        let next = entries.len() as u32;
        for container in open {
            if let Some(container) = entries.get_mut(container as usize) {
                container.end = bytes.len() as u32;
                container.next = next;
            }
        }
        Self { entries }
    }

    /// Values in the document.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no value, which no document has.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes that this index holds on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }

    pub(crate) fn entry(&self, node: Node) -> Entry {
        const NOTHING: Entry = Entry {
            start: 0,
            end: 0,
            next: 0,
            len: 0,
            name: 0,
            depth: 0,
            kind: Kind::Null,
            flags: 0,
        };
        self.entries.get(node.0 as usize).copied().unwrap_or(NOTHING)
    }
}

/// Whether a number literal is an integer that 64 bits hold.
fn number_kind(literal: &[u8]) -> Kind {
    let digits = literal.strip_prefix(b"-").unwrap_or(literal);
    if !digits.iter().all(u8::is_ascii_digit) || literal == b"-0" {
        return Kind::Number;
    }
    let fits = digits.len() <= 18
        || std::str::from_utf8(literal)
            .is_ok_and(|text| text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok());
    if fits { Kind::Integer } else { Kind::Number }
}
