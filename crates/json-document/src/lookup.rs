//! Finding one value in a text without an index: names are compared, values skipped.

use crate::block::container_end;
use crate::scan::{byte, plain_end, string_end};
use crate::string::Name;

/// The end of the value that begins at `at` in a validated minified text.
pub fn value_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    match byte(bytes, at) {
        b'"' => string_end(bytes, at + 1).0,
        b'{' | b'[' => container_end(bytes, at),
        _ => plain_end(bytes, at),
    }
}

/// Where the value of the member `name` (unescaped) begins, of the object that begins at `at` in a
/// validated minified text. None if it has no such member or no object is there.
pub fn member_in_text(text: &str, at: usize, name: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = at + 1;
    if byte(bytes, at.checked_sub(1)?) != b'{' {
        return None;
    }
    while byte(bytes, at) == b'"' {
        let (name_end, escaped) = string_end(bytes, at + 1);
        let raw = text.get(at + 1..name_end.checked_sub(1)?)?;
        let value = name_end + 1;
        if Name::new(raw, escaped).is(name) {
            return Some(value);
        }
        at = value_end(text, value) + 1;
    }
    None
}

/// Where the element `index` begins, of the array that begins at `at` in a validated minified
/// text; a negative `index` counts from the end. None if it has no such element or no array is
/// there.
pub fn element_in_text(text: &str, at: usize, index: i64) -> Option<usize> {
    let bytes = text.as_bytes();
    let first = at + 1;
    if byte(bytes, at) != b'[' || byte(bytes, first) == b']' {
        return None;
    }
    let after = |element: &usize| {
        let end = value_end(text, *element);
        (byte(bytes, end) == b',').then_some(end + 1)
    };
    let elements = || std::iter::successors(Some(first), after);
    let position = match u64::try_from(index) {
        Ok(position) => position,
        Err(_) => (elements().count() as u64).checked_sub(index.unsigned_abs())?,
    };
    elements().nth(usize::try_from(position).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_their_unescaped_names() {
        let text = r#"{"a":{"b":1},"x\"":"}","b":[{}],"\u0063":null,"":0}"#;
        let found = |name| member_in_text(text, 0, name).map(|at| &text[at..value_end(text, at)]);
        assert_eq!(found("a"), Some(r#"{"b":1}"#));
        assert_eq!(found("x\""), Some("\"}\""));
        assert_eq!(found("b"), Some("[{}]"));
        assert_eq!(found("c"), Some("null"));
        assert_eq!(found(""), Some("0"));
        assert_eq!(found("d"), None);
        assert_eq!(member_in_text("[1]", 0, ""), None);
        assert_eq!(member_in_text("{}", 0, ""), None);
    }

    #[test]
    fn elements_are_counted_from_both_ends() {
        let text = r#"[1,[2,","],"]",{"a":[]}]"#;
        let found =
            |index| element_in_text(text, 0, index).map(|at| &text[at..value_end(text, at)]);
        assert_eq!(found(0), Some("1"));
        assert_eq!(found(1), Some(r#"[2,","]"#));
        assert_eq!(found(-1), Some(r#"{"a":[]}"#));
        assert_eq!(found(-4), Some("1"));
        for missing in [4, -5, i64::MAX, i64::MIN] {
            assert_eq!(found(missing), None);
        }
        assert_eq!(element_in_text("[]", 0, 0), None);
        assert_eq!(element_in_text("{}", 0, 0), None);
    }

    #[test]
    fn no_text_makes_it_run_away() {
        for text in ["", "[", "{", "{\"", "{\"a", "{\"a\"", "[1", "[\"\\", "{\"a\":", "1"] {
            for at in 0..text.len() + 2 {
                member_in_text(text, at, "b");
                element_in_text(text, at, -1);
            }
        }
    }
}
