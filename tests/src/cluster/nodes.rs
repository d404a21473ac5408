//! Six nodes of a stock server as one cluster: three primaries, each with a replica.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::ask::{PATIENCE, ask, await_caught_up, eventually, field, text};
use crate::host::{Host, Module, Server};
use crate::writers::router::Seeds;

pub const SLOTS: u16 = 16_384;

pub struct Node {
    pub server: Server,
    pub id: String,
}

pub struct Cluster {
    pub nodes: Vec<Node>,
    /// The ports of all nodes, for writers.
    pub seeds: Seeds,
}

/// A primary and its replica, as indices of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    pub primary: usize,
    pub replica: usize,
}

/// A line of CLUSTER NODES.
struct Line {
    id: String,
    flags: String,
    primary: String,
    /// First and last.
    slots: Vec<(u16, u16)>,
}

impl Cluster {
    pub fn start(host: Host) -> Result<Cluster, String> {
        host.check()?;
        let mut options: Vec<String> = Module::Json.options()?.to_vec();
        options.extend(
            [
                ["--cluster-enabled", "yes"],
                ["--cluster-node-timeout", "1500"],
                ["--cluster-require-full-coverage", "no"],
                ["--cluster-replica-validity-factor", "0"],
                // A shard keeps its own replica, without which nothing would be acknowledged.
                ["--cluster-allow-replica-migration", "no"],
                ["--repl-diskless-sync-delay", "0"],
            ]
            .as_flattened()
            .iter()
            .map(|word| (*word).to_string()),
        );
        let mut nodes = Vec::new();
        for _ in 0..6 {
            let server = Server::start_node(host, &options)?;
            let id = text(&ask(&server, &["CLUSTER", "MYID"])?);
            nodes.push(Node { server, id });
        }
        let ports = nodes.iter().map(|node| node.server.port).collect();
        let cluster = Cluster { nodes, seeds: Arc::new(Mutex::new(ports)) };
        cluster.join()?;
        Ok(cluster)
    }

