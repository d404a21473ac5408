//! A real cluster of stock servers with libjson.so: six nodes, writers that follow redirects, and everything that
//! operators and accidents do to a cluster meanwhile. Nothing acknowledged may be lost.

pub mod events;
pub mod nodes;
pub mod planted;

use std::collections::BTreeMap;

use events::Event;
use nodes::{Cluster, SLOTS, Shard};
use planted::PLANTED;

use crate::ask::{PATIENCE, ask, ask_on, await_caught_up, eventually};
use crate::client::Client;
use crate::host::{Host, Server};
use crate::reply::Reply;
use crate::report::Report;
use crate::writers::router::{Fate, Router, key_slot};
use crate::writers::{self, Acknowledged, Memory, Progress};

pub const HOSTS: [Host; 2] = [Host::Valkey, Host::Valkey91];

const WRITERS: usize = 2;
const KEYS_PER_SLOT: usize = 12;
/// In each third of the slots so many that follow each other are used, so that a range of them holds documents.
const SLOTS_PER_SHARD: u16 = 40;

const SETTINGS: [(&str, &str); 2] =
    [("json.pack-after-ms", "200"), ("json.dictionary-min-documents", "100")];

/// Acknowledged writes between two events at least.
const BETWEEN_EVENTS: usize = 150;

/// `rounds` times every event in an order that `seed` gives.
pub fn suite(hosts: &[Host], rounds: usize, seed: u64, report: &mut Report) {
    for host in hosts.iter().filter(|host| HOSTS.contains(host)) {
        let mut scenario = Scenario::new(*host, rounds, seed);
        if let Err(e) = scenario.play() {
            scenario.failures.push(format!("seed {seed}: {e}"));
        }
        report.group(&scenario.title(), scenario.passed, scenario.failures);
    }
}

struct Scenario {
    host: Host,
    rounds: usize,
    random: fastrand::Rng,
    seed: u64,
    survived: BTreeMap<Event, usize>,
    /// Dictionaries that the primaries have at the end.
    dictionaries: usize,
    memory: Memory,
    passed: usize,
    failures: Vec<String>,
}

impl Scenario {
    fn new(host: Host, rounds: usize, seed: u64) -> Scenario {
        Scenario {
            host,
            rounds,
            random: fastrand::Rng::with_seed(seed),
            seed,
            survived: BTreeMap::new(),
            dictionaries: 0,
            memory: Memory::default(),
            passed: 0,
            failures: Vec::new(),
        }
    }

    fn title(&self) -> String {
        let events: Vec<String> =
            self.survived.iter().map(|(event, n)| format!("{n} × {}", event.title())).collect();
        let memory = &self.memory;
        format!(
            "cluster of six on {}: {} writes acknowledged, {} not, {} MOVED, {} ASK, {} TRYAGAIN, {} dictionaries; {}",
            self.host.title(),
            memory.acknowledged,
            memory.uncertain,
            memory.moved,
            memory.ask,
            memory.try_again,
            self.dictionaries,
            events.join(", ")
        )
    }

    fn play(&mut self) -> Result<(), String> {
        let (keys, slots) = keys();
        let mut cluster = Cluster::start(self.host)?;
        for node in &cluster.nodes {
            // Documents are packed while the scenario runs, and get dictionaries, so that packed ones migrate and are
            // replicated too.
            for (name, value) in SETTINGS {
                ask(&node.server, &["CONFIG", "SET", name, value])?;
            }
        }
        let seeds = cluster.seeds.clone();
        let (memory, outcome) =
            writers::beside(&keys, &seeds, Acknowledged::ByReplica, self.seed, |progress| {
                self.happenings(&mut cluster, &slots, progress)
            });
        self.memory = memory;
        outcome.map_err(|e| format!("{e}\n{}", cluster.logs()))?;
        self.verdict(&cluster).map_err(|e| format!("{e}\n{}", cluster.logs()))
    }

    fn happenings(
        &mut self,
        cluster: &mut Cluster,
        slots: &[u16],
        progress: &Progress,
    ) -> Result<(), String> {
        let keys = slots.len() * KEYS_PER_SLOT;
        progress.await_writes(keys)?;
        self.await_dictionaries(cluster)?;
        for _ in 0..self.rounds {
            let mut events = Event::all(self.host);
            self.random.shuffle(&mut events);
            for event in events {
                event
                    .happen(cluster, slots, &mut self.random)
                    .map_err(|e| format!("{}: {e}", event.title()))?;
                progress.await_writes(BETWEEN_EVENTS)?;
                *self.survived.entry(event).or_default() += 1;
                self.passed += 1;
            }
        }
        Ok(())
    }

    /// Waits until a primary has adopted a dictionary: then what follows tells whether its replica gets it.
    fn await_dictionaries(&self, cluster: &Cluster) -> Result<(), String> {
        let shards = cluster.await_settled()?;
        eventually("a dictionary is adopted", PATIENCE, || {
            for shard in &shards {
                if !dictionaries(&cluster.nodes[shard.primary].server)?.is_empty() {
                    return Ok(());
                }
            }
            Err("no primary has one".into())
        })
    }

