//! Why commands fail. Tools match on the texts of RedisJSON and of valkey-json, so each of the two
//! has them in a file of its own.

pub(crate) mod redisjson;
pub(crate) mod valkey_json;

use std::fmt;

use json_document::{ArithmeticError, EditError, ParseError, PatchError};
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
    /// A number of EX and the like that is none, in the host's words.
    NotAnIntegerInRange,
    /// A time that no key can expire at; the command that was given it.
    InvalidExpire(&'static str),
    NotUtf8,
    /// An argument is JSON, but no string.
    NotAString,

    /// The key holds no document.
    WrongKeyType,
    /// A new key needs a whole document.
    NewNotAtRoot,
    /// Likewise in JSON.MSET.
    NewInMSetNotAtRoot,
    /// The command needs a document that is not there.
    NoSuchKey,

    Path(PathError),
    /// A path that computes values, where one is wanted that selects them.
    PathComputes,
    PathTooLong,
    /// Paths of the command did more work than they may.
    PathWork,
    /// A legacy path selects nothing.
    PathMissing,
    /// A legacy path selects nothing that the command can use, perhaps nothing at all.
    NoneOf {
        wanted: Wanted,
        is_path_missing: bool,
    },
    /// A path that selects nothing and does not say where something new should go.
    WrongStaticPath,
    /// PARENTS with a path that may mean several places.
    ParentsNotSingular,
    /// PARENTS cannot make an array for an index.
    ParentIsElement,
    /// A value that is neither object nor array is where PARENTS would need one.
    ParentInTheWay,
    /// The value is none of the type that the command is for.
    WrongValueType(Wanted),
    /// A member is set in what is no object.
    NoObject,
    /// JSON.SET of an element that is not there.
    IndexOutOfRange,
    /// JSON.ARRINSERT beyond the array.
    IndexOutOfBounds,

    /// FORMAT BSON with what is no BSON.
    NotBson,
    Json(ParseError),
    /// As `Json`, in the commands whose message begins with `ERR`.
    JsonPrefixed(ParseError),
    /// The operand of arithmetic is no JSON.
    OperandNotJson(ParseError),
    /// The operand of arithmetic is JSON, but no number.
    BadNumber,
    Arithmetic(Arithmetic, ArithmeticError),
    Edit(EditError),
    /// JSON.PATCH.
    Patch(PatchError),
    DocumentTooLong,
    ReplyTooLong,

    /// What was given as a dictionary is none, or there is no room for it.
    NoDictionary,
    /// What is at rest cannot be inflated.
    Unreadable(PackedError),
    /// The sub-command of JSON.DEBUG, cut to what is readable.
    UnknownSubcommand(Box<str>),
    Internal,
}

/// The type of value that a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Bool,
    Number,
    String,
    Array,
    Object,
}

/// What is computed with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Addition,
    Multiplication,
    Power,
}

impl Error {
    /// No value of the kind `wanted` is at a legacy path, where nothing is if `is_path_missing`.
    pub(crate) fn none_of(wanted: Wanted, is_path_missing: bool) -> Error {
        Error::NoneOf { wanted, is_path_missing }
    }

    /// `word` names no sub-command of JSON.DEBUG.
    pub(crate) fn unknown_subcommand(word: &[u8]) -> Error {
        // As much of it as servers show of theirs.
        let word = word.get(..128).unwrap_or(word);
        Error::UnknownSubcommand(String::from_utf8_lossy(word).into())
    }

    /// RedisJSON puts `ERR` before the same text in some commands and not in others.
    pub(crate) fn prefixed(self) -> Error {
        match self {
            Error::Json(error) => Error::JsonPrefixed(error),
            other => other,
        }
    }
}

impl From<PackedError> for Error {
    fn from(error: PackedError) -> Error {
        Error::Unreadable(error)
    }
}

impl From<PatchError> for Error {
    fn from(error: PatchError) -> Error {
        Error::Patch(error)
    }
}

impl From<EditError> for Error {
    fn from(error: EditError) -> Error {
        Error::Edit(error)
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
    /// The record of dictionaries cannot be used.
    Dictionary(&'static str),
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
            LoadError::Dictionary(what) => write!(f, "JSON dictionaries: one is {what}"),
            LoadError::Packed(error) => write!(f, "JSON document: {error}"),
        }
    }
}
