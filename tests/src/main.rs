//! The command line of the suites.
//!
//! `suites [NAME...] [--host HOST] [--only TEXT] [--rounds N] [--seed N]` runs the suites named, or all of them;
//! the rounds are those of the cluster and replication suites, whose events come in an order of the seed;
//! `suites record TEXT` writes the expectations of the transcripts whose path contains TEXT anew.
//! A stock server that is missing, or of another release, is a failure and never a skip.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};
use suites::host::{self, Host};
use suites::report::Report;
use suites::{
    citizen, cluster, commands, examples, faults, formats, json_text, jsonpath, persistence,
    propagation, python, registration, replication, robustness, shared_api,
};

const SUITES: &[&str] = &[
    "commands",
    "registration",
    "examples",
    "propagation",
    "jsonpath",
    "json-text",
    "persistence",
    "robustness",
    "hostile",
    "faults",
    "python",
    "shared-api",
    "formats",
    "citizen",
    // Last: these need the machine for themselves.
    "replication",
    "cluster",
];

struct Args {
    suites: Vec<String>,
    hosts: Vec<Host>,
    only: String,
    rounds: usize,
    seed: u64,
}

fn args() -> Result<Args, lexopt::Error> {
    let mut args =
        Args { suites: Vec::new(), hosts: Vec::new(), only: String::new(), rounds: 2, seed: 1 };
    let mut parser = Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("host") => {
                let word = parser.value()?.string()?;
                args.hosts.push(Host::from_word(&word).ok_or(format!("not a host: {word}"))?);
            }
            Arg::Long("only") => args.only = parser.value()?.string()?,
            Arg::Long("rounds") => args.rounds = parser.value()?.parse()?,
            Arg::Long("seed") => args.seed = parser.value()?.parse()?,
            Arg::Value(name) => args.suites.push(name.string()?),
            other => return Err(other.unexpected()),
        }
    }
    if args.hosts.is_empty() {
        args.hosts = Host::ALL.to_vec();
    }
    Ok(args)
}

fn run(args: &Args, report: &mut Report) -> Result<(), String> {
    if let [verb, only] = args.suites.as_slice()
        && verb == "record"
    {
        return commands::record(only);
    }
    if let Some(name) = args.suites.iter().find(|name| !SUITES.contains(&name.as_str())) {
        return Err(format!("not a suite: {name}; there are {}", SUITES.join(", ")));
    }
    for &suite in SUITES {
        if !args.suites.is_empty() && !args.suites.iter().any(|name| name == suite) {
            continue;
        }
        let outcome = match suite {
            "commands" => commands::suite(&args.hosts, &args.only, report),
            "registration" => {
                registration::suite(&args.hosts, report);
                Ok(())
            }
            "examples" => {
                examples::suite(&args.hosts, report);
                Ok(())
            }
            "propagation" => {
                propagation::suite(&args.hosts, report);
                Ok(())
            }
            "jsonpath" => jsonpath::suite(&args.hosts, report),
            "json-text" => json_text::suite(&args.hosts, report),
            "persistence" => {
                persistence::suite(report);
                Ok(())
            }
            "robustness" => {
                robustness::suite(report);
                Ok(())
            }
            "formats" => {
                formats::suite(&args.hosts, report);
                Ok(())
            }
            "citizen" => {
                citizen::suite(&args.hosts, report);
                Ok(())
            }
            "shared-api" => {
                shared_api::suite(&args.hosts, report);
                Ok(())
            }
            "hostile" => {
                robustness::hostile::suite(&args.hosts, &args.only, report);
                Ok(())
            }
            "faults" => {
                faults::suite(&args.hosts, report);
                Ok(())
            }
            "python" => {
                python::suite(&args.hosts, report);
                Ok(())
            }
            "replication" => {
                replication::suite(&args.hosts, args.rounds, args.seed, report);
                Ok(())
            }
            "cluster" => {
                cluster::suite(&args.hosts, args.rounds, args.seed, report);
                Ok(())
            }
            other => Err(format!("{other} has no function")),
        };
        if let Err(e) = outcome {
            report.group(suite, 0, vec![e]);
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the outcome is for the terminal")]
fn main() -> ExitCode {
    let args = match args() {
        Ok(args) => args,
        Err(e) => {
            eprintln!("suites: {e}");
            return ExitCode::from(2);
        }
    };
    let mut report = Report::default();
    if let Err(e) = run(&args, &mut report) {
        eprintln!("suites: {e}");
        return ExitCode::from(2);
    }
    println!("suites: {} passed, {} failed", report.passed, report.failed);
    match report.failed {
        0 => {
            host::remove_scratch();
            ExitCode::SUCCESS
        }
        _ => ExitCode::FAILURE,
    }
}
