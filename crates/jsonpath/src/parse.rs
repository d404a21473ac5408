//! From the text of a path to its plan.
//!
//! A path nests (queries in filters in selectors of queries), so the parser keeps its own stack of
//! what is open, and one loop goes on with the innermost. Within a filter, operators wait on a
//! stack of their own until their right side is there, as in any parser by precedence.

use crate::error::{PathError, PathErrorKind};
use crate::pattern::{self, Extent};
use crate::plan::{
    CollectionOperator, Comparison, Function, Literal, Op, Plan, Query, Segment, Selector, Slice,
    Type,
};
use crate::{Dialect, PATH_LEN_MAX, PATH_NESTING_MAX, PATH_PARTS_MAX};
use json_document::{Limits, Text, quote_into};

/// Integers of a path are exact in a double (RFC 9535 section 2.1).
const INTEGER_MAX: i64 = (1 << 53) - 1;

/// A compiled pattern may be large, so it counts as many parts: a path has 31 at most.
const PATTERN_PARTS: usize = 128;

/// What is open.
enum Open {
    /// A query whose segments go on.
    Query { absolute: bool, segments: Vec<Segment> },
    /// A bracket.
    Selectors { descendant: bool, selectors: Vec<Selector> },
    /// A `?` in a bracket.
    Filter(Filter),
}

#[derive(Default)]
struct Filter {
    program: Vec<Op>,
    pending: Vec<Pending>,
}

/// What waits for its right side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Paren,
    Not,
    /// With the step that is to go here if the left side decides.
    And(usize),
    Or(usize),
    Compare(Comparison),
    /// With the arguments that are there already.
    Call(Function, usize),
}

/// An operand that has just been read, its type deciding what may follow.
enum Term {
    /// A literal or the value of a function, its step in the program.
    Value,
    /// The logical result of a function, its step in the program.
    Logical,
    /// A query, not in the program yet.
    Query(usize),
}

/// Parses `text`, which begins at `$`, or, if `implied_root`, with what would follow it.
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
        redis: dialect != Dialect::Rfc9535,
        plan: Plan {
            main: Query::new(true, Vec::new()),
            queries: Vec::new(),
            filters: Vec::new(),
            literals: Vec::new(),
            patterns: Vec::new(),
        },
        parts: 0,
        nesting: 0,
        open: Vec::new(),
    };
    parser.run(implied_root)?;
    Ok(parser.plan)
}

struct Parser<'p> {
    text: &'p str,
    bytes: &'p [u8],
    at: usize,
    redis: bool,
    plan: Plan,
    parts: usize,
    /// Open brackets, calls and parentheses.
    nesting: usize,
    open: Vec<Open>,
}

type Parsed<T> = Result<T, PathError>;

