//! Amounts of memory: `1k` is 1000 bytes, `1kb` is 1024, and so on to `gb`.

/// Reads bytes with an optional unit, in any case; `None` when it is no amount or passes 2^63 − 1.
pub fn parse_memory(text: &str) -> Option<i64> {
    let digits_len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at(digits_len);
    let factor: i64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<i64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::parse_memory;

    #[test]
    fn units() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("12b", Some(12)),
            ("2k", Some(2000)),
            ("2KB", Some(2048)),
            ("3m", Some(3_000_000)),
            ("3Mb", Some(3 << 20)),
            ("1g", Some(1_000_000_000)),
            ("1gb", Some(1 << 30)),
            ("", None),
            ("kb", None),
            ("-1", None),
            ("1.5gb", None),
            ("1tb", None),
            ("9999999999999gb", None),
        ] {
            assert_eq!(parse_memory(text), bytes, "{text:?}");
        }
    }
}
