//! Hashes.

use byte_string::ByteString;
use keyspace::{HashLimits, HashValue, Value};

use super::element;
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::hooks::Removal;
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] =
    &[HSET, HMSET, HSETNX, HGET, HMGET, HGETALL, HKEYS, HVALS, HLEN, HSTRLEN, HEXISTS, HDEL];

/// The hash that argument 1 names, for reading.
pub(super) fn read<'a>(
    engine: &'a mut Engine,
    call: &Call,
) -> Result<Option<&'a HashValue>, Error> {
    match engine.find_read(call, &call.argv[1]).map(|entry| &entry.value) {
        None => Ok(None),
        Some(Value::Hash(hash)) => Ok(Some(hash)),
        Some(_) => Err(Error::WrongType),
    }
}

/// Changes the hash that argument 1 names, which is made if there is none. When `change` refuses, nothing is made.
pub(super) fn change<T>(
    engine: &mut Engine,
    call: &Call,
    change: impl FnOnce(&mut HashValue, HashLimits) -> Result<T, Error>,
) -> Result<T, Error> {
    let (db, key, limits) = (call.db, &call.argv[1], engine.limits().hash);
    match engine.locate_write(db, key) {
        Ok(place) => match engine.db_mut(db).entry_at_mut(place).map(|entry| &mut entry.value) {
            Some(Value::Hash(hash)) => change(hash, limits),
            _ => Err(Error::WrongType),
        },
        Err(vacancy) => {
            let mut hash = HashValue::new();
            let result = change(&mut hash, limits)?;
            engine.add(db, vacancy, key, Value::Hash(hash));
            Ok(result)
        }
    }
}

const HSET: Spec = Spec::new(
    "hset",
    -4,
    hset,
    Docs::new(
        "hash",
        "2.0.0",
        "O(N) where N is the number of fields set",
        "Sets fields of a hash, and makes the hash if need be.",
    )
    .history(&[("4.0.0", "Several fields in one call.")])
    .args(&[
        Arg::key("key", 0),
        Arg::new("data", ArgKind::Block)
            .multiple()
            .of(&[Arg::new("field", ArgKind::String), Arg::new("value", ArgKind::String)]),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::HASH)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)]);

fn hset(engine: &mut Engine, call: &mut Call) -> Outcome {
    let created = set_fields(engine, call)?;
    call.reply.integer(created);
    Ok(())
}

const HMSET: Spec = Spec::new(
    "hmset",
    -4,
    hmset,
    Docs::new(
        "hash",
        "2.0.0",
        "O(N) where N is the number of fields set",
        "Sets fields of a hash; HSET does the same and tells how many are new.",
    )
    .deprecated("4.0.0", "`HSET` with multiple field-value pairs")
    .args(&[
        Arg::key("key", 0),
        Arg::new("data", ArgKind::Block)
            .multiple()
            .of(&[Arg::new("field", ArgKind::String), Arg::new("value", ArgKind::String)]),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::HASH)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)]);

fn hmset(engine: &mut Engine, call: &mut Call) -> Outcome {
    set_fields(engine, call)?;
    call.reply.ok();
    Ok(())
}

/// Sets the fields from argument 2 on, and gives the number of those that are new.
fn set_fields(engine: &mut Engine, call: &Call) -> Result<i64, Error> {
    let fields = &call.argv[2..];
    if !fields.len().is_multiple_of(2) {
        return Err(Error::WrongArity(call.command.full_name.clone()));
    }
    let created = change(engine, call, |hash, limits| {
        let pairs = fields.chunks_exact(2);
        Ok(pairs.filter(|pair| hash.set(&pair[0], &pair[1], limits)).count())
    })?;
    // One change a field, the one that `changed` counts among them.
    engine.dirty += (fields.len() / 2 - 1) as u64;
    engine.changed(call.db, &call.argv[1], class::HASH, "hset");
    Ok(created as i64)
}

const HSETNX: Spec = Spec::new(
    "hsetnx",
    4,
    hsetnx,
    Docs::new("hash", "2.0.0", "O(1)", "Sets a field of a hash unless the field exists.").args(&[
        Arg::key("key", 0),
        Arg::new("field", ArgKind::String),
        Arg::new("value", ArgKind::String),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::HASH)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::INSERT)]);

fn hsetnx(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (name, value) = (&call.argv[2], &call.argv[3]);
    let created = change(engine, call, |hash, limits| {
        Ok(!hash.contains(name) && hash.set(name, value, limits))
    })?;
    if created {
        engine.changed(call.db, &call.argv[1], class::HASH, "hset");
    }
    call.reply.integer(i64::from(created));
    Ok(())
}

