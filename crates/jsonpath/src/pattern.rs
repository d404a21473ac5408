//! Regular expressions: I-Regexp (RFC 9485) and RedisJSON's by the same engine, which takes linear
//! time whatever the pattern.

use crate::meter::{LimitExceeded, Meter};
use regex::{Regex, RegexBuilder};

/// Bytes of a pattern.
const PATTERN_LEN_MAX: usize = 4096;
/// Bytes of a compiled pattern, and of its cache.
const COMPILED_LEN_MAX: usize = 1 << 20;

/// How a pattern is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Extent {
    /// On the whole string, as match() does.
    Whole,
    /// Anywhere in it, as search() does.
    Anywhere,
    /// Anywhere, `.` and the rest as the engine has them, as `=~` does.
    Redis,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Compiles `pattern`; none if it is no pattern or too large, and then matches nothing.
    pub(crate) fn compile(pattern: &str, extent: Extent) -> Option<Self> {
        if pattern.len() > PATTERN_LEN_MAX {
            return None;
        }
        let translated = match extent {
            Extent::Whole => format!(r"\A(?:{})\z", translate(pattern)),
            Extent::Anywhere => translate(pattern),
            Extent::Redis => pattern.to_owned(),
        };
        let regex = RegexBuilder::new(&translated)
            .size_limit(COMPILED_LEN_MAX)
            .dfa_size_limit(COMPILED_LEN_MAX)
            .nest_limit(100)
            .build()
            .ok()?;
        Some(Self { regex })
    }

    /// Whether `subject` matches.
    pub(crate) fn matches(&self, subject: &str, meter: &mut Meter) -> Result<bool, LimitExceeded> {
        meter.charge(subject.len() / 8)?;
        Ok(self.regex.is_match(subject))
    }
}

/// I-Regexp in the engine's syntax: a `.` outside of a class matches neither CR nor LF (RFC 9485
/// section 5).
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                out.push('\\');
                out.extend(characters.next());
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '.' if !in_class => {
                out.push_str(r"[^\n\r]");
                continue;
            }
            _ => {}
        }
        out.push(character);
    }
    out
}
