//! A primary and its replica whose link is cut again and again under writers, and who change places.

use std::sync::{Arc, Mutex};

use crate::ask::{PATIENCE, ask, ask_on, await_caught_up, eventually, field, number};
use crate::host::{Host, Server};
use crate::replication::{Findings, busy_module, contradictions, keys};
use crate::writers::router::Seeds;
use crate::writers::{self, Acknowledged, Memory, Progress};

const CUTS_PER_ROUND: usize = 25;
const PROMOTIONS_PER_ROUND: usize = 5;

/// Acknowledged writes after each happening at least.
const WRITES_BETWEEN: usize = 20;

struct Pair {
    primary: Server,
    replica: Server,
    seeds: Seeds,
    random: fastrand::Rng,
    cuts: usize,
    promotions: usize,
}

pub fn check(host: Host, rounds: usize, seed: u64) -> Findings {
    let mut failures = Vec::new();
    let mut memory = Memory::default();
    let (mut cuts, mut promotions) = (0, 0);
    match Pair::start(host, seed) {
        Ok(mut pair) => {
            if let Err(e) = pair.play(rounds, seed, &mut memory, &mut failures) {
                let (primary, replica) = (pair.primary.log_tail(), pair.replica.log_tail());
                failures.push(format!("{e}\n  primary:\n{primary}\n  replica:\n{replica}"));
            }
            (cuts, promotions) = (pair.cuts, pair.promotions);
        }
        Err(e) => failures.push(e),
    }
    let title = format!(
        "replication links on {}: {} writes acknowledged, {} not, {cuts} cuts and {promotions} promotions survived",
        host.title(),
        memory.acknowledged,
        memory.uncertain
    );
    (title, cuts + promotions, failures)
}

fn options(host: Host, primary: Option<u16>) -> Result<Vec<String>, String> {
    let mut options = busy_module(host)?;
    options.extend(["--repl-diskless-sync-delay", "0"].map(String::from));
    if let Some(port) = primary {
        options.extend(["--replicaof", "127.0.0.1", &port.to_string()].map(String::from));
    }
    Ok(options)
}

impl Pair {
    fn start(host: Host, seed: u64) -> Result<Pair, String> {
        host.check()?;
        let primary = Server::start_node(host, &options(host, None)?)?;
        let replica = Server::start_node(host, &options(host, Some(primary.port))?)?;
        await_caught_up(&primary, &replica)?;
        let seeds = Arc::new(Mutex::new(vec![primary.port]));
        let random = fastrand::Rng::with_seed(seed);
        Ok(Pair { primary, replica, seeds, random, cuts: 0, promotions: 0 })
    }

    fn play(
        &mut self,
        rounds: usize,
        seed: u64,
        memory: &mut Memory,
        failures: &mut Vec<String>,
    ) -> Result<(), String> {
        let seeds = self.seeds.clone();
        let (known, outcome) =
            writers::beside(&keys(2, 60), &seeds, Acknowledged::ByReplica, seed, |progress| {
                self.happenings(rounds, progress)
            });
        *memory = known;
        failures.append(&mut memory.faults);
        outcome?;
        failures.extend(contradictions(memory, &seeds)?);
        self.compare()?;
        let name = if self.primary.host.is_redis() { "ReJSON" } else { "json" };
        if number(&self.primary, "modules", &format!("{name}_offloaded_parses"))? == 0 {
            failures.push("no document went through a thread".into());
        }
        // Both alarms ring when they should.
        let known = contradictions(memory, &seeds)?.len();
        let key = memory.some_document(0)?;
        ask(&self.primary, &["JSON.TOGGLE", key, "$.open"])?;
        if contradictions(memory, &seeds)?.len() <= known {
            failures.push("the oracle overlooks a write that was undone".into());
        }
        ask(&self.replica, &["DEBUG", "POPULATE", "1", "planted"])?;
        if self.compare().is_ok() {
            failures.push("the oracle overlooks a replica that differs".into());
        }
        Ok(())
    }

