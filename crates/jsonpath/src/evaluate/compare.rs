//! Comparisons of RFC 9535 section 2.3.5.2.2, and RedisJSON's operators on collections.

use super::Metered;
use super::arithmetic;
use super::operand::{Elements, OPERAND_VISITS, Operand, Scope, Value};
use crate::meter::Meter;
use crate::plan::{CollectionOperator, Comparison};
use json_document::{Kind, Number, NumberValue};
use std::cmp::Ordering;

/// Whether `left` and `right` compare as `comparison` says. Of several nodes, RedisJSON has it that
/// one suffices.
#[inline]
pub(super) fn holds(
    scope: Scope<'_>,
    left: &Operand,
    comparison: Comparison,
    right: &Operand,
    meter: &mut Meter,
) -> Metered<bool> {
    match (comparison, left, right) {
        (Comparison::Collection(operator), ..) => {
            collection_holds(scope, left, operator, right, meter)
        }
        (_, Operand::Nodes(_), _) | (_, _, Operand::Nodes(_)) => {
            any_holds(scope, left, comparison, right, meter)
        }
        _ => one_holds(scope, left, comparison, right, meter),
    }
}

/// As [`holds`], where there are several nodes on a side at least.
fn any_holds(
    scope: Scope<'_>,
    left: &Operand,
    comparison: Comparison,
    right: &Operand,
    meter: &mut Meter,
) -> Metered<bool> {
    let several = |operand: &Operand| match operand {
        Operand::Nodes(nodes) => nodes.len(),
        _ => 1,
    };
    let one = |operand: &Operand, at: usize| match operand {
        Operand::Nodes(nodes) => {
            nodes.get(at).map_or(Operand::Nothing, |&node| Operand::Node(node))
        }
        other => other.clone(),
    };
    for left_at in 0..several(left) {
        let left = one(left, left_at);
        for right_at in 0..several(right) {
            meter.charge(2)?;
            if one_holds(scope, &left, comparison, &one(right, right_at), meter)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[inline]
fn one_holds(
    scope: Scope<'_>,
    left: &Operand,
    comparison: Comparison,
    right: &Operand,
    meter: &mut Meter,
) -> Metered<bool> {
    let (left_value, right_value) = (scope.value(left), scope.value(right));
    if matches!(left_value, Value::Undefined) || matches!(right_value, Value::Undefined) {
        return Ok(false);
    }
    charge(left_value, right_value, meter)?;
    let equal = |meter: &mut Meter| equal(scope, left, right, meter);
    Ok(match comparison {
        Comparison::Equal => equal(meter)?,
        Comparison::NotEqual => !equal(meter)?,
        Comparison::Differs => of_one_type(left_value, right_value) && !equal(meter)?,
        Comparison::Less => order(left_value, right_value) == Some(Ordering::Less),
        Comparison::Greater => order(left_value, right_value) == Some(Ordering::Greater),
        Comparison::LessOrEqual => {
            order(left_value, right_value) == Some(Ordering::Less)
                || !is_literal_container(scope, left)
                    && !is_literal_container(scope, right)
                    && equal(meter)?
        }
        Comparison::GreaterOrEqual => {
            order(left_value, right_value) == Some(Ordering::Greater)
                || !is_literal_container(scope, left)
                    && !is_literal_container(scope, right)
                    && equal(meter)?
        }
        // A pattern; the program sees to it.
        Comparison::Matches | Comparison::Collection(_) => false,
    })
}

/// RedisJSON has no order for arrays and objects that are written in a path, not even equality.
fn is_literal_container(scope: Scope<'_>, operand: &Operand) -> bool {
    matches!(operand, Operand::Literal(..))
        && matches!(scope.value(operand), Value::Json(document, node)
            if matches!(document.kind(node), Kind::Array | Kind::Object))
}

fn of_one_type(left: Value<'_>, right: Value<'_>) -> bool {
    let (Value::Json(left, left_node), Value::Json(right, right_node)) = (left, right) else {
        return false;
    };
    match (left.kind(left_node), right.kind(right_node)) {
        (Kind::Integer | Kind::Number, Kind::Integer | Kind::Number) => true,
        (left, right) => left == right,
    }
}

/// Takes off what comparing the smaller side costs.
#[inline]
fn charge(left: Value<'_>, right: Value<'_>, meter: &mut Meter) -> Metered<()> {
    let (Value::Json(left, left_node), Value::Json(right, right_node)) = (left, right) else {
        return Ok(());
    };
    let bytes = left.span(left_node).len().min(right.span(right_node).len());
    let nodes = left.subtree_len(left_node).min(right.subtree_len(right_node));
    meter.charge(bytes / 32 + nodes)
}

fn equal(scope: Scope<'_>, left: &Operand, right: &Operand, meter: &mut Meter) -> Metered<bool> {
    if matches!(left, Operand::List(_)) || matches!(right, Operand::List(_)) {
        return lists_equal(scope, left, right, meter);
    }
    Ok(match (scope.value(left), scope.value(right)) {
        (Value::Nothing, Value::Nothing) => true,
        (Value::Json(left, left_node), Value::Json(right, right_node)) => {
            left.equal(left_node, right, right_node)
        }
        (left, right) => order(left, right) == Some(Ordering::Equal),
    })
}

/// Whether values in order equal an array or others. They nest as the path does, so what is to be
/// compared yet is kept in a vector.
fn lists_equal(
    scope: Scope<'_>,
    left: &Operand,
    right: &Operand,
    meter: &mut Meter,
) -> Metered<bool> {
    let mut pending = vec![(left.clone(), right.clone())];
    while let Some((left, right)) = pending.pop() {
        meter.charge(1)?;
        if !matches!(left, Operand::List(_)) && !matches!(right, Operand::List(_)) {
            charge(scope.value(&left), scope.value(&right), meter)?;
            if !equal(scope, &left, &right, meter)? {
                return Ok(false);
            }
            continue;
        }
        let (Some(mut lefts), Some(mut rights)) = (scope.elements(&left), scope.elements(&right))
        else {
            return Ok(false);
        };
        loop {
            meter.charge(2 * OPERAND_VISITS)?;
            match (lefts.next(), rights.next()) {
                (Some(left), Some(right)) => pending.push((left, right)),
                (None, None) => break,
                _ => return Ok(false),
            }
        }
    }
    Ok(true)
}

/// The order of two operands that are numbers or strings.
pub(super) fn order_of(scope: Scope<'_>, left: &Operand, right: &Operand) -> Option<Ordering> {
    order(scope.value(left), scope.value(right))
}

/// The order of two numbers or two strings; other values have none.
fn order(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Json(left, left_node), Value::Json(right, right_node)) => {
            match (left.kind(left_node), right.kind(right_node)) {
                (Kind::String, Kind::String) => {
                    // UTF-8 sorts as the characters do.
                    Some(left.string(left_node)?.cmp(&right.string(right_node)?))
                }
                (Kind::Integer | Kind::Number, Kind::Integer | Kind::Number) => {
                    Some(left.number(left_node)?.compare(right.number(right_node)?))
                }
                _ => None,
            }
        }
        (Value::Number(left), Value::Number(right)) => arithmetic::order(left, right),
        (Value::Number(number), Value::Json(document, node)) => {
            order_number(number, document.number(node)?)
        }
        (Value::Json(document, node), Value::Number(number)) => {
            order_number(number, document.number(node)?).map(Ordering::reverse)
        }
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::String(string), Value::Json(document, node)) => {
            Some(string.cmp(&document.string(node)?))
        }
        (Value::Json(document, node), Value::String(string)) => {
            Some((*document.string(node)?).cmp(string))
        }
        _ => None,
    }
}

