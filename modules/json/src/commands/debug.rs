//! JSON.DEBUG: how documents are held.

use std::ffi::CStr;

use json_document::{Document, Kind, Node};

use crate::commands::change::read;
use crate::commands::docs;
use crate::error::Error;
use crate::host::args::Args;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::{Arg, Docs};
use crate::host::value_type::held_bytes;
use crate::host::{Key, KeyName, every_document};
use crate::paths::{self, Selection};

pub(crate) struct Debug;

/// A sub-command: its name, whether a key comes after it, what HELP says, and what it does.
type Subcommand = (&'static str, bool, &'static str, fn(Call<'_>) -> Result<(), Error>);

const SUBCOMMANDS: [Subcommand; 6] = [
    (
        "MEMORY",
        true,
        "MEMORY <key> [path] - reports memory usage: what the key holds, packed or not; for a path, the text of the value",
        memory,
    ),
    (
        "DEPTH",
        true,
        "DEPTH <key> [path] - reports how many containers are within each other",
        depth,
    ),
    (
        "FIELDS",
        true,
        "FIELDS <key> [path] - reports the number of values within a container, at any depth; 1 for a scalar",
        fields,
    ),
    (
        "MAX-DEPTH-KEY",
        false,
        "MAX-DEPTH-KEY - reports the deepest document of the database: its depth and its key",
        max_depth_key,
    ),
    (
        "MAX-SIZE-KEY",
        false,
        "MAX-SIZE-KEY - reports the document that takes most memory: its bytes and its key",
        max_size_key,
    ),
    ("HELP", false, "HELP                - this message", help),
];

impl Command for Debug {
    const SPEC: Spec = Spec {
        name: c"json.debug",
        summary: c"Looks into how documents are held",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"readonly getkeys-api",
        keys: Keys::Asked { find: key_position, usage: Usage::LOOK },
    };
    const DOCS: Docs = Docs::of(&[Arg::one_of(
        c"subcommand",
        &[
            Arg::block(c"memory", &[NAME.after(c"MEMORY"), docs::OPTIONAL_PATH]),
            Arg::block(c"depth", &[NAME.after(c"DEPTH"), docs::OPTIONAL_PATH]),
            Arg::block(c"fields", &[NAME.after(c"FIELDS"), docs::OPTIONAL_PATH]),
            Arg::word(c"max-depth-key", c"MAX-DEPTH-KEY"),
            Arg::word(c"max-size-key", c"MAX-SIZE-KEY"),
            Arg::word(c"help", c"HELP"),
        ],
    )])
    .with_tips(c"dont_cache nondeterministic_output");

    fn run(call: Call<'_>) -> Result<(), Error> {
        let word = call.args.get(1).ok_or(Error::Arity)?;
        match SUBCOMMANDS.iter().find(|(name, ..)| word.is(name)) {
            Some((_, _, _, run)) => run(call),
            None => Err(Error::unknown_subcommand(word.bytes())),
        }
    }
}

/// The key, which no key spec describes: it depends on the sub-command.
const NAME: Arg = Arg::string(c"key");

/// Key specs cannot say that one word has a key after it and another has none: a spec that does
/// not fit makes hosts take the whole command for one without keys, whatever the user may read.
fn key_position(args: Args<'_>) -> Option<usize> {
    let word = args.get(1)?;
    let is_known = SUBCOMMANDS.iter().any(|&(name, has_key, ..)| has_key && word.is(name));
    (is_known && args.len() > 2).then_some(2)
}

fn help(call: Call<'_>) -> Result<(), Error> {
    call.ctx.reply_each(SUBCOMMANDS, |ctx, (_, _, line, _)| ctx.reply_bulk(line.as_bytes()));
    Ok(())
}

/// Replies what the key holds in memory, headers and allocator rounding included. A value within
/// the document has no memory of its own: what it takes of the text is replied.
fn memory(call: Call<'_>) -> Result<(), Error> {
    let name: KeyName<'_> = call.args.get(2).ok_or(Error::Arity)?.into();
    let path = paths::parse_or_root(call.args.get(3))?;
    if !path.is_root() {
        return reply_each_value(call, |document, node| document.text_of(node).len());
    }
    let held = Key::open_read(call.ctx, name).document()?.map(held_bytes);
    match held {
        Some(held) if path.is_legacy() => call.ctx.reply_integer(held as i64),
        Some(held) => call.ctx.reply_each([held], |ctx, held| ctx.reply_integer(held as i64)),
        None => (call.ctx.rules().reply_no_memory)(call.ctx, path.is_legacy()),
    }
    Ok(())
}

/// Replies the depth by which `max-depth` is counted: 0 for a scalar, 1 for `[]`.
fn depth(call: Call<'_>) -> Result<(), Error> {
    reply_each_value(call, |document, node| {
        let deepest = document.containers(node).map(|inner| document.depth(inner) + 1).max();
        deepest.map_or(0, |deepest| deepest - document.depth(node))
    })
}

fn max_depth_key(call: Call<'_>) -> Result<(), Error> {
    reply_largest(call, c"DEPTH")
}

fn max_size_key(call: Call<'_>) -> Result<(), Error> {
    reply_largest(call, c"MEMORY")
}

/// Replies the largest that `subcommand` has for any key that the user may read, and that key; nil
/// if there is none. Every document is looked at, in one go.
fn reply_largest(call: Call<'_>, subcommand: &CStr) -> Result<(), Error> {
    if call.args.len() > 2 {
        return Err(Error::Arity);
    }
    match every_document::largest(call.ctx, subcommand) {
        Some((measure, name)) => {
            call.ctx.reply_array(2);
            call.ctx.reply_integer(measure);
            call.ctx.reply_bulk(&name);
        }
        None => call.ctx.reply_null(),
    }
    Ok(())
}

fn fields(call: Call<'_>) -> Result<(), Error> {
    reply_each_value(call, |document, node| match document.kind(node) {
        Kind::Object | Kind::Array => document.subtree_len(node) - 1,
        _ => 1,
    })
}

/// Replies what `measure` says of the values that the path selects: of the first one for a legacy
/// path, of each for a JSONPath.
fn reply_each_value(call: Call<'_>, measure: fn(Document<'_>, Node) -> usize) -> Result<(), Error> {
    let name = call.args.get(2).ok_or(Error::Arity)?.into();
    let path = paths::parse_or_root(call.args.get(3))?;
    let Some(text) = read(call, name)? else {
        (call.ctx.rules().reply_no_memory)(call.ctx, path.is_legacy());
        return Ok(());
    };
    let selection = Selection::of(&path, &text)?;
    let document = selection.document();
    if path.is_legacy() {
        let &node = selection.nodes.first().ok_or(Error::PathMissing)?;
        call.ctx.reply_integer(measure(document, node) as i64);
        return Ok(());
    }
    call.ctx.reply_each(&selection.nodes, |ctx, &node| {
        ctx.reply_integer(measure(document, node) as i64);
    });
    Ok(())
}
