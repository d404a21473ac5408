//! Sorted sets: scores of members.

use keyspace::ZsetValue;

use super::collection::{change, find_write, read_at, removed};
use super::score::{self, score_at};
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[ZADD, ZINCRBY, ZREM, ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK];

/// The options of ZADD.
#[derive(Clone, Copy, Default)]
struct Condition {
    only_new: bool,
    only_known: bool,
    only_greater: bool,
    only_less: bool,
}

/// What became of a member.
enum Added {
    New(f64),
    Changed(f64),
    Same(f64),
    Refused,
}

impl Condition {
    /// Gives a member a score, or adds to the one it has; nothing if that is NaN.
    fn apply(
        self,
        zset: &mut ZsetValue,
        member: &[u8],
        score: f64,
        add: bool,
        limits: keyspace::ZsetLimits,
    ) -> Option<Added> {
        let Some(old) = zset.score(member) else {
            if self.only_known {
                return Some(Added::Refused);
            }
            zset.set(member, score, limits);
            return Some(Added::New(score));
        };
        if self.only_new {
            return Some(Added::Refused);
        }
        let new = if add { old + score } else { score };
        if new.is_nan() {
            return None;
        }
        if self.only_less && new >= old || self.only_greater && new <= old {
            return Some(Added::Refused);
        }
        if new == old {
            return Some(Added::Same(new));
        }
        zset.set(member, new, limits);
        Some(Added::Changed(new))
    }
}

const ZADD: Spec = Spec::new(
    "zadd",
    -4,
    zadd,
    Docs::new(
        "sorted-set",
        "1.2.0",
        "O(log(N)) for each member, where N is the number of members",
        "Gives members scores, adds those that are new, and makes the sorted set if need be.",
    )
    .history(&[
        ("2.4.0", "Several members in one call."),
        ("3.0.2", "Options `XX`, `NX`, `CH` and `INCR`."),
        ("6.2.0", "Options `GT` and `LT`."),
    ])
    .args(&[
        Arg::key("key", 0),
        Arg::new("condition", ArgKind::OneOf)
            .since("3.0.2")
            .optional()
            .of(&[Arg::word("nx", "NX"), Arg::word("xx", "XX")]),
        Arg::new("comparison", ArgKind::OneOf)
            .since("6.2.0")
            .optional()
            .of(&[Arg::word("gt", "GT"), Arg::word("lt", "LT")]),
        Arg::word("change", "CH").since("3.0.2").optional(),
        Arg::word("increment", "INCR").since("3.0.2").optional(),
        Arg::new("data", ArgKind::Block)
            .multiple()
            .of(&[Arg::new("score", ArgKind::Double), Arg::new("member", ArgKind::String)]),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::SORTEDSET)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)]);

fn zadd(engine: &mut Engine, call: &mut Call) -> Outcome {
    let mut condition = Condition::default();
    let (mut count_changed, mut add) = (false, false);
    let mut at = 2;
    while at < call.argc() {
        let option = match () {
            () if call.arg_is(at, "NX") => &mut condition.only_new,
            () if call.arg_is(at, "XX") => &mut condition.only_known,
            () if call.arg_is(at, "GT") => &mut condition.only_greater,
            () if call.arg_is(at, "LT") => &mut condition.only_less,
            () if call.arg_is(at, "CH") => &mut count_changed,
            () if call.arg_is(at, "INCR") => &mut add,
            () => break,
        };
        *option = true;
        at += 1;
    }
    let members = call.argc() - at;
    if members == 0 || !members.is_multiple_of(2) {
        return Err(Error::Syntax);
    }
    let Condition { only_new, only_known, only_greater, only_less } = condition;
    if only_new && only_known {
        return Err(Error::text("ERR XX and NX options at the same time are not compatible"));
    }
    if only_greater && (only_new || only_less) || only_less && only_new {
        return Err(Error::text(
            "ERR GT, LT, and/or NX options at the same time are not compatible",
        ));
    }
    if add && members > 2 {
        return Err(Error::text("ERR INCR option supports a single increment-element pair"));
    }
    add_members(engine, call, at, condition, add, count_changed)
}

