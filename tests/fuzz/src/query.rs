//! The model of paths: RFC 9535 as it is written, a list of places at a time.
//!
//! Queries are made as trees and written as text, so the model needs no parser.

use std::cmp::Ordering;

use fastrand::Rng;

use crate::generate::{NAMES, NUMBERS};
use crate::value::{Place, Value, compare, unescaped};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub descendant: bool,
    pub selectors: Vec<Selector>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// As it stands in a JSON string.
    Name(String),
    Wildcard,
    Index(i64),
    Slice(Option<i64>, Option<i64>, Option<i64>),
    Filter(Test),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    Exists(From, Query),
    Compare(Operand, Comparison, Operand),
    Not(Box<Test>),
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
}

/// Where a query in a filter begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Root,
    Current,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    Literal(Value),
    /// One value at most.
    Singular(From, Query),
    Length(From, Query),
    Count(From, Query),
    Value(From, Query),
}

impl Query {
    /// A query of the RFC, of at most `segments_max` segments.
    pub fn random(random: &mut Rng, segments_max: usize) -> Query {
        let segments = (0..random.usize(0..=segments_max)).map(|_| Segment::random(random, 0));
        Query { segments: segments.collect() }
    }

    /// A query of names and indexes.
    pub fn random_singular(random: &mut Rng, segments_max: usize) -> Query {
        let segments = (0..random.usize(0..=segments_max)).map(|_| Segment {
            descendant: false,
            selectors: vec![match random.u8(0..3) {
                0 => Selector::Index(random.i64(-3..4)),
                _ => Selector::name(random),
            }],
        });
        Query { segments: segments.collect() }
    }

    pub fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| {
            !segment.descendant
                && matches!(&*segment.selectors, [Selector::Name(_) | Selector::Index(_)])
        })
    }

    /// The text after `$` or `@`.
    pub fn write(&self, random: &mut Rng, out: &mut String) {
        for segment in &self.segments {
            segment.write(random, out);
        }
    }

    /// The places that this query selects in `root` from `start` on, in order, as often as they
    /// are selected.
    pub fn select(&self, root: &Value, start: &Place) -> Vec<Place> {
        let mut places = vec![start.clone()];
        for segment in &self.segments {
            let mut next = Vec::new();
            for place in &places {
                let mut visited = Vec::new();
                if segment.descendant {
                    descendants(root, place, &mut visited);
                } else {
                    visited.push(place.clone());
                }
                for place in &visited {
                    for selector in &segment.selectors {
                        selector.select(root, place, &mut next);
                    }
                }
            }
            places = next;
        }
        places
    }
}

/// `place` and all below it, parents before children, children in order.
fn descendants(root: &Value, place: &Place, out: &mut Vec<Place>) {
    out.push(place.clone());
    for position in 0..root.at(place).children().len() {
        descendants(root, &child(place, position), out);
    }
}

fn child(place: &Place, position: usize) -> Place {
    let mut child = place.clone();
    child.push(position);
    child
}

impl Segment {
    fn random(random: &mut Rng, nesting: usize) -> Segment {
        let descendant = random.u8(0..5) == 0;
        let count = if random.u8(0..4) == 0 { random.usize(2..4) } else { 1 };
        let selectors = (0..count).map(|_| Selector::random(random, nesting)).collect();
        Segment { descendant, selectors }
    }

    fn write(&self, random: &mut Rng, out: &mut String) {
        if self.descendant {
            out.push_str("..");
        }
        let dot = if self.descendant { "" } else { "." };
        match &*self.selectors {
            [Selector::Wildcard] if random.bool() => out.push_str(&format!("{dot}*")),
            [Selector::Name(name)] if is_shorthand(name) && random.bool() => {
                out.push_str(&format!("{dot}{name}"));
            }
            selectors => {
                out.push('[');
                for (at, selector) in selectors.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    blank(random, out);
                    selector.write(random, out);
                    blank(random, out);
                }
                out.push(']');
            }
        }
    }
}

fn is_shorthand(name: &str) -> bool {
    let mut chars = name.chars();
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    chars.next().is_some_and(first) && chars.all(|c| first(c) || c.is_ascii_digit())
}

fn blank(random: &mut Rng, out: &mut String) {
    if random.u8(0..16) == 0 {
        out.push_str([" ", "\t", "\n", "  "][random.usize(0..4)]);
    }
}

impl Selector {
    fn name(random: &mut Rng) -> Selector {
        Selector::Name(NAMES[random.usize(0..NAMES.len())].to_owned())
    }

    fn random(random: &mut Rng, nesting: usize) -> Selector {
        let bound = |random: &mut Rng| match random.u8(0..8) {
            0 => Some((1 << 53) - 1),
            1 => Some(-(1 << 53) + 1),
            2 | 3 => None,
            _ => Some(random.i64(-4..5)),
        };
        match random.u8(0..10) {
            0..=3 => Selector::name(random),
            4 => Selector::Wildcard,
            5 | 6 => Selector::Index(match random.u8(0..16) {
                0 => bound(random).unwrap_or(0),
                _ => random.i64(-3..4),
            }),
            7 => Selector::Slice(bound(random), bound(random), bound(random)),
            _ if nesting > 2 => Selector::Wildcard,
            _ => Selector::Filter(Test::random(random, nesting + 1)),
        }
    }