const HGET: Spec = Spec::new(
    "hget",
    3,
    hget,
    Docs::new("hash", "2.0.0", "O(1)", "Gives the value of a field of a hash.")
        .args(&[Arg::key("key", 0), Arg::new("field", ArgKind::String)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::HASH)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn hget(engine: &mut Engine, call: &mut Call) -> Outcome {
    match read(engine, call)?.and_then(|hash| hash.get(&call.argv[2])) {
        Some(value) => element::bulk(&mut call.reply, value),
        None => call.reply.null(),
    }
    Ok(())
}

const HMGET: Spec = Spec::new(
    "hmget",
    -3,
    hmget,
    Docs::new(
        "hash",
        "2.0.0",
        "O(N) where N is the number of fields asked for",
        "Gives the values of several fields of a hash, null for those missing.",
    )
    .args(&[Arg::key("key", 0), Arg::new("field", ArgKind::String).multiple()]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::HASH)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn hmget(engine: &mut Engine, call: &mut Call) -> Outcome {
    let hash = read(engine, call)?;
    let names = &call.argv[2..];
    call.reply.array(names.len());
    for name in names {
        match hash.and_then(|hash| hash.get(name)) {
            Some(value) => element::bulk(&mut call.reply, value),
            None => call.reply.null(),
        }
    }
    Ok(())
}

const HGETALL: Spec = Spec::new(
    "hgetall",
    2,
    hgetall,
    Docs::new(
        "hash",
        "2.0.0",
        "O(N) where N is the size of the hash.",
        "Gives all fields of a hash with their values.",
    )
    .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY)
.categories(category::HASH)
.tips(&["nondeterministic_output_order"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn hgetall(engine: &mut Engine, call: &mut Call) -> Outcome {
    let Some(hash) = read(engine, call)? else {
        call.reply.map(0);
        return Ok(());
    };
    call.reply.map(hash.len());
    for (name, value) in hash.iter() {
        element::bulk(&mut call.reply, name);
        element::bulk(&mut call.reply, value);
    }
    Ok(())
}

const HKEYS: Spec = Spec::new(
    "hkeys",
    2,
    hkeys,
    Docs::new(
        "hash",
        "2.0.0",
        "O(N) where N is the size of the hash.",
        "Gives the names of all fields of a hash.",
    )
    .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY)
.categories(category::HASH)
.tips(&["nondeterministic_output_order"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn hkeys(engine: &mut Engine, call: &mut Call) -> Outcome {
    let hash = read(engine, call)?;
    call.reply.array(hash.map_or(0, HashValue::len));
    for (name, _) in hash.into_iter().flat_map(HashValue::iter) {
        element::bulk(&mut call.reply, name);
    }
    Ok(())
}

const HVALS: Spec = Spec::new(
    "hvals",
    2,
    hvals,
    Docs::new(
        "hash",
        "2.0.0",
        "O(N) where N is the size of the hash.",
        "Gives the values of all fields of a hash.",
    )
    .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY)
.categories(category::HASH)
.tips(&["nondeterministic_output_order"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn hvals(engine: &mut Engine, call: &mut Call) -> Outcome {
    let hash = read(engine, call)?;
    call.reply.array(hash.map_or(0, HashValue::len));
    for (_, value) in hash.into_iter().flat_map(HashValue::iter) {
        element::bulk(&mut call.reply, value);
    }
    Ok(())
}

const HLEN: Spec = Spec::new(
    "hlen",
    2,
    hlen,
    Docs::new("hash", "2.0.0", "O(1)", "Gives the number of fields of a hash.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::HASH)
.keys(&[KeySpec::one(1, key_flag::RO)]);

fn hlen(engine: &mut Engine, call: &mut Call) -> Outcome {
    let len = read(engine, call)?.map_or(0, HashValue::len);
    call.reply.integer(len as i64);
    Ok(())
}

const HSTRLEN: Spec = Spec::new(
    "hstrlen",
    3,
    hstrlen,
    Docs::new("hash", "3.2.0", "O(1)", "Gives the length in bytes of a field's value.")
        .args(&[Arg::key("key", 0), Arg::new("field", ArgKind::String)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::HASH)
.keys(&[KeySpec::one(1, key_flag::RO)]);

fn hstrlen(engine: &mut Engine, call: &mut Call) -> Outcome {
    let value = read(engine, call)?.and_then(|hash| hash.get(&call.argv[2]));
    call.reply.integer(value.map_or(0, |value| value.len() as i64));
    Ok(())
}

const HEXISTS: Spec = Spec::new(
    "hexists",
    3,
    hexists,
    Docs::new("hash", "2.0.0", "O(1)", "Tells whether a hash has a field.")
        .args(&[Arg::key("key", 0), Arg::new("field", ArgKind::String)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::HASH)
.keys(&[KeySpec::one(1, key_flag::RO)]);

fn hexists(engine: &mut Engine, call: &mut Call) -> Outcome {
    let found = read(engine, call)?.is_some_and(|hash| hash.contains(&call.argv[2]));
    call.reply.integer(i64::from(found));
    Ok(())
}

const HDEL: Spec = Spec::new(
    "hdel",
    -3,
    hdel,
    Docs::new(
        "hash",
        "2.0.0",
        "O(N) where N is the number of fields removed",
        "Removes fields from a hash; a hash without fields is deleted.",
    )
    .history(&[("2.4.0", "Several fields in one call.")])
    .args(&[Arg::key("key", 0), Arg::new("field", ArgKind::String).multiple()]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::HASH)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::DELETE)]);

fn hdel(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (db, key): (usize, &ByteString) = (call.db, &call.argv[1]);
    let (removed, emptied) = match engine.find_write(db, key).map(|entry| &mut entry.value) {
        None => (0, false),
        Some(Value::Hash(hash)) => {
            let removed = call.argv[2..].iter().filter(|name| hash.remove(name)).count();
            (removed, hash.is_empty())
        }
        Some(_) => return Err(Error::WrongType),
    };
    if removed > 0 {
        if emptied {
            engine.remove_with(db, key, Removal::Deleted, false);
        } else {
            engine.signal_modified(db, key);
        }
        engine.notify(class::HASH, "hdel", key, db);
        if emptied {
            engine.notify(class::GENERIC, "del", key, db);
        }
        engine.dirty += removed as u64;
    }
    call.reply.integer(removed as i64);
    Ok(())
}