const ZINCRBY: Spec = Spec::new(
    "zincrby",
    4,
    zincrby,
    Docs::new(
        "sorted-set",
        "1.2.0",
        "O(log(N)) where N is the number of members",
        "Adds to the score of a member, which is added if it is new.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("increment", ArgKind::Integer),
        Arg::new("member", ArgKind::String),
    ]),
)
.flags(flag::WRITE | flag::DENYOOM | flag::FAST)
.categories(category::SORTEDSET)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE)]);

fn zincrby(engine: &mut Engine, call: &mut Call) -> Outcome {
    add_members(engine, call, 2, Condition::default(), true, false)
}

/// Gives the members from argument `at` on, each after its score, those scores; or adds them, if `add`.
fn add_members(
    engine: &mut Engine,
    call: &mut Call,
    at: usize,
    condition: Condition,
    add: bool,
    count_changed: bool,
) -> Outcome {
    let places = (at..call.argc()).step_by(2);
    let scores = places.map(|at| score_at(call, at)).collect::<Result<Vec<_>, _>>()?;
    let (db, key) = (call.db, &call.argv[1]);
    let limits = engine.limits().zset;
    if condition.only_known && find_write::<ZsetValue>(engine, db, key)?.is_none() {
        match add {
            true => call.reply.null(),
            false => call.reply.integer(0),
        }
        return Ok(());
    }
    let (mut added, mut changed, mut last, mut is_nan) = (0, 0, None, false);
    change(engine, db, key, |zset: &mut ZsetValue| {
        for (pair, score) in call.argv[at..].chunks_exact(2).zip(scores) {
            last = match condition.apply(zset, &pair[1], score, add, limits) {
                Some(Added::New(score)) => {
                    added += 1;
                    Some(score)
                }
                Some(Added::Changed(score)) => {
                    changed += 1;
                    Some(score)
                }
                Some(Added::Same(score)) => Some(score),
                Some(Added::Refused) => None,
                None => {
                    is_nan = true;
                    return;
                }
            };
        }
    })?;
    if is_nan {
        // Only a single member can be added to, so that nothing was changed before it.
        return Err(Error::text(score::NAN));
    }
    let dirty = added + changed;
    if dirty > 0 {
        engine.dirty += (dirty - 1) as u64;
        engine.changed(db, key, class::ZSET, if add { "zincr" } else { "zadd" });
    }
    match (add, last) {
        (true, Some(score)) => call.reply.double(score),
        (true, None) => call.reply.null(),
        (false, _) => call.reply.integer(if count_changed { dirty } else { added }),
    }
    Ok(())
}

const ZREM: Spec = Spec::new(
    "zrem",
    -3,
    zrem,
    Docs::new(
        "sorted-set",
        "1.2.0",
        "O(M*log(N)) where N is the number of members and M that of members removed",
        "Removes members; a sorted set without members is deleted.",
    )
    .history(&[("2.4.0", "Several members in one call.")])
    .args(&[Arg::key("key", 0), Arg::new("member", ArgKind::String).multiple()]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::SORTEDSET)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::DELETE)]);

fn zrem(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (db, key) = (call.db, &call.argv[1]);
    let (count, emptied) = match find_write::<ZsetValue>(engine, db, key)? {
        Some(zset) => {
            let members = call.argv[2..].iter();
            let count = members.filter(|member| zset.remove(member).is_some()).count();
            (count, zset.is_empty())
        }
        None => (0, false),
    };
    if count > 0 {
        removed(engine, db, key, (class::ZSET, "zrem"), count, emptied);
    }
    call.reply.integer(count as i64);
    Ok(())
}

