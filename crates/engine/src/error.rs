//! What a command may refuse with, and the text each refusal has on the wire.

use std::borrow::Cow;
use std::fmt;

/// A refusal of a command: becomes one RESP error reply. The text carries its code ("ERR …", "WRONGTYPE …") but
/// neither the leading `-` nor the line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// `ERR syntax error`
    Syntax,
    /// `WRONGTYPE …`: the key holds another type than the command works on.
    WrongType,
    /// `ERR value is not an integer or out of range`
    NotInteger,
    /// `ERR value is not a valid float`
    NotFloat,
    /// `ERR no such key`
    NoSuchKey,
    /// `ERR index out of range`
    OutOfRange,
    /// `ERR wrong number of arguments for '…' command`, with the full command name (`client|kill`).
    WrongArity(String),
    /// Any other text, code included.
    Text(Cow<'static, str>),
}

impl Error {
    /// An error with a fixed text, code included.
    pub const fn text(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// An error with a composed text, code included.
    pub fn owned(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }

    /// The error code: the first word of the text, as `errorstats` counts it.
    pub fn code(&self) -> &str {
        match self {
            Self::WrongType => "WRONGTYPE",
            Self::Text(text) => text.split(' ').next().unwrap_or("ERR"),
            _ => "ERR",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("ERR syntax error"),
            Self::WrongType => {
                f.write_str("WRONGTYPE Operation against a key holding the wrong kind of value")
            }
            Self::NotInteger => f.write_str("ERR value is not an integer or out of range"),
            Self::NotFloat => f.write_str("ERR value is not a valid float"),
            Self::NoSuchKey => f.write_str("ERR no such key"),
            Self::OutOfRange => f.write_str("ERR index out of range"),
            Self::WrongArity(name) => {
                write!(f, "ERR wrong number of arguments for '{name}' command")
            }
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

/// What a command handler returns; an `Err` becomes the reply, so nothing may have been replied or changed before it.
pub type Outcome = Result<(), Error>;
