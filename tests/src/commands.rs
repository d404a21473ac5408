//! The commands suite: every transcript, on every host, in both protocols.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::host::{Host, workspace};
use crate::report::Report;
use crate::transcript::file::File;
use crate::transcript::record;
use crate::transcript::run::{self, Tally};

/// Files whose path below `tests/transcripts` contains `only`, in order.
fn files(only: &str) -> Result<Vec<PathBuf>, String> {
    let root = workspace().join("tests/transcripts");
    let mut found = Vec::new();
    let mut dirs = vec![root.clone()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))? {
            let path = entry.map_err(|e| e.to_string())?.path();
            let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
            if path.is_dir() {
                dirs.push(path);
            } else if name.ends_with(".txt") && name.contains(only) {
                found.push(path);
            }
        }
    }
    found.sort();
    match found.is_empty() {
        true => Err(format!("no transcript matches {only:?}")),
        false => Ok(found),
    }
}

/// The transcripts that are about libjson.so.
pub fn json_transcripts() -> Result<Vec<File>, String> {
    Ok(read_all(&files("json/")?)?.into_iter().filter(is_of_module).collect())
}

/// Whether this is about libjson.so.
fn is_of_module(file: &File) -> bool {
    file.path.ancestors().any(|dir| dir.ends_with("tests/transcripts/json"))
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<File>, String> {
    paths.iter().map(|path| File::read(path)).collect()
}

/// Plays the transcripts whose path contains `only` on `hosts`.
pub fn suite(hosts: &[Host], only: &str, report: &mut Report) -> Result<(), String> {
    let files = read_all(&files(only)?)?;
    let mut jobs = VecDeque::new();
    for (h, host) in hosts.iter().enumerate() {
        host.check()?;
        for file in files.iter().filter(|file| !host.is_for_module_only() || is_of_module(file)) {
            for protocol in [2, 3] {
                jobs.push_back((h, *host, file, protocol));
            }
        }
    }
    let jobs = Mutex::new(jobs);
    let tallies: Vec<Mutex<Tally>> = hosts.iter().map(|_| Mutex::default()).collect();
    std::thread::scope(|scope| {
        // The players mostly wait for their servers.
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((h, host, file, protocol)) =
                        jobs.lock().expect("no player panics").pop_front()
                    else {
                        return;
                    };
                    let tally = run::play(file, host, protocol);
                    tallies[h].lock().expect("no player panics").add(tally);
                }
            });
        }
    });
    for (host, tally) in hosts.iter().zip(tallies) {
        let tally = tally.into_inner().expect("no player panics");
        let mut failures = tally.failures;
        failures.sort();
        report.group(
            &format!(
                "commands on {}: {} replies, {} cases excepted with a reason",
                host.title(),
                tally.replies,
                tally.excepted
            ),
            tally.passed,
            failures,
        );
    }
    Ok(())
}

/// Records the expectations of the transcripts whose path contains `only` anew.
pub fn record(only: &str) -> Result<(), String> {
    for host in [Host::Valkey, Host::Redis] {
        host.check()?;
    }
    let mut faults = Vec::new();
    for path in files(only)? {
        let outcome = File::read_unreviewed(&path).and_then(|mut file| {
            record::record(&mut file)?;
            write_changed(&path, &file.write())
        });
        faults.extend(outcome.err());
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.join("\n")),
    }
}

fn write_changed(path: &Path, text: &str) -> Result<(), String> {
    let fault = |e| format!("{}: {e}", path.display());
    if fs::read_to_string(path).map_err(fault)? == text {
        return Ok(());
    }
    fs::write(path, text).map_err(fault)
}
