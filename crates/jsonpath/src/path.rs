//! A path: parsed once, asked many times.

use crate::error::PathError;
use crate::meter::{LimitExceeded, Meter};
use crate::plan::{Plan, Segment, Selector};
use crate::{Dialect, evaluate, parse};
use json_document::{Document, Node, Spot, Text};

/// A parsed path.
#[derive(Clone, Debug)]
pub struct Path {
    plan: Plan,
    legacy: bool,
}

/// A step of a path; the last one is that by which a value that is not there yet would be put there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastStep<'p> {
    /// A member, by its unescaped name.
    Name(&'p str),
    /// An element, negative from the end.
    Index(i64),
}

impl Path {
    /// Parses `text` in `dialect`.
    ///
    /// # Errors
    /// What the dialect does not have, and what is beyond the limits of this crate.
    pub fn parse(text: &[u8], dialect: Dialect) -> Result<Self, PathError> {
        let legacy = match dialect {
            Dialect::RedisJson => is_legacy(text),
            Dialect::Rfc9535 | Dialect::ValkeyJson => text.first() != Some(&b'$'),
        };
        let dialect = match dialect {
            Dialect::Rfc9535 if legacy => Dialect::RedisJson,
            other => other,
        };
        let plan = match text {
            // `.` alone is the root, as RedisJSON's default path.
            b"." if legacy => parse::parse(b"$", dialect, false)?,
            b"" if dialect == Dialect::ValkeyJson => parse::parse(b"$", dialect, false)?,
            _ => parse::parse(text, dialect, legacy)?,
        };
        Ok(Self { plan, legacy })
    }

    /// Whether this is a path of RedisJSON's first syntax, which commands answer with one value
    /// rather than with an array.
    pub fn is_legacy(&self) -> bool {
        self.legacy
    }

    /// Whether this is the root and nothing else.
    pub fn is_root(&self) -> bool {
        self.plan.main.segments.is_empty()
    }

    /// Whether it selects one node at most whatever the document: names and indexes only.
    pub fn is_singular(&self) -> bool {
        self.plan.main.singular
    }

    /// The nodes of `document` that this path selects, in the order of RFC 9535; a node comes as
    /// often as it is selected.
    ///
    /// # Errors
    /// When `meter` has run out.
    pub fn select(
        &self,
        document: Document<'_>,
        meter: &mut Meter,
    ) -> Result<Vec<Node>, LimitExceeded> {
        evaluate::select(&self.plan, self.plan.main.segments.len(), document, meter)
    }

    /// The last step, if it is one name or one index: `$..a[?@.b].c` ends with the name `c`. None
    /// for the root and for every other path.
    pub fn last_step(&self) -> Option<LastStep<'_>> {
        match self.plan.main.segments.last().and_then(Segment::single_step)? {
            Selector::Name(name) => Some(LastStep::Name(name)),
            &Selector::Index(index) => Some(LastStep::Index(index)),
            _ => None,
        }
    }

    /// The nodes that this path without its last step selects.
    ///
    /// # Errors
    /// When `meter` has run out.
    pub fn select_parents(
        &self,
        document: Document<'_>,
        meter: &mut Meter,
    ) -> Result<Vec<Node>, LimitExceeded> {
        let segments = self.plan.main.segments.len().saturating_sub(1);
        evaluate::select(&self.plan, segments, document, meter)
    }

    /// This path as one that needs no index, if it is singular.
    pub fn as_singular(&self) -> Option<SingularPath<'_>> {
        self.is_singular().then_some(SingularPath { segments: &self.plan.main.segments })
    }
}

/// A path of names and indexes only.
#[derive(Clone, Copy, Debug)]
pub struct SingularPath<'p> {
    segments: &'p [Segment],
}

impl<'p> SingularPath<'p> {
    /// The steps, from the root.
    pub fn steps(self) -> impl Iterator<Item = LastStep<'p>> {
        self.segments.iter().filter_map(|segment| match segment.single_step()? {
            Selector::Name(name) => Some(LastStep::Name(name)),
            &Selector::Index(index) => Some(LastStep::Index(index)),
            _ => None,
        })
    }

    /// How many containers are around the value that this path selects.
    pub fn depth(&self) -> usize {
        self.segments.len()
    }

    /// The value of `text` that this path selects. Reads `text` up to the value's end, skipping
    /// what the path does not lead through, or less where `text` has shortcuts.
    pub fn find<'t>(&self, text: &'t Text) -> Option<Spot<'t>> {
        self.segments.iter().try_fold(Spot::root(text), |spot, segment| {
            match segment.single_step()? {
                Selector::Name(name) => spot.member(name),
                &Selector::Index(index) => spot.element(index),
                _ => None,
            }
        })
    }
}

/// Whether RedisJSON takes `text` for a path of its first syntax: everything that does not begin
/// with `$` as a symbol of its own.
fn is_legacy(text: &[u8]) -> bool {
    match text {
        [b'$'] => false,
        [b'$', next, ..] => !matches!(next, b'.' | b'[' | b'~' | b' ' | b'\t' | b'\n' | b'\r'),
        _ => true,
    }
}
