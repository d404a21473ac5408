//! What `json.compat` decides: the rules of RedisJSON or those of valkey-json.
//!
//! Wherever the two differ, a command asks [`Rules`], of which there is a table for each: nowhere
//! else does the module know which of them is in force. A command takes its table once, with its
//! [`Context`](crate::host::Context), when it begins.

use std::borrow::Cow;

use crate::error::{self, Error};
use crate::host::config;

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

/// What differs between the two.
pub(crate) struct Rules {
    /// The text of an error.
    pub(crate) message: fn(&Error) -> Cow<'static, str>,
    pub(crate) event_class: EventClass,
    /// Whether clients that speak RESP3 get other replies than those that speak RESP2.
    pub(crate) has_resp3_replies: bool,
}

static REDISJSON: Rules = Rules {
    message: error::redisjson::message,
    event_class: EventClass::Module,
    has_resp3_replies: true,
};

static VALKEY_JSON: Rules = Rules {
    message: error::valkey_json::message,
    event_class: EventClass::Generic,
    has_resp3_replies: false,
};
