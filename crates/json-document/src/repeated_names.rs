//! Names that an object has more than once: the last value counts, at the first one's place.

use crate::document::Document;
use crate::index::{Index, Kind, Node};
use crate::text::Text;
use std::borrow::Cow;
use std::collections::HashMap;

/// Whether two of `hashes` are equal; may reorder them.
#[inline]
pub(crate) fn any_equal(hashes: &mut [u32]) -> bool {
    if hashes.len() > 24 {
        hashes.sort_unstable();
        return hashes.windows(2).any(|pair| pair[0] == pair[1]);
    }
    let mut equal = false;
    let mut rest: &[u32] = hashes;
    while let [first, others @ ..] = rest {
        // Without an early exit the comparisons are done four at a time.
        equal |= others.iter().fold(false, |equal, other| equal | (other == first));
        rest = others;
    }
    equal
}

/// An object or array being written out.
struct Frame {
    /// Names (none in an array) and values in their order, the last one first.
    rest: Vec<(Option<Node>, Node)>,
    close: char,
    first: bool,
}

/// `text`, with each name once in its object.
pub(crate) fn resolve(text: Box<str>) -> Box<str> {
    let text = Text::assume_valid(text);
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let mut out = String::with_capacity(text.len());
    let mut frames = Vec::new();
    let mut value = Some(document.root());
    loop {
        if let Some(node) = value.take() {
            match document.kind(node) {
                Kind::Object => {
                    out.push('{');
                    frames.push(Frame { rest: members(document, node), close: '}', first: true });
                }
                Kind::Array => {
                    out.push('[');
                    let mut rest: Vec<_> =
                        document.children(node).map(|element| (None, element)).collect();
                    rest.reverse();
                    frames.push(Frame { rest, close: ']', first: true });
                }
                _ => out.push_str(document.text_of(node)),
            }
        }
        let Some(frame) = frames.last_mut() else { break };
        let Some((name, node)) = frame.rest.pop() else {
            out.push(frame.close);
            frames.pop();
            continue;
        };
        if !frame.first {
            out.push(',');
        }
        frame.first = false;
        if let Some(name) = name.and_then(|named| document.name(named)) {
            out.push('"');
            out.push_str(name.raw());
            out.push_str("\":");
        }
        value = Some(node);
    }
    out.into_boxed_str()
}

/// The members of `object`, last one first: the node that has the name, and the one that has the
/// value.
fn members(document: Document<'_>, object: Node) -> Vec<(Option<Node>, Node)> {
    let mut members: Vec<(Option<Node>, Node)> = Vec::with_capacity(document.len(object));
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(document.len(object));
    for (name, value) in document.members(object) {
        let place = *places.entry(name.unescaped()).or_insert(members.len());
        match members.get_mut(place) {
            Some(member) => member.1 = value,
            None => members.push((Some(value), value)),
        }
    }
    members.reverse();
    members
}
