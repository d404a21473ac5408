//! Faults on request: with `DEBUG-FAULTS yes` on the `loadmodule` line, `JSON.FAULT` makes an
//! [`Entry`] panic. Without it the command does not exist and nothing can be armed.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use redis_module::raw;

use crate::error::Error;
use crate::host::command::{self, Call, Command, Keys, Spec};
use crate::host::guard::Entry;

/// The entry that panics when it is reached next, plus one; 0 for none.
static ARMED: AtomicU8 = AtomicU8::new(0);

/// Panics if `entry` is armed, and disarms it.
#[inline]
pub(super) fn reach(entry: Entry) {
    if ARMED.load(Relaxed) == entry as u8 + 1 {
        fire(entry);
    }
}

#[cold]
fn fire(entry: Entry) {
    // Entries are reached on several threads; one of them panics.
    if ARMED.compare_exchange(entry as u8 + 1, 0, Relaxed, Relaxed).is_ok() {
        panic!("injected");
    }
}

/// Lets `entry` panic when it is reached next.
pub(super) fn arm(entry: Entry) {
    ARMED.store(entry as u8 + 1, Relaxed);
}

/// The entry of that name.
pub(super) fn entry(name: &[u8]) -> Option<Entry> {
    Entry::ALL.iter().copied().find(|entry| entry.name().as_bytes() == name)
}

/// Registers `JSON.FAULT`. To be called in `OnLoad` when faults were asked for.
pub(super) fn register(ctx: *mut raw::RedisModuleCtx) -> Option<()> {
    command::register::<Fault>(ctx)
}

/// `JSON.FAULT PANIC entry` arms, `JSON.FAULT OFF` disarms and says whether something still was,
/// `JSON.FAULT LIST` names the entries.
struct Fault;

impl Command for Fault {
    const SPEC: Spec = Spec {
        name: c"json.fault",
        summary: c"Makes an entry of the module panic, for tests",
        complexity: c"O(1)",
        arity: -2,
        flags: c"admin",
        keys: Keys::None,
    };

    fn run(call: Call<'_>) -> Result<(), Error> {
        match (call.args.get(1), call.args.get(2)) {
            (Some(word), Some(name)) if word.is("PANIC") && call.args.len() == 3 => {
                arm(entry(name.bytes()).ok_or(Error::Syntax)?);
                call.ctx.reply_simple(c"OK");
            }
            (Some(word), None) if word.is("OFF") => {
                call.ctx.reply_integer(i64::from(ARMED.swap(0, Relaxed) != 0));
            }
            (Some(word), None) if word.is("LIST") => {
                call.ctx
                    .reply_each(Entry::ALL, |ctx, entry| ctx.reply_bulk(entry.name().as_bytes()));
            }
            _ => return Err(Error::Syntax),
        }
        Ok(())
    }
}
