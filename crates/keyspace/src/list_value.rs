//! List values: one listpack while small, a queue of them once large.

use std::collections::VecDeque;
use std::fmt;

use byte_string::ByteString;

use crate::heap::allocated;
use crate::list_node::{ListEnd, ListLimits, ListNode, NodeRef};
use crate::listpack::Listpack;
use crate::quicklist::Quicklist;
use crate::value::Element;

/// The value of a list key.
#[derive(Clone)]
pub struct ListValue(Repr);

#[derive(Clone)]
enum Repr {
    Listpack(Listpack),
    Quicklist(Box<Quicklist>),
}

impl Default for ListValue {
    fn default() -> Self {
        Self::new()
    }
}

impl ListValue {
    /// With no elements.
    pub fn new() -> Self {
        Self(Repr::Listpack(Listpack::new()))
    }

    /// The list of these nodes, one after the other; empty ones are left out.
    pub fn from_nodes(nodes: impl IntoIterator<Item = ListNode>, limits: ListLimits) -> Self {
        let nodes: VecDeque<_> = nodes.into_iter().filter(|node| node.len() > 0).collect();
        let len = nodes.iter().map(ListNode::len).sum();
        let mut list = Self(Repr::Quicklist(Box::new(Quicklist { nodes, len })));
        list.shrink_within(limits.bytes(), limits.count());
        list
    }

    /// The nodes, from both ends.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeRef<'_>> {
        let (listpack, list) = match &self.0 {
            Repr::Listpack(listpack) => (Some(NodeRef::Packed(listpack)), None),
            Repr::Quicklist(list) => (None, Some(list)),
        };
        let nodes = list.into_iter().flat_map(|list| list.nodes.iter().map(ListNode::as_ref));
        listpack.into_iter().chain(nodes)
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Listpack(listpack) => listpack.len(),
            Repr::Quicklist(list) => list.len,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Leaves the form of one listpack if `count` elements of `bytes` bytes in all do not fit.
    pub fn make_room(&mut self, bytes: usize, count: usize, limits: ListLimits) {
        let Repr::Listpack(listpack) = &self.0 else { return };
        let total = listpack.as_bytes().len().saturating_add(bytes);
        if !limits.allows(total, listpack.len().saturating_add(count)) {
            self.make_quicklist();
        }
    }

    fn make_quicklist(&mut self) -> &mut Quicklist {
        if let Repr::Listpack(listpack) = &mut self.0 {
            let len = listpack.len();
            let node = ListNode::Packed(std::mem::take(listpack));
            let nodes = if len == 0 { VecDeque::new() } else { VecDeque::from([node]) };
            self.0 = Repr::Quicklist(Box::new(Quicklist { nodes, len }));
        }
        match &mut self.0 {
            Repr::Quicklist(list) => list,
            Repr::Listpack(_) => unreachable!("made a quicklist above"),
        }
    }

    /// Goes back to one listpack once elements were removed and what is left takes no more than
    /// half of what a listpack may.
    pub fn shrink(&mut self, limits: ListLimits) {
        self.shrink_within(limits.bytes() / 2, limits.count() / 2);
    }

    fn shrink_within(&mut self, bytes: usize, count: usize) {
        let Repr::Quicklist(list) = &mut self.0 else { return };
        if list.nodes.is_empty() {
            *self = Self::new();
            return;
        }
        if list.nodes.len() == 1
            && let Some(ListNode::Packed(listpack)) = list.nodes.front_mut()
            && listpack.as_bytes().len() <= bytes
            && listpack.len() <= count
        {
            let listpack = std::mem::take(listpack);
            self.0 = Repr::Listpack(listpack);
        }
    }

    /// Adds an element at an end.
    pub fn push(&mut self, end: ListEnd, element: &ByteString, limits: ListLimits) {
        self.make_room(element.len(), 1, limits);
        match &mut self.0 {
            Repr::Listpack(listpack) => listpack.push_at(end, element),
            Repr::Quicklist(list) => list.push(end, element, limits),
        }
    }

    /// Takes an element off an end.
    pub fn pop(&mut self, end: ListEnd) -> Option<ByteString> {
        match &mut self.0 {
            Repr::Listpack(listpack) => listpack.pop_at(end),
            Repr::Quicklist(list) => {
                let node = match end {
                    ListEnd::Front => list.nodes.front_mut(),
                    ListEnd::Back => list.nodes.back_mut(),
                }?;
                let element = node.pop(end)?;
                list.len -= 1;
                if node.len() == 0 {
                    match end {
                        ListEnd::Front => list.nodes.pop_front(),
                        ListEnd::Back => list.nodes.pop_back(),
                    };
                }
                Some(element)
            }
        }
    }

