//! Finding, putting and removing keys: the only doors from commands to the keyspace.
//!
//! They carry what Valkey's lookups carry: lazy expiry, hit and miss counts, LRU/LFU, WATCH, and the return of old
//! values to be freed where no borrow is held.

use byte_string::ByteString;
use keyspace::{Database, Entry, Place, Vacancy, Value};

use crate::call::{Call, call_flag};
use crate::engine::Engine;
use crate::hooks::Removal;
use crate::notify::class;

/// How a look-up counts and touches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Leaves the idle time and frequency as they are.
    pub no_touch: bool,
    /// Counts neither hit nor miss.
    pub no_stats: bool,
    /// Sends no `keymiss` event.
    pub no_notify: bool,
    /// Gives an expired key as if it were there, and does not delete it.
    pub no_expire: bool,
}

impl Engine {
    pub fn db(&self, db: usize) -> &Database {
        self.keyspace.db(db)
    }

    pub fn db_mut(&mut self, db: usize) -> &mut Database {
        self.keyspace.db_mut(db)
    }

    /// The entry of a key for a command that reads it: expired keys are not there, hits and misses count, and the
    /// key is touched.
    pub fn find_read(&mut self, call: &Call, key: &ByteString) -> Option<&Entry> {
        let look = Look { no_touch: call.has(call_flag::NO_TOUCH), ..Look::default() };
        self.find_read_with(call.db, key, look)
    }

    /// [`Engine::find_read`] with the look-up's side effects chosen.
    pub fn find_read_with(&mut self, db: usize, key: &ByteString, look: Look) -> Option<&Entry> {
        let Ok(place) = self.locate_live(db, key, look.no_expire) else {
            self.count_miss(db, key, look);
            return None;
        };
        if !look.no_stats {
            self.stats.keyspace_hits += 1;
        }
        if !look.no_touch {
            self.touch_at(db, place);
        }
        self.keyspace.db(db).entry_at(place)
    }

    fn count_miss(&mut self, db: usize, key: &ByteString, look: Look) {
        if !look.no_stats {
            self.stats.keyspace_misses += 1;
        }
        if !look.no_notify {
            self.notify(class::KEY_MISS, "keymiss", key, db);
        }
    }

    /// The entry of a key for a command that changes it: expired keys are deleted first; the key is touched.
    pub fn find_write(&mut self, db: usize, key: &ByteString) -> Option<&mut Entry> {
        let place = self.locate_write(db, key).ok()?;
        self.keyspace.db_mut(db).entry_at_mut(place)
    }

    /// [`Engine::find_write`] for a command that may go on to add or replace the key: where it lies, good until the
    /// next event or change of keys.
    pub fn locate_write(&mut self, db: usize, key: &ByteString) -> Result<Place, Vacancy> {
        let place = self.locate_live(db, key, false)?;
        self.touch_at(db, place);
        Ok(place)
    }

    fn locate_live(
        &mut self,
        db: usize,
        key: &ByteString,
        no_expire: bool,
    ) -> Result<Place, Vacancy> {
        let place = self.keyspace.db(db).locate(key)?;
        if no_expire || !self.is_due(db, place) {
            return Ok(place);
        }
        self.delete_expired(db, key);
        // A module that heard of it may have put the key back.
        self.keyspace.db(db).locate(key)
    }

    /// Whether the key there is to be deleted since its time has come.
    fn is_due(&self, db: usize, place: Place) -> bool {
        self.keyspace
            .db(db)
            .entry_at(place)
            .is_some_and(|entry| entry.is_expired(self.clock.now_ms))
            && !self.loading
            && !self.expiry_paused
    }

    /// Marks a key as used now, unless a saving child shares its page.
    fn touch_at(&mut self, db: usize, place: Place) {
        if self.child_running {
            return;
        }
        let lfu = self.config.maxmemory_policy.is_lfu().then(|| self.config.lfu());
        let now_ms = self.clock.now_ms;
        let Some(entry) = self.keyspace.db_mut(db).entry_at_mut(place) else { return };
        entry.access = match lfu {
            Some(lfu) => keyspace::lfu_touched(entry.access, now_ms, lfu, &mut self.rng),
            None => keyspace::lru_stamp(now_ms),
        };
    }

    /// Whether the key is there and not expired, without any effect on it.
    pub fn exists(&mut self, db: usize, key: &ByteString) -> bool {
        self.expire_if_due(db, key);
        self.db(db).find(key).is_some()
    }

    /// Deletes the key if its time has come; true when it did.
    pub fn expire_if_due(&mut self, db: usize, key: &ByteString) -> bool {
        if self.keyspace.db(db).expires_len() == 0 {
            return false;
        }
        let due = self.keyspace.db(db).locate(key).is_ok_and(|place| self.is_due(db, place));
        if due {
            self.delete_expired(db, key);
        }
        due
    }

    /// Deletes a key whose time has come, with its event, its count and its DEL for those who repeat commands.
    pub fn delete_expired(&mut self, db: usize, key: &ByteString) {
        let lazy = self.config.lazyfree_lazy_expire;
        if self.remove_with(db, key, Removal::Expired, lazy) {
            self.stats.expired_keys += 1;
            self.propagate_del(db, key, lazy);
            self.notify(class::EXPIRED, "expired", key, db);
        }
    }

