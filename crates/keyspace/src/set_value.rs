//! Set values: integers in an intset or few members in a listpack while small, a table once large.

use std::fmt;

use crate::heap::allocated;
use crate::intset::Intset;
use crate::key_hash::hash_of;
use crate::listpack::{Elements, Listpack};
use crate::stored_bytes::StoredBytes;
use crate::string_value::parse_integer;
use crate::table::{Hashed, Iter, Table, low_hash};
use crate::value::Element;

/// Up to where a set stays compact.
#[derive(Clone, Copy, Debug)]
pub struct SetLimits {
    /// `set-max-intset-entries`
    pub integers: usize,
    /// `set-max-listpack-entries`
    pub entries: usize,
    /// `set-max-listpack-value`: bytes of a member.
    pub value_len: usize,
}

/// An intset has no more integers than this, whatever the limit says, so that it stays below 1 GiB.
const INTSET_LEN_MAX: usize = 1 << 27;

impl SetLimits {
    fn intset_max(self) -> usize {
        self.integers.min(INTSET_LEN_MAX)
    }
}

impl Default for SetLimits {
    fn default() -> Self {
        Self { integers: 512, entries: 128, value_len: 64 }
    }
}

/// The value of a set key.
#[derive(Clone)]
pub struct SetValue(Repr);

enum Repr {
    Listpack(Listpack),
    // One pointer for both, so that a set takes two words and an entry one cache line.
    Other(Box<Other>),
}

#[derive(Clone)]
enum Other {
    Intset(Intset),
    Table(Members),
}

/// The members of a large set.
#[derive(Default)]
struct Members(Box<Table<Box<Member>>>);

#[derive(Clone)]
struct Member(StoredBytes);

impl Hashed for Box<Member> {
    #[inline]
    fn low_hash(&self) -> u32 {
        low_hash(hash_of(self.0.as_bytes()))
    }
}

impl Clone for Repr {
    fn clone(&self) -> Self {
        match self {
            Self::Listpack(listpack) => Self::Listpack(listpack.clone()),
            Self::Other(other) => Self::Other(other.clone()),
        }
    }
}

impl Clone for Members {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        for member in self.0.iter() {
            copy.0.insert_new(hash_of(member.0.as_bytes()), member.clone());
        }
        copy
    }
}

impl Members {
    fn contains(&self, member: &[u8]) -> bool {
        self.0.find(hash_of(member), |known| known.0.as_bytes() == member).is_some()
    }

    fn insert(&mut self, member: &[u8]) -> bool {
        if self.contains(member) {
            return false;
        }
        self.0.insert_new(hash_of(member), Box::new(Member(StoredBytes::name(member))));
        true
    }

    fn remove(&mut self, member: &[u8]) -> bool {
        self.0.remove(hash_of(member), |known| known.0.as_bytes() == member).is_some()
    }

    /// Bytes of heap, reckoned from `samples` members, from all if it is 0.
    fn heap_size(&self, samples: usize) -> usize {
        let len = self.0.len();
        let sampled = if samples == 0 { len } else { samples.min(len) };
        let of_member = |member: &Member| size_of::<Member>() + member.0.heap_size();
        let members: usize = self.0.iter().take(sampled).map(|member| of_member(member)).sum();
        let members = members as f64 / sampled.max(1) as f64 * len as f64;
        size_of::<Table<Box<Member>>>() + self.0.heap_size() + members as usize
    }
}

impl Default for SetValue {
    fn default() -> Self {
        Self::new()
    }
}

impl SetValue {
    /// With no members.
    pub fn new() -> Self {
        Self::of(Other::Intset(Intset::new()))
    }

    fn of(other: Other) -> Self {
        Self(Repr::Other(Box::new(other)))
    }

    /// The set of these integers, compact or not as `limits` say.
    pub fn from_intset(intset: Intset, limits: SetLimits) -> Self {
        let mut set = Self::of(Other::Intset(intset));
        if set.len() > limits.intset_max() {
            set.make_table();
        }
        set
    }

