//! The parts of arrays that two indexes from outside mean.

use std::ops::Range;

/// The place of `index`, of which a negative one counts from the end; `None` if it is before the
/// first element.
pub(crate) fn position(index: i64, len: usize) -> Option<usize> {
    if index >= 0 {
        return Some(usize::try_from(index).unwrap_or(usize::MAX));
    }
    len.checked_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
}

/// `start..=stop` as far as it is within an array; both count from the end if they are negative.
pub(super) fn trimmed_from_ends(start: i64, stop: i64, len: usize) -> Range<usize> {
    let first = position(start, len).unwrap_or(0).min(len);
    let end = position(stop, len).map_or(0, |stop| stop.saturating_add(1).min(len));
    first..end.max(first)
}

/// `start..=stop` as far as it is within an array; nothing is if `stop` is negative.
pub(super) fn trimmed_from_start(start: i64, stop: i64, len: usize) -> Range<usize> {
    match stop < 0 {
        true => 0..0,
        false => trimmed_from_ends(start.max(0), stop, len),
    }
}

/// `start..stop` as far as it is within an array; both count from the end if they are negative,
/// and a `stop` of 0 is the end.
pub(super) fn searched_from_ends(start: i64, stop: i64, len: usize) -> Range<usize> {
    let first = position(start, len).unwrap_or(0).min(len);
    let end = if stop == 0 { len } else { position(stop, len).unwrap_or(0).min(len) };
    first..end.max(first)
}

/// As [`searched_from_ends`], but a negative `start` is 0 and a `stop` of -1 the end.
pub(super) fn searched_from_start(start: i64, stop: i64, len: usize) -> Range<usize> {
    searched_from_ends(start.max(0), if stop == -1 { 0 } else { stop }, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_at_the_extremes() {
        for (index, len, expected) in [
            (0, 0, Some(0)),
            (5, 3, Some(5)),
            (-1, 3, Some(2)),
            (-3, 3, Some(0)),
            (-4, 3, None),
            (-1, 0, None),
            (i64::MIN, 3, None),
            (i64::MAX, 3, Some(usize::MAX >> 1)),
        ] {
            assert_eq!(position(index, len), expected, "{index} in {len}");
        }
    }

    #[test]
    fn ranges_stay_within_the_array() {
        let indexes = [i64::MIN, -6, -5, -4, -1, 0, 1, 4, 5, 6, i64::MAX];
        for range in
            [trimmed_from_ends, trimmed_from_start, searched_from_ends, searched_from_start]
        {
            for (start, stop) in indexes.iter().flat_map(|&a| indexes.map(|b| (a, b))) {
                for len in [0, 1, 5] {
                    let range = range(start, stop, len);
                    assert!(range.start <= range.end && range.end <= len, "{start} {stop} {len}");
                }
            }
        }
    }

    #[test]
    fn negative_indexes_mean_different_things() {
        assert_eq!((trimmed_from_ends(-2, -1, 5), trimmed_from_start(-2, 3, 5)), (3..5, 0..4));
        assert_eq!((trimmed_from_ends(1, -1, 5), trimmed_from_start(1, -1, 5)), (1..5, 0..0));
        assert_eq!((searched_from_ends(-2, 0, 5), searched_from_start(-2, 0, 5)), (3..5, 0..5));
        assert_eq!((searched_from_ends(0, -1, 5), searched_from_start(0, -1, 5)), (0..4, 0..5));
    }
}
