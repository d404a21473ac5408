//! Who listens to which channel, and delivery.

use byte_string::ByteString;
use hashbrown::HashMap;
use keyspace::glob_match;

use crate::client::ClientId;
use crate::engine::Engine;

/// Kinds of subscription, each with its own words on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Channel,
    Pattern,
    Shard,
}

/// Subscribers by channel, pattern and shard channel. Each client holds the other direction itself.
#[derive(Debug, Default)]
pub struct PubSub {
    channels: HashMap<ByteString, Vec<ClientId>>,
    patterns: HashMap<ByteString, Vec<ClientId>>,
    shard_channels: HashMap<ByteString, Vec<ClientId>>,
}

impl PubSub {
    fn map(&mut self, kind: Kind) -> &mut HashMap<ByteString, Vec<ClientId>> {
        match kind {
            Kind::Channel => &mut self.channels,
            Kind::Pattern => &mut self.patterns,
            Kind::Shard => &mut self.shard_channels,
        }
    }

    /// Subscribers of that channel or pattern, for PUBSUB.
    pub fn subscribers(&self, kind: Kind) -> &HashMap<ByteString, Vec<ClientId>> {
        match kind {
            Kind::Channel => &self.channels,
            Kind::Pattern => &self.patterns,
            Kind::Shard => &self.shard_channels,
        }
    }
}

impl Engine {
    /// Adds a subscription; false when the client had it.
    pub fn subscribe(&mut self, id: ClientId, kind: Kind, name: &ByteString) -> bool {
        let Some(client) = self.clients.get_mut(id) else { return false };
        let own = match kind {
            Kind::Channel => &mut client.channels,
            Kind::Pattern => &mut client.patterns,
            Kind::Shard => &mut client.shard_channels,
        };
        if !own.insert(name.clone()) {
            return false;
        }
        self.pubsub.map(kind).entry(name.clone()).or_default().push(id);
        true
    }

    /// Ends a subscription; false when the client had none.
    pub fn unsubscribe(&mut self, id: ClientId, kind: Kind, name: &ByteString) -> bool {
        let Some(client) = self.clients.get_mut(id) else { return false };
        let own = match kind {
            Kind::Channel => &mut client.channels,
            Kind::Pattern => &mut client.patterns,
            Kind::Shard => &mut client.shard_channels,
        };
        if !own.remove(name) {
            return false;
        }
        let map = self.pubsub.map(kind);
        if let Some(listeners) = map.get_mut(name) {
            listeners.retain(|&listener| listener != id);
            if listeners.is_empty() {
                map.remove(name);
            }
        }
        true
    }

    /// PUBLISH: delivers to the channel's and the matching patterns' subscribers; returns how many got it.
    pub fn publish(&mut self, channel: &ByteString, message: &ByteString) -> usize {
        let mut receivers = 0;
        if let Some(listeners) = self.pubsub.channels.get(channel).cloned() {
            for id in listeners {
                receivers += usize::from(self.push(id, |reply| {
                    reply.push(3);
                    reply.bulk(b"message");
                    reply.bulk(channel);
                    reply.bulk(message);
                }));
            }
        }
        if self.pubsub.patterns.is_empty() {
            return receivers;
        }
        let matching: Vec<(ByteString, Vec<ClientId>)> = self
            .pubsub
            .patterns
            .iter()
            .filter(|(pattern, _)| glob_match(pattern, channel, false))
            .map(|(pattern, listeners)| (pattern.clone(), listeners.clone()))
            .collect();
        for (pattern, listeners) in matching {
            for id in listeners {
                receivers += usize::from(self.push(id, |reply| {
                    reply.push(4);
                    reply.bulk(b"pmessage");
                    reply.bulk(&pattern);
                    reply.bulk(channel);
                    reply.bulk(message);
                }));
            }
        }
        receivers
    }

    /// SPUBLISH: delivers to a shard channel's subscribers.
    pub fn publish_shard(&mut self, channel: &ByteString, message: &ByteString) -> usize {
        let listeners = self.pubsub.shard_channels.get(channel).cloned().unwrap_or_default();
        let mut receivers = 0;
        for id in listeners {
            receivers += usize::from(self.push(id, |reply| {
                reply.push(3);
                reply.bulk(b"smessage");
                reply.bulk(channel);
                reply.bulk(message);
            }));
        }
        receivers
    }

    /// Appends out-of-band output to a client. The executing client's reply is out with its call, so what is pushed
    /// here follows that reply. False when the client has gone.
    pub fn push(&mut self, id: ClientId, write: impl FnOnce(&mut resp::Reply)) -> bool {
        let Some(client) = self.clients.get_mut(id) else { return false };
        write(&mut client.output);
        self.clients.mark_dirty(id);
        true
    }
}
