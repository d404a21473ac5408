//! The texts of RedisJSON. Where it has none, ours, which begin with `ERR`.

use std::borrow::Cow;

use json_document::ParseErrorKind;
use jsonpath::PathErrorKind;

use crate::error::{Error, Wanted};

/// What the client is told of `error`.
pub(crate) fn message(error: &Error) -> Cow<'static, str> {
    Cow::Borrowed(match error {
        Error::Arity => "ERR wrong number of arguments",
        Error::Syntax => "ERR syntax error",
        Error::NoDictionary => "ERR that is no dictionary, or there is no room for one more",
        Error::FphaType => "ERR invalid FPHA type",
        Error::WrongFormat => "ERR wrong format",
        Error::ReplyFormat => "ERR wrong reply format",
        Error::FormatNotOnResp2 => "ERR FORMAT argument is not supported on RESP2",
        Error::LegacyPathExpanded => "Legacy paths are supported only with FORMAT STRINGS",
        Error::FormatTooLong => "ERR INDENT, NEWLINE and SPACE take at most 64 bytes each",
        Error::NotAnInteger => "Couldn't parse as integer",
        Error::NotAnIntegerInRange => "ERR value is not an integer or out of range",
        Error::InvalidExpire(command) => {
            return Cow::Owned(format!("ERR invalid expire time in '{command}' command"));
        }
        Error::NotUtf8 => "Couldn't parse as UTF-8 string",

        Error::WrongKeyType => "Existing key has wrong Redis type",
        Error::NewNotAtRoot | Error::NewInMSetNotAtRoot => {
            "ERR new objects must be created at the root"
        }
        Error::NoSuchKey => "ERR could not perform this operation on a key that doesn't exist",

        // RedisJSON has one text for arguments of any kind.
        Error::Path(error) if error.kind() == PathErrorKind::InvalidUtf8 => {
            "Couldn't parse as UTF-8 string"
        }
        Error::Path(error) => {
            let at = error.offset();
            let text = error.to_string();
            let what = text.strip_suffix(&format!(" at position {at}")).unwrap_or(&text);
            // RedisJSON says it so even of one thing.
            let (one_of, what) = match what.strip_prefix("expected ") {
                Some(what) => ("expected one of the following: ", what),
                None => ("", what),
            };
            return Cow::Owned(format!(
                "Error occurred at position {at}, Error at position {at}: {one_of}{what}"
            ));
        }
        Error::PathComputes => {
            "ERR computed/projection expressions are only supported by JSON.GET/JSON.MGET/JSON.RESP"
        }
        Error::PathTooLong => "ERR path is longer than max-path-length",
        Error::PathWork => "ERR path visits more values than max-path-visits",
        Error::PathMissing => "ERR Path does not exist",
        Error::NoneOf { wanted, .. } => match wanted {
            Wanted::Bool => "ERR Path does not exist or not a bool",
            Wanted::Number => "ERR Path does not exist or does not contains a number",
            Wanted::String => "ERR Path does not exist or not a string",
            Wanted::Array => "ERR Path does not exist or not an array",
            Wanted::Object => "ERR Path does not exist or not an object",
        },
        Error::WrongStaticPath => "Err wrong static path",
        Error::ParentsNotSingular => "ERR PARENTS takes paths of names and indexes only",
        Error::ParentIsElement => "ERR PARENTS makes objects, no elements of arrays",
        Error::ParentInTheWay => "ERR a value in the way of PARENTS is no object",
        Error::NotAString | Error::WrongValueType(Wanted::String) => {
            "WRONGTYPE wrong type of path value - expected string"
        }
        Error::WrongValueType(Wanted::Bool) => "WRONGTYPE wrong type of path value - expected bool",
        Error::WrongValueType(Wanted::Number) => {
            "WRONGTYPE wrong type of path value - expected number"
        }
        Error::WrongValueType(Wanted::Array) => {
            "WRONGTYPE wrong type of path value - expected array"
        }
        Error::WrongValueType(Wanted::Object) => {
            "WRONGTYPE wrong type of path value - expected object"
        }
        Error::NoObject => "ERR a member cannot be set in what is no object",
        Error::IndexOutOfRange => "ERR array index out of range",
        Error::IndexOutOfBounds => "ERR index out of bounds",

        Error::Json(error) | Error::JsonPrefixed(error) | Error::OperandNotJson(error)
            if error.kind() == ParseErrorKind::InvalidUtf8 =>
        {
            "Couldn't parse as UTF-8 string"
        }
        Error::Json(error) => return Cow::Owned(error.to_string()),
        Error::JsonPrefixed(error) | Error::OperandNotJson(error) => {
            return Cow::Owned(format!("ERR {error}"));
        }
        Error::NotBson => "ERR invalid BSON",
        Error::BadNumber => "ERR bad input number",
        Error::Arithmetic(_, error) => return Cow::Owned(format!("ERR {error}")),
        Error::Edit(error) => return Cow::Owned(format!("ERR {error}")),
        // A code of its own: who compares and sets tells it from all that is wrong.
        Error::Patch(error) if error.is_failed_test() => {
            return Cow::Owned(format!("TESTFAILED {error}"));
        }
        Error::Patch(error) => return Cow::Owned(format!("ERR {error}")),
        Error::DocumentTooLong => "ERR document is longer than max-document-size",
        Error::ReplyTooLong => "ERR reply is longer than max-reply-size",

        Error::Unreadable(error) => {
            return Cow::Owned(format!("ERR document cannot be inflated: {error}"));
        }
        Error::UnknownSubcommand(_) => "ERR unknown subcommand - try `JSON.DEBUG HELP`",
        Error::Internal => "ERR internal error",
    })
}
