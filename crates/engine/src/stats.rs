//! Counters behind INFO.

use std::collections::BTreeMap;

/// Counters of the server's life, reset by `CONFIG RESETSTAT` where Valkey resets them.
#[derive(Debug, Default)]
pub struct Stats {
    pub connections_received: u64,
    pub connections_rejected: u64,
    pub commands_processed: u64,
    pub net_input_bytes: u64,
    pub net_output_bytes: u64,
    pub expired_keys: u64,
    pub expired_time_cap_reached: u64,
    pub expired_stale_perc: f64,
    pub evicted_keys: u64,
    pub evicted_clients: u64,
    pub keyspace_hits: u64,
    pub keyspace_misses: u64,
    pub error_replies: u64,
    pub unexpected_error_replies: u64,
    pub acl_denied_auth: u64,
    pub reads_processed: u64,
    pub writes_processed: u64,
    pub lazyfreed_objects: u64,
    pub client_output_limit_disconnections: u64,
    pub client_query_limit_disconnections: u64,
    pub total_forks: u64,
    pub latest_fork_us: u64,
    pub peak_memory: u64,
    /// Error replies by code (`INFO errorstats`).
    pub errors: BTreeMap<String, u64>,
    pub ops_per_sec: u64,
    pub input_kbps: f64,
    pub output_kbps: f64,
}

/// Error codes counted apart at most; past it `errorstats` stops growing, as Valkey's does.
const ERROR_CODES_MAX: usize = 128;

impl Stats {
    /// Counts an error reply by its code.
    pub fn count_error(&mut self, code: &str) {
        self.error_replies += 1;
        if let Some(count) = self.errors.get_mut(code) {
            *count += 1;
        } else if self.errors.len() < ERROR_CODES_MAX {
            self.errors.insert(code.to_owned(), 1);
        }
    }

    /// `CONFIG RESETSTAT`: everything but what describes the present.
    pub fn reset(&mut self) {
        let peak_memory = self.peak_memory;
        *self = Self { peak_memory, ..Self::default() };
    }
}