    fn write(&self, random: &mut Rng, out: &mut String) {
        match self {
            Selector::Name(name) => write_name(name, random, out),
            Selector::Wildcard => out.push('*'),
            Selector::Index(index) => out.push_str(&index.to_string()),
            Selector::Slice(start, end, step) => {
                let text = |bound: &Option<i64>| bound.map_or(String::new(), |b| b.to_string());
                out.push_str(&text(start));
                out.push(':');
                out.push_str(&text(end));
                if step.is_some() || random.bool() {
                    out.push(':');
                    out.push_str(&text(step));
                }
            }
            Selector::Filter(test) => {
                out.push('?');
                test.write(random, out);
            }
        }
    }

    fn select(&self, root: &Value, place: &Place, out: &mut Vec<Place>) {
        let value = root.at(place);
        let len = value.children().len();
        match self {
            Selector::Name(name) => {
                out.extend(value.member(&unescaped(name)).map(|position| child(place, position)));
            }
            Selector::Wildcard => out.extend((0..len).map(|position| child(place, position))),
            Selector::Index(index) => {
                let position = if *index < 0 { index + len as i64 } else { *index };
                if matches!(value, Value::Array(_)) && (0..len as i64).contains(&position) {
                    out.push(child(place, position as usize));
                }
            }
            Selector::Slice(start, end, step) => {
                if matches!(value, Value::Array(_)) {
                    let positions = slice(*start, *end, step.unwrap_or(1), len as i64);
                    out.extend(positions.into_iter().map(|position| child(place, position)));
                }
            }
            Selector::Filter(test) => {
                let children = (0..len).map(|position| child(place, position));
                out.extend(children.filter(|child| test.holds(root, child)));
            }
        }
    }
}

fn write_name(name: &str, random: &mut Rng, out: &mut String) {
    if random.bool() {
        out.push_str(&format!("\"{name}\""));
    } else {
        // The other quote needs no escape here, and `'` occurs in none of our names.
        out.push_str(&format!("'{}'", name.replace("\\\"", "\"")));
    }
}

/// RFC 9535 section 2.3.4.2.2, in its words.
fn slice(start: Option<i64>, end: Option<i64>, step: i64, len: i64) -> Vec<usize> {
    if step == 0 {
        return Vec::new();
    }
    let normalized = |bound: i64| if bound >= 0 { bound } else { len + bound };
    let start = normalized(start.unwrap_or(if step >= 0 { 0 } else { len - 1 }));
    let end = if step >= 0 {
        normalized(end.unwrap_or(len))
    } else {
        end.map_or(-1, |end| normalized(end).max(-1))
    };
    let (lower, upper) = if step >= 0 {
        (start.clamp(0, len), end.clamp(0, len))
    } else {
        (end.clamp(-1, len - 1), start.clamp(-1, len - 1))
    };
    let mut positions = Vec::new();
    let mut position = if step >= 0 { lower } else { upper };
    while if step >= 0 { position < upper } else { position > lower } {
        positions.push(position as usize);
        position += step;
    }
    positions
}

impl Test {
    fn random(random: &mut Rng, nesting: usize) -> Test {
        let from = |random: &mut Rng| if random.u8(0..5) == 0 { From::Root } else { From::Current };
        match random.u8(0..if nesting > 2 { 7 } else { 10 }) {
            0..=2 => {
                let count = random.usize(0..3);
                let segments = (0..count).map(|_| Segment::random(random, nesting)).collect();
                Test::Exists(from(random), Query { segments })
            }
            3..=6 => {
                let comparison = [
                    Comparison::Equal,
                    Comparison::NotEqual,
                    Comparison::Less,
                    Comparison::LessOrEqual,
                    Comparison::Greater,
                    Comparison::GreaterOrEqual,
                ][random.usize(0..6)];
                Test::Compare(
                    Operand::random(random, nesting),
                    comparison,
                    Operand::random(random, nesting),
                )
            }
            7 => Test::Not(Box::new(Test::random(random, nesting + 1))),
            8 => Test::And(
                Box::new(Test::random(random, nesting + 1)),
                Box::new(Test::random(random, nesting + 1)),
            ),
            _ => Test::Or(
                Box::new(Test::random(random, nesting + 1)),
                Box::new(Test::random(random, nesting + 1)),
            ),
        }
    }

    fn write(&self, random: &mut Rng, out: &mut String) {
        match self {
            Test::Exists(from, query) => write_query(*from, query, random, out),
            Test::Compare(left, comparison, right) => {
                left.write(random, out);
                blank(random, out);
                out.push_str(match comparison {
                    Comparison::Equal => "==",
                    Comparison::NotEqual => "!=",
                    Comparison::Less => "<",
                    Comparison::LessOrEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                });
                blank(random, out);
                right.write(random, out);
            }
            Test::Not(test) => {
                out.push_str("!(");
                test.write(random, out);
                out.push(')');
            }
            Test::And(left, right) | Test::Or(left, right) => {
                let is_and = matches!(self, Test::And(..));
                left.write_operand(is_and, random, out);
                out.push_str(if is_and { "&&" } else { "||" });
                right.write_operand(is_and, random, out);
            }
        }
    }

