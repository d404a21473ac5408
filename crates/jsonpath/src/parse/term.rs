//! Operands that have been read, and how each goes into the program.

use super::expression::Expression;
use super::{Parsed, Parser};
use crate::function::Type;
use crate::pattern::{Extent, Pattern};
use crate::plan::Op;

/// A compiled pattern may be large, so it counts as many parts: a path has 31 at most.
const PATTERN_PARTS: usize = 128;

/// An operand that has just been read, its type deciding what may follow.
#[derive(Clone, Copy)]
pub(super) enum Term {
    /// A value that the program has pushed.
    Value,
    /// Values in order that the program has pushed.
    List,
    /// A condition that the program has pushed.
    Logical,
    /// A query, not in the program yet.
    Query(usize),
}

impl Parser<'_> {
    /// Puts `term` into the program where a `wanted` belongs.
    pub(super) fn settle(
        &mut self,
        expression: &mut Expression,
        term: Term,
        wanted: Type,
    ) -> Parsed<()> {
        let query = match (term, wanted) {
            (Term::Query(query), _) => query,
            (Term::List, _) | (Term::Value, Type::Value | Type::Any) => return Ok(()),
            (Term::Logical, _) => return self.wrong_type("a logical result is no value"),
            (Term::Value, _) => return self.wrong_type("a value is no query"),
        };
        let singular = self.plan.queries.get(query).is_some_and(|query| query.singular);
        expression.program.push(match wanted {
            Type::Nodes => Op::Nodes(query),
            _ if singular => Op::Value(query),
            _ if !self.extended => {
                return self.wrong_type("a query that may select several nodes has no value");
            }
            Type::Any => Op::Nodes(query),
            _ => Op::Value(query),
        });
        if self.valkey {
            expression.program.push(Op::Require);
        }
        Ok(())
    }

    /// Puts `term` into the program where a condition belongs.
    pub(super) fn condition(&mut self, expression: &mut Expression, term: Term) -> Parsed<()> {
        match term {
            Term::Logical => Ok(()),
            Term::Query(query) => {
                expression.program.push(Op::Exists(query));
                Ok(())
            }
            Term::Value | Term::List => self.expected("a comparison"),
        }
    }

    /// Compiles the literal on top as a pattern, once for all; false if it is none.
    pub(super) fn pattern(&mut self, expression: &mut Expression, extent: Extent) -> Parsed<bool> {
        let Some(&Op::Literal(literal)) = expression.program.last() else { return Ok(false) };
        self.parts += PATTERN_PARTS;
        self.count_part()?;
        let Some(literal) = self.plan.literals.get(literal) else { return Ok(false) };
        let text = literal.document().string(literal.root());
        let compiled = text.and_then(|text| Pattern::compile(&text, extent));
        expression.program.pop();
        expression.program.push(Op::Pattern(self.plan.patterns.len()));
        self.plan.patterns.push(compiled);
        Ok(true)
    }
}
