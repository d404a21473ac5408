//! WATCH: which clients fail their EXEC when a key changes.

use byte_string::ByteString;
use hashbrown::HashMap;

use crate::client::{ClientId, Watched, client_flag};
use crate::engine::Engine;

/// Watching clients by (database, key).
pub type Watchers = HashMap<(usize, ByteString), Vec<ClientId>>;

impl Engine {
    /// Starts watching a key for a client; watching twice changes nothing.
    pub fn watch(&mut self, id: ClientId, db: usize, key: &ByteString) {
        let now_ms = self.clock.now_ms;
        let expired = self.keyspace.db(db).find(key).is_some_and(|entry| entry.is_expired(now_ms));
        let Some(client) = self.clients.get_mut(id) else { return };
        if client.watched.iter().any(|watched| watched.db == db && watched.key == *key) {
            return;
        }
        client.watched.push(Watched { db, key: key.clone(), expired });
        self.watchers.entry((db, key.clone())).or_default().push(id);
    }

    /// Ends all watching of a client (EXEC, DISCARD, UNWATCH, disconnection).
    pub fn unwatch(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        for watched in std::mem::take(&mut client.watched) {
            let place = (watched.db, watched.key);
            if let Some(ids) = self.watchers.get_mut(&place) {
                ids.retain(|&other| other != id);
                if ids.is_empty() {
                    self.watchers.remove(&place);
                }
            }
        }
    }

    pub(crate) fn touch_watchers(&mut self, db: usize, key: &ByteString) {
        let Some(ids) = self.watchers.get(&(db, key.clone())) else { return };
        for &id in ids {
            if let Some(client) = self.clients.get_mut(id) {
                client.flags |= client_flag::DIRTY_CAS;
            }
        }
    }

    /// Whether a key the client watches has expired since: a deletion that nobody signalled yet.
    pub fn watched_key_expired(&self, id: ClientId) -> bool {
        let now_ms = self.clock.now_ms;
        self.clients.get(id).is_some_and(|client| {
            client.watched.iter().any(|watched| {
                !watched.expired
                    && self
                        .keyspace
                        .db(watched.db)
                        .find(&watched.key)
                        .is_some_and(|entry| entry.is_expired(now_ms))
            })
        })
    }

    /// FLUSHDB, FLUSHALL and SWAPDB change every watched key of a database that is there (before or, for SWAPDB, in
    /// `other`); `None` means all databases.
    pub fn touch_all_watched(&mut self, db: Option<usize>, other: Option<usize>) {
        let mut touched = Vec::new();
        for ((watched_db, key), ids) in &self.watchers {
            if db.is_some_and(|db| db != *watched_db) {
                continue;
            }
            let here = self.keyspace.db(*watched_db).find(key).is_some();
            let there = other.is_some_and(|other| self.keyspace.db(other).find(key).is_some());
            if here || there {
                touched.extend_from_slice(ids);
            }
        }
        for id in touched {
            if let Some(client) = self.clients.get_mut(id) {
                client.flags |= client_flag::DIRTY_CAS;
            }
        }
    }
}
