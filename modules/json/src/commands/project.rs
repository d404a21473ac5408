//! JSON.PROJECT: a row of values for each value that a path selects, with null for what is missing.

use json_document::{Document, Index, Kind, Node, Text};
use jsonpath::{LastStep, Meter, Path, SingularPath};

use std::sync::Arc;

use crate::commands::change::read;
use crate::commands::docs;
use crate::commands::parents::element;
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::{Arg, Docs};
use crate::host::config;
use crate::paths;

pub(crate) struct Project;

impl Command for Project {
    const SPEC: Spec = Spec {
        name: c"json.project",
        summary: c"Gets rows of values, one for each value at a path, null for what is missing",
        complexity: c"O(N) in the size of the document, and O(M*K) where M is the size of the selected values and K the number of paths that may select several",
        arity: -4,
        flags: c"readonly",
        keys: Keys::first(Usage::READ),
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, Arg::string(c"from"), docs::PATH.multiple()]);

    /// `key from path [path …]`
    fn run(call: Call<'_>) -> Result<(), Error> {
        let (Some(name), Some(from)) = (call.args.get(1), call.args.get(2)) else {
            return Err(Error::Arity);
        };
        let from = paths::parse(from)?;
        let columns: Vec<Arc<Path>> =
            call.args.from(3).map(paths::parse).collect::<Result<_, _>>()?;
        let Some(text) = read(call, name.into())? else {
            call.ctx.reply_null();
            return Ok(());
        };
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        let mut meter = paths::meter();
        let nodes = from.select(document, &mut meter)?;
        let mut out = Vec::new();
        if from.is_legacy() {
            let &node = nodes.first().ok_or(Error::PathMissing)?;
            append_row(document, node, &columns, &mut meter, &mut out)?;
        } else {
            out.push(b'[');
            for (position, &node) in nodes.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                append_row(document, node, &columns, &mut meter, &mut out)?;
            }
            out.push(b']');
        }
        call.ctx.reply_bulk(&out);
        Ok(())
    }
}

/// Running a path over even the smallest value takes as long as going through so many bytes.
const RUN_BYTES: usize = 256;

/// `[…]` with what each of `columns` selects of the value at `node`.
fn append_row(
    document: Document<'_>,
    node: Node,
    columns: &[Arc<Path>],
    meter: &mut Meter,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let len_max = config::reply_len_max();
    // Paths that may select several run over the value by itself, for which `$` stands in them.
    let mut own: Option<(Text, Index)> = None;
    out.push(b'[');
    for (position, column) in columns.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        if let Some(singular) = column.as_singular() {
            let value = find(document, node, singular, meter)?;
            append(out, value.map_or("null", |value| document.text_of(value)), len_max)?;
            continue;
        }
        if own.is_none() {
            let text = document.text_of(node);
            paths::charge(meter, RUN_BYTES + text.len())?;
            let text = Text::assume_valid(text.into());
            let index = Index::new(&text);
            own = Some((text, index));
        }
        let Some((text, index)) = &own else { return Err(Error::Internal) };
        let own = Document::new(text, index);
        paths::charge(meter, RUN_BYTES)?;
        out.push(b'[');
        for (position, value) in column.select(own, meter)?.into_iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            append(out, own.text_of(value), len_max)?;
        }
        out.push(b']');
    }
    out.push(b']');
    Ok(())
}

fn append(out: &mut Vec<u8>, value: &str, len_max: usize) -> Result<(), Error> {
    if value.len() > len_max.saturating_sub(out.len()) {
        return Err(Error::ReplyTooLong);
    }
    out.extend_from_slice(value.as_bytes());
    Ok(())
}

/// What `path` selects with `node` as its root.
fn find(
    document: Document<'_>,
    node: Node,
    path: SingularPath<'_>,
    meter: &mut Meter,
) -> Result<Option<Node>, Error> {
    const BYTES_A_VISIT: usize = 16;
    let mut at = node;
    for step in path.steps() {
        paths::charge(meter, (1 + document.len(at)).saturating_mul(BYTES_A_VISIT))?;
        let child = match step {
            LastStep::Name(name) => document.member(at, name),
            LastStep::Index(index) if document.kind(at) == Kind::Array => {
                element(document, at, index)
            }
            LastStep::Index(_) => None,
        };
        match child {
            Some(child) => at = child,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}
