//! One database: its keys, and an index of those with a time to live.
//!
//! The index holds hashes only, eight bytes a key; the entry itself is then found in the main
//! table by its hash. Should two keys have the same 64 bits, the index holds them twice, and
//! either stands for both: nothing is lost but a little fairness in sampling.

use std::num::NonZeroU64;

use crate::bucket::Position;
use crate::entry::{Entry, NO_EXPIRY};
use crate::key_hash::hash_of;
use crate::table::{Hashed, Table, low_hash};
use crate::value::Value;

/// What becomes of the time to live of a key that is written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    Keep,
    Clear,
}

/// What [`Database::rename`] did.
#[must_use]
pub enum Renamed {
    /// There is no key of the old name.
    NoSuchKey,
    /// Done; with what the new name held before.
    Done(Option<Box<Entry>>),
}

impl Hashed for NonZeroU64 {
    fn low_hash(&self) -> u32 {
        low_hash(self.get())
    }
}

/// The most keys that [`Database::warm`] takes at once.
const WARM_KEYS: usize = 16;
/// Smaller databases are in the cache anyway.
const WARM_LEN_MIN: usize = 16 * 1024;

/// Where a key's entry lies: good until a key is added to the database or taken out of it. So a
/// command can look a key up once, see whether it has expired, and then mark and change it.
#[derive(Clone, Copy, Debug)]
pub struct Place(Position);

/// A key that is not there, with its hash: good until a key is added.
#[derive(Clone, Copy, Debug)]
pub struct Vacancy(u64);

/// The keys of one database.
#[derive(Default)]
pub struct Database {
    entries: Table<Box<Entry>>,
    expires: Table<NonZeroU64>,
    pub(crate) expire_cursor: u64,
    pub(crate) avg_ttl_ms: i64,
}

impl Database {
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of keys, expired ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of keys with a time to live.
    pub fn expires_len(&self) -> usize {
        self.expires.len()
    }

    /// The mean time to live in milliseconds as of the last [`Database::expire_step`]s; 0 if no
    /// key has one.
    pub fn avg_ttl_ms(&self) -> i64 {
        self.avg_ttl_ms
    }

    /// The entry of `key`, expired or not.
    #[inline]
    pub fn find(&self, key: &[u8]) -> Option<&Entry> {
        let entry = self.entries.find(hash_of(key), |entry| entry.key() == key)?;
        Some(entry)
    }

    #[inline]
    pub fn find_mut(&mut self, key: &[u8]) -> Option<&mut Entry> {
        let hash = hash_of(key);
        let entry = self.entries.find_mut(hash, |entry| entry.key() == key)?;
        Some(entry)
    }

