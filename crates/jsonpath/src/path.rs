//! A path: parsed once, asked many times.

use crate::error::{PathError, PathErrorKind};
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
            Dialect::Rfc9535 => text.first() != Some(&b'$') && is_legacy(text),
            Dialect::ValkeyJson => text.first() != Some(&b'$'),
        };
        let plan = match (text, dialect) {
            // `.` alone is the root, as RedisJSON's default path.
            (b".", _) if legacy => parse::parse(b"$", dialect, false)?,
            (b"", Dialect::ValkeyJson) => parse::parse(b"$", dialect, false)?,
            (_, Dialect::Rfc9535) if legacy => parse::parse(text, Dialect::RedisJson, true)?,
            _ => parse::parse(text, dialect, legacy)?,
        };
        if plan.projection.is_some() && dialect != Dialect::RedisJson {
            let kind = PathErrorKind::WrongType("an expression is no path of this dialect");
            return Err(PathError::new(kind, 0));
        }
        Ok(Self { plan, legacy })
    }

    /// Whether this is a path of RedisJSON's first syntax, which commands answer with one value
    /// rather than with an array.
    pub fn is_legacy(&self) -> bool {
        self.legacy
    }

    /// Whether this computes values instead of selecting nodes: `$.a + 1`, `$.o.keys()`. Then
    /// [`Path::project`] gives them, and nothing is selected.
    pub fn is_projection(&self) -> bool {
        self.plan.projection.is_some()
    }

    /// Whether this is the root and nothing else.
    pub fn is_root(&self) -> bool {
        !self.is_projection() && self.plan.main.segments.is_empty()
    }

    /// Whether it selects one node at most whatever the document: names and indexes only.
    pub fn is_singular(&self) -> bool {
        !self.is_projection() && self.plan.main.singular
    }

    /// How many regular expressions are compiled in it. Each may take some memory.
    pub fn pattern_count(&self) -> usize {
        self.plan.patterns.len()
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
        if self.is_projection() {
            return Ok(Vec::new());
        }
        evaluate::select(&self.plan, self.plan.main.segments.len(), document, meter)
    }

    /// The values that a projection computes from `document`, as one JSON array; empty if there
    /// are none, and for a path that is no projection.
    ///
    /// # Errors
    /// When `meter` has run out. What is computed counts by its length.
    pub fn project(
        &self,
        document: Document<'_>,
        meter: &mut Meter,
    ) -> Result<Text, LimitExceeded> {
        let program = self.plan.projection.as_deref().unwrap_or_default();
        evaluate::project(&self.plan, program, document, meter)
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

/// Whether RedisJSON takes `text` for a path of its first syntax: everything that begins neither
/// with `$` as a symbol of its own, nor with an expression.
fn is_legacy(text: &[u8]) -> bool {
    let unsigned = text.iter().position(|byte| !matches!(byte, b'+' | b'-' | b' '));
    let text = match (text.first(), unsigned) {
        (Some(b'+' | b'-'), Some(at)) => text.get(at..).unwrap_or_default(),
        _ => text,
    };
    match text {
        [b'$'] | [b'(', ..] => false,
        [b'$', next, ..] => !matches!(next, b'.' | b'[' | b'~' | b' ' | b'\t' | b'\n' | b'\r'),
        _ => {
            let len = text.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            len == 0 || text.get(len) != Some(&b'(')
        }
    }
}
