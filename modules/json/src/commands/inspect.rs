//! JSON.TYPE, JSON.STRLEN, JSON.ARRLEN, JSON.OBJLEN and JSON.OBJKEYS: what is there.

use std::ffi::CStr;

use json_document::{Document, Kind, Node, Number, NumberValue};

use crate::commands::change::read;
use crate::commands::docs;
use crate::error::{Error, Wanted};
use crate::host::Context;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::Docs;
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
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::OPTIONAL_PATH]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let name = call.args.get(1).ok_or(Error::Arity)?.into();
        let path = match paths::parse_or_root(call.args.get(2)) {
            Err(Error::Path(_)) if call.ctx.rules().are_wrong_paths_missing && is_legacy(call) => {
                None
            }
            path => Some(path?),
        };
        let text = read(call, name)?;
        let selection = match (&path, &text) {
            (Some(path), Some(text)) => Some((path, Selection::of(path, text)?)),
            _ => None,
        };
        // RedisJSON puts one more array around it for RESP3.
        if call.ctx.is_resp3() {
            call.ctx.reply_array(1);
        }
        match selection {
            None => call.ctx.reply_null(),
            Some((path, selection)) => {
                let document = selection.document();
                let reply = |ctx: Context, node: Node| {
                    (ctx.rules().reply_type)(ctx, type_name(ctx, document, node));
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

/// Whether the path that was given is one of RedisJSON's first syntax, though it is none.
fn is_legacy(call: Call<'_>) -> bool {
    call.args.get(2).is_none_or(|path| !path.bytes().starts_with(b"$"))
}

fn type_name(ctx: Context, document: Document<'_>, node: Node) -> &'static CStr {
    match document.kind(node) {
        Kind::Null => c"null",
        Kind::Bool => c"boolean",
        Kind::Integer if ctx.rules().has_long_integers => c"integer",
        Kind::Integer => match document.number(node).map(Number::value) {
            Some(NumberValue::I64(_)) => c"integer",
            _ => c"number",
        },
        Kind::Number => c"number",
        Kind::String => c"string",
        Kind::Array => c"array",
        Kind::Object => c"object",
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
        if !path.is_legacy() && call.ctx.rules().do_lengths_need_key {
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
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::OPTIONAL_PATH]);

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
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::OPTIONAL_PATH]);

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
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::OPTIONAL_PATH]);

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
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::OPTIONAL_PATH]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let name = call.args.get(1).ok_or(Error::Arity)?.into();
        let path = paths::parse_or_root(call.args.get(2))?;
        let Some(text) = read(call, name)? else {
            if !path.is_legacy() && call.ctx.rules().do_lengths_need_key {
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
                _ => (ctx.rules().reply_no_object)(ctx),
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
