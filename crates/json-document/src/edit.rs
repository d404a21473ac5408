//! Changing a document: edits are collected, checked, and then applied all at once.
//!
//! A text is spliced: what lies between the edits is copied, and the commas around removed and
//! added children are set right on the way. In `[1,2,3]`, deleting 2 and 3 goes
//!
//! ```text
//! written   rest
//! [1,       2,3]    2 is deleted: a `,` follows, skip it
//! [1,       3]      3 is deleted: the end follows, take back the `,` written
//! [1        ]
//! ```

use crate::document::Document;
use crate::index::{Kind, Node};
use crate::string::quote_into;
use crate::text::{Limits, Text};
use std::collections::HashSet;
use std::fmt;

/// Why edits were refused. The document is as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The result would be nested deeper than [`Limits::depth_max`].
    DepthExceeded,
    /// The result would be over 4 GiB.
    TooLarge,
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DepthExceeded => "recursion limit exceeded",
            Self::TooLarge => "document too large",
        })
    }
}

impl std::error::Error for EditError {}

/// What happens at a place of the text. The order is that in which edits at one place happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    /// A new child comes before the one that begins here.
    InsertBefore,
    /// The child that begins here goes, up to `end`.
    Delete { end: usize },
    /// The value that begins here becomes another, up to `end`.
    Replace { end: usize },
    /// A new child comes last in the container whose closing bracket is here.
    InsertLast,
}

#[derive(Clone, Copy, Debug)]
struct Splice<'a> {
    at: usize,
    action: Action,
    /// The name of a new member.
    name: Option<&'a str>,
    /// The new value; empty for a deletion.
    value: &'a str,
}

/// Edits of one document, in any order.
///
/// An edit within a value that another edit deletes or replaces has no effect. Of two
/// replacements of one value, or two new members of one name, the last counts; a value that is
/// both deleted and replaced is deleted. New children for one place come in the order in which
/// they were given.
#[derive(Clone, Debug)]
pub struct Edits<'a> {
    document: Document<'a>,
    splices: Vec<Splice<'a>>,
    /// The deepest nesting that any edit makes.
    depth: usize,
    /// The value measured last and its height: one value often goes to many places.
    measured: Option<(&'a str, usize)>,
}

impl<'a> Edits<'a> {
    /// No edits yet of `document`.
    pub fn new(document: Document<'a>) -> Self {
        Self { document, splices: Vec::new(), depth: 0, measured: None }
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.splices.is_empty()
    }

    /// Puts `value` in the place of `node`.
    pub fn replace(&mut self, node: Node, value: &'a Text) {
        let span = self.document.span(node);
        self.add(span.start, Action::Replace { end: span.end }, None, value, node, 0);
    }

    /// Removes `node` from its container. The root, which is in none, becomes `null`.
    pub fn delete(&mut self, node: Node) {
        let entry = self.document.entry(node);
        let (start, end) = (entry.start as usize, entry.end as usize);
        let splice = if node == self.document.root() {
            Splice { at: start, action: Action::Replace { end }, name: None, value: "null" }
        } else {
            let at = if entry.name == 0 { start } else { entry.name as usize };
            Splice { at, action: Action::Delete { end }, name: None, value: "" }
        };
        self.splices.push(splice);
    }

    /// Adds the member `name` (unescaped), which `object` does not have, at its end. No effect on
    /// other kinds.
    pub fn insert_member(&mut self, object: Node, name: &'a str, value: &'a Text) {
        if self.document.kind(object) == Kind::Object {
            let last = self.document.span(object).end.saturating_sub(1);
            self.add(last, Action::InsertLast, Some(name), value, object, 1);
        }
    }

    /// Adds `values` to `array` before its element `at`, or at its end if `at` is its length or
    /// more. No effect on other kinds.
    pub fn insert_elements(
        &mut self,
        array: Node,
        at: usize,
        values: impl IntoIterator<Item = &'a Text>,
    ) {
        if self.document.kind(array) != Kind::Array {
            return;
        }
        let (place, action) = match self.document.element(array, at) {
            Some(element) => (self.document.span(element).start, Action::InsertBefore),
            None => (self.document.span(array).end.saturating_sub(1), Action::InsertLast),
        };
        for value in values {
            self.add(place, action, None, value, array, 1);
        }
    }

