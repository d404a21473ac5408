//! Faults made on purpose after a scenario: each must turn the oracle red.

use crate::ask::ask;
use crate::cluster::nodes::{Cluster, Shard};
use crate::writers::Memory;
use crate::writers::router::{Fate, Router};

/// A fault that is made on purpose, on top of those before.
pub type Plant = fn(&Cluster, &[Shard], &Memory) -> Result<(), String>;

pub const PLANTED: [(&str, Plant); 4] = [
    ("a write that was undone", undo_a_write),
    ("a document that was lost", lose_a_document),
    ("a replica that has more than its primary", grow_a_replica),
    ("a replica with a dictionary of its own", teach_a_replica),
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

fn teach_a_replica(cluster: &Cluster, shards: &[Shard], _memory: &Memory) -> Result<(), String> {
    let digits: Vec<u8> = DICTIONARY.concat().bytes().filter_map(hexadecimal).collect();
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    let mut client = cluster.nodes[shards[0].replica].server.connect()?;
    let argv: [&[u8]; 6] = [b"JSON.DICTIONARY", b"LOAD", b"0", b"planted:*", b"1", &bytes];
    let reply = client.call(&argv).map_err(|e| e.to_string())?;
    match reply.is_error() {
        true => Err(format!("JSON.DICTIONARY LOAD answers {}", reply.notation())),
        false => Ok(()),
    }
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// A dictionary of zstd that was trained on made-up profiles, 400 bytes.
const DICTIONARY: &[&str] = &[
    "37a430ec99ee15731d10e02ac506ffffffff9b041099c6235ef54f913b93a4ed43c0a1b5d602e3040000008731d00600",
    "0004600180162522060100009aa84a330000104b000000000000000000000000000000046da5486d3700000000000000",
    "00000000000001000000040000000800000064223a313434332c226e616d65223a22757365723130313031222c226d61",
    "696c223a227573657231343433406578616d706c6964223a313134382c226e616d65223a227573657238303336222c22",
    "6d61696c223a227573657231313438406578616d706c7b226964223a3938342c226e616d65223a227573657236383838",
    "222c226d61696c223a2275736572393834406578616d706c7b226964223a3831392c226e616d65223a22757365723537",
    "3333222c226d61696c223a2275736572383139406578616d706c7b226964223a3633322c226e616d65223a2275736572",
    "34343234222c226d61696c223a2275736572363332406578616d706c6d222c22616374697665223a747275657d7b2269",
    "64223a3433302c226e616d65223a2275",
];
