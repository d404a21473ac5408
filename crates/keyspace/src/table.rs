//! The hash table under databases, expiry indexes and large hashes.
//!
//! # Linear hashing in buckets of one cache line
//!
//! ```text
//! Bucket, 64 bytes   OFFSET  SIZE  DESCRIPTION
//!                    0       6     tag of each slot: one byte of the hash, never 0; 0 is empty
//!                    6       1     slots in use
//!                    7       1     unused
//!                    8       48    6 slots: pointers to what is stored
//!                    56      8     the overflow bucket, or null
//! ```
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
//! leaves half of it empty afterwards.
//!
//! Buckets are held in segments, so that growth never copies more than the first few buckets.

const SLOTS: usize = 6;
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

#[repr(align(64))]
struct Bucket<T> {
    tags: [u8; 8],
    slots: [Option<T>; SLOTS],
    next: Option<Box<Bucket<T>>>,
}

impl<T> Default for Bucket<T> {
    fn default() -> Self {
        Self { tags: [0; 8], slots: [const { None }; SLOTS], next: None }
    }
}

impl<T> Bucket<T> {
    fn used(&self) -> usize {
        usize::from(self.tags[SLOTS])
    }

    /// Adds to the last bucket of the chain; the others are always full.
    /// If an overflow bucket had to be made, returns how many the chain has now.
    fn push(&mut self, tag: u8, element: T) -> Option<usize> {
        let overflow = self.overflow_len();
        let last = self.nth_mut(overflow)?;
        let made = last.used() == SLOTS;
        let last = if made { &mut **last.next.insert(Box::default()) } else { last };
        let used = last.used();
        last.tags[used] = tag;
        last.slots[used] = Some(element);
        last.tags[SLOTS] += 1;
        made.then_some(overflow + 1)
    }

    /// Takes the last element of the chain out. Tells whether an overflow bucket went with it.
    fn pop(&mut self) -> Option<(u8, T, bool)> {
        let overflow = self.overflow_len();
        let (tag, element, left) = self.nth_mut(overflow)?.pop_here()?;
        let emptied = left == 0 && overflow > 0;
        if emptied {
            self.nth_mut(overflow - 1)?.next = None;
        }
        Some((tag, element, emptied))
    }

    fn pop_here(&mut self) -> Option<(u8, T, usize)> {
        let last = self.used().checked_sub(1)?;
        let tag = std::mem::take(&mut self.tags[last]);
        self.tags[SLOTS] = last as u8;
        Some((tag, self.slots[last].take()?, last))
    }

    fn nth(&self, depth: usize) -> Option<&Self> {
        let mut bucket = self;
        for _ in 0..depth {
            bucket = bucket.next.as_deref()?;
        }
        Some(bucket)
    }

    fn nth_mut(&mut self, depth: usize) -> Option<&mut Self> {
        let mut bucket = self;
        for _ in 0..depth {
            bucket = bucket.next.as_deref_mut()?;
        }
        Some(bucket)
    }

    /// The number of overflow buckets.
    fn overflow_len(&self) -> usize {
        let mut bucket = self;
        let mut len = 0;
        while let Some(next) = bucket.next.as_deref() {
            bucket = next;
            len += 1;
        }
        len
    }

    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |bucket| bucket.next.as_deref())
    }

    fn elements(&self) -> impl Iterator<Item = &T> {
        self.chain().flat_map(|bucket| bucket.slots.iter().flatten())
    }
}

/// Bit 7 of each byte of the result tells that the tag there may be `tag`. A byte above a true
/// match can be marked without being one; the caller compares keys anyway.
#[inline]
fn matching(tags: [u8; 8], tag: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const SLOT_HIGHS: u64 = 0x0000_8080_8080_8080;
    let differences = u64::from_le_bytes(tags) ^ (u64::from(tag) * ONES);
    differences.wrapping_sub(ONES) & !differences & SLOT_HIGHS
}

