//! Sorted set values: a listpack of members and scores while small, an order with a table of members
//! once large.

use std::fmt;
use std::ops::Range;

use crate::heap::allocated;
use crate::listpack::Listpack;
use crate::value::Element;
use crate::zset_members::Members;
use crate::zset_order::{Order, compare};

/// Up to where a sorted set stays compact.
#[derive(Clone, Copy, Debug)]
pub struct ZsetLimits {
    /// `zset-max-listpack-entries`
    pub entries: usize,
    /// `zset-max-listpack-value`: bytes of a member.
    pub value_len: usize,
}

impl Default for ZsetLimits {
    fn default() -> Self {
        Self { entries: 128, value_len: 64 }
    }
}

/// The value of a sorted set key: members by score, those of the same score by their bytes. No score
/// is NaN.
#[derive(Clone)]
pub struct ZsetValue(Repr);

#[derive(Clone)]
enum Repr {
    /// Members and scores by turns, in order.
    Listpack(Listpack),
    Ordered(Box<Ordered>),
}

#[derive(Clone, Default)]
struct Ordered {
    members: Members,
    order: Order,
}

/// A member with its score.
pub(crate) type Scored<'a> = (Element<'a>, f64);

impl Default for ZsetValue {
    fn default() -> Self {
        Self::new()
    }
}

impl ZsetValue {
    /// With no members.
    pub fn new() -> Self {
        Self(Repr::Listpack(Listpack::new()))
    }

    /// The sorted set whose members and scores alternate in `listpack`, compact or not as `limits`
    /// say. `None` if a member has no score or is there twice, a score is none, or they are not in
    /// order.
    pub fn from_listpack(listpack: Listpack, limits: ZsetLimits) -> Option<Self> {
        let len = listpack.len();
        if !len.is_multiple_of(2) {
            return None;
        }
        let mut last: Option<(f64, Vec<u8>)> = None;
        let mut longest = 0;
        let mut names = Vec::with_capacity(len / 2);
        for ((name, _), (score, _)) in listpack.pairs() {
            let this = (number_of(&score)?, name.to_cow().into_owned());
            if let Some(last) = &last
                && compare(last.0, this.0).then_with(|| last.1.cmp(&this.1)).is_ge()
            {
                return None;
            }
            longest = longest.max(this.1.len());
            names.push(this.1.clone());
            last = Some(this);
        }
        names.sort_unstable();
        if !names.is_sorted_by(|a, b| a < b) {
            return None;
        }
        let mut zset = Self(Repr::Listpack(listpack));
        if len / 2 > limits.entries || longest > limits.value_len {
            zset.make_ordered();
        }
        Some(zset)
    }

    /// The listpack of a compact sorted set.
    pub fn as_listpack(&self) -> Option<&Listpack> {
        if let Repr::Listpack(listpack) = &self.0 { Some(listpack) } else { None }
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Listpack(listpack) => listpack.len() / 2,
            Repr::Ordered(ordered) => ordered.order.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of a member.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.0 {
            Repr::Listpack(listpack) => {
                listpack.find_pair(member).and_then(|(_, (score, _))| number_of(&score))
            }
            Repr::Ordered(ordered) => {
                ordered.members.find(member).map(|id| ordered.members.at(id).score)
            }
        }
    }

