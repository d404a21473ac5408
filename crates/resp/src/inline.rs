//! The quoting of inline commands and of configuration lines.

/// Splits a line into its words as Valkey's `sdssplitargs` does.
///
/// Words are separated by white space. Within `"…"` the escapes `\xHH`, `\n`,
/// `\r`, `\t`, `\b`, `\a` and `\<any>` hold; within `'…'` only `\'`. A closing
/// quote must be followed by white space or the end. `None` means that the
/// quotes are not balanced.
pub fn split_args(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        let start = rest.iter().position(|&b| !is_space(b)).unwrap_or(rest.len());
        rest = &rest[start..];
        if rest.is_empty() {
            return Some(words);
        }
        let (word, used) = read_word(rest)?;
        words.push(word);
        rest = &rest[used..];
    }
}

/// Reads one word; also gives how many bytes of `text` it took.
fn read_word(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut word = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' | b'\'' => {
                at = read_quoted(text, at, &mut word)?;
                return match text.get(at) {
                    Some(&next) if !is_space(next) => None,
                    _ => Some((word, at)),
                };
            }
            // A NUL ends the word, as it ends a C string.
            0 => return Some((word, at + 1)),
            _ if is_space(byte) => return Some((word, at)),
            _ => word.push(byte),
        }
        at += 1;
    }
    Some((word, at))
}

/// Reads from the opening quote at `at`; gives the index after the closing one.
fn read_quoted(text: &[u8], mut at: usize, word: &mut Vec<u8>) -> Option<usize> {
    let quote = text[at];
    at += 1;
    loop {
        let byte = *text.get(at)?;
        if byte == quote {
            return Some(at + 1);
        }
        let (value, used) = match (quote, &text[at..]) {
            (b'"', [b'\\', b'x', high, low, ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (hex_digit(*high) << 4 | hex_digit(*low), 4)
            }
            (b'"', [b'\\', escaped, ..]) => (unescape(*escaped), 2),
            (b'\'', [b'\\', b'\'', ..]) => (b'\'', 2),
            _ => (byte, 1),
        };
        word.push(value);
        at += used;
    }
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

fn hex_digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => byte - b'A' + 10,
    }
}

/// What C's `isspace` takes for white space.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::split_args;

    fn words(line: &str) -> Option<Vec<String>> {
        let words = split_args(line.as_bytes())?;
        Some(words.iter().map(|w| w.escape_ascii().to_string()).collect())
    }

    #[test]
    fn splits_and_unquotes() {
        for (line, expected) in [
            ("", vec![]),
            ("  \t ", vec![]),
            ("set a b", vec!["set", "a", "b"]),
            (" a  b\t", vec!["a", "b"]),
            (r#"a "" ''"#, vec!["a", "", ""]),
            (
                r#""\x41\n\"q\" \\" 'it\'s "x" \n'"#,
                vec!["A\\n\\\"q\\\" \\\\", "it\\\'s \\\"x\\\" \\\\n"],
            ),
            (r#"ab"c d""#, vec!["abc d"]),
        ] {
            let expected: Vec<String> = expected.into_iter().map(String::from).collect();
            assert_eq!(words(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn refuses_unbalanced_quotes() {
        for line in ["\"abc", "'abc", "\"a\"b", "'a'b", "\"abc\\\"", "a \"\\"] {
            assert_eq!(words(line), None, "{line}");
        }
    }
}