    /// What must hold when the writers have stopped; and that each of these alarms rings when it should.
    fn verdict(&mut self, cluster: &Cluster) -> Result<(), String> {
        let shards = cluster.await_settled()?;
        self.failures.append(&mut self.memory.faults);
        for shard in &shards {
            self.dictionaries += dictionaries(&cluster.nodes[shard.primary].server)?.len();
        }
        if cluster.nodes.iter().any(|node| node.server.whole_log().contains("panicked")) {
            self.failures.push("something panicked".into());
        }
        let faults = oracle(cluster, &shards, &self.memory)?;
        let mut known = faults.len();
        if known == 0 {
            self.passed += 1;
        }
        self.failures.extend(faults);
        for (name, plant) in PLANTED {
            plant(cluster, &shards, &self.memory)?;
            let now = oracle(cluster, &shards, &self.memory)?.len();
            match now > known {
                true => self.passed += 1,
                false => self.failures.push(format!("the oracle overlooks {name}")),
            }
            known = now;
        }
        Ok(())
    }
}

/// Keys by writer, and the slots that they are in.
fn keys() -> (Vec<Vec<String>>, Vec<u16>) {
    let mut keys = vec![Vec::new(); WRITERS];
    let mut slots = Vec::new();
    let mut wanted: BTreeMap<u16, ()> = BTreeMap::new();
    for third in 0..3 {
        let first = third * (SLOTS / 3) + 1000;
        wanted.extend((first..first + SLOTS_PER_SHARD).map(|slot| (slot, ())));
    }
    for tag in 0u32.. {
        let slot = key_slot(tag.to_string().as_bytes());
        if wanted.remove(&slot).is_some() {
            for i in 0..KEYS_PER_SLOT {
                keys[i % WRITERS].push(format!("order:{{{tag}}}:{i}"));
            }
            slots.push(slot);
        }
        if wanted.is_empty() {
            break;
        }
    }
    slots.sort_unstable();
    (keys, slots)
}

/// Everything that contradicts what was acknowledged, and every difference between a primary and its replica.
fn oracle(cluster: &Cluster, shards: &[Shard], memory: &Memory) -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    let mut router = Router::new(cluster.seeds.clone(), 1);
    let mut on_replicas: BTreeMap<u16, Client> = BTreeMap::new();
    for shard in shards {
        let primary = &cluster.nodes[shard.primary].server;
        let replica = &cluster.nodes[shard.replica].server;
        await_caught_up(primary, replica)?;
        let mut client = replica.connect()?;
        ask_on(&mut client, &["READONLY"])?;
        on_replicas.insert(primary.port, client);
    }
    for (key, possible) in &memory.documents {
        let Fate::Answered { reply, port } = router.call(key, &["JSON.GET", key]) else {
            return Err(format!("nobody answers JSON.GET {key}"));
        };
        if !possible.allows(&reply) {
            let (found, wanted) = (reply.notation(), possible.describe());
            faults.push(format!("{key} is {found}\n    acknowledged is {wanted}"));
        }
        let client = on_replicas.get_mut(&port).ok_or("a node without a replica answers")?;
        let copy = client.call(&["JSON.GET", key]).map_err(|e| e.to_string())?;
        if copy != reply {
            let (found, wanted) = (copy.notation(), reply.notation());
            faults.push(format!("{key} on the replica is {found}\n    on the primary {wanted}"));
        }
    }
    let mut count = 0;
    for shard in shards {
        let primary = &cluster.nodes[shard.primary].server;
        let replica = &cluster.nodes[shard.replica].server;
        let (ours, theirs) =
            (ask(primary, &["DEBUG", "DIGEST"])?, ask(replica, &["DEBUG", "DIGEST"])?);
        if ours != theirs {
            let (ours, theirs) = (ours.notation(), theirs.notation());
            faults.push(format!("DEBUG DIGEST is {ours} on a primary, {theirs} on its replica"));
        }
        let (ours, theirs) = (dictionaries(primary)?, dictionaries(replica)?);
        if ours != theirs {
            faults.push(format!("a primary has dictionaries {ours:?}, its replica {theirs:?}"));
        }
        let Reply::Integer(size) = ask(primary, &["DBSIZE"])? else {
            return Err("DBSIZE answers no number".into());
        };
        count += usize::try_from(size).unwrap_or_default();
    }
    let documents = memory.documents.values();
    let least = documents.clone().filter(|possible| !possible.may_be_absent()).count();
    let most = documents.filter(|possible| possible.may_be_present()).count();
    if !(least..=most).contains(&count) {
        faults.push(format!("the primaries hold {count} keys, there should be {least} to {most}"));
    }
    Ok(faults)
}

/// The dictionaries that new documents are packed with: of which keys, their version, checksum and size.
fn dictionaries(server: &Server) -> Result<Vec<String>, String> {
    let Reply::Array(all) = ask(server, &["JSON.DICTIONARY", "LIST"])? else {
        return Err("JSON.DICTIONARY LIST answers no array".into());
    };
    let mut current = Vec::new();
    for dictionary in &all {
        let Reply::Array(fields) = dictionary else { return Err(dictionary.notation()) };
        let value = |name: &str| {
            let found = fields.chunks_exact(2).find(|pair| pair[0].text() == Some(name.as_bytes()));
            found.map(|pair| pair[1].notation()).ok_or_else(|| format!("no {name} of a dictionary"))
        };
        if value("current")? == ":1" {
            let fields: Result<Vec<String>, String> =
                ["database", "keys", "version", "id", "bytes"].map(value).into_iter().collect();
            current.push(fields?.join(" "));
        }
    }
    current.sort();
    Ok(current)
}
