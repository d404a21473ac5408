//! What it costs that a command is a module's: the same few calls as native and as module commands, through the engine.
//! Figures are time on a processor, so that a busy machine does not show in them.

use std::process::Command;

use byte_string::ByteString;
use engine::config::Config;
use engine::hooks::ModuleLoad;
use engine::{Argv, Clock, Engine};

const CALLS: u32 = 2_000_000;

fn main() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/modules/floor.c");
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/floor.so");
    let compiled =
        Command::new("cc").args(["-O2", "-shared", "-fPIC", "-o", target, source]).status();
    assert!(compiled.is_ok_and(|status| status.success()), "a C compiler makes the module");

    let mut engine = Engine::new(Config::default(), Clock::new(|| 1_700_000_000_000_000, || 0));
    module_host::install(&mut engine);
    let load = engine.modules.load;
    let wanted = ModuleLoad { path: target.to_owned(), ..ModuleLoad::default() };
    assert!(load(&mut engine, wanted).is_ok(), "the module loads");
    let client = engine.connect();
    for line in [
        "PING",
        "ECHO hello",
        "SET key value",
        "GET key",
        "FLOOR.NOTHING",
        "FLOOR.ECHO hello",
        "FLOOR.PUT own",
        "FLOOR.LOOK own",
    ] {
        let argv: Argv = line.split(' ').map(ByteString::from).collect();
        let started = on_cpu_ns();
        for _ in 0..CALLS {
            engine.execute(client, argv.clone());
            if let Some(client) = engine.clients.get_mut(client) {
                client.output.clear();
            }
        }
        report(line, (on_cpu_ns() - started) / u64::from(CALLS));
    }
}

/// Nanoseconds that this process has run.
fn on_cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]
fn report(line: &str, nanoseconds: u64) {
    println!("{line:<20} {nanoseconds:>6} ns");
}
