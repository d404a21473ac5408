//! Where figures were measured, without which they say little.

use std::env;
use std::fs;
use std::thread;

use crate::arguments::Arguments;
use crate::placement::Placement;
use crate::server::Server;

/// Machine, commit, command line and servers, one a line.
pub(crate) fn header(
    arguments: &Arguments,
    servers: &[Server],
    placement: &Placement,
) -> Vec<String> {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let words: Vec<String> =
        env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let commit = arguments.commit.as_deref().unwrap_or("not given");
    let mut lines = vec![
        format!("machine: {cores} cores, {}, Linux {}", processor(), kernel.trim()),
        format!("commit: {commit}"),
        format!("command: {}", words.join(" ")),
        format!("cores: {}", placement.describe()),
    ];
    lines.extend(servers.iter().map(|server| {
        let json = if server.has_json { "with JSON.*" } else { "without JSON.*" };
        format!("server {}: {}, {json}", server.name, server.software)
    }));
    lines.push(load_line());
    lines
}

/// How busy the machine is, which tells how far its absolute figures can be trusted.
pub(crate) fn load_line() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let minute = load.split(' ').next().filter(|minute| !minute.is_empty()).unwrap_or("?");
    format!("load average: {minute}")
}

/// The processor's name.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or("unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}
