//! Choosing the key that memory pressure costs next.
//!
//! No order of use is kept, which would cost two pointers a key and a write a read. Instead a few
//! keys are sampled, and the best sixteen candidates seen so far stay in a pool from one eviction
//! to the next, so that the choice comes close to the true order after a while.

use byte_string::ByteString;

use crate::access::{LfuSettings, idle_ms, lfu_counter};
use crate::entry::Entry;
use crate::{Database, Keyspace};

const POOL_LEN: usize = 16;

/// `maxmemory-policy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EvictionPolicy {
    VolatileLru,
    VolatileLfu,
    VolatileRandom,
    VolatileTtl,
    AllkeysLru,
    AllkeysLfu,
    AllkeysRandom,
    #[default]
    NoEviction,
}

impl EvictionPolicy {
    pub const ALL: [Self; 8] = [
        Self::VolatileLru,
        Self::VolatileLfu,
        Self::VolatileRandom,
        Self::VolatileTtl,
        Self::AllkeysLru,
        Self::AllkeysLfu,
        Self::AllkeysRandom,
        Self::NoEviction,
    ];

    /// As in valkey.conf.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VolatileLru => "volatile-lru",
            Self::VolatileLfu => "volatile-lfu",
            Self::VolatileRandom => "volatile-random",
            Self::VolatileTtl => "volatile-ttl",
            Self::AllkeysLru => "allkeys-lru",
            Self::AllkeysLfu => "allkeys-lfu",
            Self::AllkeysRandom => "allkeys-random",
            Self::NoEviction => "noeviction",
        }
    }

    /// The policy of that name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| name.eq_ignore_ascii_case(policy.name().as_bytes()))
    }

    /// Whether entries' marks of use are frequencies.
    pub fn is_lfu(self) -> bool {
        matches!(self, Self::VolatileLfu | Self::AllkeysLfu)
    }

    pub fn is_lru(self) -> bool {
        matches!(self, Self::VolatileLru | Self::AllkeysLru)
    }

    /// Whether only keys with a time to live may go.
    pub fn is_volatile(self) -> bool {
        matches!(
            self,
            Self::VolatileLru | Self::VolatileLfu | Self::VolatileRandom | Self::VolatileTtl
        )
    }
}

/// What the choice depends on besides the keys.
#[derive(Clone, Copy, Debug)]
pub struct EvictionSettings {
    pub policy: EvictionPolicy,
    /// `maxmemory-samples`.
    pub samples: usize,
    pub lfu: LfuSettings,
}

/// The key to evict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victim {
    pub db: usize,
    pub key: ByteString,
}

struct Candidate {
    /// The higher, the sooner to go.
    score: u64,
    victim: Victim,
}

/// The best candidates so far, by rising score; and where the random policies go on.
#[derive(Default)]
pub struct EvictionPool {
    candidates: Vec<Candidate>,
    next_db: usize,
}

impl EvictionPool {
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the candidates; for a change of policy, whose scores mean something else.
    pub fn clear(&mut self) {
        self.candidates.clear();
    }

    /// The key that goes next, or `None` if there is none that may.
    pub fn pick_victim(
        &mut self,
        keyspace: &Keyspace,
        settings: EvictionSettings,
        now_ms: i64,
        rng: &mut fastrand::Rng,
    ) -> Option<Victim> {
        match settings.policy {
            EvictionPolicy::NoEviction => None,
            EvictionPolicy::AllkeysRandom => self.pick_random(keyspace, |db| db.random(rng)),
            EvictionPolicy::VolatileRandom => {
                self.pick_random(keyspace, |db| db.random_with_expire(rng))
            }
            _ => self.pick_scored(keyspace, settings, now_ms, rng),
        }
    }

    /// From each database in turn.
    fn pick_random<'a>(
        &mut self,
        keyspace: &'a Keyspace,
        mut sample: impl FnMut(&'a Database) -> Option<&'a Entry>,
    ) -> Option<Victim> {
        for _ in 0..keyspace.len() {
            self.next_db = (self.next_db + 1) % keyspace.len();
            if let Some(entry) = sample(keyspace.db(self.next_db)) {
                return Some(Victim { db: self.next_db, key: entry.key_string() });
            }
        }
        None
    }

    fn pick_scored(
        &mut self,
        keyspace: &Keyspace,
        settings: EvictionSettings,
        now_ms: i64,
        rng: &mut fastrand::Rng,
    ) -> Option<Victim> {
        let is_volatile = settings.policy.is_volatile();
        loop {
            let mut sampled = false;
            for (number, db) in keyspace.iter().enumerate() {
                let keys = if is_volatile { db.expires_len() } else { db.len() };
                for _ in 0..settings.samples.min(keys) {
                    let entry =
                        if is_volatile { db.random_with_expire(rng) } else { db.random(rng) };
                    let Some(entry) = entry else { break };
                    sampled = true;
                    self.offer(number, entry, score(entry, settings, now_ms));
                }
            }
            if !sampled {
                return None;
            }
            // A candidate may have been removed, or lost its time to live, since it was sampled.
            while let Some(candidate) = self.candidates.pop() {
                let victim = candidate.victim;
                let found = keyspace.db(victim.db).find(&victim.key);
                if found.is_some_and(|entry| !is_volatile || entry.has_expiry()) {
                    return Some(victim);
                }
            }
        }
    }

    fn offer(&mut self, db: usize, entry: &Entry, score: u64) {
        let at = self.candidates.partition_point(|candidate| candidate.score < score);
        let is_full = self.candidates.len() >= POOL_LEN;
        if is_full && at == 0 {
            return;
        }
        let is_there = |candidate: &Candidate| {
            candidate.victim.db == db && candidate.victim.key.as_bytes() == entry.key()
        };
        if self.candidates.iter().any(is_there) {
            return;
        }
        let candidate = Candidate { score, victim: Victim { db, key: entry.key_string() } };
        if is_full {
            self.candidates.remove(0);
            self.candidates.insert(at - 1, candidate);
        } else {
            self.candidates.insert(at, candidate);
        }
    }
}

fn score(entry: &Entry, settings: EvictionSettings, now_ms: i64) -> u64 {
    if settings.policy == EvictionPolicy::VolatileTtl {
        return u64::MAX - entry.expire_at_ms() as u64;
    }
    if settings.policy.is_lfu() {
        return 255 - u64::from(lfu_counter(entry.access, now_ms, settings.lfu));
    }
    idle_ms(entry.access, now_ms)
}
