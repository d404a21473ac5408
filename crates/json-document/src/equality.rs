//! Deep equality, without recursion.

use crate::document::Document;
use crate::index::{Kind, Node};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Objects with more members than this are compared through a table.
const SCAN_MEMBERS_MAX: usize = 16;

/// Whether two values are equal; `typed` keeps integers apart from other numbers.
pub(crate) fn equal(
    left: Document<'_>,
    left_root: Node,
    right: Document<'_>,
    right_root: Node,
    typed: bool,
) -> bool {
    // Equal texts are equal values, and most unequal ones differ early in some scalar.
    if left.text_of(left_root) == right.text_of(right_root) {
        return true;
    }
    let mut pending = vec![(left_root, right_root)];
    while let Some((left_node, right_node)) = pending.pop() {
        let (left_kind, right_kind) = (left.kind(left_node), right.kind(right_node));
        let same = match (left_kind, right_kind) {
            (Kind::Integer | Kind::Number, Kind::Integer | Kind::Number) => {
                numbers_equal(left, left_node, right, right_node, typed)
            }
            (Kind::String, Kind::String) => left.string(left_node) == right.string(right_node),
            (Kind::Bool, Kind::Bool) => left.text_of(left_node) == right.text_of(right_node),
            (Kind::Null, Kind::Null) => true,
            (Kind::Array, Kind::Array) => {
                let same_len = left.len(left_node) == right.len(right_node);
                if same_len {
                    pending.extend(left.children(left_node).zip(right.children(right_node)));
                }
                same_len
            }
            (Kind::Object, Kind::Object) => {
                left.len(left_node) == right.len(right_node)
                    && pair_members(left, left_node, right, right_node, &mut pending)
            }
            _ => false,
        };
        if !same {
            return false;
        }
    }
    true
}

fn numbers_equal(
    left: Document<'_>,
    left_node: Node,
    right: Document<'_>,
    right_node: Node,
    typed: bool,
) -> bool {
    let (Some(left), Some(right)) = (left.number(left_node), right.number(right_node)) else {
        return false;
    };
    (!typed || left.is_integer() == right.is_integer()) && left.compare(right) == Ordering::Equal
}

/// Adds the values of equal names to `pending`; false if a name has no counterpart.
fn pair_members(
    left: Document<'_>,
    left_object: Node,
    right: Document<'_>,
    right_object: Node,
    pending: &mut Vec<(Node, Node)>,
) -> bool {
    if left.len(left_object) <= SCAN_MEMBERS_MAX {
        return left.members(left_object).all(|(name, value)| {
            let counterpart = right.member(right_object, &name.unescaped());
            pending.extend(counterpart.map(|counterpart| (value, counterpart)));
            counterpart.is_some()
        });
    }
    let by_name: HashMap<_, _> =
        right.members(right_object).map(|(name, value)| (name.unescaped(), value)).collect();
    left.members(left_object).all(|(name, value)| {
        let counterpart = by_name.get(&name.unescaped());
        pending.extend(counterpart.map(|&counterpart| (value, counterpart)));
        counterpart.is_some()
    })
}
