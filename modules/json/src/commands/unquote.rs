//! JSON.UNQUOTE: the end of a document that came in parts; see [`crate::host::rewrite`].

use json_document::{Document, Index};

use crate::commands::change::{Change, parse_json};
use crate::commands::docs;
use crate::error::{Error, Wanted};
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::Docs;

pub(crate) struct Unquote;

impl Command for Unquote {
    const SPEC: Spec = Spec {
        name: c"json.unquote",
        summary: c"Turns a document that is a string into the JSON that the string contains",
        complexity: c"O(N) in the size of the document",
        arity: 2,
        flags: c"write deny-oom",
        keys: Keys::first(Usage::READ_UPDATE),
    };
    const DOCS: Docs = Docs::of(&[docs::KEY]);

    /// `key`; replies OK.
    fn run(call: Call<'_>) -> Result<(), Error> {
        let name = call.args.get(1).ok_or(Error::Arity)?.into();
        let change = Change::open_existing(call, name)?;
        let index = Index::new(&change.text);
        let document = Document::new(&change.text, &index);
        let json = document.string(document.root()).ok_or(Error::WrongValueType(Wanted::String))?;
        let text = parse_json(call.ctx, json.as_bytes())?;
        change.put(text, c"json.set");
        call.ctx.reply_simple(c"OK");
        Ok(())
    }
}