/// The order of a computed number and one with a text, which may have more digits than a double.
fn order_number(number: NumberValue, other: Number<'_>) -> Option<Ordering> {
    match (number, other.value()) {
        (NumberValue::F64(_), _) | (_, NumberValue::F64(_)) => {
            let text = number.text().ok()?;
            Some(Number::from_text(&text)?.compare(other))
        }
        (number, other) => arithmetic::order(number, other),
    }
}

fn collection_holds(
    scope: Scope<'_>,
    left: &Operand,
    operator: CollectionOperator,
    right: &Operand,
    meter: &mut Meter,
) -> Metered<bool> {
    if matches!(left, Operand::Undefined) || matches!(right, Operand::Undefined) {
        return Ok(false);
    }
    match operator {
        CollectionOperator::In => any_is_element(scope, left, right, meter),
        CollectionOperator::NotIn => Ok(!any_is_element(scope, left, right, meter)?),
        CollectionOperator::SubsetOf => {
            let (Some(elements), true) = (scope.elements(left), scope.elements(right).is_some())
            else {
                return Ok(false);
            };
            Ok(!any_element(elements, meter, |element, meter| {
                Ok(!is_element(scope, element, right, meter)?)
            })?)
        }
        CollectionOperator::AnyOf | CollectionOperator::NoneOf => {
            let (Some(elements), true) = (scope.elements(left), scope.elements(right).is_some())
            else {
                return Ok(false);
            };
            let any = any_element(elements, meter, |element, meter| {
                is_element(scope, element, right, meter)
            })?;
            Ok(any == (operator == CollectionOperator::AnyOf))
        }
        CollectionOperator::Size => {
            let wanted = scope.number(right).and_then(arithmetic::truncated);
            Ok(wanted.is_some() && size(scope, left, meter)? == wanted)
        }
        CollectionOperator::Empty => {
            let wanted = match scope.value(right) {
                Value::Json(document, node) => document.boolean(node),
                _ => None,
            };
            Ok(wanted.is_some() && size(scope, left, meter)?.map(|size| size == 0) == wanted)
        }
    }
}

