//! How much work a path may do.

use std::fmt;

/// Visits and comparisons that are left to a command, over all of its paths.
///
/// A visit is a node looked at; a comparison of strings or containers counts by its size.
#[derive(Clone, Debug)]
pub struct Meter {
    left: u64,
}

impl Meter {
    /// A meter with `visits` left.
    pub fn new(visits: u64) -> Self {
        Self { left: visits }
    }

    /// What is left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Takes `visits` off.
    #[inline(always)]
    pub(crate) fn charge(&mut self, visits: usize) -> Result<(), LimitExceeded> {
        match self.left.checked_sub(visits as u64) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(LimitExceeded),
        }
    }
}

impl Default for Meter {
    /// 50 million visits: about half a second.
    fn default() -> Self {
        Self::new(50_000_000)
    }
}

/// A path would have done more work than its [`Meter`] allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitExceeded;

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("path evaluation limit exceeded")
    }
}

impl std::error::Error for LimitExceeded {}
