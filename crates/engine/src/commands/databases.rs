//! Whole databases, and keys from one to another.

use keyspace::Value;

use crate::call::call_flag;
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::hooks::{ModuleRef, Removal, ServerEvent};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[SELECT, DBSIZE, FLUSHDB, FLUSHALL, SWAPDB, MOVE, COPY];

const NO_SUCH_DB: Error = Error::text("ERR DB index is out of range");
const SAME_KEY: Error = Error::text("ERR source and destination objects are the same");

/// The number of a database that there is.
fn db_number(engine: &Engine, call: &Call, at: usize) -> Result<usize, Error> {
    let number = i32::try_from(call.integer(at)?).map_err(|_| {
        Error::text("ERR value is out of range, value must between -2147483648 and 2147483647")
    })?;
    usize::try_from(number).ok().filter(|&db| db < engine.keyspace.len()).ok_or(NO_SUCH_DB)
}

const SELECT: Spec = Spec::new(
    "select",
    2,
    select,
    Docs::new("connection", "1.0.0", "O(1)", "Chooses the connection's database.")
        .args(&[Arg::new("index", ArgKind::Integer)]),
)
.flags(flag::LOADING | flag::STALE | flag::FAST)
.categories(category::CONNECTION);

fn select(engine: &mut Engine, call: &mut Call) -> Outcome {
    let db = db_number(engine, call, 1)?;
    engine.select(call, db);
    call.reply.ok();
    Ok(())
}

const DBSIZE: Spec = Spec::new(
    "dbsize",
    1,
    dbsize,
    Docs::new("server", "1.0.0", "O(1)", "Counts the keys of the database."),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::KEYSPACE)
.tips(&["request_policy:all_shards", "response_policy:agg_sum"]);

fn dbsize(engine: &mut Engine, call: &mut Call) -> Outcome {
    call.reply.integer(engine.db(call.db).len() as i64);
    Ok(())
}

/// What FLUSHDB and FLUSHALL take, and since when.
const FLUSH_ARGS: &[Arg] = &[Arg::new("flush-type", ArgKind::OneOf)
    .optional()
    .of(&[Arg::word("async", "ASYNC").since("4.0.0"), Arg::word("sync", "SYNC").since("6.2.0")])];
const FLUSH_HISTORY: &[(&str, &str)] = &[("4.0.0", "Option `ASYNC`."), ("6.2.0", "Option `SYNC`.")];

const FLUSHDB: Spec = Spec::new(
    "flushdb",
    -1,
    flushdb,
    Docs::new(
        "server",
        "1.0.0",
        "O(N) where N is the number of keys in the database",
        "Deletes all keys of the database.",
    )
    .history(FLUSH_HISTORY)
    .args(FLUSH_ARGS),
)
.flags(flag::WRITE)
.categories(category::DANGEROUS | category::KEYSPACE)
.tips(&["request_policy:all_shards", "response_policy:all_succeeded"]);

fn flushdb(engine: &mut Engine, call: &mut Call) -> Outcome {
    let lazy = is_lazy(engine, call)?;
    engine.flush(Some(call.db), lazy);
    call.flags |= call_flag::FORCE_PROPAGATION;
    call.reply.ok();
    Ok(())
}

const FLUSHALL: Spec = Spec::new(
    "flushall",
    -1,
    flushall,
    Docs::new(
        "server",
        "1.0.0",
        "O(N) where N is the number of keys in all databases",
        "Deletes all keys of all databases.",
    )
    .history(FLUSH_HISTORY)
    .args(FLUSH_ARGS),
)
.flags(flag::WRITE)
.categories(category::DANGEROUS | category::KEYSPACE)
.tips(&["request_policy:all_shards", "response_policy:all_succeeded"]);

fn flushall(engine: &mut Engine, call: &mut Call) -> Outcome {
    let lazy = is_lazy(engine, call)?;
    engine.flush(None, lazy);
    call.flags |= call_flag::FORCE_PROPAGATION;
    call.reply.ok();
    Ok(())
}

fn is_lazy(engine: &Engine, call: &Call) -> Result<bool, Error> {
    match call.argc() {
        1 => Ok(engine.config.lazyfree_lazy_user_flush),
        2 if call.arg_is(1, "SYNC") => Ok(false),
        2 if call.arg_is(1, "ASYNC") => Ok(true),
        _ => Err(Error::Syntax),
    }
}

impl Engine {
    /// Empties one database or (with `None`) all of them; each key that was there counts as a change.
    pub fn flush(&mut self, db: Option<usize>, lazy: bool) {
        // −1 is all, as modules are told it.
        let number = db.map_or(-1, |db| db as i32);
        (self.modules.server_event)(self, &ServerEvent::Flush { start: true, db: number, lazy });
        self.touch_all_watched(db, None);
        let range = db.map_or(0..self.keyspace.len(), |db| db..db + 1);
        for db in range {
            let drained = self.db_mut(db).clear();
            self.dirty += drained.len() as u64;
            if lazy {
                (self.server.free_in_background)(Box::new(drained));
            } else {
                (self.modules.free_flushed)(self, drained);
            }
        }
        (self.modules.server_event)(self, &ServerEvent::Flush { start: false, db: number, lazy });
    }
}