    /// Brings what lies under the next few `keys` into the processor's cache, all of it at once, and
    /// returns for how many keys. Looked up one after the other in a large database, each key would
    /// wait for memory twice or three times; a pipeline need not. Of a single key, and in a
    /// database that is in the cache anyway, it does nothing.
    ///
    /// Measured (`cargo bench -p keyspace`, 2 million keys, sixteen at a time): a look-up takes 370
    /// ns instead of 840, this included.
    pub fn warm<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) -> usize {
        if self.len() < WARM_LEN_MIN {
            return 0;
        }
        let mut next: [&[u8]; WARM_KEYS] = [&[]; WARM_KEYS];
        let mut count = 0;
        for (place, key) in next.iter_mut().zip(keys) {
            *place = key;
            count += 1;
        }
        if count > 1 {
            let hashes = next.map(hash_of);
            let entries = self.entries.likely(&hashes);
            // Each of the two lines reads memory whose address the line before had to wait for.
            let stamps = entries.map(|entry| entry.map_or(0, |entry| entry.access));
            let bytes = entries.map(|entry| entry.map_or(0, |entry| entry.value.first_byte()));
            std::hint::black_box((stamps, bytes));
        }
        count
    }

    /// Where `key` lies, or that it is not there.
    #[inline]
    pub fn locate(&self, key: &[u8]) -> Result<Place, Vacancy> {
        let hash = hash_of(key);
        let found = self.entries.position(hash, |entry| entry.key() == key);
        found.map(Place).ok_or(Vacancy(hash))
    }

    /// The entry at a place that [`Database::locate`] gave; `None` if the place is outdated and
    /// nothing lies there any more.
    #[inline]
    pub fn entry_at(&self, place: Place) -> Option<&Entry> {
        self.entries.at(place.0).map(|entry| &**entry)
    }

    #[inline]
    pub fn entry_at_mut(&mut self, place: Place) -> Option<&mut Entry> {
        self.entries.at_mut(place.0).map(|entry| &mut **entry)
    }

    /// Takes away the time to live of the entry at `place`; tells whether it had one.
    pub fn persist_at(&mut self, place: Place) -> bool {
        let Some(entry) = self.entries.at_mut(place.0) else { return false };
        if !entry.has_expiry() {
            return false;
        }
        entry.expire_at_ms = NO_EXPIRY;
        let hash = hash_of(entry.key());
        unindex(&mut self.expires, hash);
        true
    }

    /// Adds a key that was found missing, without a time to live.
    pub fn insert_vacant(&mut self, vacancy: Vacancy, key: &[u8], value: Value, access: u32) {
        debug_assert!(
            !self.contains(key) && hash_of(key) == vacancy.0,
            "the vacancy is of this key"
        );
        let entry = Box::new(Entry::new(key, vacancy.0, value, access));
        self.entries.insert_new(vacancy.0, entry);
    }

    #[inline]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.find(key).is_some()
    }

    /// Sets `key` to `value` and returns the value it had. A new key gets no time to live, and
    /// `access` as its mark of use; an old one keeps its mark.
    #[must_use = "dropping a value may run a module's code"]
    pub fn insert(&mut self, key: &[u8], value: Value, ttl: Ttl, access: u32) -> Option<Value> {
        let hash = hash_of(key);
        if let Some(entry) = self.entries.find_mut(hash, |entry| entry.key() == key) {
            if ttl == Ttl::Clear && entry.has_expiry() {
                entry.expire_at_ms = NO_EXPIRY;
                unindex(&mut self.expires, hash);
            }
            return Some(std::mem::replace(&mut entry.value, value));
        }
        self.entries.insert_new(hash, Box::new(Entry::new(key, hash, value, access)));
        None
    }

    /// Moves an entry in with its time to live and mark of use, as MOVE does; returns what was
    /// under its key.
    #[must_use = "dropping a value may run a module's code"]
    pub fn insert_entry(&mut self, entry: Box<Entry>) -> Option<Box<Entry>> {
        let hash = hash_of(entry.key());
        let old = self.remove_hashed(hash, entry.key());
        if entry.has_expiry() {
            index(&mut self.expires, hash);
        }
        self.entries.insert_new(hash, entry);
        old
    }

    /// Takes `key` out.
    #[must_use = "dropping a value may run a module's code"]
    pub fn remove(&mut self, key: &[u8]) -> Option<Box<Entry>> {
        self.remove_hashed(hash_of(key), key)
    }

    /// Gives the entry of `from` the key `to`, time to live and mark of use included. The same
    /// name twice changes nothing.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) -> Renamed {
        let Some(mut entry) = self.remove(from) else { return Renamed::NoSuchKey };
        if from != to {
            entry.set_key(to, hash_of(to));
        }
        Renamed::Done(self.insert_entry(entry))
    }

    /// Sets or (with `None`) takes away the time to live of `key`, in milliseconds of Unix time.
    /// Returns whether there is such a key.
    pub fn set_expire(&mut self, key: &[u8], expire_at_ms: Option<i64>) -> bool {
        let hash = hash_of(key);
        let found = self.entries.find_mut(hash, |entry| entry.key() == key);
        let Some(entry) = found else { return false };
        let had = entry.has_expiry();
        // A time before 1970 is as long past as 1970 itself.
        entry.expire_at_ms = expire_at_ms.map_or(NO_EXPIRY, |at| at.max(0));
        match (had, expire_at_ms.is_some()) {
            (false, true) => index(&mut self.expires, hash),
            (true, false) => unindex(&mut self.expires, hash),
            (true, true) | (false, false) => {}
        }
        true
    }

    /// When `key` expires, if it exists and ever does.
    pub fn expire_of(&self, key: &[u8]) -> Option<i64> {
        self.find(key).filter(|entry| entry.has_expiry()).map(Entry::expire_at_ms)
    }

    /// One step of SCAN: calls `visit` with some entries and returns the next cursor, 0 at the
    /// end. Every key that is there from the first step to the last is visited at least once.
    pub fn scan<'a>(&'a self, cursor: u64, mut visit: impl FnMut(&'a Entry)) -> u64 {
        self.entries.scan(cursor, |entry| visit(entry))
    }

    /// As [`Database::scan`], only the entries with a time to live.
    pub fn scan_expires<'a>(&'a self, cursor: u64, mut visit: impl FnMut(&'a Entry)) -> u64 {
        self.expires.scan(cursor, |hash| {
            if let Some(entry) = self.indexed(*hash) {
                visit(entry);
            }
        })
    }

    /// A key at random, expired or not, each with the same probability.
    pub fn random(&self, rng: &mut fastrand::Rng) -> Option<&Entry> {
        self.entries.random(rng).map(|entry| &**entry)
    }

    /// As [`Database::random`], among the keys with a time to live.
    pub fn random_with_expire(&self, rng: &mut fastrand::Rng) -> Option<&Entry> {
        self.indexed(*self.expires.random(rng)?)
    }

    /// All entries, in the table's order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|entry| &**entry)
    }

    /// Empties the database. What was in it can be dropped on another thread, or looked through
    /// first for values that cannot.
    #[must_use = "dropping a value may run a module's code"]
    pub fn clear(&mut self) -> Drained {
        let old = std::mem::take(self);
        Drained { entries: old.entries, expires: old.expires }
    }

    /// Bytes of heap that the tables take, without the entries.
    pub fn table_heap_size(&self) -> usize {
        self.entries.heap_size() + self.expires.heap_size()
    }

    /// Of the main table, for DEBUG HTSTATS.
    pub fn table_stats(&self) -> TableStats {
        TableStats::of(&self.entries)
    }

    /// Of the index of keys with a time to live.
    pub fn expires_stats(&self) -> TableStats {
        TableStats::of(&self.expires)
    }

    fn indexed(&self, hash: NonZeroU64) -> Option<&Entry> {
        let hash = hash.get();
        // The half that the entry keeps rules nearly all others out; the whole decides.
        let is_wanted = |entry: &Entry| {
            entry.has_expiry() && entry.low_hash() == low_hash(hash) && hash_of(entry.key()) == hash
        };
        self.entries.find(hash, |entry| is_wanted(entry)).map(|entry| &**entry)
    }

    fn remove_hashed(&mut self, hash: u64, key: &[u8]) -> Option<Box<Entry>> {
        let entry = self.entries.remove(hash, |entry| entry.key() == key)?;
        if entry.has_expiry() {
            unindex(&mut self.expires, hash);
        }
        Some(entry)
    }
}

