//! What may follow the value of JSON.SET, and a JSON.SET with more of it than NX or XX.

use std::sync::Arc;

use json_document::Text;
use jsonpath::Path;

use crate::STORE;
use crate::bson;
use crate::commands::change::{check_len, parse_json, within_limits};
use crate::commands::expiry::{Done, Expiry, ExpiryOption};
use crate::commands::get::value_at;
use crate::commands::parents;
use crate::commands::set::{Condition, How, set_at};
use crate::compat::Rules;
use crate::error::Error;
use crate::host::command::Call;
use crate::host::context::now_ms;
use crate::host::{Argument, Context, Key, KeyName, Word, config};
use crate::paths;

/// The options of JSON.SET.
#[derive(Clone, Copy, Default)]
pub(crate) struct SetOptions<'a> {
    pub(crate) how: How,
    /// GET: reply what was there.
    pub(crate) get: bool,
    pub(crate) expiry: ExpiryOption<'a>,
    pub(crate) format: InputFormat,
}

/// FORMAT of a value that comes in.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum InputFormat {
    #[default]
    Json,
    Bson,
}

impl InputFormat {
    /// The format that the word after FORMAT names. RedisJSON knows them in capitals only.
    pub(crate) fn parse(word: Option<Argument<'_>>) -> Result<InputFormat, Error> {
        match word.ok_or(Error::Syntax)?.bytes() {
            b"STRING" | b"JSON" => Ok(InputFormat::Json),
            b"BSON" => Ok(InputFormat::Bson),
            _ => Err(Error::WrongFormat),
        }
    }

    /// The value that an argument in this format is.
    pub(crate) fn read(self, ctx: Context, value: &[u8]) -> Result<Text, Error> {
        if self == InputFormat::Json {
            return parse_json(ctx, value);
        }
        check_len(ctx, value.len())?;
        let json = bson::to_json(value, config::DEPTH_CEILING).ok_or(Error::NotBson)?;
        parse_json(ctx, &json)
    }
}

impl<'a> SetOptions<'a> {
    /// `[NX|XX] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL|PERSIST] [PARENTS] [FPHA type] [FORMAT
    /// format]`, in any order.
    ///
    /// FPHA names the element type for arrays of floats. Numbers are kept as they were sent here,
    /// so it is checked and has no further effect.
    pub(crate) fn parse(
        mut words: impl ExactSizeIterator<Item = Argument<'a>>,
        rules: &Rules,
    ) -> Result<SetOptions<'a>, Error> {
        // Who knows NX and XX only takes more than one word for too many.
        let unknown = match rules.has_formats || words.len() < 2 {
            true => Error::Syntax,
            false => Error::Arity,
        };
        let mut options = SetOptions::default();
        while let Some(word) = words.next() {
            let condition = &mut options.how.condition;
            if word.is("NX") && *condition == Condition::Always {
                *condition = Condition::IfAbsent;
            } else if word.is("XX") && *condition == Condition::Always {
                *condition = Condition::IfPresent;
            } else if word.is("GET") {
                options.get = true;
            } else if word.is("PARENTS") {
                options.how.parents = true;
            } else if word.is("KEEPTTL") {
                options.expiry.put(ExpiryOption::Keep)?;
            } else if word.is("FPHA") && rules.has_formats {
                let kind = words.next().ok_or(Error::Syntax)?;
                if !["BF16", "FP16", "FP32", "FP64"].iter().any(|known| kind.is(known)) {
                    return Err(Error::FphaType);
                }
            } else if word.is("FORMAT") && rules.has_formats {
                options.format = InputFormat::parse(words.next())?;
            } else if !options.expiry.take(word, &mut words)? {
                return Err(unknown);
            }
        }
        Ok(options)
    }

    /// Whether there is nothing about expiry, parents or the old value.
    pub(crate) fn are_plain(&self) -> bool {
        !self.get && !self.how.parents && self.expiry.is_none()
    }
}

/// A value on its way to `path` of the document at `name`.
pub(crate) struct Setting<'a> {
    pub(crate) name: KeyName<'a>,
    pub(crate) path: Arc<Path>,
    pub(crate) value: Text,
    pub(crate) options: SetOptions<'a>,
    pub(crate) expiry: Expiry,
}

