//! JSON.DICTIONARY: the dictionaries, and what they are or would be worth.

use json_store::{DictionaryFigures, DictionaryRecord};

use crate::STORE;
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec};
use crate::host::command_docs::{Arg, Docs};
use crate::host::{Argument, Context};

pub(crate) struct Dictionary;

const HELP: [&str; 3] = [
    "LIST - reports every dictionary: its keys, version, size, and the documents packed with it",
    "LOAD <database> <pattern> <version> <bytes> - takes a dictionary in; how replicas get theirs",
    "HELP - this message",
];

impl Command for Dictionary {
    const SPEC: Spec = Spec {
        name: c"json.dictionary",
        summary: c"Looks at the dictionaries that short documents are packed with",
        complexity: c"O(N) in the number of dictionaries",
        arity: -2,
        flags: c"readonly admin",
        keys: Keys::None,
    };
    const DOCS: Docs = Docs::of(&[Arg::one_of(
        c"subcommand",
        &[
            Arg::word(c"list", c"LIST"),
            Arg::block(
                c"load",
                &[
                    Arg::string(c"database").after(c"LOAD"),
                    Arg::string(c"pattern"),
                    Arg::string(c"version"),
                    Arg::string(c"bytes"),
                ],
            ),
            Arg::word(c"help", c"HELP"),
        ],
    )])
    .with_tips(c"nondeterministic_output");

    fn run(call: Call<'_>) -> Result<(), Error> {
        let word = call.args.get(1).ok_or(Error::Arity)?;
        if word.is("LIST") {
            list(call.ctx);
            Ok(())
        } else if word.is("LOAD") {
            load(call)
        } else if word.is("HELP") {
            call.ctx.reply_each(HELP, |ctx, line| ctx.reply_bulk(line.as_bytes()));
            Ok(())
        } else {
            Err(Error::unknown_subcommand(word.bytes()))
        }
    }
}

/// Replies a map for each dictionary.
pub(super) fn list(ctx: Context) {
    ctx.reply_each(STORE.dictionary_figures(), |ctx, figures| reply(ctx, &figures));
}

fn reply(ctx: Context, figures: &DictionaryFigures) {
    ctx.reply_map(10);
    let text = |name: &str, value: &[u8]| {
        ctx.reply_bulk(name.as_bytes());
        ctx.reply_bulk(value);
    };
    text("id", format!("{:08x}", figures.id).as_bytes());
    text("keys", &figures.pattern);
    let number = |name: &str, value: i64| {
        ctx.reply_bulk(name.as_bytes());
        ctx.reply_integer(value);
    };
    number("database", figures.database.into());
    number("version", figures.version.into());
    number("current", figures.is_current.into());
    number("bytes", figures.len as i64);
    number("held_bytes", figures.held_bytes as i64);
    number("documents", figures.documents as i64);
    number("raw_bytes", figures.raw_bytes as i64);
    number("stored_bytes", figures.stored_bytes as i64);
}

/// Takes a dictionary in, and passes it on.
fn load(call: Call<'_>) -> Result<(), Error> {
    if call.args.len() != 6 {
        return Err(Error::Arity);
    }
    let word = |at| call.args.get(at).ok_or(Error::Arity);
    let database = number(word(2)?)?;
    let version = number(word(4)?)?;
    let (pattern, bytes) = (word(3)?, word(5)?);
    let record = DictionaryRecord::new(
        i32::try_from(database).map_err(|_| Error::Syntax)?,
        pattern.bytes(),
        version,
        bytes.bytes(),
    );
    if !STORE.take_in(&record) {
        return Err(Error::NoDictionary);
    }
    call.ctx.reply_simple(c"OK");
    call.ctx.replicate();
    Ok(())
}

fn number(word: Argument<'_>) -> Result<u32, Error> {
    let text = std::str::from_utf8(word.bytes()).map_err(|_| Error::Syntax)?;
    text.parse().map_err(|_| Error::Syntax)
}
