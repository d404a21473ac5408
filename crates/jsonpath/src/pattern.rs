//! Regular expressions: I-Regexp (RFC 9485) and RedisJSON's by the same engines, which take linear
//! time whatever the pattern.
//!
//! Linear still leaves a factor, the size of the pattern. A lazy DFA, which nearly every pattern
//! runs on, has none: a byte costs a nanosecond. For the patterns that would blow it up it gives
//! up, and a simulation of the NFA takes over, which the meter is told of by its states.

use crate::meter::{LimitExceeded, Meter};
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{NFA, WhichCaptures};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use std::sync::Arc;

/// Bytes of a pattern.
const PATTERN_LEN_MAX: usize = 4096;
/// Bytes of a compiled pattern.
const COMPILED_LEN_MAX: usize = 1 << 20;
/// Bytes of the states that the lazy DFA remembers while a command runs.
const CACHE_LEN_MAX: usize = 256 << 10;
/// So often it may forget them all before it gives up.
const CACHE_CLEARS_MAX: usize = 2;
/// Parentheses within each other in a pattern.
const PATTERN_NESTING_MAX: u32 = 100;

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

/// A compiled pattern. A clone is the same one.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    engines: Arc<(DFA, PikeVM)>,
    anchored: Anchored,
}

/// What an evaluation keeps of a pattern between its subjects. The next one begins anew, so that the
/// same work always takes the same from the meter.
#[derive(Debug)]
pub(crate) struct Scratch {
    lazy: dfa::Cache,
    simulation: Option<pikevm::Cache>,
}

impl Pattern {
    /// Compiles `pattern`; none if it is no pattern or too large, and then matches nothing.
    pub(crate) fn compile(pattern: &str, extent: Extent) -> Option<Self> {
        if pattern.len() > PATTERN_LEN_MAX {
            return None;
        }
        let (translated, anchored) = match extent {
            Extent::Whole => (format!(r"(?:{})\z", translate(pattern)), Anchored::Yes),
            Extent::Anywhere => (translate(pattern), Anchored::No),
            Extent::Redis => (pattern.to_owned(), Anchored::No),
        };
        let nfa = NFA::compiler()
            .syntax(syntax::Config::new().nest_limit(PATTERN_NESTING_MAX))
            .configure(
                NFA::config()
                    .nfa_size_limit(Some(COMPILED_LEN_MAX))
                    .which_captures(WhichCaptures::None),
            )
            .build(&translated)
            .ok()?;
        let lazy = DFA::builder()
            .configure(
                DFA::config()
                    .cache_capacity(CACHE_LEN_MAX)
                    .skip_cache_capacity_check(true)
                    .minimum_cache_clear_count(Some(CACHE_CLEARS_MAX))
                    .unicode_word_boundary(true),
            )
            .build_from_nfa(nfa.clone())
            .ok()?;
        let simulation = PikeVM::new_from_nfa(nfa).ok()?;
        Some(Self { engines: Arc::new((lazy, simulation)), anchored })
    }

    /// Whether `subject` matches. `scratch` is empty or what an earlier call has left there.
    pub(crate) fn matches(
        &self,
        scratch: &mut Option<Scratch>,
        subject: &str,
        meter: &mut Meter,
    ) -> Result<bool, LimitExceeded> {
        meter.charge(1 + subject.len() / 8)?;
        let (lazy, simulation) = &*self.engines;
        let scratch =
            scratch.get_or_insert_with(|| Scratch { lazy: lazy.create_cache(), simulation: None });
        let input = Input::new(subject).anchored(self.anchored).earliest(true);
        if let Ok(found) = lazy.try_search_fwd(&mut scratch.lazy, &input) {
            return Ok(found.is_some());
        }
        // In each byte it may go through every state.
        let states = simulation.get_nfa().states().len();
        meter.charge(subject.len().saturating_mul(states) / 4)?;
        let cache = scratch.simulation.get_or_insert_with(|| simulation.create_cache());
        Ok(simulation.is_match(cache, input))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A pattern whose DFA has 2^2000 states: the lazy one gives up, the simulation answers, and
    /// the meter sees what that costs.
    #[test]
    fn the_meter_sees_patterns_that_are_slow() {
        let pattern = Pattern::compile("(a|b)*a(a|b){1000}c", Extent::Anywhere).expect("a pattern");
        let mut random = fastrand::Rng::with_seed(5);
        let subject: String = (0..20_000).map(|_| if random.bool() { 'a' } else { 'b' }).collect();
        let mut meter = Meter::new(u64::MAX);
        let mut scratch = None;
        assert_eq!(pattern.matches(&mut scratch, &subject[..3000], &mut meter), Ok(false));
        assert!(scratch.as_ref().is_some_and(|scratch| scratch.simulation.is_some()));
        assert!(u64::MAX - meter.left() > 500_000, "{}", u64::MAX - meter.left());
        let found = pattern.matches(&mut scratch, &subject, &mut Meter::new(1_000_000));
        assert_eq!(found, Err(LimitExceeded));
        let found = format!("{}a{}c", &subject[..2000], &subject[..1000]);
        assert_eq!(pattern.matches(&mut scratch, &found, &mut meter), Ok(true));
    }

    #[test]
    fn ordinary_patterns_run_on_the_lazy_automaton() {
        for (pattern, extent, subject, expected) in [
            ("a.c", Extent::Anywhere, "xabcx", true),
            ("a.c", Extent::Whole, "xabcx", false),
            ("a|abc", Extent::Whole, "abc", true),
            ("a.c", Extent::Anywhere, "a\nc", false),
            ("(?i)BLUE", Extent::Redis, "bluetooth", true),
            (r"\p{Lu}\w+", Extent::Whole, "Élan", true),
            ("^$", Extent::Redis, "", true),
        ] {
            let compiled = Pattern::compile(pattern, extent).expect("a pattern");
            let mut scratch = None;
            let found = compiled.matches(&mut scratch, subject, &mut Meter::new(1000));
            assert_eq!(found, Ok(expected), "{pattern} {subject:?}");
            assert!(scratch.is_some_and(|scratch| scratch.simulation.is_none()), "{pattern}");
        }
        // Word boundaries beside other letters than ASCII's need the simulation.
        let compiled = Pattern::compile(r"\bé", Extent::Redis).expect("a pattern");
        assert_eq!(compiled.matches(&mut None, "x é", &mut Meter::new(1000)), Ok(true));
    }
}
