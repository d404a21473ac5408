//! Lists: changing and finding elements anywhere.

use keyspace::{Element, ListEnd, ListValue};

use super::collection::{find_write, negatable, range, read_at, removed};
use super::list::place;
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[LSET, LINSERT, LTRIM, LREM, LPOS];

const LSET: Spec = Spec::new(
    "lset",
    4,
    lset,
    Docs::new(
        "list",
        "1.0.0",
        "O(N) where N is the number of nodes on the way, O(1) for the ends",
        "Puts another element in the place of one, by its index.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("index", ArgKind::Integer),
        Arg::new("element", ArgKind::String),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)]);

fn lset(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (db, key) = (call.db, &call.argv[1]);
    let limits = engine.limits().list;
    let list = find_write::<ListValue>(engine, db, key)?.ok_or(Error::NoSuchKey)?;
    let index = place(call.integer(2)?, list.len()).ok_or(Error::OutOfRange)?;
    list.set(index, &call.argv[3], limits);
    engine.changed(db, key, class::LIST, "lset");
    call.reply.ok();
    Ok(())
}

const LINSERT: Spec = Spec::new(
    "linsert",
    5,
    linsert,
    Docs::new(
        "list",
        "2.2.0",
        "O(N) where N is the number of elements before the pivot",
        "Adds an element in front of or behind another one.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("where", ArgKind::OneOf)
            .of(&[Arg::word("before", "BEFORE"), Arg::word("after", "AFTER")]),
        Arg::new("pivot", ArgKind::String),
        Arg::new("element", ArgKind::String),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::INSERT)]);

fn linsert(engine: &mut Engine, call: &mut Call) -> Outcome {
    let after = if call.arg_is(2, "AFTER") {
        1
    } else if call.arg_is(2, "BEFORE") {
        0
    } else {
        return Err(Error::Syntax);
    };
    let (db, key, pivot) = (call.db, &call.argv[1], &call.argv[3]);
    let limits = engine.limits().list;
    let Some(list) = find_write::<ListValue>(engine, db, key)? else {
        call.reply.integer(0);
        return Ok(());
    };
    let Some(at) = list.iter().position(|element| element == **pivot) else {
        call.reply.integer(-1);
        return Ok(());
    };
    list.insert(at + after, &call.argv[4], limits);
    let len = list.len();
    engine.changed(db, key, class::LIST, "linsert");
    call.reply.integer(len as i64);
    Ok(())
}

const LTRIM: Spec = Spec::new(
    "ltrim",
    4,
    ltrim,
    Docs::new(
        "list",
        "1.0.0",
        "O(N) where N is the number of elements removed",
        "Removes the elements on both sides of a range; a list without elements is deleted.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("start", ArgKind::Integer),
        Arg::new("stop", ArgKind::Integer),
    ]),
)
.flags(flag::WRITE)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::DELETE)]);

fn ltrim(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (start, stop) = (call.integer(2)?, call.integer(3)?);
    let (db, key) = (call.db, &call.argv[1]);
    let limits = engine.limits().list;
    if let Some(list) = find_write::<ListValue>(engine, db, key)? {
        let len = list.len();
        let kept = range(start, stop, len);
        list.remove_range(kept.end, len, limits);
        list.remove_range(0, kept.start, limits);
        let emptied = list.is_empty();
        removed(engine, db, key, (class::LIST, "ltrim"), len - kept.len(), emptied);
    }
    call.reply.ok();
    Ok(())
}

const LREM: Spec = Spec::new(
    "lrem",
    4,
    lrem,
    Docs::new(
        "list",
        "1.0.0",
        "O(N) where N is the length of the list",
        "Removes elements equal to one; a list without elements is deleted.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("count", ArgKind::Integer),
        Arg::new("element", ArgKind::String),
    ]),
)
.flags(flag::WRITE)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::DELETE)]);