    /// The elements, from both ends.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Element<'_>> {
        self.nodes().flat_map(NodeRef::iter)
    }

    /// The elements from number `index` on.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = Element<'_>> {
        let (node, offset) = self.locate(index).unwrap_or((usize::MAX, 0));
        self.nodes().skip(node).flat_map(NodeRef::iter).skip(offset)
    }

    /// The elements from number `index` back to the first.
    pub fn iter_back_from(&self, index: usize) -> impl Iterator<Item = Element<'_>> {
        let mut offset = self.len().saturating_sub(index.saturating_add(1));
        let mut skipped = 0;
        for len in self.nodes().rev().map(NodeRef::len) {
            if offset < len {
                break;
            }
            offset -= len;
            skipped += 1;
        }
        self.nodes().rev().skip(skipped).flat_map(|node| node.iter().rev()).skip(offset)
    }

    /// Element number `index`.
    pub fn get(&self, index: usize) -> Option<Element<'_>> {
        let (node, offset) = self.locate(index)?;
        let node = match &self.0 {
            Repr::Listpack(listpack) => NodeRef::Packed(listpack),
            Repr::Quicklist(list) => list.nodes.get(node)?.as_ref(),
        };
        match node {
            NodeRef::Packed(listpack) => listpack.nth(offset).map(|(element, _)| element),
            NodeRef::Plain(element) => Some(Element::Shared(element)),
        }
    }

    /// The node of element `index`, and its place there.
    fn locate(&self, index: usize) -> Option<(usize, usize)> {
        match &self.0 {
            Repr::Listpack(listpack) => (index < listpack.len()).then_some((0, index)),
            Repr::Quicklist(list) => list.locate(index),
        }
    }

    /// Puts another element in the place of number `index`; tells whether there is one.
    pub fn set(&mut self, index: usize, element: &ByteString, limits: ListLimits) -> bool {
        if index >= self.len() {
            return false;
        }
        self.make_room(element.len(), 1, limits);
        match &mut self.0 {
            Repr::Listpack(listpack) => listpack.set(index, element),
            Repr::Quicklist(list) => list.set(index, element, limits),
        }
        self.shrink(limits);
        true
    }

    /// Adds an element in front of number `index`, at the end if there is none.
    pub fn insert(&mut self, index: usize, element: &ByteString, limits: ListLimits) {
        self.make_room(element.len(), 1, limits);
        if index >= self.len() {
            return self.push(ListEnd::Back, element, limits);
        }
        match &mut self.0 {
            Repr::Listpack(listpack) => listpack.insert(index, element),
            Repr::Quicklist(list) => list.insert(index, element, limits),
        }
    }

    /// Takes elements `from` to `to` out, the latter excluded.
    pub fn remove_range(&mut self, from: usize, to: usize, limits: ListLimits) {
        let to = to.min(self.len());
        if from >= to {
            return;
        }
        match &mut self.0 {
            Repr::Listpack(listpack) => listpack.remove(from, to),
            Repr::Quicklist(list) => list.remove_range(from, to),
        }
        self.shrink(limits);
    }

    /// Takes the first `count` elements that are `bytes` out, the last ones if `end` is the back;
    /// tells how many.
    pub fn remove_equal(
        &mut self,
        end: ListEnd,
        bytes: &[u8],
        count: usize,
        limits: ListLimits,
    ) -> usize {
        let removed = match &mut self.0 {
            Repr::Listpack(listpack) => listpack.remove_equal(end, bytes, count),
            Repr::Quicklist(list) => {
                let mut removed = 0;
                let mut take = |node: &mut ListNode| {
                    if removed < count {
                        removed += node.remove_equal(end, bytes, count - removed);
                    }
                };
                match end {
                    ListEnd::Front => list.nodes.iter_mut().for_each(&mut take),
                    ListEnd::Back => list.nodes.iter_mut().rev().for_each(&mut take),
                }
                list.nodes.retain(|node| node.len() > 0);
                list.len -= removed;
                removed
            }
        };
        if removed > 0 {
            self.shrink(limits);
        }
        removed
    }

    /// As OBJECT ENCODING names it.
    pub fn encoding_name(&self) -> &'static str {
        match &self.0 {
            Repr::Listpack(_) => "listpack",
            Repr::Quicklist(_) => "quicklist",
        }
    }

    /// Bytes of heap; reckoned from `samples` nodes, from all if it is 0.
    pub fn heap_size(&self, samples: usize) -> usize {
        match &self.0 {
            Repr::Listpack(listpack) => allocated(listpack.as_bytes().len()),
            Repr::Quicklist(list) => {
                let nodes = list.nodes.len();
                let sampled = if samples == 0 { nodes } else { samples.min(nodes) };
                let bytes: usize =
                    list.nodes.iter().take(sampled).map(|node| node.as_ref().heap_size()).sum();
                let bytes = bytes as f64 / sampled.max(1) as f64 * nodes as f64;
                let queue = list.nodes.capacity() * size_of::<ListNode>();
                size_of::<Quicklist>() + allocated(queue) + bytes as usize
            }
        }
    }

    /// See [`crate::Value::free_effort`].
    pub fn free_effort(&self) -> usize {
        match &self.0 {
            Repr::Listpack(_) => 1,
            Repr::Quicklist(list) => list.nodes.len(),
        }
    }
}

