//! Times at which keys expire, as commands are told them.

use byte_string::ByteString;

use crate::hooks::Removal;
use crate::notify::class;
use crate::{Call, Engine, Error};

/// How a time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

/// A time as it was given: in some unit, from now or from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Given {
    /// Index in argv.
    pub(super) at: usize,
    pub(super) unit: Unit,
    /// Unix time instead of time from now.
    pub(super) absolute: bool,
}

impl Given {
    /// The Unix time in milliseconds that SET, GETEX and their like mean; it must lie after 1970 and before the end
    /// of time.
    pub(super) fn positive_ms(self, now_ms: i64, call: &Call) -> Result<i64, Error> {
        let number = call.integer(self.at)?;
        let base = if self.absolute { 0 } else { now_ms };
        let at_ms = (number > 0).then(|| self.unit.to_ms(number)?.checked_add(base)).flatten();
        at_ms.ok_or_else(|| invalid(call))
    }

    /// The Unix time in milliseconds that EXPIRE and its like mean, which may be past.
    pub(super) fn any_ms(self, now_ms: i64, call: &Call) -> Result<i64, Error> {
        let number = call.integer(self.at)?;
        let base = if self.absolute { 0 } else { now_ms };
        let at_ms = self.unit.to_ms(number).and_then(|ms| ms.checked_add(base));
        at_ms.ok_or_else(|| invalid(call))
    }
}

impl Unit {
    fn to_ms(self, number: i64) -> Option<i64> {
        match self {
            Self::Seconds => number.checked_mul(1000),
            Self::Milliseconds => Some(number),
        }
    }
}

/// Deletes a key that was given a time to live which is over already.
pub(super) fn delete_now(engine: &mut Engine, call: &mut Call, key: &ByteString) {
    let lazy = engine.config.lazyfree_lazy_expire;
    if engine.remove_with(call.db, key, Removal::Expired, lazy) {
        engine.dirty += 1;
        engine.propagate_as(call, |_| [if lazy { "UNLINK" } else { "DEL" }.into(), key.clone()]);
        engine.notify(class::GENERIC, "del", key, call.db);
    }
}

fn invalid(call: &Call) -> Error {
    Error::owned(format!("ERR invalid expire time in '{}' command", call.command.full_name))
}
