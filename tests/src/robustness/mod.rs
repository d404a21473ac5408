//! Bad input of every kind: clear errors, nothing half done, and the server lives.

mod documents;
pub mod hostile;
mod requests;
mod start;

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::host::{Host, Module, Server};
use crate::reply::Reply;
use crate::report::Report;

type Outcome = Result<(), String>;

pub fn suite(report: &mut Report) {
    report.checks(
        "robustness",
        &[
            ("random bytes on many connections", &requests::random_bytes),
            ("commands with random arguments", &requests::random_arguments),
            (
                "lengths that are announced and never sent take no memory",
                &requests::announced_lengths,
            ),
            ("requests that stop half-way, before AUTH and after", &requests::half_sent),
            ("a string of 500 MB", &requests::large_string),
            ("a string above proto-max-bulk-len", &requests::too_large_string),
            ("clients above maxclients are told so", &requests::max_clients),
            ("a client that reads nothing is let go at its limit", &requests::slow_reader),
            ("module files that are none", &start::bad_modules),
            (
                "configuration lines that are wrong, in stock Valkey's words",
                &start::bad_configuration,
            ),
            ("options that are wrong", &start::bad_options),
            ("files that include files, and values in quotes", &start::good_configuration),
            ("a unix socket", &start::unix_socket),
        ],
    );
    for host in Host::ALL {
        report.checks(
            &format!("robustness of libjson.so on {}", host.title()),
            &[("damaged DUMP payloads of documents, with a right checksum", &|| {
                documents::damaged_payloads(host, &["doc", "packed"])
            })],
        );
    }
    report.checks(
        "robustness of RESTORE on keystow-server",
        &[("damaged DUMP payloads of strings and hashes, with a right checksum", &|| {
            documents::damaged_payloads(Host::Keystow, &["text", "number", "hash", "table"])
        })],
    );
}

fn json_server(host: Host) -> Result<Server, String> {
    Server::start(host, &Module::Json.options()?)
}

fn call<A: AsRef<[u8]>>(client: &mut Client, argv: &[A]) -> Result<Reply, String> {
    client.call(argv).map_err(|e| format!("{}: {e}", String::from_utf8_lossy(argv[0].as_ref())))
}

fn expect(what: &str, reply: &Reply, wanted: &str) -> Outcome {
    let found = reply.notation();
    match found == wanted {
        true => Ok(()),
        false => Err(format!(
            "{what}: {} instead of {wanted}",
            found.chars().take(200).collect::<String>()
        )),
    }
}

fn expect_error(what: &str, reply: &Reply) -> Outcome {
    match reply.is_error() {
        true => Ok(()),
        false => {
            let found: String = reply.notation().chars().take(200).collect();
            Err(format!("{what}: {found} instead of an error"))
        }
    }
}

/// The server still answers new clients, and quickly.
fn alive(server: &mut Server) -> Outcome {
    if !server.alive() {
        return Err(format!("the server died:\n{}", server.log_tail()));
    }
    let started = Instant::now();
    let reply = call(&mut server.connect()?, &["PING"])?;
    if server.log().contains("panicked") {
        return Err(format!("something panicked:\n{}", server.log_tail()));
    }
    match started.elapsed() < Duration::from_secs(5) {
        true => expect("PING", &reply, "+PONG"),
        false => Err(format!("PING took {:?}", started.elapsed())),
    }
}

fn used_memory(client: &mut Client) -> Result<u64, String> {
    let reply = call(client, &["INFO", "memory"])?;
    let text = String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned();
    let value = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
    value.and_then(|value| value.parse().ok()).ok_or("INFO has no used_memory".into())
}