impl fmt::Debug for ListValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of<'a>(elements: impl Iterator<Item = Element<'a>>) -> Vec<Vec<u8>> {
        elements.map(|element| element.to_cow().into_owned()).collect()
    }

    /// Random changes against a model, with nodes so small that all cases arise.
    #[test]
    fn does_what_a_list_does() {
        let mut rng = fastrand::Rng::with_seed(11);
        for fill in [3, -1, 1, 128] {
            let limits = ListLimits { fill };
            let mut list = ListValue::new();
            let mut model: VecDeque<Vec<u8>> = VecDeque::new();
            for _ in 0..3000 {
                let element = match rng.u8(..8) {
                    0..4 => rng.i64(-3..200).to_string().into_bytes(),
                    4..7 => vec![b'e'; rng.usize(..300)],
                    _ => vec![b'L'; rng.usize(4000..9000)],
                };
                let string = ByteString::from(element.as_slice());
                let at = rng.usize(..model.len() + 1);
                match rng.u8(..12) {
                    0 | 1 | 10 => {
                        list.push(ListEnd::Front, &string, limits);
                        model.push_front(element);
                    }
                    2 | 3 | 11 => {
                        list.push(ListEnd::Back, &string, limits);
                        model.push_back(element);
                    }
                    4 => {
                        list.insert(at, &string, limits);
                        model.insert(at, element);
                    }
                    5 => {
                        let is_there = at < model.len();
                        assert_eq!(list.set(at, &string, limits), is_there);
                        if is_there {
                            model[at] = element;
                        }
                    }
                    6 => {
                        let popped = list.pop(ListEnd::Front).map(|e| e.as_bytes().to_vec());
                        assert_eq!(popped, model.pop_front());
                    }
                    7 => {
                        let popped = list.pop(ListEnd::Back).map(|e| e.as_bytes().to_vec());
                        assert_eq!(popped, model.pop_back());
                    }
                    8 => {
                        let to = (at + rng.usize(..12)).min(model.len());
                        list.remove_range(at, to, limits);
                        model.drain(at..to);
                    }
                    _ => {
                        let Some(element) = model.get(at).cloned() else { continue };
                        let mut left = 2;
                        let mut keep = |other: &Vec<u8>| {
                            let goes = *other == element && left > 0;
                            left -= usize::from(goes);
                            !goes
                        };
                        let (end, kept): (_, VecDeque<_>) = if at.is_multiple_of(2) {
                            (ListEnd::Front, model.iter().filter(|e| keep(e)).cloned().collect())
                        } else {
                            let kept = model.iter().rev().filter(|e| keep(e)).cloned();
                            (ListEnd::Back, kept.collect::<Vec<_>>().into_iter().rev().collect())
                        };
                        let removed = list.remove_equal(end, &element, 2, limits);
                        assert_eq!(removed, model.len() - kept.len());
                        model = kept;
                    }
                }
                assert_eq!(list.len(), model.len());
            }
            assert!(model.len() > 20, "{}", model.len());
            assert_eq!(bytes_of(list.iter()), Vec::from(model.clone()));
            assert_eq!(
                bytes_of(list.iter().rev()),
                model.iter().rev().cloned().collect::<Vec<_>>()
            );
            for at in [0, 1, model.len() / 2, model.len() - 1] {
                assert_eq!(list.get(at).map(|e| e.to_cow().into_owned()), model.get(at).cloned());
                let rest: Vec<_> = model.iter().skip(at).cloned().collect();
                assert_eq!(bytes_of(list.iter_from(at)), rest);
                let back: Vec<_> = model.iter().take(at + 1).rev().cloned().collect();
                assert_eq!(bytes_of(list.iter_back_from(at)), back);
            }
            list.remove_range(0, model.len(), limits);
            assert!(list.is_empty() && list.encoding_name() == "listpack");
        }
    }
}
