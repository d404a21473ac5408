//! HRANDFIELD: fields picked at random.

use std::collections::HashSet;

use keyspace::{Element, HashValue};
use resp::Protocol;

use super::element;
use super::hash::read;
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[HRANDFIELD];

/// Bytes that a reply with repetitions may take, by the mean of a field: a short request must not ask for more memory
/// than any value can hold.
const REPLY_LEN_MAX: u64 = 512 * 1024 * 1024;

/// Below this share of the hash (1 in …), fields are drawn until enough different ones came; above it, all are walked
/// through.
const DRAW_SHARE: usize = 3;

type Field<'a> = (Element<'a>, Element<'a>);

/// What HRANDFIELD is asked for.
enum Wanted {
    /// One field's name, not in an array.
    One,
    /// So many different fields at most.
    Distinct(usize),
    /// Exactly so many, with repetitions.
    Repeated(u64),
}

fn parse(call: &Call) -> Result<(Wanted, bool), Error> {
    if call.argc() == 2 {
        return Ok((Wanted::One, false));
    }
    let count = call.integer(2)?;
    if count == i64::MIN {
        return Err(Error::text(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ));
    }
    let with_values = match call.argc() {
        3 => false,
        4 if call.arg_is(3, "WITHVALUES") => true,
        _ => return Err(Error::Syntax),
    };
    if with_values && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(Error::text("ERR value is out of range"));
    }
    let wanted = if count < 0 {
        Wanted::Repeated(count.unsigned_abs())
    } else {
        Wanted::Distinct(usize::try_from(count).unwrap_or(usize::MAX))
    };
    Ok((wanted, with_values))
}

const HRANDFIELD: Spec = Spec::new(
    "hrandfield",
    -2,
    hrandfield,
    Docs::new(
        "hash",
        "6.2.0",
        "O(N) where N is the number of fields given",
        "Gives fields of a hash picked at random.",
    )
    .args(&[
        Arg::key("key", 0),
        Arg::new("options", ArgKind::Block).optional().of(&[
            Arg::new("count", ArgKind::Integer),
            Arg::word("withvalues", "WITHVALUES").optional(),
        ]),
    ]),
)
.flags(flag::READONLY)
.categories(category::HASH)
.tips(&["nondeterministic_output"])
.keys(&[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)]);

fn hrandfield(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (wanted, with_values) = parse(call)?;
    let mut rng = engine.rng.fork();
    let Some(hash) = read(engine, call)? else {
        match wanted {
            Wanted::One => call.reply.null(),
            Wanted::Distinct(_) | Wanted::Repeated(_) => call.reply.array(0),
        }
        return Ok(());
    };
    match wanted {
        Wanted::One => match hash.random(&mut rng) {
            Some((name, _)) => element::bulk(&mut call.reply, name),
            None => call.reply.null(),
        },
        Wanted::Distinct(count) => {
            let fields = pick_distinct(hash, count, &mut rng);
            reply_head(call, fields.len() as u64, with_values);
            fields.into_iter().for_each(|field| reply_field(call, field, with_values));
        }
        Wanted::Repeated(count) => {
            check_reply_len(hash, count, with_values)?;
            reply_head(call, count, with_values);
            for _ in 0..count {
                if let Some(field) = hash.random(&mut rng) {
                    reply_field(call, field, with_values);
                }
            }
        }
    }
    Ok(())
}

/// RESP3 has pairs in arrays of their own, RESP2 one after the other.
fn reply_head(call: &mut Call, fields: u64, with_values: bool) {
    let flat_pairs = with_values && call.reply.protocol() == Protocol::Resp2;
    call.reply.array(fields as usize * if flat_pairs { 2 } else { 1 });
}

fn reply_field(call: &mut Call, (name, value): Field<'_>, with_values: bool) {
    if with_values && call.reply.protocol() == Protocol::Resp3 {
        call.reply.array(2);
    }
    element::bulk(&mut call.reply, name);
    if with_values {
        element::bulk(&mut call.reply, value);
    }
}

/// Refuses a count whose reply would take more than [`REPLY_LEN_MAX`]; the hash is measured only for large counts.
fn check_reply_len(hash: &HashValue, count: u64, with_values: bool) -> Outcome {
    const ALWAYS_ALLOWED: u64 = 1024;
    /// `$5\r\n` … `\r\n`
    const FRAME_LEN: usize = 6;
    if count <= ALWAYS_ALLOWED {
        return Ok(());
    }
    let field_len = |(name, value): Field<'_>| {
        FRAME_LEN + name.len() + if with_values { FRAME_LEN + value.len() } else { 0 }
    };
    let total: usize = hash.iter().map(field_len).sum();
    let mean = (total / hash.len().max(1)).max(1) as u64;
    if count.saturating_mul(mean) > REPLY_LEN_MAX {
        return Err(Error::text("ERR value is out of range"));
    }
    Ok(())
}

/// Up to `count` different fields, each as likely as any other.
fn pick_distinct<'a>(hash: &'a HashValue, count: usize, rng: &mut fastrand::Rng) -> Vec<Field<'a>> {
    let len = hash.len();
    if count >= len {
        return hash.iter().collect();
    }
    if hash.as_listpack().is_some() || count > len / DRAW_SHARE {
        // Each field is taken with the probability that fills what is still wanted from what is left.
        let (mut wanted, mut left) = (count, len);
        let taken = hash.iter().filter(|_| {
            let take = rng.usize(..left) < wanted;
            left -= 1;
            wanted -= usize::from(take);
            take
        });
        return taken.collect();
    }
    let mut seen = HashSet::with_capacity(count);
    let mut fields = Vec::with_capacity(count);
    while fields.len() < count {
        let Some((name, value)) = hash.random(rng) else { break };
        if seen.insert(name.to_byte_string()) {
            fields.push((name, value));
        }
    }
    fields
}
