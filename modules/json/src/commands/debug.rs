//! JSON.DEBUG

use crate::commands::change::read;
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::value_type::held_bytes;
use crate::host::{Key, KeyName};
use crate::paths::{self, Selection};

pub(crate) struct Debug;

const HELP: [&[u8]; 2] = [
    b"MEMORY <key> [path] - reports memory usage: what the key holds, packed or not; for a path, the text of the value",
    b"HELP                - this message",
];

impl Command for Debug {
    const SPEC: Spec = Spec {
        name: c"json.debug",
        summary: c"Looks into how documents are held",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"readonly",
        keys: Keys::After { word: c"MEMORY", usage: Usage::LOOK },
    };

    fn run(call: Call<'_>) -> Result<(), Error> {
        match call.args.get(1) {
            Some(word) if word.is("MEMORY") => memory(call),
            Some(word) if word.is("HELP") => {
                call.ctx.reply_each(HELP, |ctx, line| ctx.reply_bulk(line));
                Ok(())
            }
            Some(word) => Err(Error::unknown_subcommand(word.bytes())),
            None => Err(Error::Arity),
        }
    }
}

/// Replies what the key holds in memory, headers and allocator rounding included. A value within
/// the document has no memory of its own: what it takes of the text is replied.
fn memory(call: Call<'_>) -> Result<(), Error> {
    let name: KeyName<'_> = call.args.get(2).ok_or(Error::Arity)?.into();
    let path = paths::parse_or_root(call.args.get(3))?;
    if path.is_root() {
        let held = Key::open_read(call.ctx, name).document()?.map(held_bytes);
        match held {
            Some(held) if path.is_legacy() => call.ctx.reply_integer(held as i64),
            Some(held) => call.ctx.reply_each([held], |ctx, held| ctx.reply_integer(held as i64)),
            None => (call.ctx.rules().reply_no_memory)(call.ctx, path.is_legacy()),
        }
        return Ok(());
    }
    let selection = match read(call, name)? {
        Some(text) => Some(Selection::of(&path, &text)?),
        None => None,
    };
    match &selection {
        None => (call.ctx.rules().reply_no_memory)(call.ctx, path.is_legacy()),
        Some(selection) => {
            let document = selection.document();
            let len = |node| document.text_of(node).len() as i64;
            if path.is_legacy() {
                let &node = selection.nodes.first().ok_or(Error::PathMissing)?;
                call.ctx.reply_integer(len(node));
            } else {
                call.ctx.reply_each(&selection.nodes, |ctx, &node| ctx.reply_integer(len(node)));
            }
        }
    }
    Ok(())
}
