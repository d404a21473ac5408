//! What the suites print: a line a group, the failures below it, the sum at the end.

/// A check with the name it is reported under.
pub type Check<'a> = (&'a str, &'a dyn Fn() -> Result<(), String>);

/// Counts of all groups so far.
#[derive(Default)]
pub struct Report {
    pub passed: usize,
    pub failed: usize,
}

impl Report {
    /// Prints and counts one group.
    #[expect(clippy::print_stdout, reason = "the suites' output is what they are run for")]
    pub fn group(&mut self, title: &str, passed: usize, failures: Vec<String>) {
        println!("{title}: {passed} passed, {} failed", failures.len());
        for failure in &failures {
            println!("  FAILED {failure}");
        }
        self.passed += passed;
        self.failed += failures.len();
    }

    /// Runs named checks, and prints them as one group.
    pub fn checks(&mut self, title: &str, checks: &[Check<'_>]) {
        let mut passed = 0;
        let mut failures = Vec::new();
        for (name, check) in checks {
            match check() {
                Ok(()) => passed += 1,
                Err(e) => failures.push(format!("{name}: {e}")),
            }
        }
        self.group(title, passed, failures);
    }
}
