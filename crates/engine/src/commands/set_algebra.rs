//! Sets: what several have in common, together, or one more than the others.

use byte_string::ByteString;
use keyspace::{SetLimits, SetValue};

use super::collection::{Collection, at_least, store};
use super::element;
use super::list_move::numbered_keys;
use crate::command::{
    Arg, ArgKind, BeginSearch, Docs, FindKeys, KeySpec, Spec, category, flag, key_flag,
};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] =
    &[SINTER, SINTERSTORE, SINTERCARD, SUNION, SUNIONSTORE, SDIFF, SDIFFSTORE];

#[derive(Clone, Copy)]
enum Operation {
    Intersection,
    Union,
    Difference,
}

/// The sets of these keys, nothing for those that are not there.
fn sets_of<'a>(
    engine: &'a mut Engine,
    call: &Call,
    keys: &[ByteString],
) -> Result<Vec<Option<&'a SetValue>>, Error> {
    // Looked up for their effects first: a look-up may delete a key.
    for key in keys {
        if let Some(entry) = engine.find_read(call, key)
            && SetValue::of(&entry.value).is_none()
        {
            return Err(Error::WrongType);
        }
    }
    let db = engine.db(call.db);
    Ok(keys.iter().map(|key| db.find(key).and_then(|entry| SetValue::of(&entry.value))).collect())
}

/// The members that all sets have, up to `most` of them.
fn intersection(sets: &[Option<&SetValue>], most: usize, mut found: impl FnMut(&[u8])) {
    let Some(mut sets) = sets.iter().copied().collect::<Option<Vec<_>>>() else { return };
    sets.sort_by_key(|set| set.len());
    let Some((least, others)) = sets.split_first() else { return };
    let mut digits = itoa::Buffer::new();
    let mut left = most;
    for member in least.iter() {
        let member = member.as_bytes(&mut digits);
        if others.iter().all(|set| set.contains(member)) {
            found(member);
            left -= 1;
            if left == 0 {
                return;
            }
        }
    }
}

fn combine(sets: &[Option<&SetValue>], operation: Operation, limits: SetLimits) -> SetValue {
    let mut result = SetValue::new();
    let mut digits = itoa::Buffer::new();
    match operation {
        Operation::Intersection => intersection(sets, usize::MAX, |member| {
            result.insert(member, limits);
        }),
        Operation::Union => {
            for member in sets.iter().flatten().flat_map(|set| set.iter()) {
                result.insert(member.as_bytes(&mut digits), limits);
            }
        }
        Operation::Difference => {
            let Some((Some(first), others)) = sets.split_first() else { return result };
            for member in first.iter() {
                let member = member.as_bytes(&mut digits);
                if !others.iter().flatten().any(|set| set.contains(member)) {
                    result.insert(member, limits);
                }
            }
        }
    }
    result
}

fn reply_combined(engine: &mut Engine, call: &mut Call, operation: Operation) -> Outcome {
    let limits = engine.limits().set;
    let result = combine(&sets_of(engine, call, &call.argv[1..])?, operation, limits);
    call.reply.set(result.len());
    result.iter().for_each(|member| element::bulk(&mut call.reply, member));
    Ok(())
}

fn store_combined(
    engine: &mut Engine,
    call: &mut Call,
    operation: Operation,
    event: &'static str,
) -> Outcome {
    let limits = engine.limits().set;
    let result = combine(&sets_of(engine, call, &call.argv[2..])?, operation, limits);
    let len = result.len();
    store(engine, call, result, len, (class::SET, event))
}

const READ_KEYS: &[KeySpec] = &[KeySpec::range(1, -1, 1, key_flag::RO | key_flag::ACCESS)];
const STORE_KEYS: &[KeySpec] = &[
    KeySpec::one(1, key_flag::OW | key_flag::UPDATE),
    KeySpec::range(2, -1, 1, key_flag::RO | key_flag::ACCESS),
];
const READ_ARGS: &[Arg] = &[Arg::key("key", 0).multiple()];
const STORE_ARGS: &[Arg] = &[Arg::key("destination", 0), Arg::key("key", 1).multiple()];
const UNORDERED: &[&str] = &["nondeterministic_output_order"];

const SINTER: Spec = Spec::new(
    "sinter",
    -2,
    sinter,
    Docs::new(
        "set",
        "1.0.0",
        "O(N*M) where N is the size of the smallest set and M the number of sets",
        "Gives the members that all of several sets have.",
    )
    .args(READ_ARGS),
)
.flags(flag::READONLY)
.categories(category::SET)
.tips(UNORDERED)
.keys(READ_KEYS);

