//! Replication and the AOF outside a cluster, on the stock servers: what a replica makes of every command, links that
//! are cut, replicas that are promoted, and kills under `appendfsync always`.

pub mod commands;
pub mod durability;
pub mod links;

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::host::{Host, Module};
use crate::report::Report;
use crate::writers::Memory;
use crate::writers::router::{Fate, Router, Seeds};

pub const HOSTS: [Host; 4] = [Host::Valkey, Host::Redis, Host::Valkey91, Host::Redis80];

/// What a check found: its title with counts, how much passed, and the failures.
pub type Findings = (String, usize, Vec<String>);

type Check = fn(Host, usize, u64) -> Findings;

const CHECKS: [Check; 3] = [commands::check, links::check, durability::check];

/// Every check on every host, two at a time, for mostly they wait for their servers.
pub fn suite(hosts: &[Host], rounds: usize, seed: u64, report: &mut Report) {
    let hosts = hosts.iter().copied().filter(|host| HOSTS.contains(host));
    let jobs: Vec<(Host, Check)> =
        hosts.flat_map(|host| CHECKS.map(|check| (host, check))).collect();
    let found: Vec<Mutex<Option<Findings>>> = jobs.iter().map(|_| Mutex::default()).collect();
    let queue: Mutex<VecDeque<usize>> = Mutex::new((0..jobs.len()).collect());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(i) = queue.lock().expect("no check panics").pop_front() else {
                        return;
                    };
                    let (host, check) = jobs[i];
                    let findings = check(host, rounds, seed);
                    *found[i].lock().expect("no check panics") = Some(findings);
                }
            });
        }
    });
    for findings in found {
        if let Some((title, passed, failures)) = findings.into_inner().expect("no check panics") {
            report.group(&title, passed, failures);
        }
    }
}

/// Options by which the module does on small documents what it does on large ones and idle ones: a thread validates
/// and inflates them while their client waits, and they are packed soon.
fn busy_module(host: Host) -> Result<Vec<String>, String> {
    let name = if host.is_redis() { "ReJSON" } else { "json" };
    let mut options = Module::Json.options()?.to_vec();
    for (setting, value) in [("offload-size", "200"), ("pack-after-ms", "200")] {
        options.extend([format!("--{name}.{setting}"), value.to_string()]);
    }
    Ok(options)
}

/// Keys by writer.
fn keys(writers: usize, count: usize) -> Vec<Vec<String>> {
    let of = |writer| (0..count).map(|i| format!("order:{{{}}}:{writer}:{i}", i / 4)).collect();
    (0..writers).map(of).collect()
}

/// Documents that are not what was acknowledged.
fn contradictions(memory: &Memory, seeds: &Seeds) -> Result<Vec<String>, String> {
    let mut router = Router::new(seeds.clone(), 1);
    let mut faults = Vec::new();
    for (key, possible) in &memory.documents {
        let Fate::Answered { reply, .. } = router.call(key, &["JSON.GET", key]) else {
            return Err(format!("nobody answers JSON.GET {key}"));
        };
        if !possible.allows(&reply) {
            let (found, wanted) = (reply.notation(), possible.describe());
            faults.push(format!("{key} is {found}\n    acknowledged is {wanted}"));
        }
    }
    Ok(faults)
}
