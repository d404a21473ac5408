//! Everything between a request and its reply: the command table, the call, clients, transactions, events and the
//! built-in commands.
//!
//! The key decision: the engine is one plain struct passed as `&mut`, with no locks and no cells inside. A call into
//! module code takes the whole `&mut Engine` (see [`hooks`]), so the compiler proves that no borrow of server state is
//! held across it. The price is that whatever such a call needs is looked up again afterwards.
//!
//! # No sockets, no files, no clock here
//! The server owns those; the engine reaches them through [`hooks::ServerHooks`] and [`Clock`].
#![forbid(unsafe_code)]

mod engine;
pub use engine::Engine;

mod call;
pub use call::{Argv, Call, call_flag, printable};

pub mod command;
pub use command::{Command, Handler, Spec};

mod table;
pub use table::{CommandTable, Found};

mod keys;
pub use keys::InvalidKeys;

mod error;
pub use error::{Error, Outcome};

mod client;
pub use client::{Client, ClientId, Clients, Queued, Watched, client_flag};

mod extended;
mod natural;

mod lookup;
pub use lookup::Look;

mod eviction;
pub mod notify;
pub mod propagation;
pub mod pubsub;
pub mod watch;

pub mod hooks;
pub use hooks::{ModuleHooks, ServerEvent, ServerHooks};

mod clock;
pub use clock::Clock;

mod stats;
pub use stats::Stats;

pub mod snapshot;

pub mod config;

pub mod commands;

/// The version of Valkey whose behaviour the server has, as HELLO, INFO and modules are told.
pub const VALKEY_VERSION: &str = "8.0.1";
/// The version of Redis that tools compare with, as Valkey reports it.
pub const REDIS_VERSION: &str = "7.2.4";
/// Our own version.
pub const KEYSTOW_VERSION: &str = env!("CARGO_PKG_VERSION");
