//! Why bytes were refused as a JSON text, and where.

use std::fmt;

/// What was wrong with a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The input ended inside an array.
    EofInArray,
    /// The input ended inside an object.
    EofInObject,
    /// The input ended inside a string.
    EofInString,
    /// The input ended where a value was needed, or inside a literal.
    EofInValue,
    /// A member name without its `:`.
    ExpectedColon,
    /// An element followed by neither `,` nor `]`.
    ExpectedArrayCommaOrEnd,
    /// A member followed by neither `,` nor `}`.
    ExpectedObjectCommaOrEnd,
    /// A misspelt `true`, `false` or `null`.
    ExpectedLiteral,
    /// A byte that begins no value.
    ExpectedValue,
    /// An escape that RFC 8259 section 7 does not have.
    InvalidEscape,
    /// A number that RFC 8259 section 6 does not have.
    InvalidNumber,
    /// A number whose magnitude no double can hold.
    NumberOutOfRange,
    /// A byte below 0x20 inside a string.
    ControlCharacter,
    /// A member name that is no string.
    NameNotString,
    /// Half of a surrogate pair, escaped alone.
    LoneSurrogate,
    /// A high surrogate that no second escape follows.
    UnexpectedEndOfHexEscape,
    /// A `,` before `]` or `}`.
    TrailingComma,
    /// Something after the value.
    TrailingCharacters,
    /// More containers within each other than [`crate::Limits::depth_max`].
    DepthExceeded,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// More bytes than a document may have (4 GiB).
    TooLarge,
}

impl ParseErrorKind {
    /// The words that serde_json has for this error, so that tools which match on the texts of
    /// RedisJSON go on working.
    fn message(self) -> &'static str {
        match self {
            Self::EofInArray => "EOF while parsing a list",
            Self::EofInObject => "EOF while parsing an object",
            Self::EofInString => "EOF while parsing a string",
            Self::EofInValue => "EOF while parsing a value",
            Self::ExpectedColon => "expected `:`",
            Self::ExpectedArrayCommaOrEnd => "expected `,` or `]`",
            Self::ExpectedObjectCommaOrEnd => "expected `,` or `}`",
            Self::ExpectedLiteral => "expected ident",
            Self::ExpectedValue => "expected value",
            Self::InvalidEscape => "invalid escape",
            Self::InvalidNumber => "invalid number",
            Self::NumberOutOfRange => "number out of range",
            Self::ControlCharacter => {
                "control character (\\u0000-\\u001F) found while parsing a string"
            }
            Self::NameNotString => "key must be a string",
            Self::LoneSurrogate => "lone leading surrogate in hex escape",
            Self::UnexpectedEndOfHexEscape => "unexpected end of hex escape",
            Self::TrailingComma => "trailing comma",
            Self::TrailingCharacters => "trailing characters",
            Self::DepthExceeded => "recursion limit exceeded",
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::TooLarge => "document too large",
        }
    }
}

/// A refused JSON text. Displays as `expected value at line 1 column 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    kind: ParseErrorKind,
    offset: usize,
    line: usize,
    column: usize,
}

impl ParseError {
    /// An error after `offset` bytes of `input`.
    #[cold]
    pub(crate) fn new(kind: ParseErrorKind, input: &[u8], offset: usize) -> Self {
        let offset = offset.min(input.len());
        let before = input.get(..offset).unwrap_or(input);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        Self {
            kind,
            offset,
            line: 1 + memchr::memchr_iter(b'\n', before).count(),
            column: offset - line_start,
        }
    }

    /// What was wrong.
    pub fn kind(&self) -> ParseErrorKind {
        self.kind
    }

    /// Bytes read when the error was seen, the offending one mostly included.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The bytes of that line up to the error.
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.kind.message(), self.line, self.column)
    }
}

impl std::error::Error for ParseError {}

/// An error and how many bytes had been read when it was seen.
pub(crate) struct Fault {
    pub(crate) kind: ParseErrorKind,
    pub(crate) at: usize,
}

#[cold]
pub(crate) fn fault<T>(kind: ParseErrorKind, at: usize) -> Result<T, Fault> {
    Err(Fault { kind, at })
}
