//! The expiry options of JSON.SET and JSON.GETEX, as SET and GETEX have them, and what they do to a key.

use std::ffi::CStr;

use crate::error::Error;
use crate::host::{Argument, Context, Key, KeyName, Word};

/// What the options say, before any of it is checked: SET complains of its syntax first.
#[derive(Clone, Copy, Default)]
pub(crate) enum ExpiryOption<'a> {
    #[default]
    None,
    /// KEEPTTL, of JSON.SET.
    Keep,
    /// PERSIST.
    Persist,
    /// EX, PX, EXAT or PXAT and its number.
    Time { number: Argument<'a>, unit: Unit, from: Base },
}

#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
}

/// What a time is counted from.
#[derive(Clone, Copy)]
pub(crate) enum Base {
    Now,
    Epoch,
}

/// What is done to the expiry of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    Keep,
    Persist,
    /// Unix time in milliseconds.
    At(u64),
}

impl<'a> ExpiryOption<'a> {
    pub(crate) fn is_none(&self) -> bool {
        matches!(self, ExpiryOption::None)
    }

    /// Takes `word`, and the number that belongs to it, if it is one of the options that both
    /// commands have; false if it is another word.
    ///
    /// # Errors
    /// A second option about the expiry, or one without its number.
    pub(crate) fn take(
        &mut self,
        word: Argument<'a>,
        words: &mut impl Iterator<Item = Argument<'a>>,
    ) -> Result<bool, Error> {
        let (unit, from) = if word.is("EX") {
            (Unit::Seconds, Base::Now)
        } else if word.is("PX") {
            (Unit::Milliseconds, Base::Now)
        } else if word.is("EXAT") {
            (Unit::Seconds, Base::Epoch)
        } else if word.is("PXAT") {
            (Unit::Milliseconds, Base::Epoch)
        } else if word.is("PERSIST") {
            self.put(ExpiryOption::Persist)?;
            return Ok(true);
        } else {
            return Ok(false);
        };
        let number = words.next().ok_or(Error::Syntax)?;
        self.put(ExpiryOption::Time { number, unit, from })?;
        Ok(true)
    }

    /// Notes the one option about the expiry.
    pub(crate) fn put(&mut self, option: ExpiryOption<'a>) -> Result<(), Error> {
        if !self.is_none() {
            return Err(Error::Syntax);
        }
        *self = option;
        Ok(())
    }

    /// What it means now; `command` is the name that errors give.
    ///
    /// # Errors
    /// A number that is none, not positive, or beyond what a time can be.
    pub(crate) fn resolve(self, command: &'static str, now_ms: u64) -> Result<Expiry, Error> {
        let (number, unit, from) = match self {
            ExpiryOption::None | ExpiryOption::Keep => return Ok(Expiry::Keep),
            ExpiryOption::Persist => return Ok(Expiry::Persist),
            ExpiryOption::Time { number, unit, from } => (number, unit, from),
        };
        let number = strict_integer(number.bytes()).ok_or(Error::NotAnIntegerInRange)?;
        let at_ms = unix_time_ms(number, unit, from, now_ms);
        Ok(Expiry::At(at_ms.ok_or(Error::InvalidExpire(command))?))
    }
}

/// An integer as the host reads them: no sign but `-`, no zeros before it, no blanks.
fn strict_integer(bytes: &[u8]) -> Option<i64> {
    let number: i64 = std::str::from_utf8(bytes).ok()?.parse().ok()?;
    (itoa::Buffer::new().format(number).as_bytes() == bytes).then_some(number)
}

/// `None` if it is not positive or does not fit in an i64, which is what hosts hold.
fn unix_time_ms(number: i64, unit: Unit, from: Base, now_ms: u64) -> Option<u64> {
    if number <= 0 {
        return None;
    }
    let ms = match unit {
        Unit::Seconds => number.checked_mul(1000)?,
        Unit::Milliseconds => number,
    };
    let at_ms = match from {
        Base::Now => ms.checked_add(i64::try_from(now_ms).ok()?)?,
        Base::Epoch => ms,
    };
    u64::try_from(at_ms).ok()
}

/// What came of an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Nothing,
    Expires(u64),
    Persists,
    /// The time is past already, so the key is gone.
    Deleted,
}

impl Expiry {
    /// Whether the key would be gone at once. What comes from the AOF or the primary is done as it
    /// says: they send the deletion too.
    pub(crate) fn is_past(self, ctx: Context, now_ms: u64) -> bool {
        matches!(self, Expiry::At(at_ms) if at_ms <= now_ms) && !ctx.is_replay()
    }

    /// Does it to the document that `key` holds.
    pub(crate) fn apply(self, ctx: Context, key: &Key<'_>, now_ms: u64) -> Done {
        match self {
            Expiry::Keep => Done::Nothing,
            Expiry::At(_) if self.is_past(ctx, now_ms) => {
                key.delete();
                Done::Deleted
            }
            Expiry::At(at_ms) => {
                key.set_expiry(Some(at_ms));
                Done::Expires(at_ms)
            }
            Expiry::Persist if key.has_expiry() => {
                key.set_expiry(None);
                Done::Persists
            }
            Expiry::Persist => Done::Nothing,
        }
    }
}

impl Done {
    /// Tells replicas and the AOF about it by itself, in the host's own commands.
    pub(crate) fn replicate(self, ctx: Context, name: KeyName<'_>) {
        let mut number = itoa::Buffer::new();
        match self {
            Done::Nothing => {}
            Done::Expires(at_ms) => {
                let at_ms = number.format(at_ms).as_bytes();
                ctx.replicate_as(c"PEXPIREAT", &[Word::Key(name), Word::Bytes(at_ms)]);
            }
            Done::Persists => ctx.replicate_as(c"PERSIST", &[Word::Key(name)]),
            Done::Deleted => ctx.replicate_as(c"DEL", &[Word::Key(name)]),
        }
    }

    /// Sends the event that the host's own commands send for it.
    pub(crate) fn notify(self, ctx: Context, name: KeyName<'_>) {
        let event: &CStr = match self {
            Done::Nothing => return,
            Done::Expires(_) => c"expire",
            Done::Persists => c"persist",
            Done::Deleted => c"del",
        };
        ctx.notify_generic(event, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_as_the_host_reads_them() {
        assert_eq!(strict_integer(b"100"), Some(100));
        assert_eq!(strict_integer(b"-9223372036854775808"), Some(i64::MIN));
        for bad in ["", " 1", "1 ", "+1", "01", "-0", "1.0", "9223372036854775808", "\u{0661}"] {
            assert_eq!(strict_integer(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn times_at_the_extremes() {
        use Base::{Epoch, Now};
        use Unit::{Milliseconds, Seconds};
        for (number, unit, from, expected) in [
            (5, Seconds, Now, Some(6_000)),
            (5, Milliseconds, Now, Some(1_005)),
            (5, Seconds, Epoch, Some(5_000)),
            (5, Milliseconds, Epoch, Some(5)),
            (0, Seconds, Now, None),
            (-1, Milliseconds, Epoch, None),
            (i64::MAX, Milliseconds, Epoch, Some(i64::MAX as u64)),
            (i64::MAX, Milliseconds, Now, None),
            (i64::MAX - 1_000, Milliseconds, Now, Some(i64::MAX as u64)),
            (i64::MAX / 1_000 + 1, Seconds, Epoch, None),
        ] {
            assert_eq!(unix_time_ms(number, unit, from, 1_000), expected, "{number}");
        }
    }
}
