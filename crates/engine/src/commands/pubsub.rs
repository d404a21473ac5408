//! SUBSCRIBE and its family, PUBLISH, PUBSUB.

use byte_string::ByteString;
use keyspace::glob_match;
use resp::Reply;

use crate::command::{Arg, ArgKind, Docs, KeySpec, Spec, flag, key_flag};
use crate::pubsub::Kind;
use crate::{Call, Client, Engine, Error, Outcome, client_flag};

pub(super) const SPECS: &[Spec] = &[
    PSUBSCRIBE,
    PUBLISH,
    PUBSUB,
    PUNSUBSCRIBE,
    SPUBLISH,
    SSUBSCRIBE,
    SUBSCRIBE,
    SUNSUBSCRIBE,
    UNSUBSCRIBE,
];

const LISTEN: u64 = flag::PUBSUB | flag::NOSCRIPT | flag::LOADING | flag::STALE;
const SHARD_CHANNELS: &[KeySpec] = &[KeySpec::range(1, -1, 1, key_flag::NOT_KEY)];

const SUBSCRIBE: Spec = Spec::new(
    "subscribe",
    -2,
    |engine, call| subscribe(engine, call, Kind::Channel),
    Docs::new(
        "pubsub",
        "2.0.0",
        "O(N) where N is the number of channels to subscribe to.",
        "Listens to channels.",
    )
    .args(&[Arg::new("channel", ArgKind::String).multiple()]),
)
.flags(LISTEN);

const PSUBSCRIBE: Spec = Spec::new(
    "psubscribe",
    -2,
    |engine, call| subscribe(engine, call, Kind::Pattern),
    Docs::new(
        "pubsub",
        "2.0.0",
        "O(N) where N is the number of patterns to subscribe to.",
        "Listens to channels whose names match patterns.",
    )
    .args(&[Arg::new("pattern", ArgKind::Pattern).multiple()]),
)
.flags(LISTEN);

const SSUBSCRIBE: Spec = Spec::new(
    "ssubscribe",
    -2,
    |engine, call| subscribe(engine, call, Kind::Shard),
    Docs::new(
        "pubsub",
        "7.0.0",
        "O(N) where N is the number of shard channels to subscribe to.",
        "Listens to shard channels.",
    )
    .args(&[Arg::new("shardchannel", ArgKind::String).multiple()]),
)
.flags(LISTEN)
.keys(SHARD_CHANNELS);

const UNSUBSCRIBE: Spec = Spec::new(
    "unsubscribe",
    -1,
    |engine, call| unsubscribe(engine, call, Kind::Channel),
    Docs::new(
        "pubsub",
        "2.0.0",
        "O(N) where N is the number of channels to unsubscribe.",
        "Stops listening to channels.",
    )
    .args(&[Arg::new("channel", ArgKind::String).optional().multiple()]),
)
.flags(LISTEN);

const PUNSUBSCRIBE: Spec = Spec::new(
    "punsubscribe",
    -1,
    |engine, call| unsubscribe(engine, call, Kind::Pattern),
    Docs::new(
        "pubsub",
        "2.0.0",
        "O(N) where N is the number of patterns to unsubscribe.",
        "Stops listening to patterns.",
    )
    .args(&[Arg::new("pattern", ArgKind::Pattern).optional().multiple()]),
)
.flags(LISTEN);

const SUNSUBSCRIBE: Spec = Spec::new(
    "sunsubscribe",
    -1,
    |engine, call| unsubscribe(engine, call, Kind::Shard),
    Docs::new(
        "pubsub",
        "7.0.0",
        "O(N) where N is the number of shard channels to unsubscribe.",
        "Stops listening to shard channels.",
    )
    .args(&[Arg::new("shardchannel", ArgKind::String).optional().multiple()]),
)
.flags(LISTEN)
.keys(SHARD_CHANNELS);

