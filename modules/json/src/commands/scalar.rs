//! JSON.STRAPPEND and JSON.TOGGLE: strings and booleans in place.

use json_document::{Document, Edits, Index, Kind, Text, unescape};
use jsonpath::{Path, SingularPath};

use crate::commands::change::{Change, apply, check_len, parse_json};
use crate::commands::docs;
use crate::compat::Pick;
use crate::error::{Error, Wanted};
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::Docs;
use crate::paths;

pub(crate) struct StrAppend;

impl Command for StrAppend {
    const SPEC: Spec = Spec {
        name: c"json.strappend",
        summary: c"Appends to the strings at a path",
        complexity: c"O(N) in the size of the document",
        arity: -3,
        flags: c"write deny-oom",
        keys: Keys::first(Usage::INSERT),
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::OPTIONAL_PATH, docs::JSON]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let name = call.args.get(1).ok_or(Error::Arity)?.into();
        let (path, json) = match (call.args.get(2), call.args.get(3)) {
            (Some(path), Some(json)) => (paths::parse(path)?, json),
            (Some(json), None) => (paths::parse_or_root(None)?, json),
            _ => return Err(Error::Arity),
        };
        let tail = parse_json(call.ctx, json.bytes()).map_err(Error::prefixed)?;
        let tail = tail
            .as_str()
            .strip_prefix('"')
            .and_then(|tail| tail.strip_suffix('"'))
            .ok_or(Error::NotAString)?;
        let change = Change::open_at(call, name, &path)?;
        if let Some(singular) = path.as_singular() {
            return append_to_one(change, &path, singular, tail);
        }
        let index = Index::new(&change.text);
        let document = Document::new(&change.text, &index);
        let nodes = paths::select_once(&path, document)?;
        // The text between the quotes is appended as it is: escapes mean the same at any place.
        let tail_len = unescape(tail).len();
        let mut appended: Vec<Option<Text>> = Vec::with_capacity(nodes.len());
        let mut lengths: Vec<Option<usize>> = Vec::with_capacity(nodes.len());
        // Strings are not copied only to find that the result is too long.
        let strings = nodes.iter().filter(|&&node| document.kind(node) == Kind::String).count();
        let added_len = strings.saturating_mul(tail.len());
        check_len(call.ctx, change.text.len().saturating_add(added_len))?;
        for &node in &nodes {
            let Some(string) = document.string(node) else {
                appended.push(None);
                lengths.push(None);
                continue;
            };
            let head = document.text_of(node).strip_suffix('"').ok_or(Error::Internal)?;
            lengths.push(Some(string.len() + tail_len));
            appended.push(Some(Text::assume_valid(format!("{head}{tail}\"").into_boxed_str())));
        }
        if path.is_legacy() && appended.iter().all(Option::is_none) {
            return Err(Error::none_of(Wanted::String, nodes.is_empty()));
        }
        if appended.iter().any(Option::is_some) {
            let mut edits = Edits::new(document);
            for (&node, text) in nodes.iter().zip(&appended) {
                if let Some(text) = text {
                    edits.replace(node, text);
                }
            }
            let text = apply(call.ctx, edits)?;
            change.put(text, c"json.strappend");
        }
        reply_lengths(call, path.is_legacy().then_some(Pick::Last), &lengths);
        Ok(())
    }
}

/// JSON.STRAPPEND at a path that selects one value at most: nothing else is read or written.
fn append_to_one(
    change: Change<'_>,
    path: &Path,
    singular: SingularPath<'_>,
    tail: &str,
) -> Result<(), Error> {
    let call = change.call;
    let found = singular.find(&change.text).map(|spot| (spot.span(), spot.raw_string()));
    let head = found.as_ref().and_then(|(_, head)| *head);
    if path.is_legacy() && head.is_none() {
        return Err(Error::none_of(Wanted::String, found.is_none()));
    }
    let len = head.map(|head| unescape(head).len() + unescape(tail).len());
    let lengths = match found {
        Some((span, head)) => {
            if let Some(head) = head {
                check_len(call.ctx, change.text.len().saturating_add(tail.len()))?;
                let appended = format!("\"{head}{tail}\"").into_boxed_str();
                let appended = Text::assume_valid(appended);
                change.replace(span, singular.depth(), &appended, c"json.strappend")?;
            }
            std::slice::from_ref(&len)
        }
        None => &[],
    };
    reply_lengths(call, path.is_legacy().then_some(Pick::Last), lengths);
    Ok(())
}

/// The picked one of the lengths for a legacy path; for a JSONPath all of them, nil for values of
/// another type.
pub(crate) fn reply_lengths(call: Call<'_>, legacy: Option<Pick>, lengths: &[Option<usize>]) {
    if let Some(pick) = legacy {
        let picked = pick.of(lengths.iter().flatten().copied()).unwrap_or(0);
        return call.ctx.reply_integer(picked as i64);
    }
    call.ctx.reply_each(lengths, |ctx, len| match len {
        Some(len) => ctx.reply_integer(*len as i64),
        None => ctx.reply_null(),
    });
}

pub(crate) struct Toggle;

impl Command for Toggle {
    const SPEC: Spec = Spec {
        name: c"json.toggle",
        summary: c"Negates the booleans at a path",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"write",
        keys: Keys::first(Usage::READ_UPDATE),
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::PATH]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let name = call.args.get(1).ok_or(Error::Arity)?;
        let path = paths::parse_or_root(call.args.get(2))?;
        let change = Change::open_existing(call, name.into())?;
        let index = Index::new(&change.text);
        let document = Document::new(&change.text, &index);
        let nodes = paths::select_once(&path, document)?;
        let toggled: Vec<Option<bool>> =
            nodes.iter().map(|&node| document.boolean(node).map(|value| !value)).collect();
        let picked = call.ctx.rules().toggled_picked.of(toggled.iter().flatten().copied());
        if path.is_legacy() && picked.is_none() {
            return Err(Error::none_of(Wanted::Bool, nodes.is_empty()));
        }
        if picked.is_some() {
            let (yes, no) = (Text::assume_valid("true".into()), Text::assume_valid("false".into()));
            let mut edits = Edits::new(document);
            for (&node, value) in nodes.iter().zip(&toggled) {
                if let Some(value) = value {
                    edits.replace(node, if *value { &yes } else { &no });
                }
            }
            let text = apply(call.ctx, edits)?;
            change.put(text, c"json.toggle");
        }
        match picked {
            Some(picked) if path.is_legacy() => {
                call.ctx.reply_bulk(if picked { b"true" } else { b"false" });
            }
            _ => call.ctx.reply_each(&toggled, |ctx, value| match value {
                Some(value) => ctx.reply_integer(i64::from(*value)),
                None => ctx.reply_null(),
            }),
        }
        Ok(())
    }
}
