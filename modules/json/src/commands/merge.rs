//! RFC 7396 over texts: a patch is turned into edits, with a list of what is still to be merged in
//! place of the RFC's recursion.

use json_document::{Document, Edits, Index, Kind, Node, Text};

use crate::commands::change::{apply, apply_removal};
use crate::error::Error;
use crate::host::Context;

/// The document with `patch` merged into each of `nodes`.
pub(crate) fn into_nodes(
    ctx: Context,
    document: Document<'_>,
    nodes: &[Node],
    patch: &Text,
) -> Result<Text, Error> {
    let patch_index = Index::new(patch);
    let patch = Document::new(patch, &patch_index);
    // Values of the patch that go in as they are, without the nulls that mean nothing to merge.
    let mut pieces: Vec<Piece> = Vec::new();
    let mut pending: Vec<(Node, Node)> =
        nodes.iter().rev().map(|&node| (node, patch.root())).collect();
    while let Some((node, from)) = pending.pop() {
        if patch.kind(from) != Kind::Object {
            pieces.push(Piece::replace(node, copy(patch, from)));
        } else if document.kind(node) != Kind::Object {
            pieces.push(Piece::replace(node, without_nulls(patch, from)));
        } else {
            for (name, value) in patch.members(from) {
                let name = name.unescaped();
                match (document.member(node, &name), patch.kind(value)) {
                    (Some(old), Kind::Null) => pieces.push(Piece::delete(old)),
                    (None, Kind::Null) => {}
                    (Some(old), _) => pending.push((old, value)),
                    (None, _) => {
                        let text = without_nulls(patch, value);
                        pieces.push(Piece::insert(node, name.into_owned(), text));
                    }
                }
            }
        }
    }
    let mut edits = Edits::new(document);
    for piece in &pieces {
        match &piece.action {
            Action::Replace(text) => edits.replace(piece.node, text),
            Action::Delete => edits.delete(piece.node),
            Action::Insert(name, text) => edits.insert_member(piece.node, name, text),
        }
    }
    apply(ctx, edits)
}

struct Piece {
    node: Node,
    action: Action,
}

enum Action {
    Replace(Text),
    Delete,
    Insert(String, Text),
}

impl Piece {
    fn replace(node: Node, text: Text) -> Piece {
        Piece { node, action: Action::Replace(text) }
    }

    fn delete(node: Node) -> Piece {
        Piece { node, action: Action::Delete }
    }

    fn insert(object: Node, name: String, text: Text) -> Piece {
        Piece { node: object, action: Action::Insert(name, text) }
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
    apply_removal(edits).unwrap_or_else(|_| copy(document, node))
}
