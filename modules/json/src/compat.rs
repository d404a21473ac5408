//! What `json.compat` decides: the rules of RedisJSON or those of valkey-json.
//!
//! Wherever the two differ, a command asks [`Rules`], of which there is a table for each: nowhere
//! else does the module know which of them is in force. A command takes its table once, with its
//! [`Context`], when it begins.

mod arithmetic;
mod arity;
mod clear;
mod range;

pub(crate) use range::position;

use std::borrow::Cow;
use std::ffi::CStr;
use std::ops::{Range, RangeInclusive};

use json_document::{ArithmeticError, Document, Node, Number, Text};

use crate::commands::set::Nowhere;
use crate::error::{self, Arithmetic, Error, Wanted};
use crate::host::{Context, config};

/// Whose replies, errors and semantics the module has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compat {
    RedisJson,
    ValkeyJson,
}

/// The rules in force.
pub(crate) fn rules() -> &'static Rules {
    match config::compat() {
        Compat::RedisJson => &REDISJSON,
        Compat::ValkeyJson => &VALKEY_JSON,
    }
}

/// The class under which keyspace events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventClass {
    /// `d` of `notify-keyspace-events`.
    Module,
    /// `g`
    Generic,
}

/// Which of several values a legacy path is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    First,
    Last,
}

impl Pick {
    pub(crate) fn of<T>(self, mut values: impl DoubleEndedIterator<Item = T>) -> Option<T> {
        match self {
            Pick::First => values.next(),
            Pick::Last => values.next_back(),
        }
    }
}

/// How JSON.RESP sends the members of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Members {
    /// Names and values by turns.
    Flat,
    /// An array of two for each.
    Pairs,
}

