//! LZF, the compression of strings in RDB files.
//!
//! ```text
//! 000LLLLL, then L + 1 bytes          L + 1 bytes as they are
//! LLLooooo oooooooo                   L + 2 bytes (3 to 8) from o + 1 bytes back
//! 111ooooo LLLLLLLL oooooooo          L + 9 bytes (9 to 264) from o + 1 bytes back
//! ```
//!
//! Our own, because the crate for it clears half a megabyte for every string it compresses; here
//! the table of positions is kept from one string to the next and never cleared.

const TABLE_BITS: u32 = 13;
const DISTANCE_MAX: usize = 1 << 13;
const MATCH_LEN_MIN: usize = 3;
const MATCH_LEN_MAX: usize = 264;
const LITERALS_MAX: usize = 32;
/// The longest match comes from three bytes, so nothing expands by more than this.
const EXPANSION_MAX: usize = MATCH_LEN_MAX / 3;
/// Not a single match in so many bytes at the start, and the string is taken for compressed or
/// random already. Packed documents are, and there are many.
const GIVE_UP_AFTER: usize = 2048;

/// Compresses one string after the other.
pub(crate) struct Compressor {
    /// Where a hash of three bytes was last seen. Left over from earlier strings as it may be, a
    /// position is only a hint: the bytes there are compared.
    positions: Box<[u32]>,
    out: Vec<u8>,
}

impl Compressor {
    pub(crate) fn new() -> Self {
        Self { positions: vec![0; 1 << TABLE_BITS].into_boxed_slice(), out: Vec::new() }
    }

    /// The compressed form of `raw`, if it takes less than `limit` bytes.
    pub(crate) fn compress(&mut self, raw: &[u8], limit: usize) -> Option<&[u8]> {
        self.out.clear();
        if u32::try_from(raw.len()).is_err() {
            return None;
        }
        let mut at = 0;
        let mut literals_from = 0;
        while let Some(three) = raw.get(at..at + MATCH_LEN_MIN) {
            let slot = &mut self.positions[table_slot(three)];
            let candidate = std::mem::replace(slot, at as u32) as usize;
            let is_near = candidate < at && at - candidate <= DISTANCE_MAX;
            if !is_near || raw[candidate..candidate + MATCH_LEN_MIN] != *three {
                at += 1;
                if self.out.is_empty() && at > GIVE_UP_AFTER {
                    return None;
                }
                continue;
            }
            let len = match_len(raw, candidate, at);
            self.literals(&raw[literals_from..at]);
            self.back_reference(at - candidate - 1, len);
            if self.out.len() >= limit {
                return None;
            }
            // The last positions within the match are worth finding again.
            for inside in [at + len - 2, at + len - 1] {
                if let Some(three) = raw.get(inside..inside + MATCH_LEN_MIN) {
                    self.positions[table_slot(three)] = inside as u32;
                }
            }
            at += len;
            literals_from = at;
        }
        self.literals(&raw[literals_from..]);
        (self.out.len() < limit).then_some(&self.out)
    }

    fn literals(&mut self, bytes: &[u8]) {
        for run in bytes.chunks(LITERALS_MAX) {
            self.out.push(run.len() as u8 - 1);
            self.out.extend_from_slice(run);
        }
    }

    fn back_reference(&mut self, distance: usize, len: usize) {
        let high = (distance >> 8) as u8;
        match len - 2 {
            short @ ..7 => self.out.push((short as u8) << 5 | high),
            long => self.out.extend_from_slice(&[0b1110_0000 | high, (long - 7) as u8]),
        }
        self.out.push(distance as u8);
    }
}

