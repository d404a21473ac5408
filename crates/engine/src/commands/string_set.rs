//! Giving keys strings: SET and all that it can stand for.

use byte_string::ByteString;
use keyspace::Value;

use super::element;
use super::expire_time::{self, Given, Unit};
use super::set_args::{self, Condition, Expiry, SetArgs};
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[SET, SETNX, SETEX, PSETEX, GETSET, GETEX, MSET, MSETNX];

/// What a key that is set does with its time to live.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TimeToLive {
    Clear,
    Keep,
    /// Unix time in milliseconds.
    Until(i64),
}

const SET: Spec = Spec::new("set", -3, set, Docs::new("string", "1.0.0", "O(1)", "Makes a key hold a string, whatever it held before, with options for conditions and expiry.").history(&[("2.6.12", "Options `EX`, `PX`, `NX` and `XX`."), ("6.0.0", "Option `KEEPTTL`."), ("6.2.0", "Options `GET`, `EXAT` and `PXAT`."), ("7.0.0", "`NX` and `GET` may stand together.")]).args(&[Arg::key("key", 0), Arg::new("value", ArgKind::String), Arg::new("condition", ArgKind::OneOf).since("2.6.12").optional().of(&[Arg::word("nx", "NX"), Arg::word("xx", "XX")]), Arg::word("get", "GET").since("6.2.0").optional(), Arg::new("expiration", ArgKind::OneOf).optional().of(&[Arg::new("seconds", ArgKind::Integer).token("EX").since("2.6.12"), Arg::new("milliseconds", ArgKind::Integer).token("PX").since("2.6.12"), Arg::new("unix-time-seconds", ArgKind::UnixTime).token("EXAT").since("6.2.0"), Arg::new("unix-time-milliseconds", ArgKind::UnixTime).token("PXAT").since("6.2.0"), Arg::word("keepttl", "KEEPTTL").since("6.0.0")])])).flags(flag::WRITE | flag::DENYOOM).categories(category::STRING).keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE | key_flag::VARIABLE_FLAGS).notes("Read too when `GET` is given.")])
.getkeys(keys_of_set);

/// SET's key with its flags as the options make them.
fn keys_of_set(argv: &[ByteString]) -> Vec<(usize, u64)> {
    let reads = argv.iter().skip(3).any(|word| word.eq_ignore_ascii_case(b"GET"));
    let access = if reads { key_flag::RW | key_flag::ACCESS } else { key_flag::OW };
    vec![(1, access | key_flag::UPDATE)]
}

fn set(engine: &mut Engine, call: &mut Call) -> Outcome {
    let args = SetArgs::parse(call)?;
    let ttl = match args.expiry {
        Expiry::At(time) => TimeToLive::Until(time.positive_ms(engine.clock.now_ms, call)?),
        Expiry::Keep => TimeToLive::Keep,
        Expiry::Unsaid | Expiry::Remove => TimeToLive::Clear,
    };
    if args.get {
        reply_old(engine, call)?;
    }
    let assigned = assign(engine, call, 2, args.condition, ttl);
    if !args.get {
        match assigned {
            Assigned::Refused => call.reply.null(),
            Assigned::Set | Assigned::Past => call.reply.ok(),
        }
    }
    if assigned == Assigned::Set {
        propagate_set(engine, call, args, ttl);
    }
    Ok(())
}

/// Replies with the string that the key holds before it is set.
fn reply_old(engine: &mut Engine, call: &mut Call) -> Outcome {
    match engine.find_read(call, &call.argv[1]).map(|entry| &entry.value) {
        None => call.reply.null(),
        Some(Value::String(string)) => element::string(&mut call.reply, string),
        Some(_) => return Err(Error::WrongType),
    }
    Ok(())
}

/// What became of a key that was to be set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Assigned {
    Set,
    /// The condition did not hold; nothing was done.
    Refused,
    /// The time to live was over already: the key, if it was there, is deleted.
    Past,
}

/// Sets the key (argument 1) to the string at argument `value_at` and announces it.
fn assign(
    engine: &mut Engine,
    call: &mut Call,
    value_at: usize,
    condition: Condition,
    ttl: TimeToLive,
) -> Assigned {
    let (db, key) = (call.db, &call.argv[1]);
    let found = engine.locate_write(db, key);
    if matches!((&found, condition), (Ok(_), Condition::Missing) | (Err(_), Condition::Existing)) {
        return Assigned::Refused;
    }
    if let TimeToLive::Until(at_ms) = ttl
        && engine.is_past(at_ms)
    {
        let key = key.clone();
        expire_time::delete_now(engine, call, &key);
        return Assigned::Past;
    }
    let value = Value::string(call.argv[value_at].clone());
    match found {
        Ok(place) => engine.replace(db, place, key, value, ttl != TimeToLive::Clear),
        Err(vacancy) => engine.add(db, vacancy, key, value),
    }
    if let TimeToLive::Until(at_ms) = ttl {
        engine.set_expire(db, key, Some(at_ms));
    }
    engine.changed(db, key, class::STRING, "set");
    if let TimeToLive::Until(_) = ttl {
        engine.notify(class::GENERIC, "expire", key, db);
    }
    Assigned::Set
}

