//! Configuration: valkey.conf's directives as typed fields.
//!
//! [`table::SPECS`] is the one place that says what a directive is called, what it accepts, what it is by default and
//! where its value lives. `CONFIG GET`, `CONFIG SET`, `CONFIG REWRITE`, the configuration file and the defaults are all
//! made from it. Directives whose behaviour is not here yet are in the table too: those that only tune (`list-…`,
//! `repl-…`) keep their value, and those that would promise something refuse any value but the default.

mod file;
mod memory;
mod rewrite;
mod spec;
mod special;
mod table;

use std::collections::BTreeMap;

use keyspace::EvictionPolicy;

pub use file::{FileError, Loaded, load};
pub use memory::parse_memory;
pub use rewrite::{ExtraLines, quoted, rewrite};
pub use spec::{SetError, Spec, flag};
pub use table::SPECS;

/// Declares the fields, and a value of them all from which the table's defaults are set.
macro_rules! fields {
    ($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* $visible:vis $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        pub struct $name { $($(#[$field_doc])* $visible $field: $type,)* }

        impl $name {
            fn blank() -> Self {
                Self { $($field: Default::default(),)* }
            }
        }
    };
}

fields! {
/// The values. Field names are the directives' with `_` for `-`; units are the directives' own.
#[derive(Debug, Clone)]
pub struct Config {
    // Network
    pub bind: Vec<String>,
    pub port: i64,
    pub unixsocket: String,
    pub unixsocketperm: i64,
    pub tcp_backlog: i64,
    /// seconds; 0 is off
    pub tcp_keepalive: i64,
    /// seconds of idleness before a client is closed; 0 is never
    pub timeout: i64,
    pub maxclients: i64,
    pub protected_mode: bool,
    pub max_new_connections_per_cycle: i64,
    pub io_threads: i64,
    pub client_output_buffer_limit: OutputLimits,
    pub client_query_buffer_limit: i64,
    pub proto_max_bulk_len: i64,

    // Process
    pub daemonize: bool,
    pub pidfile: String,
    pub supervised: Supervised,
    pub loglevel: LogLevel,
    pub logfile: String,
    pub syslog_enabled: bool,
    pub syslog_ident: String,
    /// index into `user`, `local0` … `local7`
    pub syslog_facility: usize,
    pub always_show_logo: bool,
    pub hide_user_data_from_log: bool,
    /// ticks a second
    pub hz: i64,
    pub shutdown_timeout: i64,
    pub shutdown_on_sigterm: ShutdownOnSignal,
    pub shutdown_on_sigint: ShutdownOnSignal,

    // Access
    pub requirepass: String,
    pub acllog_max_len: i64,
    pub acl_pubsub_default_allchannels: bool,
    pub enable_protected_configs: ProtectedAction,
    pub enable_debug_command: ProtectedAction,
    pub enable_module_command: ProtectedAction,
    pub enable_debug_assert: bool,

    // Keyspace
    pub databases: usize,
    /// bytes; 0 is no limit
    pub maxmemory: u64,
    pub maxmemory_policy: EvictionPolicy,
    pub maxmemory_samples: usize,
    pub maxmemory_eviction_tenacity: i64,
    pub lfu_log_factor: u32,
    /// minutes
    pub lfu_decay_time: u32,
    pub active_expire_effort: i64,
    pub activerehashing: bool,
    pub lazyfree_lazy_eviction: bool,
    pub lazyfree_lazy_expire: bool,
    pub lazyfree_lazy_server_del: bool,
    pub lazyfree_lazy_user_del: bool,
    pub lazyfree_lazy_user_flush: bool,
    /// bits of [`crate::notify::class`]
    pub notify_keyspace_events: u32,
    pub hash_max_listpack_entries: usize,
    pub hash_max_listpack_value: usize,
    pub list_max_listpack_size: i64,
    pub list_compress_depth: i64,
    pub set_max_intset_entries: i64,
    pub set_max_listpack_entries: i64,
    pub set_max_listpack_value: i64,
    pub zset_max_listpack_entries: i64,
    pub zset_max_listpack_value: i64,
    pub stream_node_max_bytes: i64,
    pub stream_node_max_entries: i64,
    pub hll_sparse_max_bytes: i64,

    // Persistence
    /// the working directory; absolute once the server has started
    pub dir: String,
    pub dbfilename: String,
    pub save: Vec<SavePoint>,
    pub rdbcompression: bool,
    pub rdbchecksum: bool,
    pub stop_writes_on_bgsave_error: bool,
    /// refuse files of a later RDB version than we know
    pub rdb_version_check_strict: bool,
    /// µs to wait after each key saved, for tests
    pub rdb_key_save_delay: i64,
    /// µs to wait after each key loaded, for tests
    pub key_load_delay: i64,

    // Watching
    /// µs; −1 is off
    pub slowlog_log_slower_than: i64,
    pub slowlog_max_len: i64,
    pub latency_monitor_threshold: i64,
    pub latency_tracking: bool,
    /// ms
    pub busy_reply_threshold: i64,

    /// Values other than the default of directives without a field.
    kept: BTreeMap<&'static str, String>,
}
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

/// `save <secs> <changes>`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavePoint {
    pub secs: i64,
    pub changes: u64,
}

/// `client-output-buffer-limit` by client class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutputLimits {
    pub normal: OutputLimit,
    pub replica: OutputLimit,
    pub pubsub: OutputLimit,
}

/// Limits of one client class; 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutputLimit {
    pub hard_bytes: u64,
    pub soft_bytes: u64,
    pub soft_secs: i64,
}

/// Who may use a dangerous command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProtectedAction {
    #[default]
    No,
    Yes,
    /// clients of the loopback addresses and of the unix socket
    Local,
}

