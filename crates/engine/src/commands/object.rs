//! OBJECT: what a value is like inside.

use super::{only_subcommands, reply_help};
use crate::command::{Arg, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::lookup::Look;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[OBJECT];

const OBJECT: Spec = Spec::new(
    "object",
    -2,
    only_subcommands,
    Docs::new(
        "generic",
        "2.2.3",
        "Depends on the sub-command.",
        "Contains commands that look inside values.",
    ),
)
.subcommands(&[OBJECT_ENCODING, OBJECT_FREQ, OBJECT_HELP, OBJECT_IDLETIME, OBJECT_REFCOUNT]);

/// A look from outside: it is neither a use nor a miss.
const LOOK: Look = Look { no_touch: true, no_stats: false, no_notify: true, no_expire: false };

const OBJECT_ENCODING: Spec = Spec::new(
    "encoding",
    3,
    encoding,
    Docs::new("generic", "2.2.3", "O(1)", "Tells how a value is held in memory.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY)
.categories(category::KEYSPACE)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(2, key_flag::RO)]);

fn encoding(engine: &mut Engine, call: &mut Call) -> Outcome {
    match engine.find_read_with(call.db, &call.argv[2], LOOK) {
        Some(entry) => call.reply.bulk(entry.value.encoding_name().as_bytes()),
        None => call.reply.null(),
    }
    Ok(())
}

const OBJECT_FREQ: Spec = Spec::new(
    "freq",
    3,
    freq,
    Docs::new(
        "generic",
        "4.0.0",
        "O(1)",
        "Gives the frequency counter of a key under an LFU policy.",
    )
    .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY)
.categories(category::KEYSPACE)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(2, key_flag::RO)]);

fn freq(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (lfu, now_ms) = (engine.config.lfu(), engine.clock.now_ms);
    let is_lfu = engine.config.maxmemory_policy.is_lfu();
    match engine.find_read_with(call.db, &call.argv[2], LOOK) {
        None => call.reply.null(),
        Some(_) if !is_lfu => {
            return Err(Error::text(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when \
                 switching between policies at runtime LRU and LFU data will take some time to adjust.",
            ));
        }
        Some(entry) => {
            call.reply.integer(i64::from(keyspace::lfu_counter(entry.access, now_ms, lfu)))
        }
    }
    Ok(())
}

const OBJECT_IDLETIME: Spec = Spec::new(
    "idletime",
    3,
    idletime,
    Docs::new("generic", "2.2.3", "O(1)", "Gives the seconds since a key was last used.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY)
.categories(category::KEYSPACE)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(2, key_flag::RO)]);

fn idletime(engine: &mut Engine, call: &mut Call) -> Outcome {
    let now_ms = engine.clock.now_ms;
    let is_lfu = engine.config.maxmemory_policy.is_lfu();
    match engine.find_read_with(call.db, &call.argv[2], LOOK) {
        None => call.reply.null(),
        Some(_) if is_lfu => {
            return Err(Error::text(
                "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching \
                 between policies at runtime LRU and LFU data will take some time to adjust.",
            ));
        }
        Some(entry) => call.reply.integer(i64::from(keyspace::idle_secs(entry.access, now_ms))),
    }
    Ok(())
}

const OBJECT_REFCOUNT: Spec = Spec::new(
    "refcount",
    3,
    refcount,
    Docs::new("generic", "2.2.3", "O(1)", "Gives the reference count of a value.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY)
.categories(category::KEYSPACE)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(2, key_flag::RO)]);

/// Values are owned by their key alone; only their bytes are shared.
fn refcount(engine: &mut Engine, call: &mut Call) -> Outcome {
    match engine.find_read_with(call.db, &call.argv[2], LOOK) {
        Some(_) => call.reply.integer(1),
        None => call.reply.null(),
    }
    Ok(())
}

const OBJECT_HELP: Spec =
    Spec::new("help", 2, help, Docs::new("generic", "6.2.0", "O(1)", "Lists the sub-commands."))
        .flags(flag::LOADING | flag::STALE)
        .categories(category::KEYSPACE);

fn help(_: &mut Engine, call: &mut Call) -> Outcome {
    reply_help(
        call,
        "OBJECT",
        &[
            (
                "ENCODING <key>",
                "How the value is held in memory:\none of the encodings of its type.",
            ),
            (
                "FREQ <key>",
                "The key's frequency counter under an LFU policy,\nwhich grows with the logarithm of its uses.",
            ),
            ("IDLETIME <key>", "Seconds since the key was last used,\nunder any policy but LFU."),
            ("REFCOUNT <key>", "How many hold the value:\nits key alone."),
        ],
    );
    Ok(())
}
