//! Names that an object has more than once: the last value counts, at the first one's place.

use crate::document::{Children, Document};
use crate::index::{Index, Kind, Node};
use crate::shapes::name_hash;
use crate::string::Name;
use crate::text::Text;
use std::borrow::Cow;
use std::vec;

/// Whether two of `hashes` are equal.
#[inline]
pub(crate) fn any_equal(hashes: &[u64]) -> bool {
    if hashes.len() > COMPARED_MAX {
        return any_equal_of_many(hashes);
    }
    let mut equal = false;
    let mut rest = hashes;
    while let [first, others @ ..] = rest {
        // Without an early exit several comparisons are done at once.
        equal |= others.iter().fold(false, |equal, other| equal | (other == first));
        rest = others;
    }
    equal
}

/// Up to so many hashes are compared each with each.
const COMPARED_MAX: usize = 24;

/// The hashes are sorted by their lowest bits, eleven at a time: in steps that no choice of names
/// can make more.
fn any_equal_of_many(hashes: &[u64]) -> bool {
    const DIGIT_BITS: u32 = 11;
    const SHIFTS: [u32; 3] = [0, DIGIT_BITS, 2 * DIGIT_BITS];
    let mut from = hashes.to_vec();
    // Sorting by digits has a price of its own.
    if hashes.len() < 1 << DIGIT_BITS {
        from.sort_unstable();
        return from.windows(2).any(|pair| pair[0] == pair[1]);
    }
    let mut to = vec![0; hashes.len()];
    for shift in SHIFTS {
        let digit = |hash: u64| (hash >> shift) as usize & ((1 << DIGIT_BITS) - 1);
        let mut places = [0usize; 1 << DIGIT_BITS];
        for &hash in &from {
            places[digit(hash)] += 1;
        }
        let mut before = 0;
        for place in &mut places {
            before += std::mem::replace(place, before);
        }
        for &hash in &from {
            let place = &mut places[digit(hash)];
            if let Some(to) = to.get_mut(*place) {
                *to = hash;
            }
            *place += 1;
        }
        std::mem::swap(&mut from, &mut to);
    }
    let lowest_bits = |hash: u64| hash << (64 - SHIFTS.len() as u32 * DIGIT_BITS);
    from.chunk_by_mut(|&left, &right| lowest_bits(left) == lowest_bits(right)).any(|alike| {
        alike.sort_unstable();
        alike.windows(2).any(|pair| pair[0] == pair[1])
    })
}

/// A container being written out.
struct Frame<'a> {
    rest: Rest<'a>,
    close: char,
    first: bool,
}

/// The children of a container that are not written yet.
enum Rest<'a> {
    /// As they are.
    Children(Children<'a>),
    /// Of an object that repeats names: the node that has the name, and the one that has the
    /// value.
    Members(vec::IntoIter<(Node, Node)>),
}

impl Iterator for Rest<'_> {
    type Item = (Node, Node);

    fn next(&mut self) -> Option<(Node, Node)> {
        match self {
            Rest::Children(children) => children.next().map(|child| (child, child)),
            Rest::Members(members) => members.next(),
        }
    }
}

/// `text`, with each name once in its object.
pub(crate) fn resolve(text: Box<str>) -> Box<str> {
    let text = Text::assume_valid(text);
    let index = Index::new(&text);
    let document = Document::new(&text, &index);
    let mut out = String::with_capacity(text.len());
    let mut frames = Vec::new();
    let mut hashes = Vec::new();
    let mut value = Some(document.root());
    loop {
        if let Some(node) = value.take() {
            let (open, close) = match document.kind(node) {
                Kind::Object => ('{', '}'),
                Kind::Array => ('[', ']'),
                _ => {
                    out.push_str(document.text_of(node));
                    continue;
                }
            };
            out.push(open);
            let hash = |(name, _): (Name<'_>, Node)| name_hash(name.unescaped().as_bytes());
            hashes.clear();
            hashes.extend(document.members(node).map(hash));
            let rest = match any_equal(&hashes) {
                true => Rest::Members(members(document, node, &hashes).into_iter()),
                false => Rest::Children(document.children(node)),
            };
            frames.push(Frame { rest, close, first: true });
        }
        let Some(frame) = frames.last_mut() else { break };
        let Some((named, node)) = frame.rest.next() else {
            out.push(frame.close);
            frames.pop();
            continue;
        };
        if !frame.first {
            out.push(',');
        }
        frame.first = false;
        if let Some(name) = document.name(named) {
            out.push('"');
            out.push_str(name.raw());
            out.push_str("\":");
        }
        value = Some(node);
    }
    out.into_boxed_str()
}

/// The members that remain of `object`, whose names have these hashes: where the name stands, and
/// where the value.
fn members(document: Document<'_>, object: Node, hashes: &[u64]) -> Vec<(Node, Node)> {
    let nodes: Vec<Node> = document.children(object).collect();
    let mut last_values: Vec<Option<Node>> = nodes.iter().copied().map(Some).collect();
    let mut by_hash: Vec<(u64, usize)> = hashes.iter().copied().zip(0..).collect();
    by_hash.sort_unstable();
    for alike in by_hash.chunk_by(|left, right| left.0 == right.0).filter(|alike| alike.len() > 1) {
        // Different names may have one hash.
        let name = |&(_, place): &(u64, usize)| {
            (nodes.get(place).and_then(|&node| document.name(node)).map(Name::unescaped), place)
        };
        let mut by_name: Vec<(Option<Cow<'_, str>>, usize)> = alike.iter().map(name).collect();
        by_name.sort_unstable();
        for same in by_name.chunk_by(|left, right| left.0 == right.0) {
            let [(_, first), .., (_, last)] = same else { continue };
            for &(_, place) in same {
                if let Some(value) = last_values.get_mut(place) {
                    *value = None;
                }
            }
            if let Some(value) = last_values.get_mut(*first) {
                *value = nodes.get(*last).copied();
            }
        }
    }
    nodes.iter().zip(last_values).filter_map(|(&named, value)| Some((named, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_hashes_are_found_among_any_number() {
        let mut random = fastrand::Rng::with_seed(37);
        for len in [0, 1, 2, 5, 24, 25, 100, 2047, 2048, 10_000] {
            // Different, though alike in their lowest bits.
            let mut hashes: Vec<u64> = (0..len).map(|number| (number << 40) + number % 3).collect();
            random.shuffle(&mut hashes);
            assert!(!any_equal(&hashes), "{len}");
            if len > 1 {
                let (from, to) = (random.usize(1..hashes.len()), 0);
                hashes[to] = hashes[from];
                assert!(any_equal(&hashes), "{len}");
            }
        }
    }
}