/// What differs between the two.
pub(crate) struct Rules {
    /// The text of an error.
    pub(crate) message: fn(&Error) -> Cow<'static, str>,
    /// How many words the commands take, their names included, where that is less than what the
    /// host lets through.
    words: &'static [(&'static CStr, RangeInclusive<usize>)],
    pub(crate) event_class: EventClass,
    /// Containers within each other up to which a text that is too deep is refused as a document,
    /// and not by the parser.
    pub(crate) parser_depth_max: Option<usize>,

    /// Whether clients that speak RESP3 get other replies than those that speak RESP2.
    pub(crate) has_resp3_replies: bool,
    /// Whether `FORMAT` is an option of JSON.SET, JSON.GET and JSON.ARRPOP, and `FPHA` one of
    /// JSON.SET.
    pub(crate) has_formats: bool,
    /// The name of a type, in JSON.TYPE.
    pub(crate) reply_type: fn(Context, &'static CStr),
    /// Whether an integer beyond `i64` is one to JSON.TYPE, rather than a number.
    pub(crate) has_long_integers: bool,
    /// Whether JSON.TYPE answers a legacy path that is none with nil, and JSON.MGET any.
    pub(crate) are_wrong_paths_missing: bool,
    /// Whether JSON.STRLEN, ARRLEN, OBJLEN and OBJKEYS refuse a JSONPath if there is no key.
    pub(crate) do_lengths_need_key: bool,
    /// What JSON.OBJKEYS has for a value that is no object, at a JSONPath.
    pub(crate) reply_no_object: fn(Context),
    /// What JSON.DEBUG MEMORY has for a key that is not there; the path is a legacy one if `bool`.
    pub(crate) reply_no_memory: fn(Context, bool),
    pub(crate) resp_members: Members,
    /// The length that commands which change arrays have for a legacy path.
    pub(crate) array_picked: Pick,
    /// The value that JSON.TOGGLE has for a legacy path.
    pub(crate) toggled_picked: Pick,
    /// Whether a key of another type is one that JSON.MGET does not find.
    pub(crate) does_mget_skip_others: bool,

    /// The error of a value that has no place; none if that is answered with nil.
    nowhere: Option<fn(Nowhere) -> Error>,
    /// Whether setting a value at a path that selects nothing, and could mean several places, is an
    /// error rather than done.
    pub(crate) must_paths_be_static: bool,
    /// Whether a document whose root JSON.DEL has emptied goes with its key.
    pub(crate) goes_empty_root: bool,
    /// Whether JSON.DEL counts values within deleted ones.
    pub(crate) are_nested_deletions_counted: bool,
    /// What JSON.CLEAR makes of a value; none if it leaves it alone.
    pub(crate) cleared: fn(Document<'_>, Node) -> Option<&'static str>,
    /// The elements that JSON.ARRTRIM keeps, from start, stop and length.
    pub(crate) trimmed: fn(i64, i64, usize) -> Range<usize>,
    /// The elements that JSON.ARRINDEX searches, from start, stop and length.
    pub(crate) searched: fn(i64, i64, usize) -> Range<usize>,
    /// Whether JSON.ARRINDEX has found what it looks for.
    pub(crate) is_found: fn(Document<'_>, Node, Document<'_>) -> bool,
    /// Whether JSON.ARRPOP takes an index that is no integer for the last one.
    pub(crate) are_pop_indexes_guessed: bool,
    /// The new number, of the one at a path and the operand.
    pub(crate) compute: fn(Arithmetic, Number<'_>, Number<'_>) -> Result<Text, ArithmeticError>,
    /// The text of a new number, in replies.
    pub(crate) computed_text: fn(&Text) -> &str,
}

impl Rules {
    /// What comes of setting a value that has no place.
    pub(crate) fn nowhere<T>(&self, why: Nowhere) -> Result<Option<T>, Error> {
        self.nowhere.map_or(Ok(None), |error| Err(error(why)))
    }

    /// Whether the command `name` takes so many words, its name included.
    pub(crate) fn takes(&self, name: &CStr, words: usize) -> bool {
        self.words
            .iter()
            .find(|(known, _)| *known == name)
            .is_none_or(|(_, of)| of.contains(&words))
    }
}

static REDISJSON: Rules = Rules {
    message: error::redisjson::message,
    words: &arity::REDISJSON,
    event_class: EventClass::Module,
    parser_depth_max: None,
    has_resp3_replies: true,
    has_formats: true,
    reply_type: |ctx, name| ctx.reply_bulk(name.to_bytes()),
    has_long_integers: true,
    are_wrong_paths_missing: true,
    do_lengths_need_key: true,
    reply_no_object: Context::reply_null,
    reply_no_memory: |ctx, is_legacy| match is_legacy {
        true => ctx.reply_integer(0),
        false => ctx.reply_array(0),
    },
    resp_members: Members::Flat,
    array_picked: Pick::Last,
    toggled_picked: Pick::Last,
    does_mget_skip_others: true,
    nowhere: None,
    must_paths_be_static: true,
    goes_empty_root: true,
    are_nested_deletions_counted: false,
    cleared: clear::numbers_and_containers,
    trimmed: range::trimmed_from_ends,
    searched: range::searched_from_ends,
    is_found: |document, node, wanted| document.equal_typed(node, wanted, wanted.root()),
    are_pop_indexes_guessed: true,
    compute: arithmetic::exact,
    computed_text: Text::as_str,
};

static VALKEY_JSON: Rules = Rules {
    message: error::valkey_json::message,
    words: &arity::VALKEY_JSON,
    event_class: EventClass::Generic,
    parser_depth_max: Some(200),
    has_resp3_replies: false,
    has_formats: false,
    reply_type: Context::reply_simple,
    has_long_integers: false,
    are_wrong_paths_missing: false,
    do_lengths_need_key: false,
    reply_no_object: |ctx| ctx.reply_array(0),
    reply_no_memory: |ctx, _| ctx.reply_null(),
    resp_members: Members::Pairs,
    array_picked: Pick::First,
    toggled_picked: Pick::First,
    does_mget_skip_others: false,
    nowhere: Some(|why| match why {
        Nowhere::MissingParent => Error::PathMissing,
        Nowhere::NotInObject => Error::NoObject,
        Nowhere::NotInArray => Error::WrongValueType(Wanted::Array),
    }),
    must_paths_be_static: false,
    goes_empty_root: false,
    are_nested_deletions_counted: true,
    cleared: clear::everything,
    trimmed: range::trimmed_from_start,
    searched: range::searched_from_start,
    is_found: |document, node, wanted| document.equal(node, wanted, wanted.root()),
    are_pop_indexes_guessed: false,
    compute: arithmetic::over_to_doubles,
    computed_text: arithmetic::without_point,
};
