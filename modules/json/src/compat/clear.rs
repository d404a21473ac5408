//! What JSON.CLEAR makes of values. Those that are clear already it leaves alone, and does not count.

use json_document::{Document, Kind, Node};

/// Containers are emptied and numbers become 0.
pub(super) fn numbers_and_containers(document: Document<'_>, node: Node) -> Option<&'static str> {
    match document.kind(node) {
        Kind::Object if !document.is_empty(node) => Some("{}"),
        Kind::Array if !document.is_empty(node) => Some("[]"),
        Kind::Integer | Kind::Number if !is_zero(document, node) => Some("0"),
        _ => None,
    }
}

/// As [`numbers_and_containers`], but a double stays one; strings are emptied, booleans become false.
pub(super) fn everything(document: Document<'_>, node: Node) -> Option<&'static str> {
    match document.kind(node) {
        Kind::String if document.text_of(node) != "\"\"" => Some("\"\""),
        Kind::Bool if document.boolean(node) == Some(true) => Some("false"),
        Kind::Number if !is_zero(document, node) => Some("0.0"),
        _ => numbers_and_containers(document, node),
    }
}

fn is_zero(document: Document<'_>, node: Node) -> bool {
    document.number(node).is_some_and(|number| number.as_f64() == 0.0)
}
