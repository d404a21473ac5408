//! JSON.ARRAPPEND, JSON.ARRINSERT, JSON.ARRPOP, JSON.ARRTRIM and JSON.ARRINDEX.

use std::ffi::CStr;

use json_document::{Document, Edits, Index, Kind, Node, Text};
use jsonpath::{Path, SingularPath};

use crate::commands::change::{Change, apply, apply_removal, parse_json, read};
use crate::commands::docs;
use crate::commands::expand::{self, ReplyFormat};
use crate::commands::scalar::reply_lengths;
use crate::compat::position;
use crate::error::{Error, Wanted};
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::{Arg, Docs};
use crate::host::{Argument, Context};
use crate::paths::{self, Selection};

fn integer(argument: Argument<'_>) -> Result<i64, Error> {
    std::str::from_utf8(argument.bytes())
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(Error::NotAnInteger)
}

/// The arguments from `at` on, parsed.
fn values(call: Call<'_>, at: usize) -> Result<Vec<Text>, Error> {
    call.args.from(at).map(|json| parse_json(call.ctx, json.bytes())).collect()
}

/// `values` as they stand between the brackets of an array.
fn joined_by_commas(values: &[Text]) -> Text {
    let texts: Vec<&str> = values.iter().map(Text::as_str).collect();
    Text::assume_valid(texts.join(",").into_boxed_str())
}

/// Changes every array that the path selects by `edit`, which is given the values to put in as one
/// text, and gives the array's new length; all or none. Replies the lengths.
fn edit_arrays(
    change: Change<'_>,
    path: &Path,
    event: &CStr,
    values: &[Text],
    edit: impl for<'e> Fn(
        &mut Edits<'e>,
        Document<'e>,
        Node,
        &'e [Text],
    ) -> Result<(usize, bool), Error>,
) -> Result<(), Error> {
    let call = change.call;
    let index = Index::new(&change.text);
    let document = Document::new(&change.text, &index);
    // One edit an array, however many values there are.
    let joined: Vec<Text>;
    let at_once = match values {
        [] | [_] => values,
        several => {
            joined = vec![joined_by_commas(several)];
            &joined
        }
    };
    let mut edits = Edits::new(document);
    let mut lengths = Vec::new();
    let mut changed = false;
    for node in paths::select_once(path, document)? {
        lengths.push(if document.kind(node) == Kind::Array {
            let (len, is_changed) = edit(&mut edits, document, node, at_once)?;
            changed |= is_changed;
            Some(len)
        } else {
            None
        });
    }
    if path.is_legacy() && lengths.iter().all(Option::is_none) {
        return Err(Error::none_of(Wanted::Array, lengths.is_empty()));
    }
    if changed {
        let text = apply(call.ctx, edits)?;
        change.put(text, event);
    }
    let picked = call.ctx.rules().array_picked;
    reply_lengths(call, path.is_legacy().then_some(picked), &lengths);
    Ok(())
}

pub(crate) struct ArrAppend;

impl Command for ArrAppend {
    const SPEC: Spec = Spec {
        name: c"json.arrappend",
        summary: c"Appends values to the arrays at a path",
        complexity: c"O(N) in the size of the document",
        arity: -4,
        flags: c"write deny-oom",
        keys: Keys::first(Usage::INSERT),
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::PATH, docs::JSON.multiple()]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let (Some(name), Some(path)) = (call.args.get(1), call.args.get(2)) else {
            return Err(Error::Arity);
        };
        let path = paths::parse(path)?;
        let values = values(call, 3)?;
        let change = Change::open_at(call, name.into(), &path)?;
        if let Some(singular) = path.as_singular() {
            return append_to_one(change, &path, singular, &values);
        }
        let count = values.len();
        edit_arrays(change, &path, c"json.arrappend", &values, |edits, document, array, values| {
            let len = document.len(array);
            edits.insert_elements(array, len, values);
            Ok((len + count, true))
        })
    }
}

/// JSON.ARRAPPEND at a path that selects one value at most: nothing else is read or written.
fn append_to_one(
    change: Change<'_>,
    path: &Path,
    singular: SingularPath<'_>,
    values: &[Text],
) -> Result<(), Error> {
    let call = change.call;
    let found = singular.find(&change.text).map(|spot| (spot.span(), spot.element_count()));
    let len = found.as_ref().and_then(|(_, count)| Some((*count)? + values.len()));
    if path.is_legacy() && len.is_none() {
        return Err(Error::none_of(Wanted::Array, found.is_none()));
    }
    let lengths = match found {
        Some((span, _)) => {
            if len.is_some() {
                change.append(span, singular.depth(), values, c"json.arrappend")?;
            }
            std::slice::from_ref(&len)
        }
        None => &[],
    };
    let picked = call.ctx.rules().array_picked;
    reply_lengths(call, path.is_legacy().then_some(picked), lengths);
    Ok(())
}

