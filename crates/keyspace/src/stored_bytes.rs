//! Bytes as keys, fields and values keep them: short ones in place, longer ones shared.
//!
//! Most keys and many values are short. In place they need no allocation of their own, which would
//! take 48 bytes for 20, and no further cache line to compare. Long ones stay the allocation that
//! the client's argument was read into.

use std::fmt;

use byte_string::ByteString;

use crate::value::Element;

/// The longest that fits in place: three words less the tag and the length.
const IN_PLACE_LEN_MAX: usize = 22;

/// 24 bytes.
#[derive(Clone)]
pub(crate) enum StoredBytes {
    InPlace { len: u8, bytes: [u8; IN_PLACE_LEN_MAX] },
    Shared(ByteString),
}

impl StoredBytes {
    #[inline]
    pub(crate) fn new(string: ByteString) -> Self {
        let len = string.len();
        if len > IN_PLACE_LEN_MAX {
            return Self::Shared(string);
        }
        let mut bytes = [0; IN_PLACE_LEN_MAX];
        bytes[..len].copy_from_slice(&string);
        Self::InPlace { len: len as u8, bytes }
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::InPlace { len, bytes } => &bytes[..usize::from(*len).min(IN_PLACE_LEN_MAX)],
            Self::Shared(string) => string,
        }
    }

    pub(crate) fn element(&self) -> Element<'_> {
        match self {
            Self::InPlace { .. } => Element::Bytes(self.as_bytes()),
            Self::Shared(string) => Element::Shared(string),
        }
    }

    /// The bytes as a string: a copy if they are in place.
    pub(crate) fn to_byte_string(&self) -> ByteString {
        match self {
            Self::InPlace { .. } => ByteString::from(self.as_bytes()),
            Self::Shared(string) => string.clone(),
        }
    }

    /// Bytes of heap besides the three words.
    pub(crate) fn heap_size(&self) -> usize {
        match self {
            Self::InPlace { .. } => 0,
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
            let stored = StoredBytes::new(ByteString::from(bytes.as_slice()));
            assert_eq!(stored.as_bytes(), bytes);
            assert_eq!(stored.to_byte_string().as_bytes(), bytes);
            assert_eq!(stored.heap_size() == 0, usize::from(len) <= IN_PLACE_LEN_MAX);
        }
    }

    #[test]
    fn it_is_three_words() {
        assert_eq!(size_of::<StoredBytes>(), 24);
        assert_eq!(size_of::<Option<StoredBytes>>(), 24);
    }
}
