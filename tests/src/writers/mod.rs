//! Writers that keep editing JSON documents while something happens to the servers, and remember what was
//! acknowledged.
//!
//! An edit is acknowledged when its reply came and WAIT says that a replica has it. From then on nothing that the
//! servers go through may undo it. An edit whose reply or acknowledgement is missing may have happened or not; the
//! key then has several possible states until a whole document is set and acknowledged. A key belongs to one
//! writer, so that every reply is known beforehand.

pub mod order;
pub mod router;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use order::{Edit, Order};
use router::{Fate, Router, Seeds, key_slot};

use crate::ask::{PATIENCE, eventually};
use crate::reply::Reply;

/// What a document may be; one state when everything about it was acknowledged.
#[derive(Clone, Debug)]
pub struct Possible(Vec<Option<Order>>);

impl Possible {
    fn absent() -> Possible {
        Possible(vec![None])
    }

    fn certain(&self) -> Option<Option<&Order>> {
        match self.0.as_slice() {
            [one] => Some(one.as_ref()),
            _ => None,
        }
    }

    /// Whether JSON.GET of the key may answer this.
    pub fn allows(&self, reply: &Reply) -> bool {
        self.0.iter().any(|state| match (state, reply) {
            (None, Reply::NilBulk | Reply::Null) => true,
            (Some(order), Reply::Bulk(text)) => order.text().as_bytes() == text,
            _ => false,
        })
    }

    pub fn may_be_absent(&self) -> bool {
        self.0.contains(&None)
    }

    pub fn may_be_present(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }

    pub fn is_certain(&self) -> bool {
        self.0.len() == 1
    }

    fn add(&mut self, state: Option<Order>) {
        if !self.0.contains(&state) {
            self.0.push(state);
        }
    }

    /// In words, for a report.
    pub fn describe(&self) -> String {
        let texts: Vec<String> = self
            .0
            .iter()
            .map(|state| state.as_ref().map_or("nothing".to_string(), Order::text))
            .collect();
        texts.join("\n      or ")
    }
}

/// What the writers know at their end.
#[derive(Default)]
pub struct Memory {
    pub documents: BTreeMap<String, Possible>,
    pub acknowledged: usize,
    /// Answered, but no replica had it in time; or sent, and no reply came.
    pub uncertain: usize,
    pub refused: usize,
    pub reads: usize,
    pub moved: usize,
    pub ask: usize,
    pub try_again: usize,
    /// Replies that contradict what was acknowledged.
    pub faults: Vec<String>,
}

impl Memory {
    /// The n-th document that is certainly there.
    pub fn some_document(&self, n: usize) -> Result<&str, String> {
        let there = |possible: &Possible| possible.is_certain() && !possible.may_be_absent();
        let mut found = self.documents.iter().filter(|(_, possible)| there(possible));
        found.nth(n).map(|(key, _)| key.as_str()).ok_or("no document is certainly there".into())
    }

    fn absorb(&mut self, other: Memory) {
        self.documents.extend(other.documents);
        self.acknowledged += other.acknowledged;
        self.uncertain += other.uncertain;
        self.refused += other.refused;
        self.reads += other.reads;
        self.moved += other.moved;
        self.ask += other.ask;
        self.try_again += other.try_again;
        self.faults.extend(other.faults);
    }
}

/// What writers share with those who watch them.
#[derive(Default)]
pub struct Progress {
    stop: AtomicBool,
    acknowledged: AtomicUsize,
}

impl Progress {
    /// Waits until so many more writes are acknowledged.
    pub fn await_writes(&self, count: usize) -> Result<(), String> {
        let until = self.acknowledged.load(Ordering::Relaxed) + count;
        eventually("writes go on", PATIENCE, || {
            let now = self.acknowledged.load(Ordering::Relaxed);
            match now >= until {
                true => Ok(()),
                false => Err(format!("{} are missing", until - now)),
            }
        })
    }
}

/// Whether an edit counts as acknowledged with its reply alone, or when a replica has it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Acknowledged {
    ByReply,
    ByReplica,
}

/// How long a writer waits for a replica.
const WAIT_MS: u64 = 1000;

/// Runs a writer for each list of keys beside `happen`, and gives what they know when that is over.
pub fn beside<T>(
    keys: &[Vec<String>],
    seeds: &Seeds,
    acknowledged: Acknowledged,
    seed: u64,
    happen: impl FnOnce(&Progress) -> T,
) -> (Memory, T) {
    let progress = Progress::default();
    let mut memory = Memory::default();
    let outcome = std::thread::scope(|scope| {
        let writers: Vec<_> = keys
            .iter()
            .zip(1..)
            .map(|(keys, i)| {
                let writer = Writer {
                    router: Router::new(seeds.clone(), seed + i),
                    random: fastrand::Rng::with_seed(seed * 1000 + i),
                    acknowledged,
                    memory: Memory::default(),
                };
                let progress = &progress;
                scope.spawn(move || writer.run(keys, progress))
            })
            .collect();
        let outcome = happen(&progress);
        progress.stop.store(true, Ordering::Relaxed);
        for writer in writers {
            memory.absorb(writer.join().expect("writers do not panic"));
        }
        outcome
    });
    (memory, outcome)
}

