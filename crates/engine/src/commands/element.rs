//! Strings and elements of collections as replies.

use keyspace::{Element, StringValue};
use resp::Reply;

/// Writes a bulk string, without copying it when it is shared and large.
pub(super) fn bulk(reply: &mut Reply, element: Element<'_>) {
    match element {
        Element::Shared(string) => reply.bulk_shared(string),
        Element::Bytes(bytes) => reply.bulk(bytes),
        Element::Integer(number) => reply.bulk_integer(number),
    }
}

/// Writes the whole of a string value.
pub(super) fn string(reply: &mut Reply, string: &StringValue) {
    bulk(reply, string.element());
}
