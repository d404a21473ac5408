//! Every command of every transcript of the module, on a primary with a replica: after each step both have the same
//! digest, and keys that expire at the same time.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::ask::{ask, ask_on, await_caught_up, eventually, text};
use crate::commands::json_transcripts;
use crate::host::{Host, Server};
use crate::replication::Findings;
use crate::reply::Reply;
use crate::transcript::file::{Action, Case, File};
use crate::transcript::run;
use crate::transcript::session::Session;

#[derive(Default)]
struct Tally {
    steps: usize,
    cases: usize,
    /// Writing commands that were executed at least once.
    used: BTreeSet<String>,
    /// Those that there are.
    writing: BTreeSet<String>,
    failures: Vec<String>,
}

pub fn check(host: Host, _rounds: usize, _seed: u64) -> Findings {
    let mut tally = Tally::default();
    let outcome = json_transcripts().and_then(|files| {
        files.iter().try_for_each(|file| {
            replicate(file, host, &mut tally).map_err(|e| format!("{}: {e}", file.path.display()))
        })
    });
    tally.failures.extend(outcome.err());
    let idle: Vec<&str> = tally.writing.difference(&tally.used).map(String::as_str).collect();
    if !idle.is_empty() {
        tally.failures.push(format!("no transcript executes {}", idle.join(", ")));
    }
    let title = format!(
        "replication of commands on {}: {} writing commands, equal digests after {} steps",
        host.title(),
        tally.writing.len(),
        tally.steps
    );
    (title, tally.cases, tally.failures)
}

/// Plays the file in RESP2 on a primary with a replica.
fn replicate(file: &File, host: Host, tally: &mut Tally) -> Result<(), String> {
    let mut session = Session::start(file, host, 2)?;
    let mut options = session.server.options().to_vec();
    options.extend(["--replicaof", "127.0.0.1"].map(String::from));
    options.push(session.server.port.to_string());
    // Without waits for further replicas, for a file or for the next tick of a second.
    options.extend(["--repl-diskless-load", "on-empty-db"].map(String::from));
    ask(&session.server, &["CONFIG", "SET", "repl-diskless-sync-delay", "0"])?;
    let replica = Server::start(host, &options)?;
    await_caught_up(&session.server, &replica)?;
    let cases = file.cases.iter().filter(|case| case.only_protocol != Some(3));
    for case in cases.filter(|case| !case.except.iter().any(|who| who.means(host))) {
        match replicate_case(&mut session, &replica, case, host) {
            Ok(steps) => {
                tally.steps += steps;
                tally.cases += 1;
            }
            Err(e) => tally.failures.push(format!(
                "{} on {}: case {:?}: {e}",
                file.path.file_name().unwrap_or_default().to_string_lossy(),
                host.title(),
                case.name
            )),
        }
    }
    for command in writing_commands(&session.server)? {
        if executed(&session.server, &command)? {
            tally.used.insert(command.clone());
        }
        tally.writing.insert(command);
    }
    ask(&replica, &["DEBUG", "POPULATE", "1", "planted"])?;
    match same(&session.server, &replica, Duration::ZERO) {
        Ok(()) => Err("a replica that differs is overlooked".into()),
        Err(_) => Ok(()),
    }
}

fn replicate_case(
    session: &mut Session,
    replica: &Server,
    case: &Case,
    host: Host,
) -> Result<usize, String> {
    session.begin(case)?;
    let mut steps = 0;
    for step in &case.steps {
        session.act(&step.action)?;
        let (client, filters) = match &step.action {
            Action::Send { client, filters, .. } => (client, filters.as_slice()),
            Action::Raw { client, .. } | Action::Read { client } => (client, [].as_slice()),
            Action::Sleep { .. } | Action::Close { .. } => continue,
        };
        for _ in step.expected(host, 2) {
            run::read(session, client, filters)?;
        }
        if let Action::Send { argv, .. } = &step.action
            && is_setting(argv)
        {
            // The promise is for servers that are set alike.
            let argv: Vec<&str> =
                argv.iter().filter_map(|arg| std::str::from_utf8(arg).ok()).collect();
            // What the primary refused its replica refuses too.
            let _ = ask(replica, &argv);
        }
        same(&session.server, replica, EXPIRY).map_err(|e| format!("{}: {e}", step.text))?;
        steps += 1;
    }
    Ok(steps)
}

fn is_setting(argv: &[Vec<u8>]) -> bool {
    argv.len() > 2
        && argv[0].eq_ignore_ascii_case(b"CONFIG")
        && argv[1].eq_ignore_ascii_case(b"SET")
}

/// A key that expires goes from the primary first, and from the replica when the primary noticed.
const EXPIRY: Duration = Duration::from_secs(3);

/// Whether both have the same documents, expiring at the same times.
fn same(primary: &Server, replica: &Server, patience: Duration) -> Result<(), String> {
    await_caught_up(primary, replica)?;
    eventually("equal digests", patience, || {
        let (ours, theirs) = (state(primary)?, state(replica)?);
        match ours == theirs {
            true => Ok(()),
            false => Err(format!("{ours} on the primary, {theirs} on its replica")),
        }
    })
}

/// DEBUG DIGEST, and PEXPIRETIME of every key that has one.
fn state(server: &Server) -> Result<String, String> {
    let mut client = server.connect()?;
    let mut state = ask_on(&mut client, &["DEBUG", "DIGEST"])?.notation();
    let Reply::Array(mut keys) = ask_on(&mut client, &["KEYS", "*"])? else {
        return Err("KEYS answers no array".into());
    };
    keys.sort_by_key(Reply::notation);
    for key in keys {
        let name = key.text().unwrap_or_default().to_vec();
        let expiry = client.call(&[b"PEXPIRETIME", &name[..]]).map_err(|e| e.to_string())?;
        if expiry != Reply::Integer(-1) {
            state += &format!(" {} expires {}", key.notation(), expiry.notation());
        }
    }
    Ok(state)
}

/// Whether a command was called; a refused one counts as well, and is among the steps.
fn executed(server: &Server, command: &str) -> Result<bool, String> {
    let stats = text(&ask(server, &["INFO", "commandstats"])?);
    Ok(stats.contains(&format!("cmdstat_{command}:")))
}

/// The module's commands that are flagged `write`.
fn writing_commands(server: &Server) -> Result<Vec<String>, String> {
    let names = ask(server, &["COMMAND", "LIST", "FILTERBY", "PATTERN", "json.*"])?;
    let Reply::Array(names) = names else { return Err("COMMAND LIST answers no array".into()) };
    let mut writing = Vec::new();
    for name in names.iter().filter_map(Reply::text) {
        let name = String::from_utf8_lossy(name).to_lowercase();
        let info = ask(server, &["COMMAND", "INFO", &name])?;
        let Reply::Array(info) = &info else { return Err(format!("no info of {name}")) };
        let Some(Reply::Array(info)) = info.first() else {
            return Err(format!("no info of {name}"));
        };
        if let Some(Reply::Array(flags) | Reply::Set(flags)) = info.get(2)
            && flags.contains(&Reply::Simple(b"write".to_vec()))
        {
            writing.push(name);
        }
    }
    match writing.is_empty() {
        true => Err("the module has no writing commands".into()),
        false => Ok(writing),
    }
}