/// The high byte of the hash, since the low bits choose the bucket.
#[inline]
fn tag_of(hash: u64) -> u8 {
    ((hash >> 56) as u8).max(1)
}

/// Where an element lies, until one is added or removed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    bucket: usize,
    depth: usize,
    slot: usize,
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

    /// The element that lies there; `None` if the position is outdated and nothing lies there.
    #[inline]
    pub(crate) fn at(&self, at: Position) -> Option<&T> {
        let head = self.segments.get(at.bucket >> SEGMENT_BITS)?.get(at.bucket & (SEGMENT - 1))?;
        head.nth(at.depth)?.slots[at.slot].as_ref()
    }

    #[inline]
    pub(crate) fn at_mut(&mut self, at: Position) -> Option<&mut T> {
        let segment = self.segments.get_mut(at.bucket >> SEGMENT_BITS)?;
        segment.get_mut(at.bucket & (SEGMENT - 1))?.nth_mut(at.depth)?.slots[at.slot].as_mut()
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
            Some(bucket) if at.slot < bucket.used() => {
                bucket.tags[at.slot] = tag;
                bucket.slots[at.slot].replace(last)?
            }
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
                && let Some(element) = &bucket.slots[place % SLOTS]
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
        mut is_wanted: impl FnMut(&T) -> bool,
    ) -> Option<Position> {
        if self.buckets == 0 {
            return None;
        }
        let index = self.index(low_hash(hash));
        let tag = tag_of(hash);
        let mut bucket = self.bucket(index);
        let mut depth = 0;
        loop {
            let mut candidates = matching(bucket.tags, tag);
            while candidates != 0 {
                let slot = (candidates.trailing_zeros() / 8) as usize;
                if bucket.slots[slot].as_ref().is_some_and(&mut is_wanted) {
                    return Some(Position { bucket: index, depth, slot });
                }
                candidates &= candidates - 1;
            }
            bucket = bucket.next.as_deref()?;
            depth += 1;
        }
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
                if let Some(element) = bucket.slots.get(self.slot).and_then(Option::as_ref) {
                    self.slot += 1;
                    return Some(element);
                }
                self.slot = 0;
                self.chain = bucket.next.as_deref();
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
mod tests {
    use super::*;

    /// Two halves of a hash that the test chooses, and a name.
    #[derive(Debug, PartialEq, Eq, Clone, Copy)]
    struct Element {
        hash: u64,
        name: u32,
    }

    impl Hashed for Box<Element> {
        fn low_hash(&self) -> u32 {
            low_hash(self.hash)
        }
    }

    impl Table<Box<Element>> {
        fn assert_sound(&self) {
            let mut len = 0;
            let mut overflow = 0;
            for index in 0..self.buckets {
                for (depth, bucket) in self.bucket(index).chain().enumerate() {
                    overflow += usize::from(depth > 0);
                    let used = bucket.used();
                    // All but the last are full, and only the head may be empty.
                    assert!(used == SLOTS || bucket.next.is_none());
                    assert!(used > 0 || depth == 0);
                    for slot in 0..SLOTS {
                        let element = bucket.slots[slot].as_ref();
                        assert_eq!(element.is_some(), slot < used);
                        assert_eq!(bucket.tags[slot], element.map_or(0, |it| tag_of(it.hash)));
                        assert!(element.is_none_or(|it| self.index(it.low_hash()) == index));
                    }
                    len += used;
                }
            }
            assert_eq!((self.len, self.overflow), (len, overflow));
            let held: usize = self.segments.iter().map(Vec::len).sum();
            assert_eq!(held, self.buckets);
        }
    }

    /// `spread` hashes, in bits that choose a bucket early, late or never.
    fn hash(name: u32, spread: u32, shift: u32) -> u64 {
        u64::from(name % spread) << shift
    }

    #[test]
    fn a_table_does_what_a_list_does_whatever_the_hashes() {
        for (spread, shift) in [(1, 0), (3, 0), (7, 5), (40, 12), (40, 30), (100_000, 0), (5, 56)] {
            let mut rng = fastrand::Rng::with_seed(u64::from(spread));
            let mut table = Table::default();
            let mut model: Vec<Element> = Vec::new();
            for round in 0..6000 {
                let grows = round / 1500 % 2 == 0;
                if model.is_empty() || rng.u32(..10) < if grows { 8 } else { 1 } {
                    let element = Element { hash: hash(round, spread, shift), name: round };
                    model.push(element);
                    table.insert_new(element.hash, Box::new(element));
                } else {
                    let gone = model.swap_remove(rng.usize(..model.len()));
                    let found = table.find(gone.hash, |it| it.name == gone.name);
                    assert_eq!(found.map(|it| **it), Some(gone));
                    let removed = table.remove(gone.hash, |it| it.name == gone.name);
                    assert_eq!(removed.as_deref(), Some(&gone));
                    assert!(table.remove(gone.hash, |it| it.name == gone.name).is_none());
                }
                if round % 200 == 0 {
                    table.assert_sound();
                }
            }
            table.assert_sound();
            let mut names: Vec<u32> = table.iter().map(|element| element.name).collect();
            let mut expected: Vec<u32> = model.iter().map(|element| element.name).collect();
            names.sort_unstable();
            expected.sort_unstable();
            assert_eq!(names, expected);
            let mut drained: Vec<u32> = table.drain().map(|element| element.name).collect();
            drained.sort_unstable();
            assert_eq!(drained, expected);
            table.assert_sound();
        }
    }

    #[test]
    fn an_empty_table_takes_nothing() {
        let mut table = Table::<Box<Element>>::default();
        assert_eq!(table.heap_size(), 0);
        assert!(table.find(1, |_| true).is_none());
        assert_eq!(table.scan(0, |_| panic!("nothing is there")), 0);
        for name in 0..5000 {
            table.insert_new(u64::from(name), Box::new(Element { hash: name.into(), name }));
        }
        for name in 0..5000 {
            assert!(table.remove(u64::from(name), |it| it.name == name).is_some());
        }
        assert_eq!(table.heap_size(), 0);
    }

    #[test]
    fn growth_moves_little_at_a_time() {
        let mut table = Table::default();
        let mut rng = fastrand::Rng::with_seed(8);
        for name in 0..100_000 {
            let before = table.buckets;
            table.insert_new(0, Box::new(Element { hash: 0, name }));
            let Some(moved) = table.remove(0, |it| it.name == name) else { panic!("just put in") };
            let hash = rng.u64(..);
            table.insert_new(hash, Box::new(Element { hash, ..*moved }));
            assert!(table.buckets <= before + 2);
        }
        // The fill is as steady as promised.
        let fill = table.len as f64 / table.buckets as f64;
        assert!((3.9..=4.1).contains(&fill), "{fill}");
        let chained = table.overflow as f64 / table.buckets as f64;
        assert!(chained < 0.2, "{chained}");
    }

    #[test]
    fn sampling_is_even() {
        let mut table = Table::default();
        let mut rng = fastrand::Rng::with_seed(3);
        // So many that some buckets have not been split for long, and have long chains.
        for name in 0..3700 {
            let hash = rng.u64(..);
            table.insert_new(hash, Box::new(Element { hash, name }));
        }
        assert!(table.chain_lengths()[2] > 0);
        let mut drawn = [0_u32; 3700];
        for _ in 0..3700 * 400 {
            let Some(element) = table.random(&mut rng) else { panic!("not empty") };
            drawn[element.name as usize] += 1;
        }
        // 400 each, give or take five times the square root of that.
        assert!(drawn.iter().all(|&times| (300..500).contains(&times)), "{drawn:?}");
    }

    #[test]
    fn tags_match_where_they_are() {
        let tags = [7, 0, 7, 255, 1, 7, 3, 7];
        assert_eq!(matching(tags, 7).count_ones(), 3);
        assert_eq!(matching(tags, 255).trailing_zeros() / 8, 3);
        assert_eq!(matching(tags, 9), 0);
    }
}