    /// The set whose members are in `listpack`, compact or not as `limits` say. `None` if one is
    /// there twice.
    pub fn from_listpack(listpack: Listpack, limits: SetLimits) -> Option<Self> {
        let len = listpack.len();
        let mut set = Self(Repr::Listpack(listpack));
        if len <= limits.entries && set.iter().all(|member| member.len() <= limits.value_len) {
            let mut members: Vec<_> = set.iter().map(|member| member.to_cow()).collect();
            members.sort_unstable();
            return members.is_sorted_by(|a, b| a < b).then_some(set);
        }
        set.make_table();
        (set.len() == len).then_some(set)
    }

    fn view(&self) -> View<'_> {
        match &self.0 {
            Repr::Listpack(listpack) => View::Listpack(listpack),
            Repr::Other(other) => match &**other {
                Other::Intset(intset) => View::Intset(intset),
                Other::Table(members) => View::Table(members),
            },
        }
    }

    /// The integers of a set that is compact and has nothing else.
    pub fn as_intset(&self) -> Option<&Intset> {
        if let View::Intset(intset) = self.view() { Some(intset) } else { None }
    }

    /// The listpack of a compact set.
    pub fn as_listpack(&self) -> Option<&Listpack> {
        if let View::Listpack(listpack) = self.view() { Some(listpack) } else { None }
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        match self.view() {
            View::Intset(intset) => intset.len(),
            View::Listpack(listpack) => listpack.len(),
            View::Table(members) => members.0.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn contains(&self, member: &[u8]) -> bool {
        match self.view() {
            View::Intset(intset) => {
                parse_integer(member).is_some_and(|number| intset.contains(number))
            }
            View::Listpack(listpack) => listpack.find(member).is_some(),
            View::Table(members) => members.contains(member),
        }
    }

    /// Adds `member`; tells whether it is new.
    pub fn insert(&mut self, member: &[u8], limits: SetLimits) -> bool {
        let number = parse_integer(member);
        if number.is_none() {
            self.leave_intset(member, limits);
        }
        match &mut self.0 {
            Repr::Listpack(listpack) => {
                if listpack.find(member).is_some() {
                    return false;
                }
                if listpack.len() < limits.entries && member.len() <= limits.value_len {
                    listpack.push(member);
                    return true;
                }
                self.make_table().insert(member)
            }
            Repr::Other(other) => match &mut **other {
                Other::Intset(intset) => {
                    let is_new = number.is_some_and(|number| intset.insert(number));
                    if intset.len() > limits.intset_max() {
                        self.make_table();
                    }
                    is_new
                }
                Other::Table(members) => members.insert(member),
            },
        }
    }

    /// Takes `member` out; tells whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.0 {
            Repr::Listpack(listpack) => {
                let Some(range) = listpack.find(member) else { return false };
                listpack.splice(range, &[], 1);
                true
            }
            Repr::Other(other) => match &mut **other {
                Other::Intset(intset) => {
                    parse_integer(member).is_some_and(|number| intset.remove(number))
                }
                Other::Table(members) => members.remove(member),
            },
        }
    }

    /// The members: integers ascending, those of a listpack in the order they were added.
    pub fn iter(&self) -> SetIter<'_> {
        SetIter(match self.view() {
            View::Intset(intset) => MemberIter::Intset(intset, 0),
            View::Listpack(listpack) => MemberIter::Listpack(listpack.iter()),
            View::Table(members) => MemberIter::Table(members.0.iter()),
        })
    }

    /// A member at random, each with the same probability.
    pub fn random(&self, rng: &mut fastrand::Rng) -> Option<Element<'_>> {
        if self.is_empty() {
            return None;
        }
        match self.view() {
            View::Intset(intset) => intset.get(rng.usize(..intset.len())).map(Element::Integer),
            View::Listpack(listpack) => {
                listpack.nth(rng.usize(..listpack.len())).map(|(member, _)| member)
            }
            View::Table(members) => members.0.random(rng).map(|member| member.0.element()),
        }
    }

    /// One step of SSCAN, as [`crate::Database::scan`]; a compact set is one step.
    pub fn scan<'a>(&'a self, cursor: u64, mut visit: impl FnMut(Element<'a>)) -> u64 {
        let View::Table(members) = self.view() else {
            self.iter().for_each(visit);
            return 0;
        };
        members.0.scan(cursor, |member| visit(member.0.element()))
    }

    /// As OBJECT ENCODING names it.
    pub fn encoding_name(&self) -> &'static str {
        match self.view() {
            View::Intset(_) => "intset",
            View::Listpack(_) => "listpack",
            View::Table(_) => "hashtable",
        }
    }

    /// Bytes of heap; of a table, reckoned from `samples` members, from all if it is 0.
    pub fn heap_size(&self, samples: usize) -> usize {
        let other = allocated(size_of::<Other>());
        match self.view() {
            View::Intset(intset) => other + allocated(intset.as_bytes().len()),
            View::Listpack(listpack) => allocated(listpack.as_bytes().len()),
            View::Table(members) => other + members.heap_size(samples),
        }
    }

    /// See [`crate::Value::first_byte`].
    pub(crate) fn first_byte(&self) -> u8 {
        match self.view() {
            View::Intset(intset) => intset.as_bytes()[0],
            View::Listpack(listpack) => listpack.as_bytes()[0],
            View::Table(_) => 0,
        }
    }

    /// See [`crate::Value::free_effort`].
    pub fn free_effort(&self) -> usize {
        if let View::Table(members) = self.view() { members.0.len() } else { 1 }
    }

    /// Makes an intset fit for a member that is no integer.
    fn leave_intset(&mut self, member: &[u8], limits: SetLimits) {
        let View::Intset(intset) = self.view() else { return };
        let ends = [intset.get(0), intset.len().checked_sub(1).and_then(|last| intset.get(last))];
        let digits = ends.into_iter().flatten().map(|number| Element::Integer(number).len());
        let longest = digits.max().unwrap_or(0).max(member.len());
        if intset.len() >= limits.entries || longest > limits.value_len {
            self.make_table();
            return;
        }
        let mut listpack = Listpack::new();
        for number in intset.iter() {
            listpack.push(itoa::Buffer::new().format(number).as_bytes());
        }
        self.0 = Repr::Listpack(listpack);
    }

    fn make_table(&mut self) -> &mut Members {
        if !matches!(self.view(), View::Table(_)) {
            let mut members = Members::default();
            for member in self.iter() {
                members.insert(member.as_bytes(&mut itoa::Buffer::new()));
            }
            *self = Self::of(Other::Table(members));
        }
        match &mut self.0 {
            Repr::Other(other) => match &mut **other {
                Other::Table(members) => members,
                Other::Intset(_) => unreachable!("made a table above"),
            },
            Repr::Listpack(_) => unreachable!("made a table above"),
        }
    }
}

