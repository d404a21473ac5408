//! How much output may wait for a client that does not read it.

use engine::{ClientId, Engine};

use crate::log::warning;

/// What may wait for a client that has not authenticated.
const UNAUTHENTICATED_MAX: u64 = 1024;

/// Whether a client's unsent output, `waiting` bytes, passes its limits; says so in the log. `since_ms` is when
/// it passed the soft one.
pub(crate) fn exceeded(
    engine: &Engine,
    id: ClientId,
    waiting: usize,
    since_ms: &mut Option<i64>,
) -> bool {
    let Some(client) = engine.clients.get(id) else { return false };
    let waiting = waiting as u64;
    let limits = &engine.config.client_output_buffer_limit;
    let listens = client.subscriptions() + client.shard_channels.len() > 0;
    let limit = if listens { limits.pubsub } else { limits.normal };

    let over_soft = limit.soft_bytes > 0 && waiting >= limit.soft_bytes;
    *since_ms = if over_soft { since_ms.or(Some(engine.clock.now_ms)) } else { None };
    let soft_too_long = since_ms
        .is_some_and(|since| engine.clock.now_ms - since > limit.soft_secs.saturating_mul(1000));
    let over_hard = limit.hard_bytes > 0 && waiting >= limit.hard_bytes;

    if over_hard || soft_too_long {
        warning!(
            "Client {} scheduled to be closed ASAP for overcoming of output buffer limits.",
            client.addr
        );
        return true;
    }
    false
}

/// Whether a client that has not authenticated leaves more in its socket than it may.
pub(crate) fn stranger_exceeds(engine: &Engine, id: ClientId, unsent: usize) -> bool {
    let stranger = engine.requires_auth()
        && engine.clients.get(id).is_some_and(|client| !client.authenticated);
    stranger && unsent as u64 > UNAUTHENTICATED_MAX
}
