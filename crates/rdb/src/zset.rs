//! Sorted sets after their type byte and key.

use keyspace::{Listpack, ZsetLimits, ZsetValue};

use crate::error::{Error, ErrorKind};
use crate::format::value_type;
use crate::sink::Sink;
use crate::source::Source;
use crate::value::save_element;
use crate::ziplist;

/// Lengths of decimal scores that stand for what has no digits.
const NAN: u8 = 253;
const INFINITY: u8 = 254;
const MINUS_INFINITY: u8 = 255;

pub(crate) fn type_of(zset: &ZsetValue) -> u8 {
    match zset.as_listpack() {
        Some(_) => value_type::ZSET_LISTPACK,
        None => value_type::ZSET_2,
    }
}

pub(crate) fn save(sink: &mut Sink<'_>, zset: &ZsetValue) {
    if let Some(listpack) = zset.as_listpack() {
        return sink.string(listpack.as_bytes());
    }
    sink.number(zset.len() as u64);
    // The last one first, as Valkey does, whose loading is fastest so.
    for (member, score) in zset.iter_back_from(zset.len().saturating_sub(1)) {
        save_element(sink, member);
        sink.bytes(&score.to_le_bytes());
    }
}

/// Reads a sorted set; the count reserves nothing, each member has to arrive.
pub(crate) fn load(
    source: &mut Source<'_>,
    value_type: u8,
    limits: ZsetLimits,
) -> Result<ZsetValue, Error> {
    let malformed = |source: &Source<'_>, what| source.error(ErrorKind::Malformed(what));
    match value_type {
        value_type::ZSET_LISTPACK => {
            let bytes = source.blob()?.into_boxed_slice();
            let listpack = Listpack::from_bytes(bytes).ok();
            listpack
                .and_then(|listpack| ZsetValue::from_listpack(listpack, limits))
                .ok_or_else(|| malformed(source, "listpack"))
        }
        value_type::ZSET_ZIPLIST => {
            let bytes = source.blob()?;
            let pairs =
                ziplist::ziplist_pairs(&bytes).ok_or_else(|| malformed(source, "ziplist"))?;
            let mut zset = ZsetValue::new();
            for (member, score) in &pairs {
                let score = decimal(score).ok_or_else(|| malformed(source, "score"))?;
                add(source, &mut zset, member, score, limits)?;
            }
            Ok(zset)
        }
        _ => {
            let mut zset = ZsetValue::new();
            for _ in 0..source.number()? {
                let member = source.string()?;
                let score = match value_type {
                    value_type::ZSET_2 => f64::from_le_bytes(source.array()?),
                    _ => decimal_score(source)?,
                };
                add(source, &mut zset, &member, score, limits)?;
            }
            Ok(zset)
        }
    }
}

fn add(
    source: &Source<'_>,
    zset: &mut ZsetValue,
    member: &[u8],
    score: f64,
    limits: ZsetLimits,
) -> Result<(), Error> {
    if score.is_nan() {
        return Err(source.error(ErrorKind::Malformed("score")));
    }
    if zset.score(member).is_some() {
        return Err(source.error(ErrorKind::DuplicateField));
    }
    zset.set(member, score, limits);
    Ok(())
}

fn decimal(digits: &[u8]) -> Option<f64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A score of the oldest form: a length of one byte, and so many digits.
fn decimal_score(source: &mut Source<'_>) -> Result<f64, Error> {
    match source.byte()? {
        NAN => Ok(f64::NAN),
        INFINITY => Ok(f64::INFINITY),
        MINUS_INFINITY => Ok(f64::NEG_INFINITY),
        len => {
            let mut digits = Vec::with_capacity(usize::from(len));
            for _ in 0..len {
                digits.push(source.byte()?);
            }
            decimal(&digits).ok_or_else(|| source.error(ErrorKind::Malformed("score")))
        }
    }
}
