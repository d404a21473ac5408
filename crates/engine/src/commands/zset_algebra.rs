//! Sorted sets, and sets as such: what several have in common, together, or one more than the others.

use std::collections::HashMap;

use byte_string::ByteString;
use keyspace::{SetValue, Value, ZsetLimits, ZsetValue};

use super::collection::{at_least, store};
use super::score::{self, reply_members};
use crate::command::{
    Arg, ArgKind, BeginSearch, Docs, FindKeys, KeySpec, Spec, category, flag, key_flag,
};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] =
    &[ZUNION, ZUNIONSTORE, ZINTER, ZINTERSTORE, ZINTERCARD, ZDIFF, ZDIFFSTORE];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

/// How the scores of a member in several sorted sets become one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            // Infinity less infinity counts as nothing.
            Self::Sum => Some(a + b).filter(|sum| !sum.is_nan()).unwrap_or(0.0),
            Self::Min => a.min(b),
            Self::Max => a.max(b),
        }
    }
}

/// A key's members.
#[derive(Clone, Copy)]
enum Input<'a> {
    Missing,
    /// Whose scores are 1.
    Set(&'a SetValue),
    Zset(&'a ZsetValue),
}

impl<'a> Input<'a> {
    fn of(value: Option<&'a Value>) -> Result<Self, Error> {
        match value {
            None => Ok(Self::Missing),
            Some(Value::Set(set)) => Ok(Self::Set(set)),
            Some(Value::Zset(zset)) => Ok(Self::Zset(zset)),
            Some(_) => Err(Error::WrongType),
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Missing => 0,
            Self::Set(set) => set.len(),
            Self::Zset(zset) => zset.len(),
        }
    }

    fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            Self::Missing => None,
            Self::Set(set) => set.contains(member).then_some(1.0),
            Self::Zset(zset) => zset.score(member),
        }
    }

    fn for_each(self, mut visit: impl FnMut(&[u8], f64)) {
        let mut digits = itoa::Buffer::new();
        match self {
            Self::Missing => {}
            Self::Set(set) => {
                set.iter().for_each(|member| visit(member.as_bytes(&mut digits), 1.0))
            }
            Self::Zset(zset) => {
                zset.iter().for_each(|(member, score)| visit(member.as_bytes(&mut digits), score));
            }
        }
    }
}

/// What is asked for after the operation's name.
struct Query {
    keys: std::ops::Range<usize>,
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
    /// Members to count at most.
    most: usize,
}

/// Which options an operation has.
#[derive(Clone, Copy)]
struct Options {
    weights: bool,
    with_scores: bool,
    limit: bool,
}

impl Query {
    /// From the number of keys at argument `at` on.
    fn parse(call: &Call, at: usize, options: Options) -> Result<Self, Error> {
        let count = call.integer(at)?;
        if count < 1 {
            return Err(Error::owned(format!(
                "ERR at least 1 input key is needed for '{}' command",
                call.command.full_name
            )));
        }
        let first = at + 1;
        let end = usize::try_from(count).ok().and_then(|count| first.checked_add(count));
        let end = end.filter(|&end| end <= call.argc()).ok_or(Error::Syntax)?;
        let keys = first..end;
        let mut query = Self {
            weights: vec![1.0; keys.len()],
            keys,
            aggregate: Aggregate::Sum,
            with_scores: false,
            most: usize::MAX,
        };
        let mut at = end;
        while at < call.argc() {
            let left = call.argc() - at - 1;
            if options.weights && call.arg_is(at, "WEIGHTS") && left >= query.keys.len() {
                for (nth, weight) in query.weights.iter_mut().enumerate() {
                    *weight = score::parse(&call.argv[at + 1 + nth])
                        .ok_or(Error::text("ERR weight value is not a float"))?;
                }
                at += query.keys.len();
            } else if options.weights && call.arg_is(at, "AGGREGATE") && left >= 1 {
                query.aggregate = match () {
                    () if call.arg_is(at + 1, "SUM") => Aggregate::Sum,
                    () if call.arg_is(at + 1, "MIN") => Aggregate::Min,
                    () if call.arg_is(at + 1, "MAX") => Aggregate::Max,
                    () => return Err(Error::Syntax),
                };
                at += 1;
            } else if options.with_scores && call.arg_is(at, "WITHSCORES") {
                query.with_scores = true;
            } else if options.limit && call.arg_is(at, "LIMIT") && left >= 1 {
                let limit = at_least(call, at + 1, 0, "ERR LIMIT can't be negative")?;
                query.most = match usize::try_from(limit) {
                    Ok(0) | Err(_) => usize::MAX,
                    Ok(limit) => limit,
                };
                at += 1;
            } else {
                return Err(Error::Syntax);
            }
            at += 1;
        }
        Ok(query)
    }

