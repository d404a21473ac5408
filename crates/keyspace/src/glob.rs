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
    let byte = fold(byte);
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
                matched |= fold(*escaped) == byte;
                at += 2;
            }
            [from, b'-', to, ..] => {
                let (from, to) = (fold(*from), fold(*to));
                matched |= (from.min(to)..=from.max(to)).contains(&byte);
                at += 3;
            }
            [literal, ..] => {
                matched |= fold(*literal) == byte;
                at += 1;
            }
        }
    }
    (matched != negated, at)
}