/// Whether a value, or one of several nodes, equals an element of `array`; false if that is none.
fn any_is_element(
    scope: Scope<'_>,
    value: &Operand,
    array: &Operand,
    meter: &mut Meter,
) -> Metered<bool> {
    let Operand::Nodes(nodes) = value else { return is_element(scope, value, array, meter) };
    for &node in nodes {
        if is_element(scope, &Operand::Node(node), array, meter)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_element(
    scope: Scope<'_>,
    value: &Operand,
    array: &Operand,
    meter: &mut Meter,
) -> Metered<bool> {
    let Some(elements) = scope.elements(array) else { return Ok(false) };
    any_element(elements, meter, |element, meter| {
        charge(scope.value(value), scope.value(element), meter)?;
        equal(scope, value, element, meter)
    })
}

fn any_element(
    elements: Elements<'_>,
    meter: &mut Meter,
    mut holds: impl FnMut(&Operand, &mut Meter) -> Metered<bool>,
) -> Metered<bool> {
    for element in elements {
        // An element compared takes as long as so many values passed by.
        meter.charge(8)?;
        if holds(&element, meter)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Elements, members, nodes or characters.
pub(super) fn size(
    scope: Scope<'_>,
    operand: &Operand,
    meter: &mut Meter,
) -> Metered<Option<i128>> {
    let size = match operand {
        Operand::Nodes(nodes) => nodes.len(),
        _ => match scope.value(operand) {
            Value::List(list) => list.len(),
            Value::String(string) => characters(string, meter)?,
            Value::Json(document, node) => match document.kind(node) {
                Kind::Array | Kind::Object => document.len(node),
                Kind::String => characters(&document.string(node).unwrap_or_default(), meter)?,
                _ => return Ok(None),
            },
            _ => return Ok(None),
        },
    };
    Ok(Some(size as i128))
}

fn characters(string: &str, meter: &mut Meter) -> Metered<usize> {
    meter.charge(string.len() / 32)?;
    Ok(string.chars().count())
}
