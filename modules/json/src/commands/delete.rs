//! JSON.DEL, JSON.FORGET and JSON.CLEAR: values away.

use json_document::{Document, Edits, Index, Node, Text};

use crate::commands::change::{Change, apply_removal};
use crate::commands::docs;
use crate::error::Error;
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::Docs;
use crate::paths;

pub(crate) struct Del;

impl Command for Del {
    const SPEC: Spec = Spec {
        name: c"json.del",
        summary: c"Deletes the values at a path, or a whole document",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"write",
        keys: Keys::first(Usage::DELETE),
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::OPTIONAL_PATH]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        delete(call)
    }
}

pub(crate) struct Forget;

impl Command for Forget {
    const SPEC: Spec = Spec { name: c"json.forget", ..Del::SPEC };
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::OPTIONAL_PATH]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        delete(call)
    }
}

/// Replies how many values were deleted.
fn delete(call: Call<'_>) -> Result<(), Error> {
    let name = call.args.get(1).ok_or(Error::Arity)?.into();
    let path = paths::parse_or_root(call.args.get(2))?;
    let Some(change) = Change::open(call, name)? else {
        call.ctx.reply_integer(0);
        return Ok(());
    };
    if path.is_root() {
        change.delete(c"json.del");
        call.ctx.reply_integer(1);
        return Ok(());
    }
    let index = Index::new(&change.text);
    let document = Document::new(&change.text, &index);
    let rules = change.call.ctx.rules();
    let nodes = paths::select_once(&path, document)?;
    let selected = nodes.len();
    let nodes = outermost(document, nodes);
    if nodes.is_empty() {
        call.ctx.reply_integer(0);
        return Ok(());
    }
    let mut edits = Edits::new(document);
    nodes.iter().for_each(|&node| edits.delete(node));
    let text = apply_removal(edits)?;
    let count = if rules.are_nested_deletions_counted { selected } else { nodes.len() };
    let is_empty = matches!(text.as_str(), "{}" | "[]");
    if nodes.contains(&document.root()) || (is_empty && rules.goes_empty_root) {
        change.delete(c"json.del");
    } else {
        change.put(text, c"json.del");
    }
    call.ctx.reply_integer(count as i64);
    Ok(())
}

/// `nodes` without those that are within another of them, in the order of the text.
fn outermost(document: Document<'_>, mut nodes: Vec<Node>) -> Vec<Node> {
    nodes.sort_unstable();
    let mut outside = document.root();
    nodes.retain(|&node| {
        let keep = node >= outside;
        if keep {
            outside = document.next_outside(node);
        }
        keep
    });
    nodes
}

pub(crate) struct Clear;

impl Command for Clear {
    const SPEC: Spec = Spec {
        name: c"json.clear",
        summary: c"Empties the containers and zeroes the numbers at a path",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"write",
        keys: Keys::first(Usage::DELETE),
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::OPTIONAL_PATH]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let name = call.args.get(1).ok_or(Error::Arity)?.into();
        let path = paths::parse_or_root(call.args.get(2))?;
        let change = Change::open_existing(call, name)?;
        let index = Index::new(&change.text);
        let document = Document::new(&change.text, &index);
        let cleared = change.call.ctx.rules().cleared;
        let values: Vec<(Node, Text)> = paths::select_once(&path, document)?
            .into_iter()
            .filter_map(|node| Some((node, Text::assume_valid(cleared(document, node)?.into()))))
            .collect();
        let mut edits = Edits::new(document);
        values.iter().for_each(|(node, value)| edits.replace(*node, value));
        let count = values.len() as i64;
        if count > 0 {
            let text = apply_removal(edits)?;
            change.put(text, c"json.clear");
        }
        call.ctx.reply_integer(count);
        Ok(())
    }
}
