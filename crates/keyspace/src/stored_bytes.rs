//! Bytes as keys, fields and values keep them: in place, in a box, or shared.
//!
//! Most keys and many values are short. In place they need no allocation of their own, which would
//! take 48 bytes for 20, and no further cache line to compare. A long value stays the allocation
//! that the client's argument was read into, and a reply passes it on. What lies between is copied
//! into a box, and so are long keys, which nobody asks for as a string: a box takes 17 bytes less,
//! which is 16 or 32 after rounding. With a key of 60 bytes and a value of 64, an entry takes 210
//! bytes instead of 258.

use std::fmt;

use byte_string::ByteString;

use crate::heap::allocated;
use crate::value::Element;

/// The longest that fits in place: three words less the tag and the length.
const IN_PLACE_LEN_MAX: usize = 22;
/// The longest value that is boxed. Beyond it the bytes saved are few, and the copy is not cheap.
const BOXED_VALUE_LEN_MAX: usize = 128;

/// 24 bytes.
#[derive(Clone)]
pub(crate) enum StoredBytes {
    InPlace { len: u8, bytes: [u8; IN_PLACE_LEN_MAX] },
    Boxed(Box<[u8]>),
    Shared(ByteString),
}

impl StoredBytes {
    /// As a value is kept: in place, boxed or shared, by length.
    #[inline]
    pub(crate) fn value(string: ByteString) -> Self {
        if string.len() > BOXED_VALUE_LEN_MAX {
            return Self::Shared(string);
        }
        Self::name(&string)
    }

    /// As a key or field is kept: in place or boxed.
    #[inline]
    pub(crate) fn name(bytes: &[u8]) -> Self {
        Self::in_place(bytes).unwrap_or_else(|| Self::Boxed(bytes.into()))
    }

    #[inline]
    fn in_place(from: &[u8]) -> Option<Self> {
        let mut bytes = [0; IN_PLACE_LEN_MAX];
        bytes.get_mut(..from.len())?.copy_from_slice(from);
        Some(Self::InPlace { len: from.len() as u8, bytes })
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::InPlace { len, bytes } => &bytes[..usize::from(*len).min(IN_PLACE_LEN_MAX)],
            Self::Boxed(bytes) => bytes,
            Self::Shared(string) => string,
        }
    }

    pub(crate) fn element(&self) -> Element<'_> {
        match self {
            Self::InPlace { .. } | Self::Boxed(_) => Element::Bytes(self.as_bytes()),
            Self::Shared(string) => Element::Shared(string),
        }
    }

    /// The bytes as a string: a copy unless they are shared.
    pub(crate) fn to_byte_string(&self) -> ByteString {
        match self {
            Self::InPlace { .. } | Self::Boxed(_) => ByteString::from(self.as_bytes()),
            Self::Shared(string) => string.clone(),
        }
    }

    /// Bytes of heap besides the three words.
    pub(crate) fn heap_size(&self) -> usize {
        match self {
            Self::InPlace { .. } => 0,
            Self::Boxed(bytes) => allocated(bytes.len()),
            Self::Shared(string) => allocated(string.heap_size()),
        }
    }
}

impl fmt::Debug for StoredBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_comes_back() {
        for len in 0..200 {
            let bytes: Vec<u8> = (0..len).collect();
            let value = StoredBytes::value(ByteString::from(bytes.as_slice()));
            for stored in [value, StoredBytes::name(&bytes)] {
                assert_eq!(stored.as_bytes(), bytes);
                assert_eq!(stored.to_byte_string().as_bytes(), bytes);
                assert_eq!(stored.heap_size() == 0, usize::from(len) <= IN_PLACE_LEN_MAX);
            }
        }
    }

    #[test]
    fn it_is_three_words() {
        assert_eq!(size_of::<StoredBytes>(), 24);
        assert_eq!(size_of::<Option<StoredBytes>>(), 24);
    }
}
