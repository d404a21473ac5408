//! Times to live.

use byte_string::ByteString;
use keyspace::NO_EXPIRY;

use super::expire_time::{self, Given, Unit};
use super::keys::NO_TOUCH;
use crate::call::printable;
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] =
    &[EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, TTL, PTTL, EXPIRETIME, PEXPIRETIME, PERSIST];

/// What all four ways of setting a time to live take, and since when.
const CONDITION: Arg = Arg::new("condition", ArgKind::OneOf).since("7.0.0").optional().of(&[
    Arg::word("nx", "NX"),
    Arg::word("xx", "XX"),
    Arg::word("gt", "GT"),
    Arg::word("lt", "LT"),
]);
const HISTORY: &[(&str, &str)] = &[("7.0.0", "Options `NX`, `XX`, `GT` and `LT`.")];

const EXPIRE: Spec = Spec::new(
    "expire",
    -3,
    expire,
    Docs::new("generic", "1.0.0", "O(1)", "Lets a key expire after some seconds.")
        .history(HISTORY)
        .args(&[Arg::key("key", 0), Arg::new("seconds", ArgKind::Integer), CONDITION]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::KEYSPACE)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)]);

fn expire(engine: &mut Engine, call: &mut Call) -> Outcome {
    expire_at(engine, call, Given { at: 2, unit: Unit::Seconds, absolute: false })
}

const PEXPIRE: Spec = Spec::new(
    "pexpire",
    -3,
    pexpire,
    Docs::new("generic", "2.6.0", "O(1)", "Lets a key expire after some milliseconds.")
        .history(HISTORY)
        .args(&[Arg::key("key", 0), Arg::new("milliseconds", ArgKind::Integer), CONDITION]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::KEYSPACE)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)]);

fn pexpire(engine: &mut Engine, call: &mut Call) -> Outcome {
    expire_at(engine, call, Given { at: 2, unit: Unit::Milliseconds, absolute: false })
}

const EXPIREAT: Spec = Spec::new(
    "expireat",
    -3,
    expireat,
    Docs::new("generic", "1.2.0", "O(1)", "Lets a key expire at a Unix time in seconds.")
        .history(HISTORY)
        .args(&[Arg::key("key", 0), Arg::new("unix-time-seconds", ArgKind::UnixTime), CONDITION]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::KEYSPACE)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)]);

fn expireat(engine: &mut Engine, call: &mut Call) -> Outcome {
    expire_at(engine, call, Given { at: 2, unit: Unit::Seconds, absolute: true })
}

const PEXPIREAT: Spec = Spec::new(
    "pexpireat",
    -3,
    pexpireat,
    Docs::new("generic", "2.6.0", "O(1)", "Lets a key expire at a Unix time in milliseconds.")
        .history(HISTORY)
        .args(&[
            Arg::key("key", 0),
            Arg::new("unix-time-milliseconds", ArgKind::UnixTime),
            CONDITION,
        ]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::KEYSPACE)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)]);

fn pexpireat(engine: &mut Engine, call: &mut Call) -> Outcome {
    expire_at(engine, call, Given { at: 2, unit: Unit::Milliseconds, absolute: true })
}

/// What has to hold of a key's old time to live for a new one to be set.
#[derive(Debug, Clone, Copy, Default)]
struct Conditions {
    /// There is none.
    nx: bool,
    /// There is one.
    xx: bool,
    /// It is shorter than the new one.
    gt: bool,
    /// It is longer than the new one.
    lt: bool,
}