struct Writer {
    router: Router,
    random: fastrand::Rng,
    acknowledged: Acknowledged,
    memory: Memory,
}

impl Writer {
    fn run(mut self, keys: &[String], progress: &Progress) -> Memory {
        for key in keys {
            self.memory.documents.insert(key.clone(), Possible::absent());
        }
        let siblings: BTreeMap<&String, &String> = keys
            .windows(2)
            .filter(|pair| key_slot(pair[0].as_bytes()) == key_slot(pair[1].as_bytes()))
            .map(|pair| (&pair[0], &pair[1]))
            .collect();
        // Every key once; then mostly every third, so that the others rest and are packed.
        let mut first = keys.iter();
        while !progress.stop.load(Ordering::Relaxed) && self.memory.faults.len() < 20 {
            let key = first.next().unwrap_or_else(|| {
                let any = self.random.usize(0..keys.len());
                match self.random.u8(0..24) {
                    0 => &keys[any],
                    _ => &keys[any / 3 * 3],
                }
            });
            let before = self.memory.acknowledged;
            match (self.random.u8(0..16), siblings.get(key)) {
                (0..=1, _) => self.read(key),
                (2, Some(sibling)) => self.write_both([key, sibling]),
                _ => self.write(key),
            }
            progress.acknowledged.fetch_add(self.memory.acknowledged - before, Ordering::Relaxed);
        }
        self.memory.moved = self.router.redirects.moved;
        self.memory.ask = self.router.redirects.ask;
        self.memory.try_again = self.router.redirects.try_again;
        self.memory
    }

    fn read(&mut self, key: &str) {
        let Fate::Answered { reply, .. } = self.router.call(key, &["JSON.GET", key]) else {
            return;
        };
        self.memory.reads += 1;
        let possible = &self.memory.documents[key];
        if !possible.allows(&reply) {
            let fault = format!(
                "JSON.GET {key} answers {}\n    where acknowledged is {}",
                reply.notation(),
                possible.describe()
            );
            self.memory.faults.push(fault);
        }
    }

    /// One edit of a document.
    fn write(&mut self, key: &str) {
        let possible = &self.memory.documents[key];
        let (edit, certain) = match possible.certain() {
            Some(now) => (Edit::random(key, now, &mut self.random), true),
            None => (Edit::replace(key, &mut self.random), false),
        };
        let expected = if certain { edit.answer.as_str() } else { "+OK" };
        self.execute(&edit.argv, expected, &[(key, &edit.after)]);
    }

    /// Two documents of one slot anew, by one command that does both or neither.
    fn write_both(&mut self, keys: [&str; 2]) {
        let orders = keys.map(|key| Order::new(key, &mut self.random));
        let mut argv = vec!["JSON.MSET".to_string()];
        for (key, order) in keys.iter().zip(&orders) {
            argv.extend([(*key).to_string(), "$".to_string(), order.text()]);
        }
        let [first, second] = orders.map(Some);
        self.execute(&argv, "+OK", &[(keys[0], &first), (keys[1], &second)]);
    }

    /// Sends a command, and remembers for each key what it leaves there.
    fn execute(&mut self, argv: &[String], expected: &str, after: &[(&str, &Option<Order>)]) {
        let kept = match self.router.call(after[0].0, argv) {
            Fate::Answered { reply, port } if reply.notation() == expected => {
                match self.acknowledged {
                    Acknowledged::ByReply => true,
                    Acknowledged::ByReplica => self.router.wait(port, WAIT_MS),
                }
            }
            Fate::Answered { reply, .. } => {
                let possible = self.memory.documents[after[0].0].describe();
                self.memory.faults.push(format!(
                    "{} answers {} instead of {expected}\n    where acknowledged is {possible}",
                    argv.join(" "),
                    reply.notation(),
                ));
                false
            }
            Fate::Refused(_) => {
                self.memory.refused += 1;
                std::thread::sleep(Duration::from_millis(20));
                return;
            }
            Fate::Unknown => false,
        };
        match kept {
            true => self.memory.acknowledged += 1,
            false => self.memory.uncertain += 1,
        }
        for (key, state) in after {
            let possible = self.memory.documents.get_mut(*key).expect("every key has its states");
            match kept {
                true => *possible = Possible(vec![(*state).clone()]),
                false => possible.add((*state).clone()),
            }
        }
    }
}
