//! What a path means, ready to be run: RFC 9535's queries, segments and selectors in flat tables
//! that refer to each other by number, filters as postfix programs.

use json_document::{Document, Index, Text};
use regex::Regex;

/// A parsed path.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) main: Query,
    /// The queries within filters.
    pub(crate) queries: Vec<Query>,
    pub(crate) filters: Vec<Vec<Op>>,
    pub(crate) literals: Vec<Literal>,
    pub(crate) patterns: Vec<Option<Regex>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// From `$` rather than `@`.
    pub(crate) absolute: bool,
    /// Selects one node at most, by its form (RFC 9535 section 2.3.5.1).
    pub(crate) singular: bool,
    pub(crate) has_filter: bool,
    pub(crate) segments: Vec<Segment>,
}

impl Query {
    pub(crate) fn new(absolute: bool, segments: Vec<Segment>) -> Self {
        Self {
            absolute,
            singular: segments.iter().all(|segment| segment.single_step().is_some()),
            has_filter: segments.iter().any(|segment| segment.has_filter),
            segments,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) descendant: bool,
    pub(crate) has_filter: bool,
    pub(crate) selectors: Vec<Selector>,
}

impl Segment {
    pub(crate) fn new(descendant: bool, selectors: Vec<Selector>) -> Self {
        let has_filter = selectors.iter().any(|selector| matches!(selector, Selector::Filter(_)));
        Self { descendant, has_filter, selectors }
    }

    /// The name or index that a segment of a singular query consists of.
    pub(crate) fn single_step(&self) -> Option<&Selector> {
        match self.selectors.as_slice() {
            [step @ (Selector::Name(_) | Selector::Index(_))] if !self.descendant => Some(step),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Selector {
    Name(String),
    Wildcard,
    Index(i64),
    Slice(Slice),
    /// The number of the filter's program.
    Filter(usize),
}

/// `start:end:step` as written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice {
    pub(crate) start: Option<i64>,
    pub(crate) end: Option<i64>,
    pub(crate) step: i64,
}

/// A step of a filter's program, over a stack of operands.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Pushes a literal.
    Literal(usize),
    /// Pushes the value of a query, Nothing if it selects no node or several.
    Value(usize),
    /// Pushes the nodes of a query.
    Nodes(usize),
    /// Pushes whether a query selects a node.
    Exists(usize),
    /// Pops two values, pushes whether they compare so.
    Compare(Comparison),
    /// Pops the arguments, pushes the result.
    Call(Function),
    /// Pops a value, pushes whether it is a string that the pattern matches.
    Pattern(usize),
    Not,
    /// If false is on top goes to this step, else pops it.
    And(usize),
    /// If true is on top goes to this step, else pops it.
    Or(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `=~`, RedisJSON's: the right side is a pattern found in the left one.
    Matches,
    /// One of RedisJSON's operators on collections.
    Collection(CollectionOperator),
}

/// RedisJSON's operators on arrays, and on what has a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CollectionOperator {
    /// The left side is an element of the right one.
    In,
    /// It is none.
    NotIn,
    /// All elements of the left side are elements of the right one.
    SubsetOf,
    /// Some element of the left side is one of the right one.
    AnyOf,
    /// No element of the left side is one of the right one.
    NoneOf,
    /// The left side has as many elements, members or characters as the right side says or has.
    Size,
    /// Whether the left side has none is what the right side says.
    Empty,
}

impl CollectionOperator {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "in" => Self::In,
            "nin" => Self::NotIn,
            "subsetof" => Self::SubsetOf,
            "anyof" => Self::AnyOf,
            "noneof" => Self::NoneOf,
            "size" | "sizeof" => Self::Size,
            "empty" => Self::Empty,
            _ => return None,
        })
    }
}

/// The functions of RFC 9535 section 2.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Length,
    Count,
    Match,
    Search,
    Value,
}

/// What a function takes or gives (RFC 9535 section 2.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Value,
    Logical,
    Nodes,
}

impl Function {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "length" => Self::Length,
            "count" => Self::Count,
            "match" => Self::Match,
            "search" => Self::Search,
            "value" => Self::Value,
            _ => return None,
        })
    }

    pub(crate) fn parameters(self) -> &'static [Type] {
        match self {
            Self::Length => &[Type::Value],
            Self::Count | Self::Value => &[Type::Nodes],
            Self::Match | Self::Search => &[Type::Value, Type::Value],
        }
    }

    pub(crate) fn result(self) -> Type {
        match self {
            Self::Length | Self::Count | Self::Value => Type::Value,
            Self::Match | Self::Search => Type::Logical,
        }
    }
}

/// A value written in a path. It is a small document, so that it compares like one.
#[derive(Clone, Debug)]
pub(crate) struct Literal {
    text: Text,
    index: Index,
}

impl Literal {
    pub(crate) fn new(text: Text) -> Self {
        let index = Index::new(&text);
        Self { text, index }
    }

    pub(crate) fn document(&self) -> Document<'_> {
        Document::new(&self.text, &self.index)
    }
}
