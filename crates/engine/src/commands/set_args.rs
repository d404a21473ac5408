//! The options of SET and GETEX, read once into what they mean.

use super::expire_time::{Given, Unit};
use crate::{Call, Error};

/// What SET checks before it sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Condition {
    #[default]
    Always,
    /// NX
    Missing,
    /// XX
    Existing,
}

/// What becomes of the time to live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Expiry {
    /// Nothing was said: SET takes the time to live away, GETEX leaves it.
    #[default]
    Unsaid,
    /// KEEPTTL
    Keep,
    /// PERSIST
    Remove,
    At(Given),
}

/// Everything after SET's value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SetArgs {
    pub(super) condition: Condition,
    /// The old value is the reply.
    pub(super) get: bool,
    pub(super) expiry: Expiry,
}

impl SetArgs {
    pub(super) fn parse(call: &Call) -> Result<Self, Error> {
        let mut args = Self::default();
        let mut at = 3;
        while at < call.argc() {
            if call.arg_is(at, "NX") && args.condition != Condition::Existing {
                args.condition = Condition::Missing;
            } else if call.arg_is(at, "XX") && args.condition != Condition::Missing {
                args.condition = Condition::Existing;
            } else if call.arg_is(at, "GET") {
                args.get = true;
            } else if call.arg_is(at, "KEEPTTL")
                && matches!(args.expiry, Expiry::Unsaid | Expiry::Keep)
            {
                args.expiry = Expiry::Keep;
            } else {
                args.expiry = Expiry::At(parse_time(call, at, args.expiry)?);
                at += 1;
            }
            at += 1;
        }
        Ok(args)
    }
}

/// GETEX's options.
pub(super) fn parse_getex(call: &Call) -> Result<Expiry, Error> {
    let mut expiry = Expiry::Unsaid;
    let mut at = 2;
    while at < call.argc() {
        if call.arg_is(at, "PERSIST") && matches!(expiry, Expiry::Unsaid | Expiry::Remove) {
            expiry = Expiry::Remove;
        } else {
            expiry = Expiry::At(parse_time(call, at, expiry)?);
            at += 1;
        }
        at += 1;
    }
    Ok(expiry)
}

/// A time with its word at argument `at`. The same word may be given twice, and the last one counts; another word
/// about expiry before it is a syntax error.
fn parse_time(call: &Call, at: usize, before: Expiry) -> Result<Given, Error> {
    let (unit, absolute) = match () {
        () if call.arg_is(at, "EX") => (Unit::Seconds, false),
        () if call.arg_is(at, "PX") => (Unit::Milliseconds, false),
        () if call.arg_is(at, "EXAT") => (Unit::Seconds, true),
        () if call.arg_is(at, "PXAT") => (Unit::Milliseconds, true),
        () => return Err(Error::Syntax),
    };
    let time = Given { at: at + 1, unit, absolute };
    let fits = match before {
        Expiry::Unsaid => true,
        Expiry::At(other) => other.unit == unit && other.absolute == absolute,
        Expiry::Keep | Expiry::Remove => false,
    };
    if fits && time.at < call.argc() { Ok(time) } else { Err(Error::Syntax) }
}
