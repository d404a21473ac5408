//! Runs a target: input after input until time or count is over, and what to do with a failure.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::mutate::minimized;

/// One input may take this long on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to go on.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    Time(Duration),
    Executions(u64),
}

/// A part under attack and the oracles on it.
pub trait Target {
    /// On the command line and in the names of files.
    const NAME: &'static str;

    /// The next input.
    fn input(&self, random: &mut Rng) -> Vec<u8>;

    /// Whether all is right with what comes of `input`.
    ///
    /// # Errors
    /// Which oracle says no, and why.
    fn check(&self, input: &[u8]) -> Result<(), String>;
}

/// What went wrong, enough to see it again.
#[derive(Clone, Debug)]
pub struct Finding {
    pub target: &'static str,
    /// Of the execution: `scripts/fuzz TARGET --seed SEED --executions 1`.
    pub seed: u64,
    pub what: String,
    /// As small as it could be made.
    pub input: Vec<u8>,
}

/// Runs `target`; how many executions there were, or the first finding.
///
/// # Errors
/// The first finding, made small.
pub fn run<T: Target>(target: &T, seed: u64, until: Until) -> Result<u64, Box<Finding>> {
    // What panics is shown with the input that makes it panic, not as it happens.
    std::panic::set_hook(Box::new(|_| ()));
    let outcome = run_quietly(target, seed, until);
    let _ = std::panic::take_hook();
    outcome
}

fn run_quietly<T: Target>(target: &T, seed: u64, until: Until) -> Result<u64, Box<Finding>> {
    let started = Instant::now();
    for done in 0.. {
        match until {
            Until::Executions(wanted) if done >= wanted => return Ok(done),
            // Asking the clock costs as much as a small input.
            Until::Time(wanted) if done % 64 == 0 && started.elapsed() >= wanted => {
                return Ok(done);
            }
            _ => {}
        }
        let own_seed = seed.wrapping_add(done);
        let input = target.input(&mut Rng::with_seed(own_seed));
        if let Err(what) = outcome(target, &input) {
            let kind = oracle(&what).to_owned();
            // The same oracle must say no, or the small input shows another fault than the one found.
            let fails =
                |input: &[u8]| outcome(target, input).is_err_and(|what| oracle(&what) == kind);
            let input = minimized(input, fails);
            let what = outcome(target, &input).err().unwrap_or(what);
            return Err(Box::new(Finding { target: T::NAME, seed: own_seed, what, input }));
        }
    }
    Ok(0)
}

/// What the oracles say of one input, a panic and a long time among them.
pub fn outcome<T: Target>(target: &T, input: &[u8]) -> Result<(), String> {
    let started = Instant::now();
    let checked = catch_unwind(AssertUnwindSafe(|| target.check(input)));
    let elapsed = started.elapsed();
    match checked {
        Ok(Ok(())) if elapsed > PATIENCE => Err(format!("time: {elapsed:?}")),
        Ok(checked) => checked,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("of another type");
            Err(format!("panic: {text}"))
        }
    }
}

/// The oracle that a message begins with.
pub fn oracle(what: &str) -> &str {
    what.split(':').next().unwrap_or_default()
}

impl Finding {
    /// What a reader needs: the oracle's words, the seed, and the input as a test case.
    pub fn report(&self) -> String {
        let mut literal = String::from("b\"");
        for &byte in &self.input {
            let _ = write!(literal, "{}", byte.escape_ascii());
        }
        literal.push('"');
        format!(
            "{}: {}\n  seed {}: scripts/fuzz {} --seed {} --executions 1\n  input {literal}",
            self.target, self.what, self.seed, self.target, self.seed
        )
    }

    /// Saves the input below the build directory; `--replay FILE` takes it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self) -> std::io::Result<PathBuf> {
        let dir = suites::host::target().join("fuzz-findings");
        std::fs::create_dir_all(&dir)?;
        let path = dir.join(format!("{}-{}", self.target, self.seed));
        std::fs::write(&path, &self.input)?;
        Ok(path)
    }
}
