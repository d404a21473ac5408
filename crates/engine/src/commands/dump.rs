//! DUMP and RESTORE: values as bytes that stand alone.

use byte_string::ByteString;

use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::hooks::Removal;
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[DUMP, RESTORE, RESTORE_ASKING];

const DUMP: Spec = Spec::new(
    "dump",
    2,
    dump,
    Docs::new(
        "generic",
        "2.6.0",
        "O(N*M) where N is the number of elements and M their mean size",
        "Gives a key's value as bytes that RESTORE understands.",
    )
    .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY)
.categories(category::KEYSPACE)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn dump(engine: &mut Engine, call: &mut Call) -> Outcome {
    let key = &call.argv[1];
    let found = engine.find_read(call, key).is_some();
    match if found { engine.dump(call.db, key)? } else { None } {
        Some(payload) => call.reply.bulk_shared(&ByteString::from(payload)),
        None => call.reply.null(),
    }
    Ok(())
}

/// RESTORE's options.
#[derive(Debug, Default)]
struct RestoreArgs {
    replace: bool,
    absolute: bool,
    idle_secs: Option<i64>,
    freq: Option<u8>,
}

impl RestoreArgs {
    fn parse(call: &Call) -> Result<Self, Error> {
        let mut args = Self::default();
        let mut at = 4;
        while at < call.argc() {
            let has_value = at + 1 < call.argc();
            if call.arg_is(at, "REPLACE") {
                args.replace = true;
            } else if call.arg_is(at, "ABSTTL") {
                args.absolute = true;
            } else if call.arg_is(at, "IDLETIME") && has_value && args.freq.is_none() {
                at += 1;
                let idle_secs = call.integer(at)?;
                if idle_secs < 0 {
                    return Err(Error::text("ERR Invalid IDLETIME value, must be >= 0"));
                }
                args.idle_secs = Some(idle_secs);
            } else if call.arg_is(at, "FREQ") && has_value && args.idle_secs.is_none() {
                at += 1;
                let freq = u8::try_from(call.integer(at)?);
                let freq = freq
                    .map_err(|_| Error::text("ERR Invalid FREQ value, must be >= 0 and <= 255"))?;
                args.freq = Some(freq);
            } else {
                return Err(Error::Syntax);
            }
            at += 1;
        }
        Ok(args)
    }
}

/// What RESTORE and RESTORE-ASKING take, and since when.
const RESTORE_ARGS: &[Arg] = &[
    Arg::key("key", 0),
    Arg::new("ttl", ArgKind::Integer),
    Arg::new("serialized-value", ArgKind::String),
    Arg::word("replace", "REPLACE").since("3.0.0").optional(),
    Arg::word("absttl", "ABSTTL").since("5.0.0").optional(),
    Arg::new("seconds", ArgKind::Integer).token("IDLETIME").since("5.0.0").optional(),
    Arg::new("frequency", ArgKind::Integer).token("FREQ").since("5.0.0").optional(),
];
const RESTORE_HISTORY: &[(&str, &str)] = &[
    ("3.0.0", "Option `REPLACE`."),
    ("5.0.0", "Option `ABSTTL`."),
    ("5.0.0", "Options `IDLETIME` and `FREQ`."),
];

const RESTORE: Spec = Spec::new(
    "restore",
    -4,
    restore,
    Docs::new(
        "generic",
        "2.6.0",
        "O(N*M) where N is the number of elements and M their mean size",
        "Makes a key from bytes that DUMP gave.",
    )
    .history(RESTORE_HISTORY)
    .args(RESTORE_ARGS),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::DANGEROUS | category::KEYSPACE)
.keys(&[KeySpec::one(1, key_flag::OW | key_flag::UPDATE)]);

fn restore(engine: &mut Engine, call: &mut Call) -> Outcome {
    let args = RestoreArgs::parse(call)?;
    let (db, key) = (call.db, call.argv[1].clone());
    if !args.replace && engine.find_write(db, &key).is_some() {
        return Err(Error::text("BUSYKEY Target key name already exists."));
    }
    let ttl_ms = call.integer(2)?;
    if ttl_ms < 0 {
        return Err(Error::text("ERR Invalid TTL value, must be >= 0"));
    }
    let body = rdb::dump_body(&call.argv[3]);
    let body = body.ok_or(Error::text("ERR DUMP payload version or checksum are wrong"))?;
    let value = engine.undump(db, &key, body).ok_or(Error::text("ERR Bad data format"))?;

    let lazy = engine.config.lazyfree_lazy_server_del;
    let replaced = args.replace && engine.remove_with(db, &key, Removal::Deleted, lazy);
    let base_ms = if args.absolute { 0 } else { engine.clock.now_ms };
    let expire_at_ms = (ttl_ms != 0).then(|| ttl_ms.saturating_add(base_ms));
    call.reply.ok();
    if expire_at_ms.is_some_and(|at_ms| engine.is_past(at_ms)) {
        engine.free_value(None, db, value, false);
        if replaced {
            engine
                .propagate_as(call, |_| [if lazy { "UNLINK" } else { "DEL" }.into(), key.clone()]);
            engine.changed(db, &key, class::GENERIC, "del");
        }
        return Ok(());
    }
    engine.give(db, &key, value, expire_at_ms);
    mark_use(engine, db, &key, &args);
    if let Some(at_ms) = expire_at_ms.filter(|_| !args.absolute) {
        engine.propagate_as(call, |argv| {
            let mut argv = argv.clone();
            argv[2] = ByteString::from_i64(at_ms);
            argv.push("ABSTTL".into());
            argv
        });
    }
    engine.changed(db, &key, class::GENERIC, "restore");
    Ok(())
}

/// Sets the restored key's idle time or frequency, whichever the policy in force keeps.
fn mark_use(engine: &mut Engine, db: usize, key: &ByteString, args: &RestoreArgs) {
    let now_ms = engine.clock.now_ms;
    let mark = if engine.config.maxmemory_policy.is_lfu() {
        args.freq.map(|freq| keyspace::lfu_mark(freq, now_ms))
    } else {
        let used_at_ms =
            |idle_secs: i64| now_ms.saturating_sub(idle_secs.saturating_mul(1000)).max(0);
        args.idle_secs.map(|idle_secs| keyspace::lru_stamp(used_at_ms(idle_secs)))
    };
    if let (Some(mark), Some(entry)) = (mark, engine.db_mut(db).find_mut(key)) {
        entry.access = mark;
    }
}

const RESTORE_ASKING: Spec = Spec::new(
    "restore-asking",
    -4,
    restore,
    Docs::new(
        "server",
        "3.0.0",
        "O(N*M) where N is the number of elements and M their mean size",
        "RESTORE as used while a cluster moves slots.",
    )
    .history(RESTORE_HISTORY)
    .args(RESTORE_ARGS),
)
.flags(flag::WRITE | flag::DENYOOM | flag::ASKING)
.categories(category::DANGEROUS | category::KEYSPACE)
.keys(&[KeySpec::one(1, key_flag::OW | key_flag::UPDATE)]);
