//! The fourth table: how long a small GET waits while others set and get documents of 10 MB.
//!
//! One client asks for a string of 100 bytes, again and again with a pause. It is measured alone,
//! while two others set and get plain strings of 10 MB, and while they set and get documents. The
//! server's main thread has a core of its own; all clients have the rest, the asking one with
//! priority there, because it is the server's delay that is to be seen.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::arguments::Arguments;
use crate::connection::{ClientError, Connection};
use crate::documents::Shape;
use crate::placement::{Placement, raise_priority};
use crate::progress::Progress;
use crate::rounds::median;
use crate::server::Server;
use crate::table::{Table, decimal, grouped};
use crate::way::{Argv, Way, got, stored};
use crate::workload::delete;

/// Bytes of a document, about.
const LEN: usize = 10_000_000;
const DOCUMENTS: usize = 4;
const PROBE_KEY: &[u8] = b"large:probe";
const PROBE_LEN: usize = 100;
const PAUSE: Duration = Duration::from_micros(200);
const TURN: Duration = Duration::from_secs(2);
/// What the bound on the worst delay allows beside twice the idle p99.9.
const ALLOWED_MS: f64 = 5.0;

/// What others do meanwhile.
const LOADS: [Option<Way>; 3] = [None, Some(Way::Text), Some(Way::Json)];

/// Turns under one load.
struct Side {
    load: Option<Way>,
    turns: Vec<Turn>,
}

struct Turn {
    /// Nanoseconds.
    delays: Histogram<u64>,
    sets: usize,
    gets: usize,
}

pub(crate) fn measure(
    arguments: &Arguments,
    servers: &[Server],
    placement: &Placement,
    progress: &mut Progress,
) -> Result<Table, ClientError> {
    let documents = documents(arguments.seed);
    let able: Vec<&Server> = servers.iter().filter(|server| server.has_json).collect();
    progress.begin("10 MB documents", able.len() * arguments.rounds * LOADS.len());
    let mut rows = Vec::new();
    for server in able {
        let mut sides = LOADS.map(|load| Side { load, turns: Vec::new() });
        let mut control = server.connect()?;
        control.call(&[b"SET", PROBE_KEY, &[b'x'; PROBE_LEN]])?;
        for round in 0..arguments.rounds {
            for side in &mut sides {
                progress.step(&format!(
                    "round {} of {}, {} on {}",
                    round + 1,
                    arguments.rounds,
                    side.name(),
                    server.name
                ));
                side.turns.push(turn(server, placement, side.load, &documents)?);
            }
        }
        for load in LOADS.into_iter().flatten() {
            let keys: Vec<Vec<u8>> = (0..documents.len()).map(|at| key(load, at)).collect();
            delete(&mut control, &keys)?;
        }
        delete(&mut control, &[PROBE_KEY.to_vec()])?;
        let idle_ms = sides[0].quantile_ms(0.999);
        rows.extend(sides.iter().map(|side| side.row(server, idle_ms)));
    }
    progress.end();
    Ok(Table {
        title: format!(
            "Delay of GET of {PROBE_LEN} bytes while others set and get {} MB",
            LEN / 1_000_000
        ),
        text_columns: 2,
        head: vec![
            "server",
            "others",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "worst ms",
            "worst of all ms",
            "bound ms",
            "sets/s",
            "gets/s",
        ],
        rows,
        notes: vec![format!(
            "Medians of {} turns of {} s, with the worst delay of all turns beside. The bound is twice \
             the p99.9 alone, and {ALLOWED_MS} ms.",
            arguments.rounds,
            TURN.as_secs()
        )],
    })
}

/// Arrays of pages, of ten megabytes each.
fn documents(seed: u64) -> Vec<Vec<u8>> {
    let pages = Shape::Page.pool(LEN / 150_000, seed, |_| ());
    (0..DOCUMENTS)
        .map(|first| {
            let mut document = b"[".to_vec();
            for page in pages.iter().cycle().skip(first).take(pages.len()) {
                document.extend_from_slice(page);
                document.push(b',');
            }
            document.pop();
            document.push(b']');
            document
        })
        .collect()
}

fn key(way: Way, at: usize) -> Vec<u8> {
    let kind = if way == Way::Json { "json" } else { "text" };
    format!("large:{kind}:{at}").into_bytes()
}

