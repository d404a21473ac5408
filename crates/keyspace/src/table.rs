//! The hash table under databases, expiry indexes and large hashes.
//!
//! # Linear hashing
//!
//! A table of `n` buckets, with 2^L ≤ n < 2^(L+1), keeps an element of hash `h` in bucket
//! `h mod 2^(L+1)` if there is such a bucket yet, else in `h mod 2^L`. So the table can grow by
//! one bucket at a time: bucket `n` is pushed, and the elements of bucket `n - 2^L` are shared
//! out between the two.
//!
//! ```text
//! n = 5:  0+4: h mod 8 ∈ {0},{4}   1: h mod 4 = 1   2: h mod 4 = 2   3: h mod 4 = 3
//! n = 6:  bucket 1 is split: h mod 8 = 1 stays in 1, h mod 8 = 5 goes to 5
//! ```
//!
//! There is never a second table, a lookup is always one bucket (and its overflow), the fill is
//! always the same whatever the size, and no operation does more than split or join one bucket.
//! Valkey and Redis double into a second table instead, which takes twice the memory at once and
//! leaves half of it empty afterwards. The price is that the buckets whose turn to split has not
//! come are up to twice as full as the others: 3 to 16 in a hundred have an overflow bucket.
//!
//! Buckets are held in segments, so that growth never copies more than the first few buckets.
//!
//! Measured (`cargo bench -p keyspace`, 4 million keys of 20 bytes, a busy machine of two cores):
//! find 290 ns, insert 560 ns, the longest pause of an insertion 12 ms, which is the scheduler's;
//! 18 bytes of table a key. hashbrown's map: 350 ns, 710 ns, 930 ms, and 18 to 52 bytes.

use crate::bucket::{Bucket, Position, SLOTS, matching, tag_of};

/// Elements to a bucket above which the table grows.
const GROW_ABOVE: usize = 4;
/// Elements to a bucket below which the table shrinks.
const SHRINK_BELOW: usize = 2;
/// Buckets in a segment (64 KiB).
const SEGMENT: usize = 1 << SEGMENT_BITS;
const SEGMENT_BITS: u32 = 10;
/// The low half of a hash tells no more buckets apart.
const BUCKETS_MAX: usize = u32::MAX as usize;

/// What a table can hold: it knows the low half of the hash that it was inserted under, which is
/// what chooses the bucket.
pub(crate) trait Hashed {
    fn low_hash(&self) -> u32;
}

/// The half of `hash` that an element keeps or can tell.
#[inline]
pub(crate) fn low_hash(hash: u64) -> u32 {
    hash as u32
}

/// Linear hashing over elements that are one pointer wide; see the module's documentation.
pub(crate) struct Table<T> {
    segments: Vec<Vec<Bucket<T>>>,
    buckets: usize,
    overflow: usize,
    /// The most overflow buckets that any chain has had, which bounds where sampling has to look.
    overflow_len_max: usize,
    len: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { segments: Vec::new(), buckets: 0, overflow: 0, overflow_len_max: 0, len: 0 }
    }
}

