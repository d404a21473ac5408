//! Running the programs of filters and projections.

use super::operand::{Operand, Scope};
use super::{Compiled, Evaluation, Metered, Progress, Want, arithmetic, compare};
use crate::pattern::{Extent, Pattern, Scratch};
use crate::plan::{Comparison, Op, Query};
use json_document::Node;

/// Patterns that come from the document are kept up to this number.
const PATTERNS_MAX: usize = 16;
/// What compiling a pattern from the document costs on the meter: up to a millisecond.
const PATTERN_VISITS: usize = 50_000;

impl<'p> Evaluation<'p, '_> {
    /// Goes on with a program on `candidate` from `step`; its result is left on the operands.
    pub(super) fn program(
        &mut self,
        program: &'p [Op],
        step: &mut usize,
        candidate: Node,
    ) -> Metered<Progress<'p>> {
        while let Some(op) = program.get(*step) {
            *step += 1;
            self.meter.charge(1)?;
            match *op {
                Op::Literal(literal) => {
                    let node = self.plan.literals.get(literal).map(|literal| literal.root());
                    self.operands.push(
                        node.map_or(Operand::Nothing, |node| Operand::Literal(literal, node)),
                    );
                }
                Op::Value(query) => {
                    if let Some(needed) = self.query(query, Want::Value, candidate)? {
                        return Ok(Progress::Needs(query, needed, Want::Value));
                    }
                }
                Op::Nodes(query) => {
                    if let Some(needed) = self.query(query, Want::Nodes, candidate)? {
                        return Ok(Progress::Needs(query, needed, Want::Nodes));
                    }
                }
                Op::Exists(query) => {
                    if let Some(needed) = self.query(query, Want::Existence, candidate)? {
                        return Ok(Progress::Needs(query, needed, Want::Existence));
                    }
                }
                Op::Require => {
                    if let Some(nothing @ Operand::Nothing) = self.operands.last_mut() {
                        *nothing = Operand::Undefined;
                    }
                }
                Op::Compare(comparison) => {
                    let (right, left) = (self.pop(), self.pop());
                    let holds = self.compare(&left, comparison, &right)?;
                    self.operands.push(Operand::Logical(holds));
                }
                Op::Arithmetic(arithmetic) => {
                    let (right, left) = (self.pop(), self.pop());
                    let scope = self.scope();
                    self.meter.charge((scope.text_len(&left) + scope.text_len(&right)) / 8)?;
                    let numbers = (scope.number(&left), scope.number(&right));
                    let result = match numbers {
                        (Some(left), Some(right)) => arithmetic::compute(left, arithmetic, right),
                        _ => None,
                    };
                    self.operands.push(result.map_or(Operand::Undefined, Operand::Number));
                }
                Op::Sign { negative } => {
                    let operand = self.pop();
                    let number = self.scope().number(&operand);
                    let result =
                        if negative { number.and_then(arithmetic::negated) } else { number };
                    self.operands.push(result.map_or(Operand::Undefined, Operand::Number));
                }
                Op::Call(function, arguments) => self.call(function, arguments)?,
                Op::Miscall(arguments) => {
                    self.operands.truncate(self.operands.len().saturating_sub(arguments));
                    self.operands.push(Operand::Undefined);
                }
                Op::Pattern(pattern) => {
                    let subject = self.pop();
                    let matches = self.matches_literal(&subject, pattern)?;
                    self.operands.push(Operand::Logical(matches));
                }
                Op::Not => {
                    let holds = self.pop_logical();
                    self.operands.push(Operand::Logical(!holds));
                }
                Op::And(target) => {
                    if self.pop_logical() {
                        continue;
                    }
                    self.operands.push(Operand::Logical(false));
                    *step = target;
                }
                Op::Or(target) => {
                    if !self.pop_logical() {
                        continue;
                    }
                    self.operands.push(Operand::Logical(true));
                    *step = target;
                }
            }
        }
        Ok(Progress::Done)
    }

    /// Pushes what is wanted of a query, or gives it back if it must be run first.
    #[inline]
    fn query(&mut self, number: usize, want: Want, candidate: Node) -> Metered<Option<&'p Query>> {
        let Some(query) = self.plan.queries.get(number) else {
            self.operands.push(Operand::Nothing);
            return Ok(None);
        };
        if query.absolute {
            let known = match self.absolute.get_mut(number).and_then(Option::take) {
                Some(nodes) => nodes,
                None if query.has_filter => return Ok(Some(query)),
                None => self.plain_query(query, self.document.root())?,
            };
            self.deliver(want, &known)?;
            if let Some(place) = self.absolute.get_mut(number) {
                *place = Some(known);
            }
        } else if query.singular {
            let node = self.single_node(query, candidate)?;
            self.operands.push(match (want, node) {
                (Want::Existence, node) => Operand::Logical(node.is_some()),
                (Want::Value, node) => node.map_or(Operand::Nothing, Operand::Node),
                (Want::Nodes, node) => Operand::Nodes(node.into_iter().collect()),
            });
        } else if query.has_filter {
            return Ok(Some(query));
        } else {
            let nodes = self.plain_query(query, candidate)?;
            self.deliver(want, &nodes)?;
        }
        Ok(None)
    }

    pub(super) fn scope(&self) -> Scope<'p> {
        Scope { document: self.document, literals: &self.plan.literals }
    }

    pub(super) fn pop(&mut self) -> Operand {
        self.operands.pop().unwrap_or(Operand::Nothing)
    }

    pub(super) fn pop_logical(&mut self) -> bool {
        matches!(self.operands.pop(), Some(Operand::Logical(true)))
    }

    fn compare(
        &mut self,
        left: &Operand,
        comparison: Comparison,
        right: &Operand,
    ) -> Metered<bool> {
        if comparison == Comparison::Matches {
            return self.matches_dynamic(left, right, Extent::Redis);
        }
        compare::holds(self.scope(), left, comparison, right, self.meter)
    }

    /// Whether a string matches; of several nodes, whether one does.
    fn matches(
        &mut self,
        subject: &Operand,
        pattern: &Pattern,
        scratch: &mut Option<Scratch>,
    ) -> Metered<bool> {
        let scope = self.scope();
        if let Operand::Nodes(nodes) = subject {
            for &node in nodes {
                self.meter.charge(1)?;
                if let Some(subject) = scope.document.string(node)
                    && pattern.matches(scratch, &subject, self.meter)?
                {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        match scope.string(subject) {
            Some(subject) => pattern.matches(scratch, &subject, self.meter),
            None => Ok(false),
        }
    }

    /// As [`Self::matches`], with a pattern of the plan.
    fn matches_literal(&mut self, subject: &Operand, number: usize) -> Metered<bool> {
        let Some(Some(pattern)) = self.plan.patterns.get(number) else { return Ok(false) };
        if self.scratches.len() <= number {
            self.scratches.resize_with(number + 1, || None);
        }
        let mut scratch = self.scratches.get_mut(number).and_then(Option::take);
        let matches = self.matches(subject, pattern, &mut scratch)?;
        if let Some(place) = self.scratches.get_mut(number) {
            *place = scratch;
        }
        Ok(matches)
    }

    /// As [`Self::matches`], with a pattern that comes from the document.
    pub(super) fn matches_dynamic(
        &mut self,
        subject: &Operand,
        pattern: &Operand,
        extent: Extent,
    ) -> Metered<bool> {
        let scope = self.scope();
        let Some(pattern) = scope.string(pattern) else { return Ok(false) };
        let key = (pattern.into_owned(), extent);
        let known = match self.patterns.remove(&key) {
            Some(known) => known,
            None => {
                self.meter.charge(PATTERN_VISITS)?;
                Pattern::compile(&key.0, extent).map(|pattern| (pattern, None))
            }
        };
        let Some((pattern, mut scratch)) = known else {
            self.remember(key, None);
            return Ok(false);
        };
        let matches = self.matches(subject, &pattern, &mut scratch)?;
        self.remember(key, Some((pattern, scratch)));
        Ok(matches)
    }

    fn remember(&mut self, key: (String, Extent), pattern: Compiled) {
        if self.patterns.len() >= PATTERNS_MAX {
            self.patterns.clear();
        }
        self.patterns.insert(key, pattern);
    }
}
