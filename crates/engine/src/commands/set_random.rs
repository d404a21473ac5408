//! Sets: members picked at random.

use byte_string::ByteString;
use keyspace::{Element, SetValue};

use super::collection::{at_least, find_write, negatable, read_at, removed};
use super::element;
use super::list::NOT_POSITIVE;
use super::random::{check_reply_len, pick_distinct};
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::notify::class;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[SPOP, SRANDMEMBER];

const SPOP: Spec = Spec::new(
    "spop",
    -2,
    spop,
    Docs::new(
        "set",
        "1.0.0",
        "O(1) for one member, else O(N) where N is the number of members taken",
        "Takes members picked at random out of a set; a set without members is deleted.",
    )
    .history(&[("3.2.0", "Argument `count`.")])
    .args(&[Arg::key("key", 0), Arg::new("count", ArgKind::Integer).since("3.2.0").optional()]),
)
.flags(flag::WRITE | flag::FAST)
.categories(category::SET)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE)]);

fn spop(engine: &mut Engine, call: &mut Call) -> Outcome {
    let count = match call.argc() {
        2 => None,
        3 => Some(at_least(call, 2, 0, NOT_POSITIVE)?),
        _ => return Err(Error::Syntax),
    };
    let (db, key) = (call.db, call.argv[1].clone());
    let mut rng = engine.rng.fork();
    let Some(set) = find_write::<SetValue>(engine, db, &key)? else {
        match count {
            Some(_) => call.reply.set(0),
            None => call.reply.null(),
        }
        return Ok(());
    };
    let taken: Vec<ByteString> = match count {
        None => set.random(&mut rng).iter().map(Element::to_byte_string).collect(),
        Some(count) => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let taken = pick(set, count, &mut rng);
            let taken: Vec<_> = taken.iter().map(Element::to_byte_string).collect();
            call.reply.set(taken.len());
            taken
        }
    };
    taken.iter().for_each(|member| call.reply.bulk_shared(member));
    if taken.is_empty() {
        return Ok(());
    }
    for member in &taken {
        set.remove(member);
    }
    let emptied = set.is_empty();
    removed(engine, db, &key, (class::SET, "spop"), taken.len(), emptied);
    // Chance must not choose again where the command is repeated.
    call.propagate_as = Some(if emptied {
        [ByteString::from("DEL"), key].into_iter().collect()
    } else {
        [ByteString::from("SREM"), key].into_iter().chain(taken).collect()
    });
    Ok(())
}

const SRANDMEMBER: Spec = Spec::new(
    "srandmember",
    -2,
    srandmember,
    Docs::new(
        "set",
        "1.0.0",
        "O(1) for one member, else O(N) where N is the absolute value of the count",
        "Gives members of a set picked at random.",
    )
    .history(&[("2.6.0", "Argument `count`.")])
    .args(&[Arg::key("key", 0), Arg::new("count", ArgKind::Integer).since("2.6.0").optional()]),
)
.flags(flag::READONLY)
.categories(category::SET)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn srandmember(engine: &mut Engine, call: &mut Call) -> Outcome {
    let count = match call.argc() {
        2 => None,
        3 => Some(negatable(call, 2)?),
        _ => return Err(Error::Syntax),
    };
    let mut rng = engine.rng.fork();
    let set = read_at::<SetValue>(engine, call, 1)?;
    let (Some(set), Some(count)) = (set, count) else {
        match (count, set.and_then(|set| set.random(&mut rng))) {
            (Some(_), _) => call.reply.array(0),
            (None, Some(member)) => element::bulk(&mut call.reply, member),
            (None, None) => call.reply.null(),
        }
        return Ok(());
    };
    if let Ok(count) = usize::try_from(count) {
        let members = pick(set, count, &mut rng);
        call.reply.array(members.len());
        members.into_iter().for_each(|member| element::bulk(&mut call.reply, member));
        return Ok(());
    }
    let count = count.unsigned_abs();
    check_reply_len(count, set.len(), || reply_len(set))?;
    call.reply.array(count as usize);
    for _ in 0..count {
        if let Some(member) = set.random(&mut rng) {
            element::bulk(&mut call.reply, member);
        }
    }
    Ok(())
}

/// Bytes that all members take in a reply.
fn reply_len(set: &SetValue) -> usize {
    /// `$5\r\n` … `\r\n`
    const FRAME_LEN: usize = 6;
    set.iter().map(|member| FRAME_LEN + member.len()).sum()
}

fn pick<'a>(set: &'a SetValue, count: usize, rng: &mut fastrand::Rng) -> Vec<Element<'a>> {
    let form = (set.len(), set.as_listpack().is_some());
    let draw = |rng: &mut fastrand::Rng| set.random(rng);
    pick_distinct(rng, count, form, set.iter(), draw, Element::to_byte_string)
}