    /// Notes an edit that puts `value` at `node`'s depth plus `deeper`.
    fn add(
        &mut self,
        at: usize,
        action: Action,
        name: Option<&'a str>,
        value: &'a Text,
        node: Node,
        deeper: usize,
    ) {
        let height = match self.measured {
            Some((measured, height)) if std::ptr::eq(measured, value.as_str()) => height,
            _ => value.height(),
        };
        self.measured = Some((value.as_str(), height));
        self.depth = self.depth.max(self.document.depth(node) + deeper + height);
        self.splices.push(Splice { at, action, name, value: value.as_str() });
    }

    /// How many bytes the edits bring in at most; none if that is beyond counting. To be asked
    /// before [`Edits::apply`] by who has a limit on the length of documents.
    pub fn added_len_max(&self) -> Option<usize> {
        self.splices.iter().try_fold(0usize, |sum, splice| {
            // A name may grow sixfold by escapes, and brings two quotes, a colon and a comma.
            let name_len = splice.name.map_or(0, str::len).checked_mul(6)?;
            sum.checked_add(splice.value.len())?.checked_add(name_len)?.checked_add(4)
        })
    }

    /// The new text.
    ///
    /// # Errors
    /// If an edit nests deeper than `limits` allow, or the result is too large.
    pub fn apply(mut self, limits: &Limits) -> Result<Text, EditError> {
        if self.depth > limits.depth_max {
            return Err(EditError::DepthExceeded);
        }
        // Stable, so that edits of one kind at one place stay in the order given.
        self.splices.sort_by_key(|splice| (splice.at, splice.action));
        self.keep_last_of_each_name();
        let text = self.document.text();
        let capacity = self.added_len_max().and_then(|added| added.checked_add(text.len()));
        let Some(capacity) = capacity.filter(|&capacity| u32::try_from(capacity).is_ok()) else {
            return Err(EditError::TooLarge);
        };
        let mut out = Vec::new();
        out.try_reserve_exact(capacity).map_err(|_| EditError::TooLarge)?;
        splice_text(text.as_bytes(), &self.splices, &mut out);
        // Every piece begins and ends at a bracket, comma, quote or value.
        let text = String::from_utf8(out).unwrap_or_else(|_| text.to_owned());
        Ok(Text::assume_valid(text.into_boxed_str()))
    }

    /// Of several new members of one object with one name, leaves the last.
    fn keep_last_of_each_name(&mut self) {
        if self.splices.iter().filter(|splice| splice.name.is_some()).count() < 2 {
            return;
        }
        let mut seen = HashSet::new();
        // The last come first, so that they are the ones that stay.
        self.splices.reverse();
        self.splices.retain(|splice| splice.name.is_none_or(|name| seen.insert((splice.at, name))));
        self.splices.reverse();
    }
}

/// Writes `text` with the sorted `splices` done to it.
fn splice_text(text: &[u8], splices: &[Splice<'_>], out: &mut Vec<u8>) {
    let mut copied = 0;
    let mut rest = splices;
    while let Some((splice, after)) = rest.split_first() {
        rest = after;
        // Within what an edit around it has taken away.
        if splice.at < copied {
            continue;
        }
        out.extend_from_slice(text.get(copied..splice.at).unwrap_or_default());
        copied = splice.at;
        match splice.action {
            Action::InsertBefore => {
                out.extend_from_slice(splice.value.as_bytes());
                out.push(b',');
            }
            Action::Delete { end } => {
                copied = end;
                if text.get(end) == Some(&b',') {
                    copied += 1;
                } else if out.last() == Some(&b',') {
                    out.pop();
                }
            }
            Action::Replace { end } => {
                let same =
                    |next: &&Splice<'_>| next.at == splice.at && next.action == splice.action;
                let last = rest.iter().take_while(same).last().unwrap_or(splice);
                out.extend_from_slice(last.value.as_bytes());
                copied = end;
            }
            Action::InsertLast => {
                if !matches!(out.last(), Some(b'[' | b'{')) {
                    out.push(b',');
                }
                if let Some(name) = splice.name {
                    quote_into(name, out);
                    out.push(b':');
                }
                out.extend_from_slice(splice.value.as_bytes());
            }
        }
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
}
