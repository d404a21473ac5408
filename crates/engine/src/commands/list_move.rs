//! Lists: moving an element to another list, and taking from the first list that has any.

use byte_string::ByteString;
use keyspace::{ListEnd, ListValue};

use super::collection::{at_least, change, find_write, removed};
use super::list::{pop_event, push_event};
use crate::command::{
    Arg, ArgKind, BeginSearch, Docs, FindKeys, KeySpec, Spec, category, flag, key_flag,
};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[LMOVE, RPOPLPUSH, LMPOP];

const MOVE_KEYS: &[KeySpec] = &[
    KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE),
    KeySpec::one(2, key_flag::RW | key_flag::INSERT),
];

/// LEFT or RIGHT.
fn end_of(call: &Call, at: usize) -> Result<ListEnd, Error> {
    if call.arg_is(at, "LEFT") {
        Ok(ListEnd::Front)
    } else if call.arg_is(at, "RIGHT") {
        Ok(ListEnd::Back)
    } else {
        Err(Error::Syntax)
    }
}

const LMOVE: Spec = Spec::new(
    "lmove",
    5,
    lmove,
    Docs::new(
        "list",
        "6.2.0",
        "O(1)",
        "Takes an element off an end of a list and adds it at an end of another.",
    )
    .args(&[
        Arg::key("source", 0),
        Arg::key("destination", 1),
        Arg::new("wherefrom", ArgKind::OneOf)
            .of(&[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")]),
        Arg::new("whereto", ArgKind::OneOf)
            .of(&[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")]),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::LIST)
.keys(MOVE_KEYS);

fn lmove(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (from, to) = (end_of(call, 3)?, end_of(call, 4)?);
    move_element(engine, call, from, to)
}

const RPOPLPUSH: Spec = Spec::new(
    "rpoplpush",
    3,
    rpoplpush,
    Docs::new(
        "list",
        "1.2.0",
        "O(1)",
        "Takes the last element off a list and adds it in front of another.",
    )
    .deprecated("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments")
    .args(&[Arg::key("source", 0), Arg::key("destination", 1)]),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::LIST)
.keys(MOVE_KEYS);

fn rpoplpush(engine: &mut Engine, call: &mut Call) -> Outcome {
    move_element(engine, call, ListEnd::Back, ListEnd::Front)
}

fn move_element(engine: &mut Engine, call: &mut Call, from: ListEnd, to: ListEnd) -> Outcome {
    let (db, source, target) = (call.db, &call.argv[1], &call.argv[2]);
    let limits = engine.limits().list;
    if find_write::<ListValue>(engine, db, source)?.is_none() {
        call.reply.null();
        return Ok(());
    }
    // Refused before anything is taken.
    find_write::<ListValue>(engine, db, target)?;
    let list = find_write::<ListValue>(engine, db, source)?;
    let Some((element, list)) = list.and_then(|list| Some((list.pop(from)?, list))) else {
        call.reply.null();
        return Ok(());
    };
    list.shrink(limits);
    change(engine, db, target, |list: &mut ListValue| list.push(to, &element, limits))?;
    engine.signal_modified(db, target);
    engine.notify(class::LIST, push_event(to), target, db);
    call.reply.bulk_shared(&element);
    let emptied = find_write::<ListValue>(engine, db, source)?.is_some_and(|list| list.is_empty());
    removed(engine, db, source, (class::LIST, pop_event(from)), 1, emptied);
    Ok(())
}

const LMPOP: Spec = Spec::new(
    "lmpop",
    -4,
    lmpop,
    Docs::new(
        "list",
        "7.0.0",
        "O(N+M) where N is the number of keys and M that of elements taken",
        "Takes elements off the first list that has any.",
    )
    .args(&[
        Arg::new("numkeys", ArgKind::Integer),
        Arg::key("key", 0).multiple(),
        Arg::new("where", ArgKind::OneOf)
            .of(&[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")]),
        Arg::new("count", ArgKind::Integer).token("COUNT").optional(),
    ]),
)
.flags(flag::WRITE | flag::MOVABLE_KEYS)
.categories(category::LIST)
.keys(&[KeySpec {
    flags: key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
    begin: BeginSearch::Index(1),
    find: FindKeys::KeyNum { count_at: 0, first: 1, step: 1 },
    notes: None,
}]);

fn lmpop(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (keys, options) = numbered_keys(call, 1)?;
    if options >= call.argc() {
        return Err(Error::Syntax);
    }
    let end = end_of(call, options)?;
    let count = count_option(call, options + 1)?;
    let limits = engine.limits().list;
    for at in keys {
        let key = call.argv[at].clone();
        let Some(list) = find_write::<ListValue>(engine, call.db, &key)? else { continue };
        let taken = count.min(list.len());
        call.reply.array(2);
        call.reply.bulk_shared(&key);
        call.reply.array(taken);
        for _ in 0..taken {
            if let Some(element) = list.pop(end) {
                call.reply.bulk_shared(&element);
            }
        }
        list.shrink(limits);
        let emptied = list.is_empty();
        removed(engine, call.db, &key, (class::LIST, pop_event(end)), taken, emptied);
        let word = ByteString::from(if end == ListEnd::Front { "LPOP" } else { "RPOP" });
        let taken = ByteString::from_i64(taken as i64);
        call.propagate_as = Some([word, key, taken].into_iter().collect());
        return Ok(());
    }
    call.reply.null_array();
    Ok(())
}

/// The arguments that are keys, after their number at argument `at`, and where the options begin.
pub(super) fn numbered_keys(
    call: &Call,
    at: usize,
) -> Result<(std::ops::Range<usize>, usize), Error> {
    let keys = at_least(call, at, 1, "ERR numkeys should be greater than 0")?;
    let first = at + 1;
    let end = usize::try_from(keys).ok().and_then(|keys| keys.checked_add(first));
    let end = end.filter(|&end| end <= call.argc()).ok_or(Error::Syntax)?;
    Ok((first..end, end))
}

/// `COUNT n`, or nothing for 1, from argument `at` to the end.
pub(super) fn count_option(call: &Call, at: usize) -> Result<usize, Error> {
    match call.argc() - at {
        0 => Ok(1),
        2 if call.arg_is(at, "COUNT") => {
            let count = at_least(call, at + 1, 1, "ERR count should be greater than 0")?;
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        }
        _ => Err(Error::Syntax),
    }
}
