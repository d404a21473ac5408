//! Sorted sets: ranges of members by index, score or bytes.

use std::ops::Range;

use keyspace::ZsetValue;

use super::collection::{find_write, range, read_at, removed, store};
use super::score::{LexRange, ScoreRange, reply_members};
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[
    ZRANGE,
    ZRANGESTORE,
    ZREVRANGE,
    ZRANGEBYSCORE,
    ZREVRANGEBYSCORE,
    ZRANGEBYLEX,
    ZREVRANGEBYLEX,
    ZCOUNT,
    ZLEXCOUNT,
    ZREMRANGEBYRANK,
    ZREMRANGEBYSCORE,
    ZREMRANGEBYLEX,
];

/// What the two ends of a range are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// The two ends of a range.
enum Ends {
    Rank(i64, i64),
    Score(ScoreRange),
    Lex(LexRange),
}

impl Ends {
    /// The arguments `at` and the next, the greater one first if `reverse`; not so for ranks.
    fn parse(call: &Call, at: usize, by: By, reverse: bool) -> Result<Self, Error> {
        if by == By::Rank {
            return Ok(Self::Rank(call.integer(at)?, call.integer(at + 1)?));
        }
        let (min, max) = if reverse { (at + 1, at) } else { (at, at + 1) };
        let (min, max) = (&call.argv[min], &call.argv[max]);
        Ok(match by {
            By::Lex => Self::Lex(LexRange::parse(min, max)?),
            By::Score | By::Rank => Self::Score(ScoreRange::parse(min, max)?),
        })
    }

    /// The indexes within, from the least score on.
    fn indexes(&self, zset: &ZsetValue, reverse: bool) -> Range<usize> {
        match self {
            Self::Rank(start, stop) => {
                let len = zset.len();
                let range = range(*start, *stop, len);
                if reverse { len - range.end..len - range.start } else { range }
            }
            Self::Score(scores) => scores.indexes(zset),
            Self::Lex(members) => members.indexes(zset),
        }
    }
}

/// What a range command is asked for.
struct Query {
    ends: Ends,
    reverse: bool,
    with_scores: bool,
    offset: i64,
    /// Members at most, all if negative.
    count: i64,
}

/// What a command that reads a range fixes by its name.
#[derive(Clone, Copy)]
struct Fixed {
    by: Option<By>,
    reverse: Option<bool>,
    /// Where the first end stands.
    at: usize,
    stores: bool,
}

