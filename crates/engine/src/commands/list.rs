//! Lists: adding and taking at the ends, and reading.

use keyspace::{ListEnd, ListValue};

use super::collection::{at_least, change, find_write, range, read_at, removed};
use super::element;
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[LPUSH, RPUSH, LPUSHX, RPUSHX, LPOP, RPOP, LLEN, LINDEX, LRANGE];

/// What must hold of a count of elements to take.
pub(super) const NOT_POSITIVE: &str = "ERR value is out of range, must be positive";

/// The event of adding at an end.
pub(super) fn push_event(end: ListEnd) -> &'static str {
    match end {
        ListEnd::Front => "lpush",
        ListEnd::Back => "rpush",
    }
}

/// The event of taking off an end.
pub(super) fn pop_event(end: ListEnd) -> &'static str {
    match end {
        ListEnd::Front => "lpop",
        ListEnd::Back => "rpop",
    }
}

const PUSH_ARGS: &[Arg] = &[Arg::key("key", 0), Arg::new("element", ArgKind::String).multiple()];

const LPUSH: Spec = Spec::new(
    "lpush",
    -3,
    lpush,
    Docs::new(
        "list",
        "1.0.0",
        "O(N) where N is the number of elements added",
        "Adds elements in front of a list, and makes the list if need be.",
    )
    .history(&[("2.4.0", "Several elements in one call.")])
    .args(PUSH_ARGS),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::INSERT)]);

fn lpush(engine: &mut Engine, call: &mut Call) -> Outcome {
    push(engine, call, ListEnd::Front, false)
}

const RPUSH: Spec = Spec::new(
    "rpush",
    -3,
    rpush,
    Docs::new(
        "list",
        "1.0.0",
        "O(N) where N is the number of elements added",
        "Adds elements behind a list, and makes the list if need be.",
    )
    .history(&[("2.4.0", "Several elements in one call.")])
    .args(PUSH_ARGS),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::INSERT)]);

fn rpush(engine: &mut Engine, call: &mut Call) -> Outcome {
    push(engine, call, ListEnd::Back, false)
}

const LPUSHX: Spec = Spec::new(
    "lpushx",
    -3,
    lpushx,
    Docs::new(
        "list",
        "2.2.0",
        "O(N) where N is the number of elements added",
        "Adds elements in front of a list that exists.",
    )
    .history(&[("4.0.0", "Several elements in one call.")])
    .args(PUSH_ARGS),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::INSERT)]);

fn lpushx(engine: &mut Engine, call: &mut Call) -> Outcome {
    push(engine, call, ListEnd::Front, true)
}

const RPUSHX: Spec = Spec::new(
    "rpushx",
    -3,
    rpushx,
    Docs::new(
        "list",
        "2.2.0",
        "O(N) where N is the number of elements added",
        "Adds elements behind a list that exists.",
    )
    .history(&[("4.0.0", "Several elements in one call.")])
    .args(PUSH_ARGS),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::INSERT)]);

fn rpushx(engine: &mut Engine, call: &mut Call) -> Outcome {
    push(engine, call, ListEnd::Back, true)
}

fn push(engine: &mut Engine, call: &mut Call, end: ListEnd, only_existing: bool) -> Outcome {
    let (db, key, elements) = (call.db, &call.argv[1], &call.argv[2..]);
    let limits = engine.limits().list;
    if only_existing && find_write::<ListValue>(engine, db, key)?.is_none() {
        call.reply.integer(0);
        return Ok(());
    }
    let len = change(engine, db, key, |list: &mut ListValue| {
        let bytes = elements.iter().map(|element| element.len()).sum();
        list.make_room(bytes, elements.len(), limits);
        elements.iter().for_each(|element| list.push(end, element, limits));
        list.len()
    })?;
    engine.dirty += (elements.len() - 1) as u64;
    engine.changed(db, key, class::LIST, push_event(end));
    call.reply.integer(len as i64);
    Ok(())
}

const POP_ARGS: &[Arg] =
    &[Arg::key("key", 0), Arg::new("count", ArgKind::Integer).since("6.2.0").optional()];

