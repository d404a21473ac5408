//! The third table: what single values cost. A scalar by its path against GET of a key that is not
//! there (the cheapest command there is), and edits in place against INCR.

use std::fmt;
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::connection::{ClientError, Connection, Reply};
use crate::documents::Shape;
use crate::placement::Placement;
use crate::progress::Progress;
use crate::rounds::{median, median_ratio};
use crate::server::{Server, settled_memory};
use crate::table::{Table, grouped, ratio};
use crate::way::{Argv, Packer, Way};
use crate::workload::{delete, fill, random_keys};

const PIPELINES: [usize; 2] = [1, 16];
/// One turn of one side.
const TURN: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    /// JSON.GET of one scalar, against GET of a key that is not there.
    Scalar,
    /// JSON.NUMINCRBY by 1, against INCR.
    Increment,
    /// JSON.ARRAPPEND of one number, against INCR.
    Append,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Scalar => "GET path",
            Action::Increment => "NUMINCRBY",
            Action::Append => "ARRAPPEND",
        })
    }
}

/// What is asked of documents of one shape: the action, where in the document, and the path. The
/// paths in the middle go by the middle of the shortest document.
fn questions(shape: Shape, middle: usize) -> Vec<(Action, &'static str, String)> {
    let path =
        |action, place, path: &str| (action, place, path.replace("MIDDLE", &middle.to_string()));
    match shape {
        Shape::Profile => vec![
            path(Action::Scalar, "begin", "$.name"),
            path(Action::Scalar, "middle", "$.email"),
            path(Action::Scalar, "end", "$.company"),
            path(Action::Increment, "end", "$.visits"),
            path(Action::Append, "end", "$.tags"),
        ],
        Shape::Order => vec![
            path(Action::Scalar, "begin", "$.id"),
            path(Action::Scalar, "middle", "$.lines[MIDDLE].sku"),
            path(Action::Scalar, "end", "$.client.session"),
            path(Action::Scalar, "nested", "$.lines[MIDDLE].attributes.ean"),
            path(Action::Increment, "begin", "$.customer.loyalty.points"),
            path(Action::Increment, "middle", "$.lines[MIDDLE].quantity"),
            path(Action::Append, "middle", "$.lines[MIDDLE].attributes.tags"),
        ],
        Shape::Page => vec![
            path(Action::Scalar, "begin", "$.request_id"),
            path(Action::Scalar, "middle", "$.data[MIDDLE].etag"),
            path(Action::Scalar, "end", "$.took_ms"),
            path(Action::Scalar, "nested", "$.data[MIDDLE].customer.loyalty.points"),
            path(Action::Increment, "begin", "$.data[0].customer.loyalty.points"),
            path(Action::Increment, "middle", "$.data[MIDDLE].customer.loyalty.points"),
            path(Action::Append, "middle", "$.data[MIDDLE].lines[0].attributes.tags"),
        ],
    }
}

/// Rates of one question at one pipeline, one of each side a round, in commands a second.
struct Pair {
    action: Action,
    place: &'static str,
    path: String,
    pipeline: usize,
    json: Vec<f64>,
    plain: Vec<f64>,
}

/// Documents, and as many keys that hold counters or nothing.
struct Store {
    shape: Shape,
    json_keys: Vec<Vec<u8>>,
    counter_keys: Vec<Vec<u8>>,
    absent_keys: Vec<Vec<u8>>,
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
        progress.begin(&format!("single values, {shape}"), able.len() * arguments.rounds);
        for &server in &able {
            let mut pairs = store.pairs();
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
            delete(&mut connection, &store.counter_keys)?;
            rows.extend(pairs.iter().map(|pair| pair.row(server, shape)));
        }
    }
    progress.end();
    Ok(Table {
        title: "Single values: scalars by path against GET of an absent key, edits against INCR"
            .to_owned(),
        text_columns: 6,
        head: vec![
            "server", "document", "command", "place", "path", "pipeline", "JSON.*/s", "plain/s",
            "ratio",
        ],
        rows,
        notes: vec![
            format!(
                "Medians of {} rounds in which both sides take turns; ratios are taken within a round.",
                arguments.rounds
            ),
            "Documents were packed, and read by path three times before the clock starts; before a turn \
             of edits they are stored anew, and read once. Profiles have a counter and an array added at \
             their end."
                .to_owned(),
        ],
    })
}

impl Store {
    fn new(shape: Shape, seed: u64) -> Self {
        // As many as the documents that are read warm in the part 'whole'.
        let count = match shape {
            Shape::Profile => 1000,
            Shape::Order => 200,
            Shape::Page => 30,
        };
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut documents = shape.pool(shape.pool_len().min(count), seed, |_| ());
        if shape == Shape::Profile {
            for document in &mut documents {
                document.pop();
                document.extend_from_slice(br#","visits":7,"tags":["new"]}"#);
            }
        }
        Self {
            shape,
            json_keys: random_keys(&mut rng, "paths:json:", count),
            counter_keys: random_keys(&mut rng, "paths:incr:", count),
            absent_keys: random_keys(&mut rng, "paths:none:", count),
            documents,
        }
    }

    /// An index into the array that fills the document, in the middle of the shortest one.
    fn middle(&self) -> usize {
        let array = match self.shape {
            Shape::Profile => return 0,
            Shape::Order => "lines",
            Shape::Page => "data",
        };
        let len = |document: &Vec<u8>| {
            let value: serde_json::Value = serde_json::from_slice(document).ok()?;
            Some(value.get(array)?.as_array()?.len())
        };
        self.documents.iter().filter_map(len).min().unwrap_or(0) / 2
    }

    fn pairs(&self) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (action, place, path) in questions(self.shape, self.middle()) {
            for pipeline in PIPELINES {
                let path = path.clone();
                pairs.push(Pair { action, place, path, pipeline, json: vec![], plain: vec![] });
            }
        }
        pairs
    }

