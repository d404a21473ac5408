//! The texts of valkey-json, for the errors that it has; the others are worded as in the default mode.

use std::borrow::Cow;

use json_document::{EditError, ParseErrorKind};
use jsonpath::PathErrorKind;

use crate::error::{Arithmetic, Error, Wanted, redisjson};

/// What the client is told of `error`.
pub(crate) fn message(error: &Error) -> Cow<'static, str> {
    Cow::Borrowed(match error {
        Error::Syntax | Error::NewInMSetNotAtRoot => "SYNTAXERR Command syntax error",
        Error::NotAnInteger => "WRONGTYPE Value is not an integer",
        Error::NotAString => "WRONGTYPE Value is not a string",

        Error::WrongKeyType => "WRONGTYPE Not a JSON document key",
        Error::NewNotAtRoot => "SYNTAXERR A new Valkey key's path must be root",
        Error::NoSuchKey => "NONEXISTENT Document key does not exist",

        Error::Path(error) => path_message(error.kind()),
        Error::NotUtf8 => "SYNTAXERR Invalid JSON path",
        Error::PathTooLong => "LIMIT Query string size limit is exceeded",
        Error::PathMissing | Error::NoneOf { is_path_missing: true, .. } => {
            "NONEXISTENT JSON path does not exist"
        }
        Error::NoneOf { wanted, .. } | Error::WrongValueType(wanted) => match wanted {
            Wanted::Bool => "WRONGTYPE JSON element is not a bool",
            Wanted::Number => "WRONGTYPE JSON element is not a number",
            Wanted::String => "WRONGTYPE JSON element is not a string",
            Wanted::Array => "WRONGTYPE JSON element is not an array",
            Wanted::Object => "WRONGTYPE JSON element is not an object",
        },
        Error::NoObject => "ERROR Cannot insert a member into a non-object value",
        Error::IndexOutOfRange | Error::IndexOutOfBounds => {
            "OUTOFBOUNDARIES Array index is out of bounds"
        }

        Error::Json(error) | Error::JsonPrefixed(error)
            if error.kind() == ParseErrorKind::DepthExceeded =>
        {
            "LIMIT Parser recursion depth is exceeded"
        }
        Error::Json(_) | Error::JsonPrefixed(_) => {
            "SYNTAXERR Failed to parse JSON string due to syntax error"
        }
        Error::BadNumber | Error::OperandNotJson(_) => "WRONGTYPE Value is not a number",
        Error::Arithmetic(Arithmetic::Addition, _) => "OVERFLOW Addition would overflow",
        Error::Arithmetic(Arithmetic::Multiplication, _) => {
            "OVERFLOW Multiplication would overflow"
        }
        Error::Edit(EditError::DepthExceeded) => "LIMIT Document path nesting limit is exceeded",
        Error::Edit(EditError::TooLarge) | Error::DocumentTooLong => {
            "LIMIT Document size limit is exceeded"
        }

        Error::UnknownSubcommand(word) => {
            return Cow::Owned(format!("ERR unknown subcommand '{word}'. Try JSON.DEBUG HELP."));
        }
        other => return redisjson::message(other),
    })
}

/// What the client is told of a path that is none.
fn path_message(kind: PathErrorKind) -> &'static str {
    match kind {
        PathErrorKind::EmptyExpression => "SYNTAXERR Expression token cannot be empty",
        PathErrorKind::MissingName => "SYNTAXERR Invalid identifier",
        PathErrorKind::InvalidName => "SYNTAXERR Invalid object member name",
        PathErrorKind::DotSequence => "SYNTAXERR Invalid dot sequence",
        PathErrorKind::NotAnIndex => "SYNTAXERR Array index is not a number",
        PathErrorKind::OutOfRange => "SYNTAXERR Invalid number",
        PathErrorKind::ZeroStep => "SYNTAXERR Step in the slice cannot be zero",
        PathErrorKind::DollarNotRoot => "SYNTAXERR Dollar sign cannot apply to non-root element",
        PathErrorKind::TooLong => "LIMIT Query string size limit is exceeded",
        PathErrorKind::TooManyDescents => {
            "LIMIT Total number of recursive descent tokens in the query string exceeds the limit"
        }
        _ => "SYNTAXERR Invalid JSON path",
    }
}
