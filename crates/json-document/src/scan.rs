//! Finding the next interesting byte, eight bytes at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = ONES * 0x80;

/// The eight bytes at `at` as a little-endian word, if there are so many.
#[inline(always)]
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let chunk = bytes.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*chunk))
}

/// The byte at `at`, or 0 past the end, which no JSON text has outside of an error.
#[inline(always)]
pub(crate) fn byte(bytes: &[u8], at: usize) -> u8 {
    match bytes.get(at) {
        Some(&byte) => byte,
        None => 0,
    }
}

/// High bits at the bytes of `word` that equal `needle`; exact up to the lowest one.
#[inline(always)]
fn equal(word: u64, needle: u8) -> u64 {
    let difference = word ^ (ONES * needle as u64);
    difference.wrapping_sub(ONES) & !difference & HIGHS
}

/// High bits at the bytes of `word` that are quotes, backslashes or control characters; exact up
/// to the lowest one.
#[inline(always)]
pub(crate) fn special(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    equal(word, b'"') | equal(word, b'\\') | control
}

/// The first quote, backslash or control character at or after `at`, or the end.
#[inline(always)]
pub(crate) fn find_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = word(bytes, at) {
        let found = special(word);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// The end of the string whose opening quote is just before `at` in a validated text: the offset
/// after its closing quote, and whether a backslash was met.
#[inline]
pub(crate) fn string_end(bytes: &[u8], mut at: usize) -> (usize, bool) {
    let mut escaped = false;
    loop {
        at = find_special(bytes, at);
        match byte(bytes, at) {
            b'"' => return (at + 1, escaped),
            b'\\' => {
                escaped = true;
                at += 2;
            }
            _ if at >= bytes.len() => return (bytes.len(), escaped),
            _ => at += 1,
        }
    }
}

/// The end of the number, literal or other plain run that begins at `at` in a validated text.
#[inline]
pub(crate) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b',' | b']' | b'}') {
            break;
        }
        at += 1;
    }
    at
}

/// The end of the container that begins at `at` in a validated text.
pub(crate) fn container_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0usize;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = string_end(bytes, at).0,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    at
}

/// How many containers are within each other in a validated text: 0 for a scalar, 1 for `[]`.
pub(crate) fn height(bytes: &[u8]) -> usize {
    let (mut depth, mut height, mut at) = (0usize, 0, 0);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = string_end(bytes, at).0,
            b'{' | b'[' => {
                depth += 1;
                height = height.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    height
}
