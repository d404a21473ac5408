//! RFC 7396 over texts: a patch is turned into edits, with a list of what is still to be merged in
//! place of the RFC's recursion.

use std::borrow::Cow;
use std::collections::HashMap;

use json_document::{Document, Edits, Index, Kind, Limits, Node, Text};

use crate::host::config;

/// From this many comparisons on, members are found through a table.
const SCANS_MAX: usize = 256;

/// What merging `patch` into each of `nodes` comes to.
pub(crate) fn plan(document: Document<'_>, nodes: &[Node], patch: &Text) -> Vec<Piece> {
    let patch_index = Index::new(patch);
    let patch = Document::new(patch, &patch_index);
    let mut pieces: Vec<Piece> = Vec::new();
    let mut pending: Vec<(Node, Node)> =
        nodes.iter().rev().map(|&node| (node, patch.root())).collect();
    while let Some((node, from)) = pending.pop() {
        if patch.kind(from) != Kind::Object {
            pieces.push(Piece { node, action: Action::Replace(copy(patch, from)) });
            continue;
        }
        if document.kind(node) != Kind::Object {
            pieces.push(Piece { node, action: Action::Replace(without_nulls(patch, from)) });
            continue;
        }
        let scans = document.len(node).saturating_mul(patch.len(from));
        let members: Option<HashMap<Cow<'_, str>, Node>> = (scans > SCANS_MAX).then(|| {
            document.members(node).map(|(name, value)| (name.unescaped(), value)).collect()
        });
        for (name, value) in patch.members(from) {
            let name = name.unescaped();
            let old = match &members {
                Some(members) => members.get(&name).copied(),
                None => document.member(node, &name),
            };
            match (old, patch.kind(value)) {
                (Some(old), Kind::Null) => pieces.push(Piece { node: old, action: Action::Delete }),
                (None, Kind::Null) => {}
                (Some(old), _) => pending.push((old, value)),
                (None, _) => {
                    let text = without_nulls(patch, value);
                    pieces.push(Piece { node, action: Action::Insert(name.into_owned(), text) });
                }
            }
        }
    }
    pieces
}

/// One change that a merge makes, at a node of the document.
pub(crate) struct Piece {
    node: Node,
    action: Action,
}

enum Action {
    Replace(Text),
    Delete,
    Insert(String, Text),
}

impl Piece {
    pub(crate) fn add_to<'e>(&'e self, edits: &mut Edits<'e>) {
        match &self.action {
            Action::Replace(text) => edits.replace(self.node, text),
            Action::Delete => edits.delete(self.node),
            Action::Insert(name, text) => edits.insert_member(self.node, name, text),
        }
    }
}

fn copy(document: Document<'_>, node: Node) -> Text {
    Text::assume_valid(document.text_of(node).into())
}

/// The value of `node` as it arrives where nothing was: members that are null are not there.
fn without_nulls(document: Document<'_>, node: Node) -> Text {
    let text = copy(document, node);
    let index = Index::new(&text);
    let value = Document::new(&text, &index);
    let mut edits = Edits::new(value);
    let mut pending = vec![value.root()];
    while let Some(node) = pending.pop() {
        // Elements of arrays are taken as they are (RFC 7396 section 2).
        if value.kind(node) != Kind::Object {
            continue;
        }
        for member in value.children(node) {
            match value.kind(member) {
                Kind::Null => edits.delete(member),
                _ => pending.push(member),
            }
        }
    }
    if edits.is_empty() {
        return text;
    }
    // Taking members out makes a text neither deeper nor longer.
    let limits = Limits { depth_max: config::DEPTH_CEILING };
    edits.apply(&limits).unwrap_or_else(|_| copy(document, node))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(target: &str, patch: &str) -> String {
        let limits = Limits::default();
        let text = Text::parse(target.as_bytes(), &limits).unwrap();
        let patch = Text::parse(patch.as_bytes(), &limits).unwrap();
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        let pieces = plan(document, &[document.root()], &patch);
        let mut edits = Edits::new(document);
        pieces.iter().for_each(|piece| piece.add_to(&mut edits));
        edits.apply(&limits).unwrap().as_str().to_owned()
    }

    /// RFC 7396 appendix A.
    #[test]
    fn the_examples_of_the_rfc() {
        for (target, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
            (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
            (r#"{"a":"foo"}"#, "null", "null"),
            (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            assert_eq!(merged(target, patch), result, "{patch} into {target}");
        }
    }

    /// Wide objects are merged through a table, and take no quadratic time.
    #[test]
    fn wide_objects() {
        let object = |range: std::ops::Range<u32>, value: &str| {
            let members: Vec<String> = range.map(|n| format!(r#""{n}":{value}"#)).collect();
            format!("{{{}}}", members.join(","))
        };
        let result = merged(&object(0..100_000, "1"), &object(50_000..150_000, "2"));
        let text = Text::parse(result.as_bytes(), &Limits::default()).unwrap();
        let index = Index::new(&text);
        let document = Document::new(&text, &index);
        assert_eq!(document.len(document.root()), 150_000);
        let number = |name| document.member(document.root(), name).map(|n| document.text_of(n));
        assert_eq!((number("49999"), number("50000")), (Some("1"), Some("2")));
        assert_eq!(merged(&object(0..100, "1"), &object(0..100, "null")), "{}");
    }
}
