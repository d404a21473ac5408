//! JSON Patches, most of which fit the document and some of which do not, against a model that does
//! one operation after the other on a plain tree.

use fastrand::Rng;
use json_document::{Limits, PatchLimits, Patched, Text, patch};

use crate::generate;
use crate::mutate;
use crate::run::Target;
use crate::value::{Value, unescaped};

/// A fault to be found by the oracle of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// A patch that does not fit is taken for one that changes nothing: `agree`.
    Accepted,
    /// A comma too many: `valid`.
    Comma,
    /// What was added is lost: `text`.
    Lost,
}

pub struct PatchTarget {
    planted: Option<Planted>,
}

const DEPTH_MAX: usize = 128;
const PARSED: Limits = Limits { depth_max: DEPTH_MAX + 2 };
const LIMITS: PatchLimits =
    PatchLimits { depth_max: DEPTH_MAX, len_max: 1 << 30, work_max: u64::MAX };

const PIECES: &[&[u8]] = &[
    b"/-",
    b"~1",
    b"~",
    b"[",
    b"{\"op\":\"add\",\"path\":\"\",\"value\":",
    b"{\"op\":\"remove\",\"path\":\"\"},",
    b"\"from\":\"/0\",",
    b"\"value\":",
];

impl PatchTarget {
    pub fn new(planted: Option<Planted>) -> PatchTarget {
        PatchTarget { planted }
    }
}

impl Target for PatchTarget {
    const NAME: &'static str = "patch";

    /// A document and a patch, a line each.
    fn input(&self, random: &mut Rng) -> Vec<u8> {
        let document = minified(random, 4);
        let mut value = Value::read(&document).unwrap_or(Value::Null);
        let mut operations = Vec::new();
        for _ in 0..random.usize(1..7) {
            let operation = operation(random, &value);
            // Later operations are for what earlier ones leave.
            if let Some(read) = Value::read(&operation) {
                let _ = run(&mut value, &read);
            }
            operations.push(operation);
        }
        let patch = format!("[{}]", operations.join(","));
        let mut input = format!("{document}\n{patch}").into_bytes();
        if random.u8(0..6) == 0 {
            mutate::mutate(&mut input, PIECES, random);
        }
        input
    }

    fn check(&self, input: &[u8]) -> Result<(), String> {
        let Some(at) = input.iter().position(|&byte| byte == b'\n') else { return Ok(()) };
        let document = Text::parse(&input[..at], &Limits { depth_max: DEPTH_MAX });
        let (Ok(document), Ok(operations)) = (document, Text::parse(&input[at + 1..], &PARSED))
        else {
            return Ok(());
        };
        let outcome = patch(&document, &operations, &LIMITS);
        let expected = model(&document, &operations);
        let result = match (outcome, self.planted) {
            (Ok(Patched::Unchanged), _) => Some(document.as_str().to_owned()),
            (Ok(Patched::Removed), _) => Some(String::new()),
            (Ok(Patched::Document(text)), Some(Planted::Comma)) => {
                Some(format!("{},", text.as_str()))
            }
            (Ok(Patched::Document(_)), Some(Planted::Lost)) => Some(document.as_str().to_owned()),
            (Ok(Patched::Document(text)), _) => Some(text.as_str().to_owned()),
            (Err(_), Some(Planted::Accepted)) => Some(document.as_str().to_owned()),
            (Err(_), _) => None,
        };
        let (result, expected) = match (result, expected) {
            (None, None) => return Ok(()),
            (Some(result), Some(expected)) => (result, expected),
            (result, expected) => {
                return Err(format!("agree: {result:?} where the model has {expected:?}"));
            }
        };
        let Some(expected) = expected else {
            return match result.is_empty() {
                true => Ok(()),
                false => Err(format!("agree: {result} where the model has no document")),
            };
        };
        match Text::parse(result.as_bytes(), &PARSED) {
            Ok(text) if text.as_str() == result => {}
            _ => return Err(format!("valid: {result}")),
        }
        match result == expected {
            true => Ok(()),
            false => Err(format!("text: {result} where the model has {expected}")),
        }
    }
}

fn minified(random: &mut Rng, depth: usize) -> String {
    let mut text = String::new();
    generate::json(random, depth, &mut text);
    match Text::parse(text.as_bytes(), &PARSED) {
        Ok(text) => text.as_str().to_owned(),
        Err(_) => "{}".to_owned(),
    }
}

