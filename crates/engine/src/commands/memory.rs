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
        "stats",
        2,
        stats,
        Docs::new("server", "4.0.0", "O(1)", "What takes the server's memory."),
    )
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]),
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
            ("STATS", "What takes the server's memory, in bytes."),
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

/// What takes memory, in bytes.
pub(super) struct MemoryUse {
    pub(super) used: u64,
    pub(super) peak: u64,
    pub(super) startup: u64,
    /// The databases' tables, without what their entries hold.
    pub(super) tables: u64,
    /// Clients' records, unread requests and unsent replies.
    pub(super) clients: u64,
}

impl MemoryUse {
    pub(super) fn of(engine: &Engine) -> Self {
        let used = (engine.server.used_memory)() as u64;
        let tables: usize = engine.keyspace.iter().map(keyspace::Database::table_heap_size).sum();
        let clients: usize = engine
            .clients
            .connected()
            .map(|client| size_of_val(client) + client.output.memory() + client.query_len)
            .sum();
        Self {
            used,
            peak: engine.stats.peak_memory.max(used),
            startup: engine.startup_memory,
            tables: tables as u64,
            clients: clients as u64,
        }
    }

    /// Everything but the data set.
    pub(super) fn overhead(&self) -> u64 {
        self.startup + self.tables + self.clients
    }

    pub(super) fn dataset(&self) -> u64 {
        self.used.saturating_sub(self.overhead())
    }

    /// What is used beyond what the empty server took.
    pub(super) fn beyond_startup(&self) -> u64 {
        self.used.saturating_sub(self.startup)
    }
}

pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

fn stats(engine: &mut Engine, call: &mut Call) -> Outcome {
    let memory = MemoryUse::of(engine);
    let keys: usize = engine.keyspace.iter().map(keyspace::Database::len).sum();
    let bytes_a_key = memory.beyond_startup().checked_div(keys as u64).unwrap_or(0);
    let counts = [
        ("peak.allocated", memory.peak),
        ("total.allocated", memory.used),
        ("startup.allocated", memory.startup),
        ("clients.normal", memory.clients),
        ("overhead.db.hashtable.lut", memory.tables),
        ("overhead.total", memory.overhead()),
        ("keys.count", keys as u64),
        ("keys.bytes-per-key", bytes_a_key),
        ("dataset.bytes", memory.dataset()),
    ];
    let percentages = [
        ("dataset.percentage", percent(memory.dataset(), memory.beyond_startup())),
        ("peak.percentage", percent(memory.used, memory.peak)),
    ];
    call.reply.map(counts.len() + percentages.len());
    for (name, bytes) in counts {
        call.reply.bulk(name.as_bytes());
        call.reply.integer(bytes as i64);
    }
    for (name, share) in percentages {
        call.reply.bulk(name.as_bytes());
        call.reply.double(share);
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