pub(crate) struct ArrInsert;

impl Command for ArrInsert {
    const SPEC: Spec = Spec {
        name: c"json.arrinsert",
        summary: c"Inserts values into the arrays at a path before an index",
        complexity: c"O(N) in the size of the document",
        arity: -5,
        flags: c"write deny-oom",
        keys: Keys::first(Usage::INSERT),
    };
    const DOCS: Docs =
        Docs::of(&[docs::KEY, docs::PATH, Arg::integer(c"index"), docs::JSON.multiple()]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let (Some(name), Some(path), Some(at)) =
            (call.args.get(1), call.args.get(2), call.args.get(3))
        else {
            return Err(Error::Arity);
        };
        let path = paths::parse(path)?;
        let at = integer(at)?;
        let values = values(call, 4)?;
        let change = Change::open_existing(call, name.into())?;
        let count = values.len();
        edit_arrays(change, &path, c"json.arrinsert", &values, |edits, document, array, values| {
            let len = document.len(array);
            let at = position(at, len).filter(|&at| at <= len);
            edits.insert_elements(array, at.ok_or(Error::IndexOutOfBounds)?, values);
            Ok((len + count, true))
        })
    }
}

pub(crate) struct ArrTrim;

impl Command for ArrTrim {
    const SPEC: Spec = Spec {
        name: c"json.arrtrim",
        summary: c"Trims the arrays at a path to a range of indexes, both included",
        complexity: c"O(N) in the size of the document",
        arity: 5,
        flags: c"write",
        keys: Keys::first(Usage::DELETE),
    };
    const DOCS: Docs =
        Docs::of(&[docs::KEY, docs::PATH, Arg::integer(c"start"), Arg::integer(c"stop")]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        let (Some(name), Some(path), Some(start), Some(stop)) =
            (call.args.get(1), call.args.get(2), call.args.get(3), call.args.get(4))
        else {
            return Err(Error::Arity);
        };
        let path = paths::parse(path)?;
        let (start, stop) = (integer(start)?, integer(stop)?);
        let change = Change::open_existing(call, name.into())?;
        let trimmed = call.ctx.rules().trimmed;
        edit_arrays(change, &path, c"json.arrtrim", &[], |edits, document, array, _| {
            let len = document.len(array);
            let kept = trimmed(start, stop, len);
            let gone = document.children(array).enumerate().filter(|(at, _)| !kept.contains(at));
            gone.for_each(|(_, element)| edits.delete(element));
            Ok((kept.len(), kept.len() != len))
        })
    }
}

pub(crate) struct ArrPop;

impl Command for ArrPop {
    const SPEC: Spec = Spec {
        name: c"json.arrpop",
        summary: c"Removes and gets an element of the arrays at a path",
        complexity: c"O(N) in the size of the document",
        arity: -2,
        flags: c"write",
        keys: Keys::first(Usage::READ_DELETE),
    };
    const DOCS: Docs = Docs::of(&[
        docs::KEY,
        docs::REPLY_FORMAT,
        Arg::block(c"path-index", &[docs::PATH, Arg::integer(c"index").optional()]).optional(),
    ]);