    /// The first three take the slots, each of the others follows one of them.
    fn join(&self) -> Result<(), String> {
        let servers: Vec<&Server> = self.nodes.iter().map(|node| &node.server).collect();
        for (server, epoch) in servers.iter().zip(1..) {
            ask(server, &["CLUSTER", "SET-CONFIG-EPOCH", &format!("{epoch}")])?;
        }
        for (i, server) in servers[..3].iter().enumerate() {
            let first = i * usize::from(SLOTS) / 3;
            let last = (i + 1) * usize::from(SLOTS) / 3 - 1;
            ask(server, &["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()])?;
        }
        for server in &servers[1..] {
            ask(servers[0], &["CLUSTER", "MEET", "127.0.0.1", &server.port.to_string()])?;
        }
        eventually("the nodes meet", PATIENCE, || {
            for server in &servers {
                let lines = lines(server)?;
                let strangers = lines.iter().any(|line| line.flags.contains("handshake"));
                if strangers || lines.len() != self.nodes.len() {
                    return Err(format!("one knows {}", lines.len()));
                }
            }
            Ok(())
        })?;
        for (i, server) in servers[3..].iter().enumerate() {
            ask(server, &["CLUSTER", "REPLICATE", &self.nodes[i].id])?;
        }
        self.await_settled().map(|_| ())
    }

    fn index(&self, id: &str) -> Result<usize, String> {
        self.nodes.iter().position(|node| node.id == id).ok_or(format!("a node {id} is unknown"))
    }

    /// Who serves which slots in the eyes of a node: ranges by the primary's id.
    fn owners(&self, node: usize) -> Result<BTreeMap<String, Vec<(u16, u16)>>, String> {
        let lines = lines(&self.nodes[node].server)?.into_iter();
        Ok(lines.filter(|line| !line.slots.is_empty()).map(|line| (line.id, line.slots)).collect())
    }

    /// The slots of a primary, as it says itself.
    pub fn slots_of(&self, node: usize) -> Result<Vec<u16>, String> {
        let mut owners = self.owners(node)?;
        let ranges = owners.remove(&self.nodes[node].id).unwrap_or_default();
        Ok(ranges.into_iter().flat_map(|(first, last)| first..=last).collect())
    }

    /// The shards in the eyes of a node.
    fn shards_of(&self, node: usize) -> Result<Vec<Shard>, String> {
        let lines = lines(&self.nodes[node].server)?;
        let mut shards = Vec::new();
        for line in &lines {
            if line.primary != "-" {
                let (primary, replica) = (self.index(&line.primary)?, self.index(&line.id)?);
                shards.push(Shard { primary, replica });
            }
        }
        shards.sort_by_key(|shard| shard.primary);
        Ok(shards)
    }

    /// Waits until all nodes agree about slots and roles, and each replica follows its primary closely.
    pub fn await_settled(&self) -> Result<Vec<Shard>, String> {
        let shards = eventually("the cluster settles", PATIENCE, || {
            let owners = self.owners(0)?;
            let served: u32 =
                owners.values().flatten().map(|(first, last)| u32::from(last - first) + 1).sum();
            let shards = self.shards_of(0)?;
            if served != u32::from(SLOTS) || shards.len() != 3 {
                return Err(format!("{served} slots, {} replicas", shards.len()));
            }
            for (i, node) in self.nodes.iter().enumerate() {
                if field(&node.server, &["CLUSTER", "INFO"], "cluster_state")? != "ok" {
                    return Err(format!("node {i} says that the state is not ok"));
                }
                if self.owners(i)? != owners || self.shards_of(i)? != shards {
                    return Err(format!("node {i} sees other owners"));
                }
                if lines(&node.server)?.iter().any(|line| line.flags.contains("fail")) {
                    return Err(format!("node {i} sees a failure"));
                }
            }
            Ok(shards)
        })?;
        for shard in &shards {
            await_caught_up(&self.nodes[shard.primary].server, &self.nodes[shard.replica].server)?;
        }
        Ok(shards)
    }

    /// Waits until this node calls itself a primary.
    pub fn await_promotion(&self, node: usize, patience: Duration) -> Result<(), String> {
        eventually("a replica takes over", patience, || {
            let role = field(&self.nodes[node].server, &["INFO", "replication"], "role")?;
            match role.as_str() {
                "master" => Ok(()),
                role => Err(format!("it is a {role}")),
            }
        })
    }

    /// The last lines of each node's log, for a report of what went wrong.
    pub fn logs(&self) -> String {
        let mut out = String::new();
        for (i, node) in self.nodes.iter().enumerate() {
            let tail = node.server.log_tail();
            let lines: Vec<&str> = tail.lines().collect();
            let end = lines[lines.len().saturating_sub(8)..].join("\n    ");
            out += &format!("  node {i}, port {}:\n    {end}\n", node.server.port);
        }
        out
    }
}

/// `id address flags primary ping pong epoch link slot…`
fn lines(server: &Server) -> Result<Vec<Line>, String> {
    let text = text(&ask(server, &["CLUSTER", "NODES"])?);
    let mut lines = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [id, _address, flags, primary, _ping, _pong, _epoch, _link, slots @ ..] = &words[..]
        else {
            return Err(format!("CLUSTER NODES has a line {line:?}"));
        };
        let mut ranges = Vec::new();
        // What stands in brackets is on its way.
        for slot in slots.iter().filter(|slot| !slot.starts_with('[')) {
            let (first, last) = slot.split_once('-').unwrap_or((slot, slot));
            let parse = |text: &str| text.parse::<u16>().map_err(|e| format!("slot {text}: {e}"));
            ranges.push((parse(first)?, parse(last)?));
        }
        lines.push(Line {
            id: (*id).to_string(),
            flags: (*flags).to_string(),
            primary: (*primary).to_string(),
            slots: ranges,
        });
    }
    Ok(lines)
}
