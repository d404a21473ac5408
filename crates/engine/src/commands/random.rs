//! Elements of collections picked at random: HRANDFIELD, SPOP, SRANDMEMBER, ZRANDMEMBER.

use std::collections::HashSet;

use byte_string::ByteString;

use crate::{Error, Outcome};

/// Bytes that a reply with repetitions may take, by the mean of an element: a short request must not ask for more memory
/// than any value can hold.
const REPLY_LEN_MAX: u64 = 512 * 1024 * 1024;

/// Below this share of the collection (1 in …), elements are drawn until enough different ones came; above it, all are
/// walked through.
const DRAW_SHARE: usize = 3;

/// Refuses a count whose reply would take more than [`REPLY_LEN_MAX`]. The collection of `len` elements is measured, by
/// `total_len`, only for large counts.
pub(super) fn check_reply_len(
    count: u64,
    len: usize,
    total_len: impl FnOnce() -> usize,
) -> Outcome {
    const ALWAYS_ALLOWED: u64 = 1024;
    if count <= ALWAYS_ALLOWED {
        return Ok(());
    }
    let mean = (total_len() / len.max(1)).max(1) as u64;
    if count.saturating_mul(mean) > REPLY_LEN_MAX {
        return Err(Error::text("ERR value is out of range"));
    }
    Ok(())
}

/// Up to `count` different ones of `len` elements, each as likely as any other: from `all`, if that is compact or most are
/// wanted, else those that `draw` gives, told apart by `name`.
pub(super) fn pick_distinct<T>(
    rng: &mut fastrand::Rng,
    count: usize,
    (len, is_compact): (usize, bool),
    all: impl Iterator<Item = T>,
    draw: impl Fn(&mut fastrand::Rng) -> Option<T>,
    name: impl Fn(&T) -> ByteString,
) -> Vec<T> {
    if count >= len {
        return all.collect();
    }
    if is_compact || count > len / DRAW_SHARE {
        // Each is taken with the probability that fills what is still wanted from what is left.
        let (mut wanted, mut left) = (count, len);
        let taken = all.filter(|_| {
            let take = rng.usize(..left) < wanted;
            left -= 1;
            wanted -= usize::from(take);
            take
        });
        return taken.collect();
    }
    let mut seen = HashSet::with_capacity(count);
    let mut picked = Vec::with_capacity(count);
    while picked.len() < count {
        let Some(element) = draw(rng) else { break };
        if seen.insert(name(&element)) {
            picked.push(element);
        }
    }
    picked
}
