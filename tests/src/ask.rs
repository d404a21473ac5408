//! Questions to a running server, and waiting for an answer to change.

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::host::Server;
use crate::reply::Reply;

/// How long servers may take to agree, on a machine that does other things as well.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a command on a connection of its own; an error is a failure.
pub fn ask(server: &Server, argv: &[&str]) -> Result<Reply, String> {
    let mut client = server.connect()?;
    ask_on(&mut client, argv)
}

/// As [`ask`], on a connection that is open already.
pub fn ask_on(client: &mut Client, argv: &[&str]) -> Result<Reply, String> {
    let reply = client.call(argv).map_err(|e| format!("{}: {e}", argv.join(" ")))?;
    match reply.is_error() || reply == Reply::Closed {
        true => Err(format!("{} answers {}", argv.join(" "), reply.notation())),
        false => Ok(reply),
    }
}

/// The text of a bulk or verbatim string.
pub fn text(reply: &Reply) -> String {
    let bytes = match reply {
        Reply::Verbatim(bytes) => bytes.get(4..).unwrap_or_default(),
        reply => reply.text().unwrap_or_default(),
    };
    String::from_utf8_lossy(bytes).into_owned()
}

/// A field of INFO or of CLUSTER INFO.
pub fn field(server: &Server, argv: &[&str], name: &str) -> Result<String, String> {
    let text = text(&ask(server, argv)?);
    let prefix = format!("{name}:");
    let value = text.lines().find_map(|line| line.strip_prefix(&prefix));
    value.map(str::to_string).ok_or_else(|| format!("{} has no {name}", argv.join(" ")))
}

pub fn number(server: &Server, section: &str, name: &str) -> Result<u64, String> {
    let value = field(server, &["INFO", section], name)?;
    value.parse().map_err(|e| format!("{name}:{value}: {e}"))
}

/// Tries until it is so, or says why it is not.
pub fn eventually<T>(
    what: &str,
    patience: Duration,
    mut attempt: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(1);
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(e) if Instant::now() > deadline => {
                return Err(format!("{what}: not in {} s: {e}", patience.as_secs()));
            }
            Err(_) => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(32));
            }
        }
    }
}

/// Waits until the replica has all that its primary wrote up to now.
pub fn await_caught_up(primary: &Server, replica: &Server) -> Result<(), String> {
    let wanted = number(primary, "replication", "master_repl_offset")?;
    eventually("a replica catches up", PATIENCE, || {
        if field(replica, &["INFO", "replication"], "master_link_status")? != "up" {
            return Err("its link is down".into());
        }
        let has = number(replica, "replication", "slave_repl_offset")?;
        match has >= wanted {
            true => Ok(()),
            false => Err(format!("it is at {has} of {wanted}")),
        }
    })
}