    /// `key [FORMAT format] [path [index]]`
    fn run(call: Call<'_>) -> Result<(), Error> {
        let name = call.args.get(1).ok_or(Error::Arity)?.into();
        let mut words = call.args.from(2).peekable();
        let has_formats = call.ctx.rules().has_formats;
        let format = match words.next_if(|word| has_formats && word.is("FORMAT")) {
            Some(_) => ReplyFormat::parse(call.ctx, words.next())?,
            None => ReplyFormat::Strings,
        };
        let path = paths::parse_or_root(words.next())?;
        let at = match words.next().map_or(Ok(-1), integer) {
            Err(Error::NotAnInteger) if call.ctx.rules().are_pop_indexes_guessed => -1,
            at => at?,
        };
        if words.next().is_some() {
            return Err(Error::Arity);
        }
        if format != ReplyFormat::Strings && path.is_legacy() {
            return Err(Error::LegacyPathExpanded);
        }
        let change = Change::open_existing(call, name)?;
        let index = Index::new(&change.text);
        let document = Document::new(&change.text, &index);
        let nodes = paths::select_once(&path, document)?;
        let has_array = nodes.iter().any(|&node| document.kind(node) == Kind::Array);
        if path.is_legacy() && !has_array {
            return Err(Error::none_of(Wanted::Array, nodes.is_empty()));
        }
        let mut edits = Edits::new(document);
        // The elements outlive the text they are taken from.
        let popped: Vec<Option<Text>> = nodes
            .iter()
            .map(|&array| {
                if document.kind(array) != Kind::Array {
                    return None;
                }
                let last = document.len(array).checked_sub(1)?;
                // Beyond either end is the element at that end.
                let element = position(at, last + 1).unwrap_or(0).min(last);
                let element = document.element(array, element)?;
                edits.delete(element);
                Some(Text::assume_valid(document.text_of(element).into()))
            })
            .collect();
        let last_array = nodes.iter().rposition(|&node| document.kind(node) == Kind::Array);
        if !edits.is_empty() {
            let text = apply_removal(edits)?;
            change.put(text, c"json.arrpop");
        }
        let reply = |ctx: Context, element: &Option<Text>| match element {
            None => ctx.reply_null(),
            Some(text) if format == ReplyFormat::Strings => {
                ctx.reply_bulk(text.as_str().as_bytes());
            }
            Some(text) => {
                let index = Index::new(text);
                let document = Document::new(text, &index);
                expand::reply(ctx, format, document, document.root());
            }
        };
        if path.is_legacy() {
            reply(call.ctx, last_array.and_then(|at| popped.get(at)).unwrap_or(&None));
        } else {
            call.ctx.reply_each(&popped, reply);
        }
        Ok(())
    }
}

pub(crate) struct ArrIndex;

impl Command for ArrIndex {
    const SPEC: Spec = Spec {
        name: c"json.arrindex",
        summary: c"Finds the first place of a value in the arrays at a path",
        complexity: c"O(N) in the size of the document",
        arity: -4,
        flags: c"readonly",
        keys: Keys::first(Usage::READ),
    };
    const DOCS: Docs = Docs::of(&[
        docs::KEY,
        docs::PATH,
        docs::JSON,
        Arg::block(c"range", &[Arg::integer(c"start"), Arg::integer(c"stop").optional()])
            .optional(),
    ]);

    /// `key path json [start [stop]]`, `stop` not included, 0 for the end.
    fn run(call: Call<'_>) -> Result<(), Error> {
        let (Some(name), Some(path), Some(json)) =
            (call.args.get(1), call.args.get(2), call.args.get(3))
        else {
            return Err(Error::Arity);
        };
        let path = paths::parse(path)?;
        let wanted = parse_json(call.ctx, json.bytes()).map_err(Error::prefixed)?;
        let start = call.args.get(4).map_or(Ok(0), integer)?;
        let stop = call.args.get(5).map_or(Ok(0), integer)?;
        if call.args.len() > 6 {
            return Err(Error::Arity);
        }
        let text = read(call, name.into())?.ok_or(Error::NoSuchKey)?;
        let selection = Selection::of(&path, &text)?;
        let document = selection.document();
        let rules = call.ctx.rules();
        let wanted_index = Index::new(&wanted);
        let wanted = Document::new(&wanted, &wanted_index);
        let place = |array: Node| -> Option<i64> {
            if document.kind(array) != Kind::Array {
                return None;
            }
            let len = document.len(array);
            let searched = (rules.searched)(start, stop, len);
            let found = document
                .children(array)
                .enumerate()
                .take(searched.end)
                .skip(searched.start)
                .find(|&(_, element)| (rules.is_found)(document, element, wanted));
            Some(found.map_or(-1, |(at, _)| at as i64))
        };
        if path.is_legacy() {
            let &array = selection.nodes.first().ok_or(Error::PathMissing)?;
            call.ctx.reply_integer(place(array).ok_or(Error::WrongValueType(Wanted::Array))?);
            return Ok(());
        }
        call.ctx.reply_each(&selection.nodes, |ctx, &array| match place(array) {
            Some(at) => ctx.reply_integer(at),
            None => ctx.reply_null(),
        });
        Ok(())
    }
}
