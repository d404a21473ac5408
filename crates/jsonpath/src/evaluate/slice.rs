//! Which elements `start:end:step` takes (RFC 9535 section 2.3.4.2.2), for any integers.

use crate::plan::Slice;

/// Elements in the order of the array.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The first.
    pub(crate) lowest: usize,
    /// From the first to the last, both included.
    pub(crate) span: usize,
    pub(crate) stride: usize,
    /// They are to be given from the last to the first.
    pub(crate) backward: bool,
}

/// The elements that `slice` takes from `len`; none if it takes none.
pub(crate) fn bounds(slice: &Slice, len: usize) -> Option<Taken> {
    // i128 holds every sum and product of these.
    let (len, step) = (len as i128, i128::from(slice.step));
    let normalize = |index: i64| {
        let index = i128::from(index);
        if index >= 0 { index } else { len + index }
    };
    let start = slice.start.map(normalize);
    let end = slice.end.map(normalize);
    let (lowest, highest) = if step > 0 {
        let start = start.unwrap_or(0).clamp(0, len);
        let end = end.unwrap_or(len).clamp(0, len);
        (start, start + (end - 1 - start).div_euclid(step) * step)
    } else if step < 0 {
        let start = start.unwrap_or(len - 1).clamp(-1, len - 1);
        let end = end.unwrap_or(-1).clamp(-1, len - 1);
        (start - (start - end - 1).div_euclid(-step) * -step, start)
    } else {
        return None;
    };
    if lowest > highest || lowest < 0 {
        return None;
    }
    Some(Taken {
        lowest: usize::try_from(lowest).ok()?,
        span: usize::try_from(highest - lowest + 1).ok()?,
        // A stride beyond the array takes one element, as does one of its length.
        stride: usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX),
        backward: step < 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements by the RFC's own loops.
    fn model(slice: &Slice, len: i128) -> Vec<i128> {
        let step = i128::from(slice.step);
        if step == 0 {
            return Vec::new();
        }
        let normalize = |index: i128| if index >= 0 { index } else { len + index };
        let start = slice.start.map_or(if step > 0 { 0 } else { len - 1 }, i128::from);
        let end = slice.end.map_or(if step > 0 { len } else { -len - 1 }, i128::from);
        let (start, end) = (normalize(start), normalize(end));
        let mut taken = Vec::new();
        if step > 0 {
            let (lower, upper) = (start.clamp(0, len), end.clamp(0, len));
            let mut at = lower;
            while at < upper {
                taken.push(at);
                at += step;
            }
        } else {
            let (upper, lower) = (start.clamp(-1, len - 1), end.clamp(-1, len - 1));
            let mut at = upper;
            while lower < at {
                taken.push(at);
                at += step;
            }
        }
        taken
    }

    #[test]
    fn as_the_rfc_computes_them() {
        let ends = [
            None,
            Some(i64::MIN),
            Some(-7),
            Some(-5),
            Some(-4),
            Some(-1),
            Some(0),
            Some(1),
            Some(3),
            Some(5),
            Some(6),
            Some(i64::MAX),
        ];
        for len in [0, 1, 2, 5] {
            for start in ends {
                for end in ends {
                    for step in [i64::MIN, -6, -3, -2, -1, 0, 1, 2, 3, 6, i64::MAX] {
                        let slice = Slice { start, end, step };
                        let taken: Vec<i128> = bounds(&slice, len).map_or(Vec::new(), |taken| {
                            let mut elements: Vec<i128> = (0..len as i128)
                                .skip(taken.lowest)
                                .take(taken.span)
                                .step_by(taken.stride)
                                .collect();
                            if taken.backward {
                                elements.reverse();
                            }
                            elements
                        });
                        assert_eq!(taken, model(&slice, len as i128), "{slice:?} of {len}");
                    }
                }
            }
        }
    }
}
