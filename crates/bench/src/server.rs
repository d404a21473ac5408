//! A server under measurement: what it is, and what it says of its memory.

use std::thread;
use std::time::{Duration, Instant};

use crate::connection::{ClientError, Connection, Reply};

pub(crate) struct Server {
    /// What the user calls it.
    pub(crate) name: String,
    /// `HOST:PORT`
    pub(crate) address: String,
    /// Program and version, in the server's own words.
    pub(crate) software: String,
    /// Whether it knows `JSON.SET`.
    pub(crate) has_json: bool,
    /// Its process id, when it runs on this machine.
    pub(crate) process: Option<i32>,
}

/// How often a server is asked whether it is done.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// Memory is taken as settled once it stayed the same for so many questions, but for what the
/// questions themselves take.
const SAME_ANSWERS: usize = 5;
const SAME_BYTES: f64 = 4096.0;
/// What has not settled by then never will; the figure is then taken as it is.
const SETTLE_MAX: Duration = Duration::from_secs(60);

impl Server {
    /// Asks the server at `address` what it is.
    pub(crate) fn find(name: &str, address: &str) -> Result<Self, String> {
        let ask = || -> Result<(String, bool, Option<i32>), ClientError> {
            let mut connection = Connection::open(address)?;
            let info = info(&mut connection, "server")?;
            let is = |field| info_field(&info, field);
            let version = is("valkey_version").or_else(|| is("redis_version")).unwrap_or("?");
            let software = is("server_name").unwrap_or("redis");
            let software = format!("{software} {version}");
            let has_json = connection.call(&[b"JSON.GET", b"keystow-bench:absent"]).is_ok();
            let local = address.starts_with("127.") || address.starts_with("localhost:");
            let process = is("process_id").filter(|_| local).and_then(|digits| digits.parse().ok());
            Ok((software, has_json, process))
        };
        let (software, has_json, process) =
            ask().map_err(|error| format!("no answer from {name} at {address}: {error}"))?;
        Ok(Self { name: name.to_owned(), address: address.to_owned(), software, has_json, process })
    }

    pub(crate) fn connect(&self) -> Result<Connection, ClientError> {
        Ok(Connection::open(&self.address)?)
    }
}

/// Bytes that the server holds, once it has finished what it does in the background: packing
/// documents, freeing values and the buffers of clients that left.
pub(crate) fn settled_memory(control: &mut Connection) -> Result<f64, ClientError> {
    let begun = Instant::now();
    let (mut memory, mut same) = (f64::NAN, 0);
    while same < SAME_ANSWERS && begun.elapsed() < SETTLE_MAX {
        thread::sleep(ASK_EVERY);
        let now = used_memory(control)?;
        let packing = passing_bytes(control)? > 0;
        let steady = (now - memory).abs() <= SAME_BYTES;
        same = if packing || !steady { 0 } else { same + 1 };
        memory = now;
    }
    Ok(memory)
}

/// Seconds of processor time that the server has used so far, in all its threads; NaN where the
/// server does not tell.
pub(crate) fn processor_seconds(control: &mut Connection) -> Result<f64, ClientError> {
    let info = info(control, "cpu")?;
    let seconds = |field| info_field(&info, field).and_then(|digits| digits.parse::<f64>().ok());
    let both = seconds("used_cpu_user").zip(seconds("used_cpu_sys"));
    Ok(both.map_or(f64::NAN, |(user, system)| user + system))
}

fn used_memory(control: &mut Connection) -> Result<f64, ClientError> {
    let info = info(control, "memory")?;
    let used = info_field(&info, "used_memory").and_then(|digits| digits.parse().ok());
    used.ok_or(ClientError::Protocol("INFO memory has no used_memory"))
}

/// Bytes of text that the JSON module still means to pack, or keeps beside their packed form for a
/// while; 0 without the module.
fn passing_bytes(control: &mut Connection) -> Result<u64, ClientError> {
    Ok(passing_bytes_in(&info(control, "everything")?))
}

/// Modules prefix their fields with their own name, which differs between servers.
fn passing_bytes_in(info: &str) -> u64 {
    let fields = info.lines().filter_map(|line| line.split_once(':'));
    let passing = fields
        .filter(|(name, _)| name.ends_with("_backlog_bytes") || name.ends_with("_warm_bytes"));
    passing.filter_map(|(_, digits)| digits.parse::<u64>().ok()).sum()
}

/// Stored bytes over bytes of text, as the JSON module accounts for all of its documents; NaN
/// without the module or a document.
pub(crate) fn stored_ratio(control: &mut Connection) -> Result<f64, ClientError> {
    Ok(stored_ratio_in(&info(control, "everything")?))
}

fn stored_ratio_in(info: &str) -> f64 {
    let bytes = |field: &str| {
        let lines = info.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(name, _)| {
            ["json_", "ReJSON_"].iter().any(|module| name.strip_prefix(module) == Some(field))
        });
        found.next().and_then(|(_, digits)| digits.parse::<f64>().ok()).unwrap_or(f64::NAN)
    };
    bytes("stored_bytes") / bytes("raw_bytes")
}

fn info(connection: &mut Connection, section: &str) -> Result<String, ClientError> {
    match connection.call(&[b"INFO", section.as_bytes()])? {
        Reply::Bulk(text) => Ok(String::from_utf8_lossy(text).into_owned()),
        _ => Err(ClientError::Protocol("INFO does not answer a bulk string")),
    }
}

/// The value of the line `field:value`.
fn info_field<'a>(info: &'a str, field: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let info = "# Memory\r\nused_memory_peak:9\r\nused_memory:7\r\nempty:\r\n";
        assert_eq!(info_field(info, "used_memory"), Some("7"));
        assert_eq!(info_field(info, "empty"), Some(""));
        assert_eq!(info_field(info, "used"), None);
    }

    #[test]
    fn texts_that_will_go_are_counted_whatever_the_module_is_called() {
        let info =
            "used_memory:7\r\njson_backlog_bytes:12\r\njson_warm_bytes:30\r\njson_documents:4\r\n";
        assert_eq!(passing_bytes_in(info), 42);
        assert_eq!(passing_bytes_in("ReJSON_backlog_bytes:5\r\n"), 5);
        assert_eq!(passing_bytes_in("used_memory:7\r\n"), 0);
    }

    #[test]
    fn the_stored_ratio_is_that_of_all_documents() {
        let info = "json_raw_bytes:200\r\njson_stored_bytes:80\r\njson_packed_raw_bytes:7\r\n";
        assert_eq!(stored_ratio_in(info), 0.4);
        assert!(stored_ratio_in("used_memory:7\r\n").is_nan());
    }
}
