//! Finding the next interesting byte, sixteen bytes at a time.

use wide::u8x16;

/// The byte at `at`, or 0 past the end, which no JSON text has outside of an error.
#[inline(always)]
pub(crate) fn byte(bytes: &[u8], at: usize) -> u8 {
    match bytes.get(at) {
        Some(&byte) => byte,
        None => 0,
    }
}

/// The sixteen bytes at `at`, if there are so many.
#[inline(always)]
pub(crate) fn chunk(bytes: &[u8], at: usize) -> Option<&[u8; 16]> {
    bytes.get(at..)?.first_chunk()
}

/// A bit for each byte of `chunk` that is a quote, a backslash or a control character, the first
/// byte's lowest.
#[inline(always)]
pub(crate) fn special_bits(chunk: &[u8; 16]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let quotes = bytes.simd_eq(u8x16::splat(b'"'));
    let backslashes = bytes.simd_eq(u8x16::splat(b'\\'));
    let controls = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    (quotes | backslashes | controls).to_bitmask()
}

/// The first quote, backslash or control character at or after `at`, or the end.
#[inline(always)]
pub(crate) fn find_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = chunk(bytes, at) {
        let found = special_bits(chunk);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// How many of the bytes from `at` on are digits.
#[inline(always)]
pub(crate) fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        // A byte with its `0` taken off is at most 9 for a digit, and then adding 0x76 leaves its
        // high bit alone. Carries spoil later bytes only.
        let word = u64::from_le_bytes(*chunk) ^ 0x3030_3030_3030_3030;
        let others = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
        if others != 0 {
            return at + (others.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while byte(bytes, at).is_ascii_digit() {
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
