//! Named hostile cases against the module: each has a ceiling on time and on memory, on every host.
//!
//! Time is that of the slowest command: of what passed on the clock and what the server's threads
//! worked, the smaller, so that a busy machine does not count. Memory is how far the process grew
//! at its peak, what the client sent included.

mod changes;
mod documents;
mod paths;
mod payloads;

use std::fs;
use std::time::{Duration, Instant};

use super::{Outcome, json_server};
use crate::client::Client;
use crate::host::{Host, Server};
use crate::reply::Reply;
use crate::report::Report;

/// A case: its name, how long a command may take, how many MB the process may grow, what is done.
struct Case(&'static str, Duration, u64, fn(&mut Ground) -> Outcome);

/// What a command may take unless it is about sheer size.
const SECOND: Duration = Duration::from_secs(1);
/// For commands whose arguments or replies have tens of megabytes.
const BULK: Duration = Duration::from_secs(5);

const USUAL: [Host; 3] = [Host::Keystow, Host::Valkey, Host::Redis];

/// Runs every case on every host whose name contains `only`, and prints the table.
#[expect(clippy::print_stdout, reason = "the suites' output is what they are run for")]
pub fn suite(hosts: &[Host], only: &str, report: &mut Report) {
    let cases = [documents::CASES, paths::CASES, changes::CASES, payloads::CASES].concat();
    // Of the further releases only those that were asked for.
    let hosts = if hosts == Host::ALL { &USUAL } else { hosts };
    for &host in hosts {
        let mut passed = 0;
        let mut failures = Vec::new();
        let mut slowest = Duration::ZERO;
        let mut ground = None;
        println!("hostile cases on {}: slowest command, growth at the peak", host.title());
        for Case(name, ceiling, megabytes, work) in &cases {
            if !name.contains(only) {
                continue;
            }
            let outcome = match Ground::ready(&mut ground, host) {
                Ok(ground) => ground.run(*work, *ceiling, *megabytes),
                Err(e) => Err(e),
            };
            match outcome {
                Ok((time, grown)) => {
                    println!("  {:>6} ms {grown:>5} MB  {name}", time.as_millis());
                    passed += 1;
                    slowest = slowest.max(time);
                }
                Err(e) => {
                    failures.push(format!("{name}: {e}"));
                    // Whatever state it is in, the next case gets another.
                    ground = None;
                }
            }
        }
        println!("  slowest {} ms", slowest.as_millis());
        report.group(&format!("hostile cases on {}", host.title()), passed, failures);
    }
}

impl Clone for Case {
    fn clone(&self) -> Case {
        Case(self.0, self.1, self.2, self.3)
    }
}

/// A server with the module, and what its commands took.
pub(super) struct Ground {
    server: Server,
    client: Client,
    slowest: Duration,
    /// The beginning of the command that took that long.
    slowest_words: String,
    is_spent: bool,
}

impl Ground {
    /// The server of the last case if all went well, emptied; else a new one.
    fn ready(ground: &mut Option<Ground>, host: Host) -> Result<&mut Ground, String> {
        if ground.as_ref().is_none_or(|ground| ground.is_spent) {
            let server = json_server(host)?;
            let mut client = server.connect()?;
            client.set_patience(Duration::from_secs(120)).map_err(|e| e.to_string())?;
            *ground = Some(Ground {
                server,
                client,
                slowest: Duration::ZERO,
                slowest_words: String::new(),
                is_spent: false,
            });
        }
        ground.as_mut().ok_or("no server".into())
    }

    fn run(
        &mut self,
        work: fn(&mut Ground) -> Outcome,
        ceiling: Duration,
        megabytes: u64,
    ) -> Result<(Duration, u64), String> {
        self.run_quietly(&["FLUSHALL", "SYNC"])?;
        self.run_quietly(&["MEMORY", "PURGE"])?;
        // From here on the peak is counted anew.
        let pid = self.server.pid();
        fs::write(format!("/proc/{pid}/clear_refs"), "5").map_err(|e| e.to_string())?;
        let before = self.resident("VmRSS:")?;
        self.slowest = Duration::ZERO;
        let outcome = work(self);
        if !self.server.alive() {
            let log = self.server.log_tail();
            return Err(format!("the server died, {outcome:?}:\n{log}"));
        }
        outcome?;
        let grown = self.resident("VmHWM:")?.saturating_sub(before) / 1024;
        self.as_before()?;
        if self.server.log().contains("panicked") {
            return Err(format!("something panicked:\n{}", self.server.log_tail()));
        }
        if self.slowest > ceiling {
            let Ground { slowest, slowest_words, .. } = self;
            return Err(format!("{slowest:?}, more than {ceiling:?}: {slowest_words}"));
        }
        if grown > megabytes {
            return Err(format!("the process grew by {grown} MB, more than {megabytes}"));
        }
        Ok((self.slowest, grown))
    }

    /// Another client is answered, and settings are what they were.
    fn as_before(&mut self) -> Outcome {
        self.client = self.server.connect()?;
        self.client.set_patience(Duration::from_secs(120)).map_err(|e| e.to_string())?;
        self.run_quietly(&["CONFIG", "SET", "maxmemory", "0"])?;
        self.set("max-depth", "128")?;
        self.set("max-document-size", "512mb")?;
        self.set("path-dialect", "redisjson")
    }

    /// A line of /proc/PID/status, in KiB.
    fn resident(&self, line: &str) -> Result<u64, String> {
        let path = format!("/proc/{}/status", self.server.pid());
        let status = fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
        let value = status.lines().find_map(|text| text.strip_prefix(line));
        let value = value.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok());
        value.ok_or(format!("{path} has no {line}"))
    }

    /// What all threads of the server have worked.
    fn worked(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.server.pid()));
        let stat = stat.unwrap_or_default();
        // Behind the name in parentheses; the fields are counted in hundredths of a second.
        let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let ticks = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
        Duration::from_millis(10 * ticks.sum::<u64>())
    }

    /// Setting up: not timed, and no error.
    pub(super) fn run_quietly<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Result<Reply, String> {
        let reply = self.client.call(argv).map_err(|e| e.to_string())?;
        match reply.is_error() || reply == Reply::Closed {
            true => Err(format!("{}: {}", text(argv[0].as_ref()), shown(&reply))),
            false => Ok(reply),
        }
    }

    /// From here on the server's main thread has a stack of this size; it is not used for another
    /// case.
    pub(super) fn limit_stack(&mut self, bytes: usize) -> Outcome {
        self.is_spent = true;
        let pid = self.server.pid().to_string();
        let limit = format!("--stack={bytes}:{bytes}");
        match std::process::Command::new("prlimit").args(["--pid", &pid, &limit]).status() {
            Ok(status) if status.success() => Ok(()),
            other => Err(format!("prlimit: {other:?}")),
        }
    }

    /// Changes a setting of the module.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Outcome {
        let module = if self.server.host.word().starts_with("redis") { "ReJSON" } else { "json" };
        self.run_quietly(&["CONFIG", "SET", &format!("{module}.{name}"), value]).map(|_| ())
    }

    /// A document, set up without being timed.
    pub(super) fn document(&mut self, key: &str, json: &str) -> Outcome {
        self.run_quietly(&["JSON.SET", key, "$", json]).map(|_| ())
    }

    /// Sends a command of the case, timed.
    pub(super) fn ask<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Result<Reply, String> {
        let request = crate::client::encode(argv);
        let worked = self.worked();
        let started = Instant::now();
        self.client.send_raw(&request).map_err(|e| e.to_string())?;
        let reply = self.client.read().map_err(|e| format!("{}: {e}", text(argv[0].as_ref())))?;
        let elapsed = started.elapsed().min(self.worked() - worked + Duration::from_millis(10));
        if elapsed > self.slowest {
            self.slowest = elapsed;
            let words = argv.iter().map(|word| text(&word.as_ref()[..word.as_ref().len().min(60)]));
            self.slowest_words = words.take(6).collect::<Vec<_>>().join(" ");
        }
        match reply {
            Reply::Closed => Err(format!("{}: closed", text(argv[0].as_ref()))),
            reply => Ok(reply),
        }
    }

    /// The command is refused.
    pub(super) fn refused<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Outcome {
        let reply = self.ask(argv)?;
        match reply.is_error() {
            true => Ok(()),
            false => Err(format!("{}: {} and no error", text(argv[0].as_ref()), shown(&reply))),
        }
    }

    /// The command is refused in these words.
    pub(super) fn refused_as<A: AsRef<[u8]>>(&mut self, argv: &[A], words: &str) -> Outcome {
        let reply = self.ask(argv)?;
        match &reply {
            Reply::Error(found) if text(found).contains(words) => Ok(()),
            _ => Err(format!("{}: {} and not {words}", text(argv[0].as_ref()), shown(&reply))),
        }
    }

    /// The command has this reply, in the notation of transcripts.
    pub(super) fn answered<A: AsRef<[u8]>>(&mut self, argv: &[A], wanted: &str) -> Outcome {
        let reply = self.ask(argv)?;
        match reply.notation() == wanted {
            true => Ok(()),
            false => Err(format!("{}: {} and not {wanted}", text(argv[0].as_ref()), shown(&reply))),
        }
    }

    /// The command has some reply in time: an answer or an error.
    pub(super) fn endured<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Outcome {
        self.ask(argv).map(|_| ())
    }

    /// The whole document is this text.
    pub(super) fn holds(&mut self, key: &str, json: &str) -> Outcome {
        match self.ask(&["JSON.GET", key])? {
            Reply::Bulk(found) if found == json.as_bytes() => Ok(()),
            other => Err(format!("{key} is {} now", shown(&other))),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The beginning of a reply.
fn shown(reply: &Reply) -> String {
    reply.notation().chars().take(160).collect()
}

/// `[` and `]` around `inner`, `depth` times.
fn nested(depth: usize, inner: &str) -> String {
    format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth))
}

/// An array of what `element` makes of the numbers from 0 on.
fn array(len: usize, element: impl Fn(usize) -> String) -> String {
    let elements: Vec<String> = (0..len).map(element).collect();
    format!("[{}]", elements.join(","))
}

/// An object of members `m0`, `m1` and so on.
fn object(len: usize, value: &str) -> String {
    let members: Vec<String> = (0..len).map(|at| format!("\"m{at}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}
