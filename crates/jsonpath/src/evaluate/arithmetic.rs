//! Arithmetic on values: exact on integers, on doubles otherwise. What 64 bits or a finite double
//! cannot hold has no value.

use crate::plan::Arithmetic;
use json_document::{Number, NumberValue};
use std::cmp::Ordering;

/// What two numbers compute to. A quotient is always a double.
pub(super) fn compute(
    left: NumberValue,
    arithmetic: Arithmetic,
    right: NumberValue,
) -> Option<NumberValue> {
    if let (Some(left), Some(right)) = (integer(left), integer(right)) {
        let result = match arithmetic {
            Arithmetic::Add => left.checked_add(right),
            Arithmetic::Subtract => left.checked_sub(right),
            Arithmetic::Multiply => left.checked_mul(right),
            Arithmetic::Remainder => left.checked_rem(right),
            Arithmetic::Divide if right == 0 => None,
            Arithmetic::Divide => return finite(left as f64 / right as f64),
        };
        return from_integer(result?);
    }
    let (left, right) = (left.as_f64(), right.as_f64());
    finite(match arithmetic {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        // Infinite or not a number if it is by 0.
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => left % right,
    })
}

pub(super) fn negated(number: NumberValue) -> Option<NumberValue> {
    match integer(number) {
        Some(integer) => from_integer(-integer),
        None => finite(-number.as_f64()),
    }
}

pub(super) fn absolute(number: NumberValue) -> Option<NumberValue> {
    match integer(number) {
        Some(integer) => from_integer(integer.abs()),
        None => finite(number.as_f64().abs()),
    }
}

/// An integer as it is, a double by `round`.
pub(super) fn rounded(number: NumberValue, round: fn(f64) -> f64) -> Option<NumberValue> {
    match number {
        NumberValue::F64(double) => finite(round(double)),
        integer => Some(integer),
    }
}

/// The integer that is left without the fraction.
#[expect(clippy::cast_possible_truncation, reason = "beyond i128 it is as far away as its ends")]
pub(super) fn truncated(number: NumberValue) -> Option<i128> {
    Some(integer(number).unwrap_or(number.as_f64().trunc() as i128))
}

pub(super) fn order(left: NumberValue, right: NumberValue) -> Option<Ordering> {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => {
            let (left, right) = (left.text().ok()?, right.text().ok()?);
            Some(Number::from_text(&left)?.compare(Number::from_text(&right)?))
        }
    }
}

/// The sum of the numbers so far: exact as long as all are integers.
#[derive(Clone, Copy)]
pub(super) enum Sum {
    Integers(i128),
    Doubles(f64),
}

impl Sum {
    pub(super) fn new() -> Self {
        Sum::Integers(0)
    }

    pub(super) fn add(self, number: NumberValue) -> Self {
        match (self, integer(number)) {
            // 2^64 values of 64 bits fit.
            (Sum::Integers(sum), Some(integer)) => Sum::Integers(sum.saturating_add(integer)),
            (sum, _) => Sum::Doubles(sum.as_f64() + number.as_f64()),
        }
    }

    pub(super) fn as_f64(self) -> f64 {
        match self {
            Sum::Integers(sum) => sum as f64,
            Sum::Doubles(sum) => sum,
        }
    }

    pub(super) fn value(self) -> Option<NumberValue> {
        match self {
            Sum::Integers(sum) => from_integer(sum),
            Sum::Doubles(sum) => finite(sum),
        }
    }
}

pub(super) fn finite(double: f64) -> Option<NumberValue> {
    double.is_finite().then_some(NumberValue::F64(double))
}

fn integer(number: NumberValue) -> Option<i128> {
    match number {
        NumberValue::I64(integer) => Some(integer.into()),
        NumberValue::U64(integer) => Some(integer.into()),
        NumberValue::F64(_) => None,
    }
}

fn from_integer(integer: i128) -> Option<NumberValue> {
    if let Ok(integer) = i64::try_from(integer) {
        return Some(NumberValue::I64(integer));
    }
    u64::try_from(integer).ok().map(NumberValue::U64)
}
