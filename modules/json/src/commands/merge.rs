//! RFC 7396 over texts: a patch is turned into edits, with a list of what is still to be merged in
//! place of the RFC's recursion.

use std::borrow::Cow;
use std::collections::HashMap;

use json_document::{Document, Edits, Index, Kind, Limits, Node, Text};

use crate::error::Error;
use crate::host::config;
use crate::paths;

/// From this many comparisons on, members are found through a table.
const SCANS_MAX: usize = 256;
/// A piece takes as much memory as so many bytes of text, and is charged like them.
const PIECE_BYTES: usize = 256;

/// What a merge comes to: changes of the document, and the values and names that they put in. Each
/// value is there once, however many places it goes to.
pub(crate) struct Merge {
    pieces: Vec<Piece>,
    values: Vec<Text>,
    names: Vec<String>,
}

/// One change that a merge makes, at a node of the document.
struct Piece {
    node: Node,
    action: Action,
}

/// Values and names by their numbers.
enum Action {
    Replace { value: usize },
    Delete,
    Insert { name: usize, value: usize },
}

impl Merge {
    /// What merging `patch` into each of `nodes` comes to.
    ///
    /// # Errors
    /// When it is more work, or makes the document longer, than a command may.
    pub(crate) fn plan(
        document: Document<'_>,
        nodes: &[Node],
        patch: &Text,
    ) -> Result<Merge, Error> {
        let patch_index = Index::new(patch);
        let patch = Document::new(patch, &patch_index);
        let mut merge = Merge { pieces: Vec::new(), values: Vec::new(), names: Vec::new() };
        // The numbers of what came of nodes of the patch: as they are, without nulls, as names.
        let (mut copies, mut cleaned) = (HashMap::new(), HashMap::new());
        let mut named = HashMap::new();
        let mut meter = paths::meter();
        let mut added_len = 0usize;
        let len_max = config::document_len_max().saturating_mul(2);
        let mut pending: Vec<(Node, Node)> =
            nodes.iter().rev().map(|&node| (node, patch.root())).collect();
        while let Some((node, from)) = pending.pop() {
            paths::charge(&mut meter, PIECE_BYTES)?;
            let is_object = patch.kind(from) == Kind::Object;
            if !is_object || document.kind(node) != Kind::Object {
                let (known, make): (_, fn(Document<'_>, Node) -> Text) =
                    if is_object { (&mut cleaned, without_nulls) } else { (&mut copies, copy) };
                let value = *known.entry(from).or_insert_with(|| merge.keep(make(patch, from)));
                added_len = added_len.saturating_add(merge.len(value));
                merge.pieces.push(Piece { node, action: Action::Replace { value } });
            } else {
                let scans = document.len(node).saturating_mul(patch.len(from));
                let members: Option<HashMap<Cow<'_, str>, Node>> = (scans > SCANS_MAX).then(|| {
                    document.members(node).map(|(name, value)| (name.unescaped(), value)).collect()
                });
                paths::charge(&mut meter, document.len(node).saturating_mul(PIECE_BYTES / 4))?;
                for (name, value) in patch.members(from) {
                    paths::charge(&mut meter, PIECE_BYTES / 4)?;
                    let name = name.unescaped();
                    let old = match &members {
                        Some(members) => members.get(&name).copied(),
                        None => document.member(node, &name),
                    };
                    match (old, patch.kind(value)) {
                        (Some(node), Kind::Null) => {
                            merge.pieces.push(Piece { node, action: Action::Delete });
                        }
                        (None, Kind::Null) => {}
                        (Some(old), _) => pending.push((old, value)),
                        (None, _) => {
                            paths::charge(&mut meter, PIECE_BYTES)?;
                            let name = *named.entry(value).or_insert_with(|| {
                                merge.names.push(name.into_owned());
                                merge.names.len() - 1
                            });
                            let clean = || merge.keep(without_nulls(patch, value));
                            let value = *cleaned.entry(value).or_insert_with(clean);
                            added_len = added_len.saturating_add(merge.len(value));
                            let action = Action::Insert { name, value };
                            merge.pieces.push(Piece { node, action });
                        }
                    }
                }
            }
            // A result much longer than this is refused before it takes memory.
            if added_len > len_max {
                return Err(Error::DocumentTooLong);
            }
        }
        Ok(merge)
    }

    fn keep(&mut self, value: Text) -> usize {
        self.values.push(value);
        self.values.len() - 1
    }

    fn len(&self, value: usize) -> usize {
        self.values.get(value).map_or(0, Text::len)
    }

    pub(crate) fn add_to<'e>(&'e self, edits: &mut Edits<'e>) {
        for piece in &self.pieces {
            match piece.action {
                Action::Replace { value } => {
                    if let Some(value) = self.values.get(value) {
                        edits.replace(piece.node, value);
                    }
                }
                Action::Delete => edits.delete(piece.node),
                Action::Insert { name, value } => {
                    if let (Some(name), Some(value)) =
                        (self.names.get(name), self.values.get(value))
                    {
                        edits.insert_member(piece.node, name, value);
                    }
                }
            }
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
        let merge = Merge::plan(document, &[document.root()], &patch).unwrap();
        let mut edits = Edits::new(document);
        merge.add_to(&mut edits);
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
