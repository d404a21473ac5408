//! A JSON text that is known to be valid, without insignificant whitespace.

use crate::error::ParseError;
use crate::string::quote;
use crate::{parse, scan};
use std::fmt;

/// What a document may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many containers may be within each other: 1 allows `[]`, 2 allows `[[]]`.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth_max: 128 }
    }
}

/// One JSON value as text: valid by RFC 8259, valid UTF-8, without insignificant whitespace, and
/// with each name once in its object. Literals, escapes and the order of members are as sent.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Box<str>);

impl Text {
    /// Validates `input` and takes it over without its insignificant whitespace.
    ///
    /// A name given twice in an object takes the last value, at the first one's place.
    ///
    /// # Errors
    /// What is not JSON, not UTF-8, nested deeper than `limits` allow, or over 4 GiB.
    pub fn parse(input: &[u8], limits: &Limits) -> Result<Self, ParseError> {
        parse::parse(input, limits).map(Self)
    }

    /// Takes over a text that [`Text::parse`] made before, its integrity known by a checksum.
    ///
    /// Any other text gives wrong answers later, though never a panic.
    pub fn assume_valid(text: Box<str>) -> Self {
        Self(text)
    }

    /// The JSON string with the content `string`.
    pub fn from_string(string: &str) -> Self {
        Self(quote(string).into_boxed_str())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, given away.
    pub fn into_boxed_str(self) -> Box<str> {
        self.0
    }

    /// Bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text, which no valid one is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many containers are within each other: 0 for a scalar, 1 for `[]`.
    pub fn height(&self) -> usize {
        scan::height(self.0.as_bytes())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
