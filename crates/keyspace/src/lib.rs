//! Databases: keys, values of every type, expiry, eviction, and the order of a SCAN.
//!
//! The key decision: the table is our own ([`table`]), because a library's table pauses for a
//! third of a second when it grows at fifteen million keys, and cannot promise what SCAN
//! promises. It grows one bucket at a time, so that no operation ever pays for another.
//!
//! # What this crate does not do
//!
//! - It reads no clock and does no I/O: times come in as parameters, in milliseconds of Unix time.
//! - It hides no key: an expired one is found until somebody removes it, since who may remove it
//!   (a primary) and who may only hide it (a replica) is the engine's knowledge.
//! - It drops no value: whatever a call displaces is returned to the caller, because dropping a
//!   module's value runs the module's code, which may call back.
//!
//! # Reading order
//!
//! [`Keyspace`] holds [`Database`]s; a database keeps [`Entry`]s in a table and a second table of
//! those with a time to live; an entry holds a [`Value`].

#![forbid(unsafe_code)]

mod database;
mod entry;
mod value;

mod hash_value;
mod intset;
mod list_node;
mod list_value;
mod listpack;
mod listpack_element;
mod module_value;
mod quicklist;
mod set_value;
mod string_value;
mod zset_members;
mod zset_order;
mod zset_value;

mod access;
mod eviction;
mod expiry;

mod bucket;
mod glob;
mod heap;
mod key_hash;
mod limits;
mod stored_bytes;
mod table;

pub use access::{
    LfuSettings, idle_ms, idle_secs, lfu_counter, lfu_initial, lfu_mark, lfu_touched, lru_stamp,
};
pub use database::{Database, Drained, Place, Renamed, TableStats, Ttl, Vacancy};
pub use entry::{Entry, NO_EXPIRY};
pub use eviction::{EvictionPolicy, EvictionPool, EvictionSettings, Victim};
pub use expiry::ExpiryStep;
pub use glob::glob_match;
pub use hash_value::{HashIter, HashLimits, HashValue};
pub use intset::Intset;
pub use limits::Limits;
pub use list_node::{ListEnd, ListLimits, ListNode, NodeElements, NodeRef};
pub use list_value::ListValue;
pub use listpack::{Elements, Listpack, ListpackError};
pub use module_value::{ModuleType, ModuleTypeRef, ModuleValue};
pub use set_value::{SetIter, SetLimits, SetValue};
pub use string_value::StringValue;
pub use value::{Element, Value};
pub use zset_value::{ZsetLimits, ZsetValue};

/// The databases of one server, numbered from 0.
pub struct Keyspace {
    databases: Vec<Database>,
}

impl Keyspace {
    pub fn new(databases: usize) -> Self {
        Self { databases: (0..databases).map(|_| Database::new()).collect() }
    }

    /// The number of databases.
    pub fn len(&self) -> usize {
        self.databases.len()
    }

    pub fn is_empty(&self) -> bool {
        self.databases.is_empty()
    }

    /// # Panics
    /// If there is no such database; SELECT has checked the number.
    #[inline]
    pub fn db(&self, index: usize) -> &Database {
        &self.databases[index]
    }

    /// # Panics
    /// As [`Keyspace::db`].
    #[inline]
    pub fn db_mut(&mut self, index: usize) -> &mut Database {
        &mut self.databases[index]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Database> {
        self.databases.iter()
    }

    /// SWAPDB: exchanges the contents of two databases.
    pub fn swap(&mut self, a: usize, b: usize) {
        self.databases.swap(a, b);
    }
}
