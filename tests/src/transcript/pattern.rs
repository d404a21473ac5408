//! What a transcript expects of one reply: the reply's notation, with wildcards where a value is truly random.

use crate::reply::Reply;

#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// Exactly this scalar.
    Exact(Reply),
    Array(Vec<Pattern>, Tail),
    Set(Vec<Pattern>),
    Push(Vec<Pattern>),
    Map(Vec<(Pattern, Pattern)>),
    /// `nil`: `$-1` in RESP2, `_` in RESP3.
    Nil,
    /// `nil-array`: `*-1` in RESP2, `_` in RESP3.
    NilArray,
    /// `<any>`
    Any,
    /// `<string>`: a bulk string.
    AnyString,
    /// `<integer>`, `<1..10>`
    Integer(i64, i64),
    /// `<double>`: in RESP2 a bulk string that is a number.
    AnyDouble,
    /// `like "id=* name=x*"`: a bulk string, in RESP3 also a verbatim one, in which `*` stands for any bytes.
    Like(Vec<u8>),
    /// `+like "Background *"`: the same of a simple string.
    SimpleLike(Vec<u8>),
    /// `-like "ERR *"`: the same of an error.
    ErrorLike(Vec<u8>),
}

/// Whether an array may go on after the items given (`...`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    Closed,
    Open,
}

impl Pattern {
    pub fn matches(&self, reply: &Reply) -> bool {
        match (self, reply) {
            (Pattern::Exact(exact), reply) => exact == reply,
            (Pattern::Array(items, Tail::Closed), Reply::Array(replies))
            | (Pattern::Push(items), Reply::Push(replies)) => all_match(items, replies),
            (Pattern::Array(items, Tail::Open), Reply::Array(replies)) => {
                replies.len() >= items.len() && all_match(items, &replies[..items.len()])
            }
            (Pattern::Set(items), Reply::Set(replies)) => set_matches(items, replies),
            (Pattern::Map(pairs), Reply::Map(replies)) => {
                pairs.len() == replies.len()
                    && pairs.iter().zip(replies).all(|((k, v), (reply_k, reply_v))| {
                        k.matches(reply_k) && v.matches(reply_v)
                    })
            }
            (Pattern::Nil, Reply::NilBulk | Reply::Null) => true,
            (Pattern::NilArray, Reply::NilArray | Reply::Null) => true,
            (Pattern::Any, reply) => *reply != Reply::Closed,
            (Pattern::AnyString, Reply::Bulk(_)) => true,
            (Pattern::Integer(low, high), Reply::Integer(value)) => (low..=high).contains(&value),
            (Pattern::AnyDouble, Reply::Double(text) | Reply::Bulk(text)) => {
                std::str::from_utf8(text).is_ok_and(|text| text.parse::<f64>().is_ok())
            }
            (Pattern::Like(glob), Reply::Bulk(text)) => glob_matches(glob, text),
            (Pattern::Like(glob), Reply::Verbatim(text)) => {
                text.strip_prefix(b"txt:").is_some_and(|text| glob_matches(glob, text))
            }
            (Pattern::SimpleLike(glob), Reply::Simple(text)) => glob_matches(glob, text),
            (Pattern::ErrorLike(glob), Reply::Error(text)) => glob_matches(glob, text),
            _ => false,
        }
    }
}

fn all_match(items: &[Pattern], replies: &[Reply]) -> bool {
    items.len() == replies.len()
        && items.iter().zip(replies).all(|(item, reply)| item.matches(reply))
}

/// A set has no order; each pattern takes the first reply that suits it and no other has taken.
fn set_matches(items: &[Pattern], replies: &[Reply]) -> bool {
    let mut left: Vec<&Reply> = replies.iter().collect();
    items.len() == replies.len()
        && items.iter().all(|item| {
            let found = left.iter().position(|reply| item.matches(reply));
            found.map(|at| left.swap_remove(at)).is_some()
        })
}

/// `*` stands for any run of bytes; everything else for itself.
fn glob_matches(glob: &[u8], text: &[u8]) -> bool {
    let mut parts = glob.split(|b| *b == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&[u8]> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = find(rest, part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*", "a", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("*b*", "abc", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("id=* name=", "id=7 name=", true),
        ] {
            assert_eq!(glob_matches(glob.as_bytes(), text.as_bytes()), expected, "{glob} {text}");
        }
    }

    #[test]
    fn sets_have_no_order() {
        let item = |text: &str| Reply::Bulk(text.into());
        let pattern = Pattern::Set(vec![Pattern::Exact(item("a")), Pattern::Exact(item("b"))]);
        assert!(pattern.matches(&Reply::Set(vec![item("b"), item("a")])));
        assert!(!pattern.matches(&Reply::Set(vec![item("a"), item("a")])));
        assert!(!pattern.matches(&Reply::Array(vec![item("a"), item("b")])));
    }
}
