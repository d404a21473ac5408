//! How much output may wait for a client that does not read it.

use engine::Engine;

use crate::connection::Connection;
use crate::log::warning;

/// What may wait for a client that has not authenticated.
const UNAUTHENTICATED_MAX: u64 = 1024;

/// Whether a client's unsent output passes its limits; says so in the log.
pub(crate) fn exceeded(engine: &Engine, connection: &mut Connection) -> bool {
    let Some(client) = engine.clients.get(connection.client) else { return false };
    let waiting = client.output.memory() as u64;
    let limits = &engine.config.client_output_buffer_limit;
    let limit = if client.in_pubsub_mode() || client.subscriptions() > 0 {
        limits.pubsub
    } else {
        limits.normal
    };

    let over_soft = limit.soft_bytes > 0 && waiting >= limit.soft_bytes;
    let since = match (over_soft, connection.over_soft_limit_since_ms) {
        (false, _) => None,
        (true, since) => Some(since.unwrap_or(engine.clock.now_ms)),
    };
    connection.over_soft_limit_since_ms = since;
    let soft_too_long = since
        .is_some_and(|since| engine.clock.now_ms - since > limit.soft_secs.saturating_mul(1000));
    let over_hard = limit.hard_bytes > 0 && waiting >= limit.hard_bytes;
    let unknown = !client.authenticated
        && engine.requires_auth()
        && client.output.len() as u64 > UNAUTHENTICATED_MAX;

    if over_hard || soft_too_long || unknown {
        warning!(
            "Client {} scheduled to be closed ASAP for overcoming of output buffer limits.",
            client.addr
        );
        return true;
    }
    false
}