    fn propagate_del(&mut self, db: usize, key: &ByteString, lazy: bool) {
        let word = ByteString::from(if lazy { "UNLINK" } else { "DEL" });
        self.propagation.push(db, &[word, key.clone()], crate::propagation::target::ALL);
    }

    /// Removes a key for DEL and the like; false when it was not there. `lazy` frees large values in the background.
    /// Counts one change; the event is the caller's to send.
    pub fn remove(&mut self, db: usize, key: &ByteString, lazy: bool) -> bool {
        if self.expire_if_due(db, key) {
            return false;
        }
        let removed = self.remove_with(db, key, Removal::Deleted, lazy);
        if removed {
            self.dirty += 1;
        }
        removed
    }

    /// Removes a key for any cause, telling modules and watchers.
    pub fn remove_with(&mut self, db: usize, key: &ByteString, cause: Removal, lazy: bool) -> bool {
        if let Some(key_removed) = self.modules.key_removed
            && self.db(db).find(key).is_some()
        {
            key_removed(self, cause, key, db);
        }
        let Some(entry) = self.keyspace.db_mut(db).remove(key) else { return false };
        self.signal_modified(db, key);
        let (_, value) = entry.into_key_value();
        self.free_value(Some(key), db, value, lazy);
        true
    }

    /// Puts a value under a key, old or new. The old value is freed; its time to live goes unless `keep_ttl`. An
    /// overwritten key keeps nothing else. Counts no change and sends no event but `new`: those are the command's.
    pub fn put(&mut self, db: usize, key: &ByteString, value: Value, keep_ttl: bool) {
        match self.locate_write(db, key) {
            Ok(place) => self.replace(db, place, key, value, keep_ttl),
            Err(vacancy) => self.add(db, vacancy, key, value),
        }
        self.signal_modified(db, key);
    }

    /// Adds a key that [`Engine::locate_write`] did not find. Like [`Engine::put`], but the key is not signalled as
    /// modified.
    pub fn add(&mut self, db: usize, vacancy: Vacancy, key: &ByteString, value: Value) {
        let mark = self.first_mark();
        self.keyspace.db_mut(db).insert_vacant(vacancy, key, value, mark);
        self.notify(class::NEW, "new", key, db);
    }

    /// Puts another value in the place of a key's old one, which is freed. Like [`Engine::put`], but the key is not
    /// signalled as modified.
    pub fn replace(
        &mut self,
        db: usize,
        place: Place,
        key: &ByteString,
        value: Value,
        keep_ttl: bool,
    ) {
        let mut place = place;
        if let Some(key_removed) = self.modules.key_removed {
            key_removed(self, Removal::Overwritten, key, db);
            match self.keyspace.db(db).locate(key) {
                Ok(found) => place = found,
                Err(vacancy) => return self.add(db, vacancy, key, value),
            }
        }
        let database = self.keyspace.db_mut(db);
        if !keep_ttl {
            database.persist_at(place);
        }
        let Some(entry) = database.entry_at_mut(place) else { return };
        let old = std::mem::replace(&mut entry.value, value);
        let lazy = self.config.lazyfree_lazy_server_del;
        self.free_value(Some(key), db, old, lazy);
    }

    /// The mark of use of a new entry.
    pub fn first_mark(&self) -> u32 {
        if self.config.maxmemory_policy.is_lfu() {
            keyspace::lfu_initial(self.clock.now_ms)
        } else {
            keyspace::lru_stamp(self.clock.now_ms)
        }
    }

    /// Frees a value that left the keyspace: in the background when `lazy` and it is large, otherwise now. Module
    /// values always pass the module host, which knows their `unlink` and `free_effort`.
    pub fn free_value(&mut self, key: Option<&ByteString>, db: usize, value: Value, lazy: bool) {
        const LAZY_EFFORT_MIN: usize = 64;
        match value {
            Value::Module(_) => (self.modules.free_value)(self, key, db, value, lazy),
            other if lazy && other.free_effort() > LAZY_EFFORT_MIN => {
                (self.server.free_in_background)(Box::new(other))
            }
            other => drop(other),
        }
    }

    /// A key changed: transactions that watch it fail.
    pub fn signal_modified(&mut self, db: usize, key: &ByteString) {
        if !self.watchers.is_empty() {
            self.touch_watchers(db, key);
        }
    }

    /// What most writing commands end with: the key's watchers, one change, one event.
    pub fn changed(&mut self, db: usize, key: &ByteString, class: u32, event: &str) {
        self.signal_modified(db, key);
        self.dirty += 1;
        self.notify(class, event, key, db);
    }

    /// Whether a time to live until then is over before it begins: the key is to be deleted instead.
    pub fn is_past(&self, at_ms: i64) -> bool {
        at_ms <= self.clock.now_ms && !self.loading
    }

    /// Sets or clears a key's time to live; false when the key is not there.
    pub fn set_expire(&mut self, db: usize, key: &ByteString, at_ms: Option<i64>) -> bool {
        self.keyspace.db_mut(db).set_expire(key, at_ms)
    }
}
