//! The third table: plain `SET` and `GET` of every server, driven by `valkey-benchmark`, so that a
//! known tool tells what the server itself is worth.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use crate::arguments::Arguments;
use crate::placement::Placement;
use crate::progress::Progress;
use crate::rounds::{median, median_ratio};
use crate::server::Server;
use crate::table::{Table, grouped, ratio};
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
    // rates[pipeline][test][server][round]
    let mut rates = vec![vec![vec![Vec::new(); servers.len()]; TESTS.len()]; PIPELINES.len()];
    progress.begin("plain strings", arguments.rounds * PIPELINES.len() * servers.len());
    for round in 0..arguments.rounds {
        for (pipeline_at, (pipeline, requests)) in PIPELINES.into_iter().enumerate() {
            for turn in 0..servers.len() {
                let server_at = (turn + round) % servers.len();
                let server = &servers[server_at];
                progress.step(&format!(
                    "round {} of {}, pipeline {pipeline} on {}",
                    round + 1,
                    arguments.rounds,
                    server.name
                ));
                placement.apart(server)?;
                let output = run(program, server, pipeline, requests)?;
                for (test_at, test) in TESTS.iter().enumerate() {
                    let rate = rate(&output, test).ok_or_else(|| {
                        format!("valkey-benchmark tells no rate of {test}: {output}")
                    })?;
                    rates[pipeline_at][test_at][server_at].push(rate);
                }
            }
        }
    }
    let keys: Vec<Vec<u8>> = (0..KEYS).map(|at| format!("key:{at:012}").into_bytes()).collect();
    for server in servers {
        delete(&mut server.connect()?, &keys)?;
    }
    progress.end();

    let mut rows = Vec::new();
    for (pipeline_at, (pipeline, _)) in PIPELINES.into_iter().enumerate() {
        for (test_at, test) in TESTS.iter().enumerate() {
            let of = &rates[pipeline_at][test_at];
            for (server_at, server) in servers.iter().enumerate() {
                rows.push(vec![
                    server.name.clone(),
                    (*test).to_owned(),
                    pipeline.to_string(),
                    grouped(median(of[server_at].iter().copied())),
                    ratio(median_ratio(&of[server_at], &of[0])),
                ]);
            }
        }
    }
    Ok(Table {
        title: format!(
            "Plain strings of {VALUE_LEN} bytes by valkey-benchmark, {CONNECTIONS} connections"
        ),
        text_columns: 3,
        head: vec!["server", "command", "pipeline", "ops/s", "ratio to the first"],
        rows,
        notes: vec![format!("Medians of {} alternating rounds.", arguments.rounds)],
    })
}

/// What `valkey-benchmark` prints as CSV.
fn run(
    program: &Path,
    server: &Server,
    pipeline: usize,
    requests: usize,
) -> Result<String, Box<dyn Error>> {
    let (host, port) = server.address.rsplit_once(':').unwrap_or((&server.address, "6379"));
    let output = Command::new(program)
        .args(["-h", host, "-p", port, "-t", "set,get", "--csv"])
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
