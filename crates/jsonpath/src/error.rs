//! Why a path was refused, and where.

use std::fmt;

/// A refused path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathError {
    offset: usize,
    kind: PathErrorKind,
}

/// What was wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathErrorKind {
    /// Something else should have come, named for a reader.
    Expected(&'static str),
    /// An integer or number outside its range.
    OutOfRange,
    /// No function has that name.
    UnknownFunction,
    /// A function, query or literal where its type has no place.
    WrongType(&'static str),
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// More than [`crate::PATH_LEN_MAX`] bytes.
    TooLong,
    /// More brackets and parentheses within each other than [`crate::PATH_NESTING_MAX`].
    TooNested,
    /// More selectors and operators than [`crate::PATH_PARTS_MAX`].
    TooManyParts,
    /// valkey-json: more `..` than [`crate::VALKEY_DESCENTS_MAX`].
    TooManyDescents,
    /// valkey-json: brackets or a filter with nothing in them.
    EmptyExpression,
    /// valkey-json: neither a name nor `*` where one should be.
    MissingName,
    /// valkey-json: a name in quotes that do not close, or with an escape that is none.
    InvalidName,
    /// valkey-json: `...`.
    DotSequence,
    /// valkey-json: what is in brackets is no index.
    NotAnIndex,
    /// valkey-json: a slice that steps by 0.
    ZeroStep,
    /// valkey-json: a `$` that is not at the start.
    DollarNotRoot,
}

impl PathError {
    pub(crate) fn new(kind: PathErrorKind, offset: usize) -> Self {
        Self { offset, kind }
    }

    /// The byte of the path at which it went wrong, from 0.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What was wrong.
    pub fn kind(&self) -> PathErrorKind {
        self.kind
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PathErrorKind::Expected(what) => write!(f, "expected {what}"),
            PathErrorKind::OutOfRange => f.write_str("number out of range"),
            PathErrorKind::UnknownFunction => f.write_str("unknown function"),
            PathErrorKind::WrongType(why) => f.write_str(why),
            PathErrorKind::InvalidUtf8 => f.write_str("path is not UTF-8"),
            PathErrorKind::TooLong => f.write_str("path too long"),
            PathErrorKind::TooNested => f.write_str("path nested too deeply"),
            PathErrorKind::TooManyParts => f.write_str("path has too many parts"),
            PathErrorKind::TooManyDescents => f.write_str("path has too many `..`"),
            PathErrorKind::EmptyExpression => f.write_str("expression is empty"),
            PathErrorKind::MissingName => f.write_str("expected a name or `*`"),
            PathErrorKind::InvalidName => f.write_str("quoted name is not valid"),
            PathErrorKind::DotSequence => f.write_str("too many dots"),
            PathErrorKind::NotAnIndex => f.write_str("expected an index"),
            PathErrorKind::ZeroStep => f.write_str("step of a slice is zero"),
            PathErrorKind::DollarNotRoot => f.write_str("`$` is not at the start"),
        }?;
        write!(f, " at position {}", self.offset)
    }
}

impl std::error::Error for PathError {}
