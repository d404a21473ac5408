//! `maxmemory`: making room before a command runs.

use crate::engine::Engine;
use crate::hooks::Removal;
use crate::notify::class;

/// Keys evicted before one command at most, so that a lowered limit cannot stop the world; the cron goes on.
const EVICTIONS_PER_COMMAND: usize = 128;

impl Engine {
    /// Bytes that count against `maxmemory`.
    pub fn memory_counted(&self) -> usize {
        (self.server.used_memory)()
    }

    /// Evicts by `maxmemory-policy` until memory is under the limit; false when it stays above it.
    pub fn make_room(&mut self) -> bool {
        let limit = self.config.maxmemory as usize;
        if limit == 0 || self.memory_counted() <= limit {
            return true;
        }
        for _ in 0..EVICTIONS_PER_COMMAND {
            if self.memory_counted() <= limit {
                return true;
            }
            let settings = keyspace::EvictionSettings {
                policy: self.config.maxmemory_policy,
                samples: self.config.maxmemory_samples,
                lfu: self.config.lfu(),
            };
            let now_ms = self.clock.now_ms;
            let victim = self.eviction.pick_victim(&self.keyspace, settings, now_ms, &mut self.rng);
            let Some(keyspace::Victim { db, key }) = victim else { return false };
            let lazy = self.config.lazyfree_lazy_eviction;
            self.enter_unit();
            if self.remove_with(db, &key, Removal::Evicted, lazy) {
                self.stats.evicted_keys += 1;
                let word = byte_string::ByteString::from(if lazy { "UNLINK" } else { "DEL" });
                self.propagation.push(db, &[word, key.clone()], crate::propagation::target::ALL);
                self.notify(class::EVICTED, "evicted", &key, db);
            }
            self.leave_unit();
        }
        self.memory_counted() <= limit
    }
}
