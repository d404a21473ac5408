//! Walks in steps: SCAN, HSCAN, SSCAN and ZSCAN.

use byte_string::ByteString;
use keyspace::{Element, SetValue, Value, ZsetValue, glob_match};

use super::collection::read_at;
use super::element;
use crate::call::printable;
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[SCAN, HSCAN, SSCAN, ZSCAN];

/// Built-in types, those without commands yet included.
const TYPE_NAMES: [&str; 6] = ["string", "list", "set", "zset", "hash", "stream"];

/// Steps of the table's scan for each element asked for, so that a sparse table does not hold everybody up.
const STEPS_PER_ELEMENT: u64 = 10;

/// The options of a walk.
#[derive(Debug)]
struct ScanArgs<'a> {
    /// Elements to look at.
    count: u64,
    /// Nothing stands for `*`.
    pattern: Option<&'a ByteString>,
    type_name: Option<&'a ByteString>,
    no_values: bool,
}

impl<'a> ScanArgs<'a> {
    /// From argument `at` on; `of_keys` for SCAN itself.
    fn parse(call: &'a Call, mut at: usize, of_keys: bool) -> Result<Self, Error> {
        let mut args = Self { count: 10, pattern: None, type_name: None, no_values: false };
        while at < call.argc() {
            let value = call.argv.get(at + 1);
            if call.arg_is(at, "COUNT") && value.is_some() {
                let count = call.integer(at + 1)?;
                args.count =
                    u64::try_from(count).ok().filter(|&count| count > 0).ok_or(Error::Syntax)?;
            } else if call.arg_is(at, "MATCH") && value.is_some() {
                args.pattern = value.filter(|pattern| **pattern != b"*");
            } else if call.arg_is(at, "TYPE") && value.is_some() && of_keys {
                args.type_name = value;
            } else if call.arg_is(at, "NOVALUES") {
                if of_keys {
                    return Err(Error::text("ERR NOVALUES option can only be used in HSCAN"));
                }
                args.no_values = true;
                at += 1;
                continue;
            } else {
                return Err(Error::Syntax);
            }
            at += 2;
        }
        Ok(args)
    }

    fn matches(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob_match(pattern, name, false))
    }
}

fn parse_cursor(call: &Call, at: usize) -> Result<u64, Error> {
    let text = std::str::from_utf8(&call.argv[at]).ok();
    text.and_then(|text| text.parse().ok()).ok_or(Error::text("ERR invalid cursor"))
}

/// Takes steps until `count` elements were looked at or the walk is over; `step` gives the next cursor and how many
/// elements it met.
fn walk(mut cursor: u64, count: u64, mut step: impl FnMut(u64) -> (u64, u64)) -> u64 {
    let mut looked_at = 0;
    for _ in 0..=count.saturating_mul(STEPS_PER_ELEMENT) {
        let (next, met) = step(cursor);
        cursor = next;
        looked_at += met;
        if cursor == 0 || looked_at >= count {
            break;
        }
    }
    cursor
}

/// The head of the reply: the cursor, as the text of an unsigned number.
fn reply_cursor(call: &mut Call, cursor: u64) {
    call.reply.array(2);
    call.reply.bulk(itoa::Buffer::new().format(cursor).as_bytes());
}

const SCAN: Spec = Spec::new(
    "scan",
    -2,
    scan,
    Docs::new(
        "generic",
        "2.8.0",
        "O(1) a call, O(N) for the whole walk over N elements",
        "Walks through the keys of the database, some at each call.",
    )
    .history(&[("6.0.0", "Option `TYPE`.")])
    .args(&[
        Arg::new("cursor", ArgKind::Integer),
        Arg::new("pattern", ArgKind::Pattern).token("MATCH").optional(),
        Arg::new("count", ArgKind::Integer).token("COUNT").optional(),
        Arg::new("type", ArgKind::String).token("TYPE").since("6.0.0").optional(),
    ]),
)
.flags(flag::READONLY)
.categories(category::KEYSPACE)
.tips(&["nondeterministic_output", "request_policy:special", "response_policy:special"]);

fn scan(engine: &mut Engine, call: &mut Call) -> Outcome {
    let cursor = parse_cursor(call, 1)?;
    let args = ScanArgs::parse(call, 2, true)?;
    if let Some(name) = args.type_name
        && !TYPE_NAMES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        && !(engine.modules.has_type)(engine, name)
    {
        return Err(Error::owned(format!("ERR unknown type name '{}'", printable(name, 128))));
    }
    let now_ms = engine.clock.now_ms;
    let mut found: Vec<&[u8]> = Vec::new();
    let mut expired: Vec<ByteString> = Vec::new();
    let database = engine.db(call.db);
    let cursor = walk(cursor, args.count, |cursor| {
        let mut met = 0;
        let next = database.scan(cursor, |entry| {
            met += 1;
            let of_type =
                |name: &ByteString| name.eq_ignore_ascii_case(entry.value.type_name().as_bytes());
            if !args.type_name.is_none_or(of_type) || !args.matches(entry.key()) {
                return;
            }
            if entry.is_expired(now_ms) {
                expired.push(entry.key_string());
            } else {
                found.push(entry.key());
            }
        });
        (next, met)
    });
    reply_cursor(call, cursor);
    call.reply.array(found.len());
    for key in found {
        call.reply.bulk(key);
    }
    for key in expired {
        engine.expire_if_due(call.db, &key);
    }
    Ok(())
}

