//! What can be wrong with a stream.

use std::fmt;
use std::io;

/// Reading failed.
#[derive(Debug)]
pub struct Error {
    /// Bytes from the beginning of the stream to where the reading stopped.
    pub offset: u64,
    pub kind: ErrorKind,
}

#[derive(Debug)]
pub enum ErrorKind {
    /// The stream itself failed.
    Io(io::Error),
    /// The stream ended too early.
    UnexpectedEnd,
    /// The file begins with something else; here are its first nine bytes.
    Signature([u8; 9]),
    Version(u16),
    /// A type byte or opcode that no version has, or that this version cannot have.
    UnknownOpcode(u8),
    /// A type that cannot be loaded yet, by its name.
    UnsupportedType(&'static str),
    /// The first byte of a length or a string is one that none begins with.
    LengthEncoding(u8),
    /// A string or count is longer than the limit, or than its container.
    TooLong(u64),
    /// A compressed string does not expand to what it says.
    Compression,
    /// A structure contradicts itself: which one.
    Malformed(&'static str),
    /// A hash has the same field twice.
    DuplicateField,
    /// A module read (the first) where the payload has the second.
    ModuleItem(&'static str, u64),
    /// A module left items of its payload unread, or the payload has no end.
    ModuleEnd,
    /// What the file says, and what its bytes give.
    Checksum {
        expected: u64,
        found: u64,
    },
    /// A DUMP payload goes on after its value.
    TrailingBytes,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::UnexpectedEnd => write!(f, "unexpected end"),
            Self::Signature(bytes) => write!(f, "wrong signature \"{}\"", bytes.escape_ascii()),
            Self::Version(version) => write!(f, "can't handle RDB format version {version}"),
            Self::UnknownOpcode(byte) => write!(f, "unknown type or opcode {byte}"),
            Self::UnsupportedType(name) => write!(f, "values of type {name} are not supported yet"),
            Self::LengthEncoding(byte) => write!(f, "unknown length encoding 0x{byte:02x}"),
            Self::TooLong(len) => write!(f, "length {len} is too large"),
            Self::Compression => write!(f, "invalid LZF compressed string"),
            Self::Malformed(what) => write!(f, "malformed {what}"),
            Self::DuplicateField => write!(f, "duplicate hash field"),
            Self::ModuleItem(wanted, found) => {
                write!(f, "the module wanted {wanted}, the payload has an item of type {found}")
            }
            Self::ModuleEnd => write!(f, "module value not ended by the module value EOF marker"),
            Self::Checksum { expected, found } => {
                write!(f, "wrong checksum: expected {expected:x} but got {found:x}")
            }
            Self::TrailingBytes => write!(f, "bytes after the value"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}