impl Parser<'_> {
    fn run(&mut self, implied_root: bool) -> Parsed<()> {
        let mut segments = Vec::new();
        if implied_root {
            if self.peek() != b'.' && self.peek() != b'[' {
                self.count_part()?;
                segments.push(Segment::new(false, vec![self.shorthand()?]));
            }
        } else {
            self.expect(b'$', "`$`")?;
        }
        self.open.push(Open::Query { absolute: true, segments });
        while let Some(open) = self.open.pop() {
            match open {
                Open::Query { absolute, segments } => self.query(absolute, segments)?,
                Open::Selectors { descendant, selectors } => {
                    self.selectors(descendant, selectors)?;
                }
                Open::Filter(filter) => self.operand(filter)?,
            }
        }
        if self.at < self.bytes.len() {
            return self.expected("`.`, `[` or the end");
        }
        Ok(())
    }

    // Queries and their segments.

    /// Goes on with a query up to its next bracket or its end.
    fn query(&mut self, absolute: bool, mut segments: Vec<Segment>) -> Parsed<()> {
        loop {
            let before_space = self.at;
            self.skip_space();
            let descendant = self.bytes[self.at..].starts_with(b"..");
            match self.peek() {
                b'[' => {}
                b'.' => self.at += if descendant { 2 } else { 1 },
                _ => {
                    // Space after the last segment is for what is around the query.
                    self.at = before_space;
                    return self.end_query(Query::new(absolute, segments));
                }
            }
            self.count_part()?;
            let bracket = match self.peek() {
                b'[' => {
                    descendant
                        || self.redis
                        || self.bytes.get(self.at.wrapping_sub(1)) != Some(&b'.')
                }
                _ => false,
            };
            if bracket {
                self.at += 1;
                self.nest()?;
                self.open.push(Open::Query { absolute, segments });
                self.open.push(Open::Selectors { descendant, selectors: Vec::new() });
                return Ok(());
            }
            segments.push(Segment::new(descendant, vec![self.shorthand()?]));
        }
    }

    /// Puts a finished query into the plan and into the filter around it, if any.
    fn end_query(&mut self, query: Query) -> Parsed<()> {
        let Some(Open::Filter(filter)) = self.open.pop() else {
            self.plan.main = query;
            return Ok(());
        };
        self.plan.queries.push(query);
        self.term(filter, Term::Query(self.plan.queries.len() - 1))
    }

    /// A `*` or a name without quotes.
    fn shorthand(&mut self) -> Parsed<Selector> {
        let start = self.at;
        if self.peek() == b'*' {
            self.at += 1;
            return Ok(Selector::Wildcard);
        }
        while let Some(character) = self.text[self.at..].chars().next() {
            let belongs = match character {
                'A'..='Z' | 'a'..='z' | '_' | '\u{80}'.. => true,
                '0'..='9' => self.redis || self.at > start,
                '`' | '+' | '#' | '%' | '$' | '^' | '/' | ':' | '-' => self.redis,
                _ => false,
            };
            if !belongs {
                break;
            }
            self.at += character.len_utf8();
        }
        if self.at == start {
            return self.expected("a name, `*` or `[`");
        }
        Ok(Selector::Name(self.text[start..self.at].to_owned()))
    }

    // Brackets.

    /// Reads selectors up to a filter or the closing bracket.
    fn selectors(&mut self, descendant: bool, mut selectors: Vec<Selector>) -> Parsed<()> {
        loop {
            self.skip_space();
            self.count_part()?;
            match self.peek() {
                b'?' => {
                    self.at += 1;
                    self.open.push(Open::Selectors { descendant, selectors });
                    self.open.push(Open::Filter(Filter::default()));
                    return Ok(());
                }
                b'\'' | b'"' => selectors.push(Selector::Name(self.string()?)),
                b'*' => {
                    self.at += 1;
                    selectors.push(Selector::Wildcard);
                }
                b'-' | b':' | b'0'..=b'9' => selectors.push(self.index_or_slice()?),
                _ => return self.expected("a quoted name, `*`, an index, a slice or `?`"),
            }
            if self.end_of_selectors()? {
                return self.end_segment(Segment::new(descendant, selectors));
            }
        }
    }

    /// Past the `,` or `]` after a selector; whether it was `]`.
    fn end_of_selectors(&mut self) -> Parsed<bool> {
        self.skip_space();
        match self.peek() {
            b',' => {
                self.at += 1;
                Ok(false)
            }
            b']' => {
                self.at += 1;
                self.nesting -= 1;
                Ok(true)
            }
            _ => self.expected("`,` or `]`"),
        }
    }

    fn end_segment(&mut self, segment: Segment) -> Parsed<()> {
        if let Some(Open::Query { segments, .. }) = self.open.last_mut() {
            segments.push(segment);
        }
        Ok(())
    }

    fn index_or_slice(&mut self) -> Parsed<Selector> {
        let start = self.optional_integer()?;
        let after_start = self.at;
        self.skip_space();
        if self.peek() != b':' {
            self.at = after_start;
            return match start {
                Some(index) => Ok(Selector::Index(index)),
                None => self.expected("`:`"),
            };
        }
        self.at += 1;
        self.skip_space();
        let end = self.optional_integer()?;
        self.skip_space();
        let mut step = 1;
        if self.peek() == b':' {
            self.at += 1;
            self.skip_space();
            step = self.optional_integer()?.unwrap_or(1);
        }
        Ok(Selector::Slice(Slice { start, end, step }))
    }

    fn optional_integer(&mut self) -> Parsed<Option<i64>> {
        let start = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        let digits = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        match &self.bytes[digits..self.at] {
            [] if digits == start => return Ok(None),
            [] => return self.expected("a digit"),
            [b'0'] if digits == start => {}
            [b'0', ..] => {
                self.at = start;
                return self.expected("an integer without leading zeros");
            }
            _ => {}
        }
        match self.text[start..self.at].parse() {
            Ok(value) if (-INTEGER_MAX..=INTEGER_MAX).contains(&value) => Ok(Some(value)),
            _ => Err(PathError::new(PathErrorKind::OutOfRange, start)),
        }
    }

    /// The content of the quoted string at hand.
    fn string(&mut self) -> Parsed<String> {
        let quote = self.peek();
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), b'\\' | 0..0x20) && self.peek() != quote {
                self.at += 1;
            }
            out.push_str(&self.text[start..self.at]);
            match self.peek() {
                b'\\' => {
                    self.at += 1;
                    out.push(self.escape(quote)?);
                }
                byte if byte == quote => {
                    self.at += 1;
                    return Ok(out);
                }
                _ => return self.expected("a character or the closing quote"),
            }
        }
    }

    fn escape(&mut self, quote: u8) -> Parsed<char> {
        let character = match self.peek() {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            byte @ (b'/' | b'\\') => char::from(byte),
            byte if byte == quote => char::from(byte),
            b'u' => {
                self.at += 1;
                let first = self.hex4()?;
                let code = if (0xd800..0xdc00).contains(&first) {
                    if !self.bytes[self.at..].starts_with(b"\\u") {
                        return self.expected("the second half of a surrogate pair");
                    }
                    self.at += 2;
                    let second = self.hex4()?;
                    if !(0xdc00..0xe000).contains(&second) {
                        return self.expected("the second half of a surrogate pair");
                    }
                    0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                } else {
                    first
                };
                return match char::from_u32(code) {
                    Some(character) => Ok(character),
                    None => self.expected("the first half of a surrogate pair"),
                };
            }
            _ => return self.expected("an escape"),
        };
        self.at += 1;
        Ok(character)
    }

    fn hex4(&mut self) -> Parsed<u32> {
        let mut value = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.peek()).to_digit(16) else {
                return self.expected("a hexadecimal digit");
            };
            value = value << 4 | digit;
            self.at += 1;
        }
        Ok(value)
    }

    // Filters.

    /// Reads an operand, with what opens before it.
    fn operand(&mut self, mut filter: Filter) -> Parsed<()> {
        loop {
            self.skip_space();
            self.count_part()?;
            let in_logical =
                !matches!(filter.pending.last(), Some(Pending::Compare(_) | Pending::Call(..)));
            match self.peek() {
                b'!' if in_logical && filter.pending.last() != Some(&Pending::Not) => {
                    self.at += 1;
                    filter.pending.push(Pending::Not);
                }
                b'(' if in_logical => {
                    self.at += 1;
                    self.nest()?;
                    filter.pending.push(Pending::Paren);
                }
                byte @ (b'@' | b'$') => {
                    self.at += 1;
                    self.open.push(Open::Filter(filter));
                    self.open.push(Open::Query { absolute: byte == b'$', segments: Vec::new() });
                    return Ok(());
                }
                b'"' | b'\'' => {
                    let content = self.string()?;
                    self.literal(&mut filter, Text::from_string(&content));
                    return self.term(filter, Term::Value);
                }
                b'[' | b'{' if self.redis => {
                    let json = self.json_literal()?;
                    self.literal(&mut filter, json);
                    return self.term(filter, Term::Value);
                }
                b'-' | b'0'..=b'9' => {
                    let number = self.number()?;
                    self.literal(&mut filter, number);
                    return self.term(filter, Term::Value);
                }
                b'a'..=b'z' => {
                    let start = self.at;
                    while matches!(self.peek(), b'a'..=b'z' | b'0'..=b'9' | b'_') {
                        self.at += 1;
                    }
                    let word = &self.text[start..self.at];
                    if self.peek() != b'(' {
                        if !matches!(word, "true" | "false" | "null") {
                            self.at = start;
                            return self.expected("an operand");
                        }
                        let literal = Text::assume_valid(word.into());
                        self.literal(&mut filter, literal);
                        return self.term(filter, Term::Value);
                    }
                    let Some(function) = Function::named(word) else {
                        return Err(PathError::new(PathErrorKind::UnknownFunction, start));
                    };
                    self.at += 1;
                    self.nest()?;
                    filter.pending.push(Pending::Call(function, 0));
                }
                _ => return self.expected("an operand"),
            }
        }
    }

    fn literal(&mut self, filter: &mut Filter, text: Text) {
        filter.program.push(Op::Literal(self.plan.literals.len()));
        self.plan.literals.push(Literal::new(text));
    }

    /// A number literal, which is as in JSON.
    fn number(&mut self) -> Parsed<Text> {
        let start = self.at;
        while matches!(self.peek(), b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
            self.at += 1;
        }
        match Text::parse(&self.bytes[start..self.at], &Limits::default()) {
            Ok(number) => Ok(number),
            Err(_) => {
                self.at = start;
                self.expected("a number")
            }
        }
    }

    /// An array or object: JSON, but for strings that may have single quotes.
    fn json_literal(&mut self) -> Parsed<Text> {
        let start = self.at;
        let mut json = Vec::new();
        let mut depth = 0usize;
        loop {
            match self.peek() {
                b'"' | b'\'' => {
                    quote_into(&self.string()?, &mut json);
                    continue;
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ if self.at >= self.bytes.len() => return self.expected("`]` or `}`"),
                _ => {}
            }
            json.push(self.peek());
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        let limits = Limits { depth_max: PATH_NESTING_MAX };
        Text::parse(&json, &limits)
            .map_err(|_| PathError::new(PathErrorKind::Expected("a JSON value"), start))
    }

    /// Puts an operand in its place, and goes on to the next operand or out of the filter.
    fn term(&mut self, mut filter: Filter, mut term: Term) -> Parsed<()> {
        loop {
            match filter.pending.last().copied() {
                Some(Pending::Call(function, arguments)) => {
                    let parameters = function.parameters();
                    let Some(&parameter) = parameters.get(arguments) else {
                        return self.expected("`)`");
                    };
                    self.argument(&mut filter, &term, parameter)?;
                    filter.pending.pop();
                    self.skip_space();
                    if arguments + 1 < parameters.len() {
                        self.expect(b',', "`,`")?;
                        filter.pending.push(Pending::Call(function, arguments + 1));
                        self.open.push(Open::Filter(filter));
                        return Ok(());
                    }
                    self.expect(b')', "`)`")?;
                    self.nesting -= 1;
                    self.call(&mut filter, function)?;
                    term = match function.result() {
                        Type::Logical => Term::Logical,
                        Type::Value | Type::Nodes => Term::Value,
                    };
                    continue;
                }
                Some(Pending::Compare(comparison)) => {
                    self.argument(&mut filter, &term, Type::Value)?;
                    filter.pending.pop();
                    self.compare(&mut filter, comparison)?;
                }
                last => {
                    let before_space = self.at;
                    self.skip_space();
                    if let Some(comparison) = self.comparison() {
                        if last == Some(Pending::Not) {
                            return self.wrong_type("`!` before a comparison needs parentheses");
                        }
                        self.argument(&mut filter, &term, Type::Value)?;
                        filter.pending.push(Pending::Compare(comparison));
                        self.open.push(Open::Filter(filter));
                        return Ok(());
                    }
                    self.at = before_space;
                    match term {
                        Term::Logical => {}
                        Term::Query(query) => filter.program.push(Op::Exists(query)),
                        Term::Value => return self.expected("a comparison"),
                    }
                }
            }
            return self.logical(filter);
        }
    }

    /// Puts `term` into the program where a `wanted` belongs.
    fn argument(&mut self, filter: &mut Filter, term: &Term, wanted: Type) -> Parsed<()> {
        match (term, wanted) {
            (Term::Value, Type::Value) => Ok(()),
            (&Term::Query(query), Type::Nodes) => {
                filter.program.push(Op::Nodes(query));
                Ok(())
            }
            (&Term::Query(query), Type::Value) => {
                if !self.plan.queries.get(query).is_some_and(|query| query.singular) {
                    return self.wrong_type("a query that may select several nodes has no value");
                }
                filter.program.push(Op::Value(query));
                Ok(())
            }
            (Term::Logical, _) => self.wrong_type("a logical result is no value"),
            (Term::Value, _) => self.wrong_type("a value is no query"),
            (Term::Query(_), Type::Logical) => self.wrong_type("a query is no logical value"),
        }
    }

    fn call(&mut self, filter: &mut Filter, function: Function) -> Parsed<()> {
        let extent = match function {
            Function::Match => Extent::Whole,
            Function::Search => Extent::Anywhere,
            _ => {
                filter.program.push(Op::Call(function));
                return Ok(());
            }
        };
        if !self.literal_pattern(filter, extent)? {
            filter.program.push(Op::Call(function));
        }
        Ok(())
    }

    fn compare(&mut self, filter: &mut Filter, comparison: Comparison) -> Parsed<()> {
        if comparison != Comparison::Matches || !self.literal_pattern(filter, Extent::Redis)? {
            filter.program.push(Op::Compare(comparison));
        }
        Ok(())
    }

    /// Compiles the literal on top as a pattern, once for all; false if it is none.
    fn literal_pattern(&mut self, filter: &mut Filter, extent: Extent) -> Parsed<bool> {
        let Some(&Op::Literal(literal)) = filter.program.last() else { return Ok(false) };
        self.parts += PATTERN_PARTS;
        self.count_part()?;
        let Some(literal) = self.plan.literals.get(literal) else { return Ok(false) };
        let document = literal.document();
        let pattern = document.string(document.root());
        let compiled = pattern.and_then(|pattern| pattern::compile(&pattern, extent));
        filter.program.pop();
        filter.program.push(Op::Pattern(self.plan.patterns.len()));
        self.plan.patterns.push(compiled);
        Ok(true)
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let rest = &self.bytes[self.at..];
        let (comparison, len) = match rest {
            [b'=', b'=', ..] => (Comparison::Equal, 2),
            [b'!', b'=', ..] => (Comparison::NotEqual, 2),
            [b'<', b'=', ..] => (Comparison::LessOrEqual, 2),
            [b'>', b'=', ..] => (Comparison::GreaterOrEqual, 2),
            [b'<', ..] => (Comparison::Less, 1),
            [b'>', ..] => (Comparison::Greater, 1),
            [b'=', b'~', ..] if self.redis => (Comparison::Matches, 2),
            [b'a'..=b'z', ..] if self.redis => {
                let is_letter = |byte: &u8| byte.is_ascii_lowercase();
                let len = rest.iter().take_while(|byte| is_letter(byte)).count();
                let name = self.text.get(self.at..self.at + len)?;
                (Comparison::Collection(CollectionOperator::named(name)?), len)
            }
            _ => return None,
        };
        self.at += len;
        Some(comparison)
    }

    /// After a logical value: what is closed, joined or ended by what comes.
    fn logical(&mut self, mut filter: Filter) -> Parsed<()> {
        loop {
            while filter.pending.last() == Some(&Pending::Not) {
                filter.pending.pop();
                filter.program.push(Op::Not);
            }
            self.skip_space();
            let rest = &self.bytes[self.at..];
            let step = filter.program.len();
            if rest.starts_with(b"&&") {
                self.at += 2;
                filter.settle(false);
                filter.program.push(Op::And(0));
                filter.pending.push(Pending::And(step));
                self.open.push(Open::Filter(filter));
                return Ok(());
            }
            if rest.starts_with(b"||") {
                self.at += 2;
                filter.settle(true);
                filter.program.push(Op::Or(0));
                filter.pending.push(Pending::Or(step));
                self.open.push(Open::Filter(filter));
                return Ok(());
            }
            filter.settle(true);
            if filter.pending.is_empty() {
                return self.end_filter(filter.program);
            }
            // What is left after settling waits for its parenthesis.
            self.expect(b')', "`&&`, `||` or `)`")?;
            self.nesting -= 1;
            filter.pending.pop();
        }
    }

    fn end_filter(&mut self, program: Vec<Op>) -> Parsed<()> {
        let selector = Selector::Filter(self.plan.filters.len());
        self.plan.filters.push(program);
        let Some(Open::Selectors { descendant, mut selectors }) = self.open.pop() else {
            return Ok(());
        };
        selectors.push(selector);
        if self.end_of_selectors()? {
            self.end_segment(Segment::new(descendant, selectors))
        } else {
            self.open.push(Open::Selectors { descendant, selectors });
            Ok(())
        }
    }

    // Characters.

    fn peek(&self) -> u8 {
        // NUL is no part of any path but a quoted name's error, so it can stand for the end.
        self.bytes.get(self.at).copied().unwrap_or(0)
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

impl Filter {
    /// Ends the `&&` that wait, and the `||` too if `or`: their left sides, when they decide, go
    /// on from here.
    fn settle(&mut self, or: bool) {
        let here = self.program.len();
        while let Some(&pending) = self.pending.last() {
            match (pending, self.program.as_mut_slice()) {
                (Pending::And(step), program) => {
                    if let Some(Op::And(target)) = program.get_mut(step) {
                        *target = here;
                    }
                }
                (Pending::Or(step), program) if or => {
                    if let Some(Op::Or(target)) = program.get_mut(step) {
                        *target = here;
                    }
                }
                _ => return,
            }
            self.pending.pop();
        }
    }
}
