//! The API functions, one file for each section of the API.

pub(crate) mod memory;
pub(crate) mod strings;

pub(crate) mod context_flags;
pub(crate) mod log;
pub(crate) mod module;
pub(crate) mod random;

pub(crate) mod command_info;
pub(crate) mod commands;
pub(crate) mod reply;

pub(crate) mod hash_value;
pub(crate) mod keys;
pub(crate) mod scan;
pub(crate) mod string_value;

pub(crate) mod data_type;
pub(crate) mod defrag;
pub(crate) mod digest;
pub(crate) mod io;

pub(crate) mod call;
pub(crate) mod call_reply;
pub(crate) mod passed;
pub(crate) mod replication;

pub(crate) mod blocking;
pub(crate) mod events;
pub(crate) mod filters;
pub(crate) mod notifications;
pub(crate) mod timers;

pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod config;
pub(crate) mod dict;
pub(crate) mod info;
pub(crate) mod server_info;
pub(crate) mod shared;

/// Every API function by its own name, for the table.
pub(crate) mod functions {
    pub(crate) use super::blocking::*;
    pub(crate) use super::call_reply::*;
    pub(crate) use super::client::*;
    pub(crate) use super::cluster::*;
    pub(crate) use super::command_info::*;
    pub(crate) use super::commands::*;
    pub(crate) use super::config::*;
    pub(crate) use super::context_flags::*;
    pub(crate) use super::data_type::*;
    pub(crate) use super::defrag::*;
    pub(crate) use super::dict::*;
    pub(crate) use super::digest::*;
    pub(crate) use super::events::*;
    pub(crate) use super::filters::*;
    pub(crate) use super::info::*;
    pub(crate) use super::io::*;
    pub(crate) use super::keys::*;
    pub(crate) use super::log::*;
    pub(crate) use super::memory::*;
    pub(crate) use super::module::*;
    pub(crate) use super::notifications::*;
    pub(crate) use super::random::*;
    pub(crate) use super::replication::*;
    pub(crate) use super::reply::*;
    pub(crate) use super::scan::*;
    pub(crate) use super::server_info::*;
    pub(crate) use super::shared::*;
    pub(crate) use super::string_value::*;
    pub(crate) use super::strings::*;
    pub(crate) use super::timers::*;
}