fn table_slot(three: &[u8]) -> usize {
    let mut four = [0; 4];
    four[..MATCH_LEN_MIN].copy_from_slice(&three[..MATCH_LEN_MIN]);
    (u32::from_le_bytes(four).wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize
}

/// How many bytes at `at` are the same as at `candidate`, which may overlap them.
fn match_len(raw: &[u8], candidate: usize, at: usize) -> usize {
    let limit = MATCH_LEN_MAX.min(raw.len() - at);
    let pairs = raw[candidate..].iter().zip(&raw[at..at + limit]);
    pairs.take_while(|(earlier, later)| earlier == later).count()
}

/// The `raw_len` bytes that `compressed` stands for; `None` if it does not.
pub(crate) fn expand(compressed: &[u8], raw_len: usize) -> Option<Vec<u8>> {
    if raw_len > compressed.len().saturating_mul(EXPANSION_MAX) {
        return None;
    }
    let mut raw = Vec::new();
    raw.try_reserve_exact(raw_len).ok()?;
    let mut rest = compressed;
    while let Some((&control, after)) = rest.split_first() {
        if control < LITERALS_MAX as u8 {
            let (literals, after) = after.split_at_checked(usize::from(control) + 1)?;
            raw.extend_from_slice(literals);
            rest = after;
        } else {
            let mut len = usize::from(control >> 5) + 2;
            let mut after = after;
            if len == 9 {
                let (&more, rest) = after.split_first()?;
                len += usize::from(more);
                after = rest;
            }
            let (&low, after) = after.split_first()?;
            let distance = (usize::from(control & 0x1f) << 8 | usize::from(low)) + 1;
            repeat(&mut raw, distance, len)?;
            rest = after;
        }
        if raw.len() > raw_len {
            return None;
        }
    }
    (raw.len() == raw_len).then_some(raw)
}

/// Adds `len` bytes from `distance` back; what is being added may itself be repeated.
fn repeat(raw: &mut Vec<u8>, distance: usize, len: usize) -> Option<()> {
    let start = raw.len().checked_sub(distance)?;
    if distance >= len {
        raw.extend_from_within(start..start + len);
    } else {
        for at in start..start + len {
            raw.push(raw[at]);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<Vec<u8>> {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut samples = vec![vec![b'a'; 100_000], b"abcabcabcabcabcabcabcabc".to_vec()];
        for len in (0..300).chain([5000, 70_000]) {
            samples.push((0..len).map(|_| rng.u8(b'a'..b'e')).collect());
            samples.push(
                (0..len).map(|i| b"lorem ipsum dolor "[i % 18] ^ (rng.u8(..) / 250)).collect(),
            );
        }
        samples
    }

    #[test]
    fn what_is_compressed_expands_here_and_elsewhere() {
        let mut compressor = Compressor::new();
        for raw in samples() {
            let Some(compressed) = compressor.compress(&raw, raw.len().saturating_sub(4)) else {
                continue;
            };
            assert_eq!(expand(compressed, raw.len()).as_deref(), Some(raw.as_slice()));
            assert_eq!(lzf::decompress(compressed, raw.len()).ok(), Some(raw.clone()));
        }
    }

    #[test]
    fn what_another_compresses_expands_here() {
        for raw in samples().iter().filter(|raw| raw.len() > 4) {
            let Ok(compressed) = lzf::compress(raw) else { continue };
            assert_eq!(expand(&compressed, raw.len()).as_ref(), Some(raw));
        }
    }

    #[test]
    fn repetition_shrinks_and_noise_is_given_up() {
        let mut compressor = Compressor::new();
        let shrunk = compressor.compress(&[b'a'; 10_000], 10_000).expect("shrinks");
        assert!(shrunk.len() < 150, "{}", shrunk.len());
        let mut rng = fastrand::Rng::with_seed(3);
        let noise: Vec<u8> = (0..10_000).map(|_| rng.u8(..)).collect();
        assert!(compressor.compress(&noise, 10_000).is_none());
    }

    #[test]
    fn bad_input_is_refused() {
        for (compressed, raw_len) in [
            (&b"\x05abc"[..], 6),
            (b"\x00a\x20", 4),
            (b"\x00a\x20\x01", 4),
            (b"\x00a\xe0\x00", 10),
            (b"\x02abc", 2),
            (b"\x02abc", 4),
            (b"\x02abc", 1 << 29),
        ] {
            assert_eq!(expand(compressed, raw_len), None, "{compressed:?}");
        }
    }
}
