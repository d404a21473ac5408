//! Every directive: name, default, values, where the value lives. Grouped as valkey.conf is.

use keyspace::EvictionPolicy;

use super::spec::{Choice, Field, IntegerField, Kind, Spec, flag};
use super::{Config, LogLevel, ProtectedAction, Supervised, special};

const INT_MAX: i64 = i32::MAX as i64;

/// In the order of [`EvictionPolicy::ALL`].
const MAXMEMORY_POLICIES: &[&str] = &{
    let mut names = [""; EvictionPolicy::ALL.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = EvictionPolicy::ALL[index].name();
        index += 1;
    }
    names
};

/// In the order of [`ProtectedAction`]'s variants.
const PROTECTED_ACTIONS: &[&str] = &["no", "yes", "local"];

macro_rules! field {
    ($name:ident) => {
        Field { get: |config| &config.$name, get_mut: |config| &mut config.$name }
    };
}

macro_rules! integer {
    ($name:ident) => {
        IntegerField {
            get: |config| config.$name as i64,
            set: |config, value| config.$name = value as _,
        }
    };
}

const fn choice(
    words: &'static [&'static str],
    get: fn(&Config) -> usize,
    set: fn(&mut Config, usize),
) -> Kind {
    Kind::Choice { words, kept: Some(Choice { get, set }) }
}

const fn kept_choice(words: &'static [&'static str]) -> Kind {
    Kind::Choice { words, kept: None }
}