fn sinter(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_combined(engine, call, Operation::Intersection)
}

const SINTERSTORE: Spec = Spec::new(
    "sinterstore",
    -3,
    sinterstore,
    Docs::new(
        "set",
        "1.0.0",
        "O(N*M) where N is the size of the smallest set and M the number of sets",
        "Makes a key hold the members that all of several sets have.",
    )
    .args(STORE_ARGS),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::SET)
.keys(STORE_KEYS);

fn sinterstore(engine: &mut Engine, call: &mut Call) -> Outcome {
    store_combined(engine, call, Operation::Intersection, "sinterstore")
}

const SINTERCARD: Spec = Spec::new(
    "sintercard",
    -3,
    sintercard,
    Docs::new(
        "set",
        "7.0.0",
        "O(N*M) where N is the size of the smallest set and M the number of sets",
        "Gives how many members all of several sets have, up to a limit.",
    )
    .args(&[
        Arg::new("numkeys", ArgKind::Integer),
        Arg::key("key", 0).multiple(),
        Arg::new("limit", ArgKind::Integer).token("LIMIT").optional(),
    ]),
)
.flags(flag::READONLY | flag::MOVABLE_KEYS)
.categories(category::SET)
.keys(&[KeySpec {
    flags: key_flag::RO | key_flag::ACCESS,
    begin: BeginSearch::Index(1),
    find: FindKeys::KeyNum { count_at: 0, first: 1, step: 1 },
    notes: None,
}]);

fn sintercard(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (keys, options) = numbered_keys(call, 1).map_err(|error| match error {
        Error::Syntax => Error::text("ERR Number of keys can't be greater than number of args"),
        other => other,
    })?;
    let most = match call.argc() - options {
        0 => usize::MAX,
        2 if call.arg_is(options, "LIMIT") => {
            let limit = at_least(call, options + 1, 0, "ERR LIMIT can't be negative")?;
            match usize::try_from(limit) {
                Ok(0) | Err(_) => usize::MAX,
                Ok(limit) => limit,
            }
        }
        _ => return Err(Error::Syntax),
    };
    let mut count = 0;
    intersection(&sets_of(engine, call, &call.argv[keys])?, most, |_| count += 1);
    call.reply.integer(count);
    Ok(())
}

const SUNION: Spec = Spec::new(
    "sunion",
    -2,
    sunion,
    Docs::new(
        "set",
        "1.0.0",
        "O(N) where N is the number of members of all sets",
        "Gives the members that any of several sets has.",
    )
    .args(READ_ARGS),
)
.flags(flag::READONLY)
.categories(category::SET)
.tips(UNORDERED)
.keys(READ_KEYS);

fn sunion(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_combined(engine, call, Operation::Union)
}

const SUNIONSTORE: Spec = Spec::new(
    "sunionstore",
    -3,
    sunionstore,
    Docs::new(
        "set",
        "1.0.0",
        "O(N) where N is the number of members of all sets",
        "Makes a key hold the members that any of several sets has.",
    )
    .args(STORE_ARGS),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::SET)
.keys(STORE_KEYS);

fn sunionstore(engine: &mut Engine, call: &mut Call) -> Outcome {
    store_combined(engine, call, Operation::Union, "sunionstore")
}

const SDIFF: Spec = Spec::new(
    "sdiff",
    -2,
    sdiff,
    Docs::new(
        "set",
        "1.0.0",
        "O(N) where N is the number of members of all sets",
        "Gives the members of a set that none of several others has.",
    )
    .args(READ_ARGS),
)
.flags(flag::READONLY)
.categories(category::SET)
.tips(UNORDERED)
.keys(READ_KEYS);

fn sdiff(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_combined(engine, call, Operation::Difference)
}

const SDIFFSTORE: Spec = Spec::new(
    "sdiffstore",
    -3,
    sdiffstore,
    Docs::new(
        "set",
        "1.0.0",
        "O(N) where N is the number of members of all sets",
        "Makes a key hold the members of a set that none of several others has.",
    )
    .args(STORE_ARGS),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::SET)
.keys(STORE_KEYS);

fn sdiffstore(engine: &mut Engine, call: &mut Call) -> Outcome {
    store_combined(engine, call, Operation::Difference, "sdiffstore")
}
