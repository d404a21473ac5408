//! MULTI, EXEC, DISCARD, WATCH, UNWATCH.

use crate::call::call_flag;
use crate::client::{ClientId, client_flag};
use crate::command::{Arg, Docs, KeySpec, Spec, category, flag, key_flag};
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[DISCARD, EXEC, MULTI, UNWATCH, WATCH];

const MULTI: Spec = Spec::new(
    "multi",
    1,
    multi,
    Docs::new("transactions", "1.2.0", "O(1)", "Begins a transaction."),
)
.flags(
    flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::NO_MULTI | flag::ALLOW_BUSY,
)
.categories(category::TRANSACTION);

fn multi(engine: &mut Engine, call: &mut Call) -> Outcome {
    if let Some(client) = engine.clients.get_mut(call.client) {
        client.flags |= client_flag::MULTI;
    }
    call.reply.ok();
    Ok(())
}

const EXEC: Spec = Spec::new(
    "exec",
    1,
    exec,
    Docs::new(
        "transactions",
        "1.2.0",
        "Depends on commands in the transaction",
        "Runs the queued commands, all together.",
    ),
)
.flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SKIP_SLOWLOG)
.categories(category::TRANSACTION);

fn exec(engine: &mut Engine, call: &mut Call) -> Outcome {
    let Some(client) = engine.clients.get(call.client) else { return Ok(()) };
    if !client.has(client_flag::MULTI) {
        return Err(Error::text("ERR EXEC without MULTI"));
    }
    let spoilt = client.has(client_flag::DIRTY_EXEC);
    let changed = client.has(client_flag::DIRTY_CAS) || engine.watched_key_expired(call.client);
    if spoilt || changed {
        discard_transaction(engine, call.client);
        if spoilt {
            return Err(Error::text("EXECABORT Transaction discarded because of previous errors."));
        }
        call.reply.null_array();
        return Ok(());
    }
    engine.unwatch(call.client);
    let Some(client) = engine.clients.get_mut(call.client) else { return Ok(()) };
    let queue = std::mem::take(&mut client.queue);
    client.queue_bytes = 0;
    client.flags |= client_flag::DENY_BLOCKING;
    call.reply.array(queue.len());
    for queued in queue {
        let reply = std::mem::replace(&mut call.reply, resp::Reply::new(resp::Protocol::Resp2));
        let flags = call_flag::IN_EXEC | call.flags & call_flag::NO_TOUCH;
        let mut inner = Call {
            client: call.client,
            argv: queued.argv,
            command: queued.command,
            db: call.db,
            reply,
            flags,
            propagate_as: None,
        };
        engine.invoke(&mut inner);
        call.db = inner.db;
        call.reply = inner.reply;
    }
    discard_transaction(engine, call.client);
    // Each command inside has been propagated by itself.
    call.flags |= call_flag::NO_PROPAGATION;
    Ok(())
}

/// Forgets a client's transaction and what it watches.
pub(crate) fn discard_transaction(engine: &mut Engine, id: ClientId) {
    engine.unwatch(id);
    if let Some(client) = engine.clients.get_mut(id) {
        client.queue.clear();
        client.queue_bytes = 0;
        client.flags &= !(client_flag::MULTI
            | client_flag::DIRTY_CAS
            | client_flag::DIRTY_EXEC
            | client_flag::DENY_BLOCKING);
    }
}

const DISCARD: Spec = Spec::new(
    "discard",
    1,
    discard,
    Docs::new(
        "transactions",
        "2.0.0",
        "O(N), when N is the number of queued commands",
        "Gives up a transaction.",
    ),
)
.flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::ALLOW_BUSY)
.categories(category::TRANSACTION);

fn discard(engine: &mut Engine, call: &mut Call) -> Outcome {
    if !engine.clients.get(call.client).is_some_and(|client| client.has(client_flag::MULTI)) {
        return Err(Error::text("ERR DISCARD without MULTI"));
    }
    discard_transaction(engine, call.client);
    call.reply.ok();
    Ok(())
}

const WATCH: Spec = Spec::new(
    "watch",
    -2,
    watch,
    Docs::new(
        "transactions",
        "2.2.0",
        "O(1) for every key.",
        "Makes the next EXEC fail if one of the keys changes before it.",
    )
    .args(&[Arg::key("key", 0).multiple()]),
)
.flags(
    flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::NO_MULTI | flag::ALLOW_BUSY,
)
.categories(category::TRANSACTION)
.keys(&[KeySpec::range(1, -1, 1, key_flag::RO)]);

fn watch(engine: &mut Engine, call: &mut Call) -> Outcome {
    // A transaction that must fail already needs no more watching.
    let spoilt =
        engine.clients.get(call.client).is_some_and(|client| client.has(client_flag::DIRTY_CAS));
    if !spoilt {
        for key in &call.argv[1..] {
            engine.watch(call.client, call.db, key);
        }
    }
    call.reply.ok();
    Ok(())
}

const UNWATCH: Spec = Spec::new(
    "unwatch",
    1,
    |engine, call| {
        engine.unwatch(call.client);
        if let Some(client) = engine.clients.get_mut(call.client) {
            client.flags &= !client_flag::DIRTY_CAS;
        }
        call.reply.ok();
        Ok(())
    },
    Docs::new("transactions", "2.2.0", "O(1)", "Forgets the watched keys."),
)
.flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::ALLOW_BUSY)
.categories(category::TRANSACTION);
