//! INFO: what the server tells about itself, in Valkey's sections and names.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use sha2::{Digest, Sha256};

use super::memory::{MemoryUse, percent};
use crate::client::client_flag;
use crate::command::{Arg, ArgKind, Command, Docs, Spec, category, flag};
use crate::hooks::InfoSelection;
use crate::pubsub::Kind;
use crate::{Call, Engine, Outcome};

pub(super) const SPECS: &[Spec] = &[INFO];

/// Writes the fields of a section.
type Section = fn(&Engine, &mut String);

/// Sections in the order of the reply: name, title, whether a plain INFO shows it, and what writes it.
const SECTIONS: &[(&str, &str, bool, Section)] = &[
    ("server", "Server", true, server),
    ("clients", "Clients", true, clients),
    ("memory", "Memory", true, memory),
    ("persistence", "Persistence", true, persistence),
    ("stats", "Stats", true, stats),
    ("replication", "Replication", true, replication),
    ("cpu", "CPU", true, |_, _| {}),
    ("module_list", "Modules", true, |_, _| {}),
    ("commandstats", "Commandstats", false, commandstats),
    ("errorstats", "Errorstats", true, errorstats),
    ("latencystats", "Latencystats", false, |_, _| {}),
    ("cluster", "Cluster", true, |_, text| text.push_str("cluster_enabled:0\r\n")),
    ("keyspace", "Keyspace", true, keyspace),
];

const INFO: Spec = Spec::new(
    "info",
    -1,
    info,
    Docs::new("server", "1.0.0", "O(1)", "Tells about the server in sections of fields.")
        .history(&[("7.0.0", "Takes several sections.")])
        .args(&[Arg::new("section", ArgKind::String).optional().multiple()]),
)
.flags(flag::LOADING | flag::STALE)
.categories(category::DANGEROUS)
.tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]);

fn info(engine: &mut Engine, call: &mut Call) -> Outcome {
    let words: Vec<String> = call.argv[1..]
        .iter()
        .map(|word| String::from_utf8_lossy(word).to_ascii_lowercase())
        .collect();
    let text = engine.info(&words);
    call.reply.verbatim(b"txt", text.as_bytes());
    Ok(())
}

impl Engine {
    /// INFO's text for the section names given (lower case); none means the default ones.
    pub fn info(&mut self, words: &[String]) -> String {
        let named = |name: &str| words.iter().any(|word| word == name);
        let selection = InfoSelection {
            all: named("all"),
            everything: named("everything"),
            default: words.is_empty() || named("default"),
            sections: words.to_vec(),
        };
        let mut text = String::new();
        for &(name, title, by_default, write) in SECTIONS {
            let modules = name == "module_list" && named("modules");
            let wanted = selection.all
                || selection.everything
                || selection.default && by_default
                || named(name)
                || modules;
            if !wanted {
                continue;
            }
            if !text.is_empty() {
                text.push_str("\r\n");
            }
            let _ = write!(text, "# {title}\r\n");
            write(self, &mut text);
            if name == "module_list" {
                (self.modules.info_list)(self, &mut text);
            }
            (self.server.info)(self, name, &mut text);
        }
        (self.modules.info)(self, &selection, &mut text);
        text
    }
}

