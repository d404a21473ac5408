//! Every text that a client or the log can get from this module. The texts are RedisJSON's where
//! it has one, since tools match on them.

use std::borrow::Cow;
use std::fmt;

use json_document::{ArithmeticError, EditError, ParseError, ParseErrorKind};
use json_store::PackedError;
use jsonpath::{LimitExceeded, PathError};

/// Why a command failed. Nothing has changed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The number of arguments is wrong; the host words this one.
    Arity,
    Syntax,
    /// The element type of FPHA.
    FphaType,
    /// The input format of FORMAT.
    WrongFormat,
    /// The reply format of FORMAT.
    ReplyFormat,
    FormatNotOnResp2,
    /// EXPAND gives arrays of values, which a legacy path has not.
    LegacyPathExpanded,
    /// INDENT, NEWLINE or SPACE longer than the limit.
    FormatTooLong,
    NotAnInteger,
    NotUtf8,

    /// The key holds no document.
    WrongKeyType,
    /// A new key needs a whole document.
    NewNotAtRoot,
    /// The command needs a document that is not there.
    NoSuchKey,

    Path(PathError),
    PathTooLong,
    /// Paths of the command did more work than they may.
    PathWork,
    /// A legacy path selects nothing.
    PathMissing,
    /// A legacy path selects nothing that the command can use.
    PathMissingOr(&'static str),
    /// A path that selects nothing and does not say where something new should go.
    WrongStaticPath,
    /// The value is none of the type that the command is for.
    WrongValueType(&'static str),
    /// JSON.SET of an element that is not there.
    IndexOutOfRange,
    /// JSON.ARRINSERT beyond the array.
    IndexOutOfBounds,

    Json(ParseError),
    /// As `Json`, in the commands whose message begins with `ERR`.
    JsonPrefixed(ParseError),
    BadNumber,
    Arithmetic(ArithmeticError),
    Edit(EditError),
    DocumentTooLong,
    ReplyTooLong,

    /// What is at rest cannot be inflated.
    Unreadable(PackedError),
    UnknownSubcommand,
    Internal,
}

impl Error {
    /// RedisJSON puts `ERR` before the same text in some commands and not in others.
    pub(crate) fn prefixed(self) -> Error {
        match self {
            Error::Json(error) => Error::JsonPrefixed(error),
            other => other,
        }
    }

    pub(crate) fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Error::Arity => "ERR wrong number of arguments",
            Error::Syntax => "ERR syntax error",
            Error::FphaType => "ERR invalid FPHA type",
            Error::WrongFormat => "ERR wrong format",
            Error::ReplyFormat => "ERR wrong reply format",
            Error::FormatNotOnResp2 => "ERR FORMAT argument is not supported on RESP2",
            Error::LegacyPathExpanded => "Legacy paths are supported only with FORMAT STRINGS",
            Error::FormatTooLong => "ERR INDENT, NEWLINE and SPACE take at most 64 bytes each",
            Error::NotAnInteger => "Couldn't parse as integer",
            Error::NotUtf8 => "Couldn't parse as UTF-8 string",

            Error::WrongKeyType => "Existing key has wrong Redis type",
            Error::NewNotAtRoot => "ERR new objects must be created at the root",
            Error::NoSuchKey => "ERR could not perform this operation on a key that doesn't exist",

            Error::Path(error) => {
                let at = error.offset();
                let text = error.to_string();
                let what = text.strip_suffix(&format!(" at position {at}")).unwrap_or(&text);
                return Cow::Owned(format!(
                    "Error occurred at position {at}, Error at position {at}: {what}"
                ));
            }
            Error::PathTooLong => "ERR path is longer than max-path-length",
            Error::PathWork => "ERR path visits more values than max-path-visits",
            Error::PathMissing => "ERR Path does not exist",
            Error::PathMissingOr(what) => {
                return Cow::Owned(format!("ERR Path does not exist or {what}"));
            }
            Error::WrongStaticPath => "Err wrong static path",
            Error::WrongValueType(wanted) => {
                return Cow::Owned(format!(
                    "WRONGTYPE wrong type of path value - expected {wanted}"
                ));
            }
            Error::IndexOutOfRange => "ERR array index out of range",
            Error::IndexOutOfBounds => "ERR index out of bounds",

            Error::Json(error) | Error::JsonPrefixed(error)
                if error.kind() == ParseErrorKind::InvalidUtf8 =>
            {
                "Couldn't parse as UTF-8 string"
            }
            Error::Json(error) => return Cow::Owned(error.to_string()),
            Error::JsonPrefixed(error) => return Cow::Owned(format!("ERR {error}")),
            Error::BadNumber => "ERR bad input number",
            Error::Arithmetic(error) => return Cow::Owned(format!("ERR {error}")),
            Error::Edit(error) => return Cow::Owned(format!("ERR {error}")),
            Error::DocumentTooLong => "ERR document is longer than max-document-size",
            Error::ReplyTooLong => "ERR reply is longer than max-reply-size",

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

impl From<ArithmeticError> for Error {
    fn from(error: ArithmeticError) -> Error {
        Error::Arithmetic(error)
    }
}

impl From<PathError> for Error {
    fn from(error: PathError) -> Error {
        Error::Path(error)
    }
}

impl From<LimitExceeded> for Error {
    fn from(_: LimitExceeded) -> Error {
        Error::PathWork
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
    /// A string of encver 4 that is no CBOR of a document.
    Cbor,
    Text(ParseError),
    Packed(PackedError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Stream => f.write_str("JSON document: the payload is cut short"),
            LoadError::Version(encver) => write!(
                f,
                "JSON document: encoding version {encver} is not supported (0, 2, 3 and 4 are)"
            ),
            LoadError::Cbor => f.write_str("JSON document: broken CBOR"),
            LoadError::Node => f.write_str("JSON document: broken node"),
            LoadError::Text(error) => write!(f, "JSON document: {error}"),
            LoadError::Packed(error) => write!(f, "JSON document: {error}"),
        }
    }
}
