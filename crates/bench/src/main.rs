//! `keystow-bench`: what JSON documents cost a server when they are stored as documents, as plain
//! strings, and as strings that the client compresses.
//!
//! The key decision: whatever is compared runs in turns of a fraction of a second to some seconds,
//! round after round, and every figure is the median of the rounds. A machine that slows down
//! for a while then slows all sides alike, and ratios (taken within a round) hold even where
//! absolute figures do not. The price is that all servers must be up at the same time.
//!
//! The tool measures and tells; it passes no judgement on time, so it cannot fail on a slow machine.
#![forbid(unsafe_code)]

mod arguments;
mod cache;
mod connection;
mod documents;
mod large;
mod machine;
mod memory;
mod paths;
mod placement;
mod plain;
mod progress;
mod rounds;
mod server;
mod table;
mod way;
mod whole;
mod workload;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use arguments::{Arguments, Part};
use placement::Placement;
use progress::Progress;
use server::Server;
use table::Table;

fn main() -> ExitCode {
    let result = match Arguments::parse() {
        Ok(Some(arguments)) => run(&arguments),
        Ok(None) => write!(io::stdout(), "{}", arguments::USAGE).map_err(Into::into),
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nowhere is left to tell of a standard error that is closed.
            let _ = writeln!(io::stderr(), "keystow-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let servers = arguments
        .servers
        .iter()
        .map(|(name, address)| Server::find(name, address))
        .collect::<Result<Vec<_>, _>>()?;
    let placement = Placement::new(arguments.pin)?;
    let mut report = Report::new(machine::header(arguments, &servers, &placement))?;
    let mut progress = Progress::new();
    for part in &arguments.parts {
        match part {
            Part::Cache => {
                for &shape in &arguments.shapes {
                    report.add(cache::measure(
                        arguments,
                        &servers,
                        shape,
                        &placement,
                        &mut progress,
                    )?)?;
                }
            }
            Part::Whole => {
                report.add(whole::measure(arguments, &servers, &placement, &mut progress)?)?
            }
            Part::Paths => {
                report.add(paths::measure(arguments, &servers, &placement, &mut progress)?)?
            }
            Part::Large => {
                report.add(large::measure(arguments, &servers, &placement, &mut progress)?)?
            }
            Part::Memory => {
                report.add(memory::measure(arguments, &servers, &placement, &mut progress)?)?
            }
            Part::Plain => {
                report.add(plain::measure(arguments, &servers, &placement, &mut progress)?)?
            }
        }
    }
    report.close(machine::load_line())?;
    if let Some(path) = &arguments.markdown {
        fs::write(path, &report.markdown)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// What was found so far: printed as it comes, and kept as Markdown.
struct Report {
    markdown: String,
}

impl Report {
    fn new(header: Vec<String>) -> io::Result<Self> {
        let mut out = io::stdout().lock();
        for line in &header {
            writeln!(out, "{line}")?;
        }
        let items: Vec<String> = header.iter().map(|line| format!("- {line}\n")).collect();
        Ok(Self { markdown: items.concat() })
    }

    fn add(&mut self, table: Table) -> io::Result<()> {
        write!(io::stdout(), "\n{}", table.for_terminal())?;
        self.markdown.push('\n');
        self.markdown.push_str(&table.for_markdown());
        Ok(())
    }

    fn close(&mut self, load: String) -> io::Result<()> {
        writeln!(io::stdout(), "\n{load}")?;
        self.markdown.push_str(&format!("\n{load}\n"));
        Ok(())
    }
}
