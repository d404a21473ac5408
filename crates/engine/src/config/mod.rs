//! The configuration: typed values under Valkey's names.

/// `enable-debug-command` and its like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProtectedAction {
    #[default]
    No,
    Local,
    Yes,
}

/// All configs, with Valkey 8's defaults.
#[derive(Debug, Clone)]
pub struct Config {
    pub databases: usize,
    pub requirepass: String,
    pub maxmemory: u64,
    pub maxmemory_policy: keyspace::EvictionPolicy,
    pub maxmemory_samples: usize,
    pub lfu_log_factor: u32,
    pub lfu_decay_time: u32,
    pub lazyfree_lazy_expire: bool,
    pub lazyfree_lazy_eviction: bool,
    pub lazyfree_lazy_server_del: bool,
    pub lazyfree_lazy_user_del: bool,
    pub lazyfree_lazy_user_flush: bool,
    pub notify_keyspace_events: u32,
    pub enable_debug_command: ProtectedAction,
    pub enable_module_command: ProtectedAction,
    pub stop_writes_on_bgsave_error: bool,
    pub hash_max_listpack_entries: usize,
    pub hash_max_listpack_value: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            databases: 16,
            requirepass: String::new(),
            maxmemory: 0,
            maxmemory_policy: keyspace::EvictionPolicy::NoEviction,
            maxmemory_samples: 5,
            lfu_log_factor: 10,
            lfu_decay_time: 1,
            lazyfree_lazy_expire: true,
            lazyfree_lazy_eviction: true,
            lazyfree_lazy_server_del: true,
            lazyfree_lazy_user_del: true,
            lazyfree_lazy_user_flush: true,
            notify_keyspace_events: 0,
            enable_debug_command: ProtectedAction::No,
            enable_module_command: ProtectedAction::No,
            stop_writes_on_bgsave_error: true,
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
        }
    }
}

impl Config {
    /// How LFU counters move.
    pub fn lfu(&self) -> keyspace::LfuSettings {
        keyspace::LfuSettings { log_factor: self.lfu_log_factor, decay_time_mins: self.lfu_decay_time }
    }
}