/// What goes into the log; each level includes those after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Debug,
    Verbose,
    #[default]
    Notice,
    Warning,
    Nothing,
}

impl ProtectedAction {
    const ALL: [Self; 3] = [Self::No, Self::Yes, Self::Local];
}

/// Who started the process and wants to be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Supervised {
    Upstart,
    Systemd,
    Auto,
    #[default]
    No,
}

/// `shutdown-on-sigterm`, `shutdown-on-sigint`; none of them is `default`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShutdownOnSignal {
    pub save: bool,
    pub nosave: bool,
    pub now: bool,
    pub force: bool,
}

impl Config {
    /// The configuration of a server without a file.
    pub fn new() -> Self {
        let mut config = Self::blank();
        for spec in SPECS {
            let set = spec.set(&mut config, &spec.default_words());
            debug_assert_eq!(set.err(), None, "the default of {}", spec.name);
        }
        config.kept.clear();
        config
    }

    /// How LFU counters move.
    pub fn lfu(&self) -> keyspace::LfuSettings {
        keyspace::LfuSettings {
            log_factor: self.lfu_log_factor,
            decay_time_mins: self.lfu_decay_time,
        }
    }

    /// Finds a directive by its name or its older name, in any case.
    pub fn find(name: &str) -> Option<&'static Spec> {
        SPECS.iter().find(|spec| {
            spec.name.eq_ignore_ascii_case(name)
                || spec.alias.is_some_and(|alias| alias.eq_ignore_ascii_case(name))
        })
    }

    /// The value as `CONFIG GET` shows it.
    pub fn get(&self, name: &str) -> Option<String> {
        Self::find(name).map(|spec| spec.get(self))
    }

    /// Name and value of each directive that a pattern of `CONFIG GET` names; a directive with two names counts twice.
    /// Hidden ones need their full name.
    pub fn matching(&self, pattern: &str) -> Vec<(&'static str, String)> {
        let glob = pattern.contains(['*', '?', '[', '\\']);
        let mut found = Vec::new();
        for spec in SPECS.iter().filter(|spec| !(glob && spec.has(flag::HIDDEN))) {
            for name in std::iter::once(spec.name).chain(spec.alias) {
                if keyspace::glob_match(pattern.as_bytes(), name.as_bytes(), true) {
                    found.push((name, spec.get(self)));
                }
            }
        }
        found
    }

    /// Sets a directive as `CONFIG SET` does; says whether the value changed. The caller has checked
    /// [`flag::IMMUTABLE`] and [`flag::PROTECTED`], and acts upon the change.
    pub fn set(&mut self, name: &str, value: &[u8]) -> Result<bool, SetError> {
        let spec = Self::find(name).ok_or(SetError::Unknown)?;
        let value = std::str::from_utf8(value)
            .map_err(|_| SetError::Invalid("argument must be UTF-8".to_owned()))?;
        let words: Vec<&str> = if spec.has(flag::MULTI_ARG) {
            value.split(' ').filter(|word| !word.is_empty()).collect()
        } else {
            vec![value]
        };
        let before = spec.get(self);
        spec.set(self, &words).map_err(SetError::Invalid)?;
        Ok(spec.get(self) != before)
    }
}

