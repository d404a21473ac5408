//! A bucket of the hash table: one cache line.
//!
//! ```text
//! OFFSET  SIZE  DESCRIPTION
//! 0       6     tag of each slot: one byte of the hash, never 0; 0 is empty
//! 6       1     slots in use
//! 7       1     unused
//! 8       48    6 slots: pointers to what is stored
//! 56      8     the overflow bucket, or null
//! ```
//!
//! The tags are compared all at once, and rule out all but one in 255 of the elements that are not
//! meant, so that a lookup follows about one pointer.

/// Elements to a bucket.
pub(crate) const SLOTS: usize = 6;

/// Where an element lies, until one is added or removed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub(crate) bucket: usize,
    pub(crate) depth: usize,
    pub(crate) slot: usize,
}

/// A bucket, or the first of a chain of them.
#[repr(align(64))]
pub(crate) struct Bucket<T> {
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
    /// How many slots of this one bucket are taken; they are the first ones.
    pub(crate) fn used(&self) -> usize {
        usize::from(self.tags[SLOTS])
    }

    #[inline]
    pub(crate) fn slot(&self, slot: usize) -> Option<&T> {
        self.slots.get(slot)?.as_ref()
    }

    #[inline]
    pub(crate) fn slot_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.slots.get_mut(slot)?.as_mut()
    }

    #[cfg(test)]
    pub(crate) fn tag(&self, slot: usize) -> u8 {
        self.tags[slot]
    }

    /// The overflow bucket.
    pub(crate) fn next(&self) -> Option<&Self> {
        self.next.as_deref()
    }

    /// Puts an element in the place of another, which is returned.
    pub(crate) fn replace(&mut self, slot: usize, tag: u8, element: T) -> Option<T> {
        self.tags[slot] = tag;
        self.slots[slot].replace(element)
    }

    /// The tags of this one bucket.
    #[inline]
    pub(crate) fn tags(&self) -> [u8; 8] {
        self.tags
    }

    /// Where in the chain from this bucket, number `bucket` of its table, the element of that tag
    /// lies for which `is_wanted` holds.
    #[inline]
    pub(crate) fn position(
        &self,
        bucket: usize,
        tag: u8,
        mut is_wanted: impl FnMut(&T) -> bool,
    ) -> Option<Position> {
        let mut current = self;
        let mut depth = 0;
        loop {
            let mut candidates = matching(current.tags, tag);
            while candidates != 0 {
                let slot = (candidates.trailing_zeros() / 8) as usize;
                if current.slot(slot).is_some_and(&mut is_wanted) {
                    return Some(Position { bucket, depth, slot });
                }
                candidates &= candidates - 1;
            }
            current = current.next.as_deref()?;
            depth += 1;
        }
    }

    /// Adds to the last bucket of the chain; the others are always full.
    /// If an overflow bucket had to be made, returns how many the chain has now.
    pub(crate) fn push(&mut self, tag: u8, element: T) -> Option<usize> {
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
    pub(crate) fn pop(&mut self) -> Option<(u8, T, bool)> {
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

    pub(crate) fn nth(&self, depth: usize) -> Option<&Self> {
        let mut bucket = self;
        for _ in 0..depth {
            bucket = bucket.next.as_deref()?;
        }
        Some(bucket)
    }

    pub(crate) fn nth_mut(&mut self, depth: usize) -> Option<&mut Self> {
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

    pub(crate) fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |bucket| bucket.next.as_deref())
    }

    pub(crate) fn elements(&self) -> impl Iterator<Item = &T> {
        self.chain().flat_map(|bucket| bucket.slots.iter().flatten())
    }
}

/// Bit 7 of each byte of the result tells that the tag there may be `tag`. A byte above a true
/// match can be marked without being one; the caller compares keys anyway.
#[inline]
pub(crate) fn matching(tags: [u8; 8], tag: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const SLOT_HIGHS: u64 = 0x0000_8080_8080_8080;
    let differences = u64::from_le_bytes(tags) ^ (u64::from(tag) * ONES);
    differences.wrapping_sub(ONES) & !differences & SLOT_HIGHS
}

/// The high byte of the hash, since the low bits choose the bucket.
#[inline]
pub(crate) fn tag_of(hash: u64) -> u8 {
    ((hash >> 56) as u8).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_match_where_they_are() {
        let tags = [7, 0, 7, 255, 1, 7, 3, 7];
        assert_eq!(matching(tags, 7).count_ones(), 3);
        assert_eq!(matching(tags, 255).trailing_zeros() / 8, 3);
        assert_eq!(matching(tags, 9), 0);
    }

    #[test]
    fn a_bucket_is_one_cache_line() {
        assert_eq!(size_of::<Bucket<Box<u8>>>(), 64);
    }
}