const ZCARD: Spec = Spec::new(
    "zcard",
    2,
    zcard,
    Docs::new("sorted-set", "1.2.0", "O(1)", "Gives the number of members.")
        .args(&[Arg::key("key", 0)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::SORTEDSET)
.keys(&[KeySpec::one(1, key_flag::RO)]);

fn zcard(engine: &mut Engine, call: &mut Call) -> Outcome {
    let len = read_at::<ZsetValue>(engine, call, 1)?.map_or(0, ZsetValue::len);
    call.reply.integer(len as i64);
    Ok(())
}

const ZSCORE: Spec = Spec::new(
    "zscore",
    3,
    zscore,
    Docs::new("sorted-set", "1.2.0", "O(1)", "Gives the score of a member.")
        .args(&[Arg::key("key", 0), Arg::new("member", ArgKind::String)]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::SORTEDSET)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn zscore(engine: &mut Engine, call: &mut Call) -> Outcome {
    let zset = read_at::<ZsetValue>(engine, call, 1)?;
    score::reply(&mut call.reply, zset.and_then(|zset| zset.score(&call.argv[2])));
    Ok(())
}

const ZMSCORE: Spec = Spec::new(
    "zmscore",
    -3,
    zmscore,
    Docs::new(
        "sorted-set",
        "6.2.0",
        "O(N) where N is the number of members asked for",
        "Gives the scores of several members, null for those missing.",
    )
    .args(&[Arg::key("key", 0), Arg::new("member", ArgKind::String).multiple()]),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::SORTEDSET)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn zmscore(engine: &mut Engine, call: &mut Call) -> Outcome {
    let zset = read_at::<ZsetValue>(engine, call, 1)?;
    let members = &call.argv[2..];
    call.reply.array(members.len());
    for member in members {
        score::reply(&mut call.reply, zset.and_then(|zset| zset.score(member)));
    }
    Ok(())
}

const RANK_ARGS: &[Arg] = &[
    Arg::key("key", 0),
    Arg::new("member", ArgKind::String),
    Arg::word("withscore", "WITHSCORE").since("7.2.0").optional(),
];

const ZRANK: Spec = Spec::new(
    "zrank",
    -3,
    zrank,
    Docs::new(
        "sorted-set",
        "2.0.0",
        "O(log(N))",
        "Gives the index of a member, counted from the least score.",
    )
    .history(&[("7.2.0", "Option `WITHSCORE`.")])
    .args(RANK_ARGS),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::SORTEDSET)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn zrank(engine: &mut Engine, call: &mut Call) -> Outcome {
    rank(engine, call, |index, _| index)
}

const ZREVRANK: Spec = Spec::new(
    "zrevrank",
    -3,
    zrevrank,
    Docs::new(
        "sorted-set",
        "2.0.0",
        "O(log(N))",
        "Gives the index of a member, counted from the greatest score.",
    )
    .history(&[("7.2.0", "Option `WITHSCORE`.")])
    .args(RANK_ARGS),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::SORTEDSET)
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn zrevrank(engine: &mut Engine, call: &mut Call) -> Outcome {
    rank(engine, call, |index, len| len - 1 - index)
}

fn rank(engine: &mut Engine, call: &mut Call, counted: fn(usize, usize) -> usize) -> Outcome {
    let with_score = match call.argc() {
        3 => false,
        4 if call.arg_is(3, "WITHSCORE") => true,
        4 => return Err(Error::Syntax),
        _ => return Err(Error::WrongArity(call.command.full_name.clone())),
    };
    let zset = read_at::<ZsetValue>(engine, call, 1)?;
    let found = zset.and_then(|zset| Some((zset.rank(&call.argv[2])?, zset.len())));
    match found {
        Some(((index, score), len)) => {
            if with_score {
                call.reply.array(2);
            }
            call.reply.integer(counted(index, len) as i64);
            if with_score {
                call.reply.double(score);
            }
        }
        None if with_score => call.reply.null_array(),
        None => call.reply.null(),
    }
    Ok(())
}
