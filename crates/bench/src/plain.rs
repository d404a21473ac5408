//! The fifth table: plain `SET` and `GET` of every server, driven by `valkey-benchmark`, so that a
//! known tool tells what the server itself is worth.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use crate::arguments::Arguments;
use crate::placement::Placement;
use crate::progress::Progress;
use crate::rounds::{median, median_ratio};
use crate::server::{Server, processor_seconds};
use crate::table::{Table, decimal, grouped, ratio};
use crate::workload::delete;

const TESTS: [&str; 2] = ["SET", "GET"];
/// Pipeline, and the requests that make a turn of one to two seconds.
const PIPELINES: [(usize, usize); 2] = [(1, 100_000), (16, 800_000)];
const CONNECTIONS: usize = 50;
const VALUE_LEN: usize = 100;
const KEYS: usize = 100_000;

pub(crate) fn measure(
    arguments: &Arguments,
    servers: &[Server],
    placement: &Placement,
    progress: &mut Progress,
) -> Result<Table, Box<dyn Error>> {
    let Some(program) = &arguments.valkey_benchmark else {
        return Err("the part 'plain' needs --valkey-benchmark PATH".into());
    };
    let mut pairs: Vec<Pair> = Vec::new();
    for (pipeline, requests) in PIPELINES {
        for test in TESTS {
            let turns = vec![Turns::default(); servers.len()];
            pairs.push(Pair { test, pipeline, requests, turns });
        }
    }
    progress.begin("plain strings", arguments.rounds * pairs.len() * servers.len());
    for round in 0..arguments.rounds {
        for pair in &mut pairs {
            for turn in 0..servers.len() {
                let at = (turn + round) % servers.len();
                let server = &servers[at];
                progress.step(&format!(
                    "round {} of {}, {} at pipeline {} on {}",
                    round + 1,
                    arguments.rounds,
                    pair.test,
                    pair.pipeline,
                    server.name
                ));
                placement.apart(server)?;
                pair.run(program, server, at)?;
            }
        }
    }
    let keys: Vec<Vec<u8>> = (0..KEYS).map(|at| format!("key:{at:012}").into_bytes()).collect();
    for server in servers {
        delete(&mut server.connect()?, &keys)?;
    }
    progress.end();
    let title = format!(
        "Plain strings of {VALUE_LEN} bytes by valkey-benchmark, {CONNECTIONS} connections"
    );
    Ok(Table {
        title,
        text_columns: 3,
        head: vec!["server", "command", "pipeline", "ops/s", "ratio", "CPU µs/op", "ratio"],
        rows: pairs.iter().flat_map(|pair| pair.rows(servers)).collect(),
        notes: vec![format!(
            "Medians of {} alternating rounds; ratios are to the first server, within a round. CPU is the server's.",
            arguments.rounds
        )],
    })
}

/// One command at one pipeline, on every server.
struct Pair {
    test: &'static str,
    pipeline: usize,
    requests: usize,
    /// In the order of the servers.
    turns: Vec<Turns>,
}

/// What was measured in each round.
#[derive(Clone, Default)]
struct Turns {
    /// Requests a second.
    rates: Vec<f64>,
    /// Microseconds of the server's processor time a request.
    processor_us: Vec<f64>,
}

impl Pair {
    fn run(&mut self, program: &Path, server: &Server, at: usize) -> Result<(), Box<dyn Error>> {
        let mut control = server.connect()?;
        let before = processor_seconds(&mut control)?;
        let output = run(program, server, self.test, self.pipeline, self.requests)?;
        let used = processor_seconds(&mut control)? - before;
        let rate = rate(&output, self.test)
            .ok_or_else(|| format!("valkey-benchmark tells no rate of {}: {output}", self.test))?;
        self.turns[at].rates.push(rate);
        self.turns[at].processor_us.push(used * 1e6 / self.requests as f64);
        Ok(())
    }

    fn rows(&self, servers: &[Server]) -> impl Iterator<Item = Vec<String>> {
        servers.iter().zip(&self.turns).map(|(server, turns)| {
            vec![
                server.name.clone(),
                self.test.to_owned(),
                self.pipeline.to_string(),
                grouped(median(turns.rates.iter().copied())),
                ratio(median_ratio(&turns.rates, &self.turns[0].rates)),
                decimal(median(turns.processor_us.iter().copied()), 2),
                ratio(median_ratio(&turns.processor_us, &self.turns[0].processor_us)),
            ]
        })
    }
}

/// What `valkey-benchmark` prints as CSV.
fn run(
    program: &Path,
    server: &Server,
    test: &str,
    pipeline: usize,
    requests: usize,
) -> Result<String, Box<dyn Error>> {
    let (host, port) = server.address.rsplit_once(':').unwrap_or((&server.address, "6379"));
    let output = Command::new(program)
        .args(["-h", host, "-p", port, "-t", &test.to_lowercase(), "--csv"])
        .args(["-P", &pipeline.to_string(), "-n", &requests.to_string()])
        .args(["-c", &CONNECTIONS.to_string(), "-d", &VALUE_LEN.to_string()])
        .args(["-r", &KEYS.to_string()])
        .output()
        .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("valkey-benchmark failed: {}", message.trim()).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Requests a second in the line `"GET","123456.78",...`.
fn rate(csv: &str, test: &str) -> Option<f64> {
    csv.lines().find_map(|line| {
        let mut cells = line.split(',').map(|cell| cell.trim_matches('"'));
        if cells.next()? != test {
            return None;
        }
        cells.next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_from_the_csv() {
        let csv = "\"test\",\"rps\",\"avg_latency_ms\"\n\"SET\",\"105932.20\",\"0.25\"\n\"GET\",\"9.5\",\"1\"\n";
        assert_eq!(rate(csv, "SET"), Some(105_932.2));
        assert_eq!(rate(csv, "GET"), Some(9.5));
        assert_eq!(rate(csv, "INCR"), None);
    }
}
