//! Plays sequences to a server and to the model, and makes one that differs short.

use std::time::{Duration, Instant};

use fastrand::Rng;
use suites::client::Client;
use suites::host::{Host, Module, Server};
use suites::reply::Reply;

use super::made::{KEYS, Line, sequence};
use super::model::{Keyspace, Planted};
use crate::run::{Finding, Until};

/// Commands of a sequence, those that set it up and look at the end apart.
const SEQUENCE_LEN: usize = 120;

/// What the model says a reply must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Reply(Reply),
    AnyError,
}

impl Expected {
    fn allows(&self, found: &Reply) -> bool {
        match self {
            Expected::AnyError => found.is_error(),
            Expected::Reply(reply) => same(reply, found),
        }
    }
}

/// Doubles are compared by value: their text is the server's.
fn same(expected: &Reply, found: &Reply) -> bool {
    match (expected, found) {
        (Reply::Double(own), Reply::Double(other)) => {
            let value = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<f64>().ok();
            value(own).is_some() && value(own) == value(other)
        }
        (Reply::Array(own), Reply::Array(other)) => {
            own.len() == other.len() && own.iter().zip(other).all(|(own, other)| same(own, other))
        }
        _ => expected == found,
    }
}

/// What answers: a server, or in tests the model itself.
pub trait Peer {
    /// Sends commands; nobody waits.
    ///
    /// # Errors
    /// When it is gone.
    fn send(&mut self, lines: &[Line], resp3: bool) -> Result<(), String>;

    /// The replies to what was sent first and not received yet.
    ///
    /// # Errors
    /// When it is gone.
    fn receive(&mut self, count: usize) -> Result<Vec<Reply>, String>;
}

/// Random sequences, from a seed.
#[derive(Clone, Copy, Debug)]
pub struct Sequences {
    pub seed: u64,
    pub until: Until,
    pub planted: Option<Planted>,
}

/// The commands of the sequence with this seed, up to where a document has become large; with
/// GET of every key at the end.
fn lines_of(seed: u64) -> (Vec<Line>, bool) {
    let mut random = Rng::with_seed(seed);
    let resp3 = random.u8(0..4) == 0;
    let mut lines = sequence(&mut random, SEQUENCE_LEN);
    let mut model = Keyspace::new(resp3, None);
    let end = lines.iter().position(|line| {
        model.apply(line);
        model.is_large()
    });
    lines.truncate(end.map_or(lines.len(), |end| end + 1));
    (lines, resp3)
}

/// What differs, if anything: the place and the words for it.
fn difference(
    lines: &[Line],
    resp3: bool,
    replies: &[Reply],
    planted: Option<Planted>,
) -> Option<String> {
    let mut model = Keyspace::new(resp3, planted);
    for (at, (line, found)) in lines.iter().zip(replies).enumerate() {
        let expected = model.apply(line);
        if !expected.allows(found) {
            let expected = match expected {
                Expected::Reply(reply) => reply.notation(),
                Expected::AnyError => "an error".into(),
            };
            return Some(format!("command {at}: {} instead of {expected}", found.notation()));
        }
    }
    let found = replies.get(lines.len()..).unwrap_or_default();
    for (key, name) in KEYS.iter().enumerate().take(KEYS.len() - 1) {
        let (expected, found) = (model.whole(key), found.get(key)?);
        if expected != *found {
            let (found, expected) = (found.notation(), expected.notation());
            return Some(format!("{name} at the end: {found} instead of {expected}"));
        }
    }
    None
}

/// Plays sequences; how many commands there were, or the first finding.
///
/// # Errors
/// The first sequence that goes otherwise than the model says, made short.
pub fn play(peer: &mut impl Peer, sequences: Sequences) -> Result<u64, Box<Finding>> {
    let Sequences { mut seed, until, planted } = sequences;
    let started = Instant::now();
    let mut commands = 0u64;
    let gone = |seed: u64, what: String| {
        let input = Vec::new();
        Box::new(Finding { target: "commands", seed, what: format!("alive: {what}"), input })
    };
    // One sequence is on its way while the replies to the one before are compared.
    let mut pending: Option<(u64, Vec<Line>, bool)> = None;
    loop {
        let over = match until {
            Until::Executions(wanted) => commands >= wanted,
            Until::Time(wanted) => started.elapsed() >= wanted,
        };
        let next = (!over).then(|| {
            let (lines, resp3) = lines_of(seed);
            (seed, lines, resp3)
        });
        if let Some((seed, lines, resp3)) = &next {
            peer.send(lines, *resp3).map_err(|what| gone(*seed, what))?;
        }
        if let Some((seed, lines, resp3)) = pending.take() {
            let count = lines.len() + KEYS.len() - 1;
            let replies = peer.receive(count).map_err(|what| gone(seed, what))?;
            if difference(&lines, resp3, &replies, planted).is_some() {
                if let Some((_, later, _)) = &next {
                    // Out of the way before the sequence is tried again and again.
                    let count = later.len() + KEYS.len() - 1;
                    peer.receive(count).map_err(|what| gone(seed, what))?;
                }
                return Err(Box::new(finding(peer, seed, lines, resp3, planted)));
            }
            commands += lines.len() as u64;
        }
        match next {
            Some(next) => pending = Some(next),
            None => return Ok(commands),
        }
        seed = seed.wrapping_add(1);
    }
}