/// The form that a set has.
enum View<'a> {
    Intset(&'a Intset),
    Listpack(&'a Listpack),
    Table(&'a Members),
}

impl fmt::Debug for SetValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The members of a set.
pub struct SetIter<'a>(MemberIter<'a>);

enum MemberIter<'a> {
    Intset(&'a Intset, usize),
    Listpack(Elements<'a>),
    Table(Iter<'a, Box<Member>>),
}

impl<'a> Iterator for SetIter<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            MemberIter::Intset(intset, index) => {
                let number = intset.get(*index)?;
                *index += 1;
                Some(Element::Integer(number))
            }
            MemberIter::Listpack(elements) => elements.next(),
            MemberIter::Table(members) => members.next().map(|member| member.0.element()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Random changes against a model, in every form.
    #[test]
    fn does_what_a_set_does() {
        let mut rng = fastrand::Rng::with_seed(7);
        for limits in [SetLimits::default(), SetLimits { integers: 8, entries: 8, value_len: 6 }] {
            let mut set = SetValue::new();
            let mut model: BTreeSet<Vec<u8>> = BTreeSet::new();
            for step in 0..4000 {
                let member = match rng.u8(..if step < 1000 { 1 } else { 3 }) {
                    0 => rng.i64(-300..300).to_string(),
                    1 => format!("m{}", rng.u8(..)),
                    _ => "x".repeat(rng.usize(..80)),
                };
                if rng.u8(..3) < 2 {
                    assert_eq!(set.insert(member.as_bytes(), limits), model.insert(member.into()));
                } else {
                    assert_eq!(set.remove(member.as_bytes()), model.remove(member.as_bytes()));
                }
                assert_eq!(set.len(), model.len());
            }
            let found: BTreeSet<Vec<u8>> = set.iter().map(|m| m.to_cow().into_owned()).collect();
            assert_eq!(found, model);
            assert!(model.iter().all(|member| set.contains(member)));
            assert_eq!(set.encoding_name(), "hashtable");
        }
    }
}
