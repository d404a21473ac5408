//! What the commands do, written down as plainly as it can be: documents are trees, paths give
//! lists of places, and every command is a few lines over both.

use std::collections::BTreeMap;

use suites::reply::Reply;

use super::compute::{computed, formatted, merge, quoted};
use super::made::{Arithmetic, Command, Condition, KEYS, Line, Measure, PathArg};
use super::play::Expected;
use crate::value::{Place, Value, is_integer, unescaped};

/// A fault of the model, which comparing it must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// JSON.DEL moves the last member into the gap.
    Order,
    /// A sum is written as a double.
    Double,
    /// JSON.MERGE keeps nulls in new members.
    Nulls,
    /// JSON.ARRTRIM leaves its last element out.
    Trim,
    /// JSON.MSET leaves what was set before the pair that failed.
    Half,
    /// An error changes nothing, but COPY shares what it copies.
    Shared,
    /// Names are compared as they are written, escapes and all.
    Escapes,
}

/// The documents by key. `None` is the plain string.
#[derive(Clone, Debug)]
pub(super) struct Keyspace {
    documents: BTreeMap<usize, Option<Value>>,
    resp3: bool,
    planted: Option<Planted>,
    /// Keys that the planted fault takes for one document.
    shared: Option<(usize, usize)>,
}

/// Larger documents are cut by the sequence, so that it stays fast.
const LEN_MAX: usize = 20_000;

pub(super) type Outcome = Result<Reply, &'static str>;

/// Refused, in words that the model does not know.
pub(super) const ANY_ERROR: &str = "*";
const WRONG_TYPE: &str = "Existing key has wrong Redis type";
const NO_KEY: &str = "ERR could not perform this operation on a key that doesn't exist";
const NEW_NOT_ROOT: &str = "ERR new objects must be created at the root";
const NO_PATH: &str = "ERR Path does not exist";

pub(super) fn bulk(text: impl AsRef<[u8]>) -> Reply {
    Reply::Bulk(text.as_ref().to_vec())
}

pub(super) fn ok() -> Reply {
    Reply::Simple(b"OK".to_vec())
}

impl Keyspace {
    pub(super) fn new(resp3: bool, planted: Option<Planted>) -> Keyspace {
        let documents = BTreeMap::from([(KEYS.len() - 1, None)]);
        Keyspace { documents, resp3, planted, shared: None }
    }

    fn plants(&self, planted: Planted) -> bool {
        self.planted == Some(planted)
    }

    pub(super) fn null(&self) -> Reply {
        if self.resp3 { Reply::Null } else { Reply::NilBulk }
    }

    /// Does what `line` says, and gives the reply.
    pub(super) fn apply(&mut self, line: &Line) -> Expected {
        if matches!(line.command, Command::Broken(_)) {
            return Expected::AnyError;
        }
        match self.outcome(line.key, &line.command) {
            Ok(reply) => Expected::Reply(reply),
            Err(ANY_ERROR) => Expected::AnyError,
            Err(text) => Expected::Reply(Reply::Error(text.as_bytes().to_vec())),
        }
    }

    /// Whether some document has become so large that the sequence should end.
    pub(super) fn is_large(&self) -> bool {
        self.documents.values().flatten().any(|value| value.text().len() > LEN_MAX)
    }

    /// The reply to JSON.GET of a key.
    pub(super) fn whole(&self, key: usize) -> Reply {
        match self.read(key) {
            Ok(Some(value)) => bulk(value.text()),
            Ok(None) => self.null(),
            Err(text) => Reply::Error(text.as_bytes().to_vec()),
        }
    }

