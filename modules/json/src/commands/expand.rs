//! `FORMAT EXPAND` and `FORMAT EXPAND1`: JSON values as the types of RESP3.

use json_document::{Document, Kind, Node, NumberValue};

use crate::error::Error;
use crate::host::{Argument, Context};

/// How values are put into replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyFormat {
    /// As JSON text.
    Strings,
    /// Scalars as themselves, containers as JSON text.
    Expand1,
    /// All of it: objects are maps, arrays are arrays.
    Expand,
}

impl ReplyFormat {
    /// The format that the word after `FORMAT` names; only RESP3 has the types for the last two.
    pub(crate) fn parse(ctx: Context, word: Option<Argument<'_>>) -> Result<ReplyFormat, Error> {
        let word = word.ok_or(Error::ReplyFormat)?;
        let format = if word.is("STRING") || word.is("STRINGS") {
            return Ok(ReplyFormat::Strings);
        } else if word.is("EXPAND1") {
            ReplyFormat::Expand1
        } else if word.is("EXPAND") {
            ReplyFormat::Expand
        } else {
            return Err(Error::ReplyFormat);
        };
        if ctx.is_resp3() { Ok(format) } else { Err(Error::FormatNotOnResp2) }
    }
}

/// Replies one value. Containers are sent as they open, and their lengths are known then, so
/// nothing needs closing: what is pending is a list, whatever the nesting.
pub(crate) fn reply(ctx: Context, format: ReplyFormat, document: Document<'_>, root: Node) {
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        if let Some(name) = document.name(node).filter(|_| node != root) {
            ctx.reply_bulk(name.unescaped().as_bytes());
        }
        match document.kind(node) {
            Kind::Object | Kind::Array if format == ReplyFormat::Expand => {
                let len = document.len(node);
                match document.kind(node) {
                    Kind::Object => ctx.reply_map(len),
                    _ => ctx.reply_array(len),
                }
                let first = pending.len();
                pending.extend(document.children(node));
                if let Some(children) = pending.get_mut(first..) {
                    children.reverse();
                }
            }
            Kind::Object | Kind::Array => ctx.reply_bulk(document.text_of(node).as_bytes()),
            Kind::Null => ctx.reply_null(),
            Kind::Bool => ctx.reply_bool(document.boolean(node) == Some(true)),
            Kind::String => {
                ctx.reply_bulk(document.string(node).unwrap_or_default().as_bytes());
            }
            Kind::Integer | Kind::Number => match document.number(node).map(|n| n.value()) {
                Some(NumberValue::I64(value)) => ctx.reply_integer(value),
                Some(value) => ctx.reply_double(value.as_f64()),
                None => ctx.reply_null(),
            },
        }
    }
}
