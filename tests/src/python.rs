//! redis-py, the reference client, on every host: `tests/python/drive.py` says what it does.

use std::process::Command;

use crate::host::{Host, Module, Server, target, workspace};
use crate::report::Report;

pub fn suite(hosts: &[Host], report: &mut Report) {
    for host in hosts {
        let (passed, failures) = match drive(*host) {
            Ok(passed) => (passed, Vec::new()),
            Err(e) => (0, vec![e]),
        };
        report.group(&format!("redis-py on {}", host.title()), passed, failures);
    }
}

/// The number of checks that the script counted.
fn drive(host: Host) -> Result<usize, String> {
    host.check()?;
    let python = target().join("venv/bin/python");
    if !python.exists() {
        return Err("the Python environment is missing; `scripts/test` makes it".into());
    }
    let server = Server::start(host, &Module::Json.options()?)?;
    let output = Command::new(python)
        .arg(workspace().join("tests/python/drive.py"))
        .arg(server.port.to_string())
        .output()
        .map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let counted = text.lines().last().and_then(|line| line.split(' ').next()?.parse().ok());
    match counted {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("{text}{}", String::from_utf8_lossy(&output.stderr))),
    }
}
