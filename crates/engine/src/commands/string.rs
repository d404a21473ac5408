//! Reading and editing strings.

use keyspace::{StringValue, Value};

use super::element;
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[GET, MGET, STRLEN, GETRANGE, SUBSTR, APPEND, SETRANGE, GETDEL];

const GET: Spec = Spec::new(
    "get",
    2,
    get,
    Docs::new("string", "1.0.0", "O(1)", "Gives the string held by a key.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn get(engine: &mut Engine, call: &mut Call) -> Outcome {
    match engine.find_read(call, &call.argv[1]).map(|entry| &entry.value) {
        None => call.reply.null(),
        Some(Value::String(string)) => element::string(&mut call.reply, string),
        Some(_) => return Err(Error::WrongType),
    }
    Ok(())
}

const MGET: Spec = Spec::new(
    "mget",
    -2,
    mget,
    Docs::new(
        "string",
        "1.0.0",
        "O(N) where N is the number of keys",
        "Gives the strings held by several keys, null for those that hold none.",
    )
    .args(&[Arg::key("key", 0).multiple()]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::STRING)
.tips(&["request_policy:multi_shard"])
.keys(&[KeySpec::range(1, -1, 1, key_flag::RO | key_flag::ACCESS)]);

fn mget(engine: &mut Engine, call: &mut Call) -> Outcome {
    call.reply.array(call.argc() - 1);
    for at in 1..call.argc() {
        match engine.find_read(call, &call.argv[at]).map(|entry| &entry.value) {
            Some(Value::String(string)) => element::string(&mut call.reply, string),
            _ => call.reply.null(),
        }
    }
    Ok(())
}

const STRLEN: Spec = Spec::new(
    "strlen",
    2,
    strlen,
    Docs::new("string", "2.2.0", "O(1)", "Gives the length of a string in bytes.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RO)]);

fn strlen(engine: &mut Engine, call: &mut Call) -> Outcome {
    let len = match engine.find_read(call, &call.argv[1]).map(|entry| &entry.value) {
        None => 0,
        Some(Value::String(string)) => string.len(),
        Some(_) => return Err(Error::WrongType),
    };
    call.reply.integer(len as i64);
    Ok(())
}

const GETRANGE: Spec = Spec::new(
    "getrange",
    4,
    getrange,
    Docs::new(
        "string",
        "2.4.0",
        "O(N) where N is the length of the part",
        "Gives the part of a string between two offsets, both included.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("start", ArgKind::Integer),
        Arg::new("end", ArgKind::Integer),
    ]),
)
.flags(flag::READONLY)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn getrange(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let string = match engine.find_read(call, &call.argv[1]).map(|entry| &entry.value) {
        None => {
            call.reply.bulk(b"");
            return Ok(());
        }
        Some(Value::String(string)) => string,
        Some(_) => return Err(Error::WrongType),
    };
    let mut digits = itoa::Buffer::new();
    let bytes = string.as_bytes(&mut digits);
    call.reply.bulk(part(bytes, start, end));
    Ok(())
}

/// The bytes from index `start` to `end`, both included and counted from the end when negative.
fn part(bytes: &[u8], start: i64, end: i64) -> &[u8] {
    if start < 0 && end < 0 && start > end {
        return &[];
    }
    let len = bytes.len() as i64;
    let from_front = |index: i64| if index < 0 { index.saturating_add(len).max(0) } else { index };
    let (start, end) = (from_front(start), from_front(end).min(len - 1));
    if start > end { &[] } else { &bytes[start as usize..=end as usize] }
}

const SUBSTR: Spec = Spec::new(
    "substr",
    4,
    getrange,
    Docs::new("string", "1.0.0", "O(N) where N is the length of the part", "Old name of GETRANGE.")
        .deprecated("2.0.0", "`GETRANGE`")
        .args(&[
            Arg::key("key", 0),
            Arg::new("start", ArgKind::Integer),
            Arg::new("end", ArgKind::Integer),
        ]),
)
.flags(flag::READONLY)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

const APPEND: Spec = Spec::new(
    "append",
    3,
    append,
    Docs::new(
        "string",
        "2.0.0",
        "O(1) amortized",
        "Adds bytes at the end of a string; a missing key starts empty.",
    )
    .args(&[Arg::key("key", 0), Arg::new("value", ArgKind::String)]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::INSERT)]);

fn append(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (db, key, tail) = (call.db, &call.argv[1], &call.argv[2]);
    let len = match engine.locate_write(db, key) {
        Err(vacancy) => {
            engine.add(db, vacancy, key, Value::string(tail.clone()));
            tail.len()
        }
        Ok(place) => {
            let len_max = engine.config.proto_max_bulk_len;
            let Some(entry) = engine.db_mut(db).entry_at_mut(place) else {
                return Err(Error::NoSuchKey);
            };
            let Value::String(string) = &mut entry.value else { return Err(Error::WrongType) };
            check_len(string.len(), tail.len(), len_max)?;
            string.append(tail)
        }
    };
    engine.changed(db, key, class::STRING, "append");
    call.reply.integer(len as i64);
    Ok(())
}

/// Refuses a string of `len + more` bytes if it is longer than `proto-max-bulk-len`.
fn check_len(len: usize, more: usize, len_max: i64) -> Outcome {
    match len.checked_add(more) {
        Some(total) if i64::try_from(total).is_ok_and(|total| total <= len_max) => Ok(()),
        _ => Err(Error::text("ERR string exceeds maximum allowed size (proto-max-bulk-len)")),
    }
}

const SETRANGE: Spec = Spec::new(
    "setrange",
    4,
    setrange,
    Docs::new(
        "string",
        "2.2.0",
        "O(M) where M is the length of the value written",
        "Writes bytes into a string from an offset on, padding it with zeros up to there.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("offset", ArgKind::Integer),
        Arg::new("value", ArgKind::String),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)]);

fn setrange(engine: &mut Engine, call: &mut Call) -> Outcome {
    let Ok(offset) = usize::try_from(call.integer(2)?) else {
        return Err(Error::text("ERR offset is out of range"));
    };
    let (db, key, bytes) = (call.db, &call.argv[1], &call.argv[3]);
    let len_max = engine.config.proto_max_bulk_len;
    let len = match engine.locate_write(db, key) {
        Err(_) if bytes.is_empty() => {
            call.reply.integer(0);
            return Ok(());
        }
        Err(vacancy) => {
            check_len(offset, bytes.len(), len_max)?;
            let mut buffer = Vec::new();
            buffer
                .try_reserve_exact(offset + bytes.len())
                .map_err(|_| Error::text("ERR insufficient memory for the string"))?;
            let mut string = StringValue::from_buffer(buffer);
            let len = string.set_range(offset, bytes);
            engine.add(db, vacancy, key, Value::String(string));
            len
        }
        Ok(place) => {
            let Some(entry) = engine.db_mut(db).entry_at_mut(place) else {
                return Err(Error::NoSuchKey);
            };
            let Value::String(string) = &mut entry.value else { return Err(Error::WrongType) };
            if bytes.is_empty() {
                call.reply.integer(string.len() as i64);
                return Ok(());
            }
            check_len(offset, bytes.len(), len_max)?;
            string.set_range(offset, bytes)
        }
    };
    engine.changed(db, key, class::STRING, "setrange");
    call.reply.integer(len as i64);
    Ok(())
}

const GETDEL: Spec = Spec::new(
    "getdel",
    2,
    getdel,
    Docs::new("string", "6.2.0", "O(1)", "Gives the string held by a key and deletes the key.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE)]);

fn getdel(engine: &mut Engine, call: &mut Call) -> Outcome {
    get(engine, call)?;
    let (db, key) = (call.db, call.argv[1].clone());
    if engine.remove(db, &key, false) {
        engine.propagate_as(call, |argv| ["DEL".into(), argv[1].clone()]);
        engine.notify(class::GENERIC, "del", &key, db);
    }
    Ok(())
}