/// The word of a confirmation.
fn word(kind: Kind, on: bool) -> &'static str {
    match (kind, on) {
        (Kind::Channel, true) => "subscribe",
        (Kind::Channel, false) => "unsubscribe",
        (Kind::Pattern, true) => "psubscribe",
        (Kind::Pattern, false) => "punsubscribe",
        (Kind::Shard, true) => "ssubscribe",
        (Kind::Shard, false) => "sunsubscribe",
    }
}

/// How many subscriptions of that sort the client has: shard channels are counted apart.
fn count(client: &Client, kind: Kind) -> usize {
    if kind == Kind::Shard { client.shard_channels.len() } else { client.subscriptions() }
}

/// Tells a client what it listens to now. This is a push, so it comes even under CLIENT REPLY OFF.
fn confirm(engine: &mut Engine, call: &mut Call, kind: Kind, on: bool, name: Option<&ByteString>) {
    let Some(client) = engine.clients.get(call.client) else { return };
    let left = count(client, kind);
    let silent = client.has(client_flag::REPLY_OFF | client_flag::REPLY_SKIP);
    let write = |reply: &mut Reply| {
        reply.push(3);
        reply.bulk(word(kind, on).as_bytes());
        match name {
            Some(name) => reply.bulk(name),
            None => reply.null(),
        }
        reply.integer(left as i64);
    };
    if silent {
        engine.push(call.client, write);
    } else {
        write(&mut call.reply);
    }
}

fn subscribe(engine: &mut Engine, call: &mut Call, kind: Kind) -> Outcome {
    if engine
        .clients
        .get(call.client)
        .is_some_and(|client| client.has(crate::client_flag::DENY_BLOCKING))
        && kind != Kind::Shard
        && call.has(crate::call_flag::NESTED)
    {
        return Err(Error::text("ERR SUBSCRIBE isn't allowed for a DENY BLOCKING client"));
    }
    for at in 1..call.argc() {
        let name = call.argv[at].clone();
        engine.subscribe(call.client, kind, &name);
        confirm(engine, call, kind, true, Some(&name));
    }
    Ok(())
}

fn unsubscribe(engine: &mut Engine, call: &mut Call, kind: Kind) -> Outcome {
    let Some(client) = engine.clients.get(call.client) else { return Ok(()) };
    let names: Vec<ByteString> = if call.argc() > 1 {
        call.argv[1..].to_vec()
    } else {
        let own = match kind {
            Kind::Channel => &client.channels,
            Kind::Pattern => &client.patterns,
            Kind::Shard => &client.shard_channels,
        };
        own.iter().cloned().collect()
    };
    if names.is_empty() {
        confirm(engine, call, kind, false, None);
    }
    for name in names {
        engine.unsubscribe(call.client, kind, &name);
        confirm(engine, call, kind, false, Some(&name));
    }
    Ok(())
}

const PUBLISH: Spec = Spec::new(
    "publish",
    3,
    publish,
    Docs::new("pubsub", "2.0.0", "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).", "Sends a message to a channel.")
        .args(&[Arg::new("channel", ArgKind::String), Arg::new("message", ArgKind::String)]),
)
.flags(flag::PUBSUB | flag::LOADING | flag::STALE | flag::FAST);

fn publish(engine: &mut Engine, call: &mut Call) -> Outcome {
    let receivers = engine.publish(&call.argv[1], &call.argv[2]);
    call.flags |= crate::call_flag::FORCE_PROPAGATION | crate::call_flag::NO_AOF;
    call.reply.integer(receivers as i64);
    Ok(())
}

const SPUBLISH: Spec = Spec::new(
    "spublish",
    3,
    |engine, call| {
        let receivers = engine.publish_shard(&call.argv[1], &call.argv[2]);
        call.flags |= crate::call_flag::FORCE_PROPAGATION | crate::call_flag::NO_AOF;
        call.reply.integer(receivers as i64);
        Ok(())
    },
    Docs::new(
        "pubsub",
        "7.0.0",
        "O(N) where N is the number of clients subscribed to the receiving shard channel.",
        "Sends a message to a shard channel.",
    )
    .args(&[Arg::new("shardchannel", ArgKind::String), Arg::new("message", ArgKind::String)]),
)
.flags(flag::PUBSUB | flag::LOADING | flag::STALE | flag::FAST)
.keys(&[KeySpec::one(1, key_flag::NOT_KEY)]);

