//! From the text of a path to its plan.
//!
//! A path nests (queries in filters in selectors of queries), so the parser keeps its own stack of
//! what is open, and one loop goes on with the innermost. Within an expression, operators wait on a
//! stack of their own until their right side is there, as in any parser by precedence.

mod expression;
mod operator;
mod query;
mod quoted;
mod term;

use crate::error::{PathError, PathErrorKind};
use crate::plan::{Plan, Query, Segment, Selector};
use crate::{Dialect, PATH_LEN_MAX, PATH_NESTING_MAX, PATH_PARTS_MAX};
use expression::Expression;

/// What is open.
enum Open {
    /// A query whose segments go on.
    Query { absolute: bool, segments: Vec<Segment> },
    /// A bracket.
    Selectors { descendant: bool, selectors: Vec<Selector> },
    /// A `?` in a bracket, or the whole path.
    Expression(Expression),
}

/// Parses `text`, which begins at `$` or with an expression, or, if `implied_root`, with what would
/// follow a `$`.
pub(crate) fn parse(text: &[u8], dialect: Dialect, implied_root: bool) -> Result<Plan, PathError> {
    if text.len() > PATH_LEN_MAX {
        return Err(PathError::new(PathErrorKind::TooLong, PATH_LEN_MAX));
    }
    let text = std::str::from_utf8(text)
        .map_err(|error| PathError::new(PathErrorKind::InvalidUtf8, error.valid_up_to()))?;
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
        extended: dialect == Dialect::RedisJson,
        valkey: dialect == Dialect::ValkeyJson,
        has_calls: dialect == Dialect::RedisJson && text.contains('('),
        plan: Plan {
            main: Query::new(true, Vec::new()),
            projection: None,
            queries: Vec::new(),
            filters: Vec::new(),
            literals: Vec::new(),
            patterns: Vec::new(),
        },
        parts: 0,
        nesting: 0,
        descents: 0,
        open: Vec::new(),
    };
    parser.run(implied_root)?;
    Ok(parser.plan)
}

struct Parser<'p> {
    text: &'p str,
    bytes: &'p [u8],
    at: usize,
    /// RedisJSON's extensions may be written.
    extended: bool,
    /// The path is valkey-json's.
    valkey: bool,
    /// A `(` that may follow the name of a function is somewhere: most paths have none.
    has_calls: bool,
    plan: Plan,
    parts: usize,
    /// Open brackets, calls and parentheses.
    nesting: usize,
    /// How many `..` there were.
    descents: usize,
    open: Vec<Open>,
}

type Parsed<T> = Result<T, PathError>;

impl Parser<'_> {
    fn run(&mut self, implied_root: bool) -> Parsed<()> {
        if implied_root {
            let mut segments = Vec::new();
            if self.peek() != b'.' && self.peek() != b'[' {
                self.count_part()?;
                segments.push(Segment::new(false, vec![self.shorthand()?]));
            }
            self.open.push(Open::Expression(Expression::path()));
            self.open.push(Open::Query { absolute: true, segments });
        } else if self.extended && self.peek() != b'$' {
            self.open.push(Open::Expression(Expression::path()));
        } else {
            self.expect(b'$', "`$`")?;
            self.open.push(Open::Expression(Expression::path()));
            self.open.push(Open::Query { absolute: true, segments: Vec::new() });
        }
        while let Some(open) = self.open.pop() {
            match open {
                Open::Query { absolute, segments } => self.query(absolute, segments)?,
                Open::Selectors { descendant, selectors } => {
                    self.selectors(descendant, selectors)?;
                }
                Open::Expression(expression) => self.operand(expression)?,
            }
        }
        Ok(())
    }

    fn peek(&self) -> u8 {
        // NUL is no part of any path but a quoted name's error, so it can stand for the end.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Parsed<()> {
        if self.peek() != byte {
            return self.expected(what);
        }
        self.at += 1;
        Ok(())
    }

    fn expected<T>(&self, what: &'static str) -> Parsed<T> {
        Err(PathError::new(PathErrorKind::Expected(what), self.at))
    }

    fn wrong_type<T>(&self, why: &'static str) -> Parsed<T> {
        Err(PathError::new(PathErrorKind::WrongType(why), self.at))
    }

    /// The error that valkey-json's path has, the other dialects' being that `what` was expected.
    fn refuse<T>(&self, what: &'static str, valkey: PathErrorKind) -> Parsed<T> {
        let kind = if self.valkey { valkey } else { PathErrorKind::Expected(what) };
        Err(PathError::new(kind, self.at))
    }

    fn count_part(&mut self) -> Parsed<()> {
        self.parts += 1;
        if self.parts > PATH_PARTS_MAX {
            return Err(PathError::new(PathErrorKind::TooManyParts, self.at));
        }
        Ok(())
    }

    fn nest(&mut self) -> Parsed<()> {
        self.nesting += 1;
        if self.nesting > PATH_NESTING_MAX {
            return Err(PathError::new(PathErrorKind::TooNested, self.at));
        }
        Ok(())
    }
}
