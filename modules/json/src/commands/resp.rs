//! JSON.RESP: values as replies of the protocol.

use json_document::{Document, Kind, Node, NumberValue};

use crate::commands::change::read;
use crate::commands::docs;
use crate::compat::Members;
use crate::error::Error;
use crate::host::Context;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::Docs;
use crate::host::config;
use crate::paths::{self, Selection};

pub(crate) struct Resp;

impl Command for Resp {
    const SPEC: Spec = Spec {
        name: c"json.resp",
        summary: c"Gets the values at a path as protocol replies",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"readonly",
        keys: Keys::first(Usage::READ),
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::OPTIONAL_PATH]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let name = call.args.get(1).ok_or(Error::Arity)?.into();
        let path = paths::parse_expression_or_root(call.args.get(2))?;
        let Some(text) = read(call, name)? else {
            call.ctx.reply_null();
            return Ok(());
        };
        let selection = Selection::of(&path, &text)?;
        let document = selection.document();
        let resp3 = call.ctx.is_resp3();
        // Counted as text, which is about what the replies take.
        let len = selection
            .nodes
            .iter()
            .fold(0usize, |sum, &node| sum.saturating_add(document.text_of(node).len()));
        if len > config::reply_len_max() {
            return Err(Error::ReplyTooLong);
        }
        if path.is_legacy() {
            let &node = selection.nodes.first().ok_or(Error::PathMissing)?;
            reply(call.ctx, resp3, document, node);
        } else {
            call.ctx.reply_each(&selection.nodes, |ctx, &node| reply(ctx, resp3, document, node));
        }
        Ok(())
    }
}

/// An object is an array of `{` and its names and values, which the rules may want in pairs; an
/// array is one of `[` and its elements. All are sent as they open, so nothing needs closing and no
/// stack is needed for the nesting.
fn reply(ctx: Context, resp3: bool, document: Document<'_>, root: Node) {
    let pairs = ctx.rules().resp_members == Members::Pairs;
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        if let Some(name) = document.name(node).filter(|_| node != root) {
            if pairs {
                ctx.reply_array(2);
            }
            ctx.reply_bulk(name.unescaped().as_bytes());
        }
        match document.kind(node) {
            Kind::Object | Kind::Array => {
                let is_object = document.kind(node) == Kind::Object;
                let len = document.len(node);
                ctx.reply_array(1 + if is_object && !pairs { 2 * len } else { len });
                ctx.reply_simple(if is_object { c"{" } else { c"[" });
                let first = pending.len();
                pending.extend(document.children(node));
                if let Some(children) = pending.get_mut(first..) {
                    children.reverse();
                }
            }
            Kind::Null => ctx.reply_null(),
            Kind::Bool => {
                let value = document.boolean(node) == Some(true);
                ctx.reply_simple(if value { c"true" } else { c"false" });
            }
            Kind::String => {
                ctx.reply_bulk(document.string(node).unwrap_or_default().as_bytes());
            }
            Kind::Integer | Kind::Number => match document.number(node) {
                Some(number) => match number.value() {
                    NumberValue::I64(value) => ctx.reply_integer(value),
                    value if resp3 => ctx.reply_double(value.as_f64()),
                    _ => ctx.reply_bulk(number.text().as_bytes()),
                },
                None => ctx.reply_null(),
            },
        }
    }
}
