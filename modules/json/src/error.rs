//! Every text that a client or the log can get from this module. The texts are RedisJSON's, since
//! tools match on them.

use std::borrow::Cow;
use std::fmt;

use json_document::{EditError, ParseError, ParseErrorKind};
use json_store::PackedError;

/// Why a command failed. Nothing has changed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The number of arguments is wrong; the host words this one.
    Arity,
    /// The key holds no document.
    WrongKeyType,
    /// A new key needs a whole document.
    NewNotAtRoot,
    /// The command changes a document that is not there.
    NoSuchKey,
    Json(ParseError),
    Syntax,
    /// A document that would be longer than the limit.
    DocumentTooLong,
    /// INDENT, NEWLINE or SPACE longer than the limit.
    FormatTooLong,
    ReplyTooLong,
    PathTooLong,
    NotUtf8,
    Edit(EditError),
    /// What is at rest cannot be inflated.
    Unreadable(PackedError),
    UnknownSubcommand,
    Internal,
}

impl Error {
    pub(crate) fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Error::Arity => "ERR wrong number of arguments",
            Error::WrongKeyType => "Existing key has wrong Redis type",
            Error::NewNotAtRoot => "ERR new objects must be created at the root",
            Error::NoSuchKey => "ERR could not perform this operation on a key that doesn't exist",
            Error::Json(error) if error.kind() == ParseErrorKind::InvalidUtf8 => {
                "Couldn't parse as UTF-8 string"
            }
            Error::Json(error) => return Cow::Owned(error.to_string()),
            Error::NotUtf8 => "Couldn't parse as UTF-8 string",
            Error::Syntax => "ERR syntax error",
            Error::DocumentTooLong => "ERR document is longer than max-document-size",
            Error::FormatTooLong => "ERR INDENT, NEWLINE and SPACE take at most 64 bytes each",
            Error::ReplyTooLong => "ERR reply is longer than max-reply-size",
            Error::PathTooLong => "ERR path is longer than max-path-length",
            Error::Edit(EditError::DepthExceeded) => "ERR recursion limit exceeded",
            Error::Edit(EditError::TooLarge) => "ERR document is longer than 4 GiB",
            Error::Unreadable(error) => {
                return Cow::Owned(format!("ERR document cannot be inflated: {error}"));
            }
            Error::UnknownSubcommand => "ERR unknown subcommand - try `JSON.DEBUG HELP`",
            Error::Internal => "ERR internal error",
        })
    }
}

impl From<PackedError> for Error {
    fn from(error: PackedError) -> Error {
        Error::Unreadable(error)
    }
}

impl From<EditError> for Error {
    fn from(error: EditError) -> Error {
        Error::Edit(error)
    }
}

/// Why a payload was not loaded. Goes to the log; the client gets the host's words.
#[derive(Debug)]
pub(crate) enum LoadError {
    /// The stream ended or failed.
    Stream,
    /// An encoding version that this module does not read.
    Version(i32),
    /// A node of encver 0 that makes no JSON.
    Node,
    Text(ParseError),
    Packed(PackedError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Stream => f.write_str("JSON document: the payload is cut short"),
            LoadError::Version(encver) => write!(
                f,
                "JSON document: encoding version {encver} is not supported (0, 2 and 3 are)"
            ),
            LoadError::Node => f.write_str("JSON document: broken node"),
            LoadError::Text(error) => write!(f, "JSON document: {error}"),
            LoadError::Packed(error) => write!(f, "JSON document: {error}"),
        }
    }
}