/// Has a SET repeated with its time as Unix time, and without GET.
fn propagate_set(engine: &Engine, call: &mut Call, args: SetArgs, ttl: TimeToLive) {
    let unix_ms =
        matches!(args.expiry, Expiry::At(Given { unit: Unit::Milliseconds, absolute: true, .. }));
    if let TimeToLive::Until(at_ms) = ttl {
        if !unix_ms {
            propagate_until(engine, call, 2, at_ms);
        }
    } else if args.get {
        let is_get = |(at, word): (usize, &ByteString)| at > 2 && word.eq_ignore_ascii_case(b"GET");
        engine.propagate_as(call, |argv| {
            let kept = argv.iter().enumerate().filter(|&word| !is_get(word));
            kept.map(|(_, word)| word.clone()).collect::<Vec<_>>()
        });
    }
}

fn propagate_until(engine: &Engine, call: &mut Call, value_at: usize, at_ms: i64) {
    engine.propagate_as(call, |argv| {
        let (key, value) = (argv[1].clone(), argv[value_at].clone());
        ["SET".into(), key, value, "PXAT".into(), ByteString::from_i64(at_ms)]
    });
}

const SETNX: Spec = Spec::new(
    "setnx",
    3,
    setnx,
    Docs::new("string", "1.0.0", "O(1)", "Makes a key hold a string unless the key exists.")
        .deprecated("2.6.12", "`SET` with the `NX` argument")
        .args(&[Arg::key("key", 0), Arg::new("value", ArgKind::String)]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::OW | key_flag::INSERT)]);

fn setnx(engine: &mut Engine, call: &mut Call) -> Outcome {
    let assigned = assign(engine, call, 2, Condition::Missing, TimeToLive::Clear);
    call.reply.integer(i64::from(assigned == Assigned::Set));
    Ok(())
}

const SETEX: Spec = Spec::new(
    "setex",
    4,
    setex,
    Docs::new(
        "string",
        "2.0.0",
        "O(1)",
        "Makes a key hold a string that expires after some seconds.",
    )
    .deprecated("2.6.12", "`SET` with the `EX` argument")
    .args(&[
        Arg::key("key", 0),
        Arg::new("seconds", ArgKind::Integer),
        Arg::new("value", ArgKind::String),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::OW | key_flag::UPDATE)]);

fn setex(engine: &mut Engine, call: &mut Call) -> Outcome {
    set_with_time(engine, call, Unit::Seconds)
}

const PSETEX: Spec = Spec::new(
    "psetex",
    4,
    psetex,
    Docs::new(
        "string",
        "2.6.0",
        "O(1)",
        "Makes a key hold a string that expires after some milliseconds.",
    )
    .deprecated("2.6.12", "`SET` with the `PX` argument")
    .args(&[
        Arg::key("key", 0),
        Arg::new("milliseconds", ArgKind::Integer),
        Arg::new("value", ArgKind::String),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::OW | key_flag::UPDATE)]);

fn psetex(engine: &mut Engine, call: &mut Call) -> Outcome {
    set_with_time(engine, call, Unit::Milliseconds)
}

fn set_with_time(engine: &mut Engine, call: &mut Call, unit: Unit) -> Outcome {
    let at_ms = Given { at: 2, unit, absolute: false }.positive_ms(engine.clock.now_ms, call)?;
    assign(engine, call, 3, Condition::Always, TimeToLive::Until(at_ms));
    call.reply.ok();
    propagate_until(engine, call, 3, at_ms);
    Ok(())
}

const GETSET: Spec = Spec::new(
    "getset",
    3,
    getset,
    Docs::new("string", "1.0.0", "O(1)", "Makes a key hold a string and gives the one it held.")
        .deprecated("6.2.0", "`SET` with the `!GET` argument")
        .args(&[Arg::key("key", 0), Arg::new("value", ArgKind::String)]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE)]);

fn getset(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_old(engine, call)?;
    assign(engine, call, 2, Condition::Always, TimeToLive::Clear);
    engine.propagate_as(call, |argv| ["SET".into(), argv[1].clone(), argv[2].clone()]);
    Ok(())
}

