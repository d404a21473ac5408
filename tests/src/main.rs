//! The command line of the suites.
//!
//! `suites [NAME...] [--host HOST] [--only TEXT] [--rounds N] [--seed N]` runs the suites named, or all of them;
//! the rounds are those of the cluster and replication suites, whose events come in an order of the seed, and of the
//! numbers of json-text;
//! `suites list` names them; `suites record TEXT` writes the expectations of the transcripts whose path contains
//! TEXT anew.
//! A stock server that is missing, or of another release, is a failure and never a skip.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};
use suites::host::{self, Host};
use suites::report::Report;
use suites::{
    citizen, cluster, commands, dictionaries, examples, faults, formats, json_text, jsonpath,
    persistence, propagation, python, registration, replication, robustness, shared_api,
};

type Suite = fn(&Args, &mut Report) -> Result<(), String>;

const SUITES: &[(&str, Suite)] = &[
    ("commands", |args, report| commands::suite(&args.hosts, &args.only, report)),
    ("registration", |args, report| {
        registration::suite(&args.hosts, report);
        Ok(())
    }),
    ("examples", |args, report| {
        examples::suite(&args.hosts, report);
        Ok(())
    }),
    ("propagation", |args, report| {
        propagation::suite(&args.hosts, report);
        Ok(())
    }),
    ("jsonpath", |args, report| jsonpath::suite(&args.hosts, report)),
    ("json-text", |args, report| json_text::suite(&args.hosts, args.rounds, report)),
    ("persistence", |_, report| {
        persistence::suite(report);
        Ok(())
    }),
    ("dictionaries", |args, report| {
        dictionaries::suite(&args.hosts, report);
        Ok(())
    }),
    ("robustness", |_, report| {
        robustness::suite(report);
        Ok(())
    }),
    ("hostile", |args, report| {
        robustness::hostile::suite(&args.hosts, &args.only, report);
        Ok(())
    }),
    ("faults", |args, report| {
        faults::suite(&args.hosts, report);
        Ok(())
    }),
    ("python", |args, report| {
        python::suite(&args.hosts, report);
        Ok(())
    }),
    ("shared-api", |args, report| {
        shared_api::suite(&args.hosts, report);
        Ok(())
    }),
    ("formats", |args, report| {
        formats::suite(&args.hosts, report);
        Ok(())
    }),
    ("citizen", |args, report| {
        citizen::suite(&args.hosts, report);
        Ok(())
    }),
    // Last: these need the machine for themselves.
    ("replication", |args, report| {
        replication::suite(&args.hosts, args.rounds, args.seed, report);
        Ok(())
    }),
    ("cluster", |args, report| {
        cluster::suite(&args.hosts, args.rounds, args.seed, report);
        Ok(())
    }),
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
    let names: Vec<&str> = SUITES.iter().map(|(name, _)| *name).collect();
    if let Some(name) = args.suites.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(format!("not a suite: {name}; there are {}", names.join(", ")));
    }
    for (name, suite) in SUITES {
        if !args.suites.is_empty() && !args.suites.iter().any(|wanted| wanted == name) {
            continue;
        }
        if let Err(e) = suite(args, report) {
            report.group(name, 0, vec![e]);
        }
    }
    Ok(())
}

/// The names of all suites, a line each.
#[expect(clippy::print_stdout, reason = "the list is for the terminal")]
fn list() {
    for (name, _) in SUITES {
        println!("{name}");
    }
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
    if args.suites.iter().map(String::as_str).eq(["list"]) {
        list();
        return ExitCode::SUCCESS;
    }
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
