//! The model of what this module has beyond RedisJSON: options of JSON.SET, JSON.SETPATHS,
//! JSON.PATCH and JSON.PROJECT.

use suites::reply::Reply;

use super::compute::quoted;
use super::made::{Condition, Operation, PathArg, SetHow};
use super::model::{ANY_ERROR, Keyspace, Outcome, bulk, ok};
use crate::query::Selector;
use crate::value::{Place, Value, unescaped};

type Changed = Result<Option<Value>, &'static str>;

impl Keyspace {
    /// JSON.SET with PARENTS or GET.
    pub(super) fn set_with(
        &mut self,
        key: usize,
        path: &PathArg,
        value: &Value,
        how: SetHow,
    ) -> Outcome {
        let old = self.read(key)?;
        let was = old.as_ref().and_then(|root| {
            let places = self.select(path, root);
            let mut values = places.iter().map(|place| root.at(place).clone());
            match path.legacy {
                true => values.next().map(|value| value.text()),
                false if places.is_empty() => None,
                false => Some(Value::Array(values.collect()).text()),
            }
        });
        let new = self.changed_with(old, path, value, how)?;
        let is_set = new.is_some();
        if let Some(new) = new {
            self.put(key, new);
        }
        Ok(match was {
            Some(was) if how.get => bulk(was),
            _ if is_set && !how.get => ok(),
            _ => self.null(),
        })
    }

    pub(super) fn set_paths(
        &mut self,
        key: usize,
        how: SetHow,
        settings: &[(PathArg, Value)],
    ) -> Outcome {
        let mut root = self.read(key)?;
        for (path, value) in settings {
            match self.changed_with(root, path, value, how)? {
                Some(new) => root = Some(new),
                None => return Ok(self.null()),
            }
        }
        if let Some(root) = root {
            self.put(key, root);
        }
        Ok(ok())
    }

    fn changed_with(
        &self,
        old: Option<Value>,
        path: &PathArg,
        value: &Value,
        how: SetHow,
    ) -> Changed {
        if !how.parents || path.query.segments.is_empty() {
            return self.changed(old, path, value, how.condition);
        }
        let steps: Option<Vec<&Selector>> =
            path.query.segments.iter().map(|segment| segment.selectors.first()).collect();
        let steps = steps.unwrap_or_default();
        let Some(root) = old else {
            if how.condition == Condition::IfPresent {
                return Ok(None);
            }
            return within_objects(&steps, value).map(Some);
        };
        let has_parent = {
            let mut query = path.query.clone();
            query.segments.pop();
            !query.select(&root, &Place::new()).is_empty()
        };
        if has_parent && !self.is_nowhere(path, &root) {
            return self.changed(Some(root), path, value, how.condition);
        }
        if how.condition == Condition::IfPresent {
            return Ok(None);
        }
        let mut root = root;
        let mut at = &mut root;
        for (number, step) in steps.iter().enumerate() {
            at = match (step, at) {
                (Selector::Name(name), object @ Value::Object(_)) => {
                    let member = object.member(&unescaped(name));
                    let Value::Object(members) = object else { return Err(ANY_ERROR) };
                    match member {
                        Some(member) => &mut members[member].1,
                        None => {
                            let value = within_objects(&steps[number + 1..], value)?;
                            members.push((quoted(&unescaped(name)), value));
                            return Ok(Some(root));
                        }
                    }
                }
                (Selector::Index(index), Value::Array(values)) => {
                    let len = values.len() as i64;
                    let position = if *index < 0 { len + index } else { *index };
                    let position = usize::try_from(position).ok();
                    position.and_then(|at| values.get_mut(at)).ok_or(ANY_ERROR)?
                }
                _ => return Err(ANY_ERROR),
            };
        }
        Err("the path leads to something")
    }

    /// JSON.PATCH.
    pub(super) fn patch(&mut self, key: usize, operations: &[Operation]) -> Outcome {
        let mut root = Some(self.existing(key)?);
        for operation in operations {
            operation.run(&mut root).ok_or(ANY_ERROR)?;
        }
        match root {
            Some(root) => self.put(key, root),
            None => self.remove(key),
        }
        Ok(ok())
    }

