//! Expressions: what is tried in a filter, and what a projection computes.

use super::operator::{Operator, Pending};
use super::term::Term;
use super::{Open, Parsed, Parser};
use crate::error::PathErrorKind;
use crate::function::{Function, Type};
use crate::pattern::Extent;
use crate::plan::{Comparison, Literal, Op, Query, Selector};
use json_document::Text;

/// An expression on its way.
pub(super) struct Expression {
    pub(super) program: Vec<Op>,
    pending: Vec<Pending>,
    goal: Goal,
}

/// What an expression is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// A condition.
    Filter,
    /// The whole path: a query, or what is computed from some.
    Path,
}

impl Expression {
    pub(super) fn filter() -> Self {
        Self { program: Vec::new(), pending: Vec::new(), goal: Goal::Filter }
    }

    pub(super) fn path() -> Self {
        Self { program: Vec::new(), pending: Vec::new(), goal: Goal::Path }
    }

    /// Whether it is the whole path, and nothing of it has been read but, now, a query.
    pub(super) fn is_untouched(&self) -> bool {
        self.goal == Goal::Path && self.pending.is_empty() && self.program.is_empty()
    }

    /// Whether a condition may be here, rather than a value only.
    fn takes_condition(&self) -> bool {
        let value_only = matches!(
            self.pending.last(),
            Some(
                Pending::Compare(_)
                    | Pending::Call(..)
                    | Pending::Arithmetic(_)
                    | Pending::Sign { .. }
            )
        );
        !value_only && self.goal == Goal::Filter
    }
}

