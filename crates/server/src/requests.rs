//! What is the same for every connection, whoever reads it.

use engine::{ClientId, Engine, client_flag};
use resp::{Limits, ProtocolError};

use crate::log::{verbose, warning};

/// The limits on a request in force, of a client that has to authenticate.
pub(crate) fn limits(engine: &Engine) -> Limits {
    Limits {
        bulk_len_max: usize::try_from(engine.config.proto_max_bulk_len).unwrap_or(usize::MAX),
        query_buffer_max: usize::try_from(engine.config.client_query_buffer_limit)
            .unwrap_or(usize::MAX),
        authenticated: false,
    }
}

/// Words that a browser would send, made to by somebody else's page.
pub(crate) fn is_http(word: &[u8]) -> bool {
    matches!(word.len(), 4 | 5)
        && (word.eq_ignore_ascii_case(b"post") || word.eq_ignore_ascii_case(b"host:"))
}

/// Ends the connection of a client that sent such a word.
pub(crate) fn refuse_http(engine: &mut Engine, id: ClientId) {
    if let Some(client) = engine.clients.get(id) {
        warning!(
            "Possible SECURITY ATTACK detected: {} sends POST or Host: as a browser does that is made to by a page. \
             Connection aborted.",
            client.addr
        );
    }
    engine.clients.close(id, false);
}

/// Ends a connection whose bytes are no requests.
pub(crate) fn refuse(engine: &mut Engine, id: ClientId, error: ProtocolError) {
    let Some(client) = engine.clients.get_mut(id) else { return };
    if error == ProtocolError::QueryBufferLimit {
        warning!("Closing client {} that reached max query buffer length", client.addr);
        engine.stats.client_query_limit_disconnections += 1;
        engine.clients.close(id, false);
        return;
    }
    verbose!("Protocol error from client {}: {error}", client.addr);
    client.output.error(&format!("ERR {error}"));
    engine.stats.count_error("ERR");
    engine.clients.close(id, true);
}

/// Whether `timeout` has passed for a client; those that wait for something may be silent.
pub(crate) fn is_idle_too_long(engine: &Engine, id: ClientId) -> bool {
    let Some(client) = engine.clients.get(id) else { return false };
    let may_wait = client.has(client_flag::BLOCKED)
        || client.subscriptions() + client.shard_channels.len() > 0;
    let idle_ms = engine.clock.now_ms - client.active_at_ms;
    engine.config.timeout > 0 && idle_ms > engine.config.timeout.saturating_mul(1000) && !may_wait
}
