//! HRANDFIELD: fields picked at random.

use keyspace::{Element, HashValue};
use resp::Protocol;

use super::element;
use super::hash::read;
use super::random::{check_reply_len, pick_distinct};
use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[HRANDFIELD];

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
            let forms = (hash.len(), hash.as_listpack().is_some());
            let draw = |rng: &mut fastrand::Rng| hash.random(rng);
            let name = |(name, _): &Field<'_>| name.to_byte_string();
            let fields = pick_distinct(&mut rng, count, forms, hash.iter(), draw, name);
            reply_head(call, fields.len() as u64, with_values);
            fields.into_iter().for_each(|field| reply_field(call, field, with_values));
        }
        Wanted::Repeated(count) => {
            check_reply_len(count, hash.len(), || reply_len(hash, with_values))?;
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

/// Bytes that all fields take in a reply.
fn reply_len(hash: &HashValue, with_values: bool) -> usize {
    /// `$5\r\n` … `\r\n`
    const FRAME_LEN: usize = 6;
    let field_len = |(name, value): Field<'_>| {
        FRAME_LEN + name.len() + if with_values { FRAME_LEN + value.len() } else { 0 }
    };
    hash.iter().map(field_len).sum()
}