    /// The index of a member, and its score.
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match &self.0 {
            Repr::Listpack(_) => {
                let found = self.iter().enumerate().find(|(_, (name, _))| *name == *member);
                found.map(|(index, (_, score))| (index, score))
            }
            Repr::Ordered(ordered) => {
                let Ordered { members, order } = &**ordered;
                let id = members.find(member)?;
                Some((order.rank(members, id), members.at(id).score))
            }
        }
    }

    /// Gives a member a score, which must not be NaN; adds it if it is new.
    pub fn set(&mut self, member: &[u8], score: f64, limits: ZsetLimits) {
        if let Repr::Listpack(listpack) = &mut self.0 {
            let found = listpack.find_pair(member);
            if let Some(((_, name), (_, score))) = found {
                listpack.splice(name.start..score.end, &[], 2);
            }
            if listpack.len() / 2 < limits.entries && member.len() <= limits.value_len {
                let is_behind = |element: &Element<'_>, other: f64| {
                    let by_name = || element.to_cow().as_ref().cmp(member);
                    compare(other, score).then_with(by_name).is_gt()
                };
                let behind = listpack.pairs().find(|((name, _), (other, _))| {
                    number_of(other).is_some_and(|other| is_behind(name, other))
                });
                let at = behind.map_or(listpack.end(), |((_, range), _)| range.start);
                listpack.splice(at..at, &[member, Digits::of(score).as_bytes()], 0);
                return;
            }
        }
        self.make_ordered().set(member, score);
    }

    /// Takes a member out; its score if it was there.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.0 {
            Repr::Listpack(listpack) => {
                let ((_, name), (score, range)) = listpack.find_pair(member)?;
                let score = number_of(&score);
                listpack.splice(name.start..range.end, &[], 2);
                score
            }
            Repr::Ordered(ordered) => {
                let id = ordered.members.find(member)?;
                let score = ordered.members.at(id).score;
                ordered.order.remove(&ordered.members, id);
                ordered.members.remove(id);
                Some(score)
            }
        }
    }

    /// Takes the members of these indexes out.
    pub fn remove_range(&mut self, range: Range<usize>) {
        let range = range.start..range.end.min(self.len());
        if range.is_empty() {
            return;
        }
        match &mut self.0 {
            Repr::Listpack(listpack) => {
                let bytes = listpack.range(range.start * 2, range.end * 2);
                listpack.splice(bytes, &[], range.len() * 2);
            }
            Repr::Ordered(ordered) => {
                for id in ordered.order.remove_range(&ordered.members, range) {
                    ordered.members.remove(id);
                }
            }
        }
    }

    /// How many members there are before the first whose score `is_before` does not hold of.
    pub fn count_by_score(&self, is_before: impl Fn(f64) -> bool) -> usize {
        match &self.0 {
            Repr::Listpack(_) => self.iter().take_while(|&(_, score)| is_before(score)).count(),
            Repr::Ordered(ordered) => {
                let is_id_before = |id| is_before(ordered.members.at(id).score);
                ordered.order.count_before(|score| Some(is_before(score)), is_id_before)
            }
        }
    }

    /// How many members there are before the first that `is_before` does not hold of; of use where
    /// all have the same score.
    pub fn count_by_name(&self, is_before: impl Fn(&[u8]) -> bool) -> usize {
        match &self.0 {
            Repr::Listpack(_) => {
                let mut digits = itoa::Buffer::new();
                self.iter().take_while(|(name, _)| is_before(name.as_bytes(&mut digits))).count()
            }
            Repr::Ordered(ordered) => {
                let is_id_before = |id| is_before(ordered.members.at(id).name());
                ordered.order.count_before(|_| None, is_id_before)
            }
        }
    }

    /// Members with their scores, in order.
    pub fn iter(&self) -> impl Iterator<Item = Scored<'_>> {
        self.iter_from(0)
    }

    /// The members from number `index` on.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = Scored<'_>> {
        let (listpack, ordered) = self.forms();
        let compact = listpack.into_iter().flat_map(move |listpack| {
            listpack
                .pairs()
                .skip(index)
                .filter_map(|((name, _), (score, _))| Some((name, number_of(&score)?)))
        });
        let ordered = ordered.into_iter().flat_map(move |Ordered { members, order }| {
            order.iter_from(index).map(|id| scored(members, id))
        });
        compact.chain(ordered)
    }

    /// The members from number `index` back to the first.
    pub fn iter_back_from(&self, index: usize) -> impl Iterator<Item = Scored<'_>> {
        let (listpack, ordered) = self.forms();
        let is_there = index < self.len();
        let compact = listpack.into_iter().flat_map(move |listpack| {
            let taken = if is_there { index + 1 } else { 0 };
            let pairs: Vec<_> = listpack.pairs().take(taken).collect();
            pairs
                .into_iter()
                .rev()
                .filter_map(|((name, _), (score, _))| Some((name, number_of(&score)?)))
        });
        let ordered = ordered.into_iter().filter(move |_| is_there);
        let ordered = ordered.flat_map(move |Ordered { members, order }| {
            order.iter_back_from(index).map(|id| scored(members, id))
        });
        compact.chain(ordered)
    }

    fn forms(&self) -> (Option<&Listpack>, Option<&Ordered>) {
        match &self.0 {
            Repr::Listpack(listpack) => (Some(listpack), None),
            Repr::Ordered(ordered) => (None, Some(ordered)),
        }
    }

    /// A member at random, each with the same probability.
    pub fn random(&self, rng: &mut fastrand::Rng) -> Option<Scored<'_>> {
        match &self.0 {
            Repr::Listpack(_) => {
                let len = self.len();
                if len == 0 { None } else { self.iter_from(rng.usize(..len)).next() }
            }
            Repr::Ordered(ordered) => {
                ordered.members.random(rng).map(|member| (member.element(), member.score))
            }
        }
    }

    /// One step of ZSCAN, as [`crate::Database::scan`]; a compact sorted set is one step.
    pub fn scan<'a>(&'a self, cursor: u64, mut visit: impl FnMut(Element<'a>, f64)) -> u64 {
        match &self.0 {
            Repr::Listpack(_) => {
                self.iter().for_each(|(name, score)| visit(name, score));
                0
            }
            Repr::Ordered(ordered) => {
                ordered.members.scan(cursor, |member| visit(member.element(), member.score))
            }
        }
    }

    /// As OBJECT ENCODING names it.
    pub fn encoding_name(&self) -> &'static str {
        match &self.0 {
            Repr::Listpack(_) => "listpack",
            Repr::Ordered(_) => "skiplist",
        }
    }

    /// Bytes of heap; of names, reckoned from `samples` members, from all if it is 0.
    pub fn heap_size(&self, samples: usize) -> usize {
        match &self.0 {
            Repr::Listpack(listpack) => allocated(listpack.as_bytes().len()),
            Repr::Ordered(ordered) => {
                let parts = ordered.members.heap_size(samples) + ordered.order.heap_size();
                size_of::<Ordered>() + parts
            }
        }
    }

    /// See [`crate::Value::free_effort`].
    pub fn free_effort(&self) -> usize {
        match &self.0 {
            Repr::Listpack(_) => 1,
            Repr::Ordered(ordered) => ordered.order.len(),
        }
    }

    fn make_ordered(&mut self) -> &mut Ordered {
        if matches!(self.0, Repr::Listpack(_)) {
            let mut ordered = Box::new(Ordered::default());
            for (name, score) in self.iter() {
                ordered.set(name.as_bytes(&mut itoa::Buffer::new()), score);
            }
            self.0 = Repr::Ordered(ordered);
        }
        match &mut self.0 {
            Repr::Ordered(ordered) => ordered,
            Repr::Listpack(_) => unreachable!("made the other form above"),
        }
    }
}