const PUBSUB: Spec = Spec::new(
    "pubsub",
    -2,
    super::only_subcommands,
    Docs::new("pubsub", "2.8.0", "Depends on subcommand.", "Tells about subscriptions."),
)
.subcommands(&[
    Spec::new(
        "channels",
        -2,
        |engine, call| channels(engine, call, Kind::Channel),
        Docs::new("pubsub", "2.8.0", "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)", "Lists the channels that have listeners.")
            .args(&[Arg::new("pattern", ArgKind::Pattern).optional()]),
    )
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE),
    Spec::new(
        "shardchannels",
        -2,
        |engine, call| channels(engine, call, Kind::Shard),
        Docs::new("pubsub", "7.0.0", "O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels).", "Lists the shard channels that have listeners.")
            .args(&[Arg::new("pattern", ArgKind::Pattern).optional()]),
    )
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE),
    Spec::new(
        "numsub",
        -2,
        |engine, call| numsub(engine, call, Kind::Channel),
        Docs::new("pubsub", "2.8.0", "O(N) for the NUMSUB subcommand, where N is the number of requested channels", "Counts the listeners of channels.")
            .args(&[Arg::new("channel", ArgKind::String).optional().multiple()]),
    )
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE),
    Spec::new(
        "shardnumsub",
        -2,
        |engine, call| numsub(engine, call, Kind::Shard),
        Docs::new("pubsub", "7.0.0", "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels", "Counts the listeners of shard channels.")
            .args(&[Arg::new("shardchannel", ArgKind::String).optional().multiple()]),
    )
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE),
    Spec::new(
        "numpat",
        2,
        |engine, call| {
            let patterns = engine.pubsub.subscribers(Kind::Pattern).len();
            call.reply.integer(patterns as i64);
            Ok(())
        },
        Docs::new("pubsub", "2.8.0", "O(1)", "Counts the patterns that have listeners."),
    )
    .flags(flag::PUBSUB | flag::LOADING | flag::STALE),
    Spec::new(
        "help",
        2,
        |_, call| {
            super::reply_help(
                call,
                "PUBSUB",
                &[
                    ("CHANNELS [<pattern>]", "The channels with listeners."),
                    ("NUMPAT", "The number of patterns listened to."),
                    ("NUMSUB [<channel> ...]", "How many listen to each channel, patterns left out."),
                    ("SHARDCHANNELS [<pattern>]", "The shard channels with listeners."),
                    ("SHARDNUMSUB [<shardchannel> ...]", "How many listen to each shard channel."),
                ],
            );
            Ok(())
        },
        Docs::new("pubsub", "6.2.0", "O(1)", "Explains the sub-commands."),
    )
    .flags(flag::LOADING | flag::STALE),
]);

fn channels(engine: &mut Engine, call: &mut Call, kind: Kind) -> Outcome {
    if call.argc() > 3 {
        return Err(super::unknown_subcommand_or_arity(call));
    }
    let pattern = call.argv.get(2);
    let names: Vec<ByteString> = engine
        .pubsub
        .subscribers(kind)
        .keys()
        .filter(|name| pattern.is_none_or(|pattern| glob_match(pattern, name, false)))
        .cloned()
        .collect();
    call.reply.array(names.len());
    for name in names {
        call.reply.bulk(&name);
    }
    Ok(())
}

fn numsub(engine: &mut Engine, call: &mut Call, kind: Kind) -> Outcome {
    call.reply.array((call.argv.len() - 2) * 2);
    for name in &call.argv[2..] {
        let listeners = engine.pubsub.subscribers(kind).get(name).map_or(0, Vec::len);
        call.reply.bulk(name);
        call.reply.integer(listeners as i64);
    }
    Ok(())
}
