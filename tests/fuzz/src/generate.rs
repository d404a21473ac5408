//! JSON texts made at random: valid, and strange wherever JSON allows it.

use std::fs;

use fastrand::Rng;

pub const NAMES: [&str; 10] =
    ["a", "b", "c", "ab", "", "é", "a b", "\\u0061", "x\\\"y", "longer than eight"];

pub const NUMBERS: [&str; 26] = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "10",
    "-0",
    "0.0",
    "1.0",
    "1.10",
    "1e5",
    "-2.5",
    "1E-3",
    "0.1",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "12345678901234567890123",
    "1.7976931348623157e308",
    "5e-324",
    "1e-400",
    "123456789.123456789",
    "4.5",
    "1e400",
];

pub const STRINGS: [&str; 12] = [
    "",
    "a",
    "b",
    "ab",
    "é",
    "𝄞",
    "\\n",
    "\\u0000",
    "\\ud834\\udd1e",
    "\\/",
    "0123456789abcdef0123",
    "a\\\"],{\\\\",
];

/// Words that texts are changed by.
pub const PIECES: [&[u8]; 52] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"/",
    b" ",
    b"\n",
    b"\t",
    b"\r",
    b"0",
    b"-",
    b"+",
    b".",
    b"e",
    b"E5",
    b"true",
    b"false",
    b"null",
    b"tru",
    b"\"a\":",
    b"\"a\":1,",
    b"[[",
    b"{\"a\":",
    b"\\u",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00",
    b"\\ud834\\udd1e",
    b"\\x",
    b"\x00",
    b"\x1f",
    b"\x7f",
    b"\x80",
    b"\xc0\x80",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\xf0\x9d\x84\x9e",
    b"\xf5",
    b"\xff",
    b"\xef\xbb\xbf",
    b"1e400",
    b"-1e-400",
    b"00",
    b"0.",
    b"99999999999999999999",
    b"'",
    b"//",
    b"NaN",
];

/// Appends a value nested at most `depth` deep.
pub fn json(random: &mut Rng, depth: usize, out: &mut String) {
    let space = |random: &mut Rng, out: &mut String| {
        if random.u8(0..24) == 0 {
            out.push_str([" ", "\n", "\t ", "\r\n"][random.usize(0..4)]);
        }
    };
    space(random, out);
    match random.u8(0..if depth == 0 { 6 } else { 12 }) {
        0 => out.push_str("null"),
        1 => out.push_str(if random.bool() { "true" } else { "false" }),
        2 | 3 => number(random, out),
        4 | 5 => string(random, out),
        6..=8 => {
            out.push('[');
            let len = len(random);
            for at in 0..len {
                if at > 0 {
                    out.push(',');
                }
                json(random, depth - 1, out);
            }
            out.push(']');
        }
        _ => {
            out.push('{');
            for at in 0..len(random) {
                if at > 0 {
                    out.push(',');
                }
                out.push('"');
                out.push_str(NAMES[random.usize(0..NAMES.len())]);
                out.push_str("\":");
                json(random, depth - 1, out);
            }
            out.push('}');
        }
    }
    space(random, out);
}

fn len(random: &mut Rng) -> usize {
    if random.u8(0..64) == 0 { random.usize(0..40) } else { random.usize(0..5) }
}

pub fn number(random: &mut Rng, out: &mut String) {
    match random.u8(0..8) {
        0 => out.push_str(&random.i64(..).to_string()),
        1 => {
            let double = f64::from_bits(random.u64(..));
            out.push_str(&if double.is_finite() { format!("{double:e}") } else { "0".into() });
        }
        // The last is out of range: texts with it are refused, and that is compared too.
        2..=6 => out.push_str(NUMBERS[random.usize(0..NUMBERS.len() - 1)]),
        _ => {
            let known = if random.u8(0..16) == 0 { 26 } else { 10 };
            out.push_str(NUMBERS[random.usize(0..known)]);
        }
    }
}

pub fn string(random: &mut Rng, out: &mut String) {
    out.push('"');
    for _ in 0..random.usize(0..3) {
        out.push_str(STRINGS[random.usize(0..STRINGS.len())]);
    }
    if random.u8(0..32) == 0 {
        // Runs longer than the blocks that are looked at at a time.
        out.push_str(&"lorem ipsum ".repeat(random.usize(1..12)));
    }
    out.push('"');
}

/// The files of JSONTestSuite, to change.
///
/// # Errors
/// When they are not where they belong.
pub fn test_suite_texts() -> Result<Vec<Vec<u8>>, String> {
    let dir = suites::host::workspace().join("crates/json-document/tests/data/json-test-suite");
    let entries = fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    // The order of a directory is no order; a seed must mean the same input everywhere.
    names.sort();
    let texts: Vec<Vec<u8>> =
        names.iter().flat_map(fs::read).filter(|text| text.len() < 2000).collect();
    if texts.len() < 300 { Err(format!("{}: too few files", dir.display())) } else { Ok(texts) }
}
