//! JSON.GET

use crate::STORE;
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::context::now_ms;
use crate::host::{Key, KeyName};

pub(crate) struct Get;

impl Command for Get {
    const SPEC: Spec = Spec {
        name: c"json.get",
        summary: c"Gets the values at one or more paths as JSON text",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"readonly",
        keys: Keys::first(Usage::READ),
    };

    fn run(call: Call<'_>) -> Result<(), Error> {
        let name = KeyName::from(call.args.get(1).ok_or(Error::Arity)?);
        let key = Key::open_read(call.ctx, name);
        let Some(stored) = key.document()? else {
            call.ctx.reply_null();
            return Ok(());
        };
        let text = STORE.read(&stored, now_ms())?;
        call.ctx.reply_bulk(text.as_str().as_bytes());
        Ok(())
    }
}
