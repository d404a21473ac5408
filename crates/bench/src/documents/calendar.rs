//! Dates as documents write them: ISO 8601 in UTC.

use fake::rand::Rng;

const DAY_SECS: u64 = 86_400;
/// 2024-01-01T00:00:00Z, the earliest moment in a document.
const FIRST_SECS: u64 = 1_704_067_200;

/// A moment of the years 2024 and 2025, in milliseconds since 1970.
pub(super) fn moment_ms(rng: &mut impl Rng) -> u64 {
    (FIRST_SECS + rng.random_range(0..730 * DAY_SECS)) * 1000 + rng.random_range(0..1000)
}

/// `2024-03-05T17:04:09.120Z`
pub(super) fn iso_moment(at_ms: u64) -> String {
    let secs = at_ms / 1000;
    let (hour, minute, second) = (secs / 3600 % 24, secs / 60 % 60, secs % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}.{:03}Z", iso_day(at_ms), at_ms % 1000)
}

/// `2024-03-05`
pub(super) fn iso_day(at_ms: u64) -> String {
    let mut day = at_ms / 1000 / DAY_SECS;
    let mut year = 1970;
    while day >= year_days(year) {
        day -= year_days(year);
        year += 1;
    }
    let february = if year_days(year) == 366 { 29 } else { 28 };
    let mut month = 1;
    for month_days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < month_days {
            break;
        }
        day -= month_days;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", day + 1)
}

fn year_days(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if leap { 366 } else { 365 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_iso_8601() {
        assert_eq!(iso_moment(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso_moment(1_709_210_096_789), "2024-02-29T12:34:56.789Z");
        assert_eq!(iso_moment(1_735_689_599_999), "2024-12-31T23:59:59.999Z");
        assert_eq!(iso_day(1_735_689_600_000), "2025-01-01");
    }
}