const LPOP: Spec = Spec::new(
    "lpop",
    -2,
    lpop,
    Docs::new(
        "list",
        "1.0.0",
        "O(N) where N is the number of elements taken",
        "Takes the first elements off a list; a list without elements is deleted.",
    )
    .history(&[("6.2.0", "Argument `count`.")])
    .args(POP_ARGS),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE)]);

fn lpop(engine: &mut Engine, call: &mut Call) -> Outcome {
    pop(engine, call, ListEnd::Front)
}

const RPOP: Spec = Spec::new(
    "rpop",
    -2,
    rpop,
    Docs::new(
        "list",
        "1.0.0",
        "O(N) where N is the number of elements taken",
        "Takes the last elements off a list; a list without elements is deleted.",
    )
    .history(&[("6.2.0", "Argument `count`.")])
    .args(POP_ARGS),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE)]);

fn rpop(engine: &mut Engine, call: &mut Call) -> Outcome {
    pop(engine, call, ListEnd::Back)
}

fn pop(engine: &mut Engine, call: &mut Call, end: ListEnd) -> Outcome {
    let count = match call.argc() {
        2 => None,
        3 => Some(at_least(call, 2, 0, NOT_POSITIVE)?),
        _ => return Err(Error::WrongArity(call.command.full_name.clone())),
    };
    let (db, key) = (call.db, &call.argv[1]);
    let limits = engine.limits().list;
    let Some(list) = find_write::<ListValue>(engine, db, key)? else {
        match count {
            Some(_) => call.reply.null_array(),
            None => call.reply.null(),
        }
        return Ok(());
    };
    let wanted = match count {
        None => 1,
        Some(count) => {
            let wanted = usize::try_from(count).unwrap_or(usize::MAX).min(list.len());
            call.reply.array(wanted);
            wanted
        }
    };
    if wanted == 0 {
        return Ok(());
    }
    for _ in 0..wanted {
        if let Some(element) = list.pop(end) {
            call.reply.bulk_shared(&element);
        }
    }
    list.shrink(limits);
    let emptied = list.is_empty();
    removed(engine, db, key, (class::LIST, pop_event(end)), wanted, emptied);
    Ok(())
}

const LLEN: Spec = Spec::new(
    "llen",
    2,
    llen,
    Docs::new("list", "1.0.0", "O(1)", "Gives the number of elements of a list.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RO)]);

fn llen(engine: &mut Engine, call: &mut Call) -> Outcome {
    let len = read_at::<ListValue>(engine, call, 1)?.map_or(0, ListValue::len);
    call.reply.integer(len as i64);
    Ok(())
}

const LINDEX: Spec = Spec::new(
    "lindex",
    3,
    lindex,
    Docs::new(
        "list",
        "1.0.0",
        "O(N) where N is the number of nodes on the way, O(1) for the ends",
        "Gives an element of a list by its index.",
    )
    .args(&[Arg::key("key", 0), Arg::new("index", ArgKind::Integer)]),
)
.flags(flag::READONLY)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn lindex(engine: &mut Engine, call: &mut Call) -> Outcome {
    let Some(list) = read_at::<ListValue>(engine, call, 1)? else {
        call.reply.null();
        return Ok(());
    };
    let index = place(call.integer(2)?, list.len());
    match index.and_then(|index| list.get(index)) {
        Some(element) => element::bulk(&mut call.reply, element),
        None => call.reply.null(),
    }
    Ok(())
}

/// An index that counts from the end if it is negative.
pub(super) fn place(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(len as i64)? } else { index };
    usize::try_from(index).ok().filter(|&index| index < len)
}

const LRANGE: Spec = Spec::new(
    "lrange",
    4,
    lrange,
    Docs::new(
        "list",
        "1.0.0",
        "O(S+N) where S is the number of nodes before the first element and N that of elements given",
        "Gives a range of a list's elements.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("start", ArgKind::Integer),
        Arg::new("stop", ArgKind::Integer),
    ]),
)
.flags(flag::READONLY)
.categories(category::LIST)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn lrange(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (start, stop) = (call.integer(2)?, call.integer(3)?);
    let Some(list) = read_at::<ListValue>(engine, call, 1)? else {
        call.reply.array(0);
        return Ok(());
    };
    let range = range(start, stop, list.len());
    call.reply.array(range.len());
    for element in list.iter_from(range.start).take(range.len()) {
        element::bulk(&mut call.reply, element);
    }
    Ok(())
}