    /// The document at `key`, if the key is there.
    pub(super) fn read(&self, key: usize) -> Result<Option<Value>, &'static str> {
        match self.documents.get(&key) {
            None => Ok(None),
            Some(None) => Err(WRONG_TYPE),
            Some(Some(value)) => Ok(Some(value.clone())),
        }
    }

    pub(super) fn existing(&self, key: usize) -> Result<Value, &'static str> {
        self.read(key)?.ok_or(NO_KEY)
    }

    pub(super) fn put(&mut self, key: usize, value: Value) {
        if let Some((one, other)) = self.shared
            && (key == one || key == other)
        {
            self.documents.insert(one, Some(value.clone()));
            self.documents.insert(other, Some(value));
            return;
        }
        self.documents.insert(key, Some(value));
    }

    fn outcome(&mut self, key: usize, command: &Command) -> Outcome {
        match command {
            Command::Set(path, value, condition) => self.set(key, path, value, *condition),
            Command::SetWith(path, value, how) => self.set_with(key, path, value, *how),
            Command::SetPaths(how, settings) => self.set_paths(key, *how, settings),
            Command::Patch(operations) => self.patch(key, operations),
            Command::Project(from, columns) => self.project(key, from, columns),
            Command::MSet(settings) => self.mset(settings),
            Command::Merge(path, patch) => self.merge(key, path, patch),
            Command::Get(paths, format) => self.get(key, paths, format),
            Command::MGet(keys, path) => Ok(Reply::Array(
                keys.iter().map(|&key| self.mget(key, path).unwrap_or(self.null())).collect(),
            )),
            Command::Del(path) => self.del(key, path.as_ref()),
            Command::Clear(path) => self.clear(key, path.as_ref()),
            Command::Type(path) => self.type_of(key, path.as_ref()),
            Command::Measure(measure, path) => self.measure(key, *measure, path.as_ref()),
            Command::ObjKeys(path) => self.obj_keys(key, path.as_ref()),
            Command::Resp(path) => self.resp(key, path.as_ref()),
            Command::Toggle(path) => self.toggle(key, path),
            Command::Compute(arithmetic, path, operand) => {
                self.compute(key, *arithmetic, path, operand)
            }
            Command::StrAppend(path, tail) => self.str_append(key, path.as_ref(), tail),
            Command::ArrAppend(path, values) => self.edit_arrays(key, path, |array, _| {
                array.extend_from_slice(values);
                Ok(())
            }),
            Command::ArrInsert(path, position, values) => {
                self.edit_arrays(key, path, |array, _| {
                    let at = from_either_end(*position, array.len());
                    let at = at.filter(|&at| at <= array.len()).ok_or("ERR index out of bounds")?;
                    array.splice(at..at, values.iter().cloned());
                    Ok(())
                })
            }
            Command::ArrTrim(path, start, stop) => {
                let planted = self.plants(Planted::Trim);
                self.edit_arrays(key, path, |array, _| {
                    let len = array.len();
                    let start = from_either_end(*start, len).unwrap_or(0);
                    let stop = from_either_end(*stop, len).map(|stop| stop.min(len));
                    let end = stop.map_or(0, |stop| (stop + usize::from(!planted)).min(len));
                    *array = array.get(start..end).unwrap_or_default().to_vec();
                    Ok(())
                })
            }
            Command::ArrPop(at) => self.arr_pop(key, at.as_ref()),
            Command::ArrIndex(path, value, range) => self.arr_index(key, path, value, *range),
            Command::Unlink => Ok(Reply::Integer(i64::from(self.documents.remove(&key).is_some()))),
            Command::Copy(to) => self.copy(key, *to),
            Command::Rename(to) => match self.documents.remove(&key) {
                Some(value) => {
                    self.documents.insert(*to, value);
                    Ok(ok())
                }
                None => Err("ERR no such key"),
            },
            Command::Exists => Ok(Reply::Integer(i64::from(self.documents.contains_key(&key)))),
            Command::Reload | Command::Setting(..) => Ok(ok()),
            Command::Broken(_) => Err("ERR"),
        }
    }

    fn copy(&mut self, key: usize, to: usize) -> Outcome {
        if key == to {
            return Err("ERR source and destination objects are the same");
        }
        let Some(value) = self.documents.get(&key).cloned() else { return Ok(Reply::Integer(0)) };
        if self.plants(Planted::Shared) && value.is_some() {
            self.shared = Some((key, to));
        }
        self.documents.insert(to, value);
        Ok(Reply::Integer(1))
    }

    pub(super) fn select(&self, path: &PathArg, root: &Value) -> Vec<Place> {
        if self.plants(Planted::Escapes) && path.text.contains("\\u0061") {
            return Vec::new();
        }
        path.query.select(root, &Place::new())
    }

    /// As `select`, each place once.
    fn select_once(&self, path: &PathArg, root: &Value) -> Vec<Place> {
        let mut places: Vec<Place> = Vec::new();
        for place in self.select(path, root) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    pub(super) fn remove(&mut self, key: usize) {
        self.documents.remove(&key);
    }

    /// Whether a path that selects nothing has no object to put something into.
    pub(super) fn is_nowhere(&self, path: &PathArg, root: &Value) -> bool {
        let is_found = !self.select(path, root).is_empty();
        !is_found && matches!(self.new_place(path, root), Ok(NewPlace::None))
    }

    // Setting.

    fn set(&mut self, key: usize, path: &PathArg, value: &Value, condition: Condition) -> Outcome {
        let old = self.read(key)?;
        match self.changed(old, path, value, condition)? {
            Some(new) => {
                self.put(key, new);
                Ok(ok())
            }
            None => Ok(self.null()),
        }
    }

    /// The document with `value` at `path`; none where it has no place or may not be set.
    pub(super) fn changed(
        &self,
        old: Option<Value>,
        path: &PathArg,
        value: &Value,
        condition: Condition,
    ) -> Result<Option<Value>, &'static str> {
        let is_root = path.query.segments.is_empty();
        let Some(mut root) = old else {
            if !is_root {
                return Err(NEW_NOT_ROOT);
            }
            return Ok((condition != Condition::IfPresent).then(|| value.clone()));
        };
        let places = self.select_once(path, &root);
        if !places.is_empty() {
            if condition == Condition::IfAbsent {
                return Ok(None);
            }
            for place in outermost(places) {
                *root.at_mut(&place) = value.clone();
            }
            return Ok(Some(root));
        }
        match self.new_place(path, &root)? {
            NewPlace::Member(place, name) if condition != Condition::IfPresent => {
                if let Value::Object(members) = root.at_mut(&place) {
                    members.push((name, value.clone()));
                }
                Ok(Some(root))
            }
            NewPlace::OutOfRange if condition != Condition::IfPresent => {
                Err("ERR array index out of range")
            }
            _ => Ok(None),
        }
    }

    /// Where a path that selects nothing would put something.
    fn new_place(&self, path: &PathArg, root: &Value) -> Result<NewPlace, &'static str> {
        use crate::query::Selector;
        if !path.query.is_singular() {
            return Err("Err wrong static path");
        }
        let mut query = path.query.clone();
        let Some(last) = query.segments.pop() else { return Ok(NewPlace::None) };
        let Some(parent) = query.select(root, &Place::new()).pop() else {
            return Ok(NewPlace::None);
        };
        Ok(match (last.selectors.first(), root.at(&parent)) {
            (Some(Selector::Name(name)), Value::Object(_)) => {
                NewPlace::Member(parent, quoted(&unescaped(name)))
            }
            (Some(Selector::Index(_)), Value::Array(_)) => NewPlace::OutOfRange,
            _ => NewPlace::None,
        })
    }

    fn mset(&mut self, settings: &[(usize, PathArg, Value)]) -> Outcome {
        let before = self.clone();
        let mut failed = None;
        for (key, path, value) in settings {
            match self.set(*key, path, value, Condition::Always) {
                Ok(Reply::Simple(_)) => continue,
                other => failed = Some(other),
            }
            break;
        }
        if let Some(other) = failed {
            if !self.plants(Planted::Half) {
                *self = before;
            }
            return other;
        }
        Ok(ok())
    }

    fn merge(&mut self, key: usize, path: &PathArg, patch: &Value) -> Outcome {
        let Some(mut root) = self.read(key)? else {
            return self.set(key, path, patch, Condition::Always);
        };
        let places = self.select_once(path, &root);
        if let Some(place) = places.first() {
            merge(root.at_mut(place), patch, self.plants(Planted::Nulls));
        } else {
            match self.new_place(path, &root)? {
                NewPlace::Member(place, name) => {
                    if let Value::Object(members) = root.at_mut(&place) {
                        members.push((name, patch.clone()));
                    }
                }
                _ => return Ok(self.null()),
            }
        }
        self.put(key, root);
        Ok(ok())
    }

    // Reading.

    fn get(&self, key: usize, paths: &[PathArg], format: &[&str; 3]) -> Outcome {
        let Some(root) = self.read(key)? else { return Ok(self.null()) };
        let mut texts: Vec<&PathArg> = Vec::new();
        for path in paths {
            if !texts.iter().any(|known| known.text == path.text) {
                texts.push(path);
            }
        }
        let legacy = texts.iter().all(|path| path.legacy);
        let one = |path: &PathArg, legacy: bool| {
            let mut values = self.select(path, &root).into_iter().map(|p| root.at(&p).clone());
            match legacy {
                true => values.next().ok_or(NO_PATH),
                false => Ok(Value::Array(values.collect())),
            }
        };
        let value = match &*texts {
            [] => root.clone(),
            [path] => one(path, legacy)?,
            several => {
                let mut members = Vec::new();
                for path in several {
                    members.push((quoted(&path.text), one(path, legacy)?));
                }
                Value::Object(members)
            }
        };
        Ok(bulk(formatted(&value, format)))
    }

    /// Nothing where there is no value, and where the key holds something else.
    fn mget(&self, key: usize, path: &PathArg) -> Option<Reply> {
        let root = self.read(key).ok()??;
        let values = self.select(path, &root).into_iter().map(|place| root.at(&place).clone());
        if path.legacy {
            return values.into_iter().next().map(|value| bulk(value.text()));
        }
        Some(bulk(Value::Array(values.collect()).text()))
    }

    fn type_of(&self, key: usize, path: Option<&PathArg>) -> Outcome {
        let name = |value: &Value| {
            bulk(match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(literal) if is_integer(literal) => "integer",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            })
        };
        let reply = match self.read(key)? {
            None => self.null(),
            Some(root) => self.each(path, &root, |value| Ok(name(value)))?.unwrap_or(self.null()),
        };
        Ok(if self.resp3 { Reply::Array(vec![reply]) } else { reply })
    }

    /// The reply for the first value of a legacy path, or an array of replies; none where a legacy
    /// path selects nothing.
    fn each(
        &self,
        path: Option<&PathArg>,
        root: &Value,
        reply: impl Fn(&Value) -> Outcome,
    ) -> Result<Option<Reply>, &'static str> {
        let Some(path) = path else { return reply(root).map(Some) };
        let places = self.select(path, root);
        if path.legacy {
            return places.first().map(|place| reply(root.at(place))).transpose();
        }
        let replies: Result<Vec<Reply>, _> =
            places.iter().map(|place| reply(root.at(place))).collect();
        Ok(Some(Reply::Array(replies?)))
    }

    fn measure(&self, key: usize, measure: Measure, path: Option<&PathArg>) -> Outcome {
        let legacy = path.is_none_or(|path| path.legacy);
        let Some(root) = self.read(key)? else {
            return if legacy { Ok(self.null()) } else { Err(NO_KEY) };
        };
        let len = |value: &Value| {
            let len = match (measure, value) {
                (Measure::String, Value::String(raw)) => unescaped(raw).len(),
                (Measure::Array, Value::Array(values)) => values.len(),
                (Measure::Object, Value::Object(members)) => members.len(),
                _ if legacy => {
                    return Err(match measure {
                        Measure::String => "WRONGTYPE wrong type of path value - expected string",
                        Measure::Array => "WRONGTYPE wrong type of path value - expected array",
                        Measure::Object => "WRONGTYPE wrong type of path value - expected object",
                    });
                }
                _ => return Ok(self.null()),
            };
            Ok(Reply::Integer(len as i64))
        };
        match self.each(path, &root, len)? {
            Some(reply) => Ok(reply),
            None if measure == Measure::Object => Ok(self.null()),
            None => Err(NO_PATH),
        }
    }

    fn obj_keys(&self, key: usize, path: Option<&PathArg>) -> Outcome {
        let legacy = path.is_none_or(|path| path.legacy);
        let Some(root) = self.read(key)? else {
            return if legacy { Ok(self.null()) } else { Err(NO_KEY) };
        };
        let names = |value: &Value| match value {
            Value::Object(members) => {
                Ok(Reply::Array(members.iter().map(|(name, _)| bulk(unescaped(name))).collect()))
            }
            _ if legacy => Err("WRONGTYPE wrong type of path value - expected object"),
            _ => Ok(self.null()),
        };
        Ok(self.each(path, &root, names)?.unwrap_or(self.null()))
    }

    fn resp(&self, key: usize, path: Option<&PathArg>) -> Outcome {
        let Some(root) = self.read(key)? else { return Ok(self.null()) };
        self.each(path, &root, |value| Ok(self.typed(value)))?.ok_or(NO_PATH)
    }

    fn typed(&self, value: &Value) -> Reply {
        let simple = |text: &str| Reply::Simple(text.as_bytes().to_vec());
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => simple(if *value { "true" } else { "false" }),
            Value::String(raw) => bulk(unescaped(raw)),
            Value::Number(literal) => match literal.parse::<i64>() {
                Ok(integer) if literal != "-0" => Reply::Integer(integer),
                _ if self.resp3 => Reply::Double(literal.as_bytes().to_vec()),
                _ => bulk(literal),
            },
            Value::Array(values) => {
                let mut replies = vec![simple("[")];
                replies.extend(values.iter().map(|value| self.typed(value)));
                Reply::Array(replies)
            }
            Value::Object(members) => {
                let mut replies = vec![simple("{")];
                for (name, value) in members {
                    replies.extend([bulk(unescaped(name)), self.typed(value)]);
                }
                Reply::Array(replies)
            }
        }
    }

    fn arr_index(
        &self,
        key: usize,
        path: &PathArg,
        wanted: &Value,
        range: Option<(i64, Option<i64>)>,
    ) -> Outcome {
        let root = self.existing(key)?;
        let (start, stop) = range.map_or((0, 0), |(start, stop)| (start, stop.unwrap_or(0)));
        let place = |value: &Value| {
            let Value::Array(values) = value else {
                return match path.legacy {
                    true => Err("WRONGTYPE wrong type of path value - expected array"),
                    false => Ok(self.null()),
                };
            };
            let start = from_either_end(start, values.len()).unwrap_or(0);
            let end = match stop {
                0 => values.len(),
                stop => from_either_end(stop, values.len()).unwrap_or(0),
            };
            let mut range = start..end.min(values.len());
            let found = range.find(|&at| values[at].equals_typed(wanted));
            Ok(Reply::Integer(found.map_or(-1, |at| at as i64)))
        };
        self.each(Some(path), &root, place)?.ok_or(NO_PATH)
    }

    // Changing.

    fn del(&mut self, key: usize, path: Option<&PathArg>) -> Outcome {
        let Some(mut root) = self.read(key)? else { return Ok(Reply::Integer(0)) };
        let places = path.map_or(vec![Place::new()], |path| self.select_once(path, &root));
        let mut places = outermost(places);
        let count = Reply::Integer(places.len() as i64);
        if places.is_empty() {
            return Ok(count);
        }
        if places.contains(&Place::new()) {
            self.documents.remove(&key);
            return Ok(count);
        }
        // From behind, so that those before keep their places.
        places.sort();
        for place in places.iter().rev() {
            if self.plants(Planted::Order)
                && let Some((&last, parent)) = place.split_last()
                && let Value::Object(members) = root.at_mut(parent)
            {
                members.swap_remove(last);
                continue;
            }
            root.remove(place);
        }
        match root {
            Value::Array(values) if values.is_empty() => _ = self.documents.remove(&key),
            Value::Object(members) if members.is_empty() => _ = self.documents.remove(&key),
            root => self.put(key, root),
        }
        Ok(count)
    }

    fn clear(&mut self, key: usize, path: Option<&PathArg>) -> Outcome {
        let mut root = self.existing(key)?;
        let mut places = path.map_or(vec![Place::new()], |path| self.select_once(path, &root));
        // What is within comes before what is around it, so that all of them count.
        places.sort();
        let mut count = 0;
        let clear = |value: &Value| match value {
            Value::Array(values) if !values.is_empty() => Some(Value::Array(Vec::new())),
            Value::Object(members) if !members.is_empty() => Some(Value::Object(Vec::new())),
            Value::Number(literal) if literal.parse() != Ok(0.0) => Some(Value::Number("0".into())),
            _ => None,
        };
        let cleared: Vec<_> = places.iter().map(|place| clear(root.at(place))).collect();
        for (place, value) in places.iter().zip(cleared).rev() {
            if let Some(value) = value {
                *root.at_mut(place) = value;
                count += 1;
            }
        }
        self.put(key, root);
        Ok(Reply::Integer(count))
    }

    fn toggle(&mut self, key: usize, path: &PathArg) -> Outcome {
        let mut root = self.existing(key)?;
        let mut replies = Vec::new();
        let mut last = None;
        for place in self.select_once(path, &root) {
            replies.push(match root.at_mut(&place) {
                Value::Bool(value) => {
                    *value = !*value;
                    last = Some(*value);
                    Reply::Integer(i64::from(*value))
                }
                _ => self.null(),
            });
        }
        if path.legacy {
            let last = last.ok_or("ERR Path does not exist or not a bool")?;
            self.put(key, root);
            return Ok(bulk(last.to_string()));
        }
        self.put(key, root);
        Ok(Reply::Array(replies))
    }

    fn compute(
        &mut self,
        key: usize,
        arithmetic: Arithmetic,
        path: &PathArg,
        operand: &Value,
    ) -> Outcome {
        let Value::Number(operand) = operand else { return Err("ERR bad input number") };
        let mut root = self.existing(key)?;
        let mut results = Vec::new();
        for place in self.select_once(path, &root) {
            results.push(match root.at_mut(&place) {
                Value::Number(literal) => {
                    *literal = computed(arithmetic, literal, operand)?;
                    if self.plants(Planted::Double) && is_integer(literal) {
                        literal.push_str(".0");
                    }
                    Value::Number(literal.clone())
                }
                _ => Value::Null,
            });
        }
        let last = results.iter().rev().find(|result| **result != Value::Null).cloned();
        if path.legacy && last.is_none() {
            return Err("ERR Path does not exist or does not contains a number");
        }
        self.put(key, root);
        if self.resp3 {
            return Ok(Reply::Array(results.iter().map(|result| self.typed(result)).collect()));
        }
        Ok(bulk(match last {
            Some(last) if path.legacy => last.text(),
            _ => Value::Array(results).text(),
        }))
    }

    fn str_append(&mut self, key: usize, path: Option<&PathArg>, tail: &Value) -> Outcome {
        let Value::String(tail) = tail else {
            return Err("WRONGTYPE wrong type of path value - expected string");
        };
        let mut root = self.existing(key)?;
        let places = path.map_or(vec![Place::new()], |path| self.select_once(path, &root));
        let mut lengths = Vec::new();
        for place in places {
            lengths.push(match root.at_mut(&place) {
                Value::String(raw) => {
                    raw.push_str(tail);
                    Some(unescaped(raw).len())
                }
                _ => None,
            });
        }
        let legacy = path.is_none_or(|path| path.legacy);
        if legacy && lengths.iter().all(Option::is_none) {
            return Err("ERR Path does not exist or not a string");
        }
        self.put(key, root);
        Ok(self.lengths(legacy, &lengths))
    }

    fn lengths(&self, legacy: bool, lengths: &[Option<usize>]) -> Reply {
        let integer = |len: usize| Reply::Integer(len as i64);
        if legacy {
            return integer(lengths.iter().rev().flatten().next().copied().unwrap_or(0));
        }
        Reply::Array(lengths.iter().map(|len| len.map_or(self.null(), integer)).collect())
    }

    fn edit_arrays(
        &mut self,
        key: usize,
        path: &PathArg,
        edit: impl Fn(&mut Vec<Value>, usize) -> Result<(), &'static str>,
    ) -> Outcome {
        let mut root = self.existing(key)?;
        let places = self.select_once(path, &root);
        let mut lengths: BTreeMap<Place, Option<usize>> = BTreeMap::new();
        let mut order: Vec<&Place> = places.iter().collect();
        // What is within is changed first, and then moves with what is around it.
        order.sort();
        for place in order.into_iter().rev() {
            let len = match root.at_mut(place) {
                Value::Array(values) => {
                    edit(values, place.len())?;
                    Some(values.len())
                }
                _ => None,
            };
            lengths.insert(place.clone(), len);
        }
        let lengths: Vec<Option<usize>> = places.iter().map(|place| lengths[place]).collect();
        if path.legacy && lengths.iter().all(Option::is_none) {
            return Err("ERR Path does not exist or not an array");
        }
        self.put(key, root);
        Ok(self.lengths(path.legacy, &lengths))
    }

    fn arr_pop(&mut self, key: usize, at: Option<&(PathArg, Option<i64>)>) -> Outcome {
        let mut root = self.existing(key)?;
        let position = at.and_then(|(_, position)| *position).unwrap_or(-1);
        let path = at.map(|(path, _)| path);
        let places = path.map_or(vec![Place::new()], |path| self.select_once(path, &root));
        let legacy = path.is_none_or(|path| path.legacy);
        let mut popped = Vec::new();
        let mut gone = Vec::new();
        let mut last = None;
        for place in places {
            let Value::Array(values) = root.at(&place) else {
                popped.push(self.null());
                continue;
            };
            let element = from_either_end(position, values.len()).unwrap_or(0);
            let element = element.min(values.len().saturating_sub(1));
            let reply = values.get(element).map_or(self.null(), |value| bulk(value.text()));
            last = Some(reply.clone());
            popped.push(reply);
            if !values.is_empty() {
                gone.push([&*place, &[element]].concat());
            }
        }
        // What is in an element that goes does not go by itself.
        gone.sort();
        for place in gone.iter().rev() {
            root.remove(place);
        }
        if legacy {
            let last = last.ok_or("ERR Path does not exist or not an array")?;
            self.put(key, root);
            return Ok(last);
        }
        self.put(key, root);
        Ok(Reply::Array(popped))
    }
}

enum NewPlace {
    Member(Place, String),
    OutOfRange,
    None,
}

/// Without those that are within another.
fn outermost(mut places: Vec<Place>) -> Vec<Place> {
    places.sort();
    let mut outer: Vec<Place> = Vec::new();
    for place in places {
        if !outer.iter().any(|known| place.starts_with(known)) {
            outer.push(place);
        }
    }
    outer
}

/// An index that counts from the end when negative; none if it is before the first element.
fn from_either_end(index: i64, len: usize) -> Option<usize> {
    usize::try_from(if index < 0 { i128::from(index) + len as i128 } else { index.into() }).ok()
}
