//! The command line of the fuzz targets; `scripts/fuzz` builds and starts it.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use fuzz::commands::{Sequences, Wire, play};
use fuzz::edits::EditsTarget;
use fuzz::packed::PackedTarget;
use fuzz::patch::PatchTarget;
use fuzz::path::PathTarget;
use fuzz::run::{Finding, Target, Until, outcome, run};
use fuzz::text::TextTarget;
use lexopt::{Arg, Parser, ValueExt};
use suites::host::Host;

const TARGETS: [&str; 6] = ["text", "edits", "patch", "path", "packed", "commands"];

struct Args {
    targets: Vec<String>,
    until: Until,
    seed: u64,
    replay: Option<String>,
    host: Host,
}

fn args() -> Result<Args, lexopt::Error> {
    let mut args = Args {
        targets: Vec::new(),
        until: Until::Time(Duration::from_secs(60)),
        seed: fastrand::u64(..),
        replay: None,
        host: Host::Keystow,
    };
    let mut parser = Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("seconds") => {
                args.until = Until::Time(Duration::from_secs(parser.value()?.parse()?));
            }
            Arg::Long("executions") => args.until = Until::Executions(parser.value()?.parse()?),
            Arg::Long("seed") => args.seed = parser.value()?.parse()?,
            Arg::Long("replay") => args.replay = Some(parser.value()?.string()?),
            Arg::Long("host") => {
                let word = parser.value()?.string()?;
                args.host = Host::from_word(&word).ok_or(format!("not a host: {word}"))?;
            }
            Arg::Value(name) => {
                let name = name.string()?;
                if !TARGETS.contains(&name.as_str()) {
                    return Err(format!("no target {name}; there are {TARGETS:?}").into());
                }
                args.targets.push(name);
            }
            other => return Err(other.unexpected()),
        }
    }
    if args.targets.is_empty() {
        args.targets = TARGETS.map(String::from).to_vec();
    }
    Ok(args)
}

fn attack<T: Target>(target: Result<T, String>, args: &Args) -> Result<u64, String> {
    let target = target?;
    if let Some(file) = &args.replay {
        let input = std::fs::read(file).map_err(|e| format!("{file}: {e}"))?;
        return outcome(&target, &input).map(|()| 1);
    }
    run(&target, args.seed, args.until).map_err(|finding| saved(&finding))
}

fn attack_commands(args: &Args) -> Result<u64, String> {
    if args.replay.is_some() {
        return Err("a saved sequence is a list of commands to type".into());
    }
    let mut wire = Wire::start(args.host)?;
    let sequences = Sequences { seed: args.seed, until: args.until, planted: None };
    play(&mut wire, sequences).map_err(|finding| saved(&finding))
}

/// The report of a finding, with the file that keeps its input.
fn saved(finding: &Finding) -> String {
    match finding.save() {
        Ok(path) => format!("{}\n  saved as {}", finding.report(), path.display()),
        Err(e) => format!("{}\n  not saved: {e}", finding.report()),
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the outcome is for the terminal")]
fn main() -> ExitCode {
    let args = match args() {
        Ok(args) => args,
        Err(e) => {
            eprintln!("fuzz: {e}");
            return ExitCode::from(2);
        }
    };
    let mut failed = false;
    for name in &args.targets {
        let started = Instant::now();
        let outcome = match name.as_str() {
            "text" => attack(TextTarget::new(None), &args),
            "edits" => attack(Ok(EditsTarget::new(None)), &args),
            "patch" => attack(Ok(PatchTarget::new(None)), &args),
            "path" => attack(PathTarget::new(None), &args),
            "packed" => attack(PackedTarget::new(None), &args),
            "commands" => attack_commands(&args),
            other => Err(format!("{other} has no function")),
        };
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(done) => {
                println!(
                    "{name}: {done} executions in {seconds:.0} s, no finding, seed {}",
                    args.seed
                );
            }
            Err(what) => {
                failed = true;
                println!("{what}");
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
