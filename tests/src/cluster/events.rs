//! What happens to a cluster while writers write.
//!
//! Before each event the cluster is settled: every shard has a replica that follows closely. What the servers
//! promise for one mishap at a time is what is asked of them.

use std::time::Duration;

use crate::ask::{PATIENCE, ask, ask_on, await_caught_up, eventually, number};
use crate::client::Client;
use crate::cluster::nodes::{Cluster, Shard};
use crate::host::{Host, Server};
use crate::reply::Reply;
use crate::writers::router::key_slot;

type Outcome = Result<(), String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// SETSLOT IMPORTING and MIGRATING, MIGRATE of the keys, SETSLOT NODE.
    ClassicMigration,
    /// CLUSTER MIGRATESLOTS of Valkey 9.
    AtomicMigration,
    /// kill -9 of a primary; its replica takes over, and the killed one comes back as a replica.
    PrimaryKilled,
    /// CLUSTER FAILOVER on a replica.
    ManualFailover,
    /// A replica saves, is killed, loads its file again, and catches up.
    ReplicaRestarted,
    /// The link is away for longer than the backlog reaches; the whole data goes to the replica through a socket, and
    /// it loads them beside the old ones.
    SwapdbSync,
    /// The same through a file.
    DiskSync,
}

impl Event {
    pub fn all(host: Host) -> Vec<Event> {
        let mut events = vec![
            Event::ClassicMigration,
            Event::PrimaryKilled,
            Event::ReplicaRestarted,
            Event::SwapdbSync,
            Event::DiskSync,
            Event::ManualFailover,
        ];
        if host == Host::Valkey91 {
            events.push(Event::AtomicMigration);
        }
        events
    }

    pub fn title(self) -> &'static str {
        match self {
            Event::ClassicMigration => "slot range migrated classically",
            Event::AtomicMigration => "slot range migrated atomically",
            Event::PrimaryKilled => "primary killed",
            Event::ManualFailover => "manual failover",
            Event::ReplicaRestarted => "replica restarted from disk",
            Event::SwapdbSync => "diskless full sync with swapdb",
            Event::DiskSync => "full sync through disk",
        }
    }

    /// Lets it happen, and waits until the cluster has settled again. `slots` are those that writers use.
    pub fn happen(
        self,
        cluster: &mut Cluster,
        slots: &[u16],
        random: &mut fastrand::Rng,
    ) -> Outcome {
        let shards = cluster.await_settled()?;
        let shard = shards[random.usize(0..shards.len())];
        match self {
            Event::ClassicMigration => classic_migration(cluster, &shards, slots, random)?,
            Event::AtomicMigration => atomic_migration(cluster, &shards, slots, random)?,
            Event::PrimaryKilled => primary_killed(cluster, shard)?,
            Event::ManualFailover => {
                let replica = &cluster.nodes[shard.replica].server;
                // An election that lacks votes is given up after 5 s, and is for the operator to repeat.
                let mut attempts = 0..4;
                while attempts.next().is_some() {
                    ask(replica, &["CLUSTER", "FAILOVER"])?;
                    if cluster.await_promotion(shard.replica, Duration::from_secs(7)).is_ok() {
                        break;
                    }
                }
                cluster.await_promotion(shard.replica, Duration::from_secs(7))?;
            }
            Event::ReplicaRestarted => replica_restarted(cluster, shard, random.bool())?,
            Event::SwapdbSync => full_sync(cluster, shard, "yes", "swapdb")?,
            Event::DiskSync => full_sync(cluster, shard, "no", "disabled")?,
        }
        cluster.await_settled().map(|_| ())
    }
}