    /// In parentheses where precedence asks for them, and sometimes where it does not.
    fn write_operand(&self, of_and: bool, random: &mut Rng, out: &mut String) {
        let needed = of_and && matches!(self, Test::Or(..));
        if needed || random.u8(0..4) == 0 {
            out.push('(');
            self.write(random, out);
            out.push(')');
        } else {
            self.write(random, out);
        }
    }

    fn holds(&self, root: &Value, current: &Place) -> bool {
        match self {
            Test::Exists(from, query) => !from.select(query, root, current).is_empty(),
            Test::Compare(left, comparison, right) => {
                let (left, right) = (left.value(root, current), right.value(root, current));
                comparison.holds(left.as_ref(), right.as_ref())
            }
            Test::Not(test) => !test.holds(root, current),
            Test::And(left, right) => left.holds(root, current) && right.holds(root, current),
            Test::Or(left, right) => left.holds(root, current) || right.holds(root, current),
        }
    }
}

impl From {
    fn select(self, query: &Query, root: &Value, current: &Place) -> Vec<Place> {
        match self {
            From::Root => query.select(root, &Place::new()),
            From::Current => query.select(root, current),
        }
    }
}

fn write_query(from: From, query: &Query, random: &mut Rng, out: &mut String) {
    out.push(if from == From::Root { '$' } else { '@' });
    query.write(random, out);
}

impl Operand {
    fn random(random: &mut Rng, nesting: usize) -> Operand {
        let from = if random.u8(0..5) == 0 { From::Root } else { From::Current };
        let any = |random: &mut Rng| {
            let count = random.usize(0..3);
            Query { segments: (0..count).map(|_| Segment::random(random, nesting + 1)).collect() }
        };
        match random.u8(0..10) {
            0..=3 => Operand::Literal(match random.u8(0..8) {
                0 => Value::Null,
                1 => Value::Bool(random.bool()),
                2 | 3 => Value::String(["", "a", "ab", "é", "\\u0061"][random.usize(0..5)].into()),
                // Not the last, which is out of range.
                _ => Value::Number(NUMBERS[random.usize(0..NUMBERS.len() - 1)].into()),
            }),
            4..=6 => Operand::Singular(from, Query::random_singular(random, 2)),
            7 => Operand::Length(from, Query::random_singular(random, 2)),
            8 => Operand::Count(from, any(random)),
            _ => Operand::Value(from, any(random)),
        }
    }

    fn write(&self, random: &mut Rng, out: &mut String) {
        let (function, from, query) = match self {
            Operand::Literal(Value::String(raw)) => return write_name(raw, random, out),
            Operand::Literal(value) => return out.push_str(&value.text()),
            Operand::Singular(from, query) => return write_query(*from, query, random, out),
            Operand::Length(from, query) => ("length", from, query),
            Operand::Count(from, query) => ("count", from, query),
            Operand::Value(from, query) => ("value", from, query),
        };
        out.push_str(function);
        out.push('(');
        blank(random, out);
        write_query(*from, query, random, out);
        out.push(')');
    }

    /// Nothing, where there is no value.
    fn value(&self, root: &Value, current: &Place) -> Option<Value> {
        let only = |from: &From, query| {
            let places = from.select(query, root, current);
            match &*places {
                [place] => Some(root.at(place).clone()),
                _ => None,
            }
        };
        match self {
            Operand::Literal(value) => Some(value.clone()),
            Operand::Singular(from, query) | Operand::Value(from, query) => only(from, query),
            Operand::Count(from, query) => {
                Some(Value::Number(from.select(query, root, current).len().to_string()))
            }
            Operand::Length(from, query) => {
                let len = match only(from, query)? {
                    Value::String(raw) => unescaped(&raw).chars().count(),
                    value @ (Value::Array(_) | Value::Object(_)) => value.children().len(),
                    _ => return None,
                };
                Some(Value::Number(len.to_string()))
            }
        }
    }
}

impl Comparison {
    fn holds(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        let equal = match (left, right) {
            (None, None) => true,
            (Some(left), Some(right)) => left.equals(right),
            _ => false,
        };
        let order = match (left, right) {
            (Some(Value::Number(left)), Some(Value::Number(right))) => Some(compare(left, right)),
            (Some(Value::String(left)), Some(Value::String(right))) => {
                Some(unescaped(left).cmp(&unescaped(right)))
            }
            _ => None,
        };
        match self {
            Comparison::Equal => equal,
            Comparison::NotEqual => !equal,
            Comparison::Less => order == Some(Ordering::Less),
            Comparison::Greater => order == Some(Ordering::Greater),
            Comparison::LessOrEqual => equal || order == Some(Ordering::Less),
            Comparison::GreaterOrEqual => equal || order == Some(Ordering::Greater),
        }
    }
}
