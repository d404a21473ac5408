//! The way of a command: argv → look-up → refusals → handler → propagation → reply.
//!
//! Native and module commands take the same way and differ in a function pointer. A [`Call`] owns what belongs to one
//! execution (argv, the reply being written), so that a handler can borrow it beside the engine.

use std::sync::Arc;

use byte_string::ByteString;
pub use resp::Argv;
use resp::{Protocol, Reply};

use crate::client::{Client, ClientId, Queued, client_flag};
use crate::command::{Command, CommandStats, flag};
use crate::engine::Engine;
use crate::error::Error;
use crate::propagation::target;
use crate::table::Found;

/// One execution of one command.
#[derive(Debug)]
pub struct Call {
    pub client: ClientId,
    pub argv: Argv,
    pub command: Arc<Command>,
    /// The selected database; change it through [`Engine::select`].
    pub db: usize,
    pub reply: Reply,
    pub flags: u32,
    /// What to propagate in place of argv, when the handler says so (`SET … EX` → `SET … PXAT`).
    pub propagate_as: Option<Argv>,
}

/// Flags of a call.
pub mod call_flag {
    /// Nothing of this call is propagated by itself (modules name what to propagate).
    pub const NO_PROPAGATION: u32 = 1 << 0;
    pub const NO_AOF: u32 = 1 << 1;
    pub const NO_REPLICAS: u32 = 1 << 2;
    /// Propagated even though nothing counts as changed.
    pub const FORCE_PROPAGATION: u32 = 1 << 3;
    /// Runs inside EXEC.
    pub const IN_EXEC: u32 = 1 << 4;
    /// Called by a module.
    pub const NESTED: u32 = 1 << 5;
    /// Look-ups do not change the key's idle time.
    pub const NO_TOUCH: u32 = 1 << 6;
    /// The handler replied with an error.
    pub const FAILED: u32 = 1 << 7;
    /// The handler blocked the client: the reply comes later.
    pub const BLOCKED: u32 = 1 << 8;
    /// Errors of this call are not counted in `errorstats` (a module may swallow them).
    pub const DEFER_ERROR_STATS: u32 = 1 << 9;
}

impl Call {
    pub fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Argument `at`, as bytes; the caller has checked that it is there (arity or its own count).
    pub fn arg(&self, at: usize) -> &ByteString {
        &self.argv[at]
    }

    pub fn argc(&self) -> usize {
        self.argv.len()
    }

    /// Argument `at` as a 64-bit integer.
    pub fn integer(&self, at: usize) -> Result<i64, Error> {
        resp::parse_i64(&self.argv[at]).ok_or(Error::NotInteger)
    }

    /// Whether argument `at` is this word, in any case.
    pub fn arg_is(&self, at: usize, word: &str) -> bool {
        self.argv.get(at).is_some_and(|arg| arg.eq_ignore_ascii_case(word.as_bytes()))
    }
}

impl Engine {
    /// Runs one request of a client, or queues it inside MULTI; the reply is appended to the client's output.
    /// An unknown client id is ignored: the connection has gone.
    pub fn execute(&mut self, id: ClientId, mut argv: Argv) {
        if argv.is_empty() {
            return;
        }
        if let Some(filter) = self.modules.filter {
            filter(self, id, &mut argv);
        }
        let Some(client) = self.clients.get_mut(id) else { return };
        let (db, protocol) = (client.db, client.output.protocol());
        let asker = Asker::of(client);
        // CLIENT REPLY OFF and SKIP drop what a request writes, never what stood there before.
        let silent = asker.has(client_flag::REPLY_OFF | client_flag::REPLY_SKIP);
        let reply = if silent {
            Reply::new(protocol)
        } else {
            std::mem::replace(&mut client.output, Reply::new(protocol))
        };

        let looked_up = self.look_up(&argv);
        let (command, unknown) = match looked_up {
            Ok(command) => (command, None),
            Err(error) => (Arc::clone(&self.no_command), Some(error)),
        };
        let known = unknown.is_none();
        let flags = if asker.has(client_flag::NO_TOUCH) { call_flag::NO_TOUCH } else { 0 };
        let mut call = Call { client: id, argv, command, db, reply, flags, propagate_as: None };
        match unknown.or_else(|| self.refusal(&call, asker)) {
            Some(error) => {
                if known {
                    CommandStats::add(&call.command.stats.rejected, 1);
                }
                self.reject(&mut call, &error);
            }
            None if asker.has(client_flag::MULTI) && is_queued(&call.command) => {
                self.queue(&mut call)
            }
            None => self.invoke(&mut call),
        }

        let Some(client) = self.clients.get_mut(id) else { return };
        client.commands += 1;
        client.active_at_ms = self.clock.now_ms;
        if known {
            client.last_command = Some(call.command);
        }
        if silent {
            // The request may have been CLIENT REPLY ON, which is answered.
            if !client.has(client_flag::REPLY_OFF | client_flag::REPLY_SKIP) {
                client.output.append(call.reply);
            }
        } else {
            let pushed = std::mem::replace(&mut client.output, call.reply);
            if !pushed.is_empty() {
                client.output.append(pushed);
            }
        }
        if client.has(client_flag::REPLY_SKIP | client_flag::REPLY_SKIP_NEXT) {
            let next = client.has(client_flag::REPLY_SKIP_NEXT);
            client.flags &= !(client_flag::REPLY_SKIP | client_flag::REPLY_SKIP_NEXT);
            client.flags |= if next { client_flag::REPLY_SKIP } else { 0 };
        }
    }

