//! One key with its value, its time to live and the mark of its last use.

use byte_string::ByteString;

use crate::stored_bytes::StoredBytes;
use crate::table::{Hashed, low_hash};
use crate::value::Value;

/// [`Entry::expire_at_ms`] of a key that does not expire.
pub const NO_EXPIRY: i64 = -1;

/// Bytes of buckets to an entry, on average.
const TABLE_SHARE: usize = 18;

/// A key and all that is kept with it: 64 bytes on the heap, one cache line.
pub struct Entry {
    key: StoredBytes,
    hash: u32,
    pub value: Value,
    pub(crate) expire_at_ms: i64,
    /// The LRU clock of the last use, or the LFU counter with its minute, whichever the policy in
    /// force writes; see [`crate::lru_stamp`] and [`crate::lfu_touched`]. 24 bits.
    pub access: u32,
}

impl Entry {
    pub(crate) fn new(key: &[u8], hash: u64, value: Value, access: u32) -> Self {
        let (key, hash) = (StoredBytes::name(key), low_hash(hash));
        Self { key, hash, value, expire_at_ms: NO_EXPIRY, access }
    }

    pub(crate) fn set_key(&mut self, key: &[u8], hash: u64) {
        self.key = StoredBytes::name(key);
        self.hash = low_hash(hash);
    }

    #[inline]
    pub fn key(&self) -> &[u8] {
        self.key.as_bytes()
    }

    /// The key as a string of its own: a copy.
    pub fn key_string(&self) -> ByteString {
        self.key.to_byte_string()
    }

    /// Unix time in milliseconds, or [`NO_EXPIRY`]; changed through
    /// [`crate::Database::set_expire`].
    #[inline]
    pub fn expire_at_ms(&self) -> i64 {
        self.expire_at_ms
    }

    #[inline]
    pub fn has_expiry(&self) -> bool {
        self.expire_at_ms != NO_EXPIRY
    }

    /// Whether the time to live is over at `now_ms`.
    #[inline]
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.has_expiry() && now_ms > self.expire_at_ms
    }

    #[inline]
    pub(crate) fn low_hash(&self) -> u32 {
        self.hash
    }

    /// Bytes of heap for this entry, its key and value, and its share in the table: MEMORY USAGE. `samples` elements of a
    /// large value are looked at, all of them if it is 0. What a module holds is not included.
    pub fn heap_size(&self, samples: usize) -> usize {
        TABLE_SHARE + size_of::<Self>() + self.key.heap_size() + self.value.heap_size(samples)
    }

    pub fn into_key_value(self) -> (ByteString, Value) {
        (self.key.to_byte_string(), self.value)
    }
}

impl Hashed for Box<Entry> {
    #[inline]
    fn low_hash(&self) -> u32 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_cache_line() {
        assert_eq!(size_of::<Entry>(), 64);
    }
}
