//! The traffic of a look-aside cache: documents written whole over a fixed set of keys, and some
//! of them read back whole.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::arguments::Arguments;
use crate::connection::{ClientError, Connection};
use crate::documents::Shape;
use crate::way::{Packer, Way, got, stored};

const KEY_PREFIX: &str = "cache:document:";
const KEY_RANDOM_LEN: usize = 41;
const READ_PERCENT: usize = 20;

/// Commands that go out together where nothing is measured.
const FILL_PIPELINE: usize = 16;

/// Which key a step touches and, when it writes, which document goes there.
#[derive(Clone, Copy)]
enum Step {
    Read { key: usize },
    Write { key: usize, document: usize },
}

pub(crate) struct Workload {
    keys: Vec<Vec<u8>>,
    documents: Vec<Vec<u8>>,
    /// The document under each key when the clock starts, so that every read finds something.
    first: Vec<usize>,
    steps: Vec<Step>,
    /// Bytes of text under all keys when the clock has stopped.
    raw_len: usize,
}

/// One round of one way on one server.
pub(crate) struct Timing {
    pub(crate) elapsed: Duration,
    /// Nanoseconds, the client's own work (compressing) included.
    pub(crate) reads: Histogram<u64>,
    pub(crate) writes: Histogram<u64>,
}

impl Workload {
    /// The same arguments give the same keys, documents and steps.
    pub(crate) fn new(arguments: &Arguments, shape: Shape, made: impl FnMut(usize)) -> Self {
        let documents = shape.pool(shape.pool_len().min(arguments.keys), arguments.seed, made);
        let mut rng = fastrand::Rng::with_seed(arguments.seed);
        let keys = random_keys(&mut rng, KEY_PREFIX, arguments.keys);
        let first: Vec<usize> = (0..keys.len()).map(|key| key % documents.len()).collect();
        // Exactly a fifth reads, in random order.
        let reads = arguments.operations * READ_PERCENT / 100;
        let mut steps: Vec<Step> = (0..arguments.operations)
            .map(|index| {
                let key = rng.usize(..keys.len());
                let document = rng.usize(..documents.len());
                if index < reads { Step::Read { key } } else { Step::Write { key, document } }
            })
            .collect();
        rng.shuffle(&mut steps);
        let mut last = first.clone();
        for step in &steps {
            if let Step::Write { key, document } = *step {
                last[key] = document;
            }
        }
        let raw_len = last.iter().map(|&document| documents[document].len()).sum();
        Self { keys, documents, first, steps, raw_len }
    }

    pub(crate) fn key_count(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn raw_len(&self) -> usize {
        self.raw_len
    }

    /// Writes every key once.
    pub(crate) fn fill(&self, connection: &mut Connection, way: Way) -> Result<(), ClientError> {
        let mut packer = Packer::new()?;
        let placed: Vec<(&[u8], &[u8])> = self
            .keys
            .iter()
            .zip(&self.first)
            .map(|(key, &at)| (&key[..], &self.documents[at][..]))
            .collect();
        fill(connection, way, &mut packer, &placed)
    }

    /// Runs all steps, one after the other.
    pub(crate) fn run(&self, connection: &mut Connection, way: Way) -> Result<Timing, ClientError> {
        let mut packer = Packer::new()?;
        let (mut reads, mut writes) = (latencies(), latencies());
        let start = Instant::now();
        let mut before = start;
        for step in &self.steps {
            let kind = match *step {
                Step::Read { key } => {
                    connection.send(&[way.get(&self.keys[key]).words()])?;
                    let value = got(connection)?;
                    if way == Way::Packed {
                        packer.unpack(value)?;
                    }
                    &mut reads
                }
                Step::Write { key, document } => {
                    let text = &self.documents[document];
                    let value = if way == Way::Packed { packer.pack(text)? } else { text };
                    connection.send(&[way.set(&self.keys[key], value).words()])?;
                    stored(connection)?;
                    &mut writes
                }
            };
            let now = Instant::now();
            kind.saturating_record((now - before).as_nanos() as u64);
            before = now;
        }
        Ok(Timing { elapsed: before - start, reads, writes })
    }

    /// Reads some keys back after [`Self::fill`], and tells whether they hold what was stored.
    pub(crate) fn verify(
        &self,
        connection: &mut Connection,
        way: Way,
    ) -> Result<bool, ClientError> {
        let mut packer = Packer::new()?;
        for (key, &document) in self.keys.iter().zip(&self.first).step_by(101) {
            connection.send(&[way.get(key).words()])?;
            let value = got(connection)?;
            let text = if way == Way::Packed { packer.unpack(value)? } else { value };
            if !same_document(text, &self.documents[document]) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(crate) fn delete(&self, connection: &mut Connection) -> Result<(), ClientError> {
        delete(connection, &self.keys)
    }
}

/// Keys of `prefix` and random letters and digits.
pub(crate) fn random_keys(rng: &mut fastrand::Rng, prefix: &str, count: usize) -> Vec<Vec<u8>> {
    let mut key = || {
        let mut key = prefix.to_owned();
        key.extend((0..KEY_RANDOM_LEN).map(|_| rng.alphanumeric()));
        key.into_bytes()
    };
    (0..count).map(|_| key()).collect()
}

/// Stores `placed`, pairs of key and document.
pub(crate) fn fill(
    connection: &mut Connection,
    way: Way,
    packer: &mut Packer,
    placed: &[(&[u8], &[u8])],
) -> Result<(), ClientError> {
    for batch in placed.chunks(FILL_PIPELINE) {
        let mut values: Vec<Vec<u8>> = Vec::new();
        if way == Way::Packed {
            for (_, document) in batch {
                values.push(packer.pack(document)?.to_vec());
            }
        }
        let commands: Vec<_> = batch
            .iter()
            .enumerate()
            .map(|(index, (key, document))| {
                way.set(key, values.get(index).map_or(*document, |value| value))
            })
            .collect();
        let words: Vec<_> = commands.iter().map(|argv| argv.words()).collect();
        connection.send(&words)?;
        for _ in batch {
            stored(connection)?;
        }
    }
    Ok(())
}

pub(crate) fn delete(connection: &mut Connection, keys: &[Vec<u8>]) -> Result<(), ClientError> {
    for batch in keys.chunks(1000) {
        let mut argv: Vec<&[u8]> = vec![b"DEL"];
        argv.extend(batch.iter().map(|key| &key[..]));
        connection.call(&argv)?;
    }
    Ok(())
}

/// Equal bytes, or (a server may write numbers and members its own way) equal JSON.
fn same_document(text: &[u8], stored: &[u8]) -> bool {
    let parse = |bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    text == stored || parse(text).is_some_and(|value| Some(value) == parse(stored))
}

/// Up to a minute in steps of at most 0.1 %.
fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are in order")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_prefix_and_41_letters_and_differ() {
        let mut keys = random_keys(&mut fastrand::Rng::with_seed(1), KEY_PREFIX, 2000);
        assert!(keys.iter().all(|key| key.len() == KEY_PREFIX.len() + 41));
        assert!(keys.iter().all(|key| key.starts_with(KEY_PREFIX.as_bytes())));
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 2000);
    }

    #[test]
    fn other_spelling_is_the_same_document_and_other_content_is_not() {
        assert!(same_document(b"{\"a\": 1, \"b\": 2}", b"{\"b\":2,\"a\":1}"));
        assert!(!same_document(b"{\"a\":1}", b"{\"a\":2}"));
        assert!(!same_document(b"", b"{}"));
    }
}