    fn fill(&self, connection: &mut Connection) -> Result<(), ClientError> {
        let documents = self.documents.iter().cycle();
        let placed: Vec<_> =
            self.json_keys.iter().zip(documents).map(|(key, text)| (&key[..], &text[..])).collect();
        fill(connection, Way::Json, &mut Packer::new()?, &placed)
    }

    /// One round of all pairs.
    fn run(
        &self,
        connection: &mut Connection,
        pairs: &mut [Pair],
        round: usize,
    ) -> Result<(), ClientError> {
        self.fill(connection)?;
        settled_memory(connection)?;
        for pair in pairs {
            let path = pair.path.as_bytes();
            for turn in 0..2 {
                let json_first = round.is_multiple_of(2);
                let rate = if (turn == 0) == json_first {
                    if pair.action == Action::Scalar {
                        for _ in 0..3 {
                            run_once(connection, &self.json_keys, 16, |key| get_path(key, path))?;
                        }
                        run_for(connection, &self.json_keys, pair.pipeline, |key| {
                            get_path(key, path)
                        })?
                    } else {
                        self.fill(connection)?;
                        run_once(connection, &self.json_keys, 16, |key| get_path(key, path))?;
                        let action = pair.action;
                        run_for(connection, &self.json_keys, pair.pipeline, |key| match action {
                            Action::Append => {
                                (Expected::Lengths, Argv::of([b"JSON.ARRAPPEND", key, path, b"1"]))
                            }
                            _ => (Expected::Values, Argv::of([b"JSON.NUMINCRBY", key, path, b"1"])),
                        })?
                    }
                } else if pair.action == Action::Scalar {
                    run_for(connection, &self.absent_keys, pair.pipeline, |key| {
                        (Expected::Nothing, Argv::of([b"GET", key]))
                    })?
                } else {
                    run_for(connection, &self.counter_keys, pair.pipeline, |key| {
                        (Expected::Integer, Argv::of([b"INCR", key]))
                    })?
                };
                let side = if (turn == 0) == json_first { &mut pair.json } else { &mut pair.plain };
                side.push(rate);
            }
        }
        Ok(())
    }
}

impl Pair {
    fn row(&self, server: &Server, shape: Shape) -> Vec<String> {
        vec![
            server.name.clone(),
            shape.to_string(),
            self.action.to_string(),
            self.place.to_owned(),
            self.path.clone(),
            self.pipeline.to_string(),
            grouped(median(self.json.iter().copied())),
            grouped(median(self.plain.iter().copied())),
            ratio(median_ratio(&self.json, &self.plain)),
        ]
    }
}

/// What a command has to answer: a path that finds nothing would be fast for nothing.
#[derive(Clone, Copy)]
enum Expected {
    /// The text of an array with one value.
    Values,
    /// An array of one integer.
    Lengths,
    Integer,
    Nothing,
}

impl Expected {
    fn check(self, connection: &mut Connection) -> Result<(), ClientError> {
        let right = match (self, connection.reply()?) {
            (Expected::Values, Reply::Bulk(text)) => text.len() > b"[]".len(),
            (Expected::Lengths, Reply::Array(1)) => {
                matches!(connection.reply()?, Reply::Integer(_))
            }
            (Expected::Integer, Reply::Integer(_)) | (Expected::Nothing, Reply::Nil) => true,
            _ => false,
        };
        if right { Ok(()) } else { Err(ClientError::Protocol("a path finds nothing, or too much")) }
    }
}

fn get_path<'a>(key: &'a [u8], path: &'a [u8]) -> (Expected, Argv<'a>) {
    (Expected::Values, Argv::of([b"JSON.GET", key, path]))
}

/// Sends commands over `keys` for a turn, and gives the rate a second.
fn run_for<'a>(
    connection: &mut Connection,
    keys: &'a [Vec<u8>],
    pipeline: usize,
    command: impl Fn(&'a [u8]) -> (Expected, Argv<'a>),
) -> Result<f64, ClientError> {
    let mut count = 0;
    let begun = Instant::now();
    for batch in keys.chunks_exact(pipeline).cycle() {
        run_batch(connection, batch, &command)?;
        count += batch.len();
        if begun.elapsed() >= TURN {
            break;
        }
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

fn run_once<'a>(
    connection: &mut Connection,
    keys: &'a [Vec<u8>],
    pipeline: usize,
    command: impl Fn(&'a [u8]) -> (Expected, Argv<'a>),
) -> Result<(), ClientError> {
    keys.chunks(pipeline).try_for_each(|batch| run_batch(connection, batch, &command))
}

fn run_batch<'a>(
    connection: &mut Connection,
    keys: &'a [Vec<u8>],
    command: impl Fn(&'a [u8]) -> (Expected, Argv<'a>),
) -> Result<(), ClientError> {
    let commands: Vec<_> = keys.iter().map(|key| command(key)).collect();
    let words: Vec<_> = commands.iter().map(|(_, argv)| argv.words()).collect();
    connection.send(&words)?;
    commands.iter().try_for_each(|(expected, _)| expected.check(connection))
}
