//! Queries: segments, brackets and the selectors in them.

use super::expression::Expression;
use super::term::Term;
use super::{Open, Parsed, Parser};
use crate::VALKEY_DESCENTS_MAX;
use crate::error::{PathError, PathErrorKind};
use crate::function::Function;
use crate::plan::{Query, Segment, Selector, Slice};

impl Parser<'_> {
    /// Goes on with a query up to its next bracket or its end.
    pub(super) fn query(&mut self, absolute: bool, mut segments: Vec<Segment>) -> Parsed<()> {
        loop {
            let before_space = self.at;
            self.skip_space();
            let descendant = self.rest().starts_with(b"..");
            match self.peek() {
                b'[' => {}
                b'.' if self.method_name().is_none() => self.at += if descendant { 2 } else { 1 },
                _ => {
                    // Space after the last segment is for what is around the query.
                    self.at = before_space;
                    return self.end_query(Query::new(absolute, segments));
                }
            }
            self.count_part()?;
            if descendant {
                self.descents += 1;
                if self.valkey && self.descents > VALKEY_DESCENTS_MAX {
                    return Err(PathError::new(PathErrorKind::TooManyDescents, self.at));
                }
            }
            let after_dot = self.bytes.get(self.at.wrapping_sub(1)) == Some(&b'.');
            let bracket =
                self.peek() == b'[' && (descendant || !after_dot || self.extended || self.valkey);
            if bracket {
                self.at += 1;
                self.nest()?;
                self.open.push(Open::Query { absolute, segments });
                self.open.push(Open::Selectors { descendant, selectors: Vec::new() });
                return Ok(());
            }
            if self.valkey && descendant && self.at == self.bytes.len() {
                segments.push(Segment::new(true, vec![Selector::Itself]));
                continue;
            }
            segments.push(Segment::new(descendant, vec![self.shorthand()?]));
        }
    }

    /// Puts a finished query into the plan and into the expression around it.
    fn end_query(&mut self, query: Query) -> Parsed<()> {
        let Some(Open::Expression(expression)) = self.open.pop() else { return Ok(()) };
        if self.valkey && !query.absolute && (query.segments.len() > 1 || !query.singular) {
            return self.wrong_type("`@` takes one name");
        }
        if self.at == self.bytes.len() && expression.is_untouched() {
            // The whole path, as nearly always.
            self.plan.main = query;
            return Ok(());
        }
        self.plan.queries.push(query);
        self.term(expression, Term::Query(self.plan.queries.len() - 1))
    }

    /// At the `.` of `.name(`, the name.
    pub(super) fn method_name(&self) -> Option<&str> {
        if !self.has_calls {
            return None;
        }
        let name = self.rest().strip_prefix(b".")?;
        let len = name.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        (len > 0 && name.get(len) == Some(&b'('))
            .then(|| self.text.get(self.at + 1..self.at + 1 + len))
            .flatten()
    }

    /// A `*` or a name without quotes.
    pub(super) fn shorthand(&mut self) -> Parsed<Selector> {
        let start = self.at;
        match self.peek() {
            b'*' => {
                self.at += 1;
                return Ok(Selector::Wildcard);
            }
            b'.' if self.valkey => return self.refuse("a name", PathErrorKind::DotSequence),
            b'$' if self.valkey => return self.refuse("a name", PathErrorKind::DollarNotRoot),
            _ => {}
        }
        while let Some(character) = self.text[self.at..].chars().next() {
            if !self.is_name_character(character, self.at == start) {
                break;
            }
            self.at += character.len_utf8();
        }
        if self.at == start {
            return self.refuse("a name, `*` or `[`", PathErrorKind::MissingName);
        }
        Ok(Selector::Name(self.text[start..self.at].to_owned()))
    }

    /// Whether `character` belongs to a name without quotes.
    fn is_name_character(&self, character: char, first: bool) -> bool {
        match character {
            'A'..='Z' | 'a'..='z' | '_' | '\u{80}'.. => true,
            '0'..='9' => self.extended || self.valkey || !first,
            '`' | '+' | '#' | '%' | '$' | '^' | '/' | ':' | '-' => self.extended || self.valkey,
            '\\' | ';' | '~' => self.valkey,
            _ => false,
        }
    }

    /// Reads selectors up to a filter or the closing bracket.
    pub(super) fn selectors(
        &mut self,
        descendant: bool,
        mut selectors: Vec<Selector>,
    ) -> Parsed<()> {
        loop {
            self.skip_space();
            self.count_part()?;
            match self.peek() {
                b'?' => {
                    self.at += 1;
                    self.open.push(Open::Selectors { descendant, selectors });
                    self.open.push(Open::Expression(Expression::filter()));
                    self.skip_space();
                    if self.valkey && self.peek() != b'(' {
                        return self.expected("`(`");
                    }
                    return Ok(());
                }
                b'\'' | b'"' => {
                    let name = self.string();
                    if self.valkey && name.is_err() {
                        return Err(PathError::new(PathErrorKind::InvalidName, self.at));
                    }
                    selectors.push(Selector::Name(name?));
                }
                b'*' => {
                    self.at += 1;
                    selectors.push(Selector::Wildcard);
                }
                b'-' | b':' | b'0'..=b'9' => selectors.push(self.index_or_slice()?),
                b']' => {
                    let what = "a quoted name, `*`, an index, a slice or `?`";
                    return self.refuse(what, PathErrorKind::EmptyExpression);
                }
                _ => {
                    let what = "a quoted name, `*`, an index, a slice or `?`";
                    return self.refuse(what, PathErrorKind::NotAnIndex);
                }
            }
            if self.end_of_selectors()? {
                return self.end_segment(descendant, selectors);
            }
        }
    }

    /// Past the `,` or `]` after a selector; whether it was `]`.
    pub(super) fn end_of_selectors(&mut self) -> Parsed<bool> {
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

    /// Adds the finished bracket to its query.
    pub(super) fn end_segment(&mut self, descendant: bool, selectors: Vec<Selector>) -> Parsed<()> {
        if self.valkey && selectors.len() > 1 {
            let names = |selector: &Selector| matches!(selector, Selector::Name(_));
            let indexes = |selector: &Selector| matches!(selector, Selector::Index(_));
            if !selectors.iter().all(names) && !selectors.iter().all(indexes) {
                return self.wrong_type("a union is of names or of indexes");
            }
        }
        if let Some(Open::Query { segments, .. }) = self.open.last_mut() {
            segments.push(Segment::new(descendant, selectors));
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
        if self.valkey && step == 0 {
            return Err(PathError::new(PathErrorKind::ZeroStep, self.at));
        }
        if self.valkey && step < 0 && (start.is_none() || end.is_none()) {
            return self.wrong_type("a negative step needs both bounds");
        }
        Ok(Selector::Slice(Slice { start, end, step }))
    }

    /// The function that `name` at `start` calls.
    pub(super) fn function(&self, name: &str, start: usize) -> Parsed<Function> {
        match Function::named(name, self.extended) {
            Some(function) if !self.valkey => Ok(function),
            _ => Err(PathError::new(PathErrorKind::UnknownFunction, start)),
        }
    }
}