    fn happenings(&mut self, rounds: usize, progress: &Progress) -> Result<(), String> {
        progress.await_writes(WRITES_BETWEEN)?;
        for _ in 0..rounds {
            let mut happenings = [false; CUTS_PER_ROUND + PROMOTIONS_PER_ROUND];
            happenings[..PROMOTIONS_PER_ROUND].fill(true);
            self.random.shuffle(&mut happenings);
            for promotion in happenings {
                match promotion {
                    true => self.promote()?,
                    false => self.cut()?,
                }
                await_caught_up(&self.primary, &self.replica)?;
                progress.await_writes(WRITES_BETWEEN)?;
                match promotion {
                    true => self.promotions += 1,
                    false => self.cuts += 1,
                }
            }
        }
        Ok(())
    }

    fn cut(&mut self) -> Result<(), String> {
        match self.random.u8(0..4) {
            // The link alone: what was missed comes from the backlog.
            0..=1 => ask(&self.primary, &["CLIENT", "KILL", "TYPE", "replica"]).map(|_| ()),
            // The replica: it comes back with what it saved, or with nothing.
            2 => {
                if self.random.bool() {
                    ask(&self.replica, &["SAVE"])?;
                }
                self.replica.kill();
                self.replica.resume_with(options(self.primary.host, Some(self.primary.port))?)
            }
            // For longer than the backlog reaches.
            _ => self.full_sync(),
        }
    }

    fn full_sync(&mut self) -> Result<(), String> {
        let (diskless, load) =
            if self.random.bool() { ("yes", "swapdb") } else { ("no", "disabled") };
        ask(&self.primary, &["CONFIG", "SET", "repl-diskless-sync", diskless])?;
        ask(&self.replica, &["CONFIG", "SET", "repl-diskless-load", load])?;
        ask(&self.primary, &["CONFIG", "SET", "repl-backlog-size", "16384"])?;
        let before = field(&self.primary, &["INFO", "stats"], "sync_full")?;
        self.replica.signal("-STOP")?;
        let overrun = self.overrun();
        self.replica.signal("-CONT")?;
        overrun?;
        eventually("a full sync begins", PATIENCE, || {
            match field(&self.primary, &["INFO", "stats"], "sync_full")? == before {
                true => Err("the primary counts none".into()),
                false => Ok(()),
            }
        })?;
        await_caught_up(&self.primary, &self.replica)?;
        ask(&self.primary, &["CONFIG", "SET", "repl-backlog-size", "1048576"]).map(|_| ())
    }

    fn overrun(&self) -> Result<(), String> {
        ask(&self.primary, &["CLIENT", "KILL", "TYPE", "replica"])?;
        let mut client = self.primary.connect()?;
        for _ in 0..10 {
            ask_on(&mut client, &["PUBLISH", "noise", &"x".repeat(10_000)])?;
        }
        Ok(())
    }

    /// The replica becomes the primary: by agreement, or because the primary was killed.
    fn promote(&mut self) -> Result<(), String> {
        let killed = self.random.bool();
        if killed {
            self.primary.kill();
            ask(&self.replica, &["REPLICAOF", "NO", "ONE"])?;
        } else {
            ask(&self.primary, &["FAILOVER"])?;
            eventually("FAILOVER ends", PATIENCE, || {
                match field(&self.replica, &["INFO", "replication"], "role")? == "master" {
                    true => Ok(()),
                    false => Err("the replica still follows".into()),
                }
            })?;
        }
        std::mem::swap(&mut self.primary, &mut self.replica);
        *self.seeds.lock().expect("no holder panics") = vec![self.primary.port];
        if killed {
            // From its first moment on it is a replica.
            self.replica.resume_with(options(self.primary.host, Some(self.primary.port))?)?;
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), String> {
        await_caught_up(&self.primary, &self.replica)?;
        let ours = ask(&self.primary, &["DEBUG", "DIGEST"])?.notation();
        let theirs = ask(&self.replica, &["DEBUG", "DIGEST"])?.notation();
        match ours == theirs {
            true => Ok(()),
            false => Err(format!("DEBUG DIGEST is {ours} on the primary, {theirs} on its replica")),
        }
    }
}
