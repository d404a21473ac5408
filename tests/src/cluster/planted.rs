//! Faults made on purpose after a scenario: each must turn the oracle red.

use crate::ask::ask;
use crate::cluster::nodes::{Cluster, Shard};
use crate::writers::Memory;
use crate::writers::router::{Fate, Router};

/// A fault that is made on purpose, on top of those before.
pub type Plant = fn(&Cluster, &[Shard], &Memory) -> Result<(), String>;

pub const PLANTED: [(&str, Plant); 3] = [
    ("a write that was undone", undo_a_write),
    ("a document that was lost", lose_a_document),
    ("a replica that has more than its primary", grow_a_replica),
];

fn execute(cluster: &Cluster, key: &str, argv: &[&str]) -> Result<(), String> {
    match Router::new(cluster.seeds.clone(), 2).call(key, argv) {
        Fate::Answered { reply, .. } if !reply.is_error() => Ok(()),
        Fate::Answered { reply, .. } => Err(format!("{} answers {}", argv[0], reply.notation())),
        Fate::Refused(e) => Err(e),
        Fate::Unknown => Err(format!("{} has no answer", argv[0])),
    }
}

fn undo_a_write(cluster: &Cluster, _shards: &[Shard], memory: &Memory) -> Result<(), String> {
    let key = memory.some_document(0)?;
    execute(cluster, key, &["JSON.TOGGLE", key, "$.open"])
}

fn lose_a_document(cluster: &Cluster, _shards: &[Shard], memory: &Memory) -> Result<(), String> {
    let key = memory.some_document(1)?;
    execute(cluster, key, &["JSON.DEL", key])
}

fn grow_a_replica(cluster: &Cluster, shards: &[Shard], _memory: &Memory) -> Result<(), String> {
    let replica = &cluster.nodes[shards[0].replica].server;
    ask(replica, &["DEBUG", "POPULATE", "1", "planted"]).map(|_| ())
}
