//! The built-in commands, a file a family. Each command's spec stands directly above its handler.

mod acl;
mod client;
mod command_info;
mod config;
mod connection;
mod debug;
mod digest;
pub mod info;
mod memory;
mod module;
mod pubsub;
mod server;
mod transaction;

mod counter;
mod lcs;
mod string;
mod string_set;

mod hash;
mod hash_number;
mod hash_random;

mod list;
mod list_edit;
mod list_move;

mod set;
mod set_algebra;
mod set_random;

mod zset;
mod zset_algebra;
mod zset_pop;
mod zset_range;

mod databases;
mod dump;
mod expiry;
mod keys;
mod object;
mod scan;

mod collection;
mod element;
mod expire_time;
mod random;
mod score;
mod set_args;

pub(crate) use transaction::discard_transaction;

use crate::command::Spec;
use crate::{Call, Engine, Error, Outcome};

/// All built-in commands.
pub const ALL: &[&[Spec]] = &[
    acl::SPECS,
    config::SPECS,
    info::SPECS,
    memory::SPECS,
    module::SPECS,
    server::SPECS,
    client::SPECS,
    command_info::SPECS,
    connection::SPECS,
    debug::SPECS,
    pubsub::SPECS,
    transaction::SPECS,
    string::SPECS,
    string_set::SPECS,
    counter::SPECS,
    lcs::SPECS,
    hash::SPECS,
    hash_number::SPECS,
    hash_random::SPECS,
    list::SPECS,
    list_edit::SPECS,
    list_move::SPECS,
    set::SPECS,
    set_algebra::SPECS,
    set_random::SPECS,
    zset::SPECS,
    zset_range::SPECS,
    zset_pop::SPECS,
    zset_algebra::SPECS,
    keys::SPECS,
    expiry::SPECS,
    databases::SPECS,
    dump::SPECS,
    scan::SPECS,
    object::SPECS,
];

/// The handler of a command that has nothing but sub-commands.
fn only_subcommands(_: &mut Engine, call: &mut Call) -> Outcome {
    Err(Error::WrongArity(call.command.full_name.clone()))
}

/// The refusal of a sub-command whose words do not fit.
fn unknown_subcommand_or_arity(call: &Call) -> Error {
    let container =
        call.command.full_name.split('|').next().unwrap_or_default().to_ascii_uppercase();
    let word = call.argv.get(1).map(|word| crate::printable(word, 128)).unwrap_or_default();
    Error::owned(format!(
        "ERR unknown subcommand or wrong number of arguments for '{word}'. Try {container} HELP."
    ))
}

/// The reply of a HELP sub-command: each form on a line, what it does on the next ones.
fn reply_help(call: &mut Call, container: &str, lines: &[(&str, &str)]) {
    let meanings: usize = lines.iter().map(|(_, meaning)| meaning.lines().count()).sum();
    call.reply.array(lines.len() + meanings + 3);
    call.reply
        .simple(&format!("{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for (form, meaning) in lines {
        call.reply.simple(form);
        for line in meaning.lines() {
            call.reply.simple(&format!("    {line}"));
        }
    }
    call.reply.simple("HELP");
    call.reply.simple("    Print this help.");
}
