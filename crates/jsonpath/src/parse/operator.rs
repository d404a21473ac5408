//! The operators of expressions and how strongly they bind.

use super::Parser;
use crate::function::Function;
use crate::plan::{Arithmetic, CollectionOperator, Comparison};

/// What waits for its right side or its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pending {
    Paren,
    /// With the arguments that are there already.
    Call(Function, usize),
    /// With the step that is to go here if the left side decides.
    Or(usize),
    And(usize),
    Not,
    Compare(Comparison),
    Arithmetic(Arithmetic),
    Sign {
        negative: bool,
    },
}

impl Pending {
    /// How strongly it binds; what only its closing parenthesis ends does not.
    pub(super) fn precedence(self) -> Option<u8> {
        Some(match self {
            Pending::Paren | Pending::Call(..) => return None,
            Pending::Or(_) => 1,
            Pending::And(_) => 2,
            Pending::Not => 3,
            Pending::Compare(_) => 4,
            Pending::Arithmetic(Arithmetic::Add | Arithmetic::Subtract) => 5,
            Pending::Arithmetic(_) => 6,
            Pending::Sign { .. } => 7,
        })
    }
}

/// An operator between two operands.
#[derive(Clone, Copy)]
pub(super) enum Operator {
    Or,
    And,
    Compare(Comparison),
    Arithmetic(Arithmetic),
}

impl Operator {
    pub(super) fn precedence(self) -> u8 {
        match self {
            Operator::Or => 1,
            Operator::And => 2,
            Operator::Compare(_) => 4,
            Operator::Arithmetic(Arithmetic::Add | Arithmetic::Subtract) => 5,
            Operator::Arithmetic(_) => 6,
        }
    }
}

impl Parser<'_> {
    /// The operator at hand and its length.
    pub(super) fn operator(&self) -> Option<(Operator, usize)> {
        let compare = |comparison, len| Some((Operator::Compare(comparison), len));
        let not_equal = if self.valkey { Comparison::Differs } else { Comparison::NotEqual };
        let rest = self.rest();
        match rest {
            [b'&', b'&', ..] => Some((Operator::And, 2)),
            [b'|', b'|', ..] => Some((Operator::Or, 2)),
            [b'=', b'=', ..] => compare(Comparison::Equal, 2),
            [b'!', b'=', ..] => compare(not_equal, 2),
            [b'<', b'=', ..] => compare(Comparison::LessOrEqual, 2),
            [b'>', b'=', ..] => compare(Comparison::GreaterOrEqual, 2),
            [b'<', ..] => compare(Comparison::Less, 1),
            [b'>', ..] => compare(Comparison::Greater, 1),
            _ if !self.extended => None,
            [b'=', b'~', ..] => compare(Comparison::Matches, 2),
            [b'a'..=b'z', ..] => {
                let len = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
                let name = self.text.get(self.at..self.at + len)?;
                compare(Comparison::Collection(CollectionOperator::named(name)?), len)
            }
            [first, ..] => {
                let arithmetic = match first {
                    b'+' => Arithmetic::Add,
                    b'-' => Arithmetic::Subtract,
                    b'*' => Arithmetic::Multiply,
                    b'/' => Arithmetic::Divide,
                    b'%' => Arithmetic::Remainder,
                    _ => return None,
                };
                Some((Operator::Arithmetic(arithmetic), 1))
            }
            [] => None,
        }
    }
}
