//! Bytes to requests and replies to bytes: RESP2, RESP3 and inline commands.
//!
//! The key decision: requests are parsed straight out of the buffer that the
//! socket was read into, and an argument becomes a [`ByteString`] exactly once.
//! Only an unfinished request is copied aside. Everything later (the engine,
//! modules, the keyspace, replication) shares those strings by refcount. The
//! price is one allocation an argument, also for words such as `SET`.
//!
//! # No sockets here
//! This crate owns no socket, no clock and no configuration; the limits that
//! depend on configuration or on the client's state come in as [`Limits`].
//!
//! [`ByteString`]: byte_string::ByteString
#![forbid(unsafe_code)]

mod request;
pub use request::{Argv, Limits, ProtocolError, RequestParser};

mod ahead;
pub use ahead::keys_ahead;

mod inline;
pub use inline::split_args;

mod reply;
pub use reply::{Deferred, Protocol, Reply};

mod double;
pub use double::format_double;

mod integer;
pub use integer::parse_i64;

mod read;
pub use read::{ReadError, Token, Value, read_token, read_value, skip_value};
