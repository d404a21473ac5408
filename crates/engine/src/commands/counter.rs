//! Strings as numbers.

use byte_string::ByteString;
use keyspace::{StringValue, Value};

use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::extended::Extended;
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT];

const INCR: Spec = Spec::new(
    "incr",
    2,
    incr,
    Docs::new(
        "string",
        "1.0.0",
        "O(1)",
        "Adds one to the integer held by a key; a missing key counts as 0.",
    )
    .args(&[Arg::key("key", 0)]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE)]);

fn incr(engine: &mut Engine, call: &mut Call) -> Outcome {
    add(engine, call, 1)
}

const DECR: Spec = Spec::new(
    "decr",
    2,
    decr,
    Docs::new(
        "string",
        "1.0.0",
        "O(1)",
        "Takes one from the integer held by a key; a missing key counts as 0.",
    )
    .args(&[Arg::key("key", 0)]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE)]);

fn decr(engine: &mut Engine, call: &mut Call) -> Outcome {
    add(engine, call, -1)
}

const INCRBY: Spec = Spec::new(
    "incrby",
    3,
    incrby,
    Docs::new(
        "string",
        "1.0.0",
        "O(1)",
        "Adds to the integer held by a key; a missing key counts as 0.",
    )
    .args(&[Arg::key("key", 0), Arg::new("increment", ArgKind::Integer)]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE)]);

fn incrby(engine: &mut Engine, call: &mut Call) -> Outcome {
    let by = call.integer(2)?;
    add(engine, call, by)
}

const DECRBY: Spec = Spec::new(
    "decrby",
    3,
    decrby,
    Docs::new(
        "string",
        "1.0.0",
        "O(1)",
        "Subtracts from the integer held by a key; a missing key counts as 0.",
    )
    .args(&[Arg::key("key", 0), Arg::new("decrement", ArgKind::Integer)]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE)]);

fn decrby(engine: &mut Engine, call: &mut Call) -> Outcome {
    let by = call.integer(2)?.checked_neg().ok_or(Error::text("ERR decrement would overflow"))?;
    add(engine, call, by)
}

fn add(engine: &mut Engine, call: &mut Call, by: i64) -> Outcome {
    let (db, key) = (call.db, &call.argv[1]);
    let sum = match engine.locate_write(db, key) {
        Err(vacancy) => {
            engine.add(db, vacancy, key, Value::String(StringValue::from_i64(by)));
            by
        }
        Ok(place) => {
            let Some(entry) = engine.db_mut(db).entry_at_mut(place) else {
                return Err(Error::NoSuchKey);
            };
            let Value::String(string) = &mut entry.value else { return Err(Error::WrongType) };
            let number = string.to_integer().ok_or(Error::NotInteger)?;
            let sum = number.checked_add(by).ok_or(OVERFLOW)?;
            *string = StringValue::from_i64(sum);
            sum
        }
    };
    engine.changed(db, key, class::STRING, "incrby");
    call.reply.integer(sum);
    Ok(())
}

pub(super) const OVERFLOW: Error = Error::text("ERR increment or decrement would overflow");
pub(super) const NOT_FINITE: Error = Error::text("ERR increment would produce NaN or Infinity");

const INCRBYFLOAT: Spec = Spec::new(
    "incrbyfloat",
    3,
    incrbyfloat,
    Docs::new(
        "string",
        "2.6.0",
        "O(1)",
        "Adds to the number held by a key; a missing key counts as 0.",
    )
    .args(&[Arg::key("key", 0), Arg::new("increment", ArgKind::Double)]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE)]);

fn incrbyfloat(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (db, key) = (call.db, call.argv[1].clone());
    let found = engine.locate_write(db, &key);
    let number = match found
        .ok()
        .and_then(|place| engine.db(db).entry_at(place))
        .map(|entry| &entry.value)
    {
        None => Extended::ZERO,
        Some(Value::String(string)) => {
            Extended::parse(string.as_bytes(&mut itoa::Buffer::new())).ok_or(Error::NotFloat)?
        }
        Some(_) => return Err(Error::WrongType),
    };
    let by = Extended::parse(&call.argv[2]).ok_or(Error::NotFloat)?;
    let sum = number.add(by).ok_or(NOT_FINITE)?.to_human();
    let sum = ByteString::from(sum);
    let value = Value::String(StringValue::uncoded(sum.clone()));
    match found {
        Err(vacancy) => engine.add(db, vacancy, &key, value),
        Ok(place) => {
            let Some(entry) = engine.db_mut(db).entry_at_mut(place) else {
                return Err(Error::NoSuchKey);
            };
            entry.value = value;
        }
    }
    // As its result, since another machine may reckon otherwise.
    engine
        .propagate_as(call, |argv| ["SET".into(), argv[1].clone(), sum.clone(), "KEEPTTL".into()]);
    engine.changed(db, &key, class::STRING, "incrbyfloat");
    call.reply.bulk_shared(&sum);
    Ok(())
}