const SWAPDB: Spec = Spec::new(
    "swapdb",
    3,
    swapdb,
    Docs::new(
        "server",
        "4.0.0",
        "O(N) where N is the number of clients that watch keys of the two databases",
        "Exchanges the contents of two databases.",
    )
    .args(&[Arg::new("index1", ArgKind::Integer), Arg::new("index2", ArgKind::Integer)]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::DANGEROUS | category::KEYSPACE);

fn swapdb(engine: &mut Engine, call: &mut Call) -> Outcome {
    let number = |at: usize, invalid: &'static str| {
        let number = resp::parse_i64(&call.argv[at]).and_then(|number| i32::try_from(number).ok());
        number.ok_or(Error::text(invalid))
    };
    let numbers =
        [number(1, "ERR invalid first DB index")?, number(2, "ERR invalid second DB index")?];
    let db = |number: i32| {
        usize::try_from(number).ok().filter(|&db| db < engine.keyspace.len()).ok_or(NO_SUCH_DB)
    };
    let (first, second) = (db(numbers[0])?, db(numbers[1])?);
    if first != second {
        engine.touch_all_watched(Some(first), Some(second));
        engine.touch_all_watched(Some(second), Some(first));
        engine.keyspace.swap(first, second);
    }
    let [first, second] = numbers;
    (engine.modules.server_event)(engine, &ServerEvent::SwapDb { first, second });
    engine.dirty += 1;
    call.reply.ok();
    Ok(())
}

const MOVE: Spec = Spec::new(
    "move",
    3,
    move_,
    Docs::new("generic", "1.0.0", "O(1)", "Moves a key to another database.")
        .args(&[Arg::key("key", 0), Arg::new("db", ArgKind::Integer)]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::KEYSPACE)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE)]);

fn move_(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (from, to, key) = (call.db, db_number(engine, call, 2)?, &call.argv[1]);
    if from == to {
        return Err(SAME_KEY);
    }
    let movable = engine.find_write(from, key).is_some() && engine.find_write(to, key).is_none();
    let taken = if movable { engine.take(from, key) } else { None };
    let Some((value, expire_at_ms)) = taken else {
        call.reply.integer(0);
        return Ok(());
    };
    engine.give(to, key, value, expire_at_ms);
    engine.signal_modified(from, key);
    engine.notify(class::GENERIC, "move_from", key, from);
    engine.notify(class::GENERIC, "move_to", key, to);
    engine.dirty += 1;
    call.reply.integer(1);
    Ok(())
}

/// COPY's options.
struct CopyArgs {
    to_db: usize,
    replace: bool,
}

impl CopyArgs {
    fn parse(engine: &Engine, call: &Call) -> Result<Self, Error> {
        let mut args = Self { to_db: call.db, replace: false };
        let mut at = 3;
        while at < call.argc() {
            if call.arg_is(at, "REPLACE") {
                args.replace = true;
            } else if call.arg_is(at, "DB") && at + 1 < call.argc() {
                at += 1;
                args.to_db = db_number(engine, call, at)?;
            } else {
                return Err(Error::Syntax);
            }
            at += 1;
        }
        Ok(args)
    }
}

const COPY: Spec = Spec::new(
    "copy",
    -3,
    copy,
    Docs::new(
        "generic",
        "6.2.0",
        "O(N) where N is the number of elements, O(1) for strings",
        "Copies a key's value to another key.",
    )
    .args(&[
        Arg::key("source", 0),
        Arg::key("destination", 1),
        Arg::new("destination-db", ArgKind::Integer).token("DB").optional(),
        Arg::word("replace", "REPLACE").optional(),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::KEYSPACE)
.keys(&[
    KeySpec::one(1, key_flag::RO | key_flag::ACCESS),
    KeySpec::one(2, key_flag::OW | key_flag::UPDATE),
]);

fn copy(engine: &mut Engine, call: &mut Call) -> Outcome {
    let CopyArgs { to_db, replace } = CopyArgs::parse(engine, call)?;
    let (from, to) = (&call.argv[1], &call.argv[2]);
    if to_db == call.db && from == to {
        return Err(SAME_KEY);
    }
    if engine.find_read(call, from).is_none() || engine.find_write(to_db, to).is_some() && !replace
    {
        call.reply.integer(0);
        return Ok(());
    }
    let Some(entry) = engine.db(call.db).find(from) else { return Err(Error::NoSuchKey) };
    let expire_at_ms = entry.has_expiry().then(|| entry.expire_at_ms());
    let value = if let Value::Module(value) = &entry.value {
        let value = ModuleRef::of(value);
        let copied = (engine.modules.copy_value)(engine, &value, (from, call.db), (to, to_db));
        Value::Module(copied?)
    } else {
        entry.value.try_clone().ok_or(Error::text("ERR not supported for this module key"))?
    };
    if replace {
        let lazy = engine.config.lazyfree_lazy_server_del;
        engine.remove_with(to_db, to, Removal::Deleted, lazy);
    }
    engine.give(to_db, to, value, expire_at_ms);
    engine.notify(class::GENERIC, "copy_to", to, to_db);
    engine.dirty += 1;
    call.reply.integer(1);
    Ok(())
}