#[cfg(test)]
mod tests {
    use keyspace::EvictionPolicy;

    use super::{Config, SPECS, SavePoint, SetError};

    #[test]
    fn names_are_unique_and_defaults_are_what_get_shows() {
        let config = Config::new();
        let mut names: Vec<&str> =
            SPECS.iter().flat_map(|spec| std::iter::once(spec.name).chain(spec.alias)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for spec in SPECS {
            assert_eq!(spec.get(&config), spec.default, "{}", spec.name);
        }
    }

    #[test]
    fn sets_by_either_name_and_tells_a_change() {
        let mut config = Config::new();
        assert_eq!(config.set("MaxMemory", b"100mb"), Ok(true));
        assert_eq!(config.maxmemory, 100 * 1024 * 1024);
        assert_eq!(config.set("maxmemory", b"104857600"), Ok(false));
        assert_eq!(config.set("maxmemory-policy", b"allkeys-lfu"), Ok(true));
        assert_eq!(config.maxmemory_policy, EvictionPolicy::AllkeysLfu);
        assert_eq!(config.set("hash-max-ziplist-entries", b"7"), Ok(true));
        assert_eq!(config.get("hash-max-listpack-entries").as_deref(), Some("7"));
        assert_eq!(config.set("save", b"10 1  20 2"), Ok(true));
        assert_eq!(
            config.save,
            [SavePoint { secs: 10, changes: 1 }, SavePoint { secs: 20, changes: 2 }]
        );
        assert_eq!(config.get("save").as_deref(), Some("10 1 20 2"));
        assert_eq!(config.set("save", b""), Ok(true));
        assert!(config.save.is_empty());
        assert_eq!(config.set("repl-timeout", b"61"), Ok(true));
        assert_eq!(config.get("repl-timeout").as_deref(), Some("61"));
    }

    #[test]
    fn refusals_have_valkeys_texts_and_change_nothing() {
        for (name, value, text) in [
            ("port", "70000", "argument must be between 0 and 65535 inclusive"),
            ("port", "x", "argument couldn't be parsed into an integer"),
            ("maxmemory", "1xb", "argument must be a memory value"),
            ("maxmemory", "99999999999gb", "argument must be a memory value"),
            ("protected-mode", "maybe", "argument must be 'yes' or 'no'"),
            (
                "appendfsync",
                "never",
                "argument(s) must be one of the following: everysec, always, no",
            ),
            ("save", "10", "Invalid save parameters"),
            ("save", "0 1", "Invalid save parameters"),
            (
                "notify-keyspace-events",
                "Q",
                "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
            ),
            (
                "client-output-buffer-limit",
                "normal 0 0",
                "Wrong number of arguments in buffer limit configuration.",
            ),
            (
                "client-output-buffer-limit",
                "nobody 0 0 0",
                "Invalid client class specified in buffer limit configuration.",
            ),
            ("dbfilename", "a/b", "dbfilename can't be a path, just a filename"),
            ("unixsocketperm", "9", "argument couldn't be parsed as an octal number"),
            ("cluster-enabled", "yes", "cluster mode is not supported by this server"),
        ] {
            let mut config = Config::new();
            let before = config.get(name);
            assert_eq!(
                config.set(name, value.as_bytes()),
                Err(SetError::Invalid(text.to_owned())),
                "{name} {value}"
            );
            assert_eq!(config.get(name), before);
        }
        assert_eq!(Config::new().set("no-such-thing", b"1"), Err(SetError::Unknown));
    }
}