/// Bytes as INFO's `…_human` fields show them.
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 5] =
        [(1 << 50, "P"), (1 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")];
    for (unit, letter) in UNITS {
        if bytes >= unit {
            return format!("{:.2}{letter}", bytes as f64 / unit as f64);
        }
    }
    format!("{bytes}B")
}

macro_rules! fields {
    ($text:expr, $($name:literal: $value:expr),* $(,)?) => {
        $( let _ = write!($text, concat!($name, ":{}\r\n"), $value); )*
    };
}

fn server(engine: &Engine, text: &mut String) {
    let now_us = (engine.clock.wall_us)();
    let uptime_secs = (now_us / 1000 - engine.clock.started_at_ms).max(0) / 1000;
    fields!(text,
        "redis_version": crate::REDIS_VERSION,
        "server_name": "valkey",
        "valkey_version": crate::VALKEY_VERSION,
        "keystow_version": crate::KEYSTOW_VERSION,
        "redis_git_sha1": "00000000",
        "redis_git_dirty": 0,
        "redis_build_id": build_id(),
        "server_mode": "standalone",
        "arch_bits": usize::BITS,
        "multiplexing_api": "epoll",
        // As Valkey writes it for a build by any other compiler.
        "gcc_version": "0.0.0",
        "run_id": engine.run_id,
        "tcp_port": engine.tcp_port,
        "server_time_usec": now_us,
        "uptime_in_seconds": uptime_secs,
        "uptime_in_days": uptime_secs / 86400,
        "hz": engine.config.hz,
        "configured_hz": engine.config.hz,
        "lru_clock": keyspace::lru_stamp(engine.clock.now_ms),
        "availability_zone": engine.config.get("availability-zone").unwrap_or_default(),
    );
}

/// Sixteen hexadecimal digits that differ from version to version.
fn build_id() -> String {
    let digest =
        Sha256::digest([crate::VALKEY_VERSION, crate::KEYSTOW_VERSION].join(" ").as_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn clients(engine: &Engine, text: &mut String) {
    let mut connected = 0;
    let (mut blocked, mut pubsub, mut watching, mut watched) = (0, 0, 0, 0);
    let (mut input_max, mut output_max) = (0, 0);
    for client in engine.clients.connected() {
        connected += 1;
        blocked += usize::from(client.has(client_flag::BLOCKED));
        pubsub += usize::from(client.subscriptions() + client.shard_channels.len() > 0);
        watching += usize::from(!client.watched.is_empty());
        watched += client.watched.len();
        input_max = input_max.max(client.query_len);
        output_max = output_max.max(client.output.memory() + client.unsent_len);
    }
    fields!(text,
        "connected_clients": connected,
        "cluster_connections": 0,
        "maxclients": engine.config.maxclients,
        "client_recent_max_input_buffer": input_max,
        "client_recent_max_output_buffer": output_max,
        "blocked_clients": blocked,
        "tracking_clients": 0,
        "pubsub_clients": pubsub,
        "watching_clients": watching,
        "clients_in_timeout_table": 0,
        "total_watched_keys": watched,
        "total_blocking_keys": 0,
        "total_blocking_keys_on_nokey": 0,
    );
}

fn memory(engine: &Engine, text: &mut String) {
    let memory = MemoryUse::of(engine);
    fields!(text,
        "used_memory": memory.used,
        "used_memory_human": human_bytes(memory.used),
        "used_memory_peak": memory.peak,
        "used_memory_peak_human": human_bytes(memory.peak),
        "used_memory_peak_perc": format_args!("{:.2}%", percent(memory.used, memory.peak)),
        "used_memory_overhead": memory.overhead(),
        "used_memory_startup": memory.startup,
        "used_memory_dataset": memory.dataset(),
        "used_memory_dataset_perc": format_args!("{:.2}%", percent(memory.dataset(), memory.beyond_startup())),
        "used_memory_lua": 0,
        "used_memory_vm_eval": 0,
        "used_memory_lua_human": human_bytes(0),
        "used_memory_scripts_eval": 0,
        "number_of_cached_scripts": 0,
        "number_of_functions": 0,
        "number_of_libraries": 0,
        "used_memory_vm_functions": 0,
        "used_memory_vm_total": 0,
        "used_memory_vm_total_human": human_bytes(0),
        "used_memory_functions": 0,
        "used_memory_scripts": 0,
        "used_memory_scripts_human": human_bytes(0),
        "maxmemory": engine.config.maxmemory,
        "maxmemory_human": human_bytes(engine.config.maxmemory),
        "maxmemory_policy": engine.config.maxmemory_policy.name(),
        "mem_not_counted_for_evict": 0,
        "mem_replication_backlog": 0,
        "mem_total_replication_buffers": 0,
        "mem_clients_slaves": 0,
        "mem_clients_normal": memory.clients,
        "mem_cluster_links": 0,
        "mem_aof_buffer": 0,
        "mem_overhead_db_hashtable_rehashing": 0,
        "active_defrag_running": 0,
        "lazyfreed_objects": engine.stats.lazyfreed_objects,
    );
}

fn persistence(engine: &Engine, text: &mut String) {
    fields!(text,
        "loading": u8::from(engine.loading),
        "async_loading": 0,
        "rdb_changes_since_last_save": engine.dirty,
        "rdb_last_save_time": engine.last_save_at_secs,
    );
}

fn stats(engine: &Engine, text: &mut String) {
    let stats = &engine.stats;
    fields!(text,
        "total_connections_received": stats.connections_received,
        "total_commands_processed": stats.commands_processed,
        "instantaneous_ops_per_sec": stats.ops_per_sec,
        "total_net_input_bytes": stats.net_input_bytes,
        "total_net_output_bytes": stats.net_output_bytes,
        "total_net_repl_input_bytes": 0,
        "total_net_repl_output_bytes": 0,
        "instantaneous_input_kbps": format_args!("{:.2}", stats.input_kbps),
        "instantaneous_output_kbps": format_args!("{:.2}", stats.output_kbps),
        "instantaneous_input_repl_kbps": "0.00",
        "instantaneous_output_repl_kbps": "0.00",
        "rejected_connections": stats.connections_rejected,
        "sync_full": 0,
        "sync_partial_ok": 0,
        "sync_partial_err": 0,
        "expired_keys": stats.expired_keys,
        "expired_stale_perc": format_args!("{:.2}", stats.expired_stale_perc),
        "expired_time_cap_reached_count": stats.expired_time_cap_reached,
        "evicted_keys": stats.evicted_keys,
        "evicted_clients": stats.evicted_clients,
        "evicted_scripts": 0,
        "keyspace_hits": stats.keyspace_hits,
        "keyspace_misses": stats.keyspace_misses,
        "pubsub_channels": engine.pubsub.subscribers(Kind::Channel).len(),
        "pubsub_patterns": engine.pubsub.subscribers(Kind::Pattern).len(),
        "pubsubshard_channels": engine.pubsub.subscribers(Kind::Shard).len(),
        "latest_fork_usec": stats.latest_fork_us,
        "total_forks": stats.total_forks,
        "migrate_cached_sockets": 0,
        "slave_expires_tracked_keys": 0,
        "active_defrag_hits": 0,
        "active_defrag_misses": 0,
        "active_defrag_key_hits": 0,
        "active_defrag_key_misses": 0,
        "total_active_defrag_time": 0,
        "current_active_defrag_time": 0,
        "tracking_total_keys": 0,
        "tracking_total_items": 0,
        "tracking_total_prefixes": 0,
        "unexpected_error_replies": stats.unexpected_error_replies,
        "total_error_replies": stats.error_replies,
        "total_reads_processed": stats.reads_processed,
        "total_writes_processed": stats.writes_processed,
        "client_query_buffer_limit_disconnections": stats.client_query_limit_disconnections,
        "client_output_buffer_limit_disconnections": stats.client_output_limit_disconnections,
        // Reply buffers are not resized between commands.
        "reply_buffer_shrinks": 0,
        "reply_buffer_expands": 0,
        "acl_access_denied_auth": stats.acl_denied_auth,
        "acl_access_denied_cmd": 0,
        "acl_access_denied_key": 0,
        "acl_access_denied_channel": 0,
    );
}

fn replication(engine: &Engine, text: &mut String) {
    fields!(text,
        "role": "master",
        "connected_slaves": 0,
        "replicas_waiting_psync": 0,
        "master_failover_state": "no-failover",
        "master_replid": engine.replication_id,
        "master_replid2": "0".repeat(40),
        "master_repl_offset": 0,
        "second_repl_offset": -1,
        "repl_backlog_active": 0,
        "repl_backlog_size": engine.config.get("repl-backlog-size").unwrap_or_default(),
        "repl_backlog_first_byte_offset": 0,
        "repl_backlog_histlen": 0,
    );
}

fn commandstats(engine: &Engine, text: &mut String) {
    let mut lines: Vec<String> = Vec::new();
    let mut line = |command: &Command| {
        let stats = &command.stats;
        let (calls, usec) = (stats.calls.load(Relaxed), stats.usec.load(Relaxed));
        let (rejected, failed) = (stats.rejected.load(Relaxed), stats.failed.load(Relaxed));
        if calls == 0 && rejected == 0 && failed == 0 {
            return;
        }
        let per_call = if calls == 0 { 0.0 } else { usec as f64 / calls as f64 };
        lines.push(format!(
            "cmdstat_{}:calls={calls},usec={usec},usec_per_call={per_call:.2},rejected_calls={rejected},\
             failed_calls={failed}\r\n",
            command.full_name
        ));
    };
    for command in engine.commands.iter() {
        line(command);
        for sub in &command.subcommands {
            line(sub);
        }
    }
    lines.sort();
    text.extend(lines);
}

fn errorstats(engine: &Engine, text: &mut String) {
    for (code, count) in &engine.stats.errors {
        let _ = write!(text, "errorstat_{code}:count={count}\r\n");
    }
}

fn keyspace(engine: &Engine, text: &mut String) {
    for (at, db) in engine.keyspace.iter().enumerate() {
        if !db.is_empty() {
            let _ = write!(
                text,
                "db{at}:keys={},expires={},avg_ttl={}\r\n",
                db.len(),
                db.expires_len(),
                db.avg_ttl_ms()
            );
        }
    }
}
