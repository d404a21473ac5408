//! Glob patterns as KEYS, SCAN and PSUBSCRIBE have them: `*`, `?`, `[a-z]`, `[^a]`, `\`.

/// Whether the whole of `text` matches `pattern`; with `ignore_case`, ASCII letters match in
/// either case.
///
/// A `*` that fails is only ever extended by the last one seen: an earlier star could not match
/// more than the later one can. So the time is at most the product of the lengths, where a
/// recursive matcher takes exponential time for `*a*a*a*b`.
pub fn glob_match(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    let mut p = 0;
    let mut t = 0;
    // After the last star, and where in the text it was last tried.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let advanced = match pattern.get(p) {
            Some(b'*') => {
                while pattern.get(p) == Some(&b'*') {
                    p += 1;
                }
                if p == pattern.len() {
                    return true;
                }
                retry = Some((p, t));
                continue;
            }
            Some(_) => match text.get(t) {
                Some(&byte) => match_one(&pattern[p..], byte, ignore_case),
                // Nothing is left for what the pattern still wants, and no star can help.
                None => return false,
            },
            None if t == text.len() => return true,
            None => None,
        };
        match (advanced, retry) {
            (Some(taken), _) => {
                p += taken;
                t += 1;
            }
            (None, Some((after_star, tried))) => {
                p = after_star;
                t = tried + 1;
                retry = Some((after_star, t));
            }
            (None, None) => return false,
        }
    }
}

/// Matches one byte against the element at the start of `pattern` (which is no star), and returns
/// the element's length if it does.
fn match_one(pattern: &[u8], byte: u8, ignore_case: bool) -> Option<usize> {
    let fold = |byte: u8| if ignore_case { byte.to_ascii_lowercase() } else { byte };
    match pattern {
        [b'?', ..] => Some(1),
        [b'[', class @ ..] => {
            let (matched, len) = match_class(class, byte, ignore_case);
            matched.then_some(len + 1)
        }
        [b'\\', escaped, ..] => (fold(*escaped) == fold(byte)).then_some(2),
        [literal, ..] => (fold(*literal) == fold(byte)).then_some(1),
        [] => None,
    }
}

/// Matches `byte` against the class after a `[`; returns the class's length too, with its `]`. A
/// class that does not end goes to the end of the pattern.
fn match_class(class: &[u8], byte: u8, ignore_case: bool) -> (bool, usize) {
    let fold = |byte: u8| if ignore_case { byte.to_ascii_lowercase() } else { byte };
    let folded = fold(byte);
    let negated = class.first() == Some(&b'^');
    let mut at = usize::from(negated);
    let mut matched = false;
    loop {
        match &class[at..] {
            [] => break,
            [b']', ..] => {
                at += 1;
                break;
            }
            [b'\\', escaped, ..] => {
                // As in Valkey, what is escaped within a class is matched in its own case.
                matched |= *escaped == byte;
                at += 2;
            }
            [from, b'-', to, ..] => {
                let (from, to) = (fold(*from), fold(*to));
                matched |= (from.min(to)..=from.max(to)).contains(&folded);
                at += 3;
            }
            [literal, ..] => {
                matched |= fold(*literal) == folded;
                at += 1;
            }
        }
    }
    (matched != negated, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        glob_match(pattern.as_bytes(), text.as_bytes(), false)
    }

    #[test]
    fn patterns_match_as_they_should() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("***", "abc"),
            ("a*", "a"),
            ("*c", "abc"),
            ("a*c", "ac"),
            ("a*b*c", "a-b-b-c"),
            ("?", "x"),
            ("h?llo", "hello"),
            ("h[ae]llo", "hallo"),
            ("h[^e]llo", "hallo"),
            ("h[a-b]llo", "hbllo"),
            ("h[b-a]llo", "hallo"),
            ("[\\]]", "]"),
            ("\\*", "*"),
            ("a\\", "a\\"),
            ("[abc", "c"),
            ("[a-", "-"),
            ("[^]", "x"),
            ("*[0-9]", "key:7"),
            ("[\\a-z]", "-"),
            ("*a*", "bab"),
            ("a**b", "ab"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn patterns_do_not_match_what_they_should_not() {
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("?", ""),
            ("a*c", "ab"),
            ("h[ae]llo", "hillo"),
            ("[^e]", "e"),
            ("\\*", "x"),
            ("[]a]", "a"),
            ("[]", "a"),
            ("[a", "b"),
            ("abc", "ab"),
            ("ab", "abc"),
            ("*?", ""),
            ("a", "A"),
            ("[a-c]", "B"),
            ("*b", "abc"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn case_can_be_ignored() {
        for (pattern, text) in [("MAX*", "maxmemory"), ("[A-C]", "b"), ("\\A", "a"), ("x", "X")] {
            assert!(glob_match(pattern.as_bytes(), text.as_bytes(), true), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_longer() {
        // A recursive matcher needs some 10^60 steps for these.
        let pattern = [b"a*".repeat(2000), b"b".to_vec()].concat();
        assert!(!glob_match(&pattern, &b"a".repeat(20_000), false));
        let pattern = [b"*a?[ab]".repeat(1000), b"*c".to_vec()].concat();
        assert!(!glob_match(&pattern, &b"ab".repeat(10_000), false));
    }

    /// The definition, in exponential time.
    fn defined(pattern: &[u8], text: &[u8]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|skipped| defined(rest, &text[skipped..])),
            _ => match text {
                [] => false,
                [byte, after @ ..] => match_one(pattern, *byte, false)
                    .is_some_and(|taken| defined(&pattern[taken..], after)),
            },
        }
    }

    #[test]
    fn it_agrees_with_the_definition() {
        let mut rng = fastrand::Rng::with_seed(5);
        let mut matched = 0;
        for _ in 0..100_000 {
            let mut some = |letters: &[u8], len_max: usize| -> Vec<u8> {
                (0..rng.usize(..=len_max)).map(|_| letters[rng.usize(..letters.len())]).collect()
            };
            let pattern = some(b"aabb***?[]^-\\", 9);
            let text = some(b"ab-]", 9);
            let expected = defined(&pattern, &text);
            matched += usize::from(expected);
            assert_eq!(
                glob_match(&pattern, &text, false),
                expected,
                "{} {}",
                pattern.escape_ascii(),
                text.escape_ascii()
            );
        }
        assert!(matched > 5000, "{matched}");
    }
}
