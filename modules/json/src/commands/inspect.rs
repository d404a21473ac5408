//! JSON.TYPE, JSON.STRLEN, JSON.ARRLEN, JSON.OBJLEN and JSON.OBJKEYS: what is there.

use json_document::{Document, Kind, Node};

use crate::commands::change::read;
use crate::error::{Error, Wanted};
use crate::host::Context;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::paths::{self, Selection};

pub(crate) struct Type;

impl Command for Type {
    const SPEC: Spec = Spec {
        name: c"json.type",
        summary: c"Gets the types of the values at a path",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"readonly",
        keys: Keys::first(Usage::READ),
    };

    fn run(call: Call<'_>) -> Result<(), Error> {
        let name = call.args.get(1).ok_or(Error::Arity)?.into();
        let path = paths::parse_or_root(call.args.get(2))?;
        let text = read(call, name)?;
        let selection = match &text {
            Some(text) => Some(Selection::of(&path, text)?),
            None => None,
        };
        // RedisJSON puts one more array around it for RESP3.
        if call.ctx.is_resp3() {
            call.ctx.reply_array(1);
        }
        match selection {
            None => call.ctx.reply_null(),
            Some(selection) => {
                let document = selection.document();
                let reply = |ctx: Context, node: Node| {
                    ctx.reply_bulk(type_name(document.kind(node)).as_bytes());
                };
                if path.is_legacy() {
                    match selection.nodes.first() {
                        Some(&node) => reply(call.ctx, node),
                        None => call.ctx.reply_null(),
                    }
                } else {
                    call.ctx.reply_each(selection.nodes.iter().copied(), reply);
                }
            }
        }
        Ok(())
    }
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "boolean",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::String => "string",
        Kind::Array => "array",
        Kind::Object => "object",
    }
}

/// Replies `measure` of what the path selects: of the first value for a legacy path, of each for a
/// JSONPath, nil for values of another type than `wanted`.
fn reply_measure(
    call: Call<'_>,
    missing: Missing,
    wanted: Wanted,
    measure: impl Fn(Document<'_>, Node) -> Option<usize>,
) -> Result<(), Error> {
    let name = call.args.get(1).ok_or(Error::Arity)?.into();
    let path = paths::parse_or_root(call.args.get(2))?;
    let Some(text) = read(call, name)? else {
        if !path.is_legacy() {
            return Err(Error::NoSuchKey);
        }
        call.ctx.reply_null();
        return Ok(());
    };
    let selection = Selection::of(&path, &text)?;
    let document = selection.document();
    if path.is_legacy() {
        let Some(&node) = selection.nodes.first() else {
            return match missing {
                Missing::IsError => Err(Error::PathMissing),
                Missing::IsNil => {
                    call.ctx.reply_null();
                    Ok(())
                }
            };
        };
        let len = measure(document, node).ok_or(Error::WrongValueType(wanted))?;
        call.ctx.reply_integer(len as i64);
        return Ok(());
    }
    call.ctx.reply_each(selection.nodes.iter(), |ctx, &node| match measure(document, node) {
        Some(len) => ctx.reply_integer(len as i64),
        None => ctx.reply_null(),
    });
    Ok(())
}

/// What a legacy path that selects nothing means to a command.
#[derive(Clone, Copy)]
enum Missing {
    IsError,
    IsNil,
}

pub(crate) struct StrLen;

impl Command for StrLen {
    const SPEC: Spec = Spec {
        name: c"json.strlen",
        summary: c"Gets the lengths in bytes of the strings at a path",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"readonly",
        keys: Keys::first(Usage::LOOK),
    };

    fn run(call: Call<'_>) -> Result<(), Error> {
        reply_measure(call, Missing::IsError, Wanted::String, |document, node| {
            document.string(node).map(|string| string.len())
        })
    }
}

pub(crate) struct ArrLen;

impl Command for ArrLen {
    const SPEC: Spec = Spec {
        name: c"json.arrlen",
        summary: c"Gets the lengths of the arrays at a path",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"readonly",
        keys: Keys::first(Usage::LOOK),
    };

    fn run(call: Call<'_>) -> Result<(), Error> {
        reply_measure(call, Missing::IsError, Wanted::Array, |document, node| {
            (document.kind(node) == Kind::Array).then(|| document.len(node))
        })
    }
}

pub(crate) struct ObjLen;

impl Command for ObjLen {
    const SPEC: Spec = Spec {
        name: c"json.objlen",
        summary: c"Gets the numbers of members of the objects at a path",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"readonly",
        keys: Keys::first(Usage::LOOK),
    };

    fn run(call: Call<'_>) -> Result<(), Error> {
        reply_measure(call, Missing::IsNil, Wanted::Object, |document, node| {
            (document.kind(node) == Kind::Object).then(|| document.len(node))
        })
    }
}

pub(crate) struct ObjKeys;

impl Command for ObjKeys {
    const SPEC: Spec = Spec {
        name: c"json.objkeys",
        summary: c"Gets the names of the members of the objects at a path",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"readonly",
        keys: Keys::first(Usage::READ),
    };

    fn run(call: Call<'_>) -> Result<(), Error> {
        let name = call.args.get(1).ok_or(Error::Arity)?.into();
        let path = paths::parse_or_root(call.args.get(2))?;
        let Some(text) = read(call, name)? else {
            if !path.is_legacy() {
                return Err(Error::NoSuchKey);
            }
            call.ctx.reply_null();
            return Ok(());
        };
        let selection = Selection::of(&path, &text)?;
        let document = selection.document();
        if !path.is_legacy() {
            call.ctx.reply_each(selection.nodes.iter(), |ctx, &node| match document.kind(node) {
                Kind::Object => reply_names(ctx, document, node),
                _ => ctx.reply_null(),
            });
            return Ok(());
        }
        match selection.nodes.first() {
            None => call.ctx.reply_null(),
            Some(&node) if document.kind(node) == Kind::Object => {
                reply_names(call.ctx, document, node);
            }
            Some(_) => return Err(Error::WrongValueType(Wanted::Object)),
        }
        Ok(())
    }
}

fn reply_names(ctx: Context, document: Document<'_>, object: Node) {
    ctx.reply_array(document.len(object));
    for (name, _) in document.members(object) {
        ctx.reply_bulk(name.unescaped().as_bytes());
    }
}