/// All directives.
pub static SPECS: &[Spec] = &[
    // Network
    Spec::new("protected-mode", "yes", Kind::Boolean(Some(field!(protected_mode)))),
    Spec::new("io-threads-always-active", "no", Kind::Boolean(None)).flags(flag::HIDDEN),
    Spec::new("unixsocket", "", Kind::Text { field: Some(field!(unixsocket)), check: None })
        .flags(flag::IMMUTABLE),
    Spec::new("unixsocketgroup", "", Kind::Text { field: None, check: None })
        .flags(flag::IMMUTABLE)
        .only_default("unixsocketgroup is not supported yet"),
    Spec::new("bind-source-addr", "", Kind::Text { field: None, check: None }),
    Spec::new("port", "6379", Kind::Integer { field: Some(integer!(port)), min: 0, max: 65_535 }),
    Spec::new(
        "io-threads",
        "1",
        Kind::Integer { field: Some(integer!(io_threads)), min: 1, max: 256 },
    )
    .flags(flag::IMMUTABLE),
    Spec::new(
        "min-io-threads-avoid-copy-reply",
        "7",
        Kind::Integer { field: None, min: 0, max: INT_MAX },
    )
    .flags(flag::HIDDEN),
    Spec::new(
        "min-string-size-avoid-copy-reply",
        "16384",
        Kind::Integer { field: None, min: 0, max: INT_MAX },
    )
    .flags(flag::HIDDEN),
    Spec::new(
        "min-string-size-avoid-copy-reply-threaded",
        "65536",
        Kind::Integer { field: None, min: 0, max: INT_MAX },
    )
    .flags(flag::HIDDEN),
    Spec::new("prefetch-batch-max-size", "16", Kind::Integer { field: None, min: 0, max: 128 }),
    Spec::new(
        "tcp-keepalive",
        "300",
        Kind::Integer { field: Some(integer!(tcp_keepalive)), min: 0, max: INT_MAX },
    ),
    Spec::new(
        "timeout",
        "0",
        Kind::Integer { field: Some(integer!(timeout)), min: 0, max: INT_MAX },
    ),
    Spec::new(
        "tcp-backlog",
        "511",
        Kind::Integer { field: Some(integer!(tcp_backlog)), min: 0, max: INT_MAX },
    )
    .flags(flag::IMMUTABLE),
    Spec::new("mptcp", "no", Kind::Boolean(None))
        .flags(flag::IMMUTABLE)
        .only_default("MPTCP is not supported yet"),
    Spec::new(
        "maxclients",
        "10000",
        Kind::Integer { field: Some(integer!(maxclients)), min: 1, max: 4_294_967_295 },
    ),
    Spec::new("unixsocketperm", "0", Kind::Octal { field: integer!(unixsocketperm), max: 0o777 })
        .flags(flag::IMMUTABLE),
    Spec::new("socket-mark-id", "0", Kind::Integer { field: None, min: 0, max: 4_294_967_295 })
        .flags(flag::IMMUTABLE)
        .only_default("socket marks are not supported yet"),
    Spec::new(
        "max-new-connections-per-cycle",
        "10",
        Kind::Integer { field: Some(integer!(max_new_connections_per_cycle)), min: 1, max: 1_000 },
    ),
    Spec::new(
        "max-new-tls-connections-per-cycle",
        "1",
        Kind::Integer { field: None, min: 1, max: 1_000 },
    ),
    Spec::new("client-default-resp", "2", Kind::Integer { field: None, min: 2, max: 3 })
        .flags(flag::IMMUTABLE | flag::HIDDEN),
    Spec::new(
        "proto-max-bulk-len",
        "536870912",
        Kind::Memory { field: Some(integer!(proto_max_bulk_len)), min: 1_048_576, max: i64::MAX },
    ),
    Spec::new(
        "client-query-buffer-limit",
        "1073741824",
        Kind::Memory {
            field: Some(integer!(client_query_buffer_limit)),
            min: 1_048_576,
            max: i64::MAX,
        },
    ),
    Spec::new("maxmemory-clients", "0", Kind::Integer { field: None, min: -100, max: i64::MAX })
        .only_default("client eviction is not supported yet"),
    Spec::new(
        "client-output-buffer-limit",
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
        Kind::Special { set: special::set_output_limits, get: special::get_output_limits },
    )
    .flags(flag::MULTI_ARG),
    Spec::new("bind", "* -::*", Kind::Special { set: special::set_bind, get: special::get_bind })
        .flags(flag::MULTI_ARG),
    Spec::new("io-threads-do-reads", "yes", Kind::Boolean(None)),
    Spec::new("events-per-io-thread", "2", Kind::Integer { field: None, min: 0, max: INT_MAX }),
    // Process
    Spec::new("daemonize", "no", Kind::Boolean(Some(field!(daemonize)))).flags(flag::IMMUTABLE),
    Spec::new("always-show-logo", "no", Kind::Boolean(Some(field!(always_show_logo))))
        .flags(flag::IMMUTABLE),
    Spec::new("set-proc-title", "yes", Kind::Boolean(None)).flags(flag::IMMUTABLE),
    Spec::new("jemalloc-bg-thread", "yes", Kind::Boolean(None)),
    Spec::new("syslog-enabled", "no", Kind::Boolean(Some(field!(syslog_enabled))))
        .flags(flag::IMMUTABLE),
    Spec::new("crash-log-enabled", "yes", Kind::Boolean(None)),
    Spec::new("crash-memcheck-enabled", "yes", Kind::Boolean(None)),
    Spec::new("disable-thp", "yes", Kind::Boolean(None)).flags(flag::IMMUTABLE),
    Spec::new(
        "hide-user-data-from-log",
        "yes",
        Kind::Boolean(Some(field!(hide_user_data_from_log))),
    ),
    Spec::new("pidfile", "", Kind::Text { field: Some(field!(pidfile)), check: None })
        .flags(flag::IMMUTABLE),
    Spec::new(
        "syslog-ident",
        "valkey",
        Kind::Text { field: Some(field!(syslog_ident)), check: None },
    )
    .flags(flag::IMMUTABLE),
    Spec::new("server-cpulist", "", Kind::Text { field: None, check: None })
        .alias("server_cpulist")
        .flags(flag::IMMUTABLE)
        .only_default("CPU lists are not supported yet"),
    Spec::new("bio-cpulist", "", Kind::Text { field: None, check: None })
        .alias("bio_cpulist")
        .flags(flag::IMMUTABLE)
        .only_default("CPU lists are not supported yet"),
    Spec::new("aof-rewrite-cpulist", "", Kind::Text { field: None, check: None })
        .alias("aof_rewrite_cpulist")
        .flags(flag::IMMUTABLE)
        .only_default("CPU lists are not supported yet"),
    Spec::new("bgsave-cpulist", "", Kind::Text { field: None, check: None })
        .alias("bgsave_cpulist")
        .flags(flag::IMMUTABLE)
        .only_default("CPU lists are not supported yet"),
    Spec::new("ignore-warnings", "", Kind::Text { field: None, check: None }),
    Spec::new(
        "proc-title-template",
        "{title} {listen-addr} {server-mode}",
        Kind::Text { field: None, check: None },
    ),
    Spec::new("logfile", "", Kind::Text { field: Some(field!(logfile)), check: None })
        .flags(flag::IMMUTABLE),
    Spec::new("locale-collate", "", Kind::Text { field: None, check: None }),
    Spec::new(
        "supervised",
        "no",
        choice(
            &["upstart", "systemd", "auto", "no"],
            |c| c.supervised as usize,
            |c, i| {
                c.supervised =
                    [Supervised::Upstart, Supervised::Systemd, Supervised::Auto, Supervised::No][i]
            },
        ),
    )
    .flags(flag::IMMUTABLE),
    Spec::new(
        "syslog-facility",
        "local0",
        choice(
            &[
                "user", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
                "local7",
            ],
            |c| c.syslog_facility,
            |c, i| c.syslog_facility = i,
        ),
    )
    .flags(flag::IMMUTABLE),
    Spec::new(
        "loglevel",
        "notice",
        choice(
            &["debug", "verbose", "notice", "warning", "nothing"],
            |c| c.loglevel as usize,
            |c, i| {
                c.loglevel = [
                    LogLevel::Debug,
                    LogLevel::Verbose,
                    LogLevel::Notice,
                    LogLevel::Warning,
                    LogLevel::Nothing,
                ][i]
            },
        ),
    ),
    Spec::new("oom-score-adj", "no", kept_choice(&["no", "yes", "relative", "absolute"]))
        .only_default("oom-score-adj is not supported yet"),
    Spec::new(
        "shutdown-on-sigint",
        "default",
        Kind::Special { set: special::set_sigint, get: special::get_sigint },
    )
    .flags(flag::MULTI_ARG),
    Spec::new(
        "shutdown-on-sigterm",
        "default",
        Kind::Special { set: special::set_sigterm, get: special::get_sigterm },
    )
    .flags(flag::MULTI_ARG),
    Spec::new("log-format", "legacy", kept_choice(&["legacy", "logfmt", "json"]))
        .only_default("only the legacy log format is supported yet"),
    Spec::new(
        "log-timestamp-format",
        "legacy",
        kept_choice(&["legacy", "iso8601", "milliseconds"]),
    )
    .only_default("only the legacy timestamp format is supported yet"),
    Spec::new("hz", "10", Kind::Integer { field: Some(integer!(hz)), min: 0, max: INT_MAX }),
    Spec::new(
        "shutdown-timeout",
        "10",
        Kind::Integer { field: Some(integer!(shutdown_timeout)), min: 0, max: INT_MAX },
    ),
    Spec::new("oom-score-adj-values", "0 200 800", Kind::Text { field: None, check: None })
        .flags(flag::MULTI_ARG),
    Spec::new("dynamic-hz", "yes", Kind::Boolean(None)),
    // Access
    Spec::new("enable-debug-assert", "no", Kind::Boolean(Some(field!(enable_debug_assert))))
        .flags(flag::IMMUTABLE | flag::HIDDEN),
    Spec::new("aclfile", "", Kind::Text { field: None, check: None })
        .flags(flag::IMMUTABLE)
        .only_default("ACL files are not supported yet"),
    Spec::new("requirepass", "", Kind::Text { field: Some(field!(requirepass)), check: None })
        .flags(flag::SENSITIVE),
    Spec::new(
        "acl-pubsub-default",
        "resetchannels",
        choice(
            &["resetchannels", "allchannels"],
            |c| usize::from(c.acl_pubsub_default_allchannels),
            |c, i| c.acl_pubsub_default_allchannels = i == 1,
        ),
    ),
    Spec::new(
        "enable-protected-configs",
        "no",
        choice(
            PROTECTED_ACTIONS,
            |c| c.enable_protected_configs as usize,
            |c, i| c.enable_protected_configs = ProtectedAction::ALL[i],
        ),
    )
    .flags(flag::IMMUTABLE),
    Spec::new(
        "enable-debug-command",
        "no",
        choice(
            PROTECTED_ACTIONS,
            |c| c.enable_debug_command as usize,
            |c, i| c.enable_debug_command = ProtectedAction::ALL[i],
        ),
    )
    .flags(flag::IMMUTABLE),
    Spec::new(
        "enable-module-command",
        "no",
        choice(
            PROTECTED_ACTIONS,
            |c| c.enable_module_command as usize,
            |c, i| c.enable_module_command = ProtectedAction::ALL[i],
        ),
    )
    .flags(flag::IMMUTABLE),
    Spec::new(
        "acllog-max-len",
        "128",
        Kind::Integer { field: Some(integer!(acllog_max_len)), min: 0, max: i64::MAX },
    ),
    // Keyspace
    Spec::new("activerehashing", "yes", Kind::Boolean(Some(field!(activerehashing)))),
    Spec::new("lazyfree-lazy-eviction", "yes", Kind::Boolean(Some(field!(lazyfree_lazy_eviction)))),
    Spec::new("lazyfree-lazy-expire", "yes", Kind::Boolean(Some(field!(lazyfree_lazy_expire)))),
    Spec::new(
        "lazyfree-lazy-server-del",
        "yes",
        Kind::Boolean(Some(field!(lazyfree_lazy_server_del))),
    ),
    Spec::new("lazyfree-lazy-user-del", "yes", Kind::Boolean(Some(field!(lazyfree_lazy_user_del)))),
    Spec::new(
        "lazyfree-lazy-user-flush",
        "yes",
        Kind::Boolean(Some(field!(lazyfree_lazy_user_flush))),
    ),
    Spec::new("activedefrag", "no", Kind::Boolean(None))
        .only_default("active defragmentation is not supported yet"),
    Spec::new("hash-seed", "", Kind::Text { field: None, check: None })
        .flags(flag::IMMUTABLE)
        .only_default("hash-seed is not supported yet"),
    Spec::new(
        "maxmemory-policy",
        "noeviction",
        choice(
            MAXMEMORY_POLICIES,
            |c| c.maxmemory_policy as usize,
            |c, i| c.maxmemory_policy = EvictionPolicy::ALL[i],
        ),
    ),
    Spec::new(
        "databases",
        "16",
        Kind::Integer { field: Some(integer!(databases)), min: 1, max: INT_MAX },
    )
    .flags(flag::IMMUTABLE),
    Spec::new(
        "list-max-listpack-size",
        "-2",
        Kind::Integer {
            field: Some(integer!(list_max_listpack_size)),
            min: -INT_MAX - 1,
            max: INT_MAX,
        },
    )
    .alias("list-max-ziplist-size"),
    Spec::new("active-defrag-cycle-min", "1", Kind::Integer { field: None, min: 1, max: 99 }),
    Spec::new("active-defrag-cycle-max", "25", Kind::Integer { field: None, min: 1, max: 99 }),
    Spec::new(
        "active-defrag-threshold-lower",
        "10",
        Kind::Integer { field: None, min: 0, max: 1_000 },
    ),
    Spec::new(
        "active-defrag-threshold-upper",
        "100",
        Kind::Integer { field: None, min: 0, max: 1_000 },
    ),
    Spec::new("active-defrag-cycle-us", "500", Kind::Integer { field: None, min: 0, max: 100_000 }),
    Spec::new(
        "lfu-log-factor",
        "10",
        Kind::Integer { field: Some(integer!(lfu_log_factor)), min: 0, max: INT_MAX },
    ),
    Spec::new(
        "lfu-decay-time",
        "1",
        Kind::Integer { field: Some(integer!(lfu_decay_time)), min: 0, max: INT_MAX },
    ),
    Spec::new(
        "maxmemory-samples",
        "5",
        Kind::Integer { field: Some(integer!(maxmemory_samples)), min: 1, max: 64 },
    ),
    Spec::new(
        "maxmemory-eviction-tenacity",
        "10",
        Kind::Integer { field: Some(integer!(maxmemory_eviction_tenacity)), min: 0, max: 100 },
    ),
    Spec::new(
        "list-compress-depth",
        "0",
        Kind::Integer { field: Some(integer!(list_compress_depth)), min: 0, max: INT_MAX },
    ),
    Spec::new(
        "active-expire-effort",
        "1",
        Kind::Integer { field: Some(integer!(active_expire_effort)), min: 1, max: 10 },
    ),
    Spec::new(
        "active-defrag-max-scan-fields",
        "1000",
        Kind::Integer { field: None, min: 1, max: i64::MAX },
    ),
    Spec::new(
        "stream-node-max-entries",
        "100",
        Kind::Integer { field: Some(integer!(stream_node_max_entries)), min: 0, max: i64::MAX },
    ),
    Spec::new(
        "maxmemory",
        "0",
        Kind::Memory { field: Some(integer!(maxmemory)), min: 0, max: i64::MAX },
    ),
    Spec::new(
        "hash-max-listpack-entries",
        "512",
        Kind::Integer { field: Some(integer!(hash_max_listpack_entries)), min: 0, max: i64::MAX },
    )
    .alias("hash-max-ziplist-entries"),
    Spec::new(
        "set-max-intset-entries",
        "512",
        Kind::Integer { field: Some(integer!(set_max_intset_entries)), min: 0, max: i64::MAX },
    ),
    Spec::new(
        "set-max-listpack-entries",
        "128",
        Kind::Integer { field: Some(integer!(set_max_listpack_entries)), min: 0, max: i64::MAX },
    ),
    Spec::new(
        "set-max-listpack-value",
        "64",
        Kind::Integer { field: Some(integer!(set_max_listpack_value)), min: 0, max: i64::MAX },
    ),
    Spec::new(
        "zset-max-listpack-entries",
        "128",
        Kind::Integer { field: Some(integer!(zset_max_listpack_entries)), min: 0, max: i64::MAX },
    )
    .alias("zset-max-ziplist-entries"),
    Spec::new(
        "active-defrag-ignore-bytes",
        "104857600",
        Kind::Memory { field: None, min: 1, max: i64::MAX },
    ),
    Spec::new(
        "hash-max-listpack-value",
        "64",
        Kind::Memory { field: Some(integer!(hash_max_listpack_value)), min: 0, max: i64::MAX },
    )
    .alias("hash-max-ziplist-value"),
    Spec::new(
        "stream-node-max-bytes",
        "4096",
        Kind::Memory { field: Some(integer!(stream_node_max_bytes)), min: 0, max: i64::MAX },
    ),
    Spec::new(
        "zset-max-listpack-value",
        "64",
        Kind::Memory { field: Some(integer!(zset_max_listpack_value)), min: 0, max: i64::MAX },
    )
    .alias("zset-max-ziplist-value"),
    Spec::new(
        "hll-sparse-max-bytes",
        "3000",
        Kind::Memory { field: Some(integer!(hll_sparse_max_bytes)), min: 0, max: i64::MAX },
    ),
    Spec::new(
        "notify-keyspace-events",
        "",
        Kind::Special { set: special::set_notify, get: special::get_notify },
    ),
    // Saving
    Spec::new("rdbchecksum", "yes", Kind::Boolean(Some(field!(rdbchecksum))))
        .flags(flag::IMMUTABLE),
    Spec::new("rdbcompression", "yes", Kind::Boolean(Some(field!(rdbcompression)))),
    Spec::new(
        "stop-writes-on-bgsave-error",
        "yes",
        Kind::Boolean(Some(field!(stop_writes_on_bgsave_error))),
    ),
    Spec::new("rdb-save-incremental-fsync", "yes", Kind::Boolean(None)),
    Spec::new(
        "dbfilename",
        "dump.rdb",
        Kind::Text { field: Some(field!(dbfilename)), check: Some(special::check_dbfilename) },
    )
    .flags(flag::PROTECTED),
    Spec::new(
        "rdb-version-check",
        "strict",
        choice(
            &["relaxed", "strict"],
            |c| usize::from(c.rdb_version_check_strict),
            |c, i| c.rdb_version_check_strict = i == 1,
        ),
    ),
    Spec::new(
        "rdb-key-save-delay",
        "0",
        Kind::Integer {
            field: Some(integer!(rdb_key_save_delay)),
            min: -INT_MAX - 1,
            max: INT_MAX,
        },
    )
    .flags(flag::HIDDEN),
    Spec::new(
        "key-load-delay",
        "0",
        Kind::Integer { field: Some(integer!(key_load_delay)), min: -INT_MAX - 1, max: INT_MAX },
    )
    .flags(flag::HIDDEN),
    Spec::new(
        "loading-process-events-interval-bytes",
        "2097152",
        Kind::Integer { field: None, min: 1_024, max: INT_MAX },
    )
    .flags(flag::HIDDEN),
    Spec::new("dir", "", Kind::Text { field: Some(field!(dir)), check: None })
        .flags(flag::PROTECTED | flag::DENY_LOADING),
    Spec::new(
        "save",
        "3600 1 300 100 60 10000",
        Kind::Special { set: special::set_save, get: special::get_save },
    )
    .flags(flag::MULTI_ARG),
    Spec::new("sanitize-dump-payload", "no", kept_choice(&["no", "yes", "clients"])),
    // Append-only file
    Spec::new("aof-rewrite-incremental-fsync", "yes", Kind::Boolean(None)),
    Spec::new("no-appendfsync-on-rewrite", "no", Kind::Boolean(None)),
    Spec::new("aof-load-truncated", "yes", Kind::Boolean(None)),
    Spec::new("aof-use-rdb-preamble", "yes", Kind::Boolean(None)),
    Spec::new("aof-timestamp-enabled", "no", Kind::Boolean(None)),
    Spec::new("appendonly", "no", Kind::Boolean(None))
        .flags(flag::DENY_LOADING)
        .only_default("the append-only file is not supported yet"),
    Spec::new(
        "appendfilename",
        "appendonly.aof",
        Kind::Text { field: None, check: Some(special::check_appendfilename) },
    )
    .flags(flag::IMMUTABLE),
    Spec::new("appenddirname", "appendonlydir", Kind::Text { field: None, check: None })
        .flags(flag::IMMUTABLE),
    Spec::new("appendfsync", "everysec", kept_choice(&["everysec", "always", "no"])),
    Spec::new(
        "auto-aof-rewrite-percentage",
        "100",
        Kind::Integer { field: None, min: 0, max: INT_MAX },
    ),
    Spec::new(
        "auto-aof-rewrite-min-size",
        "67108864",
        Kind::Memory { field: None, min: 0, max: i64::MAX },
    ),
    // Replication
    Spec::new("rdb-del-sync-files", "no", Kind::Boolean(None)),
    Spec::new("repl-disable-tcp-nodelay", "no", Kind::Boolean(None)),
    Spec::new("repl-mptcp", "no", Kind::Boolean(None))
        .flags(flag::IMMUTABLE)
        .only_default("MPTCP is not supported yet"),
    Spec::new("repl-diskless-sync", "yes", Kind::Boolean(None)),
    Spec::new("dual-channel-replication-enabled", "no", Kind::Boolean(None))
        .only_default("replication is not supported yet"),
    Spec::new("replica-lazy-flush", "yes", Kind::Boolean(None)).alias("slave-lazy-flush"),
    Spec::new("replica-serve-stale-data", "yes", Kind::Boolean(None))
        .alias("slave-serve-stale-data"),
    Spec::new("replica-read-only", "yes", Kind::Boolean(None)).alias("slave-read-only"),
    Spec::new("replica-ignore-maxmemory", "yes", Kind::Boolean(None))
        .alias("slave-ignore-maxmemory"),
    Spec::new("replica-announced", "yes", Kind::Boolean(None)),
    Spec::new("replica-ignore-disk-write-errors", "no", Kind::Boolean(None)),
    Spec::new("import-mode", "no", Kind::Boolean(None))
        .only_default("import mode is not supported yet"),
    Spec::new("replica-announce-ip", "", Kind::Text { field: None, check: None })
        .alias("slave-announce-ip"),
    Spec::new("primaryuser", "", Kind::Text { field: None, check: None })
        .alias("masteruser")
        .flags(flag::SENSITIVE),
    Spec::new("primaryauth", "", Kind::Text { field: None, check: None })
        .alias("masterauth")
        .flags(flag::SENSITIVE),
    Spec::new(
        "repl-diskless-load",
        "disabled",
        kept_choice(&["disabled", "on-empty-db", "swapdb", "flush-before-load"]),
    )
    .flags(flag::DENY_LOADING),
    Spec::new(
        "propagation-error-behavior",
        "ignore",
        kept_choice(&["ignore", "panic", "panic-on-replicas"]),
    ),
    Spec::new("replica-priority", "100", Kind::Integer { field: None, min: 0, max: INT_MAX })
        .alias("slave-priority"),
    Spec::new("repl-diskless-sync-delay", "5", Kind::Integer { field: None, min: 0, max: INT_MAX }),
    Spec::new("replica-announce-port", "0", Kind::Integer { field: None, min: 0, max: 65_535 })
        .alias("slave-announce-port"),
    Spec::new("repl-timeout", "60", Kind::Integer { field: None, min: 1, max: INT_MAX }),
    Spec::new(
        "repl-ping-replica-period",
        "10",
        Kind::Integer { field: None, min: 1, max: INT_MAX },
    )
    .alias("repl-ping-slave-period"),
    Spec::new("min-replicas-to-write", "0", Kind::Integer { field: None, min: 0, max: INT_MAX })
        .alias("min-slaves-to-write")
        .only_default("replication is not supported yet"),
    Spec::new("min-replicas-max-lag", "10", Kind::Integer { field: None, min: 0, max: INT_MAX })
        .alias("min-slaves-max-lag"),
    Spec::new(
        "repl-diskless-sync-max-replicas",
        "0",
        Kind::Integer { field: None, min: 0, max: INT_MAX },
    ),
    Spec::new("repl-backlog-size", "10485760", Kind::Memory { field: None, min: 1, max: i64::MAX }),
    Spec::new("repl-backlog-ttl", "3600", Kind::Integer { field: None, min: 0, max: i64::MAX }),
    Spec::new("replicaof", "", Kind::Text { field: None, check: None })
        .alias("slaveof")
        .flags(flag::IMMUTABLE | flag::MULTI_ARG)
        .only_default("replication is not supported yet"),
    // Cluster
    Spec::new("cluster-require-full-coverage", "yes", Kind::Boolean(None)),
    Spec::new("cluster-replica-no-failover", "no", Kind::Boolean(None))
        .alias("cluster-slave-no-failover"),
    Spec::new("cluster-enabled", "no", Kind::Boolean(None))
        .flags(flag::IMMUTABLE)
        .only_default("cluster mode is not supported by this server"),
    Spec::new("cluster-allow-reads-when-down", "no", Kind::Boolean(None)),
    Spec::new("cluster-allow-pubsubshard-when-down", "yes", Kind::Boolean(None)),
    Spec::new("cluster-allow-replica-migration", "yes", Kind::Boolean(None)),
    Spec::new("cluster-slot-stats-enabled", "no", Kind::Boolean(None)),
    Spec::new("cluster-announce-ip", "", Kind::Text { field: None, check: None }),
    Spec::new("cluster-announce-client-ipv4", "", Kind::Text { field: None, check: None }),
    Spec::new("cluster-announce-client-ipv6", "", Kind::Text { field: None, check: None }),
    Spec::new("cluster-config-file", "nodes.conf", Kind::Text { field: None, check: None })
        .flags(flag::IMMUTABLE),
    Spec::new("cluster-announce-hostname", "", Kind::Text { field: None, check: None }),
    Spec::new("cluster-announce-human-nodename", "", Kind::Text { field: None, check: None }),
    Spec::new("availability-zone", "", Kind::Text { field: None, check: None }),
    Spec::new(
        "cluster-preferred-endpoint-type",
        "ip",
        kept_choice(&["ip", "hostname", "unknown-endpoint"]),
    ),
    Spec::new("cluster-config-save-behavior", "sync", kept_choice(&["sync", "best-effort"]))
        .flags(flag::HIDDEN),
    Spec::new("cluster-databases", "1", Kind::Integer { field: None, min: 1, max: INT_MAX })
        .flags(flag::IMMUTABLE),
    Spec::new(
        "cluster-replica-validity-factor",
        "10",
        Kind::Integer { field: None, min: 0, max: INT_MAX },
    )
    .alias("cluster-slave-validity-factor"),
    Spec::new(
        "cluster-migration-barrier",
        "1",
        Kind::Integer { field: None, min: 0, max: INT_MAX },
    ),
    Spec::new("cluster-port", "0", Kind::Integer { field: None, min: 0, max: 65_535 })
        .flags(flag::IMMUTABLE),
    Spec::new("cluster-announce-bus-port", "0", Kind::Integer { field: None, min: 0, max: 65_535 }),
    Spec::new("cluster-announce-port", "0", Kind::Integer { field: None, min: 0, max: 65_535 }),
    Spec::new("cluster-announce-tls-port", "0", Kind::Integer { field: None, min: 0, max: 65_535 }),
    Spec::new(
        "cluster-announce-client-port",
        "0",
        Kind::Integer { field: None, min: 0, max: 65_535 },
    ),
    Spec::new(
        "cluster-announce-client-tls-port",
        "0",
        Kind::Integer { field: None, min: 0, max: 65_535 },
    ),
    Spec::new("cluster-blacklist-ttl", "60", Kind::Integer { field: None, min: 0, max: i64::MAX }),
    Spec::new(
        "cluster-node-timeout",
        "15000",
        Kind::Integer { field: None, min: 0, max: i64::MAX },
    ),
    Spec::new("cluster-ping-interval", "0", Kind::Integer { field: None, min: 0, max: i64::MAX })
        .flags(flag::HIDDEN),
    Spec::new(
        "cluster-link-sendbuf-limit",
        "0",
        Kind::Memory { field: None, min: 0, max: i64::MAX },
    ),
    // TLS
    Spec::new("tls-port", "0", Kind::Integer { field: None, min: 0, max: 65_535 })
        .only_default("TLS is not supported yet"),
    Spec::new(
        "tls-session-cache-size",
        "20480",
        Kind::Integer { field: None, min: 0, max: INT_MAX },
    ),
    Spec::new(
        "tls-session-cache-timeout",
        "300",
        Kind::Integer { field: None, min: 0, max: INT_MAX },
    ),
    Spec::new("tls-auto-reload-interval", "0", Kind::Integer { field: None, min: 0, max: INT_MAX }),
    Spec::new("tls-cluster", "no", Kind::Boolean(None)).only_default("TLS is not supported yet"),
    Spec::new("tls-replication", "no", Kind::Boolean(None))
        .only_default("TLS is not supported yet"),
    Spec::new("tls-auth-clients", "yes", kept_choice(&["no", "yes", "optional"])),
    Spec::new("tls-auth-clients-user", "off", kept_choice(&["CN", "URI", "off"])),
    Spec::new("tls-prefer-server-ciphers", "no", Kind::Boolean(None)),
    Spec::new("tls-session-caching", "yes", Kind::Boolean(None)),
    Spec::new("tls-cert-file", "", Kind::Text { field: None, check: None }),
    Spec::new("tls-key-file", "", Kind::Text { field: None, check: None }),
    Spec::new("tls-key-file-pass", "", Kind::Text { field: None, check: None })
        .flags(flag::SENSITIVE),
    Spec::new("tls-client-cert-file", "", Kind::Text { field: None, check: None }),
    Spec::new("tls-client-key-file", "", Kind::Text { field: None, check: None }),
    Spec::new("tls-client-key-file-pass", "", Kind::Text { field: None, check: None })
        .flags(flag::SENSITIVE),
    Spec::new("tls-dh-params-file", "", Kind::Text { field: None, check: None }),
    Spec::new("tls-ca-cert-file", "", Kind::Text { field: None, check: None }),
    Spec::new("tls-ca-cert-dir", "", Kind::Text { field: None, check: None }),
    Spec::new("tls-protocols", "", Kind::Text { field: None, check: None }),
    Spec::new("tls-ciphers", "", Kind::Text { field: None, check: None }),
    Spec::new("tls-ciphersuites", "", Kind::Text { field: None, check: None }),
    // Watching
    Spec::new("latency-tracking", "yes", Kind::Boolean(Some(field!(latency_tracking)))),
    Spec::new("extended-redis-compatibility", "no", Kind::Boolean(None)),
    Spec::new(
        "slowlog-max-len",
        "128",
        Kind::Integer { field: Some(integer!(slowlog_max_len)), min: 0, max: i64::MAX },
    )
    .alias("commandlog-slow-execution-max-len"),
    Spec::new(
        "commandlog-large-request-max-len",
        "128",
        Kind::Integer { field: None, min: 0, max: i64::MAX },
    ),
    Spec::new(
        "commandlog-large-reply-max-len",
        "128",
        Kind::Integer { field: None, min: 0, max: i64::MAX },
    ),
    Spec::new(
        "busy-reply-threshold",
        "5000",
        Kind::Integer { field: Some(integer!(busy_reply_threshold)), min: 0, max: i64::MAX },
    )
    .alias("lua-time-limit"),
    Spec::new(
        "slowlog-log-slower-than",
        "10000",
        Kind::Integer { field: Some(integer!(slowlog_log_slower_than)), min: -1, max: i64::MAX },
    )
    .alias("commandlog-execution-slower-than"),
    Spec::new(
        "commandlog-request-larger-than",
        "1048576",
        Kind::Integer { field: None, min: -1, max: i64::MAX },
    ),
    Spec::new(
        "commandlog-reply-larger-than",
        "1048576",
        Kind::Integer { field: None, min: -1, max: i64::MAX },
    ),
    Spec::new(
        "latency-monitor-threshold",
        "0",
        Kind::Integer { field: Some(integer!(latency_monitor_threshold)), min: 0, max: i64::MAX },
    ),
    Spec::new(
        "tracking-table-max-keys",
        "1000000",
        Kind::Integer { field: None, min: 0, max: i64::MAX },
    ),
    Spec::new(
        "latency-tracking-info-percentiles",
        "50 99 99.9",
        Kind::Text { field: None, check: None },
    )
    .flags(flag::MULTI_ARG),
];
