//! Active expiry: finding keys whose time is over before anybody asks for them.

use byte_string::ByteString;

use crate::database::Database;

/// What one step found; the caller removes the keys, since that is an event that others hear of.
#[derive(Debug, Default)]
pub struct ExpiryStep {
    /// Keys whose time is over.
    pub expired: Vec<ByteString>,
    /// Keys with a time to live that were looked at.
    pub looked_at: usize,
    /// Whether the walk through the database has come round.
    pub came_round: bool,
}

impl Database {
    /// Looks at the next `budget` (or a few more) keys with a time to live. Each step goes on
    /// where the last one stopped; a caller with time left repeats while a good part of what was
    /// looked at had expired.
    #[must_use]
    pub fn expire_step(&mut self, now_ms: i64, budget: usize) -> ExpiryStep {
        let mut step = ExpiryStep::default();
        if self.expires_len() == 0 {
            self.avg_ttl_ms = 0;
            self.expire_cursor = 0;
            step.came_round = true;
            return step;
        }
        let mut cursor = self.expire_cursor;
        let mut ttl_sum_ms: i64 = 0;
        let mut live: i64 = 0;
        while step.looked_at < budget && !step.came_round {
            cursor = self.scan_expires(cursor, |entry| {
                step.looked_at += 1;
                if entry.is_expired(now_ms) {
                    step.expired.push(entry.key_string());
                } else {
                    ttl_sum_ms = ttl_sum_ms.saturating_add(entry.expire_at_ms() - now_ms);
                    live += 1;
                }
            });
            step.came_round = cursor == 0;
        }
        self.expire_cursor = cursor;
        if let Some(sampled) = ttl_sum_ms.checked_div(live) {
            // A running mean that a single sample moves by a fiftieth.
            self.avg_ttl_ms = match self.avg_ttl_ms {
                0 => sampled,
                mean => mean / 50 * 49 + sampled / 50,
            };
        }
        step
    }
}
