//! The engine's state: one plain struct, reached through `&mut` by whoever executes.

use std::sync::Arc;

use keyspace::Keyspace;

use crate::client::{Client, ClientId, Clients, client_flag};
use crate::clock::Clock;
use crate::command::{Command, Docs, Spec, flag};
use crate::config::{Config, ProtectedAction};
use crate::error::Error;
use crate::hooks::{ModuleHooks, ServerEvent, ServerHooks};
use crate::propagation::Propagation;
use crate::pubsub::PubSub;
use crate::stats::Stats;
use crate::table::CommandTable;
use crate::watch::Watchers;

/// Everything between a request and its reply.
///
/// There is one, and one thread at a time has it: the execution thread, or a module's thread that took the lock while
/// that one sleeps. See [`crate::hooks`] for the rule about calls into modules.
pub struct Engine {
    pub keyspace: Keyspace,
    pub commands: CommandTable,
    pub clients: Clients,
    pub config: Config,
    pub clock: Clock,
    pub stats: Stats,
    pub pubsub: PubSub,
    pub watchers: Watchers,
    pub propagation: Propagation,
    pub eviction: keyspace::EvictionPool,
    pub modules: ModuleHooks,
    pub server: ServerHooks,
    /// Changes since the last save, as `rdb_changes_since_last_save` shows.
    pub dirty: u64,
    /// When the databases were last saved, in Unix time.
    pub last_save_at_secs: i64,
    /// Bytes allocated when the server was ready and empty.
    pub startup_memory: u64,
    /// Depth of nested execution units.
    pub unit_depth: u32,
    pub rng: fastrand::Rng,
    /// A file is being loaded.
    pub loading: bool,
    /// A saving child lives: look-ups do not touch keys, so that pages stay shared.
    pub child_running: bool,
    /// Keys do not expire for now (a nested look-up of a module's notification, DEBUG SET-ACTIVE-EXPIRE aside).
    pub expiry_paused: bool,
    pub active_expire: bool,
    /// Writes are refused since saving fails (`stop-writes-on-bgsave-error`).
    pub writes_stopped: bool,
    /// `run_id` of INFO: 40 hex characters.
    pub run_id: String,
    pub replication_id: String,
    /// TCP port, as INFO shows it.
    pub tcp_port: u16,
    /// ACL categories that modules added, after the built-in ones.
    pub module_categories: Vec<String>,
    /// State of module-host and of the server, opaque here.
    pub host: Box<dyn std::any::Any + Send>,
    pub outside: Box<dyn std::any::Any + Send>,
    pub(crate) no_command: Arc<Command>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("dirty", &self.dirty).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine with empty databases and all built-in commands.
    pub fn new(config: Config, clock: Clock) -> Self {
        let mut rng = fastrand::Rng::new();
        let mut hex = || {
            (0..40).map(|_| char::from_digit(rng.u32(0..16), 16).unwrap_or('0')).collect::<String>()
        };
        let (run_id, replication_id) = (hex(), hex());
        Self {
            keyspace: Keyspace::new(config.databases),
            commands: CommandTable::new(crate::commands::ALL),
            clients: Clients::default(),
            config,
            clock,
            stats: Stats::default(),
            pubsub: PubSub::default(),
            watchers: Watchers::default(),
            propagation: Propagation::default(),
            eviction: keyspace::EvictionPool::default(),
            modules: ModuleHooks::default(),
            server: ServerHooks::default(),
            dirty: 0,
            last_save_at_secs: clock.started_at_ms / 1000,
            startup_memory: 0,
            unit_depth: 0,
            rng,
            loading: false,
            child_running: false,
            expiry_paused: false,
            active_expire: true,
            writes_stopped: false,
            run_id,
            replication_id,
            tcp_port: 0,
            module_categories: Vec::new(),
            host: Box::new(()),
            outside: Box::new(()),
            no_command: Arc::new(Command::from_spec(&NO_COMMAND, None)),
        }
    }

