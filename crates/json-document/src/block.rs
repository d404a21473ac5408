//! Sixty-four bytes of a validated text at once, as bits: what is a bracket and what only looks
//! like one within a string.

use wide::u8x16;

/// Bits of a block's bytes, the first byte's lowest.
pub(crate) struct Block {
    /// `{` and `[` outside of strings.
    pub(crate) opening: u64,
    /// `}` and `]` outside of strings.
    pub(crate) closing: u64,
}

/// What the bytes before say about a block.
#[derive(Clone, Copy, Default)]
pub(crate) struct Before {
    /// All ones if the block begins within a string, else 0.
    in_string: u64,
    /// 1 if the block's first byte is escaped by a backslash before it.
    escaped: u64,
}

impl Block {
    /// The bits of `bytes`; `before` becomes that of the next block.
    #[inline(always)]
    pub(crate) fn new(bytes: &[u8; 64], before: &mut Before) -> Self {
        let (quarters, _) = bytes.as_chunks::<16>();
        let (mut quotes, mut backslashes, mut opening, mut closing) = (0, 0, 0, 0);
        for (number, quarter) in quarters.iter().enumerate() {
            let quarter = u8x16::new(*quarter);
            let shift = 16 * number;
            let bits = |found: u8x16| u64::from(found.to_bitmask()) << shift;
            quotes |= bits(quarter.simd_eq(u8x16::splat(b'"')));
            backslashes |= bits(quarter.simd_eq(u8x16::splat(b'\\')));
            // This bit is all that brackets and braces differ in.
            let folded = quarter | u8x16::splat(0x20);
            opening |= bits(folded.simd_eq(u8x16::splat(b'{')));
            closing |= bits(folded.simd_eq(u8x16::splat(b'}')));
        }
        if backslashes | before.escaped != 0 {
            quotes &= !escaped(backslashes, &mut before.escaped);
        }
        // From each opening quote up to before its closing one.
        let strings = running_parity(quotes) ^ before.in_string;
        before.in_string = ((strings as i64) >> 63) as u64;
        Self { opening: opening & !strings, closing: closing & !strings }
    }
}

/// The bytes that a backslash escapes; `carry` is about the first byte and then about the one
/// after the block.
#[cold]
fn escaped(mut backslashes: u64, carry: &mut u64) -> u64 {
    let mut escaped = *carry;
    backslashes &= !*carry;
    *carry = 0;
    while backslashes != 0 {
        let at = backslashes.trailing_zeros();
        if at == 63 {
            *carry = 1;
            break;
        }
        // A backslash that is escaped escapes nothing.
        escaped |= 2 << at;
        backslashes &= !(3 << at);
    }
    escaped
}

/// Each bit becomes the parity of the bits up to it.
#[inline(always)]
fn running_parity(mut bits: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    bits
}

/// The end of the container that begins at `start` in a validated text.
#[inline]
pub(crate) fn container_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    matching_end(rest).map_or(bytes.len(), |len| start + len)
}

/// The end of the container that begins at `start` in a validated text, if it has at most `len_max`
/// bytes.
#[inline]
pub(crate) fn container_end_within(bytes: &[u8], start: usize, len_max: usize) -> Option<usize> {
    let rest = bytes.get(start..)?;
    matching_end(rest.get(..len_max).unwrap_or(rest)).map(|len| start + len)
}

/// The length of the container that `rest` begins with, if it ends there.
#[inline(always)]
fn matching_end(rest: &[u8]) -> Option<usize> {
    let (blocks, tail) = rest.as_chunks::<64>();
    let mut before = Before::default();
    let mut depth = 0u64;
    let mut padded = [b' '; 64];
    padded[..tail.len()].copy_from_slice(tail);
    for (number, block) in blocks.iter().chain([&padded]).enumerate() {
        let block = Block::new(block, &mut before);
        let closed = u64::from(block.closing.count_ones());
        // The end cannot be here if too few are closed, whatever their order.
        if closed < depth {
            depth = depth + u64::from(block.opening.count_ones()) - closed;
            continue;
        }
        let mut brackets = block.opening | block.closing;
        while brackets != 0 {
            let at = brackets.trailing_zeros();
            if block.opening >> at & 1 == 1 {
                depth += 1;
            } else {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(64 * number + at as usize + 1);
                }
            }
            brackets &= brackets - 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end by looking at each byte.
    fn model(bytes: &[u8], start: usize) -> usize {
        let (mut depth, mut in_string, mut at) = (0i64, false, start);
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'\\' if in_string => at += 1,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        return at;
                    }
                }
                _ => {}
            }
        }
        bytes.len()
    }

    #[test]
    fn ends_are_those_of_a_byte_by_byte_walk() {
        let mut random = fastrand::Rng::with_seed(17);
        let strings = [
            r#""""#,
            r#""[""#,
            r#""]}\"""#,
            r#""\\""#,
            r#""\\\"{[""#,
            r#""a long string, longer than a block: }}}}}}]]]]]] and no end of it yet""#,
        ];
        for _ in 0..20_000 {
            let mut text = String::from("[");
            let mut open = vec![']'];
            while let Some(&close) = open.last() {
                match random.u8(0..8) {
                    0 | 1 if open.len() < 100 => {
                        let (bracket, close) = if random.bool() { ('[', ']') } else { ('{', '}') };
                        text.push(bracket);
                        open.push(close);
                    }
                    2 | 3 => {
                        text.push(close);
                        open.pop();
                    }
                    4 => text.push_str("1234,"),
                    _ => text.push_str(strings[random.usize(..strings.len())]),
                }
                if text.len() > 2000 {
                    break;
                }
            }
            text.push_str(r#",[{"}]"#);
            assert_eq!(container_end(text.as_bytes(), 0), model(text.as_bytes(), 0), "{text}");
        }
    }
}
