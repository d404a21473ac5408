//! The form of large lists: a queue of nodes.

use std::collections::VecDeque;

use byte_string::ByteString;

use crate::list_node::{ListEnd, ListLimits, ListNode};

#[derive(Clone, Default)]
pub(crate) struct Quicklist {
    /// None is empty.
    pub(crate) nodes: VecDeque<ListNode>,
    pub(crate) len: usize,
}

impl Quicklist {
    pub(crate) fn push(&mut self, end: ListEnd, element: &ByteString, limits: ListLimits) {
        self.len += 1;
        let last = match end {
            ListEnd::Front => self.nodes.front_mut(),
            ListEnd::Back => self.nodes.back_mut(),
        };
        if let Some(listpack) = last.and_then(|node| node.with_room(element, limits)) {
            return listpack.push_at(end, element);
        }
        let node = ListNode::of(element, limits);
        match end {
            ListEnd::Front => self.nodes.push_front(node),
            ListEnd::Back => self.nodes.push_back(node),
        }
    }

    /// As [`ListValue::locate`], from the nearer end.
    pub(crate) fn locate(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.len {
            return None;
        }
        if index < self.len / 2 {
            let mut offset = index;
            for (place, node) in self.nodes.iter().enumerate() {
                let len = node.len();
                if offset < len {
                    return Some((place, offset));
                }
                offset -= len;
            }
            return None;
        }
        let mut behind = self.len - index;
        for (place, node) in self.nodes.iter().enumerate().rev() {
            let len = node.len();
            if behind <= len {
                return Some((place, len - behind));
            }
            behind -= len;
        }
        None
    }

    pub(crate) fn set(&mut self, index: usize, element: &ByteString, limits: ListLimits) {
        let Some((place, offset)) = self.locate(index) else { return };
        let node = &mut self.nodes[place];
        if node.len() == 1 {
            *node = ListNode::of(element, limits);
        } else if let Some(listpack) = node.with_room_at(offset, element, limits) {
            listpack.set(offset, element);
        } else {
            self.remove_range(index, index + 1);
            self.insert(index, element, limits);
        }
    }

    /// Adds an element in front of number `index`, at the end if there is none.
    pub(crate) fn insert(&mut self, index: usize, element: &ByteString, limits: ListLimits) {
        let Some((place, offset)) = self.locate(index) else {
            return self.push(ListEnd::Back, element, limits);
        };
        self.len += 1;
        if let Some(listpack) = self.nodes[place].with_room(element, limits) {
            return listpack.insert(offset, element);
        }
        let place = if offset > 0 {
            let tail = self.nodes[place].split_off(offset);
            self.nodes.insert(place + 1, tail);
            place + 1
        } else {
            place
        };
        let before = place.checked_sub(1).and_then(|before| self.nodes.get_mut(before));
        match before.and_then(|node| node.with_room(element, limits)) {
            Some(listpack) => listpack.push_at(ListEnd::Back, element),
            None => self.nodes.insert(place, ListNode::of(element, limits)),
        }
    }

    pub(crate) fn remove_range(&mut self, from: usize, to: usize) {
        let (Some((first, start)), Some((last, end))) = (self.locate(from), self.locate(to - 1))
        else {
            return;
        };
        self.len -= to - from;
        if first == last {
            self.nodes[first].remove(start, end + 1);
        } else {
            let len = self.nodes[first].len();
            self.nodes[first].remove(start, len);
            self.nodes[last].remove(0, end + 1);
        }
        let emptied = |node: &ListNode| node.len() == 0;
        let gone = first + usize::from(!emptied(&self.nodes[first]));
        let gone_to = last + usize::from(emptied(&self.nodes[last]));
        if gone < gone_to {
            self.nodes.drain(gone..gone_to);
        }
    }
}
