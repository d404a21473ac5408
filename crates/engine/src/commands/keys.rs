//! Commands on keys, whatever they hold.

use byte_string::ByteString;
use keyspace::Value;

use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::hooks::Removal;
use crate::lookup::Look;
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] =
    &[DEL, UNLINK, EXISTS, TOUCH, TYPE, KEYS, RANDOMKEY, RENAME, RENAMENX];

const DEL: Spec = Spec::new(
    "del",
    -2,
    del,
    Docs::new(
        "generic",
        "1.0.0",
        "O(N) where N is the number of keys, plus O(M) for each collection of M elements",
        "Deletes keys.",
    )
    .args(&[Arg::key("key", 0).multiple()]),
)
.flags(flag::WRITE)
.categories(category::KEYSPACE)
.tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
.keys(&[KeySpec::range(1, -1, 1, key_flag::RM | key_flag::DELETE)]);

fn del(engine: &mut Engine, call: &mut Call) -> Outcome {
    let lazy = engine.config.lazyfree_lazy_user_del;
    delete(engine, call, lazy)
}

const UNLINK: Spec = Spec::new(
    "unlink",
    -2,
    unlink,
    Docs::new(
        "generic",
        "4.0.0",
        "O(1) a key, plus the freeing in the background",
        "Deletes keys, and frees large values in the background.",
    )
    .args(&[Arg::key("key", 0).multiple()]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::KEYSPACE)
.tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
.keys(&[KeySpec::range(1, -1, 1, key_flag::RM | key_flag::DELETE)]);

fn unlink(engine: &mut Engine, call: &mut Call) -> Outcome {
    delete(engine, call, true)
}

fn delete(engine: &mut Engine, call: &mut Call, lazy: bool) -> Outcome {
    let mut deleted = 0;
    for key in &call.argv[1..] {
        if engine.remove(call.db, key, lazy) {
            engine.notify(class::GENERIC, "del", key, call.db);
            deleted += 1;
        }
    }
    call.reply.integer(deleted);
    Ok(())
}

/// A look at a key that does not count as its use.
pub(super) const NO_TOUCH: Look =
    Look { no_touch: true, no_stats: false, no_notify: false, no_expire: false };

const EXISTS: Spec = Spec::new(
    "exists",
    -2,
    exists,
    Docs::new(
        "generic",
        "1.0.0",
        "O(N) where N is the number of keys",
        "Counts how many of the keys exist.",
    )
    .history(&[("3.0.3", "Several keys in one call.")])
    .args(&[Arg::key("key", 0).multiple()]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::KEYSPACE)
.tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
.keys(&[KeySpec::range(1, -1, 1, key_flag::RO)]);

fn exists(engine: &mut Engine, call: &mut Call) -> Outcome {
    let keys = call.argv[1..].iter();
    let found = keys.filter(|key| engine.find_read_with(call.db, key, NO_TOUCH).is_some()).count();
    call.reply.integer(found as i64);
    Ok(())
}

const TOUCH: Spec = Spec::new(
    "touch",
    -2,
    touch,
    Docs::new(
        "generic",
        "3.2.1",
        "O(N) where N is the number of keys",
        "Marks keys as used now, and counts those that exist.",
    )
    .args(&[Arg::key("key", 0).multiple()]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::KEYSPACE)
.tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
.keys(&[KeySpec::range(1, -1, 1, key_flag::RO)]);

fn touch(engine: &mut Engine, call: &mut Call) -> Outcome {
    let keys = call.argv[1..].iter();
    // CLIENT NO-TOUCH does not hold here.
    let found =
        keys.filter(|key| engine.find_read_with(call.db, key, Look::default()).is_some()).count();
    call.reply.integer(found as i64);
    Ok(())
}

const TYPE: Spec = Spec::new(
    "type",
    2,
    type_,
    Docs::new("generic", "1.0.0", "O(1)", "Tells the type of the value held by a key.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::KEYSPACE)
.keys(&[KeySpec::one(1, key_flag::RO)]);

fn type_(engine: &mut Engine, call: &mut Call) -> Outcome {
    let entry = engine.find_read_with(call.db, &call.argv[1], NO_TOUCH);
    call.reply.simple(entry.map_or("none", |entry| entry.value.type_name()));
    Ok(())
}

const KEYS: Spec = Spec::new(
    "keys",
    2,
    keys,
    Docs::new(
        "generic",
        "1.0.0",
        "O(N) where N is the number of keys in the database",
        "Gives all keys that match a pattern.",
    )
    .args(&[Arg::new("pattern", ArgKind::Pattern)]),
)
.flags(flag::READONLY)
.categories(category::DANGEROUS | category::KEYSPACE)
.tips(&["request_policy:all_shards", "nondeterministic_output_order"]);

fn keys(engine: &mut Engine, call: &mut Call) -> Outcome {
    let pattern = &call.argv[1];
    let now_ms = engine.clock.now_ms;
    let every = *pattern == b"*";
    let head = call.reply.defer();
    let mut len = 0;
    for entry in engine.db(call.db).iter() {
        if (every || keyspace::glob_match(pattern, entry.key(), false)) && !entry.is_expired(now_ms)
        {
            call.reply.bulk(entry.key());
            len += 1;
        }
    }
    call.reply.set_array(head, len);
    Ok(())
}

/// How many expired keys RANDOMKEY meets, while they cannot be deleted, before it gives one all the same.
const EXPIRED_TRIES_MAX: usize = 100;

const RANDOMKEY: Spec = Spec::new(
    "randomkey",
    1,
    randomkey,
    Docs::new("generic", "1.0.0", "O(1)", "Gives a key picked at random."),
)
.flags(flag::READONLY)
.categories(category::KEYSPACE)
.tips(&["request_policy:all_shards", "response_policy:special", "nondeterministic_output"]);

fn randomkey(engine: &mut Engine, call: &mut Call) -> Outcome {
    let mut tries = 0;
    loop {
        let mut rng = engine.rng.fork();
        let Some(entry) = engine.db(call.db).random(&mut rng) else {
            call.reply.null();
            return Ok(());
        };
        let key = entry.key_string();
        if !entry.is_expired(engine.clock.now_ms) || tries == EXPIRED_TRIES_MAX {
            call.reply.bulk_shared(&key);
            return Ok(());
        }
        if !engine.expire_if_due(call.db, &key) {
            tries += 1;
        }
    }
}

const RENAME: Spec = Spec::new(
    "rename",
    3,
    rename,
    Docs::new(
        "generic",
        "1.0.0",
        "O(1)",
        "Gives a key another name, in the place of what had that name.",
    )
    .args(&[Arg::key("key", 0), Arg::key("newkey", 1)]),
)
.flags(flag::WRITE)
.categories(category::KEYSPACE)
.keys(&[
    KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE),
    KeySpec::one(2, key_flag::OW | key_flag::UPDATE),
]);

fn rename(engine: &mut Engine, call: &mut Call) -> Outcome {
    if move_key(engine, call.db, &call.argv[1], &call.argv[2], true)? {
        call.reply.ok();
    }
    Ok(())
}

const RENAMENX: Spec = Spec::new(
    "renamenx",
    3,
    renamenx,
    Docs::new("generic", "1.0.0", "O(1)", "Gives a key another name unless that name is taken.")
        .history(&[("3.2.0", "The same name twice is no error.")])
        .args(&[Arg::key("key", 0), Arg::key("newkey", 1)]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::KEYSPACE)
.keys(&[
    KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE),
    KeySpec::one(2, key_flag::OW | key_flag::INSERT),
]);

fn renamenx(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (from, to) = (&call.argv[1], &call.argv[2]);
    let renamed = move_key(engine, call.db, from, to, false)? && from != to;
    call.reply.integer(i64::from(renamed));
    Ok(())
}

/// Renames a key; false, with nothing done, if the new name is taken and must not be.
fn move_key(
    engine: &mut Engine,
    db: usize,
    from: &ByteString,
    to: &ByteString,
    overwrite: bool,
) -> Result<bool, Error> {
    if engine.find_write(db, from).is_none() {
        return Err(Error::NoSuchKey);
    }
    if from == to {
        return Ok(true);
    }
    if engine.find_write(db, to).is_some() {
        if !overwrite {
            return Ok(false);
        }
        let lazy = engine.config.lazyfree_lazy_server_del;
        engine.remove_with(db, to, Removal::Deleted, lazy);
    }
    let Some((value, expire_at_ms)) = engine.take(db, from) else { return Err(Error::NoSuchKey) };
    engine.give(db, to, value, expire_at_ms);
    engine.signal_modified(db, from);
    engine.signal_modified(db, to);
    engine.notify(class::GENERIC, "rename_from", from, db);
    engine.notify(class::GENERIC, "rename_to", to, db);
    engine.dirty += 1;
    Ok(true)
}

impl Engine {
    /// Takes a key's value and time to live out of a database, to be given to another key.
    pub(super) fn take(&mut self, db: usize, key: &ByteString) -> Option<(Value, Option<i64>)> {
        if let Some(key_removed) = self.modules.key_removed {
            key_removed(self, Removal::Deleted, key, db);
        }
        let entry = self.db_mut(db).remove(key)?;
        let expire_at_ms = entry.has_expiry().then(|| entry.expire_at_ms());
        Some((entry.into_key_value().1, expire_at_ms))
    }

    /// Puts a value with its time to live under a key that was made free.
    pub(super) fn give(
        &mut self,
        db: usize,
        key: &ByteString,
        value: Value,
        expire_at_ms: Option<i64>,
    ) {
        self.put(db, key, value, false);
        if expire_at_ms.is_some() {
            self.set_expire(db, key, expire_at_ms);
        }
    }
}