impl Ordered {
    fn set(&mut self, name: &[u8], score: f64) {
        let Self { members, order } = self;
        match members.find(name) {
            Some(id) => {
                order.remove(members, id);
                members.set_score(id, score);
                order.insert(members, id);
            }
            None => {
                if let Some(id) = members.insert_new(name, score) {
                    order.insert(members, id);
                }
            }
        }
    }
}

fn scored(members: &Members, id: u32) -> Scored<'_> {
    let member = members.at(id);
    (member.element(), member.score)
}

/// The score that an element of a listpack is.
fn number_of(element: &Element<'_>) -> Option<f64> {
    let bytes = match element {
        Element::Integer(number) => return Some(*number as f64),
        Element::Bytes(bytes) => bytes,
        Element::Shared(string) => string.as_bytes(),
    };
    let score: f64 = std::str::from_utf8(bytes).ok()?.parse().ok()?;
    (!score.is_nan()).then_some(score)
}

/// A score as a listpack keeps it: the shortest digits that give it back.
enum Digits {
    Integer(itoa::Buffer, i64),
    Decimal(String),
}

impl Digits {
    fn of(score: f64) -> Self {
        // Integers up to here have a double each.
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        if score.fract() == 0.0 && score.abs() <= EXACT_MAX {
            return Self::Integer(itoa::Buffer::new(), score as i64);
        }
        let usual = (1e-5..1e17).contains(&score.abs()) || score.is_infinite();
        Self::Decimal(if usual { format!("{score}") } else { format!("{score:e}") })
    }