impl Query {
    fn parse(call: &Call, fixed: Fixed) -> Result<Self, Error> {
        let (mut by, mut reverse) = (fixed.by, fixed.reverse);
        let (mut with_scores, mut limit) = (false, None);
        let mut at = fixed.at + 2;
        while at < call.argc() {
            if !fixed.stores && call.arg_is(at, "WITHSCORES") {
                with_scores = true;
            } else if call.arg_is(at, "LIMIT") && at + 2 < call.argc() {
                limit = Some((call.integer(at + 1)?, call.integer(at + 2)?));
                at += 2;
            } else if reverse.is_none() && call.arg_is(at, "REV") {
                reverse = Some(true);
            } else if by.is_none() && call.arg_is(at, "BYLEX") {
                by = Some(By::Lex);
            } else if by.is_none() && call.arg_is(at, "BYSCORE") {
                by = Some(By::Score);
            } else {
                return Err(Error::Syntax);
            }
            at += 1;
        }
        let (by, reverse) = (by.unwrap_or(By::Rank), reverse.unwrap_or(false));
        if limit.is_some() && by == By::Rank {
            return Err(Error::text(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if with_scores && by == By::Lex {
            return Err(Error::text(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        let (offset, count) = limit.unwrap_or((0, -1));
        let ends = Ends::parse(call, fixed.at, by, reverse)?;
        Ok(Self { ends, reverse, with_scores, offset, count })
    }

    /// The members asked for, in the order asked for.
    fn members<'a>(
        &self,
        zset: &'a ZsetValue,
    ) -> Box<dyn Iterator<Item = (keyspace::Element<'a>, f64)> + 'a> {
        let indexes = self.ends.indexes(zset, self.reverse);
        let Some(offset) =
            usize::try_from(self.offset).ok().filter(|&offset| offset < indexes.len())
        else {
            return Box::new(std::iter::empty());
        };
        let left = indexes.len() - offset;
        let count = usize::try_from(self.count).map_or(left, |count| count.min(left));
        if self.reverse {
            Box::new(zset.iter_back_from(indexes.end - 1 - offset).take(count))
        } else {
            Box::new(zset.iter_from(indexes.start + offset).take(count))
        }
    }
}

fn reply_range(engine: &mut Engine, call: &mut Call, fixed: Fixed) -> Outcome {
    let query = Query::parse(call, fixed)?;
    match read_at::<ZsetValue>(engine, call, fixed.at - 1)? {
        Some(zset) => reply_members(&mut call.reply, query.members(zset), query.with_scores),
        None => call.reply.array(0),
    }
    Ok(())
}

const READ_KEY: &[KeySpec] = &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)];

const LIMIT: Arg = Arg::new("limit", ArgKind::Block)
    .token("LIMIT")
    .optional()
    .of(&[Arg::new("offset", ArgKind::Integer), Arg::new("count", ArgKind::Integer)]);
const BY: Arg = Arg::new("sortby", ArgKind::OneOf)
    .since("6.2.0")
    .optional()
    .of(&[Arg::word("byscore", "BYSCORE"), Arg::word("bylex", "BYLEX")]);

const ZRANGE: Spec = Spec::new(
    "zrange",
    -4,
    zrange,
    Docs::new(
        "sorted-set",
        "1.2.0",
        "O(log(N)+M) where N is the number of members and M that of members given",
        "Gives the members of a range of indexes, scores or names.",
    )
    .history(&[("6.2.0", "Options `REV`, `BYSCORE`, `BYLEX` and `LIMIT`.")])
    .args(&[
        Arg::key("key", 0),
        Arg::new("start", ArgKind::String),
        Arg::new("stop", ArgKind::String),
        BY,
        Arg::word("rev", "REV").since("6.2.0").optional(),
        LIMIT,
        Arg::word("withscores", "WITHSCORES").optional(),
    ]),
)
.flags(flag::READONLY)
.categories(category::SORTEDSET)
.keys(READ_KEY);

fn zrange(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_range(engine, call, Fixed { by: None, reverse: None, at: 2, stores: false })
}

const ZRANGESTORE: Spec = Spec::new(
    "zrangestore",
    -5,
    zrangestore,
    Docs::new(
        "sorted-set",
        "6.2.0",
        "O(log(N)+M) where N is the number of members and M that of members stored",
        "Makes a key hold the members of a range of another.",
    )
    .args(&[
        Arg::key("dst", 0),
        Arg::key("src", 1),
        Arg::new("min", ArgKind::String),
        Arg::new("max", ArgKind::String),
        BY,
        Arg::word("rev", "REV").optional(),
        LIMIT,
    ]),
)
.flags(flag::WRITE | flag::DENYOOM)
.categories(category::SORTEDSET)
.keys(&[
    KeySpec::one(1, key_flag::OW | key_flag::UPDATE),
    KeySpec::one(2, key_flag::RO | key_flag::ACCESS),
]);

fn zrangestore(engine: &mut Engine, call: &mut Call) -> Outcome {
    let query = Query::parse(call, Fixed { by: None, reverse: None, at: 3, stores: true })?;
    let limits = engine.limits().zset;
    let mut result = ZsetValue::new();
    if let Some(zset) = read_at::<ZsetValue>(engine, call, 2)? {
        for (member, score) in query.members(zset) {
            result.set(member.as_bytes(&mut itoa::Buffer::new()), score, limits);
        }
    }
    let len = result.len();
    store(engine, call, result, len, (class::ZSET, "zrangestore"))
}

/// A command that [`ZRANGE`] has replaced.
const fn older(
    name: &'static str,
    handler: crate::command::Handler,
    since: &'static str,
    summary: &'static str,
    replaced_by: &'static str,
    args: &'static [Arg],
) -> Spec {
    let docs = Docs::new(
        "sorted-set",
        since,
        "O(log(N)+M) where N is the number of members and M that of members given",
        summary,
    );
    Spec::new(name, -4, handler, docs.deprecated("6.2.0", replaced_by).args(args))
        .flags(flag::READONLY)
        .categories(category::SORTEDSET)
        .keys(READ_KEY)
}

const ZREVRANGE: Spec = older(
    "zrevrange",
    zrevrange,
    "1.2.0",
    "Gives the members of a range of indexes, the greatest score first.",
    "`ZRANGE` with the `REV` argument",
    &[
        Arg::key("key", 0),
        Arg::new("start", ArgKind::Integer),
        Arg::new("stop", ArgKind::Integer),
        Arg::word("withscores", "WITHSCORES").optional(),
    ],
);

fn zrevrange(engine: &mut Engine, call: &mut Call) -> Outcome {
    let fixed = Fixed { by: Some(By::Rank), reverse: Some(true), at: 2, stores: false };
    reply_range(engine, call, fixed)
}

const ZRANGEBYSCORE: Spec = older(
    "zrangebyscore",
    zrangebyscore,
    "1.0.5",
    "Gives the members of a range of scores.",
    "`ZRANGE` with the `BYSCORE` argument",
    &[
        Arg::key("key", 0),
        Arg::new("min", ArgKind::Double),
        Arg::new("max", ArgKind::Double),
        Arg::word("withscores", "WITHSCORES").since("2.0.0").optional(),
        LIMIT,
    ],
);

fn zrangebyscore(engine: &mut Engine, call: &mut Call) -> Outcome {
    let fixed = Fixed { by: Some(By::Score), reverse: Some(false), at: 2, stores: false };
    reply_range(engine, call, fixed)
}

const ZREVRANGEBYSCORE: Spec = older(
    "zrevrangebyscore",
    zrevrangebyscore,
    "2.2.0",
    "Gives the members of a range of scores, the greatest score first.",
    "`ZRANGE` with the `REV` and `BYSCORE` arguments",
    &[
        Arg::key("key", 0),
        Arg::new("max", ArgKind::Double),
        Arg::new("min", ArgKind::Double),
        Arg::word("withscores", "WITHSCORES").optional(),
        LIMIT,
    ],
);

fn zrevrangebyscore(engine: &mut Engine, call: &mut Call) -> Outcome {
    let fixed = Fixed { by: Some(By::Score), reverse: Some(true), at: 2, stores: false };
    reply_range(engine, call, fixed)
}

const ZRANGEBYLEX: Spec = older(
    "zrangebylex",
    zrangebylex,
    "2.8.9",
    "Gives the members of a range of names.",
    "`ZRANGE` with the `BYLEX` argument",
    &[
        Arg::key("key", 0),
        Arg::new("min", ArgKind::String),
        Arg::new("max", ArgKind::String),
        LIMIT,
    ],
);

fn zrangebylex(engine: &mut Engine, call: &mut Call) -> Outcome {
    let fixed = Fixed { by: Some(By::Lex), reverse: Some(false), at: 2, stores: false };
    reply_range(engine, call, fixed)
}

const ZREVRANGEBYLEX: Spec = older(
    "zrevrangebylex",
    zrevrangebylex,
    "2.8.9",
    "Gives the members of a range of names, the greatest first.",
    "`ZRANGE` with the `REV` and `BYLEX` arguments",
    &[
        Arg::key("key", 0),
        Arg::new("max", ArgKind::String),
        Arg::new("min", ArgKind::String),
        LIMIT,
    ],
);

fn zrevrangebylex(engine: &mut Engine, call: &mut Call) -> Outcome {
    let fixed = Fixed { by: Some(By::Lex), reverse: Some(true), at: 2, stores: false };
    reply_range(engine, call, fixed)
}

const ZCOUNT: Spec = Spec::new(
    "zcount",
    4,
    zcount,
    Docs::new("sorted-set", "2.0.0", "O(log(N))", "Counts the members of a range of scores.").args(
        &[Arg::key("key", 0), Arg::new("min", ArgKind::Double), Arg::new("max", ArgKind::Double)],
    ),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::SORTEDSET)
.keys(READ_KEY);

fn zcount(engine: &mut Engine, call: &mut Call) -> Outcome {
    count(engine, call, By::Score)
}

const ZLEXCOUNT: Spec = Spec::new(
    "zlexcount",
    4,
    zlexcount,
    Docs::new("sorted-set", "2.8.9", "O(log(N))", "Counts the members of a range of names.").args(
        &[Arg::key("key", 0), Arg::new("min", ArgKind::String), Arg::new("max", ArgKind::String)],
    ),
)
.flags(flag::READONLY | flag::FAST)
.categories(category::SORTEDSET)
.keys(READ_KEY);

fn zlexcount(engine: &mut Engine, call: &mut Call) -> Outcome {
    count(engine, call, By::Lex)
}

fn count(engine: &mut Engine, call: &mut Call, by: By) -> Outcome {
    let ends = Ends::parse(call, 2, by, false)?;
    let zset = read_at::<ZsetValue>(engine, call, 1)?;
    let count = zset.map_or(0, |zset| ends.indexes(zset, false).len());
    call.reply.integer(count as i64);
    Ok(())
}

const REMOVED_KEY: &[KeySpec] = &[KeySpec::one(1, key_flag::RW | key_flag::DELETE)];

/// A command that removes a range.
const fn removing(
    name: &'static str,
    handler: crate::command::Handler,
    since: &'static str,
    summary: &'static str,
    args: &'static [Arg],
) -> Spec {
    let docs = Docs::new(
        "sorted-set",
        since,
        "O(log(N)+M) where N is the number of members and M that of members removed",
        summary,
    );
    Spec::new(name, 4, handler, docs.args(args))
        .flags(flag::WRITE)
        .categories(category::SORTEDSET)
        .keys(REMOVED_KEY)
}

const ZREMRANGEBYRANK: Spec = removing(
    "zremrangebyrank",
    zremrangebyrank,
    "2.0.0",
    "Removes the members of a range of indexes; a sorted set without members is deleted.",
    &[Arg::key("key", 0), Arg::new("start", ArgKind::Integer), Arg::new("stop", ArgKind::Integer)],
);

fn zremrangebyrank(engine: &mut Engine, call: &mut Call) -> Outcome {
    remove_range(engine, call, By::Rank, "zremrangebyrank")
}

const ZREMRANGEBYSCORE: Spec = removing(
    "zremrangebyscore",
    zremrangebyscore,
    "1.2.0",
    "Removes the members of a range of scores; a sorted set without members is deleted.",
    &[Arg::key("key", 0), Arg::new("min", ArgKind::Double), Arg::new("max", ArgKind::Double)],
);

fn zremrangebyscore(engine: &mut Engine, call: &mut Call) -> Outcome {
    remove_range(engine, call, By::Score, "zremrangebyscore")
}

const ZREMRANGEBYLEX: Spec = removing(
    "zremrangebylex",
    zremrangebylex,
    "2.8.9",
    "Removes the members of a range of names; a sorted set without members is deleted.",
    &[Arg::key("key", 0), Arg::new("min", ArgKind::String), Arg::new("max", ArgKind::String)],
);

fn zremrangebylex(engine: &mut Engine, call: &mut Call) -> Outcome {
    remove_range(engine, call, By::Lex, "zremrangebylex")
}

fn remove_range(engine: &mut Engine, call: &mut Call, by: By, event: &'static str) -> Outcome {
    let ends = Ends::parse(call, 2, by, false)?;
    let (db, key) = (call.db, &call.argv[1]);
    let (count, emptied) = match find_write::<ZsetValue>(engine, db, key)? {
        Some(zset) => {
            let indexes = ends.indexes(zset, false);
            let count = indexes.len();
            zset.remove_range(indexes);
            (count, zset.is_empty())
        }
        None => (0, false),
    };
    if count > 0 {
        removed(engine, db, key, (class::ZSET, event), count, emptied);
    }
    call.reply.integer(count as i64);
    Ok(())
}
