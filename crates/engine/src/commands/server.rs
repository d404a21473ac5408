//! Commands that the program around the engine carries out: SAVE, SHUTDOWN and the like; and TIME, ROLE, WAIT.

use crate::command::{Arg, ArgKind, Docs, Spec, category, flag};
use crate::hooks::ShutdownFlags;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[BGSAVE, LASTSAVE, ROLE, SAVE, SHUTDOWN, TIME];

const SAVE: Spec = Spec::new(
    "save",
    1,
    |engine, call| {
        (engine.server.save)(engine)?;
        call.reply.ok();
        Ok(())
    },
    Docs::new(
        "server",
        "1.0.0",
        "O(N) where N is the total number of keys in all databases",
        "Saves the databases to the RDB file; nothing else happens meanwhile.",
    ),
)
.flags(flag::ADMIN | flag::NOSCRIPT | flag::NO_ASYNC_LOADING | flag::NO_MULTI);

const BGSAVE: Spec = Spec::new(
    "bgsave",
    -1,
    |engine, call| {
        let schedule = match call.argc() {
            1 => false,
            2 if call.arg_is(1, "schedule") => true,
            _ => return Err(Error::Syntax),
        };
        let status = (engine.server.bgsave)(engine, schedule)?;
        call.reply.simple(status);
        Ok(())
    },
    Docs::new("server", "1.0.0", "O(1)", "Saves the databases to the RDB file in a child process.")
        .history(&[("3.2.2", "Takes SCHEDULE.")])
        .args(&[Arg::word("schedule", "SCHEDULE").optional().since("3.2.2")]),
)
.flags(flag::ADMIN | flag::NOSCRIPT | flag::NO_ASYNC_LOADING);

const LASTSAVE: Spec = Spec::new(
    "lastsave",
    1,
    |engine, call| {
        call.reply.integer(engine.last_save_at_secs);
        Ok(())
    },
    Docs::new("server", "1.0.0", "O(1)", "When the databases were last saved, in Unix time."),
)
.flags(flag::LOADING | flag::STALE | flag::FAST)
.categories(category::ADMIN | category::DANGEROUS)
.tips(&["nondeterministic_output"]);

const SHUTDOWN: Spec = Spec::new(
    "shutdown",
    -1,
    shutdown,
    Docs::new("server", "1.0.0", "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)", "Saves if there is anything to save to, and ends the server.")
        .history(&[("7.0.0", "Takes NOW, FORCE and ABORT.")])
        .args(&[
            Arg::new("save-selector", ArgKind::OneOf).optional().of(&[Arg::word("nosave", "NOSAVE"), Arg::word("save", "SAVE")]),
            Arg::word("now", "NOW").optional().since("7.0.0"),
            Arg::word("force", "FORCE").optional().since("7.0.0"),
            Arg::word("abort", "ABORT").optional().since("7.0.0"),
        ]),
)
.flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::NO_MULTI | flag::ALLOW_BUSY);

fn shutdown(engine: &mut Engine, call: &mut Call) -> Outcome {
    let mut flags = ShutdownFlags::default();
    for at in 1..call.argc() {
        if call.arg_is(at, "nosave") {
            flags.nosave = true;
        } else if call.arg_is(at, "save") {
            flags.save = true;
        } else if call.arg_is(at, "now") {
            flags.now = true;
        } else if call.arg_is(at, "force") {
            flags.force = true;
        } else if call.arg_is(at, "abort") {
            flags.abort = true;
        } else {
            return Err(Error::Syntax);
        }
    }
    let others = flags.save || flags.nosave || flags.now || flags.force;
    if flags.abort && others || flags.save && flags.nosave {
        return Err(Error::Syntax);
    }
    (engine.server.shutdown)(engine, flags)?;
    if flags.abort {
        call.reply.ok();
    }
    Ok(())
}

const TIME: Spec = Spec::new(
    "time",
    1,
    |engine, call| {
        let now_us = (engine.clock.wall_us)();
        call.reply.array(2);
        call.reply.bulk_integer(now_us / 1_000_000);
        call.reply.bulk_integer(now_us % 1_000_000);
        Ok(())
    },
    Docs::new("server", "2.6.0", "O(1)", "The server's clock: seconds and microseconds."),
)
.flags(flag::LOADING | flag::STALE | flag::FAST)
.tips(&["nondeterministic_output"]);

const ROLE: Spec = Spec::new(
    "role",
    1,
    |_, call| {
        // Nothing replicates from this server yet, so it is a primary without replicas.
        call.reply.array(3);
        call.reply.bulk(b"master");
        call.reply.integer(0);
        call.reply.array(0);
        Ok(())
    },
    Docs::new("server", "2.8.12", "O(1)", "The server's place in replication."),
)
.flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST)
.categories(category::ADMIN | category::DANGEROUS);
