//! Fields of hashes as numbers.

use byte_string::ByteString;

use super::counter::{NOT_FINITE, OVERFLOW};
use super::hash::change;
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::extended::Extended;
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[HINCRBY, HINCRBYFLOAT];

const HINCRBY: Spec = Spec::new(
    "hincrby",
    4,
    hincrby,
    Docs::new(
        "hash",
        "2.0.0",
        "O(1)",
        "Adds to the integer in a field of a hash; a missing field counts as 0.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("field", ArgKind::String),
        Arg::new("increment", ArgKind::Integer),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::HASH)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE)]);

fn hincrby(engine: &mut Engine, call: &mut Call) -> Outcome {
    let by = call.integer(3)?;
    let name = &call.argv[2];
    let sum = change(engine, call, |hash, limits| {
        let number = match hash.get(name) {
            Some(value) => {
                value.to_integer().ok_or(Error::text("ERR hash value is not an integer"))?
            }
            None => 0,
        };
        let sum = number.checked_add(by).ok_or(OVERFLOW)?;
        hash.set(name, &ByteString::from_i64(sum), limits);
        Ok(sum)
    })?;
    engine.changed(call.db, &call.argv[1], class::HASH, "hincrby");
    call.reply.integer(sum);
    Ok(())
}

const HINCRBYFLOAT: Spec = Spec::new(
    "hincrbyfloat",
    4,
    hincrbyfloat,
    Docs::new(
        "hash",
        "2.6.0",
        "O(1)",
        "Adds to the number in a field of a hash; a missing field counts as 0.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("field", ArgKind::String),
        Arg::new("increment", ArgKind::Double),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::HASH)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE)]);

fn hincrbyfloat(engine: &mut Engine, call: &mut Call) -> Outcome {
    let by = Extended::parse(&call.argv[3]).ok_or(Error::NotFloat)?;
    if by.is_infinite() {
        return Err(Error::text("ERR value is NaN or Infinity"));
    }
    let name = &call.argv[2];
    let sum = change(engine, call, |hash, limits| {
        let number = match hash.get(name) {
            Some(value) => Extended::parse(value.as_bytes(&mut itoa::Buffer::new()))
                .ok_or(Error::text("ERR hash value is not a float"))?,
            None => Extended::ZERO,
        };
        let sum = ByteString::from(number.add(by).ok_or(NOT_FINITE)?.to_human());
        hash.set(name, &sum, limits);
        Ok(sum)
    })?;
    // As its result, since another machine may reckon otherwise.
    engine
        .propagate_as(call, |argv| ["HSET".into(), argv[1].clone(), argv[2].clone(), sum.clone()]);
    engine.changed(call.db, &call.argv[1], class::HASH, "hincrbyfloat");
    call.reply.bulk(&sum);
    Ok(())
}
