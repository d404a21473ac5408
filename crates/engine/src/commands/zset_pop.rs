//! Sorted sets: taking the least or greatest members, and picking some at random.

use byte_string::ByteString;
use keyspace::{Element, ZsetValue};
use resp::Protocol;

use super::collection::{at_least, find_write, negatable, read_at, removed};
use super::element;
use super::list::NOT_POSITIVE;
use super::list_move::{count_option, numbered_keys};
use super::random::{check_reply_len, pick_distinct};
use super::score::reply_members;
use crate::command::{
    Arg, ArgKind, BeginSearch, Docs, FindKeys, KeySpec, Spec, category, flag, key_flag,
};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[ZPOPMIN, ZPOPMAX, ZMPOP, ZRANDMEMBER];

/// Which members are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Least,
    Greatest,
}

impl Which {
    fn event(self) -> &'static str {
        match self {
            Self::Least => "zpopmin",
            Self::Greatest => "zpopmax",
        }
    }
}

/// Takes up to `count` members, the outermost first; tells whether none is left.
fn take(zset: &mut ZsetValue, which: Which, count: usize) -> (Vec<(ByteString, f64)>, bool) {
    let len = zset.len();
    let count = count.min(len);
    let owned = |(member, score): (Element<'_>, f64)| (member.to_byte_string(), score);
    let taken = match which {
        Which::Least => {
            let taken = zset.iter().take(count).map(owned).collect();
            zset.remove_range(0..count);
            taken
        }
        Which::Greatest => {
            let taken = zset.iter_back_from(len.saturating_sub(1)).take(count).map(owned).collect();
            zset.remove_range(len - count..len);
            taken
        }
    };
    (taken, zset.is_empty())
}

const POP_ARGS: &[Arg] = &[Arg::key("key", 0), Arg::new("count", ArgKind::Integer).optional()];
const POP_COMPLEXITY: &str =
    "O(log(N)*M) where N is the number of members and M that of members taken";

const ZPOPMIN: Spec = Spec::new(
    "zpopmin",
    -2,
    zpopmin,
    Docs::new(
        "sorted-set",
        "5.0.0",
        POP_COMPLEXITY,
        "Takes the members with the least scores; a sorted set without members is deleted.",
    )
    .args(POP_ARGS),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::SORTEDSET)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE)]);

fn zpopmin(engine: &mut Engine, call: &mut Call) -> Outcome {
    pop(engine, call, Which::Least)
}

const ZPOPMAX: Spec = Spec::new(
    "zpopmax",
    -2,
    zpopmax,
    Docs::new(
        "sorted-set",
        "5.0.0",
        POP_COMPLEXITY,
        "Takes the members with the greatest scores; a sorted set without members is deleted.",
    )
    .args(POP_ARGS),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::SORTEDSET)
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE)]);

fn zpopmax(engine: &mut Engine, call: &mut Call) -> Outcome {
    pop(engine, call, Which::Greatest)
}