/// A pointer to something in `value`, or near it.
fn pointer(random: &mut Rng, value: &Value) -> String {
    let mut pointer = String::new();
    let mut at = Some(value);
    while random.u8(0..5) > 0 {
        let children = at.map(Value::children).unwrap_or_default();
        let chosen = random.usize(0..=children.len().min(50));
        let token = match at {
            _ if random.u8(0..12) == 0 || children.is_empty() => {
                ["-", "0", "1", "01", "x", "", "a/b", "~", "é"][random.usize(0..9)].to_owned()
            }
            Some(Value::Object(members)) => match members.get(chosen) {
                Some((name, _)) => unescaped(name),
                None => "new".to_owned(),
            },
            _ => chosen.to_string(),
        };
        at = at.and_then(|at| child(at, &token)).map(|place| children[place]);
        pointer.push('/');
        pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
        if at.is_none() {
            break;
        }
    }
    if random.u8(0..60) == 0 {
        pointer.push('~');
    }
    quoted(&pointer)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn operation(random: &mut Rng, document: &Value) -> String {
    let path = pointer(random, document);
    let from = pointer(random, document);
    match random.u8(0..12) {
        0..3 => format!(r#"{{"op":"add","path":{path},"value":{}}}"#, minified(random, 2)),
        3..5 => format!(r#"{{"op":"remove","path":{path}}}"#),
        5 | 6 => format!(r#"{{"value":{},"op":"replace","path":{path}}}"#, minified(random, 2)),
        7 | 8 => format!(r#"{{"op":"move","path":{path},"from":{from}}}"#),
        9 | 10 => format!(r#"{{"op":"copy","path":{path},"from":{from}}}"#),
        _ => {
            let unquoted = serde_json::from_str::<String>(&path).unwrap_or_default();
            let place = tokens(&unquoted).and_then(|tokens| place(document, &tokens));
            let value = match place {
                Some(place) if random.u8(0..4) > 0 => document.at(&place).text(),
                _ => minified(random, 1),
            };
            format!(r#"{{"op":"test","path":{path},"value":{value}}}"#)
        }
    }
}

/// What the patch makes of the document: `None` if it is refused, `Some(None)` if nothing is left.
fn model(document: &Text, operations: &Text) -> Option<Option<String>> {
    let Some(Value::Array(operations)) = Value::read(operations.as_str()) else { return None };
    let mut value = Value::read(document.as_str())?;
    let mut is_there = true;
    for operation in &operations {
        // A document that is gone is modelled as one that nothing but a new root fits.
        if !is_there {
            let (op, path) = (string(operation, "op")?, string(operation, "path")?);
            if op != "add" || !path.is_empty() {
                return None;
            }
        }
        is_there = run(&mut value, operation)?;
    }
    Some(is_there.then(|| value.text()))
}

fn string(operation: &Value, name: &str) -> Option<String> {
    match member(operation, name)? {
        Value::String(raw) => Some(unescaped(raw)),
        _ => None,
    }
}

fn member<'v>(operation: &'v Value, name: &str) -> Option<&'v Value> {
    Some(operation.children()[operation.member(name)?])
}

/// The tokens of a pointer.
fn tokens(pointer: &str) -> Option<Vec<String>> {
    let mut tokens = Vec::new();
    if pointer.is_empty() {
        return Some(tokens);
    }
    for token in pointer.strip_prefix('/')?.split('/') {
        if token.replace("~0", "").replace("~1", "").contains('~') {
            return None;
        }
        tokens.push(token.replace("~1", "/").replace("~0", "~"));
    }
    Some(tokens)
}

fn child(value: &Value, token: &str) -> Option<usize> {
    match value {
        Value::Object(_) => value.member(token),
        Value::Array(values) => index(token).filter(|&at| at < values.len()),
        _ => None,
    }
}

fn index(token: &str) -> Option<usize> {
    let at: usize = token.parse().ok()?;
    (at.to_string() == token).then_some(at)
}

fn place(value: &Value, tokens: &[String]) -> Option<Vec<usize>> {
    let mut place = Vec::new();
    for token in tokens {
        place.push(child(value.at(&place), token)?);
    }
    Some(place)
}

/// Does one operation; whether a document is left, or `None` if it is refused.
fn run(document: &mut Value, operation: &Value) -> Option<bool> {
    let path = tokens(&string(operation, "path")?)?;
    match string(operation, "op")?.as_str() {
        "add" => add(document, &path, member(operation, "value")?.clone())?,
        "remove" => {
            let place = place(document, &path)?;
            if place.is_empty() {
                return Some(false);
            }
            document.remove(&place);
        }
        "replace" => {
            let value = member(operation, "value")?.clone();
            let place = place(document, &path)?;
            fits(&path, &value)?;
            *document.at_mut(&place) = value;
        }
        "move" => {
            let from = tokens(&string(operation, "from")?)?;
            let place = place(document, &from)?;
            if path.len() > from.len() && path.starts_with(&from) {
                return None;
            }
            if path != from {
                let value = document.at(&place).clone();
                document.remove(&place);
                add(document, &path, value)?;
            }
        }
        "copy" => {
            let from = place(document, &tokens(&string(operation, "from")?)?)?;
            let value = document.at(&from).clone();
            add(document, &path, value)?;
        }
        "test" => {
            let value = member(operation, "value")?;
            let place = place(document, &path)?;
            document.at(&place).equals(value).then_some(())?;
        }
        _ => return None,
    }
    Some(true)
}

fn fits(path: &[String], value: &Value) -> Option<()> {
    (path.len() + value.height() <= DEPTH_MAX).then_some(())
}

fn add(document: &mut Value, path: &[String], value: Value) -> Option<()> {
    fits(path, &value)?;
    let Some((last, parents)) = path.split_last() else {
        *document = value;
        return Some(());
    };
    let place = place(document, parents)?;
    let parent = document.at_mut(&place);
    let known = parent.member(last);
    match parent {
        Value::Array(values) => {
            let at = if last == "-" { values.len() } else { index(last)? };
            if at > values.len() {
                return None;
            }
            values.insert(at, value);
        }
        Value::Object(members) => match known {
            Some(at) => members[at].1 = value,
            None => {
                let quoted = quoted(last);
                members.push((quoted[1..quoted.len() - 1].to_owned(), value));
            }
        },
        _ => return None,
    }
    Some(())
}
