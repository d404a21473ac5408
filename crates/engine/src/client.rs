//! Who sends requests: one record a connection, and the records that stand in for one (modules, nested calls).

use std::collections::HashSet;
use std::sync::Arc;

use byte_string::ByteString;
use hashbrown::HashMap;
use resp::Reply;

use crate::call::Argv;
use crate::command::Command;

/// A client's unique id, as `CLIENT ID` shows it. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u64);

/// Client flags.
pub mod client_flag {
    pub const MULTI: u64 = 1 << 0;
    /// A watched key changed: EXEC answers null.
    pub const DIRTY_CAS: u64 = 1 << 1;
    /// A command could not be queued: EXEC answers EXECABORT.
    pub const DIRTY_EXEC: u64 = 1 << 2;
    /// The connection is closed once the pending output is written.
    pub const CLOSE_AFTER_REPLY: u64 = 1 << 3;
    /// The connection is closed at once.
    pub const CLOSE_ASAP: u64 = 1 << 4;
    pub const REPLY_OFF: u64 = 1 << 5;
    /// The next command's reply is dropped.
    pub const REPLY_SKIP_NEXT: u64 = 1 << 6;
    pub const REPLY_SKIP: u64 = 1 << 7;
    pub const NO_EVICT: u64 = 1 << 8;
    pub const NO_TOUCH: u64 = 1 << 9;
    /// Stands in for a module's callback or nested call: no connection.
    pub const FAKE: u64 = 1 << 10;
    pub const BLOCKED: u64 = 1 << 11;
    pub const UNIX_SOCKET: u64 = 1 << 12;
    /// A nested call that must not block.
    pub const DENY_BLOCKING: u64 = 1 << 13;
    pub const MONITOR: u64 = 1 << 14;
    /// The client was unblocked and its queued requests may go on.
    pub const UNBLOCKED: u64 = 1 << 15;
}

/// A command queued between MULTI and EXEC.
#[derive(Debug)]
pub struct Queued {
    pub command: Arc<Command>,
    pub argv: Argv,
}

/// A watched key, and whether it had expired already when it was watched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Watched {
    pub db: usize,
    pub key: ByteString,
    pub expired: bool,
}

/// One client.
#[derive(Debug)]
pub struct Client {
    pub id: ClientId,
    pub flags: u64,
    pub db: usize,
    pub authenticated: bool,
    pub user: String,
    pub name: Option<ByteString>,
    pub lib_name: Option<ByteString>,
    pub lib_ver: Option<ByteString>,
    /// `ip:port` or `path:0` for a unix socket, as CLIENT LIST prints it.
    pub addr: String,
    pub laddr: String,
    pub fd: i32,
    pub created_at_ms: i64,
    pub active_at_ms: i64,
    pub last_command: Option<Arc<Command>>,
    pub commands: u64,
    pub net_input_bytes: u64,
    pub net_output_bytes: u64,
    /// Bytes of requests received and not yet executed, told by the server.
    pub query_len: usize,
    /// Output collected and not yet taken by the server.
    pub output: Reply,
    /// The server holds these bytes of output that the socket has not taken yet.
    pub unsent_len: usize,
    pub queue: Vec<Queued>,
    pub queue_bytes: usize,
    pub watched: Vec<Watched>,
    pub channels: HashSet<ByteString>,
    pub patterns: HashSet<ByteString>,
    pub shard_channels: HashSet<ByteString>,
}

impl Client {
    pub fn new(id: ClientId, now_ms: i64) -> Self {
        Self {
            id,
            flags: 0,
            db: 0,
            authenticated: false,
            user: "default".to_owned(),
            name: None,
            lib_name: None,
            lib_ver: None,
            addr: String::new(),
            laddr: String::new(),
            fd: -1,
            created_at_ms: now_ms,
            active_at_ms: now_ms,
            last_command: None,
            commands: 0,
            net_input_bytes: 0,
            net_output_bytes: 0,
            query_len: 0,
            output: Reply::new(resp::Protocol::Resp2),
            unsent_len: 0,
            queue: Vec::new(),
            queue_bytes: 0,
            watched: Vec::new(),
            channels: HashSet::new(),
            patterns: HashSet::new(),
            shard_channels: HashSet::new(),
        }
    }

    pub fn has(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }

    /// Number of channels and patterns the client listens to; shard channels are counted apart, as Valkey does.
    pub fn subscriptions(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    /// Whether RESP2 restricts the client to pub/sub commands.
    pub fn in_pubsub_mode(&self) -> bool {
        self.output.protocol() == resp::Protocol::Resp2
            && self.subscriptions() + self.shard_channels.len() > 0
    }
}

/// All clients. Look-ups are by id, so a client that has gone is simply not found.
#[derive(Debug, Default)]
pub struct Clients {
    by_id: HashMap<ClientId, Box<Client>>,
    last_id: u64,
    /// Clients whose output grew since the server last took this list.
    dirty: Vec<ClientId>,
    /// Clients to be closed, told to the server.
    closing: Vec<ClientId>,
}

impl Clients {
    /// Adds a client of a connection or a fake one and returns its id.
    pub fn add(&mut self, now_ms: i64) -> ClientId {
        self.last_id += 1;
        let id = ClientId(self.last_id);
        self.by_id.insert(id, Box::new(Client::new(id, now_ms)));
        id
    }

    pub fn remove(&mut self, id: ClientId) -> Option<Box<Client>> {
        self.by_id.remove(&id)
    }

    pub fn get(&self, id: ClientId) -> Option<&Client> {
        self.by_id.get(&id).map(Box::as_ref)
    }

    pub fn get_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        self.by_id.get_mut(&id).map(Box::as_mut)
    }

    /// Connected clients, fake ones left out.
    pub fn connected(&self) -> impl Iterator<Item = &Client> {
        self.by_id.values().map(Box::as_ref).filter(|client| !client.has(client_flag::FAKE))
    }

    pub fn len(&self) -> usize {
        self.connected().count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn ids(&self) -> Vec<ClientId> {
        self.by_id.keys().copied().collect()
    }

    /// Marks that a client other than the executing one has new output.
    pub fn mark_dirty(&mut self, id: ClientId) {
        self.dirty.push(id);
    }

    /// Clients with new output since the last call; may name one twice or one that has gone.
    pub fn take_dirty(&mut self) -> Vec<ClientId> {
        std::mem::take(&mut self.dirty)
    }

    /// Asks the server to close a connection.
    pub fn close(&mut self, id: ClientId, after_reply: bool) {
        if let Some(client) = self.get_mut(id) {
            client.flags |=
                if after_reply { client_flag::CLOSE_AFTER_REPLY } else { client_flag::CLOSE_ASAP };
            self.closing.push(id);
        }
    }

    /// Clients to be closed since the last call.
    pub fn take_closing(&mut self) -> Vec<ClientId> {
        std::mem::take(&mut self.closing)
    }
}