fn index(expires: &mut Table<NonZeroU64>, hash: u64) {
    expires.insert_new(hash, NonZeroU64::new(hash).unwrap_or(NonZeroU64::MIN));
}

fn unindex(expires: &mut Table<NonZeroU64>, hash: u64) {
    let removed = expires.remove(hash, |indexed| indexed.get() == hash);
    debug_assert!(removed.is_some(), "a key with a time to live is in the index");
}

/// What a database held; can be sent to another thread to be dropped there.
#[derive(Default)]
pub struct Drained {
    entries: Table<Box<Entry>>,
    expires: Table<NonZeroU64>,
}

impl Drained {
    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|entry| &**entry)
    }

    /// Puts it in the place of what `database` holds, which is returned: how a full
    /// synchronisation that was read on the side is taken over, or thrown away.
    #[must_use = "dropping a value may run a module's code"]
    pub fn restore_into(self, database: &mut Database) -> Self {
        let old = database.clear();
        database.entries = self.entries;
        database.expires = self.expires;
        old
    }
}

impl IntoIterator for Drained {
    type Item = Box<Entry>;
    type IntoIter = Box<dyn Iterator<Item = Box<Entry>> + Send>;

    fn into_iter(mut self) -> Self::IntoIter {
        Box::new(self.entries.drain())
    }
}

/// The shape of a table.
#[derive(Clone, Debug)]
pub struct TableStats {
    pub len: usize,
    pub buckets: usize,
    pub overflow_buckets: usize,
    /// How many chains are one bucket long, two, and so on; the last is "8 or more".
    pub chain_lengths: [usize; 8],
    pub heap_size: usize,
}

impl TableStats {
    fn of<T: Hashed>(table: &Table<T>) -> Self {
        Self {
            len: table.len(),
            buckets: table.bucket_count(),
            overflow_buckets: table.overflow_count(),
            chain_lengths: table.chain_lengths(),
            heap_size: table.heap_size(),
        }
    }
}