    /// Finds the command that argv names, or says why there is none; checks the number of words.
    pub fn look_up(&self, argv: &[ByteString]) -> Result<Arc<Command>, Error> {
        match self.commands.find(&argv[0], argv.get(1).map(|word| &**word)) {
            Found::Command(command) if command.accepts_arity(argv.len()) => Ok(command),
            Found::Command(command) => Err(Error::WrongArity(command.full_name.clone())),
            Found::NoSubcommand(command) => Err(Error::owned(format!(
                "ERR unknown subcommand '{}'. Try {} HELP.",
                printable(&argv[1], 128),
                command.full_name.to_ascii_uppercase()
            ))),
            Found::None => Err(unknown_command(argv)),
        }
    }

    /// Everything that forbids a command before it runs, in Valkey's order.
    fn refusal(&mut self, call: &Call, asker: Asker) -> Option<Error> {
        let command = &call.command;
        if !asker.authenticated && !command.has(flag::NO_AUTH) && self.requires_auth() {
            return Some(Error::text("NOAUTH Authentication required."));
        }
        if command.has(flag::PROTECTED) && !self.protected_allowed(command, call.client) {
            return Some(Error::owned(format!(
                "ERR {} command not allowed. If the enable-{}-command option is set to \"local\", you can run it from a \
                 local connection, otherwise you need to set this option in the configuration file, and then restart \
                 the server.",
                command.full_name.split('|').next().unwrap_or_default().to_ascii_uppercase(),
                command.full_name.split('|').next().unwrap_or_default()
            )));
        }
        if let Err(error) = self.acl_check(call) {
            return Some(error);
        }
        if command.has(flag::NO_MULTI) && asker.has(client_flag::MULTI) {
            return Some(Error::text("ERR Command not allowed inside a transaction"));
        }
        if self.config.maxmemory > 0 && !self.loading {
            let out_of_memory = !self.make_room();
            if out_of_memory && command.has(flag::DENYOOM) {
                return Some(Error::text(
                    "OOM command not allowed when used memory > 'maxmemory'.",
                ));
            }
        }
        if let Some(error) = self.write_refusal(command) {
            return Some(error);
        }
        if asker.in_pubsub_mode
            && !matches!(
                command.full_name.as_str(),
                "ping"
                    | "subscribe"
                    | "ssubscribe"
                    | "sunsubscribe"
                    | "psubscribe"
                    | "unsubscribe"
                    | "punsubscribe"
                    | "quit"
                    | "reset"
            )
        {
            return Some(Error::owned(format!(
                "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
                command.full_name
            )));
        }
        if self.loading && !command.has(flag::LOADING) {
            return Some(Error::text("LOADING Valkey is loading the dataset in memory"));
        }
        None
    }

    fn queue(&mut self, call: &mut Call) {
        let argv = std::mem::take(&mut call.argv);
        if let Some(client) = self.clients.get_mut(call.client) {
            client.queue_bytes +=
                argv.iter().map(|arg| arg.len() + size_of::<ByteString>()).sum::<usize>();
            client.queue.push(Queued { command: Arc::clone(&call.command), argv });
        }
        call.reply.simple("QUEUED");
    }

    /// A request that cannot run: the error goes out, and a transaction under way is spoilt.
    fn reject(&mut self, call: &mut Call, error: &Error) {
        if let Some(client) = self.clients.get_mut(call.client)
            && client.has(client_flag::MULTI)
        {
            client.flags |= client_flag::DIRTY_EXEC;
        }
        // An EXEC that cannot run ends its transaction, and says why.
        if call.argv[0].eq_ignore_ascii_case(b"exec") {
            crate::commands::discard_transaction(self, call.client);
            let text = error.to_string();
            let reason = text.strip_prefix("ERR ").unwrap_or(&text);
            let abort =
                Error::owned(format!("EXECABORT Transaction discarded because of: {reason}"));
            return self.reply_error(call, &abort);
        }
        self.reply_error(call, error);
    }

    /// Writes an error reply and counts it.
    pub fn reply_error(&mut self, call: &mut Call, error: &Error) {
        call.flags |= call_flag::FAILED;
        if !call.has(call_flag::DEFER_ERROR_STATS) {
            self.stats.count_error(error.code());
        }
        match error {
            Error::Text(text) => call.reply.error(text),
            other => call.reply.error(&other.to_string()),
        }
    }

