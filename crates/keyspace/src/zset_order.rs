//! The order of a large sorted set: ids by score, then by name, in leaves in groups.
//!
//! A tree of a fixed height of three with a high fan-out: groups of up to 256 leaves of up to 128
//! ids of four bytes each. An index is found by adding up lengths: of a hundred million members
//! some 6,000 groups, then at most 256 leaves. A skip list takes about 29 bytes a member for its
//! pointers and follows one for each step; this takes five to eight bytes, and follows none.

use std::cmp::Ordering;
use std::ops::Range;

use crate::zset_members::{Id, Members};

const LEAF_MAX: usize = 128;
const GROUP_MAX: usize = 256;

/// The order of scores, which are never NaN; the two zeros are one.
pub(crate) fn compare(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}

/// Ids in order.
#[derive(Clone, Default)]
pub(crate) struct Order {
    /// None is empty.
    groups: Vec<Group>,
    len: usize,
}

#[derive(Clone, Default)]
struct Group {
    len: usize,
    /// None is empty.
    leaves: Vec<Leaf>,
}

#[derive(Clone)]
struct Leaf {
    /// The score of the first, so that a search need not look at the member.
    first: f64,
    ids: Vec<Id>,
}

/// Where an id is, or would be.
#[derive(Clone, Copy)]
struct Place {
    group: usize,
    leaf: usize,
    at: usize,
}

impl Order {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Where the first id is of which `is_before` does not hold; the ids of which it holds are the
    /// first ones. `by_score` tells the same of a leaf's first score where that suffices.
    fn search(
        &self,
        by_score: impl Fn(f64) -> Option<bool>,
        is_before: impl Fn(Id) -> bool,
    ) -> Place {
        let starts_before = |leaf: &Leaf| {
            by_score(leaf.first)
                .unwrap_or_else(|| leaf.ids.first().is_some_and(|&id| is_before(id)))
        };
        let group = self
            .groups
            .partition_point(|group| group.leaves.first().is_some_and(starts_before))
            .saturating_sub(1);
        let Some(leaves) = self.groups.get(group).map(|group| &group.leaves) else {
            return Place { group: 0, leaf: 0, at: 0 };
        };
        let leaf = leaves.partition_point(starts_before).saturating_sub(1);
        let at = leaves.get(leaf).map_or(0, |leaf| leaf.ids.partition_point(|&id| is_before(id)));
        Place { group, leaf, at }
    }

    /// The number of ids before a place.
    fn index(&self, place: Place) -> usize {
        let groups: usize = self.groups.iter().take(place.group).map(|group| group.len).sum();
        let leaves = self.groups.get(place.group).into_iter().flat_map(|group| &group.leaves);
        groups + leaves.take(place.leaf).map(|leaf| leaf.ids.len()).sum::<usize>() + place.at
    }

    /// The place of id number `index`, which must be there.
    fn place(&self, mut index: usize) -> Place {
        let mut place = Place { group: 0, leaf: 0, at: 0 };
        for group in &self.groups {
            if index < group.len {
                for leaf in &group.leaves {
                    if index < leaf.ids.len() {
                        place.at = index;
                        return place;
                    }
                    index -= leaf.ids.len();
                    place.leaf += 1;
                }
            }
            index = index.saturating_sub(group.len);
            place.group += 1;
        }
        place
    }

    /// How many ids come before all those of which `is_before` does not hold.
    pub(crate) fn count_before(
        &self,
        by_score: impl Fn(f64) -> Option<bool>,
        is_before: impl Fn(Id) -> bool,
    ) -> usize {
        self.index(self.search(by_score, is_before))
    }

    fn search_member(&self, members: &Members, score: f64, name: &[u8]) -> Place {
        self.search(
            |first| match compare(first, score) {
                Ordering::Less => Some(true),
                Ordering::Greater => Some(false),
                Ordering::Equal => None,
            },
            |id| {
                let member = members.at(id);
                compare(member.score, score).then_with(|| member.name().cmp(name)) == Ordering::Less
            },
        )
    }

    /// The index of a member.
    pub(crate) fn rank(&self, members: &Members, id: Id) -> usize {
        let member = members.at(id);
        self.index(self.search_member(members, member.score, member.name()))
    }

