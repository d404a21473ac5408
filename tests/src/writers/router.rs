//! A client of a whole cluster: it knows which node has a slot, and follows redirects. With one primary outside
//! a cluster it follows that.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::reply::Reply;

/// Ports where a router begins to ask; whoever promotes a node outside a cluster puts its port here.
pub type Seeds = Arc<Mutex<Vec<u16>>>;

/// How long nodes may refuse a command before the writer hears of it.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(5);

/// What became of a command.
pub enum Fate {
    /// Executed by the node at this port.
    Answered { reply: Reply, port: u16 },
    /// Not executed: every node refused it, with these words.
    Refused(String),
    /// It was sent, and the connection broke before a reply.
    Unknown,
}

#[derive(Default)]
pub struct Redirects {
    pub moved: usize,
    pub ask: usize,
    pub try_again: usize,
}

pub struct Router {
    seeds: Seeds,
    owners: HashMap<u16, u16>,
    clients: HashMap<u16, Client>,
    random: fastrand::Rng,
    pub redirects: Redirects,
}

impl Router {
    pub fn new(seeds: Seeds, seed: u64) -> Router {
        Router {
            seeds,
            owners: HashMap::new(),
            clients: HashMap::new(),
            random: fastrand::Rng::with_seed(seed),
            redirects: Redirects::default(),
        }
    }

    /// Where to ask about a slot. The one primary outside a cluster is always asked anew: a former one would answer
    /// reads, as a replica, with what it had.
    fn port_for(&mut self, slot: u16) -> u16 {
        let seeds = self.seeds.lock().expect("no holder panics");
        match (seeds.as_slice(), self.owners.get(&slot)) {
            ([one], _) => *one,
            (_, Some(owner)) => *owner,
            (many, None) => many[self.random.usize(0..many.len())],
        }
    }

    /// Sends a command on `key` to the node that has it.
    pub fn call<A: AsRef<[u8]>>(&mut self, key: &str, argv: &[A]) -> Fate {
        let slot = key_slot(key.as_bytes());
        let deadline = Instant::now() + REFUSAL_PATIENCE;
        let mut asked: Option<u16> = None;
        loop {
            let asking = asked.is_some();
            let port = asked.take().unwrap_or_else(|| self.port_for(slot));
            let refusal = match self.send(port, asking, argv) {
                Attempt::NoConnection(e) => {
                    self.owners.remove(&slot);
                    e.to_string()
                }
                Attempt::Lost => {
                    self.owners.remove(&slot);
                    return Fate::Unknown;
                }
                Attempt::Replied(Reply::Error(e)) => {
                    let text = String::from_utf8_lossy(&e).into_owned();
                    let mut words = text.split(' ');
                    match words.next().unwrap_or_default() {
                        "MOVED" => {
                            self.redirects.moved += 1;
                            let Some(port) = port_of(words.nth(1)) else {
                                return Fate::Refused(text);
                            };
                            self.owners.insert(slot, port);
                        }
                        "ASK" => {
                            self.redirects.ask += 1;
                            asked = port_of(words.nth(1));
                        }
                        "TRYAGAIN" => {
                            self.redirects.try_again += 1;
                            std::thread::sleep(Duration::from_millis(5));
                        }
                        "CLUSTERDOWN" | "LOADING" | "READONLY" | "MASTERDOWN" => {
                            self.owners.remove(&slot);
                            std::thread::sleep(Duration::from_millis(20));
                        }
                        _ => return Fate::Answered { reply: Reply::Error(e), port },
                    }
                    text
                }
                Attempt::Replied(reply) => {
                    self.owners.insert(slot, port);
                    return Fate::Answered { reply, port };
                }
            };
            if Instant::now() > deadline {
                return Fate::Refused(refusal);
            }
        }
    }

    /// WAIT for one replica, on the connection of the write before: whether one has it.
    pub fn wait(&mut self, port: u16, timeout_ms: u64) -> bool {
        match self.send(port, false, &["WAIT", "1", &timeout_ms.to_string()]) {
            Attempt::Replied(Reply::Integer(replicas)) => replicas >= 1,
            _ => false,
        }
    }

    fn send<A: AsRef<[u8]>>(&mut self, port: u16, asking: bool, argv: &[A]) -> Attempt {
        let client = match self.clients.entry(port) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => match Client::connect(port) {
                Ok(client) => entry.insert(client),
                Err(e) => {
                    std::thread::sleep(Duration::from_millis(20));
                    return Attempt::NoConnection(e);
                }
            },
        };
        let reply = match asking {
            true => client.call(&["ASKING"]).and_then(|_| client.call(argv)),
            false => client.call(argv),
        };
        match reply {
            Ok(Reply::Closed) | Err(_) => {
                self.clients.remove(&port);
                Attempt::Lost
            }
            Ok(reply) => Attempt::Replied(reply),
        }
    }
}

enum Attempt {
    NoConnection(io::Error),
    Lost,
    Replied(Reply),
}

/// The port in `127.0.0.1:7000`.
fn port_of(address: Option<&str>) -> Option<u16> {
    address?.rsplit(':').next()?.parse().ok()
}

/// The slot of a key: CRC-16/XMODEM of what stands between the first braces, or of all of it, modulo 16,384.
pub fn key_slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|b| *b == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        rest.iter().position(|b| *b == b'}').filter(|len| *len > 0).map(|len| &rest[..len])
    });
    let mut crc: u16 = 0;
    for byte in tag.unwrap_or(key) {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 };
        }
    }
    crc % 16_384
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_cluster_specification() {
        assert_eq!(key_slot(b"123456789"), 0x31C3);
        assert_eq!(key_slot(b"foo{hash_tag}"), key_slot(b"hash_tag"));
        assert_ne!(key_slot(b"foo{}{bar}"), key_slot(b"bar"));
        assert_eq!(key_slot(b"foo{{bar}}zap"), key_slot(b"{bar"));
    }
}
