//! JSON.DICTIONARY: the dictionaries, and what they are or would be worth.

use json_store::{DictionaryFigures, DictionaryRecord};

use crate::STORE;
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec};
use crate::host::command_docs::{Arg, Docs};
use crate::host::scan::{self, Bounds};
use crate::host::{Argument, Context};

pub(crate) struct Dictionary;

const HELP: [&str; 4] = [
    "ESTIMATE <prefix> [SAMPLES <count>] - reports what documents and JSON strings whose keys begin so take, and would take",
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
                c"estimate",
                &[
                    Arg::string(c"prefix").after(c"ESTIMATE"),
                    Arg::integer(c"count").after(c"SAMPLES").optional(),
                ],
            ),
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
        } else if word.is("ESTIMATE") {
            estimate(call)
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

/// Keys that an estimate looks at, at most.
const KEYS_SEEN_MAX: usize = 100_000;
const SAMPLES_DEFAULT: usize = 1_000;
const SAMPLES_MAX: usize = 5_000;
/// Bytes of text that it packs and trains with.
const SAMPLE_BYTES_MAX: usize = 1 << 20;
const SAMPLE_LEN_MAX: usize = 64 << 10;

/// Replies what a dictionary would be worth.
fn estimate(call: Call<'_>) -> Result<(), Error> {
    let prefix = call.args.get(2).ok_or(Error::Arity)?;
    let texts = match (call.args.get(3), call.args.get(4), call.args.len()) {
        (None, ..) => SAMPLES_DEFAULT,
        (Some(word), Some(count), 5) if word.is("SAMPLES") => {
            let count = usize::try_from(number(count)?).map_err(|_| Error::Syntax)?;
            count.clamp(1, SAMPLES_MAX)
        }
        _ => return Err(Error::Syntax),
    };
    let bounds =
        Bounds { keys_seen: KEYS_SEEN_MAX, texts, bytes: SAMPLE_BYTES_MAX, len: SAMPLE_LEN_MAX };
    let sample = scan::sample(call.ctx, prefix.bytes(), bounds).ok_or(Error::Internal)?;
    let estimate = json_store::estimate(&sample.texts, &STORE.settings());
    let figures = [
        ("keys_seen", sample.keys_seen as u64),
        ("documents", estimate.documents - sample.strings as u64),
        ("strings", sample.strings as u64),
        ("raw_bytes", estimate.raw_bytes),
        ("held_bytes", sample.held_bytes as u64),
        ("alone_bytes", estimate.alone_bytes),
        ("dictionary_bytes", estimate.dictionary_bytes),
        ("dictionary_held_bytes", estimate.dictionary_held_bytes),
    ];
    call.ctx.reply_map(figures.len());
    for (name, value) in figures {
        call.ctx.reply_bulk(name.as_bytes());
        call.ctx.reply_integer(i64::try_from(value).unwrap_or(i64::MAX));
    }
    Ok(())
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
