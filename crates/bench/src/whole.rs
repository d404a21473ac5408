//! The second table: whole documents through `JSON.*` against plain `SET` and `GET` of the same
//! bytes, on the same server, at pipeline 1 and 16.

use std::fmt;
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::connection::{ClientError, Connection};
use crate::documents::Shape;
use crate::placement::Placement;
use crate::progress::Progress;
use crate::rounds::{median, median_ratio};
use crate::server::{Server, settled_memory};
use crate::table::{Table, grouped, ratio};
use crate::way::{Packer, Way, got, stored};
use crate::workload::{delete, fill, random_keys};

const PIPELINES: [usize; 2] = [1, 16];
/// One turn of one side, long enough for thousands of requests.
const TURN: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Set,
    /// Of documents that were read shortly before.
    GetWarm,
    /// Of documents that were packed, each read once.
    GetPacked,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Set => "SET",
            Action::GetWarm => "GET warm",
            Action::GetPacked => "GET packed",
        })
    }
}

/// Rates of `JSON.*` and of plain strings, one of each a round, in commands a second.
struct Pair {
    shape: Shape,
    action: Action,
    pipeline: usize,
    json: Vec<f64>,
    text: Vec<f64>,
}

/// The same documents under JSON keys and under string keys.
struct Store {
    json_keys: Vec<Vec<u8>>,
    text_keys: Vec<Vec<u8>>,
    documents: Vec<Vec<u8>>,
}

pub(crate) fn measure(
    arguments: &Arguments,
    servers: &[Server],
    placement: &Placement,
    progress: &mut Progress,
) -> Result<Table, ClientError> {
    let mut rows = Vec::new();
    let able: Vec<&Server> = servers.iter().filter(|server| server.has_json).collect();
    for &shape in &arguments.shapes {
        let store = Store::new(shape, arguments.seed);
        progress.begin(&format!("whole documents, {shape}"), able.len() * arguments.rounds);
        for &server in &able {
            let mut pairs = pairs(shape);
            let mut connection = server.connect()?;
            for round in 0..arguments.rounds {
                progress.step(&format!(
                    "round {} of {} on {}",
                    round + 1,
                    arguments.rounds,
                    server.name
                ));
                placement.together(server)?;
                store.run(&mut connection, &mut pairs, round)?;
            }
            delete(&mut connection, &store.json_keys)?;
            delete(&mut connection, &store.text_keys)?;
            rows.extend(pairs.iter().map(|pair| pair.row(server)));
        }
    }
    progress.end();
    Ok(Table {
        title: "Whole documents: JSON.SET and JSON.GET against SET and GET of the same bytes"
            .to_owned(),
        text_columns: 4,
        head: vec!["server", "document", "command", "pipeline", "JSON.*/s", "plain/s", "ratio"],
        rows,
        notes: vec![format!(
            "Medians of {} rounds in which both sides take turns; ratios are taken within a round. \
             Documents are read packed once each, and warm when they were read just before.",
            arguments.rounds
        )],
    })
}

fn pairs(shape: Shape) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for action in [Action::Set, Action::GetWarm, Action::GetPacked] {
        for pipeline in PIPELINES {
            pairs.push(Pair { shape, action, pipeline, json: Vec::new(), text: Vec::new() });
        }
    }
    pairs
}

impl Pair {
    fn row(&self, server: &Server) -> Vec<String> {
        vec![
            server.name.clone(),
            self.shape.to_string(),
            self.action.to_string(),
            self.pipeline.to_string(),
            grouped(median(self.json.iter().copied())),
            grouped(median(self.text.iter().copied())),
            ratio(median_ratio(&self.json, &self.text)),
        ]
    }
}

impl Store {
    fn new(shape: Shape, seed: u64) -> Self {
        // Enough that a pass takes a while and the documents do not sit in the CPU's caches.
        let count = match shape {
            Shape::Profile => 20_000,
            Shape::Order => 4_000,
            Shape::Page => 600,
        };
        let mut rng = fastrand::Rng::with_seed(seed);
        Self {
            json_keys: random_keys(&mut rng, "whole:json:", count),
            text_keys: random_keys(&mut rng, "whole:text:", count),
            documents: shape.pool(shape.pool_len(), seed, |_| ()),
        }
    }

