//! Comparisons of RFC 9535 section 2.3.5.2.2, and RedisJSON's operators on collections.

use crate::meter::{LimitExceeded, Meter};
use crate::plan::{CollectionOperator, Comparison};
use json_document::{Document, Kind, Node, Number, Text};
use std::cmp::Ordering;

/// What a side of a comparison is.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    /// No node, or none that counts.
    Nothing,
    Json(Document<'a>, Node),
    /// The result of length() or count().
    Count(usize),
}

/// Whether `left` and `right` compare as `comparison` says.
pub(crate) fn holds(
    left: Value<'_>,
    comparison: Comparison,
    right: Value<'_>,
    meter: &mut Meter,
) -> Result<bool, LimitExceeded> {
    charge(left, right, meter)?;
    Ok(match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => !equal(left, right),
        Comparison::Less => order(left, right) == Some(Ordering::Less),
        Comparison::Greater => order(left, right) == Some(Ordering::Greater),
        Comparison::LessOrEqual => order(left, right) == Some(Ordering::Less) || equal(left, right),
        Comparison::GreaterOrEqual => {
            order(left, right) == Some(Ordering::Greater) || equal(left, right)
        }
        Comparison::Collection(operator) => collection_holds(left, operator, right, meter)?,
        // A pattern; the evaluation sees to it.
        Comparison::Matches => false,
    })
}

/// Takes off what comparing the smaller side costs.
#[inline]
fn charge(left: Value<'_>, right: Value<'_>, meter: &mut Meter) -> Result<(), LimitExceeded> {
    let (Value::Json(left, left_node), Value::Json(right, right_node)) = (left, right) else {
        return Ok(());
    };
    let bytes = left.span(left_node).len().min(right.span(right_node).len());
    let nodes = left.subtree_len(left_node).min(right.subtree_len(right_node));
    meter.charge(bytes / 32 + nodes)
}

fn equal(left: Value<'_>, right: Value<'_>) -> bool {
    match (left, right) {
        (Value::Nothing, Value::Nothing) => true,
        (Value::Json(left, left_node), Value::Json(right, right_node)) => {
            left.equal(left_node, right, right_node)
        }
        (Value::Nothing, _) | (_, Value::Nothing) => false,
        (left, right) => order(left, right) == Some(Ordering::Equal),
    }
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
        (Value::Count(left), Value::Count(right)) => Some(left.cmp(&right)),
        (Value::Count(count), Value::Json(document, node)) => {
            Some(order_count(count, document.number(node)?))
        }
        (Value::Json(document, node), Value::Count(count)) => {
            Some(order_count(count, document.number(node)?).reverse())
        }
        (Value::Nothing, _) | (_, Value::Nothing) => None,
    }
}

fn collection_holds(
    left: Value<'_>,
    operator: CollectionOperator,
    right: Value<'_>,
    meter: &mut Meter,
) -> Result<bool, LimitExceeded> {
    match operator {
        CollectionOperator::In => is_element(left, right, meter),
        CollectionOperator::NotIn => Ok(!is_element(left, right, meter)?),
        CollectionOperator::SubsetOf => Ok(is_array(left)
            && is_array(right)
            && !any_element(left, meter, |element, meter| {
                Ok(!is_element(element, right, meter)?)
            })?),
        CollectionOperator::AnyOf => {
            any_element(left, meter, |element, meter| is_element(element, right, meter))
        }
        CollectionOperator::NoneOf => Ok(is_array(left)
            && is_array(right)
            && !any_element(left, meter, |element, meter| is_element(element, right, meter))?),
        CollectionOperator::Size => {
            let Some(size) = size(left) else { return Ok(false) };
            let wanted = match right {
                Value::Json(document, node) if document.number(node).is_some() => right,
                _ => self::size(right).map_or(Value::Nothing, Value::Count),
            };
            Ok(equal(Value::Count(size), wanted))
        }
        CollectionOperator::Empty => {
            let wanted = match right {
                Value::Json(document, node) => document.boolean(node),
                _ => None,
            };
            Ok(wanted.is_some() && size(left).map(|size| size == 0) == wanted)
        }
    }
}

fn is_array(value: Value<'_>) -> bool {
    matches!(value, Value::Json(document, node) if document.kind(node) == Kind::Array)
}

/// Whether `value` equals an element of `array`; false if that is no array.
fn is_element(
    value: Value<'_>,
    array: Value<'_>,
    meter: &mut Meter,
) -> Result<bool, LimitExceeded> {
    any_element(array, meter, |element, meter| {
        charge(value, element, meter)?;
        Ok(equal(value, element))
    })
}

/// Whether `holds` for an element of `array`; false if that is no array.
fn any_element(
    array: Value<'_>,
    meter: &mut Meter,
    mut holds: impl FnMut(Value<'_>, &mut Meter) -> Result<bool, LimitExceeded>,
) -> Result<bool, LimitExceeded> {
    let Value::Json(document, node) = array else { return Ok(false) };
    if document.kind(node) != Kind::Array {
        return Ok(false);
    }
    for element in document.children(node) {
        meter.charge(1)?;
        if holds(Value::Json(document, element), meter)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Elements, members or characters.
fn size(value: Value<'_>) -> Option<usize> {
    let Value::Json(document, node) = value else { return None };
    match document.kind(node) {
        Kind::Array | Kind::Object => Some(document.len(node)),
        Kind::String => Some(document.string(node)?.chars().count()),
        _ => None,
    }
}

fn order_count(count: usize, number: Number<'_>) -> Ordering {
    if let Some(integer) = number.as_i64() {
        return (count as i128).cmp(&i128::from(integer));
    }
    let count = Text::assume_valid(count.to_string().into_boxed_str());
    Number::from_text(&count).map_or(Ordering::Equal, |count| count.compare(number))
}