    /// Puts an id in its place.
    pub(crate) fn insert(&mut self, members: &Members, id: Id) {
        let member = members.at(id);
        let place = self.search_member(members, member.score, member.name());
        if self.groups.is_empty() {
            let leaf = Leaf { first: member.score, ids: Vec::new() };
            self.groups.push(Group { len: 0, leaves: vec![leaf] });
        }
        self.len += 1;
        let group = &mut self.groups[place.group];
        group.len += 1;
        let leaf = &mut group.leaves[place.leaf];
        leaf.ids.insert(place.at, id);
        if place.at == 0 {
            leaf.first = member.score;
        }
        if leaf.ids.len() <= LEAF_MAX {
            return;
        }
        // At the end, where scores that only grow come in, a full leaf stays full.
        let kept = if place.at == LEAF_MAX { LEAF_MAX } else { LEAF_MAX / 2 };
        let ids = leaf.ids.split_off(kept);
        leaf.ids.shrink_to_fit();
        let first = ids.first().map_or(member.score, |&id| members.at(id).score);
        group.leaves.insert(place.leaf + 1, Leaf { first, ids });
        if group.leaves.len() <= GROUP_MAX {
            return;
        }
        let kept = if place.leaf + 2 > GROUP_MAX { GROUP_MAX } else { GROUP_MAX / 2 };
        let leaves = group.leaves.split_off(kept);
        let len = leaves.iter().map(|leaf| leaf.ids.len()).sum();
        group.len -= len;
        self.groups.insert(place.group + 1, Group { len, leaves });
    }

    /// Takes an id out, while its member is still what it was put in as.
    pub(crate) fn remove(&mut self, members: &Members, id: Id) {
        let member = members.at(id);
        let mut place = self.search_member(members, member.score, member.name());
        // Behind the last of a leaf is in front of the first of the next one.
        let leaves = self.groups.get(place.group).map_or(&[][..], |group| &group.leaves);
        if leaves.get(place.leaf).is_some_and(|leaf| leaf.ids.len() == place.at) {
            let is_last = place.leaf + 1 == leaves.len();
            let (group, leaf) =
                if is_last { (place.group + 1, 0) } else { (place.group, place.leaf + 1) };
            place = Place { group, leaf, at: 0 };
        }
        self.remove_at(members, place);
    }

    fn remove_at(&mut self, members: &Members, place: Place) {
        let Some(group) = self.groups.get_mut(place.group) else { return };
        let Some(leaf) = group.leaves.get_mut(place.leaf) else { return };
        if place.at >= leaf.ids.len() {
            return;
        }
        leaf.ids.remove(place.at);
        self.len -= 1;
        group.len -= 1;
        match leaf.ids.first() {
            Some(&id) => leaf.first = members.at(id).score,
            None => {
                group.leaves.remove(place.leaf);
            }
        }
        // Two half-empty neighbours become one, so that leaves stay a quarter full at least.
        let mut merge = |leaf: usize| {
            if let [left, right, ..] = &mut group.leaves[leaf..]
                && left.ids.len() + right.ids.len() <= LEAF_MAX / 2
            {
                left.ids.append(&mut right.ids);
                group.leaves.remove(leaf + 1);
            }
        };
        if place.leaf > 0 {
            merge(place.leaf - 1);
        }
        if group.leaves.is_empty() {
            self.groups.remove(place.group);
        }
    }

    /// Takes the ids of these indexes out, and gives them in order.
    pub(crate) fn remove_range(&mut self, members: &Members, range: Range<usize>) -> Vec<Id> {
        let ids: Vec<Id> = self.iter_from(range.start).take(range.len()).collect();
        for _ in &ids {
            let place = self.place(range.start);
            self.remove_at(members, place);
        }
        ids
    }

    /// The ids from number `index` on.
    pub(crate) fn iter_from(&self, index: usize) -> impl Iterator<Item = Id> + '_ {
        let start = self.place(index);
        let groups = self.groups.iter().skip(start.group).enumerate();
        groups
            .flat_map(move |(nth, group)| {
                let skipped = if nth == 0 { start.leaf } else { 0 };
                group.leaves.iter().skip(skipped)
            })
            .enumerate()
            .flat_map(move |(nth, leaf)| {
                let skipped = if nth == 0 { start.at } else { 0 };
                leaf.ids.iter().skip(skipped).copied()
            })
    }

    /// The ids from number `index` back to the first.
    pub(crate) fn iter_back_from(&self, index: usize) -> impl Iterator<Item = Id> + '_ {
        let start = self.place(index);
        let groups = self.groups.iter().take(start.group + 1).enumerate().rev();
        groups
            .flat_map(move |(nth, group)| {
                let taken = if nth == start.group { start.leaf + 1 } else { usize::MAX };
                let leaves = group.leaves.iter().take(taken).enumerate().rev();
                leaves.map(move |(leaf, ids)| (nth == start.group && leaf == start.leaf, ids))
            })
            .flat_map(move |(is_first, leaf)| {
                let taken = if is_first { start.at + 1 } else { usize::MAX };
                leaf.ids.iter().take(taken).rev().copied()
            })
    }

    /// Bytes of heap.
    pub(crate) fn heap_size(&self) -> usize {
        let leaves = self.groups.iter().flat_map(|group| &group.leaves);
        let ids: usize = leaves.map(|leaf| leaf.ids.capacity() * size_of::<Id>()).sum();
        let of_leaves = |group: &Group| group.leaves.capacity() * size_of::<Leaf>();
        let groups = self.groups.capacity() * size_of::<Group>();
        ids + self.groups.iter().map(of_leaves).sum::<usize>() + groups
    }
}