    /// Runs a call's handler: the one place where commands of every kind are executed, timed and propagated.
    pub fn invoke(&mut self, call: &mut Call) {
        // The end of one command is the beginning of the next in a pipeline: one reading of the clock each. The server
        // reads it anew when it wakes.
        let started =
            if self.unit_depth == 0 { self.clock.last_us } else { (self.clock.monotonic_us)() };
        self.enter_unit();
        let dirty = self.dirty;
        let handler = call.command.handler;
        if let Err(error) = handler(self, call) {
            self.reply_error(call, &error);
        }
        let ended = (self.clock.monotonic_us)();
        self.clock.last_us = ended;
        let stats = &call.command.stats;
        CommandStats::add(&stats.calls, 1);
        CommandStats::add(&stats.usec, ended.saturating_sub(started));
        if call.has(call_flag::FAILED) {
            CommandStats::add(&stats.failed, 1);
        }
        self.stats.commands_processed += 1;
        if self.propagation.sink.is_some() {
            self.propagate_call(call, dirty);
        }
        self.leave_unit();
    }

    /// Queues what this call did for the append-only file and replicas.
    fn propagate_call(&mut self, call: &mut Call, dirty_before: u64) {
        let changed = self.dirty != dirty_before || call.has(call_flag::FORCE_PROPAGATION);
        if !changed || call.has(call_flag::NO_PROPAGATION) || call.command.module.is_some() {
            return;
        }
        let mut targets = target::ALL;
        if call.has(call_flag::NO_AOF) {
            targets &= !target::AOF;
        }
        if call.has(call_flag::NO_REPLICAS) {
            targets &= !target::REPLICAS;
        }
        let argv = call.propagate_as.as_ref().unwrap_or(&call.argv);
        self.propagation.push(call.db, argv, targets);
    }

    /// A call that has no request: for modules, with a fresh reply in the protocol asked for. [`Engine::invoke`] runs
    /// it; the checks that depend on the caller's flags are the caller's.
    pub fn nested_call(
        &self,
        client: ClientId,
        db: usize,
        command: Arc<Command>,
        argv: Argv,
        protocol: Protocol,
    ) -> Call {
        let flags = call_flag::NESTED | call_flag::DEFER_ERROR_STATS;
        Call { client, argv, command, db, reply: Reply::new(protocol), flags, propagate_as: None }
    }

    /// Opens an execution unit: commands, timers and events each run in one, and may nest.
    pub fn enter_unit(&mut self) {
        if self.unit_depth == 0 {
            self.clock.advance();
        }
        self.unit_depth += 1;
    }

    /// Closes an execution unit. The outermost one runs post-notification jobs, then sends what was propagated.
    pub fn leave_unit(&mut self) {
        self.unit_depth -= 1;
        if self.unit_depth > 0 {
            return;
        }
        if let Some(unit_end) = self.modules.unit_end {
            unit_end(self);
        }
        if !self.propagation.is_empty()
            && let Some(sink) = self.propagation.sink
        {
            let operations = self.propagation.take();
            sink(self, &operations);
        }
    }

    /// Changes the selected database of a call and of its client.
    pub fn select(&mut self, call: &mut Call, db: usize) {
        call.db = db;
        if let Some(client) = self.clients.get_mut(call.client) {
            client.db = db;
        }
    }
}

/// What the refusals need of the client, read once.
#[derive(Clone, Copy)]
struct Asker {
    flags: u64,
    authenticated: bool,
    in_pubsub_mode: bool,
}

impl Asker {
    fn of(client: &Client) -> Self {
        Self {
            flags: client.flags,
            authenticated: client.authenticated,
            in_pubsub_mode: client.in_pubsub_mode(),
        }
    }

    fn has(self, flag: u64) -> bool {
        self.flags & flag != 0
    }
}

/// Whether MULTI queues this command; those that end or spoil a transaction run at once.
fn is_queued(command: &Command) -> bool {
    !matches!(command.full_name.as_str(), "exec" | "discard" | "multi" | "watch" | "quit" | "reset")
}

/// At most `max` bytes of user data made fit for an error text: up to the first NUL, where C's formatting ends, and
/// with spaces for line ends.
pub fn printable(bytes: &[u8], max: usize) -> String {
    let cut = &bytes[..bytes.len().min(max)];
    let cut = cut.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(cut)
        .chars()
        .map(|c| if c == '\r' || c == '\n' { ' ' } else { c })
        .collect()
}

/// Valkey's text for a command that does not exist, with the beginning of its arguments.
fn unknown_command(argv: &[ByteString]) -> Error {
    let mut args = String::new();
    for arg in &argv[1..] {
        if args.len() >= 128 {
            break;
        }
        let room = 128 - args.len();
        args.push_str(&format!("'{}' ", printable(arg, room)));
    }
    Error::owned(format!(
        "ERR unknown command '{}', with args beginning with: {args}",
        printable(&argv[0], 128)
    ))
}