fn pop(engine: &mut Engine, call: &mut Call, which: Which) -> Outcome {
    let count = match call.argc() {
        2 => None,
        3 => Some(at_least(call, 2, 0, NOT_POSITIVE)?),
        _ => return Err(Error::Syntax),
    };
    let (db, key) = (call.db, &call.argv[1]);
    let Some(zset) = find_write::<ZsetValue>(engine, db, key)? else {
        call.reply.array(0);
        return Ok(());
    };
    let wanted = count.map_or(1, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let (taken, emptied) = take(zset, which, wanted);
    let pairs = count.is_some() && call.reply.protocol() == Protocol::Resp3;
    call.reply.array(taken.len() * if pairs { 1 } else { 2 });
    for (member, score) in &taken {
        if pairs {
            call.reply.array(2);
        }
        call.reply.bulk_shared(member);
        call.reply.double(*score);
    }
    if !taken.is_empty() {
        removed(engine, db, key, (class::ZSET, which.event()), taken.len(), emptied);
    }
    Ok(())
}

const ZMPOP: Spec = Spec::new(
    "zmpop",
    -4,
    zmpop,
    Docs::new(
        "sorted-set",
        "7.0.0",
        "O(K)+O(M*log(N)) where K is the number of keys, N that of members and M that of members taken",
        "Takes members of the first sorted set that has any.",
    )
    .args(&[
        Arg::new("numkeys", ArgKind::Integer),
        Arg::key("key", 0).multiple(),
        Arg::new("where", ArgKind::OneOf).of(&[Arg::word("min", "MIN"), Arg::word("max", "MAX")]),
        Arg::new("count", ArgKind::Integer).token("COUNT").optional(),
    ]),
)
.flags(flag::WRITE | flag::MOVABLE_KEYS)
.categories(category::SORTEDSET)
.keys(&[KeySpec {
    flags: key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
    begin: BeginSearch::Index(1),
    find: FindKeys::KeyNum { count_at: 0, first: 1, step: 1 },
    notes: None,
}]);

fn zmpop(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (keys, options) = numbered_keys(call, 1)?;
    let which = match () {
        () if call.arg_is(options, "MIN") => Which::Least,
        () if call.arg_is(options, "MAX") => Which::Greatest,
        () => return Err(Error::Syntax),
    };
    let count = count_option(call, options + 1)?;
    for at in keys {
        let key = call.argv[at].clone();
        let Some(zset) = find_write::<ZsetValue>(engine, call.db, &key)? else { continue };
        let (taken, emptied) = take(zset, which, count);
        call.reply.array(2);
        call.reply.bulk_shared(&key);
        call.reply.array(taken.len());
        for (member, score) in &taken {
            call.reply.array(2);
            call.reply.bulk_shared(member);
            call.reply.double(*score);
        }
        removed(engine, call.db, &key, (class::ZSET, which.event()), taken.len(), emptied);
        let word = if which == Which::Least { "ZPOPMIN" } else { "ZPOPMAX" };
        let taken = ByteString::from_i64(taken.len() as i64);
        call.propagate_as = Some([ByteString::from(word), key, taken].into_iter().collect());
        return Ok(());
    }
    call.reply.null_array();
    Ok(())
}

const ZRANDMEMBER: Spec = Spec::new(
    "zrandmember",
    -2,
    zrandmember,
    Docs::new(
        "sorted-set",
        "6.2.0",
        "O(N) where N is the number of members given",
        "Gives members picked at random.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("options", ArgKind::Block).optional().of(&[
            Arg::new("count", ArgKind::Integer),
            Arg::word("withscores", "WITHSCORES").optional(),
        ]),
    ]),
)
.flags(flag::READONLY)
.categories(category::SORTEDSET)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn zrandmember(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (count, with_scores) = match call.argc() {
        2 => (None, false),
        argc => {
            let count = negatable(call, 2)?;
            let with_scores = argc == 4 && call.arg_is(3, "WITHSCORES");
            if argc > 4 || argc == 4 && !with_scores {
                return Err(Error::Syntax);
            }
            if with_scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
                return Err(Error::text("ERR value is out of range"));
            }
            (Some(count), with_scores)
        }
    };
    let mut rng = engine.rng.fork();
    let zset = read_at::<ZsetValue>(engine, call, 1)?;
    let (Some(zset), Some(count)) = (zset, count) else {
        match (count, zset.and_then(|zset| zset.random(&mut rng))) {
            (Some(_), _) => call.reply.array(0),
            (None, Some((member, _))) => element::bulk(&mut call.reply, member),
            (None, None) => call.reply.null(),
        }
        return Ok(());
    };
    if let Ok(count) = usize::try_from(count) {
        let form = (zset.len(), zset.as_listpack().is_some());
        let draw = |rng: &mut fastrand::Rng| zset.random(rng);
        let name = |(member, _): &(Element<'_>, f64)| member.to_byte_string();
        let members = pick_distinct(&mut rng, count, form, zset.iter(), draw, name);
        reply_members(&mut call.reply, members.into_iter(), with_scores);
        return Ok(());
    }
    let count = count.unsigned_abs();
    check_reply_len(count, zset.len(), || reply_len(zset))?;
    let members = (0..count).map_while(|_| zset.random(&mut rng));
    reply_members(&mut call.reply, members, with_scores);
    Ok(())
}

/// Bytes that all members take in a reply, with scores of the longest kind.
fn reply_len(zset: &ZsetValue) -> usize {
    /// `$5\r\n` … `\r\n`, and a score.
    const FRAME_LEN: usize = 40;
    zset.iter().map(|(member, _)| FRAME_LEN + member.len()).sum()
}