impl<T: Hashed> Table<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The element of that hash for which `is_wanted` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u64, is_wanted: impl FnMut(&T) -> bool) -> Option<&T> {
        self.at(self.position(hash, is_wanted)?)
    }

    #[inline]
    pub(crate) fn find_mut(
        &mut self,
        hash: u64,
        is_wanted: impl FnMut(&T) -> bool,
    ) -> Option<&mut T> {
        self.at_mut(self.position(hash, is_wanted)?)
    }

    /// The elements that probably have those hashes.
    ///
    /// All buckets are read before any is searched. The processor does not wait for one to arrive
    /// before it asks for the next, so that together they take little longer than one alone.
    pub(crate) fn likely<const N: usize>(&self, hashes: &[u64; N]) -> [Option<&T>; N] {
        if self.buckets == 0 {
            return [None; N];
        }
        let heads = hashes.map(|hash| self.bucket(self.index(low_hash(hash))));
        let tags = heads.map(Bucket::tags);
        std::array::from_fn(|at| {
            let candidates = matching(tags[at], tag_of(hashes[at]));
            heads[at].slot((candidates.trailing_zeros() / 8) as usize)
        })
    }

    /// The element that lies there; `None` if the position is outdated and nothing lies there.
    #[inline]
    pub(crate) fn at(&self, at: Position) -> Option<&T> {
        let head = self.segments.get(at.bucket >> SEGMENT_BITS)?.get(at.bucket & (SEGMENT - 1))?;
        head.nth(at.depth)?.slot(at.slot)
    }

    #[inline]
    pub(crate) fn at_mut(&mut self, at: Position) -> Option<&mut T> {
        let segment = self.segments.get_mut(at.bucket >> SEGMENT_BITS)?;
        segment.get_mut(at.bucket & (SEGMENT - 1))?.nth_mut(at.depth)?.slot_mut(at.slot)
    }

    /// Adds an element that the caller knows is not there yet.
    pub(crate) fn insert_new(&mut self, hash: u64, element: T) {
        debug_assert_eq!(low_hash(hash), element.low_hash());
        if self.len >= self.buckets * GROW_ABOVE && self.buckets < BUCKETS_MAX {
            self.split_one();
        }
        let index = self.index(low_hash(hash));
        self.push(index, tag_of(hash), element);
        self.len += 1;
    }

    pub(crate) fn remove(&mut self, hash: u64, is_wanted: impl FnMut(&T) -> bool) -> Option<T> {
        let at = self.position(hash, is_wanted)?;
        let head = self.bucket_mut(at.bucket);
        // The last of the chain fills the gap, so that all but the last bucket stay full.
        let (tag, last, emptied) = head.pop()?;
        let removed = match head.nth_mut(at.depth) {
            Some(bucket) if at.slot < bucket.used() => bucket.replace(at.slot, tag, last)?,
            // The one wanted was the last itself.
            _ => last,
        };
        self.overflow -= usize::from(emptied);
        self.len -= 1;
        if self.len < self.buckets * SHRINK_BELOW {
            self.join_one();
        }
        Some(removed)
    }

    /// Calls `visit` with every element of one step of the scan and returns the cursor of the
    /// next step, or 0 when the scan has come round.
    ///
    /// The cursor counts bucket numbers with their bits reversed. Between two steps the table may
    /// grow and shrink at will: the elements passed are always those whose reversed hash is below
    /// the reversed cursor. So an element that is there all the time is visited at least once.
    pub(crate) fn scan<'a>(&'a self, cursor: u64, mut visit: impl FnMut(&'a T)) -> u64 {
        if self.buckets == 0 {
            return 0;
        }
        let low_mask = self.low_mask();
        let low = cursor as usize & low_mask;
        self.bucket(low).elements().for_each(&mut visit);
        // If the bucket has been split, its other half belongs to the same step.
        let high = low + low_mask + 1;
        if high < self.buckets {
            self.bucket(high).elements().for_each(&mut visit);
        }
        let next = (cursor | !(low_mask as u64)).reverse_bits().wrapping_add(1);
        next.reverse_bits()
    }

    /// An element at random, all with the same probability.
    pub(crate) fn random(&self, rng: &mut fastrand::Rng) -> Option<&T> {
        if self.len == 0 {
            return None;
        }
        // A place at random among all that could be taken, until one is. The share that is taken
        // is a fourth or so; a chain of more than three buckets is rare.
        let places = (self.overflow_len_max + 1) * SLOTS;
        loop {
            let head = self.bucket(rng.usize(..self.buckets));
            let place = rng.usize(..places);
            if let Some(bucket) = head.nth(place / SLOTS)
                && let Some(element) = bucket.slot(place % SLOTS)
            {
                return Some(element);
            }
        }
    }

    pub(crate) fn iter(&self) -> Iter<'_, T> {
        Iter { table: self, next_bucket: 0, chain: None, slot: 0 }
    }

    /// Empties the table, one element after the other.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        let taken = std::mem::take(self);
        taken.segments.into_iter().flatten().flat_map(|mut head| {
            std::iter::from_fn(move || head.pop().map(|(_, element, _)| element))
        })
    }

    /// Bytes of heap for buckets, without what the elements point at.
    pub(crate) fn heap_size(&self) -> usize {
        let buckets: usize = self.segments.iter().map(Vec::capacity).sum();
        (buckets + self.overflow) * size_of::<Bucket<T>>()
            + self.segments.capacity() * size_of::<Vec<Bucket<T>>>()
    }

    pub(crate) fn bucket_count(&self) -> usize {
        self.buckets
    }

    pub(crate) fn overflow_count(&self) -> usize {
        self.overflow
    }

    /// How many buckets have chains of each length in buckets; the last counts longer ones too.
    pub(crate) fn chain_lengths(&self) -> [usize; 8] {
        let mut lengths = [0; 8];
        for head in self.segments.iter().flatten() {
            lengths[head.chain().count().min(8) - 1] += 1;
        }
        lengths
    }

    #[inline]
    pub(crate) fn position(
        &self,
        hash: u64,
        is_wanted: impl FnMut(&T) -> bool,
    ) -> Option<Position> {
        if self.buckets == 0 {
            return None;
        }
        let index = self.index(low_hash(hash));
        self.bucket(index).position(index, tag_of(hash), is_wanted)
    }

    /// 2^L - 1, where the table has 2^L buckets or up to twice that.
    #[inline]
    fn low_mask(&self) -> usize {
        (1 << self.buckets.ilog2()) - 1
    }

    #[inline]
    fn index(&self, hash: u32) -> usize {
        let low_mask = self.low_mask();
        let index = hash as usize & (low_mask * 2 + 1);
        if index < self.buckets { index } else { index & low_mask }
    }

    #[inline]
    fn bucket(&self, index: usize) -> &Bucket<T> {
        &self.segments[index >> SEGMENT_BITS][index & (SEGMENT - 1)]
    }

    #[inline]
    fn bucket_mut(&mut self, index: usize) -> &mut Bucket<T> {
        &mut self.segments[index >> SEGMENT_BITS][index & (SEGMENT - 1)]
    }

    fn push(&mut self, index: usize, tag: u8, element: T) {
        if let Some(overflow_len) = self.bucket_mut(index).push(tag, element) {
            self.overflow += 1;
            self.overflow_len_max = self.overflow_len_max.max(overflow_len);
        }
    }

    /// Adds one bucket and gives it its half of the bucket it splits from.
    fn split_one(&mut self) {
        if self.buckets.is_multiple_of(SEGMENT) {
            let room = if self.buckets == 0 { 1 } else { SEGMENT };
            self.segments.push(Vec::with_capacity(room));
        }
        if let Some(segment) = self.segments.last_mut() {
            segment.push(Bucket::default());
        }
        self.buckets += 1;
        if self.buckets == 1 {
            return;
        }
        let new = self.buckets - 1;
        let mut old = std::mem::take(self.bucket_mut(new - self.split_distance(new)));
        while let Some((tag, element, emptied)) = old.pop() {
            self.overflow -= usize::from(emptied);
            let index = self.index(element.low_hash());
            self.push(index, tag, element);
        }
    }

    /// Takes the last bucket away and gives its elements back to the one it was split from.
    fn join_one(&mut self) {
        if self.buckets <= 1 {
            if self.len == 0 {
                *self = Self::default();
            }
            return;
        }
        let last = self.buckets - 1;
        let target = last - self.split_distance(last);
        let Some(segment) = self.segments.last_mut() else { return };
        let Some(mut bucket) = segment.pop() else { return };
        if segment.is_empty() {
            self.segments.pop();
        } else if self.segments.len() == 1
            && let Some(first) = self.segments.first_mut()
            && first.len() * 4 <= first.capacity()
        {
            first.shrink_to(first.len() * 2);
        }
        self.buckets = last;
        while let Some((tag, element, emptied)) = bucket.pop() {
            self.overflow -= usize::from(emptied);
            self.push(target, tag, element);
        }
    }

    /// The highest power of two that is not above `bucket`: how far from its origin it lies.
    fn split_distance(&self, bucket: usize) -> usize {
        1 << bucket.ilog2()
    }
}

/// All elements, bucket by bucket.
pub(crate) struct Iter<'a, T> {
    table: &'a Table<T>,
    next_bucket: usize,
    chain: Option<&'a Bucket<T>>,
    slot: usize,
}

impl<'a, T: Hashed> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        loop {
            if let Some(bucket) = self.chain {
                if let Some(element) = bucket.slot(self.slot) {
                    self.slot += 1;
                    return Some(element);
                }
                self.slot = 0;
                self.chain = bucket.next();
                continue;
            }
            if self.next_bucket == self.table.buckets {
                return None;
            }
            self.chain = Some(self.table.bucket(self.next_bucket));
            self.next_bucket += 1;
        }
    }
}

#[cfg(test)]
mod tests;
