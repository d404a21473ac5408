//! The types that BSON has and JSON has not, as MongoDB's Extended JSON (version 2, relaxed) writes
//! them.

use json_document::quote_into;

use super::integer;

/// A double, as a number where JSON has one.
pub(super) fn double(value: f64, json: &mut Vec<u8>) {
    if value.is_finite() {
        json.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
        return;
    }
    let name = match (value.is_nan(), value.is_sign_negative()) {
        (true, _) => "NaN",
        (false, false) => "Infinity",
        (false, true) => "-Infinity",
    };
    text("$numberDouble", name, json);
}

/// `{"key":"text"}`
pub(super) fn text(key: &str, text: &str, json: &mut Vec<u8>) {
    json.push(b'{');
    quote_into(key, json);
    json.push(b':');
    quote_into(text, json);
    json.push(b'}');
}

pub(super) fn object_id(id: [u8; 12], json: &mut Vec<u8>) {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    text("$oid", &hex, json);
}

pub(super) fn binary(subtype: u8, bytes: &[u8], json: &mut Vec<u8>) {
    json.extend_from_slice(b"{\"$binary\":{\"base64\":\"");
    base64(bytes, json);
    json.extend_from_slice(format!("\",\"subType\":\"{subtype:02x}\"}}}}").as_bytes());
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            out.push(match digit <= group.len() {
                true => DIGITS[(bits >> (18 - 6 * digit) & 63) as usize],
                false => b'=',
            });
        }
    }
}

/// Milliseconds since 1970: as RFC 3339 for the years 1970 to 9999, else as a number.
pub(super) fn date(ms: i64, json: &mut Vec<u8>) {
    const MS_A_DAY: i64 = 86_400_000;
    /// The first millisecond of the year 10000.
    const END: i64 = 253_402_300_800_000;
    if !(0..END).contains(&ms) {
        json.extend_from_slice(b"{\"$date\":");
        text("$numberLong", itoa::Buffer::new().format(ms), json);
        return json.push(b'}');
    }
    let (year, month, day) = civil(ms / MS_A_DAY);
    let (seconds, ms) = (ms % MS_A_DAY / 1000, ms % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}") };
    let date =
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z");
    text("$date", &date, json);
}

/// Year, month and day of a day counted from 1970-01-01.
fn civil(day: i64) -> (i64, i64, i64) {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    // Days before a year, counted from year 1; a guess that is at most one year off.
    let before = |year: i64| {
        let years = year - 1;
        years * 365 + years / 4 - years / 100 + years / 400
    };
    let day = day + before(1970);
    let mut year = day * 400 / 146_097 + 1;
    while before(year) > day {
        year -= 1;
    }
    while before(year + 1) <= day {
        year += 1;
    }
    let mut day = day - before(year);
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for len in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < len {
            break;
        }
        day -= len;
        month += 1;
    }
    (year, month, day + 1)
}

pub(super) fn regular_expression(pattern: &str, options: &str, json: &mut Vec<u8>) {
    json.extend_from_slice(b"{\"$regularExpression\":{\"pattern\":");
    quote_into(pattern, json);
    json.extend_from_slice(b",\"options\":");
    quote_into(options, json);
    json.extend_from_slice(b"}}");
}

pub(super) fn pointer(namespace: &str, id: [u8; 12], json: &mut Vec<u8>) {
    json.extend_from_slice(b"{\"$dbPointer\":{\"$ref\":");
    quote_into(namespace, json);
    json.extend_from_slice(b",\"$id\":");
    object_id(id, json);
    json.extend_from_slice(b"}}");
}

/// Seconds in the upper half, an ordinal in the lower.
pub(super) fn timestamp(timestamp: u64, json: &mut Vec<u8>) {
    json.extend_from_slice(b"{\"$timestamp\":{\"t\":");
    integer((timestamp >> 32) as i64, json);
    json.extend_from_slice(b",\"i\":");
    integer((timestamp & 0xFFFF_FFFF) as i64, json);
    json.extend_from_slice(b"}}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_four_centuries() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(11_017), (2000, 3, 1));
        assert_eq!(civil(2_932_896), (9999, 12, 31));
        // Each day follows the one before.
        let mut last = civil(0);
        for day in 1..200_000 {
            let next = civil(day);
            let follows = match (next.0 - last.0, next.1 - last.1, next.2 - last.2) {
                (0, 0, 1) => true,
                (0, 1, _) => next.2 == 1,
                (1, -11, _) => next.2 == 1 && last.2 == 31,
                _ => false,
            };
            assert!(follows, "{last:?} {next:?}");
            last = next;
        }
    }

    #[test]
    fn base64_pads() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            let mut out = Vec::new();
            base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, text.as_bytes());
        }
    }
}
