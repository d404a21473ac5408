//! `appendonly yes` with `appendfsync always`: a server that is killed and started again under writers has all that
//! it ever answered for.

use std::sync::{Arc, Mutex};

use crate::ask::ask;
use crate::host::{Host, Server};
use crate::replication::{Findings, busy_module, contradictions, keys};
use crate::writers::{self, Acknowledged, Memory};

const KILLS_PER_ROUND: usize = 10;

pub fn check(host: Host, rounds: usize, seed: u64) -> Findings {
    let mut kills = 0;
    let mut memory = Memory::default();
    let mut failures = Vec::new();
    if let Err(e) = play(host, rounds, seed, &mut kills, &mut memory, &mut failures) {
        failures.push(e);
    }
    let title = format!(
        "AOF of {}: {} writes answered for, {} not, {kills} kills survived",
        host.title(),
        memory.acknowledged,
        memory.uncertain
    );
    (title, kills, failures)
}

fn play(
    host: Host,
    rounds: usize,
    seed: u64,
    kills: &mut usize,
    memory: &mut Memory,
    failures: &mut Vec<String>,
) -> Result<(), String> {
    host.check()?;
    let mut options = busy_module(host)?;
    options.extend(["--appendonly", "yes", "--appendfsync", "always"].map(String::from));
    let mut server = Server::start_node(host, &options)?;
    let seeds = Arc::new(Mutex::new(vec![server.port]));
    let mut random = fastrand::Rng::with_seed(seed);
    let (known, outcome) =
        writers::beside(&keys(2, 60), &seeds, Acknowledged::ByReply, seed, |progress| {
            for kill in 0..rounds * KILLS_PER_ROUND {
                progress.await_writes(random.usize(10..100))?;
                if kill % 3 == 0 {
                    // As commands of the module, or as its payloads.
                    let preamble = if random.bool() { "yes" } else { "no" };
                    ask(&server, &["CONFIG", "SET", "aof-use-rdb-preamble", preamble])?;
                    ask(&server, &["BGREWRITEAOF"])?;
                    // Killed while it rewrites, or afterwards.
                    progress.await_writes(random.usize(1..200))?;
                }
                server.kill();
                server.resume()?;
                *kills += 1;
            }
            progress.await_writes(50)
        });
    *memory = known;
    failures.append(&mut memory.faults);
    outcome.map_err(|e: String| format!("{e}\n{}", server.log_tail()))?;
    failures.extend(contradictions(memory, &seeds)?);
    // And once more, without writers, from the file alone.
    server.resume()?;
    let faults = contradictions(memory, &seeds)?;
    let known = faults.len();
    failures.extend(faults);
    ask(&server, &["JSON.DEL", memory.some_document(0)?])?;
    if contradictions(memory, &seeds)?.len() <= known {
        failures.push("the oracle overlooks a document that was lost".into());
    }
    Ok(())
}
