//! What an allocation really takes: the size class that jemalloc, the server's allocator, serves it
//! from.

/// Bytes that an allocation of `len` bytes takes.
///
/// Classes are 8, then every 16 up to 128, then four to each doubling: 160, 192, 224, 256, 320 …
pub(crate) fn allocated(len: usize) -> usize {
    match len {
        0 => 0,
        1..=8 => 8,
        9..=128 => len.next_multiple_of(16),
        _ => {
            let step = 1 << ((len - 1).ilog2() - 2);
            len.checked_next_multiple_of(step).unwrap_or(len)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_jemallocs() {
        for (len, class) in [
            (0, 0),
            (1, 8),
            (8, 8),
            (9, 16),
            (17, 32),
            (64, 64),
            (65, 80),
            (113, 128),
            (129, 160),
            (160, 160),
            (161, 192),
            (256, 256),
            (257, 320),
            (1025, 1280),
            (4097, 5120),
            (14_337, 16_384),
            (16_385, 20_480),
            (150_000, 163_840),
        ] {
            assert_eq!(allocated(len), class, "{len}");
        }
    }
}