impl Conditions {
    fn parse(call: &Call) -> Result<Self, Error> {
        let mut conditions = Self::default();
        for word in &call.argv[3..] {
            let condition = match word.to_ascii_lowercase().as_slice() {
                b"nx" => &mut conditions.nx,
                b"xx" => &mut conditions.xx,
                b"gt" => &mut conditions.gt,
                b"lt" => &mut conditions.lt,
                _ => {
                    return Err(Error::owned(format!(
                        "ERR Unsupported option {}",
                        printable(word, 128)
                    )));
                }
            };
            *condition = true;
        }
        let Self { nx, xx, gt, lt } = conditions;
        if nx && (xx || gt || lt) {
            return Err(Error::text(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if gt && lt {
            return Err(Error::text("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(conditions)
    }

    /// A key without a time to live counts as one that lives for ever.
    fn hold(self, old_ms: Option<i64>, new_ms: i64) -> bool {
        (!self.nx || old_ms.is_none())
            && (!self.xx || old_ms.is_some())
            && (!self.gt || old_ms.is_some_and(|old_ms| new_ms > old_ms))
            && (!self.lt || old_ms.is_none_or(|old_ms| new_ms < old_ms))
    }
}

fn expire_at(engine: &mut Engine, call: &mut Call, time: Given) -> Outcome {
    let conditions = Conditions::parse(call)?;
    let at_ms = time.any_ms(engine.clock.now_ms, call)?;
    let (db, key) = (call.db, call.argv[1].clone());
    let old_ms =
        engine.find_write(db, &key).map(|entry| entry.has_expiry().then(|| entry.expire_at_ms()));
    if !old_ms.is_some_and(|old_ms| conditions.hold(old_ms, at_ms)) {
        call.reply.integer(0);
        return Ok(());
    }
    if engine.is_past(at_ms) {
        expire_time::delete_now(engine, call, &key);
    } else {
        engine.set_expire(db, &key, Some(at_ms));
        // As a Unix time, with the options it was given.
        engine.propagate_as(call, |argv| {
            let mut argv = argv.clone();
            argv[0] = "PEXPIREAT".into();
            argv[2] = ByteString::from_i64(at_ms);
            argv
        });
        engine.changed(db, &key, class::GENERIC, "expire");
    }
    call.reply.integer(1);
    Ok(())
}

const TTL: Spec = Spec::new(
    "ttl",
    2,
    ttl,
    Docs::new("generic", "1.0.0", "O(1)", "Gives the seconds until a key expires.")
        .history(&[("2.8.0", "Reply -2.")])
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::KEYSPACE)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn ttl(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_time(engine, call, Unit::Seconds, false)
}

const PTTL: Spec = Spec::new(
    "pttl",
    2,
    pttl,
    Docs::new("generic", "2.6.0", "O(1)", "Gives the milliseconds until a key expires.")
        .history(&[("2.8.0", "Reply -2.")])
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::KEYSPACE)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn pttl(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_time(engine, call, Unit::Milliseconds, false)
}

const EXPIRETIME: Spec = Spec::new(
    "expiretime",
    2,
    expiretime,
    Docs::new("generic", "7.0.0", "O(1)", "Gives the Unix time in seconds at which a key expires.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::KEYSPACE)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn expiretime(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_time(engine, call, Unit::Seconds, true)
}

const PEXPIRETIME: Spec = Spec::new(
    "pexpiretime",
    2,
    pexpiretime,
    Docs::new(
        "generic",
        "7.0.0",
        "O(1)",
        "Gives the Unix time in milliseconds at which a key expires.",
    )
    .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::KEYSPACE)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn pexpiretime(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_time(engine, call, Unit::Milliseconds, true)
}

const REPLY_NO_KEY: i64 = -2;
const REPLY_NO_EXPIRY: i64 = -1;

fn reply_time(engine: &mut Engine, call: &mut Call, unit: Unit, absolute: bool) -> Outcome {
    let now_ms = if absolute { 0 } else { engine.clock.now_ms };
    let reply = match engine.find_read_with(call.db, &call.argv[1], NO_TOUCH) {
        None => REPLY_NO_KEY,
        Some(entry) if entry.expire_at_ms() == NO_EXPIRY => REPLY_NO_EXPIRY,
        Some(entry) => {
            let left_ms = (entry.expire_at_ms() - now_ms).max(0);
            match unit {
                Unit::Seconds => ((left_ms as u64 + 500) / 1000) as i64,
                Unit::Milliseconds => left_ms,
            }
        }
    };
    call.reply.integer(reply);
    Ok(())
}

const PERSIST: Spec = Spec::new(
    "persist",
    2,
    persist,
    Docs::new("generic", "2.2.0", "O(1)", "Lets a key live without expiring.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::KEYSPACE)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)]);

fn persist(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (db, key) = (call.db, &call.argv[1]);
    let found = engine.locate_write(db, key);
    let had = found.is_ok_and(|place| engine.db_mut(db).persist_at(place));
    if had {
        engine.changed(db, key, class::GENERIC, "persist");
    }
    call.reply.integer(i64::from(had));
    Ok(())
}
