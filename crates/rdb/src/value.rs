//! Values after their type byte and key.

use byte_string::ByteString;
use keyspace::{Element, HashLimits, HashValue, Limits, Listpack, StringValue, Value};

use crate::error::{Error, ErrorKind};
use crate::format::value_type;
use crate::sink::Sink;
use crate::source::{Source, Text};
use crate::{list, set, ziplist, zset};

/// The type byte of `value`.
pub(crate) fn type_of(value: &Value) -> u8 {
    match value {
        Value::String(_) => value_type::STRING,
        Value::List(_) => value_type::LIST_QUICKLIST_2,
        Value::Set(set) => set::type_of(set),
        Value::Zset(zset) => zset::type_of(zset),
        Value::Hash(hash) if hash.as_listpack().is_some() => value_type::HASH_LISTPACK,
        Value::Hash(_) => value_type::HASH,
        Value::Module(_) => value_type::MODULE,
    }
}

/// Writes what follows the key; of a module's value only the type's id.
pub(crate) fn save(sink: &mut Sink<'_>, value: &Value) {
    match value {
        Value::String(string) => save_element(sink, string.element()),
        Value::List(list) => list::save(sink, list),
        Value::Set(set) => set::save(sink, set),
        Value::Zset(zset) => zset::save(sink, zset),
        Value::Hash(hash) => match hash.as_listpack() {
            Some(listpack) => sink.string(listpack.as_bytes()),
            None => {
                sink.number(hash.len() as u64);
                for (name, value) in hash.iter() {
                    save_element(sink, name);
                    save_element(sink, value);
                }
            }
        },
        Value::Module(module) => sink.number(module.module_type().id()),
    }
}

pub(crate) fn save_element(sink: &mut Sink<'_>, element: Element<'_>) {
    match element {
        Element::Integer(number) => sink.integer_string(number),
        Element::Bytes(bytes) => sink.string(bytes),
        Element::Shared(string) => sink.string(string),
    }
}

/// Reads a value of any type but a module's. `None` is a collection without elements, which older
/// servers could write and none keeps.
pub(crate) fn load(
    source: &mut Source<'_>,
    value_type: u8,
    limits: Limits,
) -> Result<Option<Value>, Error> {
    let (is_empty, value) = match value_type {
        value_type::STRING => return load_string(source).map(Value::String).map(Some),
        value_type::LIST
        | value_type::LIST_ZIPLIST
        | value_type::LIST_QUICKLIST
        | value_type::LIST_QUICKLIST_2 => {
            let list = list::load(source, value_type, limits.list)?;
            (list.is_empty(), Value::List(list))
        }
        value_type::SET | value_type::SET_INTSET | value_type::SET_LISTPACK => {
            let set = set::load(source, value_type, limits.set)?;
            (set.is_empty(), Value::Set(set))
        }
        value_type::ZSET
        | value_type::ZSET_2
        | value_type::ZSET_ZIPLIST
        | value_type::ZSET_LISTPACK => {
            let zset = zset::load(source, value_type, limits.zset)?;
            (zset.is_empty(), Value::Zset(zset))
        }
        value_type::HASH
        | value_type::HASH_LISTPACK
        | value_type::HASH_ZIPLIST
        | value_type::HASH_ZIPMAP => {
            let hash = load_any_hash(source, value_type, limits.hash)?;
            (hash.is_empty(), Value::Hash(hash))
        }
        other => {
            return Err(source.error(match value_type::unsupported_name(other) {
                Some(name) => ErrorKind::UnsupportedType(name),
                None => ErrorKind::UnknownOpcode(other),
            }));
        }
    };
    Ok((!is_empty).then_some(value))
}

fn load_any_hash(
    source: &mut Source<'_>,
    value_type: u8,
    limits: HashLimits,
) -> Result<HashValue, Error> {
    match value_type {
        value_type::HASH_LISTPACK => load_listpack(source, limits),
        value_type::HASH_ZIPLIST => {
            let bytes = source.blob()?;
            let pairs = ziplist::ziplist_pairs(&bytes);
            collect_hash(source, pairs, "ziplist", limits)
        }
        value_type::HASH_ZIPMAP => {
            let bytes = source.blob()?;
            let pairs = ziplist::zipmap_pairs(&bytes);
            collect_hash(source, pairs, "zipmap", limits)
        }
        _ => load_hash(source, limits),
    }
}

fn load_string(source: &mut Source<'_>) -> Result<StringValue, Error> {
    Ok(match source.text()? {
        Text::Integer(number) => StringValue::from_i64(number),
        Text::Bytes(bytes) => StringValue::new(bytes),
    })
}

fn load_hash(source: &mut Source<'_>, limits: HashLimits) -> Result<HashValue, Error> {
    // The count reserves nothing: each field has to arrive.
    let fields = source.number()?;
    let mut hash = HashValue::new();
    for _ in 0..fields {
        let name = source.string()?;
        let value = source.string()?;
        if !hash.set(&name, &value, limits) {
            return Err(source.error(ErrorKind::DuplicateField));
        }
    }
    Ok(hash)
}

fn load_listpack(source: &mut Source<'_>, limits: HashLimits) -> Result<HashValue, Error> {
    let bytes = source.blob()?;
    let malformed = |source: &Source<'_>| source.error(ErrorKind::Malformed("listpack"));
    let Ok(listpack) = Listpack::from_bytes(bytes.into_boxed_slice()) else {
        return Err(malformed(source));
    };
    HashValue::from_listpack(listpack, limits).ok_or_else(|| malformed(source))
}

type Pairs = Vec<(ByteString, ByteString)>;

fn collect_hash(
    source: &Source<'_>,
    pairs: Option<Pairs>,
    what: &'static str,
    limits: HashLimits,
) -> Result<HashValue, Error> {
    let pairs = pairs.ok_or_else(|| source.error(ErrorKind::Malformed(what)))?;
    let mut hash = HashValue::new();
    for (name, value) in &pairs {
        if !hash.set(name, value, limits) {
            return Err(source.error(ErrorKind::DuplicateField));
        }
    }
    Ok(hash)
}
