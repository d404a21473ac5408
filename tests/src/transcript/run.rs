//! Plays a transcript against a host and compares.

use crate::host::Host;
use crate::reply::Reply;
use crate::transcript::file::{Action, Case, File, Step};
use crate::transcript::session::Session;

/// What came of one file on one host.
#[derive(Default)]
pub struct Tally {
    /// Cases played, each protocol counted for itself.
    pub passed: usize,
    pub failures: Vec<String>,
    /// Cases that say why this host is left out.
    pub excepted: usize,
    /// Replies compared.
    pub replies: usize,
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.excepted += other.excepted;
        self.replies += other.replies;
        self.failures.extend(other.failures);
    }
}

/// Plays every case of the file in this protocol, on a server of its own.
pub fn play(file: &File, host: Host, protocol: u8) -> Tally {
    let mut tally = Tally::default();
    let cases = file.cases.iter();
    let mut session = None;
    for case in cases.filter(|case| case.only_protocol.is_none_or(|only| only == protocol)) {
        if case.except.iter().any(|who| who.means(host)) {
            tally.excepted += 1;
            continue;
        }
        let outcome = play_case(file, case, host, protocol, &mut session, &mut tally.replies);
        match outcome {
            Ok(()) => tally.passed += 1,
            Err((line, e)) => {
                let place = file.path.strip_prefix(crate::host::workspace()).unwrap_or(&file.path);
                tally.failures.push(format!(
                    "{}:{line}: {} in RESP{protocol}: case {:?}\n    {e}",
                    place.display(),
                    host.word(),
                    case.name,
                ));
                // The next case should not suffer from what this one left behind.
                session = None;
            }
        }
    }
    tally
}

fn play_case(
    file: &File,
    case: &Case,
    host: Host,
    protocol: u8,
    slot: &mut Option<Session>,
    replies: &mut usize,
) -> Result<(), (usize, String)> {
    let session = match slot {
        Some(session) => session,
        None => slot.insert(Session::start(file, host, protocol).map_err(|e| (case.line, e))?),
    };
    session.begin(case).map_err(|e| (case.line, e))?;
    for step in &case.steps {
        play_step(session, step, host, protocol, replies).map_err(|e| {
            let died = match session.server.alive() {
                true => String::new(),
                false => format!("\n    the server died:\n{}", session.server.log_tail()),
            };
            (step.line, format!("{}\n    {e}{died}", step.text))
        })?;
    }
    match session.leftovers().into_iter().next() {
        Some(left) => Err((case.line, left)),
        None => Ok(()),
    }
}

fn play_step(
    session: &mut Session,
    step: &Step,
    host: Host,
    protocol: u8,
    replies: &mut usize,
) -> Result<(), String> {
    session.act(&step.action)?;
    let (client, filters) = match &step.action {
        Action::Send { client, filters, .. } => (client, filters.as_slice()),
        Action::Raw { client, .. } | Action::Read { client } => (client, [].as_slice()),
        Action::Sleep { .. } | Action::Close { .. } => return Ok(()),
    };
    for pattern in step.expected(host, protocol) {
        let reply = read(session, client, filters)?;
        *replies += 1;
        if !pattern.matches(&reply) {
            let expected = crate::transcript::notation::lines(pattern).join("\n      ");
            let got =
                crate::transcript::notation::lines(&crate::transcript::notation::exact(&reply))
                    .join("\n      ");
            return Err(format!("expected:\n      {expected}\n    got:\n      {got}"));
        }
    }
    Ok(())
}

/// The next reply to a client, as the filters make it.
pub fn read(session: &mut Session, client: &str, filters: &[Vec<String>]) -> Result<Reply, String> {
    let reply = session.client(client)?.read().map_err(|e| format!("read: {e}"))?;
    session.filter(reply, filters)
}
