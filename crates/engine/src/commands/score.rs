//! Scores of sorted sets, and ranges of scores and of members, as arguments and replies.

use keyspace::ZsetValue;
use resp::{Protocol, Reply};

use super::element;
use crate::{Call, Error};

/// The refusal of a score that is none.
pub(super) const NAN: &str = "ERR resulting score is not a number (NaN)";

/// Longest text that is read; it bounds the work.
const TEXT_LEN_MAX: usize = 5 * 1024;

/// The double that the whole of `text` spells in decimal digits, or as a word for infinity; nothing for NaN, and for what
/// is too large or too small to be told from infinity or zero.
pub(super) fn parse(text: &[u8]) -> Option<f64> {
    if text.len() > TEXT_LEN_MAX {
        return None;
    }
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let digits = text.split(|byte| matches!(byte, b'e' | b'E')).next()?;
    let is_word = text.iter().any(|byte| byte.eq_ignore_ascii_case(&b'n'));
    let is_vanished = number == 0.0 && digits.iter().any(|digit| (b'1'..=b'9').contains(digit));
    let is_beyond = number.is_infinite() && !is_word;
    (!number.is_nan() && !is_vanished && !is_beyond).then_some(number)
}

/// Argument `at` as a score.
pub(super) fn score_at(call: &Call, at: usize) -> Result<f64, Error> {
    parse(&call.argv[at]).ok_or(Error::NotFloat)
}

/// A score, or null.
pub(super) fn reply(reply: &mut Reply, score: Option<f64>) {
    match score {
        Some(score) => reply.double(score),
        None => reply.null(),
    }
}

/// An array of members, with their scores if asked for: beside them in RESP2, in pairs in RESP3.
pub(super) fn reply_members<'a>(
    reply: &mut Reply,
    members: impl Iterator<Item = (keyspace::Element<'a>, f64)>,
    with_scores: bool,
) {
    let at = reply.defer();
    let pairs = with_scores && reply.protocol() == Protocol::Resp3;
    let mut len = 0;
    for (member, score) in members {
        len += 1;
        if pairs {
            reply.array(2);
        }
        element::bulk(reply, member);
        if with_scores {
            reply.double(score);
        }
    }
    reply.set_array(at, if with_scores && !pairs { len * 2 } else { len });
}

/// An end of a range of scores.
#[derive(Clone, Copy)]
struct ScoreBound {
    score: f64,
    excluded: bool,
}

/// A range of scores.
#[derive(Clone, Copy)]
pub(super) struct ScoreRange {
    min: ScoreBound,
    max: ScoreBound,
}

impl ScoreRange {
    pub(super) fn parse(min: &[u8], max: &[u8]) -> Result<Self, Error> {
        let bound = |text: &[u8]| {
            let (excluded, text) = match text {
                [b'(', rest @ ..] => (true, rest),
                _ => (false, text),
            };
            parse(text).map(|score| ScoreBound { score, excluded })
        };
        match (bound(min), bound(max)) {
            (Some(min), Some(max)) => Ok(Self { min, max }),
            _ => Err(Error::text("ERR min or max is not a float")),
        }
    }

    /// The indexes of the members within.
    pub(super) fn indexes(self, zset: &ZsetValue) -> std::ops::Range<usize> {
        let Self { min, max } = self;
        let start =
            zset.count_by_score(|score| score < min.score || min.excluded && score == min.score);
        let end =
            zset.count_by_score(|score| score < max.score || !max.excluded && score == max.score);
        start..end.max(start)
    }
}

/// An end of a range of members.
enum LexBound {
    Least,
    Greatest,
    Member { bytes: Vec<u8>, excluded: bool },
}

/// A range of members by their bytes.
pub(super) struct LexRange {
    min: LexBound,
    max: LexBound,
}

impl LexRange {
    pub(super) fn parse(min: &[u8], max: &[u8]) -> Result<Self, Error> {
        let bound = |text: &[u8]| match text {
            b"-" => Some(LexBound::Least),
            b"+" => Some(LexBound::Greatest),
            [b'(', rest @ ..] => Some(LexBound::Member { bytes: rest.to_vec(), excluded: true }),
            [b'[', rest @ ..] => Some(LexBound::Member { bytes: rest.to_vec(), excluded: false }),
            _ => None,
        };
        match (bound(min), bound(max)) {
            (Some(min), Some(max)) => Ok(Self { min, max }),
            _ => Err(Error::text("ERR min or max not valid string range item")),
        }
    }

    /// The indexes of the members within, if all have the same score.
    pub(super) fn indexes(&self, zset: &ZsetValue) -> std::ops::Range<usize> {
        let start = match &self.min {
            LexBound::Least => 0,
            LexBound::Greatest => zset.len(),
            LexBound::Member { bytes, excluded } => zset.count_by_name(|name| {
                name < bytes.as_slice() || *excluded && name == bytes.as_slice()
            }),
        };
        let end = match &self.max {
            LexBound::Least => 0,
            LexBound::Greatest => zset.len(),
            LexBound::Member { bytes, excluded } => zset.count_by_name(|name| {
                name < bytes.as_slice() || !*excluded && name == bytes.as_slice()
            }),
        };
        start..end.max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_what_strtod_reads() {
        for (text, score) in [
            ("1", Some(1.0)),
            ("-1.5e3", Some(-1500.0)),
            ("+inf", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            (".5", Some(0.5)),
            ("0e-999", Some(0.0)),
            ("1e400", None),
            ("1e-400", None),
            ("nan", None),
            ("", None),
            (" 1", None),
            ("1 ", None),
            ("1x", None),
        ] {
            assert_eq!(parse(text.as_bytes()), score, "{text}");
        }
    }
}
