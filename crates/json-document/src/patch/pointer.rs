//! JSON Pointer (RFC 6901).

use std::borrow::Cow;

/// A pointer, taken apart: the reference tokens, outermost first. None is the whole document.
#[derive(Debug)]
pub(crate) struct Pointer<'a> {
    tokens: Vec<Cow<'a, str>>,
}

impl<'a> Pointer<'a> {
    /// `None` if `text` neither is empty nor begins with `/`, or has a `~` that is not of `~0` or
    /// `~1` (RFC 6901 section 3).
    pub(crate) fn parse(text: Cow<'a, str>) -> Option<Pointer<'a>> {
        if text.is_empty() {
            return Some(Pointer { tokens: Vec::new() });
        }
        let tokens = match text {
            Cow::Borrowed(text) => text.strip_prefix('/')?.split('/').map(unescape).collect(),
            Cow::Owned(text) => {
                let tokens = text.strip_prefix('/')?.split('/');
                tokens.map(|token| Some(Cow::Owned(unescape(token)?.into_owned()))).collect()
            }
        };
        let tokens: Option<Vec<_>> = tokens;
        Some(Pointer { tokens: tokens? })
    }

    pub(crate) fn tokens(&self) -> &[Cow<'a, str>] {
        &self.tokens
    }

    /// Whether `other` points into what this points to.
    pub(crate) fn is_around(&self, other: &Pointer<'_>) -> bool {
        self.tokens.len() < other.tokens.len() && other.tokens.starts_with(&self.tokens)
    }
}

fn unescape(token: &str) -> Option<Cow<'_, str>> {
    if !token.contains('~') {
        return Some(Cow::Borrowed(token));
    }
    let mut pieces = token.split('~');
    let mut out = String::from(pieces.next()?);
    for piece in pieces {
        let (character, rest) = match piece.strip_prefix('0') {
            Some(rest) => ('~', rest),
            None => ('/', piece.strip_prefix('1')?),
        };
        out.push(character);
        out.push_str(rest);
    }
    Some(Cow::Owned(out))
}

/// The array index that `token` is (RFC 6901 section 4): digits, with no zero before others.
pub(crate) fn array_index(token: &str) -> Option<usize> {
    let is_index = token.bytes().all(|byte| byte.is_ascii_digit())
        && (token == "0" || !token.starts_with('0'));
    // What is beyond usize is beyond every array.
    is_index.then(|| token.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_unescaped_once() {
        let tokens = |text: &'static str| {
            Pointer::parse(text.into()).map(|pointer| pointer.tokens.join("|"))
        };
        assert_eq!(Pointer::parse("".into()).unwrap().tokens().len(), 0);
        assert_eq!(Pointer::parse("/".into()).unwrap().tokens(), [""]);
        assert_eq!(tokens("/a~1b/m~0n/~01/c%d").as_deref(), Some("a/b|m~n|~1|c%d"));
        for bad in ["a", "a/b", "/~", "/a~2", "/~/x", "#/a"] {
            assert_eq!(tokens(bad), None, "{bad}");
        }
    }

    #[test]
    fn indexes_have_one_spelling() {
        assert_eq!(array_index("0"), Some(0));
        assert_eq!(array_index("10"), Some(10));
        for bad in ["", "-", "-1", "01", "1e0", "+1", " 1", "99999999999999999999999"] {
            assert_eq!(array_index(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_pointer_is_around_what_is_within() {
        let pointer = |text: &'static str| Pointer::parse(text.into()).unwrap();
        let around = |outer, inner| pointer(outer).is_around(&pointer(inner));
        assert!(around("", "/a") && around("/a", "/a/b") && around("/a~1b", "/a~1b/0"));
        assert!(!around("/a", "/a") && !around("/a", "/ab") && !around("/a/b", "/a"));
    }
}