    fn as_bytes(&mut self) -> &[u8] {
        match self {
            Self::Integer(buffer, number) => buffer.format(*number).as_bytes(),
            Self::Decimal(digits) => digits.as_bytes(),
        }
    }
}

impl fmt::Debug for ZsetValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Model = BTreeMap<Vec<u8>, f64>;

    fn in_order(model: &Model) -> Vec<(Vec<u8>, f64)> {
        let mut all: Vec<_> = model.iter().map(|(name, score)| (name.clone(), *score)).collect();
        all.sort_by(|a, b| compare(a.1, b.1).then_with(|| a.0.cmp(&b.0)));
        all
    }

    fn owned<'a>(members: impl Iterator<Item = Scored<'a>>) -> Vec<(Vec<u8>, f64)> {
        members.map(|(name, score)| (name.to_cow().into_owned(), score)).collect()
    }

    /// Random changes against a model, in both forms, with many equal scores.
    #[test]
    fn does_what_a_sorted_set_does() {
        let mut rng = fastrand::Rng::with_seed(3);
        for (limits, names) in [
            (ZsetLimits { entries: 1000, value_len: 64 }, 100),
            (ZsetLimits { entries: 4, value_len: 64 }, 200_000),
        ] {
            let mut zset = ZsetValue::new();
            let mut model = Model::new();
            for step in 0..60_000 {
                let name = format!("m{}", rng.u32(..names));
                if rng.u8(..5) < 4 {
                    let score = match rng.u8(..6) {
                        0 => rng.f64() * 1e300,
                        1 => -0.0,
                        2 => rng.f64(),
                        3 => step as f64,
                        _ => f64::from(rng.i16(-9..9)),
                    };
                    zset.set(name.as_bytes(), score, limits);
                    model.insert(name.into_bytes(), score);
                } else {
                    assert_eq!(zset.remove(name.as_bytes()), model.remove(name.as_bytes()));
                }
                if step % 10_000 == 9_999 {
                    let start = rng.usize(..model.len());
                    let range = start..(start + rng.usize(..400)).min(model.len());
                    for (name, _) in &in_order(&model)[range.clone()] {
                        model.remove(name);
                    }
                    zset.remove_range(range);
                }
                assert_eq!(zset.len(), model.len());
            }
            let expected = in_order(&model);
            assert_eq!(owned(zset.iter()), expected);
            for index in [0, 1, expected.len() / 3, expected.len() - 1] {
                assert_eq!(owned(zset.iter_from(index)), expected[index..]);
                let back: Vec<_> = expected[..=index].iter().rev().cloned().collect();
                assert_eq!(owned(zset.iter_back_from(index)), back);
                let (name, score) = &expected[index];
                assert_eq!(zset.rank(name), Some((index, *score)));
                assert_eq!(zset.score(name), Some(*score));
                let before = expected.iter().filter(|(_, other)| other < score).count();
                assert_eq!(zset.count_by_score(|other| other < *score), before);
            }
            assert_eq!(zset.iter_from(expected.len()).count(), 0);
            assert_eq!(zset.iter_back_from(expected.len()).count(), 0);
        }
    }
}