/// Leaves out what is not needed to differ, and reports the rest as commands to type.
fn finding(
    peer: &mut impl Peer,
    seed: u64,
    mut lines: Vec<Line>,
    resp3: bool,
    planted: Option<Planted>,
) -> Finding {
    let mut what = None;
    let mut differs = |lines: &[Line]| {
        let sent = peer.send(lines, resp3);
        let replies = sent.and_then(|()| peer.receive(lines.len() + KEYS.len() - 1));
        let found = match replies {
            Ok(replies) => difference(lines, resp3, &replies, planted),
            Err(gone) => Some(gone),
        };
        let is_found = found.is_some();
        what = found.or(what.take());
        is_found
    };
    if differs(&lines) {
        let mut len = lines.len().div_ceil(2);
        while len > 0 {
            let mut at = 0;
            while at < lines.len() {
                let mut without = lines.clone();
                without.drain(at..(at + len).min(lines.len()));
                if differs(&without) {
                    lines = without;
                } else {
                    at += len;
                }
            }
            len /= 2;
        }
        differs(&lines);
    } else {
        what = Some("not the same when played again".into());
    }
    let protocol = if resp3 { "HELLO 3" } else { "HELLO 2" };
    let mut words = format!("{protocol}\nFLUSHALL\nSET string plain\n");
    for line in &lines {
        let quoted = line.argv.iter().map(|word| suites::reply::quoted(word));
        words.push_str(&quoted.collect::<Vec<_>>().join(" "));
        words.push('\n');
    }
    let what = format!("model: {}\n{words}", what.unwrap_or_default());
    Finding { target: "commands", seed, what, input: words.into_bytes() }
}

/// A server with the module.
pub struct Wire {
    server: Server,
    client: Client,
    received: u64,
}

/// What is sent before each sequence.
const SETUP: usize = 3;

impl Wire {
    /// # Errors
    /// When the server does not start with the module.
    pub fn start(host: Host) -> Result<Wire, String> {
        let server = Server::start(host, &Module::Json.options()?)?;
        let mut client = server.connect()?;
        client.set_patience(Duration::from_secs(60)).map_err(|e| e.to_string())?;
        Ok(Wire { server, client, received: 0 })
    }

    fn broken(&mut self, what: impl ToString) -> String {
        let log = self.server.log_tail();
        let alive = self.server.alive();
        format!("{}; the server runs: {alive}; its log:\n{log}", what.to_string())
    }
}

impl Peer for Wire {
    fn send(&mut self, lines: &[Line], resp3: bool) -> Result<(), String> {
        let mut bytes = Vec::new();
        let mut add = |argv: &[&[u8]]| bytes.extend(suites::client::encode(argv));
        add(&[b"HELLO", if resp3 { b"3" } else { b"2" }]);
        add(&[b"FLUSHALL"]);
        add(&[b"SET", KEYS[KEYS.len() - 1].as_bytes(), b"plain"]);
        for line in lines {
            let mut argv: Vec<&[u8]> = line.argv.iter().map(Vec::as_slice).collect();
            let name;
            if argv[0] == b"CONFIG" && self.server.host == Host::Redis {
                // The module has another name there.
                name = [b"ReJSON", &argv[2][4..]].concat();
                argv[2] = &name;
            }
            add(&argv);
        }
        for key in &KEYS[..KEYS.len() - 1] {
            add(&[b"JSON.GET", key.as_bytes()]);
        }
        self.client.send_raw(&bytes).map_err(|e| self.broken(e))
    }

    fn receive(&mut self, count: usize) -> Result<Vec<Reply>, String> {
        let mut replies = Vec::with_capacity(count);
        for at in 0..SETUP + count {
            match self.client.read() {
                Ok(Reply::Closed) => return Err(self.broken("closed")),
                Ok(reply) if at >= SETUP => replies.push(reply),
                Ok(_) => {}
                Err(e) => return Err(self.broken(e)),
            }
        }
        self.received += 1;
        // Replies tell of a panic too, as an error that the model does not know.
        if self.received.is_multiple_of(1000) && self.server.log().contains("panicked") {
            return Err(self.broken("something panicked"));
        }
        Ok(replies)
    }
}

/// The model as a server that does everything right.
#[derive(Default)]
pub struct ModelPeer {
    replies: std::collections::VecDeque<Reply>,
}

impl Peer for ModelPeer {
    fn send(&mut self, lines: &[Line], resp3: bool) -> Result<(), String> {
        let mut model = Keyspace::new(resp3, None);
        for line in lines {
            self.replies.push_back(match model.apply(line) {
                Expected::Reply(reply) => reply,
                Expected::AnyError => Reply::Error(b"ERR".to_vec()),
            });
        }
        self.replies.extend((0..KEYS.len() - 1).map(|key| model.whole(key)));
        Ok(())
    }

    fn receive(&mut self, count: usize) -> Result<Vec<Reply>, String> {
        Ok(self.replies.drain(..count.min(self.replies.len())).collect())
    }
}