const GETEX: Spec = Spec::new(
    "getex",
    -2,
    getex,
    Docs::new(
        "string",
        "6.2.0",
        "O(1)",
        "Gives the string held by a key, and can change when the key expires.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("expiration", ArgKind::OneOf).optional().of(&[
            Arg::new("seconds", ArgKind::Integer).token("EX"),
            Arg::new("milliseconds", ArgKind::Integer).token("PX"),
            Arg::new("unix-time-seconds", ArgKind::UnixTime).token("EXAT"),
            Arg::new("unix-time-milliseconds", ArgKind::UnixTime).token("PXAT"),
            Arg::word("persist", "PERSIST"),
        ]),
    ]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::STRING)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE)
    .notes("Written too, since the time to live may change.")]);

fn getex(engine: &mut Engine, call: &mut Call) -> Outcome {
    let expiry = set_args::parse_getex(call)?;
    let (db, key) = (call.db, call.argv[1].clone());
    let now_ms = engine.clock.now_ms;
    let string = match engine.find_read(call, &key).map(|entry| &entry.value) {
        None => {
            call.reply.null();
            return Ok(());
        }
        Some(Value::String(string)) => string,
        Some(_) => return Err(Error::WrongType),
    };
    let until = match expiry {
        Expiry::At(time) => Some((time.positive_ms(now_ms, call)?, time.absolute)),
        Expiry::Unsaid | Expiry::Keep | Expiry::Remove => None,
    };
    element::string(&mut call.reply, string);
    match until {
        Some((at_ms, true)) if engine.is_past(at_ms) => expire_time::delete_now(engine, call, &key),
        Some((at_ms, _)) => {
            engine.set_expire(db, &key, Some(at_ms));
            engine.propagate_as(call, |argv| {
                ["PEXPIREAT".into(), argv[1].clone(), ByteString::from_i64(at_ms)]
            });
            engine.changed(db, &key, class::GENERIC, "expire");
        }
        None if expiry == Expiry::Remove && engine.db(db).expire_of(&key).is_some() => {
            engine.set_expire(db, &key, None);
            engine.propagate_as(call, |argv| ["PERSIST".into(), argv[1].clone()]);
            engine.changed(db, &key, class::GENERIC, "persist");
        }
        None => {}
    }
    Ok(())
}

const MSET: Spec = Spec::new(
    "mset",
    -3,
    mset,
    Docs::new(
        "string",
        "1.0.1",
        "O(N) where N is the number of keys",
        "Makes several keys hold strings, all at once.",
    )
    .args(&[Arg::new("data", ArgKind::Block)
        .multiple()
        .of(&[Arg::key("key", 0), Arg::new("value", ArgKind::String)])]),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::STRING)
.tips(&["request_policy:multi_shard", "response_policy:all_succeeded"])
.keys(&[KeySpec::range(1, -1, 2, key_flag::OW | key_flag::UPDATE)]);

fn mset(engine: &mut Engine, call: &mut Call) -> Outcome {
    check_pairs(call)?;
    set_pairs(engine, call);
    call.reply.ok();
    Ok(())
}

const MSETNX: Spec = Spec::new(
    "msetnx",
    -3,
    msetnx,
    Docs::new(
        "string",
        "1.0.1",
        "O(N) where N is the number of keys",
        "Makes several keys hold strings, or none of them if one exists already.",
    )
    .args(&[Arg::new("data", ArgKind::Block)
        .multiple()
        .of(&[Arg::key("key", 0), Arg::new("value", ArgKind::String)])]),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::STRING)
.keys(&[KeySpec::range(1, -1, 2, key_flag::OW | key_flag::INSERT)]);

fn msetnx(engine: &mut Engine, call: &mut Call) -> Outcome {
    check_pairs(call)?;
    let any =
        (1..call.argc()).step_by(2).any(|at| engine.find_write(call.db, &call.argv[at]).is_some());
    if !any {
        set_pairs(engine, call);
    }
    call.reply.integer(i64::from(!any));
    Ok(())
}

fn check_pairs(call: &Call) -> Outcome {
    if call.argc().is_multiple_of(2) {
        return Err(Error::WrongArity(call.command.full_name.clone()));
    }
    Ok(())
}

fn set_pairs(engine: &mut Engine, call: &Call) {
    for pair in call.argv[1..].chunks_exact(2) {
        engine.put(call.db, &pair[0], Value::string(pair[1].clone()), false);
        engine.notify(class::STRING, "set", &pair[0], call.db);
        engine.dirty += 1;
    }
}
