//! MEMORY: what keys and the server take.

use byte_string::ByteString;
use keyspace::Value;

use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, flag, key_flag};
use crate::hooks::ModuleRef;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[MEMORY];

/// Elements of a large value that MEMORY USAGE looks at unless told otherwise.
const SAMPLES_DEFAULT: usize = 5;

const MEMORY: Spec = Spec::new(
    "memory",
    -2,
    super::only_subcommands,
    Docs::new("server", "4.0.0", "Depends on subcommand.", "Tells about memory."),
)
.subcommands(&[
    Spec::new("help", 2, help, Docs::new("server", "4.0.0", "O(1)", "Explains the sub-commands."))
        .flags(flag::LOADING | flag::STALE),
    Spec::new(
        "purge",
        2,
        |engine, call| {
            (engine.server.purge_memory)();
            call.reply.ok();
            Ok(())
        },
        Docs::new(
            "server",
            "4.0.0",
            "Depends on how much memory is allocated, could be slow",
            "Asks the allocator to give unused memory back.",
        ),
    )
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    Spec::new(
        "usage",
        -3,
        usage,
        Docs::new(
            "server",
            "4.0.0",
            "O(N) where N is the number of samples.",
            "The bytes that a key and its value take.",
        )
        .args(&[
            Arg::key("key", 0),
            Arg::new("count", ArgKind::Integer).token("SAMPLES").optional(),
        ]),
    )
    .flags(flag::READONLY)
    .keys(&[KeySpec::one(2, key_flag::RO)]),
]);

fn help(_: &mut Engine, call: &mut Call) -> Outcome {
    super::reply_help(
        call,
        "MEMORY",
        &[
            ("PURGE", "Asks the allocator to give unused memory back."),
            (
                "USAGE <key> [SAMPLES <count>]",
                "The bytes that a key and its value take; of a large value <count> elements are looked at (default 5, 0 for all).",
            ),
        ],
    );
    Ok(())
}

fn usage(engine: &mut Engine, call: &mut Call) -> Outcome {
    let mut samples = SAMPLES_DEFAULT;
    let mut at = 3;
    while at < call.argc() {
        if !call.arg_is(at, "samples") || at + 1 >= call.argc() {
            return Err(Error::Syntax);
        }
        let count = resp::parse_i64(call.arg(at + 1)).ok_or(Error::NotInteger)?;
        samples = usize::try_from(count).map_err(|_| Error::Syntax)?;
        at += 2;
    }
    let key = call.arg(2).clone();
    match engine.memory_usage(call.db, &key, samples) {
        Some(bytes) => call.reply.integer(bytes as i64),
        None => call.reply.null(),
    }
    Ok(())
}

impl Engine {
    /// Bytes that a key, its entry and its value take, the module's part included.
    pub fn memory_usage(&mut self, db: usize, key: &ByteString, samples: usize) -> Option<usize> {
        self.expire_if_due(db, key);
        let entry = self.db(db).find(key)?;
        let mut bytes = entry.heap_size(samples);
        if let Value::Module(value) = &entry.value {
            let value = ModuleRef::of(value);
            bytes += (self.modules.memory_usage)(self, &value, key, db, samples);
        }
        Some(bytes)
    }
}