fn lrem(engine: &mut Engine, call: &mut Call) -> Outcome {
    let count = negatable(call, 2)?;
    let end = if count < 0 { ListEnd::Back } else { ListEnd::Front };
    let most = match count {
        0 => usize::MAX,
        _ => usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX),
    };
    let (db, key) = (call.db, &call.argv[1]);
    let limits = engine.limits().list;
    let (count, emptied) = match find_write::<ListValue>(engine, db, key)? {
        Some(list) => {
            let count = list.remove_equal(end, &call.argv[3], most, limits);
            (count, list.is_empty())
        }
        None => (0, false),
    };
    if count > 0 {
        removed(engine, db, key, (class::LIST, "lrem"), count, emptied);
    }
    call.reply.integer(count as i64);
    Ok(())
}

const LPOS: Spec = Spec::new(
    "lpos",
    -3,
    lpos,
    Docs::new(
        "list",
        "6.0.6",
        "O(N) where N is the number of elements looked at",
        "Gives the indexes of elements equal to one.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("element", ArgKind::String),
        Arg::new("rank", ArgKind::Integer).token("RANK").optional(),
        Arg::new("num-matches", ArgKind::Integer).token("COUNT").optional(),
        Arg::new("len", ArgKind::Integer).token("MAXLEN").optional(),
    ]),
)
.flags(flag::READONLY)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

/// What LPOS is asked for.
struct Position {
    end: ListEnd,
    /// Matches to pass over.
    skipped: usize,
    /// Matches to give in an array; nothing for a single one, alone.
    count: Option<usize>,
    /// Elements to look at.
    looked_at: usize,
}

impl Position {
    fn parse(call: &Call) -> Result<Self, Error> {
        let mut args = Self { end: ListEnd::Front, skipped: 0, count: None, looked_at: usize::MAX };
        let unbounded = |number: i64| match usize::try_from(number) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(number) => number,
        };
        for at in (3..call.argc()).step_by(2) {
            if at + 1 == call.argc() {
                return Err(Error::Syntax);
            }
            if call.arg_is(at, "RANK") {
                let rank = negatable(call, at + 1)?;
                if rank == 0 {
                    return Err(Error::text(
                        "ERR RANK can't be zero: use 1 to start from the first match, 2 from the \
                         second ... or use negative to start from the end of the list",
                    ));
                }
                args.end = if rank < 0 { ListEnd::Back } else { ListEnd::Front };
                args.skipped = usize::try_from(rank.unsigned_abs() - 1).unwrap_or(usize::MAX);
            } else if call.arg_is(at, "COUNT") {
                let count = natural(call, at + 1, "ERR COUNT can't be negative")?;
                args.count = Some(unbounded(count));
            } else if call.arg_is(at, "MAXLEN") {
                let len = natural(call, at + 1, "ERR MAXLEN can't be negative")?;
                args.looked_at = unbounded(len);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(args)
    }
}

fn natural(call: &Call, at: usize, refusal: &'static str) -> Result<i64, Error> {
    super::collection::at_least(call, at, 0, refusal)
}

fn lpos(engine: &mut Engine, call: &mut Call) -> Outcome {
    let args = Position::parse(call)?;
    let list = read_at::<ListValue>(engine, call, 1)?;
    let wanted = &*call.argv[2];
    let len = list.map_or(0, ListValue::len);
    let is_wanted = |(_, element): &(usize, Element<'_>)| *element == *wanted;
    let most = args.count.unwrap_or(1);
    let found: Vec<usize> = match (list, args.end) {
        (None, _) => Vec::new(),
        (Some(list), ListEnd::Front) => {
            let looked_at = list.iter().take(args.looked_at).enumerate();
            let found = looked_at.filter(is_wanted).skip(args.skipped).take(most);
            found.map(|(at, _)| at).collect()
        }
        (Some(list), ListEnd::Back) => {
            let looked_at = list.iter().rev().take(args.looked_at).enumerate();
            let found = looked_at.filter(is_wanted).skip(args.skipped).take(most);
            found.map(|(at, _)| len - 1 - at).collect()
        }
    };
    if args.count.is_none() {
        match found.first() {
            Some(&at) => call.reply.integer(at as i64),
            None => call.reply.null(),
        }
        return Ok(());
    }
    call.reply.array(found.len());
    found.into_iter().for_each(|at| call.reply.integer(at as i64));
    Ok(())
}
