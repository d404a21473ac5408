//! `keystow-server`: the program around the engine.
//!
//! Only this crate owns sockets, files, signals, threads and the clock. To follow a request, read
//! [`event_loop::EventLoop::run`]: it sleeps, reads a connection, lets `resp` parse and `engine` execute, and writes the
//! reply.

use std::io::Write;
use std::process::ExitCode;

mod arguments;
mod start;

mod connection;
mod event_loop;
mod io_thread;
mod io_threads;
mod listen;
mod output_limits;
mod requests;

mod cron;
mod hooks;
mod outside;
mod shutdown;
mod signals;
mod supervision;

mod background;
mod fork;
mod info;
mod saving;

mod clock;
mod log;
mod memory;
mod purge;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let arguments = match arguments::parse(&words) {
        arguments::Request::Help => return say(arguments::USAGE),
        arguments::Request::Version => return say(&start::version_line()),
        arguments::Request::Run(arguments) => arguments,
    };
    match start::run(&arguments) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(text) => {
            complain(&text);
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) -> ExitCode {
    // Nobody is left to tell when standard output is closed.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
