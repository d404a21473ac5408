//! String values: an integer, bytes in place or shared with whoever sent them, or a buffer that
//! grows.

use byte_string::ByteString;

use crate::heap::allocated;
use crate::stored_bytes::StoredBytes;
use crate::value::Element;

/// The longest string whose encoding is called "embstr".
const EMBSTR_LEN_MAX: usize = 44;
/// The longest decimal form of an `i64`, with its sign.
const INTEGER_LEN_MAX: usize = 20;

/// The value of a string key.
#[derive(Clone, Debug)]
pub struct StringValue(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Integer(i64),
    Stored(StoredBytes),
    /// After APPEND, SETRANGE and writing through a module's pointer. Never moves back by itself.
    // Boxed: the vector's three words would make every entry longer.
    #[expect(clippy::box_collection, reason = "keeps an entry within one cache line")]
    Growing(Box<Vec<u8>>),
}

/// The integer that `digits` spell exactly as it would be printed: no sign but `-`, no leading
/// zero, no space, nothing out of range.
#[inline]
pub(crate) fn parse_integer(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > INTEGER_LEN_MAX {
        return None;
    }
    let (negative, digits) = match digits {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, digits),
    };
    match digits {
        [] => return None,
        [b'0', ..] => return (digits.len() == 1 && !negative).then_some(0),
        _ => {}
    }
    let mut number: i64 = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        // Counts downwards, since the negative range is the longer one.
        number = number.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))?;
    }
    if negative { Some(number) } else { number.checked_neg() }
}

impl StringValue {
    /// Keeps `bytes` as an integer if they spell one, else as they are, a long one without copying.
    #[inline]
    pub fn new(bytes: ByteString) -> Self {
        match parse_integer(&bytes) {
            Some(number) => Self(Repr::Integer(number)),
            None => Self(Repr::Stored(StoredBytes::value(bytes))),
        }
    }

    /// Keeps `bytes` as they are, even if they spell an integer.
    pub fn uncoded(bytes: ByteString) -> Self {
        Self(Repr::Stored(StoredBytes::value(bytes)))
    }

    pub fn from_i64(number: i64) -> Self {
        Self(Repr::Integer(number))
    }

    /// A value that is the given buffer.
    pub fn from_buffer(buffer: Vec<u8>) -> Self {
        Self(Repr::Growing(Box::new(buffer)))
    }

    /// The bytes; `digits` is where those of an integer are written.
    #[inline]
    pub fn as_bytes<'a>(&'a self, digits: &'a mut itoa::Buffer) -> &'a [u8] {
        match &self.0 {
            Repr::Integer(number) => digits.format(*number).as_bytes(),
            Repr::Stored(bytes) => bytes.as_bytes(),
            Repr::Growing(bytes) => bytes,
        }
    }

    #[inline]
    pub fn element(&self) -> Element<'_> {
        match &self.0 {
            Repr::Integer(number) => Element::Integer(*number),
            Repr::Stored(bytes) => bytes.element(),
            Repr::Growing(bytes) => Element::Bytes(bytes),
        }
    }

    /// The bytes as a shared string: without copying, if that is how they are kept.
    pub fn to_byte_string(&self) -> ByteString {
        self.element().to_byte_string()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.element().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value as INCR understands it.
    pub fn to_integer(&self) -> Option<i64> {
        self.element().to_integer()
    }

    /// Adds `bytes` at the end and returns the new length.
    pub fn append(&mut self, bytes: &[u8]) -> usize {
        let buffer = self.make_mut();
        buffer.extend_from_slice(bytes);
        buffer.len()
    }

    /// Writes `bytes` at `offset`, with zeros between the old end and there, and returns the new
    /// length. The caller has checked `offset + bytes.len()` against proto-max-bulk-len.
    pub fn set_range(&mut self, offset: usize, bytes: &[u8]) -> usize {
        let buffer = self.make_mut();
        let end = offset + bytes.len();
        if buffer.len() < end {
            buffer.resize(end, 0);
        }
        buffer[offset..end].copy_from_slice(bytes);
        buffer.len()
    }

    /// The bytes as a buffer that can be changed and grown; copies them the first time.
    pub fn make_mut(&mut self) -> &mut Vec<u8> {
        if let Repr::Integer(_) | Repr::Stored(_) = self.0 {
            let bytes = self.as_bytes(&mut itoa::Buffer::new()).to_vec();
            self.0 = Repr::Growing(Box::new(bytes));
        }
        match &mut self.0 {
            Repr::Growing(buffer) => buffer,
            Repr::Integer(_) | Repr::Stored(_) => unreachable!("made growing above"),
        }
    }

    /// As OBJECT ENCODING names it.
    pub fn encoding_name(&self) -> &'static str {
        match &self.0 {
            Repr::Integer(_) => "int",
            Repr::Stored(bytes) if bytes.as_bytes().len() <= EMBSTR_LEN_MAX => "embstr",
            Repr::Stored(_) | Repr::Growing(_) => "raw",
        }
    }

    pub fn heap_size(&self) -> usize {
        match &self.0 {
            Repr::Integer(_) => 0,
            Repr::Stored(bytes) => bytes.heap_size(),
            Repr::Growing(buffer) => allocated(size_of::<Vec<u8>>()) + allocated(buffer.capacity()),
        }
    }
}