/// JSON.SET with all its options.
pub(crate) fn set(call: Call<'_>, setting: Setting<'_>) -> Result<(), Error> {
    let Setting { name, path, value, options, expiry } = setting;
    let now_ms = now_ms();
    let key = Key::open_write(call.ctx, name);
    let stored = key.document()?;
    let text = match &stored {
        Some(stored) if options.get || !path.is_root() => Some(STORE.read(stored, now_ms)?),
        _ => None,
    };
    let old = match &text {
        Some(text) if options.get => old_value(&path, text)?,
        _ => None,
    };
    let how = options.how;
    let new = match (&stored, &text) {
        (Some(_), _) if path.is_root() => (how.condition != Condition::IfAbsent).then_some(value),
        (Some(_), Some(text)) => set_at(call.ctx, &path, text, &value, how)?,
        (Some(_), None) => return Err(Error::Internal),
        (None, _) => new_document(call, &path, value, how)?,
    };
    let is_set = new.is_some();
    if let Some(new) = new {
        let is_new = stored.is_none();
        let done = if expiry.is_past(call.ctx, now_ms) && is_new {
            // As with SET, a key that is past its time does not appear.
            None
        } else {
            match stored {
                Some(stored) => STORE.replace(&stored, new, now_ms),
                None => key.insert(new, now_ms),
            }
            Some(expiry.apply(call.ctx, &key, now_ms))
        };
        drop(key);
        match done {
            None => {}
            Some(Done::Deleted) => {
                Done::Deleted.replicate(call.ctx, name);
                Done::Deleted.notify(call.ctx, name);
            }
            Some(done) => {
                replicate(call, name, options, done);
                call.ctx.notify(c"json.set", name);
                done.notify(call.ctx, name);
            }
        }
    } else {
        drop(key);
    }
    match (options.get, old) {
        (true, Some(old)) => call.ctx.reply_bulk(&old),
        (false, _) if is_set => call.ctx.reply_simple(c"OK"),
        _ => call.ctx.reply_null(),
    }
    Ok(())
}

/// What JSON.GET would reply for `path`; `None` if nothing is there.
fn old_value(path: &Path, text: &Text) -> Result<Option<Vec<u8>>, Error> {
    match value_at(path, path.is_legacy(), text, &mut paths::meter()) {
        Ok(value) => Ok((path.is_legacy() || value != b"[]").then_some(value)),
        Err(Error::PathMissing) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The document that a key gets which had none.
pub(crate) fn new_document(
    call: Call<'_>,
    path: &Path,
    value: Text,
    how: How,
) -> Result<Option<Text>, Error> {
    if !path.is_root() && !how.parents {
        return Err(Error::NewNotAtRoot);
    }
    if how.condition == Condition::IfPresent {
        return Ok(None);
    }
    if path.is_root() {
        return Ok(Some(value));
    }
    within_limits(call.ctx, parents::new_document(path, &value)?).map(Some)
}

/// Replicates a JSON.SET that was done: with the time at which the key expires in place of how
/// long it lives, and without what is decided or answered already.
fn replicate(call: Call<'_>, name: KeyName<'_>, options: SetOptions<'_>, done: Done) {
    let (Some(path), Some(json)) = (call.args.get(2), call.args.get(3)) else { return };
    let mut number = itoa::Buffer::new();
    let mut words = vec![Word::Key(name), Word::Argument(path), Word::Argument(json)];
    match done {
        Done::Expires(at_ms) => {
            words.extend([Word::Bytes(b"PXAT"), Word::Bytes(number.format(at_ms).as_bytes())]);
        }
        _ if !options.get => return call.ctx.replicate(),
        Done::Persists => words.push(Word::Bytes(b"PERSIST")),
        Done::Nothing | Done::Deleted => {}
    }
    if options.format == InputFormat::Bson {
        words.extend([Word::Bytes(b"FORMAT"), Word::Bytes(b"BSON")]);
    }
    if options.how.parents {
        words.push(Word::Bytes(b"PARENTS"));
    }
    call.ctx.replicate_as(c"JSON.SET", &words);
}