    /// JSON.PROJECT.
    pub(super) fn project(&self, key: usize, from: &PathArg, columns: &[PathArg]) -> Outcome {
        let Some(root) = self.read(key)? else { return Ok(self.null()) };
        let row = |place: &Place| {
            let own = root.at(place);
            let cells = columns.iter().map(|column| {
                let places = self.select(column, own);
                let mut values = places.iter().map(|place| own.at(place).clone());
                match column.query.is_singular() {
                    true => values.next().unwrap_or(Value::Null),
                    false => Value::Array(values.collect()),
                }
            });
            Value::Array(cells.collect())
        };
        let places = self.select(from, &root);
        if from.legacy {
            let place = places.first().ok_or("ERR Path does not exist")?;
            return Ok(bulk(row(place).text()));
        }
        Ok(Reply::Bulk(Value::Array(places.iter().map(row).collect()).text().into_bytes()))
    }
}

/// `value` as a member of an object for each step.
fn within_objects(steps: &[&Selector], value: &Value) -> Result<Value, &'static str> {
    steps.iter().rev().try_fold(value.clone(), |value, step| match step {
        Selector::Name(name) => Ok(Value::Object(vec![(quoted(&unescaped(name)), value)])),
        _ => Err(ANY_ERROR),
    })
}

/// Where the tokens of a JSON Pointer lead.
fn pointed(root: &Value, tokens: &[String]) -> Option<Place> {
    let mut place = Place::new();
    for token in tokens {
        let value = root.at(&place);
        place.push(match value {
            Value::Array(values) => index(token).filter(|&at| at < values.len())?,
            _ => value.member(token)?,
        });
    }
    Some(place)
}

/// RFC 6901 section 4: digits without a leading zero.
fn index(token: &str) -> Option<usize> {
    let is_plain = token == "0" || !token.starts_with(['0', '+', '-']);
    token.parse().ok().filter(|_| is_plain)
}

fn add(root: &mut Option<Value>, tokens: &[String], value: Value) -> Option<()> {
    let Some((last, parents)) = tokens.split_last() else {
        *root = Some(value);
        return Some(());
    };
    let root = root.as_mut()?;
    let place = pointed(root, parents)?;
    let member = root.at(&place).member(last);
    match root.at_mut(&place) {
        Value::Array(values) => {
            let at = if last == "-" { values.len() } else { index(last)? };
            (at <= values.len()).then(|| values.insert(at, value))
        }
        Value::Object(members) => {
            match member {
                Some(at) => members[at].1 = value,
                None => members.push((quoted(last), value)),
            }
            Some(())
        }
        _ => None,
    }
}

fn remove(root: &mut Option<Value>, tokens: &[String]) -> Option<Value> {
    if tokens.is_empty() {
        return root.take();
    }
    let root = root.as_mut()?;
    let place = pointed(root, tokens)?;
    let value = root.at(&place).clone();
    root.remove(&place);
    Some(value)
}

impl Operation {
    /// RFC 6902 section 4; none for what it calls an error.
    fn run(&self, root: &mut Option<Value>) -> Option<()> {
        let found = |root: &Option<Value>, tokens: &[String]| {
            let root = root.as_ref()?;
            Some(root.at(&pointed(root, tokens)?).clone())
        };
        match self {
            Operation::Add(path, value) => add(root, path, value.clone()),
            Operation::Remove(path) => remove(root, path).map(|_| ()),
            Operation::Replace(path, value) => {
                let root = root.as_mut()?;
                let place = pointed(root, path)?;
                *root.at_mut(&place) = value.clone();
                Some(())
            }
            Operation::Move(from, path) => {
                if path.len() > from.len() && path.starts_with(from) {
                    return None;
                }
                let value = found(root, from)?;
                if from == path {
                    return Some(());
                }
                remove(root, from)?;
                add(root, path, value)
            }
            Operation::Copy(from, path) => {
                let value = found(root, from)?;
                add(root, path, value)
            }
            Operation::Test(path, value) => found(root, path)?.equals(value).then_some(()),
        }
    }
}
