//! Sets: adding, removing, asking for members.

use keyspace::SetValue;

use super::collection::{change, find_write, read_at, removed};
use super::element;
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::notify::class;
use crate::{Call, Engine, Outcome};

pub(super) const SPECS: &[Spec] = &[SADD, SREM, SMOVE, SISMEMBER, SMISMEMBER, SCARD, SMEMBERS];

const SADD: Spec = Spec::new(
    "sadd",
    -3,
    sadd,
    Docs::new(
        "set",
        "1.0.0",
        "O(N) where N is the number of members added",
        "Adds members to a set, and makes the set if need be.",
    )
    .history(&[("2.4.0", "Several members in one call.")])
    .args(&[Arg::key("key", 0), Arg::new("member", ArgKind::String).multiple()]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::SET)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::INSERT)]);

fn sadd(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (db, key, members) = (call.db, &call.argv[1], &call.argv[2..]);
    let limits = engine.limits().set;
    let added = change(engine, db, key, |set: &mut SetValue| {
        members.iter().filter(|member| set.insert(member, limits)).count()
    })?;
    if added > 0 {
        engine.dirty += (added - 1) as u64;
        engine.changed(db, key, class::SET, "sadd");
    }
    call.reply.integer(added as i64);
    Ok(())
}

const SREM: Spec = Spec::new(
    "srem",
    -3,
    srem,
    Docs::new(
        "set",
        "1.0.0",
        "O(N) where N is the number of members removed",
        "Removes members from a set; a set without members is deleted.",
    )
    .history(&[("2.4.0", "Several members in one call.")])
    .args(&[Arg::key("key", 0), Arg::new("member", ArgKind::String).multiple()]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::SET)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::DELETE)]);

fn srem(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (db, key) = (call.db, &call.argv[1]);
    let (count, emptied) = match find_write::<SetValue>(engine, db, key)? {
        Some(set) => {
            let count = call.argv[2..].iter().filter(|member| set.remove(member)).count();
            (count, set.is_empty())
        }
        None => (0, false),
    };
    if count > 0 {
        removed(engine, db, key, (class::SET, "srem"), count, emptied);
    }
    call.reply.integer(count as i64);
    Ok(())
}

const SMOVE: Spec = Spec::new(
    "smove",
    4,
    smove,
    Docs::new("set", "1.0.0", "O(1)", "Moves a member from a set to another.").args(&[
        Arg::key("source", 0),
        Arg::key("destination", 1),
        Arg::new("member", ArgKind::String),
    ]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::SET)
.keys(&[
    KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE),
    KeySpec::one(2, key_flag::RW | key_flag::INSERT),
]);

fn smove(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (db, source, target, member) = (call.db, &call.argv[1], &call.argv[2], &call.argv[3]);
    let limits = engine.limits().set;
    if find_write::<SetValue>(engine, db, source)?.is_none() {
        call.reply.integer(0);
        return Ok(());
    }
    find_write::<SetValue>(engine, db, target)?;
    let Some(set) = find_write::<SetValue>(engine, db, source)? else {
        call.reply.integer(0);
        return Ok(());
    };
    let moved = if source == target { set.contains(member) } else { set.remove(member) };
    let emptied = set.is_empty();
    call.reply.integer(i64::from(moved));
    if !moved || source == target {
        return Ok(());
    }
    removed(engine, db, source, (class::SET, "srem"), 1, emptied);
    let added = change(engine, db, target, |set: &mut SetValue| set.insert(member, limits))?;
    if added {
        engine.changed(db, target, class::SET, "sadd");
    }
    Ok(())
}

const SISMEMBER: Spec = Spec::new(
    "sismember",
    3,
    sismember,
    Docs::new("set", "1.0.0", "O(1)", "Tells whether a set has a member.")
        .args(&[Arg::key("key", 0), Arg::new("member", ArgKind::String)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::SET)
.keys(&[KeySpec::one(1, key_flag::RO)]);

fn sismember(engine: &mut Engine, call: &mut Call) -> Outcome {
    let set = read_at::<SetValue>(engine, call, 1)?;
    let found = set.is_some_and(|set| set.contains(&call.argv[2]));
    call.reply.integer(i64::from(found));
    Ok(())
}

const SMISMEMBER: Spec = Spec::new(
    "smismember",
    -3,
    smismember,
    Docs::new(
        "set",
        "6.2.0",
        "O(N) where N is the number of members asked for",
        "Tells of each of several members whether a set has it.",
    )
    .args(&[Arg::key("key", 0), Arg::new("member", ArgKind::String).multiple()]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::SET)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn smismember(engine: &mut Engine, call: &mut Call) -> Outcome {
    let set = read_at::<SetValue>(engine, call, 1)?;
    let members = &call.argv[2..];
    call.reply.array(members.len());
    for member in members {
        let found = set.is_some_and(|set| set.contains(member));
        call.reply.integer(i64::from(found));
    }
    Ok(())
}

const SCARD: Spec = Spec::new(
    "scard",
    2,
    scard,
    Docs::new("set", "1.0.0", "O(1)", "Gives the number of members of a set.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::SET)
.keys(&[KeySpec::one(1, key_flag::RO)]);

fn scard(engine: &mut Engine, call: &mut Call) -> Outcome {
    let len = read_at::<SetValue>(engine, call, 1)?.map_or(0, SetValue::len);
    call.reply.integer(len as i64);
    Ok(())
}

const SMEMBERS: Spec = Spec::new(
    "smembers",
    2,
    smembers,
    Docs::new(
        "set",
        "1.0.0",
        "O(N) where N is the number of members",
        "Gives all members of a set.",
    )
    .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY)
.categories(category::SET)
.tips(&["nondeterministic_output_order"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn smembers(engine: &mut Engine, call: &mut Call) -> Outcome {
    let set = read_at::<SetValue>(engine, call, 1)?;
    call.reply.set(set.map_or(0, SetValue::len));
    for member in set.into_iter().flat_map(SetValue::iter) {
        element::bulk(&mut call.reply, member);
    }
    Ok(())
}