impl Parser<'_> {
    /// Reads an operand, with what opens before it.
    pub(super) fn operand(&mut self, mut expression: Expression) -> Parsed<()> {
        loop {
            self.skip_space();
            self.count_part()?;
            let last = expression.pending.last().copied();
            let condition = expression.takes_condition();
            match self.peek() {
                b'!' if condition
                    && !self.valkey
                    && (self.extended || last != Some(Pending::Not)) =>
                {
                    self.at += 1;
                    expression.pending.push(Pending::Not);
                }
                b'(' if condition || self.extended => {
                    self.at += 1;
                    self.nest()?;
                    expression.pending.push(Pending::Paren);
                }
                b')' if self.extended && matches!(last, Some(Pending::Call(_, 0))) => {
                    let Some(Pending::Call(function, _)) = expression.pending.pop() else {
                        return self.expected("an operand");
                    };
                    let term = self.end_call(&mut expression, function, 0)?;
                    return self.term(expression, term);
                }
                byte @ (b'@' | b'$') if byte == b'$' || expression.goal == Goal::Filter => {
                    self.at += 1;
                    self.open.push(Open::Expression(expression));
                    self.open.push(Open::Query { absolute: byte == b'$', segments: Vec::new() });
                    return Ok(());
                }
                b'"' | b'\'' => {
                    let content = self.string()?;
                    self.literal(&mut expression, Text::from_string(&content));
                    return self.term(expression, Term::Value);
                }
                b'[' | b'{' if self.extended => {
                    let json = self.json_literal()?;
                    self.literal(&mut expression, json);
                    return self.term(expression, Term::Value);
                }
                sign @ (b'-' | b'+')
                    if self.extended
                        && !self
                            .rest()
                            .get(1)
                            .is_some_and(|next| sign == b'-' && next.is_ascii_digit()) =>
                {
                    self.at += 1;
                    expression.pending.push(Pending::Sign { negative: sign == b'-' });
                }
                b'-' | b'0'..=b'9' => {
                    let number = self.number()?;
                    self.literal(&mut expression, number);
                    return self.term(expression, Term::Value);
                }
                b'a'..=b'z' => {
                    let start = self.at;
                    while matches!(self.peek(), b'a'..=b'z' | b'0'..=b'9' | b'_') {
                        self.at += 1;
                    }
                    let word = &self.text[start..self.at];
                    if self.peek() == b'(' {
                        let function = self.function(word, start)?;
                        self.at += 1;
                        self.nest()?;
                        expression.pending.push(Pending::Call(function, 0));
                        continue;
                    }
                    if !matches!(word, "true" | "false" | "null") {
                        self.at = start;
                        return self.expected("an operand");
                    }
                    let literal = Text::assume_valid(word.into());
                    self.literal(&mut expression, literal);
                    return self.term(expression, Term::Value);
                }
                b')' | b']' => return self.refuse("an operand", PathErrorKind::EmptyExpression),
                _ => return self.expected("an operand"),
            }
        }
    }

    fn literal(&mut self, expression: &mut Expression, text: Text) {
        expression.program.push(Op::Literal(self.plan.literals.len()));
        self.plan.literals.push(Literal::new(text));
    }

    /// Puts an operand in its place, and goes on to the next operand or out of the expression.
    pub(super) fn term(&mut self, mut expression: Expression, mut term: Term) -> Parsed<()> {
        loop {
            if let Some(name) = self.method_name() {
                let (start, len) = (self.at + 1, name.len());
                let function = self.function(&self.text[start..start + len], start)?;
                self.count_part()?;
                self.at = start + len + 1;
                self.nest()?;
                let wanted = function.parameters().at(0);
                self.settle(&mut expression, term, wanted)?;
                self.skip_space();
                if self.peek() != b')' {
                    expression.pending.push(Pending::Call(function, 1));
                    self.open.push(Open::Expression(expression));
                    return Ok(());
                }
                term = self.end_call(&mut expression, function, 1)?;
                continue;
            }
            if self.extended && self.peek() == b'~' {
                term = self.member_names(&mut expression, term)?;
            }
            let before_space = self.at;
            self.skip_space();
            let operators = self.extended || expression.goal == Goal::Filter;
            if let Some((operator, len)) = self.operator().filter(|_| operators) {
                let term = self.reduce(&mut expression, term, operator.precedence())?;
                self.push_operator(&mut expression, term, operator)?;
                self.at += len;
                self.open.push(Open::Expression(expression));
                return Ok(());
            }
            term = self.reduce(&mut expression, term, 0)?;
            match expression.pending.pop() {
                Some(Pending::Call(function, arguments)) => {
                    let wanted = function.parameters().at(arguments);
                    self.settle(&mut expression, term, wanted)?;
                    let more = match self.peek() {
                        b',' if self.extended => true,
                        b',' => !function.parameters().take(arguments + 1),
                        _ => false,
                    };
                    if more {
                        self.at += 1;
                        expression.pending.push(Pending::Call(function, arguments + 1));
                        self.open.push(Open::Expression(expression));
                        return Ok(());
                    }
                    term = self.end_call(&mut expression, function, arguments + 1)?;
                }
                Some(_) => {
                    self.expect(b')', "an operator or `)`")?;
                    self.nesting -= 1;
                    if !self.extended {
                        self.condition(&mut expression, term)?;
                        term = Term::Logical;
                    }
                }
                None => {
                    self.at = before_space;
                    return self.end_expression(expression, term);
                }
            }
        }
    }

    /// Ends a call at its `)`.
    fn end_call(
        &mut self,
        expression: &mut Expression,
        function: Function,
        arguments: usize,
    ) -> Parsed<Term> {
        if !function.parameters().take(arguments) && !self.extended {
            return self.expected("another argument");
        }
        self.expect(b')', "`)`")?;
        self.nesting -= 1;
        if !function.parameters().take(arguments) {
            expression.program.push(Op::Miscall(arguments));
        } else {
            let is_literal = match function {
                Function::Match => self.pattern(expression, Extent::Whole)?,
                Function::Search => self.pattern(expression, Extent::Anywhere)?,
                _ => false,
            };
            if !is_literal {
                expression.program.push(Op::Call(function, arguments));
            }
        }
        Ok(match function.result() {
            Type::Logical => Term::Logical,
            Type::List => Term::List,
            _ => Term::Value,
        })
    }

    /// The `~` after a query, which ends it: the names of the members.
    fn member_names(&mut self, expression: &mut Expression, term: Term) -> Parsed<Term> {
        if !matches!(term, Term::Query(_)) {
            return self.expected("an operator or the end");
        }
        self.at += 1;
        self.count_part()?;
        if matches!(self.peek(), b'.' | b'[' | b'~') {
            return self.expected("an operator or the end");
        }
        self.settle(expression, term, Type::Any)?;
        expression.program.push(Op::Call(Function::Keys, 1));
        Ok(Term::List)
    }

    /// Applies what waits and binds at least as strongly as `precedence` to `term`.
    fn reduce(
        &mut self,
        expression: &mut Expression,
        mut term: Term,
        precedence: u8,
    ) -> Parsed<Term> {
        while let Some(&pending) = expression.pending.last() {
            if pending.precedence().is_none_or(|own| own < precedence) {
                break;
            }
            expression.pending.pop();
            match pending {
                Pending::Paren | Pending::Call(..) => {}
                Pending::Sign { negative } => {
                    self.settle(expression, term, Type::Value)?;
                    expression.program.push(Op::Sign { negative });
                    term = Term::Value;
                }
                Pending::Arithmetic(arithmetic) => {
                    self.settle(expression, term, Type::Value)?;
                    expression.program.push(Op::Arithmetic(arithmetic));
                    term = Term::Value;
                }
                Pending::Compare(comparison) => {
                    self.settle(expression, term, Type::Any)?;
                    let is_pattern = comparison == Comparison::Matches
                        && self.pattern(expression, Extent::Redis)?;
                    if !is_pattern {
                        expression.program.push(Op::Compare(comparison));
                    }
                    term = Term::Logical;
                }
                Pending::Not => {
                    self.condition(expression, term)?;
                    expression.program.push(Op::Not);
                    term = Term::Logical;
                }
                Pending::And(step) | Pending::Or(step) => {
                    self.condition(expression, term)?;
                    let here = expression.program.len();
                    if let Some(Op::And(target) | Op::Or(target)) = expression.program.get_mut(step)
                    {
                        *target = here;
                    }
                    term = Term::Logical;
                }
            }
        }
        Ok(term)
    }

    /// Lets `operator` wait for its right side, `term` being its left one.
    fn push_operator(
        &mut self,
        expression: &mut Expression,
        term: Term,
        operator: Operator,
    ) -> Parsed<()> {
        let negated = expression.pending.last() == Some(&Pending::Not);
        let step = |expression: &Expression| expression.program.len();
        let pending = match operator {
            Operator::And | Operator::Or => {
                self.condition(expression, term)?;
                let step = step(expression);
                let (op, pending) = match operator {
                    Operator::And => (Op::And(0), Pending::And(step)),
                    _ => (Op::Or(0), Pending::Or(step)),
                };
                expression.program.push(op);
                pending
            }
            Operator::Compare(_) | Operator::Arithmetic(_) if negated => {
                return self.wrong_type("`!` before a comparison needs parentheses");
            }
            Operator::Compare(comparison) => {
                self.settle(expression, term, Type::Any)?;
                Pending::Compare(comparison)
            }
            Operator::Arithmetic(arithmetic) => {
                self.settle(expression, term, Type::Value)?;
                Pending::Arithmetic(arithmetic)
            }
        };
        expression.pending.push(pending);
        Ok(())
    }

    fn end_expression(&mut self, mut expression: Expression, term: Term) -> Parsed<()> {
        match (expression.goal, term) {
            (Goal::Filter, term) => {
                self.condition(&mut expression, term)?;
                self.end_filter(expression.program)
            }
            (Goal::Path, _) if self.at < self.bytes.len() => self.expected("`.`, `[` or the end"),
            (Goal::Path, Term::Logical) => self.wrong_type("a condition selects nothing"),
            (Goal::Path, Term::Query(_)) => {
                self.plan.main = self.plan.queries.pop().unwrap_or(Query::new(true, Vec::new()));
                self.plan.queries.shrink_to_fit();
                Ok(())
            }
            (Goal::Path, Term::Value | Term::List) => {
                self.plan.projection = Some(expression.program);
                Ok(())
            }
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
            self.end_segment(descendant, selectors)
        } else {
            self.open.push(Open::Selectors { descendant, selectors });
            Ok(())
        }
    }
}
