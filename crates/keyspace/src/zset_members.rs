//! The members of a large sorted set: places that do not move, and a table that finds them by name.

use std::num::NonZeroU32;

use crate::key_hash::hash_of;
use crate::stored_bytes::StoredBytes;
use crate::table::{Hashed, Iter, Table, low_hash};
use crate::value::Element;

/// Members in a segment.
const SEGMENT: usize = 1 << 10;

/// A member's number.
pub(crate) type Id = u32;

/// 32 bytes, and nothing else on the heap if the name is short.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) score: f64,
    name: StoredBytes,
}

impl Member {
    pub(crate) fn name(&self) -> &[u8] {
        self.name.as_bytes()
    }

    pub(crate) fn element(&self) -> Element<'_> {
        self.name.element()
    }
}

/// A member as the table holds it, eight bytes.
#[derive(Clone, Copy)]
struct Found {
    /// One more than the id.
    number: NonZeroU32,
    low_hash: u32,
}

impl Found {
    fn id(self) -> Id {
        self.number.get() - 1
    }
}

impl Hashed for Found {
    #[inline]
    fn low_hash(&self) -> u32 {
        self.low_hash
    }
}

/// All members, by id and by name.
#[derive(Default)]
pub(crate) struct Members {
    segments: Vec<Vec<Option<Member>>>,
    /// Ids to be used again.
    free: Vec<Id>,
    by_name: Table<Found>,
}

impl Clone for Members {
    fn clone(&self) -> Self {
        let mut by_name = Table::default();
        for found in self.by_name.iter() {
            by_name.insert_new(hash_of(self.at(found.id()).name()), *found);
        }
        Self { segments: self.segments.clone(), free: self.free.clone(), by_name }
    }
}

impl Members {
    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// The member of that id.
    ///
    /// # Panics
    /// If there is none; ids come from this and from nowhere else.
    #[inline]
    pub(crate) fn at(&self, id: Id) -> &Member {
        let place = &self.segments[id as usize / SEGMENT][id as usize % SEGMENT];
        match place {
            Some(member) => member,
            None => unreachable!("an id of no member"),
        }
    }

    #[inline]
    pub(crate) fn find(&self, name: &[u8]) -> Option<Id> {
        let is_wanted = |found: &Found| self.at(found.id()).name() == name;
        self.by_name.find(hash_of(name), is_wanted).map(|found| found.id())
    }

    /// Adds a member that is not there yet; nothing if there are too many.
    pub(crate) fn insert_new(&mut self, name: &[u8], score: f64) -> Option<Id> {
        let member = Member { score, name: StoredBytes::name(name) };
        let id = match self.free.pop() {
            Some(id) => {
                self.segments[id as usize / SEGMENT][id as usize % SEGMENT] = Some(member);
                id
            }
            None => {
                let id = Id::try_from(self.len()).ok()?;
                if self.segments.last().is_none_or(|segment| segment.len() == SEGMENT) {
                    self.segments.push(Vec::with_capacity(SEGMENT));
                }
                self.segments.last_mut()?.push(Some(member));
                id
            }
        };
        let number = NonZeroU32::new(id.checked_add(1)?)?;
        let hash = hash_of(name);
        self.by_name.insert_new(hash, Found { number, low_hash: low_hash(hash) });
        Some(id)
    }

    pub(crate) fn set_score(&mut self, id: Id, score: f64) {
        if let Some(member) = &mut self.segments[id as usize / SEGMENT][id as usize % SEGMENT] {
            member.score = score;
        }
    }

    pub(crate) fn remove(&mut self, id: Id) {
        let hash = hash_of(self.at(id).name());
        self.by_name.remove(hash, |found| found.id() == id);
        self.segments[id as usize / SEGMENT][id as usize % SEGMENT] = None;
        self.free.push(id);
    }

    /// One step of ZSCAN, as [`crate::Database::scan`].
    pub(crate) fn scan<'a>(&'a self, cursor: u64, mut visit: impl FnMut(&'a Member)) -> u64 {
        self.by_name.scan(cursor, |found| visit(self.at(found.id())))
    }

    pub(crate) fn random(&self, rng: &mut fastrand::Rng) -> Option<&Member> {
        self.by_name.random(rng).map(|found| self.at(found.id()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member> {
        let found: Iter<'_, Found> = self.by_name.iter();
        found.map(|found| self.at(found.id()))
    }

    /// Bytes of heap; those of the names reckoned from `samples` members, from all if it is 0.
    pub(crate) fn heap_size(&self, samples: usize) -> usize {
        let sampled = if samples == 0 { self.len() } else { samples.min(self.len()) };
        let names: usize = self.iter().take(sampled).map(|member| member.name.heap_size()).sum();
        let names = names as f64 / sampled.max(1) as f64 * self.len() as f64;
        let places = self.segments.len() * SEGMENT * size_of::<Option<Member>>();
        places + self.free.capacity() * size_of::<Id>() + self.by_name.heap_size() + names as usize
    }
}