/// A primary, another one, and a range of slots in use that the first has.
fn range(
    cluster: &Cluster,
    shards: &[Shard],
    slots: &[u16],
    random: &mut fastrand::Rng,
) -> Result<(usize, usize, Vec<u16>), String> {
    let mut sources = Vec::new();
    for shard in shards {
        let owned = cluster.slots_of(shard.primary)?;
        let used: Vec<u16> = slots.iter().copied().filter(|slot| owned.contains(slot)).collect();
        if used.len() >= 4 {
            sources.push((shard.primary, used));
        }
    }
    if sources.is_empty() {
        return Err("no primary has slots that writers use".into());
    }
    let (source, used) = sources.swap_remove(random.usize(0..sources.len()));
    let targets: Vec<usize> =
        shards.iter().map(|shard| shard.primary).filter(|primary| *primary != source).collect();
    let target = targets[random.usize(0..targets.len())];
    // Slots that follow each other, as far as they do.
    let start = random.usize(0..used.len() - 2);
    let run = used[start..].iter().zip(u32::from(used[start])..).take(12);
    let range =
        run.take_while(|(slot, i)| u32::from(**slot) == *i).map(|(slot, _)| *slot).collect();
    Ok((source, target, range))
}

fn classic_migration(
    cluster: &Cluster,
    shards: &[Shard],
    slots: &[u16],
    random: &mut fastrand::Rng,
) -> Outcome {
    let (source, target, range) = range(cluster, shards, slots, random)?;
    let (source_id, target_id) = (&cluster.nodes[source].id, &cluster.nodes[target].id);
    let mut from = cluster.nodes[source].server.connect()?;
    let mut to = cluster.nodes[target].server.connect()?;
    let target_port = cluster.nodes[target].server.port.to_string();
    for slot in range {
        let slot = slot.to_string();
        ask_on(&mut to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", source_id])?;
        ask_on(&mut from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", target_id])?;
        migrate_keys(&mut from, &slot, &target_port)?;
        ask_on(&mut to, &["CLUSTER", "SETSLOT", &slot, "NODE", target_id])?;
        ask_on(&mut from, &["CLUSTER", "SETSLOT", &slot, "NODE", target_id])?;
    }
    Ok(())
}

fn migrate_keys(from: &mut Client, slot: &str, target_port: &str) -> Outcome {
    loop {
        let Reply::Array(keys) = ask_on(from, &["CLUSTER", "GETKEYSINSLOT", slot, "2"])? else {
            return Err("GETKEYSINSLOT answers no array".into());
        };
        if keys.is_empty() {
            return Ok(());
        }
        let mut argv: Vec<&[u8]> =
            vec![b"MIGRATE", b"127.0.0.1", target_port.as_bytes(), b"", b"0", b"10000", b"KEYS"];
        argv.extend(keys.iter().filter_map(Reply::text));
        let reply = from.call(&argv).map_err(|e| format!("MIGRATE: {e}"))?;
        // NOKEY: a writer deleted them meanwhile.
        if reply.is_error() {
            return Err(format!("MIGRATE answers {}", reply.notation()));
        }
        // Writers meet the half-moved slot.
        std::thread::sleep(Duration::from_millis(12));
    }
}

fn atomic_migration(
    cluster: &Cluster,
    shards: &[Shard],
    slots: &[u16],
    random: &mut fastrand::Rng,
) -> Outcome {
    let (source, target, range) = range(cluster, shards, slots, random)?;
    let server = &cluster.nodes[source].server;
    let (first, last) = (range[0].to_string(), range[range.len() - 1].to_string());
    let target_id = &cluster.nodes[target].id;
    ask(server, &["CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", &first, &last, "NODE", target_id])?;
    eventually("the atomic migration ends", Duration::from_secs(60), || {
        let state = newest_migration(&ask(server, &["CLUSTER", "GETSLOTMIGRATIONS"])?)?;
        match state.as_str() {
            "success" => Ok(Ok(())),
            "failed" | "cancelled" => Ok(Err(format!("the atomic migration is {state}"))),
            _ => Err(state),
        }
    })?
}

/// The state of the migration that was asked for last; the newest stands first.
fn newest_migration(reply: &Reply) -> Result<String, String> {
    let Reply::Array(jobs) = reply else { return Err(reply.notation()) };
    let Some(Reply::Array(job)) = jobs.first() else { return Err("no migration is known".into()) };
    let state = job.chunks_exact(2).find(|pair| pair[0].text() == Some(b"state"));
    let text = state.and_then(|pair| pair[1].text()).ok_or("a migration without its state")?;
    Ok(String::from_utf8_lossy(text).into_owned())
}

fn primary_killed(cluster: &mut Cluster, shard: Shard) -> Outcome {
    cluster.nodes[shard.primary].server.kill();
    cluster.await_promotion(shard.replica, PATIENCE)?;
    // It comes back with nothing or with what it once saved, and must learn the rest from the new primary.
    cluster.nodes[shard.primary].server.resume()
}

fn replica_restarted(cluster: &mut Cluster, shard: Shard, orderly: bool) -> Outcome {
    let server = &mut cluster.nodes[shard.replica].server;
    if orderly {
        let mut client = server.connect()?;
        client.send(&["SHUTDOWN", "SAVE"]).map_err(|e| e.to_string())?;
        server.await_end(Duration::from_secs(20))?;
    } else {
        ask(server, &["SAVE"])?;
        server.kill();
    }
    // The primary writes on meanwhile.
    std::thread::sleep(Duration::from_millis(200));
    server.resume()?;
    match server.log().contains("DB loaded from disk") {
        true => Ok(()),
        false => Err("the replica did not load its file".into()),
    }
}

/// A full sync by the settings `repl-diskless-sync` of the primary and `repl-diskless-load` of the replica.
fn full_sync(cluster: &Cluster, shard: Shard, diskless: &str, load: &str) -> Outcome {
    let primary = &cluster.nodes[shard.primary].server;
    let replica = &cluster.nodes[shard.replica].server;
    ask(primary, &["CONFIG", "SET", "repl-diskless-sync", diskless])?;
    ask(replica, &["CONFIG", "SET", "repl-diskless-load", load])?;
    let slots = cluster.slots_of(shard.primary)?;
    let backlog = number(primary, "replication", "repl_backlog_size")?.to_string();
    ask(primary, &["CONFIG", "SET", "repl-backlog-size", "16384"])?;
    let before = number(primary, "stats", "sync_full")?;
    let swaps = |log: &str| log.matches("Swapping active DB with loaded DB").count();
    let swaps_before = swaps(&replica.log());

    // The replica sleeps while its link is cut and the backlog runs over.
    replica.signal("-STOP")?;
    let overrun = outrun(primary, &slots);
    replica.signal("-CONT")?;
    overrun?;
    eventually("a full sync begins", Duration::from_secs(30), || {
        match number(primary, "stats", "sync_full")? > before {
            true => Ok(()),
            false => Err("the primary counts none".into()),
        }
    })?;
    await_caught_up(primary, replica)?;
    ask(primary, &["CONFIG", "SET", "repl-backlog-size", &backlog])?;
    match load == "swapdb" && swaps(&replica.log()) <= swaps_before {
        true => Err("the replica did not load beside its old data".into()),
        false => Ok(()),
    }
}

/// Cuts the link of a primary's replica, and fills the backlog with a key that is gone afterwards.
fn outrun(primary: &Server, slots: &[u16]) -> Outcome {
    let key = (0u32..)
        .map(|i| format!("noise:{i}"))
        .find(|key| slots.contains(&key_slot(key.as_bytes())))
        .ok_or("the primary has no slot")?;
    ask(primary, &["CLIENT", "KILL", "TYPE", "replica"])?;
    let mut client = primary.connect()?;
    let noise = "x".repeat(10_000);
    for _ in 0..30 {
        ask_on(&mut client, &["SET", &key, &noise])?;
    }
    ask_on(&mut client, &["DEL", &key]).map(|_| ())
}
