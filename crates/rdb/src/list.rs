//! Lists after their type byte and key.

use keyspace::{ListEnd, ListLimits, ListNode, ListValue, Listpack, NodeRef};

use crate::error::{Error, ErrorKind};
use crate::format::value_type;
use crate::sink::Sink;
use crate::source::Source;
use crate::ziplist;

/// What a node of `LIST_QUICKLIST_2` is.
const PLAIN: u64 = 1;
const PACKED: u64 = 2;

pub(crate) fn save(sink: &mut Sink<'_>, list: &ListValue) {
    sink.number(list.nodes().count() as u64);
    for node in list.nodes() {
        match node {
            NodeRef::Plain(element) => {
                sink.number(PLAIN);
                sink.string(element);
            }
            NodeRef::Packed(listpack) => {
                sink.number(PACKED);
                sink.string(listpack.as_bytes());
            }
        }
    }
}

/// Reads a list; the counts reserve nothing, each element has to arrive.
pub(crate) fn load(
    source: &mut Source<'_>,
    value_type: u8,
    limits: ListLimits,
) -> Result<ListValue, Error> {
    if value_type == value_type::LIST_QUICKLIST_2 {
        return load_nodes(source, limits);
    }
    let mut list = ListValue::new();
    match value_type {
        value_type::LIST_ZIPLIST => load_ziplist(source, &mut list, limits)?,
        value_type::LIST_QUICKLIST => {
            for _ in 0..source.number()? {
                load_ziplist(source, &mut list, limits)?;
            }
        }
        _ => {
            for _ in 0..source.number()? {
                list.push(ListEnd::Back, &source.string()?, limits);
            }
        }
    }
    Ok(list)
}

fn load_ziplist(
    source: &mut Source<'_>,
    list: &mut ListValue,
    limits: ListLimits,
) -> Result<(), Error> {
    let bytes = source.blob()?;
    let entries = ziplist::ziplist_entries(&bytes)
        .ok_or_else(|| source.error(ErrorKind::Malformed("ziplist")))?;
    for entry in &entries {
        list.push(ListEnd::Back, entry, limits);
    }
    Ok(())
}

fn load_nodes(source: &mut Source<'_>, limits: ListLimits) -> Result<ListValue, Error> {
    let mut nodes = Vec::new();
    for _ in 0..source.number()? {
        nodes.push(match source.number()? {
            PLAIN => ListNode::Plain(source.string()?),
            PACKED => {
                let bytes = source.blob()?.into_boxed_slice();
                let listpack = Listpack::from_bytes(bytes)
                    .map_err(|_| source.error(ErrorKind::Malformed("listpack")))?;
                ListNode::Packed(listpack)
            }
            _ => return Err(source.error(ErrorKind::Malformed("quicklist"))),
        });
    }
    Ok(ListValue::from_nodes(nodes, limits))
}
