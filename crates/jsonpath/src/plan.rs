//! What a path means, ready to be run: RFC 9535's queries, segments and selectors in flat tables
//! that refer to each other by number, filters and projections as postfix programs.

use crate::function::Function;
use crate::pattern::Pattern;
use json_document::{Document, Index, Node, Text};

/// A parsed path.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The query that the path is; without segments if it is a projection.
    pub(crate) main: Query,
    /// The program of a path that computes a value instead of selecting nodes.
    pub(crate) projection: Option<Vec<Op>>,
    /// The queries within filters and projections.
    pub(crate) queries: Vec<Query>,
    pub(crate) filters: Vec<Vec<Op>>,
    pub(crate) literals: Vec<Literal>,
    pub(crate) patterns: Vec<Option<Pattern>>,
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
    /// The container itself: valkey-json's `$..` selects all that are visited.
    Itself,
}

/// `start:end:step` as written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice {
    pub(crate) start: Option<i64>,
    pub(crate) end: Option<i64>,
    pub(crate) step: i64,
}

/// A step of a program, over a stack of operands.
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
    /// Makes Nothing on top undefined, so that no comparison with it holds.
    Require,
    /// Pops two values, pushes whether they compare so.
    Compare(Comparison),
    /// Pops two values, pushes what they compute to.
    Arithmetic(Arithmetic),
    /// Pops a number, pushes it or its negation.
    Sign {
        negative: bool,
    },
    /// Pops so many arguments, pushes the result.
    Call(Function, usize),
    /// Pops so many arguments of a function that takes another number, pushes that there is no
    /// result.
    Miscall(usize),
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
    /// valkey-json's `!=`: of one type, and not equal.
    Differs,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `=~`, RedisJSON's: the right side is a pattern found in the left one.
    Matches,
    /// One of RedisJSON's operators on collections.
    Collection(CollectionOperator),
}

/// RedisJSON's operators on numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
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
    /// The left side has as many elements, members, nodes or characters as the right side says.
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

    pub(crate) fn root(&self) -> Node {
        self.document().root()
    }
}