    /// A new connection. With no password set it is authenticated from the start.
    pub fn connect(&mut self) -> ClientId {
        let id = self.clients.add(self.clock.now_ms);
        let open = !self.requires_auth();
        if let Some(client) = self.clients.get_mut(id) {
            client.authenticated = open;
        }
        self.stats.connections_received += 1;
        (self.modules.server_event)(self, &ServerEvent::ClientConnected(id));
        id
    }

    /// A stand-in client for a module's callbacks and nested calls: no connection, not listed, everything allowed.
    pub fn connect_fake(&mut self) -> ClientId {
        let id = self.clients.add(self.clock.now_ms);
        if let Some(client) = self.clients.get_mut(id) {
            client.flags |= client_flag::FAKE;
            client.authenticated = true;
        }
        id
    }

    /// A connection has gone: its transaction, watches and subscriptions go with it.
    pub fn disconnect(&mut self, id: ClientId) {
        let Some(client) = self.clients.get(id) else { return };
        let fake = client.has(client_flag::FAKE);
        if client.has(client_flag::BLOCKED) {
            (self.modules.client_gone)(self, id);
        }
        if !fake {
            (self.modules.server_event)(self, &ServerEvent::ClientDisconnected(id));
        }
        self.unwatch(id);
        self.unsubscribe_all(id);
        self.clients.remove(id);
    }

    pub(crate) fn unsubscribe_all(&mut self, id: ClientId) {
        use crate::pubsub::Kind;
        let Some(client) = self.clients.get(id) else { return };
        let names: Vec<(Kind, byte_string::ByteString)> = [
            (Kind::Channel, &client.channels),
            (Kind::Pattern, &client.patterns),
            (Kind::Shard, &client.shard_channels),
        ]
        .into_iter()
        .flat_map(|(kind, names)| names.iter().map(move |name| (kind, name.clone())))
        .collect();
        for (kind, name) in names {
            self.unsubscribe(id, kind, &name);
        }
    }

    /// Whether new connections must AUTH.
    pub fn requires_auth(&self) -> bool {
        !self.config.requirepass.is_empty()
    }

    /// Whether `enable-…-command` lets this client run a protected command.
    pub(crate) fn protected_allowed(&self, command: &Command, id: ClientId) -> bool {
        let action = if command.full_name.starts_with("module") {
            self.config.enable_module_command
        } else {
            self.config.enable_debug_command
        };
        self.clients.get(id).is_some_and(|client| allows(action, client))
    }

    /// Whether `enable-protected-configs` lets this client change a protected config.
    pub(crate) fn may_set_protected(&self, id: ClientId) -> bool {
        self.clients
            .get(id)
            .is_some_and(|client| allows(self.config.enable_protected_configs, client))
    }

    /// ACL: every user may do everything until users other than `default` exist.
    pub(crate) fn acl_check(&self, _call: &crate::Call) -> Result<(), Error> {
        Ok(())
    }

    /// Why a write is refused whoever asks: saving fails and the operator wants to know.
    pub(crate) fn write_refusal(&self, command: &Command) -> Option<Error> {
        let stopped = self.writes_stopped && self.config.stop_writes_on_bgsave_error;
        (stopped && (command.has(flag::WRITE) || command.full_name == "ping")).then(|| {
            Error::text(
                "MISCONF Valkey is configured to save RDB snapshots, but it's currently unable to persist to disk. \
                 Commands that may modify the data set are disabled, because this instance is configured to report \
                 errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the \
                 Valkey logs for details about the RDB error.",
            )
        })
    }

    /// One line for the log at warning level.
    pub fn log_warning(&self, text: &str) {
        (self.server.log)(3, text);
    }
}

fn allows(action: ProtectedAction, client: &Client) -> bool {
    match action {
        ProtectedAction::Yes => true,
        ProtectedAction::No => false,
        ProtectedAction::Local => client.has(client_flag::UNIX_SOCKET) || is_loopback(&client.addr),
    }
}

fn is_loopback(addr: &str) -> bool {
    addr.starts_with("127.") || addr.starts_with("[::1]") || addr.starts_with("::1")
}

/// Stands for the command of a request that names none.
const NO_COMMAND: Spec = Spec::new(
    "",
    -1,
    |_, _| Err(Error::text("ERR unknown command")),
    Docs::new("generic", "", "", ""),
);
