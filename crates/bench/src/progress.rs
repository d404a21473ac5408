//! What is being done right now, on standard error.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

const BAR_LEN: usize = 24;
/// Where lines cannot be overwritten (a file, a CI log), one appears no more often than this.
const LINE_EVERY: Duration = Duration::from_secs(5);

pub(crate) struct Progress {
    terminal: bool,
    /// When something was last shown.
    shown_at: Option<Instant>,
    title: String,
    done: usize,
    total: usize,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let terminal = io::stderr().is_terminal();
        Self { terminal, shown_at: None, title: String::new(), done: 0, total: 1 }
    }

    /// Begins something of `total` steps.
    pub(crate) fn begin(&mut self, title: &str, total: usize) {
        self.title = title.to_owned();
        (self.done, self.total) = (0, total.max(1));
        self.shown_at = None;
    }

    /// Tells of the step that begins.
    pub(crate) fn step(&mut self, what: &str) {
        let filled = (self.done * BAR_LEN / self.total).min(BAR_LEN);
        let percent = (self.done * 100 / self.total).min(100);
        self.done += 1;
        let pause = if self.terminal { Duration::from_millis(50) } else { LINE_EVERY };
        if self.shown_at.is_some_and(|at| at.elapsed() < pause) {
            return;
        }
        self.shown_at = Some(Instant::now());
        let (bar, rest) = ("#".repeat(filled), ".".repeat(BAR_LEN - filled));
        let line = format!("[{bar}{rest}] {percent:3} %  {}: {what}", self.title);
        // Progress that cannot be shown is no reason to stop.
        let _ = if self.terminal {
            write!(io::stderr(), "\r\x1b[K{line}")
        } else {
            writeln!(io::stderr(), "{line}")
        };
    }

    /// Makes room for what comes next on the terminal.
    pub(crate) fn end(&mut self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