const HSCAN: Spec = Spec::new(
    "hscan",
    -3,
    hscan,
    Docs::new(
        "hash",
        "2.8.0",
        "O(1) a call, O(N) for the whole walk over N elements",
        "Walks through the fields of a hash, some at each call.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("cursor", ArgKind::Integer),
        Arg::new("pattern", ArgKind::Pattern).token("MATCH").optional(),
        Arg::new("count", ArgKind::Integer).token("COUNT").optional(),
        Arg::word("novalues", "NOVALUES").optional(),
    ]),
)
.flags(flag::READONLY)
.categories(category::HASH)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn hscan(engine: &mut Engine, call: &mut Call) -> Outcome {
    let cursor = parse_cursor(call, 2)?;
    let hash = match engine.find_read(call, &call.argv[1]).map(|entry| &entry.value) {
        None => {
            reply_cursor(call, 0);
            call.reply.array(0);
            return Ok(());
        }
        Some(Value::Hash(hash)) => hash,
        Some(_) => return Err(Error::WrongType),
    };
    let args = ScanArgs::parse(call, 3, false)?;
    let no_values = args.no_values;
    let mut found: Vec<(Element<'_>, Element<'_>)> = Vec::new();
    let cursor = walk(cursor, args.count, |cursor| {
        let mut met = 0;
        let next = hash.scan(cursor, |name, value| {
            met += 1;
            if args.matches(name.as_bytes(&mut itoa::Buffer::new())) {
                found.push((name, value));
            }
        });
        (next, met)
    });
    reply_cursor(call, cursor);
    call.reply.array(found.len() * if no_values { 1 } else { 2 });
    for (name, value) in found {
        element::bulk(&mut call.reply, name);
        if !no_values {
            element::bulk(&mut call.reply, value);
        }
    }
    Ok(())
}

const SSCAN: Spec = Spec::new(
    "sscan",
    -3,
    sscan,
    Docs::new(
        "set",
        "2.8.0",
        "O(1) a call, O(N) for the whole walk over N elements",
        "Walks through the members of a set, some at each call.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("cursor", ArgKind::Integer),
        Arg::new("pattern", ArgKind::Pattern).token("MATCH").optional(),
        Arg::new("count", ArgKind::Integer).token("COUNT").optional(),
    ]),
)
.flags(flag::READONLY)
.categories(category::SET)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn sscan(engine: &mut Engine, call: &mut Call) -> Outcome {
    let cursor = parse_cursor(call, 2)?;
    let Some(set) = read_at::<SetValue>(engine, call, 1)? else {
        reply_cursor(call, 0);
        call.reply.array(0);
        return Ok(());
    };
    let args = ScanArgs::parse(call, 3, false)?;
    if args.no_values {
        return Err(Error::text("ERR NOVALUES option can only be used in HSCAN"));
    }
    let mut found: Vec<Element<'_>> = Vec::new();
    let cursor = walk(cursor, args.count, |cursor| {
        let mut met = 0;
        let next = set.scan(cursor, |member| {
            met += 1;
            if args.matches(member.as_bytes(&mut itoa::Buffer::new())) {
                found.push(member);
            }
        });
        (next, met)
    });
    reply_cursor(call, cursor);
    call.reply.array(found.len());
    found.into_iter().for_each(|member| element::bulk(&mut call.reply, member));
    Ok(())
}

const ZSCAN: Spec = Spec::new(
    "zscan",
    -3,
    zscan,
    Docs::new(
        "sorted-set",
        "2.8.0",
        "O(1) a call, O(N) for the whole walk over N elements",
        "Walks through the members of a sorted set and their scores, some at each call.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("cursor", ArgKind::Integer),
        Arg::new("pattern", ArgKind::Pattern).token("MATCH").optional(),
        Arg::new("count", ArgKind::Integer).token("COUNT").optional(),
    ]),
)
.flags(flag::READONLY)
.categories(category::SORTEDSET)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn zscan(engine: &mut Engine, call: &mut Call) -> Outcome {
    let cursor = parse_cursor(call, 2)?;
    let Some(zset) = read_at::<ZsetValue>(engine, call, 1)? else {
        reply_cursor(call, 0);
        call.reply.array(0);
        return Ok(());
    };
    let args = ScanArgs::parse(call, 3, false)?;
    if args.no_values {
        return Err(Error::text("ERR NOVALUES option can only be used in HSCAN"));
    }
    let mut found: Vec<(Element<'_>, f64)> = Vec::new();
    let cursor = walk(cursor, args.count, |cursor| {
        let mut met = 0;
        let next = zset.scan(cursor, |member, score| {
            met += 1;
            if args.matches(member.as_bytes(&mut itoa::Buffer::new())) {
                found.push((member, score));
            }
        });
        (next, met)
    });
    reply_cursor(call, cursor);
    call.reply.array(found.len() * 2);
    let mut text = Vec::new();
    for (member, score) in found {
        element::bulk(&mut call.reply, member);
        text.clear();
        resp::format_double(score, &mut text);
        call.reply.bulk(&text);
    }
    Ok(())
}
