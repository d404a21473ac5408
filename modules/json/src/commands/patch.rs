//! JSON.PATCH: JSON Patch (RFC 6902) on a document.

use json_document::{Patched, patch};

use crate::commands::change::{Change, parse_json_around, patch_limits};
use crate::commands::docs;
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::{Arg, Docs};

pub(crate) struct Patch;

/// Containers around the value of an operation: the patch and the operation itself.
const AROUND_VALUE: usize = 2;

impl Command for Patch {
    const SPEC: Spec = Spec {
        name: c"json.patch",
        summary: c"Does the operations of a JSON Patch (RFC 6902) to a document, all or none",
        complexity: c"O(M+N) where M is the size of the document and N that of the patch and of what it copies",
        arity: 3,
        flags: c"write deny-oom",
        keys: Keys::first(Usage::READ_UPDATE),
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, Arg::string(c"patch")]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let (Some(name), Some(json)) = (call.args.get(1), call.args.get(2)) else {
            return Err(Error::Arity);
        };
        let operations =
            parse_json_around(call.ctx, json.bytes(), AROUND_VALUE).map_err(Error::prefixed)?;
        let change = Change::open_existing(call, name.into())?;
        match patch(&change.text, &operations, &patch_limits(call.ctx))? {
            Patched::Unchanged => {}
            Patched::Document(text) => change.put_new(text, c"json.patch"),
            Patched::Removed => change.delete(c"json.del"),
        }
        call.ctx.reply_simple(c"OK");
        Ok(())
    }
}
