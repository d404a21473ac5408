//! Finding one value in a text without an index: names are compared, values skipped, and
//! shortcuts taken where the text has them.

use crate::block::container_end;
use crate::number::Number;
use crate::scan::{byte, plain_end, string_end};
use crate::shortcuts::Long;
use crate::string::Name;
use crate::text::Text;
use std::ops::Range;

/// A value of a text, and the way to those within it.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'t> {
    text: &'t str,
    start: usize,
    /// What is known of it, if it is long and the text has shortcuts.
    long: Option<Long<'t>>,
}

impl<'t> Spot<'t> {
    /// The value that `text` is.
    pub fn root(text: &'t Text) -> Self {
        let long = text.shortcuts().and_then(|shortcuts| shortcuts.long_at(0));
        Self { text: text.as_str(), start: 0, long }
    }

    /// Where it is in the text.
    pub fn span(&self) -> Range<usize> {
        self.start..self.long.map_or_else(|| value_end(self.text, self.start), |long| long.end())
    }

    /// Its text.
    pub fn text(&self) -> &'t str {
        self.text.get(self.span()).unwrap_or("")
    }

    /// The number that it is, if it is one.
    pub fn number(&self) -> Option<Number<'t>> {
        let first = byte(self.text.as_bytes(), self.start);
        matches!(first, b'-' | b'0'..=b'9').then(|| Number::from_valid(self.text()))
    }

    /// The text between the quotes of the string that it is, if it is one.
    pub fn raw_string(&self) -> Option<&'t str> {
        self.text().strip_prefix('"')?.strip_suffix('"')
    }

    /// The member `name` (unescaped) of this object. None if it has no such member, or is none.
    pub fn member(&self, name: &str) -> Option<Self> {
        let bytes = self.text.as_bytes();
        if byte(bytes, self.start) != b'{' {
            return None;
        }
        if let Some(alike) = self.long.and_then(|long| long.names_like(name)) {
            return alike.filter_map(|at| self.named(at, name).ok()).next();
        }
        let mut at = self.start + 1;
        while byte(bytes, at) == b'"' {
            match self.named(at, name) {
                Ok(found) => return Some(found),
                Err(other) => at = other.span().end + 1,
            }
        }
        None
    }

    /// The member whose name begins at `at`: as an error if it is not `name`.
    #[inline(always)]
    fn named(&self, at: usize, name: &str) -> Result<Self, Self> {
        let (end, escaped) = string_end(self.text.as_bytes(), at + 1);
        let raw = self.text.get(at + 1..end.saturating_sub(1)).unwrap_or("");
        let child = self.child_at(end + 1);
        if Name::new(raw, escaped).is(name) { Ok(child) } else { Err(child) }
    }

    /// The element `index` of this array; a negative one counts from the end. None if it has no
    /// such element, or is none.
    pub fn element(&self, index: i64) -> Option<Self> {
        let bytes = self.text.as_bytes();
        if byte(bytes, self.start) != b'[' || byte(bytes, self.start + 1) == b']' {
            return None;
        }
        let index = match usize::try_from(index) {
            Ok(index) => index,
            Err(_) => {
                let from_end = usize::try_from(index.unsigned_abs()).ok()?;
                self.element_count()?.checked_sub(from_end)?
            }
        };
        if self.long.is_some_and(|long| index >= long.len()) {
            return None;
        }
        let before = self.long.and_then(|long| long.element_before(index));
        let (number, start) = before.unwrap_or((0, self.start + 1));
        let mut element = self.child_at(start);
        for _ in number..index {
            element = self.next_after(&element)?;
        }
        Some(element)
    }

    /// How many elements this array has. None if it is none.
    pub fn element_count(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if byte(bytes, self.start) != b'[' {
            return None;
        }
        if byte(bytes, self.start + 1) == b']' {
            return Some(0);
        }
        if let Some(long) = self.long {
            return Some(long.len());
        }
        let first = self.child_at(self.start + 1);
        Some(std::iter::successors(Some(first), |element| self.next_after(element)).count())
    }

    /// The element after `element`.
    fn next_after(&self, element: &Self) -> Option<Self> {
        let end = element.span().end;
        (byte(self.text.as_bytes(), end) == b',').then(|| self.child_at(end + 1))
    }

    fn child_at(&self, start: usize) -> Self {
        Self { text: self.text, start, long: self.long.and_then(|long| long.long_at(start)) }
    }
}

/// The end of the value that begins at `at` in a validated minified text.
fn value_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    match byte(bytes, at) {
        b'"' => string_end(bytes, at + 1).0,
        b'{' | b'[' => container_end(bytes, at),
        _ => plain_end(bytes, at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Text {
        Text::assume_valid(json.into())
    }

    #[test]
    fn members_are_found_by_their_unescaped_names() {
        let text = text(r#"{"a":{"b":1},"x\"":"}","b":[{}],"\u0063":null,"":0}"#);
        let root = Spot::root(&text);
        let found = |name| root.member(name).map(|spot| spot.text());
        assert_eq!(found("a"), Some(r#"{"b":1}"#));
        assert_eq!(found("x\""), Some("\"}\""));
        assert_eq!(found("b"), Some("[{}]"));
        assert_eq!(found("c"), Some("null"));
        assert_eq!(found(""), Some("0"));
        assert_eq!(found("d"), None);
        assert!(Spot::root(&self::text("[1]")).member("").is_none());
        assert!(Spot::root(&self::text("{}")).member("").is_none());
    }

    #[test]
    fn elements_are_counted_from_both_ends() {
        let text = text(r#"[1,[2,","],"]",{"a":[]}]"#);
        let root = Spot::root(&text);
        let found = |index| root.element(index).map(|spot| spot.text());
        assert_eq!(found(0), Some("1"));
        assert_eq!(found(1), Some(r#"[2,","]"#));
        assert_eq!(found(-1), Some(r#"{"a":[]}"#));
        assert_eq!(found(-4), Some("1"));
        for missing in [4, -5, i64::MAX, i64::MIN] {
            assert_eq!(found(missing), None);
        }
        assert_eq!(root.element_count(), Some(4));
        for (json, count) in [("[]", Some(0)), ("{}", None), ("1", None)] {
            assert!(Spot::root(&self::text(json)).element(0).is_none());
            assert_eq!(Spot::root(&self::text(json)).element_count(), count);
        }
    }

    #[test]
    fn no_text_makes_it_run_away() {
        for json in ["", "[", "{", "{\"", "{\"a", "{\"a\"", "[1", "[\"\\", "{\"a\":", "1"] {
            let text = text(json);
            let root = Spot::root(&text);
            assert!(root.member("b").is_none() && root.element_count() < Some(2));
            root.element(-1);
            assert!(root.span().end <= json.len());
        }
    }
}
