//! Changes to bytes that know nothing of what the bytes mean.

use fastrand::Rng;

/// Changes `bytes` once. `pieces` are words of the language that is attacked.
pub fn mutate(bytes: &mut Vec<u8>, pieces: &[&[u8]], random: &mut Rng) {
    let at = random.usize(0..=bytes.len());
    let end = random.usize(at..=bytes.len()).min(at + 64);
    match random.u8(0..9) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.u32(0..8),
        1 if at < bytes.len() => bytes[at] = random.u8(..),
        2 => _ = bytes.drain(at..end),
        3 => {
            let piece = bytes[at..end].to_vec();
            let place = random.usize(0..=bytes.len());
            bytes.splice(place..place, piece);
        }
        4 if random.u8(0..4) == 0 => bytes.truncate(at),
        5 if at < end => {
            let times = random.usize(1..8);
            let piece = bytes[at..end].repeat(times);
            bytes.splice(at..at, piece);
        }
        6 if random.u8(0..16) == 0 => {
            // Nesting comes from repeating what opens.
            let piece = piece(pieces, random).repeat(random.usize(1..200));
            bytes.splice(at..at, piece);
        }
        7 => {
            let piece = piece(pieces, random);
            bytes.splice(at..end.min(at + piece.len()), piece.iter().copied());
        }
        _ => {
            let piece = piece(pieces, random);
            bytes.splice(at..at, piece.iter().copied());
        }
    }
}

fn piece<'p>(pieces: &[&'p [u8]], random: &mut Rng) -> &'p [u8] {
    pieces.get(random.usize(0..pieces.len().max(1))).copied().unwrap_or(b"0")
}

/// `input` made as small as it gets while `fails` says that it still fails: ever smaller pieces are
/// left out, then bytes are made plain.
pub fn minimized(mut input: Vec<u8>, fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut len = input.len().div_ceil(2);
    while len > 0 {
        let mut at = 0;
        while at < input.len() {
            let end = (at + len).min(input.len());
            let mut without = input.clone();
            without.drain(at..end);
            if fails(&without) {
                input = without;
            } else {
                at = end;
            }
        }
        len /= 2;
    }
    for at in 0..input.len() {
        for plain in *b"0a" {
            if input[at] != plain {
                let mut plainer = input.clone();
                plainer[at] = plain;
                if fails(&plainer) {
                    input = plainer;
                    break;
                }
            }
        }
    }
    input
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_smallest_input_is_found() {
        let fails = |input: &[u8]| input.contains(&b'x') && input.contains(&b'y');
        assert_eq!(super::minimized(b"kkkxkkkkkkykk".to_vec(), fails), b"xy");
    }
}