    fn inputs<'a>(&self, engine: &'a mut Engine, call: &Call) -> Result<Vec<Input<'a>>, Error> {
        let keys = &call.argv[self.keys.clone()];
        // Looked up for their effects first: a look-up may delete a key.
        for key in keys {
            Input::of(engine.find_read(call, key).map(|entry| &entry.value))?;
        }
        let db = engine.db(call.db);
        keys.iter().map(|key| Input::of(db.find(key).map(|entry| &entry.value))).collect()
    }

    /// Infinity times nothing is nothing.
    fn weighted(&self, nth: usize, score: f64) -> f64 {
        Some(self.weights[nth] * score).filter(|score| !score.is_nan()).unwrap_or(0.0)
    }

    fn combine(&self, inputs: &[Input<'_>], operation: Operation, limits: ZsetLimits) -> ZsetValue {
        let mut result = ZsetValue::new();
        match operation {
            Operation::Union => {
                let mut scores: HashMap<ByteString, f64> = HashMap::new();
                for (nth, input) in inputs.iter().enumerate() {
                    input.for_each(|member, score| {
                        let score = self.weighted(nth, score);
                        match scores.get_mut(member) {
                            Some(known) => *known = self.aggregate.of(*known, score),
                            None => {
                                scores.insert(ByteString::from(member), score);
                            }
                        }
                    });
                }
                for (member, score) in &scores {
                    result.set(member, *score, limits);
                }
            }
            Operation::Intersection => self.intersect(inputs, |member, score| {
                result.set(member, score, limits);
                true
            }),
            Operation::Difference => {
                let Some((first, others)) = inputs.split_first() else { return result };
                first.for_each(|member, score| {
                    if others.iter().all(|other| other.score(member).is_none()) {
                        result.set(member, score, limits);
                    }
                });
            }
        }
        result
    }

    /// Visits the members that all inputs have, until `visit` has enough.
    fn intersect(&self, inputs: &[Input<'_>], mut visit: impl FnMut(&[u8], f64) -> bool) {
        let least = inputs.iter().enumerate().min_by_key(|(_, input)| input.len());
        let Some((nth, least)) = least else { return };
        let mut enough = false;
        least.for_each(|member, score| {
            if enough {
                return;
            }
            let mut total = self.weighted(nth, score);
            for (other, input) in inputs.iter().enumerate().filter(|(other, _)| *other != nth) {
                let Some(score) = input.score(member) else { return };
                total = self.aggregate.of(total, self.weighted(other, score));
            }
            enough = !visit(member, total);
        });
    }
}

fn reply_combined(engine: &mut Engine, call: &mut Call, operation: Operation) -> Outcome {
    let weights = operation != Operation::Difference;
    let query = Query::parse(call, 1, Options { weights, with_scores: true, limit: false })?;
    let limits = engine.limits().zset;
    let result = query.combine(&query.inputs(engine, call)?, operation, limits);
    reply_members(&mut call.reply, result.iter(), query.with_scores);
    Ok(())
}

fn store_combined(
    engine: &mut Engine,
    call: &mut Call,
    operation: Operation,
    event: &'static str,
) -> Outcome {
    let weights = operation != Operation::Difference;
    let query = Query::parse(call, 2, Options { weights, with_scores: false, limit: false })?;
    let limits = engine.limits().zset;
    let result = query.combine(&query.inputs(engine, call)?, operation, limits);
    let len = result.len();
    store(engine, call, result, len, (class::ZSET, event))
}

const KEYS_FROM_1: KeySpec = KeySpec {
    flags: key_flag::RO | key_flag::ACCESS,
    begin: BeginSearch::Index(1),
    find: FindKeys::KeyNum { count_at: 0, first: 1, step: 1 },
    notes: None,
};
const STORE_KEYS: &[KeySpec] = &[
    KeySpec::one(1, key_flag::OW | key_flag::UPDATE),
    KeySpec { begin: BeginSearch::Index(2), ..KEYS_FROM_1 },
];
const NUMKEYS: Arg = Arg::new("numkeys", ArgKind::Integer);
const WEIGHTS: Arg = Arg::new("weight", ArgKind::Integer).token("WEIGHTS").optional().multiple();
const AGGREGATE: Arg = Arg::new("aggregate", ArgKind::OneOf).token("AGGREGATE").optional().of(&[
    Arg::word("sum", "SUM"),
    Arg::word("min", "MIN"),
    Arg::word("max", "MAX"),
]);
const WITHSCORES: Arg = Arg::word("withscores", "WITHSCORES").optional();
const KEYS: Arg = Arg::key("key", 0).multiple();
const SOURCES: Arg = Arg::key("key", 1).multiple();
const TARGET: Arg = Arg::key("destination", 0);
const COMPLEXITY: &str = "O(N*K)+O(M*log(M)) where K is the number of keys, N that of their members and M that of the result";

const fn reading(
    name: &'static str,
    handler: crate::command::Handler,
    summary: &'static str,
    args: &'static [Arg],
) -> Spec {
    Spec::new(name, -3, handler, Docs::new("sorted-set", "6.2.0", COMPLEXITY, summary).args(args))
        .flags(flag::READONLY | flag::MOVABLE_KEYS)
        .categories(category::SORTEDSET)
        .keys(&[KEYS_FROM_1])
}

const fn storing(
    name: &'static str,
    handler: crate::command::Handler,
    since: &'static str,
    summary: &'static str,
    args: &'static [Arg],
) -> Spec {
    Spec::new(name, -4, handler, Docs::new("sorted-set", since, COMPLEXITY, summary).args(args))
        .flags(flag::WRITE | flag::DENYOOM | flag::MOVABLE_KEYS)
        .categories(category::SORTEDSET)
        .keys(STORE_KEYS)
}

const ZUNION: Spec = reading(
    "zunion",
    zunion,
    "Gives the members that any of several sorted sets has.",
    &[NUMKEYS, KEYS, WEIGHTS, AGGREGATE, WITHSCORES],
);

fn zunion(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_combined(engine, call, Operation::Union)
}

const ZUNIONSTORE: Spec = storing(
    "zunionstore",
    zunionstore,
    "2.0.0",
    "Makes a key hold the members that any of several sorted sets has.",
    &[TARGET, NUMKEYS, SOURCES, WEIGHTS, AGGREGATE],
);

fn zunionstore(engine: &mut Engine, call: &mut Call) -> Outcome {
    store_combined(engine, call, Operation::Union, "zunionstore")
}

const ZINTER: Spec = reading(
    "zinter",
    zinter,
    "Gives the members that all of several sorted sets have.",
    &[NUMKEYS, KEYS, WEIGHTS, AGGREGATE, WITHSCORES],
);

fn zinter(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_combined(engine, call, Operation::Intersection)
}

const ZINTERSTORE: Spec = storing(
    "zinterstore",
    zinterstore,
    "2.0.0",
    "Makes a key hold the members that all of several sorted sets have.",
    &[TARGET, NUMKEYS, SOURCES, WEIGHTS, AGGREGATE],
);

fn zinterstore(engine: &mut Engine, call: &mut Call) -> Outcome {
    store_combined(engine, call, Operation::Intersection, "zinterstore")
}

const ZINTERCARD: Spec = Spec::new(
    "zintercard",
    -3,
    zintercard,
    Docs::new(
        "sorted-set",
        "7.0.0",
        "O(N*K) where K is the number of keys and N the least number of members",
        "Gives how many members all of several sorted sets have, up to a limit.",
    )
    .args(&[NUMKEYS, KEYS, Arg::new("limit", ArgKind::Integer).token("LIMIT").optional()]),
)
.flags(flag::READONLY | flag::MOVABLE_KEYS)
.categories(category::SORTEDSET)
.keys(&[KEYS_FROM_1]);

fn zintercard(engine: &mut Engine, call: &mut Call) -> Outcome {
    let options = Options { weights: false, with_scores: false, limit: true };
    let query = Query::parse(call, 1, options)?;
    let mut count = 0;
    query.intersect(&query.inputs(engine, call)?, |_, _| {
        count += 1;
        count < query.most
    });
    call.reply.integer(count as i64);
    Ok(())
}

const ZDIFF: Spec = reading(
    "zdiff",
    zdiff,
    "Gives the members of a sorted set that none of several others has.",
    &[NUMKEYS, KEYS, WITHSCORES],
);

fn zdiff(engine: &mut Engine, call: &mut Call) -> Outcome {
    reply_combined(engine, call, Operation::Difference)
}

const ZDIFFSTORE: Spec = storing(
    "zdiffstore",
    zdiffstore,
    "6.2.0",
    "Makes a key hold the members of a sorted set that none of several others has.",
    &[TARGET, NUMKEYS, SOURCES],
);

fn zdiffstore(engine: &mut Engine, call: &mut Call) -> Outcome {
    store_combined(engine, call, Operation::Difference, "zdiffstore")
}