    fn keys(&self, way: Way) -> &[Vec<u8>] {
        if way == Way::Json { &self.json_keys } else { &self.text_keys }
    }

    /// The keys of `way` with the document that each has.
    fn placed(&self, way: Way) -> Vec<(&[u8], &[u8])> {
        let documents = self.documents.iter().cycle();
        self.keys(way).iter().zip(documents).map(|(key, text)| (&key[..], &text[..])).collect()
    }

    /// One round of all pairs.
    fn run(
        &self,
        connection: &mut Connection,
        pairs: &mut [Pair],
        round: usize,
    ) -> Result<(), ClientError> {
        let ways =
            if round.is_multiple_of(2) { [Way::Text, Way::Json] } else { [Way::Json, Way::Text] };
        for way in ways {
            fill(connection, way, &mut Packer::new()?, &self.placed(way))?;
        }
        settled_memory(connection)?;
        // Half of the keys for each pipeline, so that every document is read but once.
        for (pair, part) in
            pairs.iter_mut().filter(|pair| pair.action == Action::GetPacked).zip(0..)
        {
            let half = self.json_keys.len() / PIPELINES.len();
            let keys = part * half..(part + 1) * half;
            for way in ways {
                let rate = get_once(connection, way, &self.keys(way)[keys.clone()], pair.pipeline)?;
                pair.side(way).push(rate);
            }
        }
        for pair in pairs {
            for way in ways {
                let placed = self.placed(way);
                match pair.action {
                    Action::Set => {
                        let rate = set_for(connection, way, &placed, pair.pipeline)?;
                        pair.side(way).push(rate);
                    }
                    Action::GetWarm => {
                        let few = &self.keys(way)[..self.keys(way).len() / 20];
                        for _ in 0..3 {
                            get_once(connection, way, few, pair.pipeline)?;
                        }
                        let rate = get_for(connection, way, few, pair.pipeline)?;
                        pair.side(way).push(rate);
                    }
                    Action::GetPacked => {}
                }
            }
        }
        Ok(())
    }
}

impl Pair {
    fn side(&mut self, way: Way) -> &mut Vec<f64> {
        if way == Way::Json { &mut self.json } else { &mut self.text }
    }
}

/// Sets documents for a turn, and gives the rate a second.
fn set_for(
    connection: &mut Connection,
    way: Way,
    placed: &[(&[u8], &[u8])],
    pipeline: usize,
) -> Result<f64, ClientError> {
    let mut count = 0;
    let begun = Instant::now();
    for batch in placed.chunks_exact(pipeline).cycle() {
        let commands: Vec<_> = batch.iter().map(|(key, text)| way.set(key, text)).collect();
        let words: Vec<_> = commands.iter().map(|argv| argv.words()).collect();
        connection.send(&words)?;
        for _ in batch {
            stored(connection)?;
        }
        count += batch.len();
        if begun.elapsed() >= TURN {
            break;
        }
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// Gets documents for a turn, and gives the rate a second.
fn get_for(
    connection: &mut Connection,
    way: Way,
    keys: &[Vec<u8>],
    pipeline: usize,
) -> Result<f64, ClientError> {
    let mut count = 0;
    let begun = Instant::now();
    for batch in keys.chunks_exact(pipeline).cycle() {
        get_batch(connection, way, batch)?;
        count += batch.len();
        if begun.elapsed() >= TURN {
            break;
        }
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// Gets every key once, and gives the rate a second.
fn get_once(
    connection: &mut Connection,
    way: Way,
    keys: &[Vec<u8>],
    pipeline: usize,
) -> Result<f64, ClientError> {
    let begun = Instant::now();
    for batch in keys.chunks(pipeline) {
        get_batch(connection, way, batch)?;
    }
    Ok(keys.len() as f64 / begun.elapsed().as_secs_f64())
}

fn get_batch(connection: &mut Connection, way: Way, keys: &[Vec<u8>]) -> Result<(), ClientError> {
    let commands: Vec<_> = keys.iter().map(|key| way.get(key)).collect();
    let words: Vec<_> = commands.iter().map(|argv| argv.words()).collect();
    connection.send(&words)?;
    for _ in keys {
        got(connection)?;
    }
    Ok(())
}