fn turn(
    server: &Server,
    placement: &Placement,
    load: Option<Way>,
    documents: &[Vec<u8>],
) -> Result<Turn, ClientError> {
    let mut probe = server.connect()?;
    placement.apart(server)?;
    let keys: Vec<Vec<u8>> =
        load.map_or(Vec::new(), |way| (0..documents.len()).map(|at| key(way, at)).collect());
    if let Some(way) = load {
        for (key, document) in keys.iter().zip(documents) {
            set(&mut probe, way, key, document)?;
        }
        // Threads of the server that have come since.
        placement.apart(server)?;
    }
    let (over, sets, gets) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let delays = thread::scope(|scope| {
        let (over, sets, gets, keys) = (&over, &sets, &gets, &keys);
        let setter = load.map(|way| {
            scope.spawn(move || -> Result<(), ClientError> {
                let mut connection = server.connect()?;
                for (key, document) in keys.iter().zip(documents).cycle() {
                    if over.load(Relaxed) {
                        break;
                    }
                    set(&mut connection, way, key, document)?;
                    sets.fetch_add(1, Relaxed);
                }
                Ok(())
            })
        });
        let getter = load.map(|way| {
            scope.spawn(move || -> Result<(), ClientError> {
                let mut connection = server.connect()?;
                for key in keys.iter().rev().cycle() {
                    if over.load(Relaxed) {
                        break;
                    }
                    connection.send(&[way.get(key).words()])?;
                    got(&mut connection)?;
                    gets.fetch_add(1, Relaxed);
                }
                Ok(())
            })
        });
        let prober = scope.spawn(|| -> Result<Histogram<u64>, ClientError> {
            raise_priority();
            let asked = ask(&mut probe);
            over.store(true, Relaxed);
            asked
        });
        let delays = joined(prober.join());
        for other in [setter, getter].into_iter().flatten() {
            joined(other.join())?;
        }
        delays
    })?;
    Ok(Turn { delays, sets: sets.into_inner(), gets: gets.into_inner() })
}

fn joined<T>(result: thread::Result<Result<T, ClientError>>) -> Result<T, ClientError> {
    result.unwrap_or(Err(ClientError::Protocol("a client of the measurement panicked")))
}

fn set(
    connection: &mut Connection,
    way: Way,
    key: &[u8],
    document: &[u8],
) -> Result<(), ClientError> {
    connection.send(&[way.set(key, document).words()])?;
    stored(connection)
}

/// Asks for a turn, with pauses.
fn ask(connection: &mut Connection) -> Result<Histogram<u64>, ClientError> {
    let mut delays =
        Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are in order");
    let get = Argv::of([b"GET", PROBE_KEY]);
    let begun = Instant::now();
    while begun.elapsed() < TURN {
        let asked = Instant::now();
        connection.send(&[get.words()])?;
        got(connection)?;
        delays.saturating_record(asked.elapsed().as_nanos() as u64);
        thread::sleep(PAUSE);
    }
    Ok(delays)
}

impl Side {
    fn name(&self) -> &'static str {
        match self.load {
            None => "idle",
            Some(Way::Json) => "JSON.SET and JSON.GET",
            Some(_) => "SET and GET",
        }
    }

    fn quantile_ms(&self, quantile: f64) -> f64 {
        let of = |turn: &Turn| turn.delays.value_at_quantile(quantile) as f64 / 1e6;
        median(self.turns.iter().map(of))
    }

    fn row(&self, server: &Server, idle_ms: f64) -> Vec<String> {
        let worst = |turn: &Turn| turn.delays.max() as f64 / 1e6;
        let rate = |of: fn(&Turn) -> usize| {
            grouped(median(self.turns.iter().map(|turn| of(turn) as f64 / TURN.as_secs_f64())))
        };
        vec![
            server.name.clone(),
            self.name().to_owned(),
            decimal(self.quantile_ms(0.5), 3),
            decimal(self.quantile_ms(0.99), 3),
            decimal(self.quantile_ms(0.999), 3),
            decimal(median(self.turns.iter().map(worst)), 3),
            decimal(self.turns.iter().map(worst).fold(0.0, f64::max), 3),
            decimal(2.0 * idle_ms + ALLOWED_MS, 3),
            rate(|turn| turn.sets),
            rate(|turn| turn.gets),
        ]
    }
}
