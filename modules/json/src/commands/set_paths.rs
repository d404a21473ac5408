//! JSON.SETPATHS: several values into one document, all or none.

use std::sync::Arc;

use crate::STORE;
use crate::commands::change::parse_json;
use crate::commands::docs;
use crate::commands::set::{Condition, How, set_at};
use crate::commands::set_options::new_document;
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::{Arg, Docs};
use crate::host::context::now_ms;
use crate::host::{Key, KeyName};
use crate::paths;

pub(crate) struct SetPaths;

impl Command for SetPaths {
    const SPEC: Spec = Spec {
        name: c"json.setpaths",
        summary: c"Sets the values at several paths of a document, all or none",
        complexity: c"O(K*(M+N)) where K is the number of values, M and N as in JSON.SET",
        arity: -4,
        flags: c"write deny-oom",
        keys: Keys::first(Usage::UPDATE),
    };
    const DOCS: Docs = Docs::of(&[
        docs::KEY,
        docs::CONDITION,
        docs::PARENTS,
        Arg::block(c"pair", &[docs::PATH, docs::JSON]).multiple(),
    ]);

    /// `key [NX|XX] [PARENTS] path json [path json …]`. Options come first, since whatever follows
    /// could be a path.
    fn run(call: Call<'_>) -> Result<(), Error> {
        let mut words = call.args.from(1).peekable();
        let name: KeyName<'_> = words.next().ok_or(Error::Arity)?.into();
        let mut how = How::default();
        while let Some(word) = words.peek() {
            let is_first = how.condition == Condition::Always;
            match () {
                () if word.is("NX") && is_first => how.condition = Condition::IfAbsent,
                () if word.is("XX") && is_first => how.condition = Condition::IfPresent,
                () if word.is("PARENTS") && !how.parents => how.parents = true,
                // A second one is hardly meant for a path.
                () if ["NX", "XX", "PARENTS"].iter().any(|option| word.is(option)) => {
                    return Err(Error::Syntax);
                }
                () => break,
            }
            words.next();
        }
        if words.len() == 0 || !words.len().is_multiple_of(2) {
            return Err(Error::Arity);
        }
        let mut settings = Vec::with_capacity(words.len() / 2);
        while let (Some(path), Some(json)) = (words.next(), words.next()) {
            let path = paths::parse(path)?;
            if how.parents && !path.is_singular() {
                return Err(Error::ParentsNotSingular);
            }
            settings.push((path, parse_json(call.ctx, json.bytes())?));
        }
        let key = Key::open_write(call.ctx, name);
        let stored = key.document()?;
        let mut text = match &stored {
            Some(stored) => Some(STORE.read(stored, now_ms())?),
            None => None,
        };
        let mut meter = paths::meter();
        for (path, value) in settings {
            let new = match &text {
                None => new_document(call, &path, value, how)?,
                Some(_) if path.is_root() => {
                    (how.condition != Condition::IfAbsent).then_some(value)
                }
                Some(text) => {
                    // Every pair goes through the whole document.
                    paths::charge(&mut meter, text.len().saturating_mul(3))?;
                    set_at(call.ctx, &path, text, &value, how)?
                }
            };
            let Some(new) = new else {
                call.ctx.reply_null();
                return Ok(());
            };
            text = Some(Arc::new(new));
        }
        if let Some(text) = text.map(Arc::unwrap_or_clone) {
            match stored {
                Some(stored) => STORE.replace(&stored, text, now_ms()),
                None => key.insert(text, now_ms()),
            }
        }
        drop(key);
        call.ctx.announce_new(c"json.setpaths", name);
        call.ctx.reply_simple(c"OK");
        Ok(())
    }
}
