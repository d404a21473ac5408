//! Bytes as keys, fields and values keep them: in place, in a box, or shared.
//!
//! Most keys and many values are short. In place they need no allocation of their own, which would
//! take 48 bytes for 20, and no further cache line to compare. A long value stays the allocation
//! that the client's argument was read into, and a reply passes it on. A long key is copied into a
//! box: nobody asks for it as a string, and a box takes 17 bytes less, which is 16 after rounding;
//! at 60 bytes that is a fifth. The copy is made when the key is new, not when it is written over.

use std::fmt;

use byte_string::ByteString;

use crate::value::Element;

/// The longest that fits in place: three words less the tag and the length.
const IN_PLACE_LEN_MAX: usize = 22;

/// 24 bytes.
#[derive(Clone)]
pub(crate) enum StoredBytes {
    InPlace { len: u8, bytes: [u8; IN_PLACE_LEN_MAX] },
    Boxed(Box<[u8]>),
    Shared(ByteString),
}

impl StoredBytes {
    /// In place or shared.
    #[inline]
    pub(crate) fn shared(string: ByteString) -> Self {
        Self::in_place(&string).unwrap_or(Self::Shared(string))
    }

    /// In place or boxed.
    #[inline]
    pub(crate) fn boxed(bytes: &[u8]) -> Self {
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
            Self::Boxed(bytes) => bytes.len(),
            Self::Shared(string) => string.heap_size(),
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
        for len in 0..50 {
            let bytes: Vec<u8> = (0..len).collect();
            let shared = StoredBytes::shared(ByteString::from(bytes.as_slice()));
            for stored in [shared, StoredBytes::boxed(&bytes)] {
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
