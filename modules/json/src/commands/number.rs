//! JSON.NUMINCRBY, JSON.NUMMULTBY and JSON.NUMPOWBY: arithmetic in place.

use std::ffi::CStr;

use json_document::{Document, Edits, Index, Number, NumberValue, Text};

use crate::commands::change::{Change, apply, parse_json};
use crate::commands::docs;
use crate::error::{Arithmetic, Error, Wanted};
use crate::host::command::{Call, Command, Keys, Spec, Usage};
use crate::host::command_docs::{Arg, Docs};
use crate::paths;
use jsonpath::{Path, SingularPath};

pub(crate) struct NumIncrBy;

impl Command for NumIncrBy {
    const SPEC: Spec = Spec {
        name: c"json.numincrby",
        summary: c"Adds to the numbers at a path",
        complexity: c"O(N) in the size of the document",
        arity: 4,
        flags: c"write",
        keys: Keys::first(Usage::READ_UPDATE),
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::PATH, Arg::double(c"number")]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        compute(call, c"json.numincrby", Arithmetic::Addition)
    }
}

pub(crate) struct NumMultBy;

impl Command for NumMultBy {
    const SPEC: Spec = Spec {
        name: c"json.nummultby",
        summary: c"Multiplies the numbers at a path",
        ..NumIncrBy::SPEC
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::PATH, Arg::double(c"number")]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        compute(call, c"json.nummultby", Arithmetic::Multiplication)
    }
}

pub(crate) struct NumPowBy;

impl Command for NumPowBy {
    const SPEC: Spec = Spec {
        name: c"json.numpowby",
        summary: c"Raises the numbers at a path to a power",
        ..NumIncrBy::SPEC
    };
    const DOCS: Docs = Docs::of(&[docs::KEY, docs::PATH, Arg::double(c"number")]);

    fn run(call: Call<'_>) -> Result<(), Error> {
        compute(call, c"json.numpowby", Arithmetic::Power)
    }
}

/// Computes on every number that the path selects, on all or on none.
fn compute(call: Call<'_>, event: &CStr, arithmetic: Arithmetic) -> Result<(), Error> {
    let (Some(name), Some(path), Some(operand)) =
        (call.args.get(1), call.args.get(2), call.args.get(3))
    else {
        return Err(Error::Arity);
    };
    let path = paths::parse(path)?;
    let operand = parse_json(call.ctx, operand.bytes()).map_err(|error| match error {
        Error::Json(error) => Error::OperandNotJson(error),
        other => other,
    })?;
    let operand = Number::from_text(&operand).ok_or(Error::BadNumber)?;
    let change = Change::open_at(call, name.into(), &path)?;
    if let Some(singular) = path.as_singular() {
        return compute_one(change, &path, singular, event, arithmetic, operand);
    }
    let index = Index::new(&change.text);
    let document = Document::new(&change.text, &index);
    let nodes = paths::select_once(&path, document)?;
    let rules = call.ctx.rules();
    let mut results: Vec<Option<Text>> = Vec::with_capacity(nodes.len());
    for &node in &nodes {
        results.push(match document.number(node) {
            Some(number) => Some(
                (rules.compute)(arithmetic, number, operand)
                    .map_err(|error| Error::Arithmetic(arithmetic, error))?,
            ),
            None => None,
        });
    }
    let last = results.iter().rev().flatten().next();
    if path.is_legacy() && last.is_none() {
        return Err(Error::none_of(Wanted::Number, nodes.is_empty()));
    }
    if last.is_some() {
        let mut edits = Edits::new(document);
        for (&node, result) in nodes.iter().zip(&results) {
            if let Some(result) = result {
                edits.replace(node, result);
            }
        }
        let text = apply(call.ctx, edits)?;
        change.put(text, event);
    }
    reply(call, path.is_legacy(), &results);
    Ok(())
}

/// As [`compute`] for a path that selects one value at most: nothing else is read or written.
fn compute_one(
    change: Change<'_>,
    path: &Path,
    singular: SingularPath<'_>,
    event: &CStr,
    arithmetic: Arithmetic,
    operand: Number<'_>,
) -> Result<(), Error> {
    let call = change.call;
    let spot = singular.find(&change.text).map(|spot| (spot.span(), spot.number()));
    let compute = |number| {
        let computed = (call.ctx.rules().compute)(arithmetic, number, operand);
        computed.map_err(|error| Error::Arithmetic(arithmetic, error))
    };
    let result = spot.as_ref().and_then(|(_, number)| *number).map(compute).transpose()?;
    if path.is_legacy() && result.is_none() {
        return Err(Error::none_of(Wanted::Number, spot.is_none()));
    }
    let results = match spot {
        Some((span, _)) => {
            if let Some(result) = &result {
                change.replace(span, singular.depth(), result, event)?;
            }
            std::slice::from_ref(&result)
        }
        None => &[],
    };
    reply(call, path.is_legacy(), results);
    Ok(())
}

fn reply(call: Call<'_>, legacy: bool, results: &[Option<Text>]) {
    let ctx = call.ctx;
    if ctx.is_resp3() {
        return ctx.reply_each(results, |ctx, result| {
            match result.as_ref().and_then(Number::from_text).map(Number::value) {
                Some(NumberValue::I64(value)) => ctx.reply_integer(value),
                Some(value) => ctx.reply_double(value.as_f64()),
                None => ctx.reply_null(),
            }
        });
    }
    let text = ctx.rules().computed_text;
    if legacy {
        let last = results.iter().rev().flatten().next();
        return ctx.reply_bulk(last.map_or("null", text).as_bytes());
    }
    let mut json = String::from("[");
    for (position, result) in results.iter().enumerate() {
        if position > 0 {
            json.push(',');
        }
        json.push_str(result.as_ref().map_or("null", text));
    }
    json.push(']');
    ctx.reply_bulk(json.as_bytes());
}
