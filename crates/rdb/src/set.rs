//! Sets after their type byte and key.

use keyspace::{Intset, Listpack, SetLimits, SetValue};

use crate::error::{Error, ErrorKind};
use crate::format::value_type;
use crate::sink::Sink;
use crate::source::Source;
use crate::value::save_element;

pub(crate) fn type_of(set: &SetValue) -> u8 {
    if set.as_intset().is_some() {
        value_type::SET_INTSET
    } else if set.as_listpack().is_some() {
        value_type::SET_LISTPACK
    } else {
        value_type::SET
    }
}

pub(crate) fn save(sink: &mut Sink<'_>, set: &SetValue) {
    if let Some(intset) = set.as_intset() {
        return sink.string(intset.as_bytes());
    }
    if let Some(listpack) = set.as_listpack() {
        return sink.string(listpack.as_bytes());
    }
    sink.number(set.len() as u64);
    for member in set.iter() {
        save_element(sink, member);
    }
}

/// Reads a set; the count reserves nothing, each member has to arrive.
pub(crate) fn load(
    source: &mut Source<'_>,
    value_type: u8,
    limits: SetLimits,
) -> Result<SetValue, Error> {
    let malformed = |source: &Source<'_>, what| source.error(ErrorKind::Malformed(what));
    match value_type {
        value_type::SET_INTSET => {
            let bytes = source.blob()?.into_boxed_slice();
            let intset = Intset::from_bytes(bytes).ok_or_else(|| malformed(source, "intset"))?;
            Ok(SetValue::from_intset(intset, limits))
        }
        value_type::SET_LISTPACK => {
            let bytes = source.blob()?.into_boxed_slice();
            let listpack = Listpack::from_bytes(bytes).ok();
            listpack
                .and_then(|listpack| SetValue::from_listpack(listpack, limits))
                .ok_or_else(|| malformed(source, "listpack"))
        }
        _ => {
            let mut set = SetValue::new();
            for _ in 0..source.number()? {
                if !set.insert(&source.string()?, limits) {
                    return Err(source.error(ErrorKind::DuplicateField));
                }
            }
            Ok(set)
        }
    }
}
