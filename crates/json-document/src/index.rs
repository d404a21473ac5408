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

use crate::scan::{byte, digits_end, plain_end, string_end};
use crate::text::Text;

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
        let mut outer: Vec<Open> = Vec::new();
        // The text itself is around the root; it has no entry and is never closed.
        let mut open = Open { entry: u32::MAX, len: 0, is_object: false };
        let mut at = 0;
        loop {
            let (mut name, mut flags) = (0, 0);
            if open.is_object && byte(bytes, at) == b'"' {
                let (end, escaped) = string_end(bytes, at + 1);
                name = at as u32;
                flags = if escaped { ESCAPED_NAME } else { 0 };
                at = end + 1;
            }
            let start = at;
            let kind;
            let first = byte(bytes, at);
            match first {
                b'"' => {
                    let (end, escaped) = string_end(bytes, at + 1);
                    kind = Kind::String;
                    flags |= if escaped { ESCAPED_STRING } else { 0 };
                    at = end;
                }
                b'{' | b'[' => {
                    kind = if first == b'{' { Kind::Object } else { Kind::Array };
                    at += 1;
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
                _ => (at, kind) = number_end(bytes, at),
            }
            open.len += 1;
            let entry = entries.len() as u32;
            entries.push(Entry {
                start: start as u32,
                end: at.min(bytes.len()) as u32,
                next: entry + 1,
                len: 0,
                name,
                depth: outer.len() as u16,
                kind,
                flags,
            });
            if matches!(kind, Kind::Object | Kind::Array) {
                outer.push(open);
                open = Open { entry, len: 0, is_object: kind == Kind::Object };
            }
            // Containers end here, then there is a `,` or the end.
            while let b']' | b'}' = byte(bytes, at) {
                at += 1;
                let Some(around) = outer.pop() else { break };
                open.close(&mut entries, at);
                open = around;
            }
            if outer.is_empty() || at >= bytes.len() {
                break;
            }
            if byte(bytes, at) == b',' {
                at += 1;
            }
        }
        // In a valid text nothing is open any more.
        while let Some(around) = outer.pop() {
            open.close(&mut entries, bytes.len());
            open = around;
        }
        Self { entries }
    }

    /// Values in the document.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes that the index takes.
    pub fn held_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }

    /// Gives back what was reserved in vain: for an index that is kept.
    pub fn shrink(&mut self) {
        self.entries.shrink_to_fit();
    }

    /// The value of that [`number`](Node::number), if there is one.
    pub fn node(&self, number: u32) -> Option<Node> {
        ((number as usize) < self.entries.len()).then_some(Node(number))
    }

    /// Whether there is no value, which no document has.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
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

/// A container whose end has not come yet.
struct Open {
    entry: u32,
    /// Children up to here.
    len: u32,
    is_object: bool,
}

impl Open {
    /// Completes the entry of this container, whose text ends at `end`.
    fn close(&self, entries: &mut [Entry], end: usize) {
        let next = entries.len() as u32;
        if let Some(entry) = entries.get_mut(self.entry as usize) {
            entry.end = end as u32;
            entry.next = next;
            entry.len = self.len;
        }
    }
}

/// The end of the number that begins at `start`, and its kind.
#[inline(always)]
fn number_end(bytes: &[u8], start: usize) -> (usize, Kind) {
    let digits = if byte(bytes, start) == b'-' { start + 1 } else { start };
    let end = digits_end(bytes, digits);
    if matches!(byte(bytes, end), b'.' | b'e' | b'E') {
        return (plain_end(bytes, end), Kind::Number);
    }
    if end - digits > 18 || end == digits || bytes.get(start..end) == Some(b"-0") {
        return unusual_number(bytes, start);
    }
    (end, Kind::Integer)
}

/// As [`number_end`] for `-0` and numbers that 64 bits may not hold.
#[cold]
fn unusual_number(bytes: &[u8], start: usize) -> (usize, Kind) {
    let end = plain_end(bytes, start);
    let literal = std::str::from_utf8(bytes.get(start..end).unwrap_or_default());
    let fits = literal.is_ok_and(|literal| {
        literal != "-0" && (literal.parse::<i64>().is_ok() || literal.parse::<u64>().is_ok())
    });
    (end, if fits { Kind::Integer } else { Kind::Number })
}
