//! JSON.SET

use json_document::{Limits, Text};

use crate::STORE;
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::config;
use crate::host::context::now_ms;
use crate::host::{Key, KeyName};

pub(crate) struct Set;

impl Command for Set {
    const SPEC: Spec = Spec {
        name: c"json.set",
        summary: c"Sets the value at a path, or a whole document",
        complexity: c"O(N) in the size of the document",
        arity: -4,
        flags: c"write deny-oom",
        keys: Keys::first(Usage::UPDATE),
    };

    fn run(call: Call<'_>) -> Result<(), Error> {
        let (Some(name), Some(path), Some(json)) =
            (call.args.get(1), call.args.get(2), call.args.get(3))
        else {
            return Err(Error::Arity);
        };
        let name = KeyName::from(name);
        if !matches!(path.bytes(), b"$" | b".") {
            return Err(Error::NewNotAtRoot);
        }
        let limits = Limits { depth_max: config::depth_max() };
        let text = Text::parse(json.bytes(), &limits).map_err(Error::Json)?;
        let now_ms = now_ms();
        let key = Key::open_write(call.ctx, name);
        match key.document()? {
            Some(stored) => STORE.replace(&stored, text, now_ms),
            None => key.set(STORE.insert(text, now_ms)),
        }
        drop(key);
        call.ctx.announce(c"json.set", name);
        call.ctx.reply_simple(c"OK");
        Ok(())
    }
}
