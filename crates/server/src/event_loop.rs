//! The event loop of the execution thread: sleep, read, execute, write, and now and then the cron.
//!
//! Everything that commands can see happens here, under the one lock around the engine. The lock is let go while the
//! thread sleeps; that is when threads of modules have their turn.

use std::collections::HashMap;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use engine::hooks::ShutdownFlags;
use engine::{ClientId, Engine, client_flag};
use mio::{Events, Interest, Poll, Token, Waker};
use parking_lot::{Mutex, MutexGuard};
use resp::Limits;
use slab::Slab;

use crate::connection::{Connection, Stream};
use crate::cron::Cron;
use crate::io_threads::IoThreads;
use crate::listen::{self, Listener, Listening};
use crate::log::{debug, verbose, warning};
use crate::outside;
use crate::signals::{ShutdownSignal, Signals};
use crate::{output_limits, requests, shutdown};

const WAKER: Token = Token(0);
const SIGNALS: Token = Token(1);
const FIRST_CONNECTION: usize = 1 << 10;

/// Events taken from one sleep.
const EVENTS_PER_TURN: usize = 1024;

/// Bytes read at once; a connection with more to say has its next turn after the others.
const READ_LEN: usize = 64 * 1024;
/// Reads in a row from one connection.
const READS_PER_TURN: usize = 4;

/// Ends the execution thread's sleep; for threads that have news for it.
static WAKE: OnceLock<Waker> = OnceLock::new();

/// Ends the execution thread's sleep, from any thread.
pub(crate) fn wake() {
    if let Some(waker) = WAKE.get() {
        // A waker that fails leaves the thread asleep until its next tick.
        let _ = waker.wake();
    }
}

pub(crate) struct EventLoop {
    poll: Poll,
    engine: &'static Mutex<Engine>,
    connections: Slab<Connection>,
    by_client: HashMap<ClientId, usize>,
    /// Connections that may have more to read.
    ready: Vec<usize>,
    /// Listeners that may have more to accept.
    accepting: Vec<usize>,
    buffer: Box<[u8]>,
    io_threads: IoThreads,
    signals: Signals,
    cron: Cron,
}

impl EventLoop {
    pub(crate) fn new(
        engine: &'static Mutex<Engine>,
        listeners: Vec<Listener>,
        mut signals: Signals,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let _ = WAKE.set(Waker::new(poll.registry(), WAKER)?);
        poll.registry().register(&mut signals.wakeup, SIGNALS, Interest::READABLE)?;
        let listening = Listening::new(poll.registry().try_clone()?, listeners)?;
        let count = {
            let mut engine = engine.lock();
            outside::of(&mut engine).listening = Some(listening);
            usize::try_from(engine.config.io_threads).unwrap_or(1)
        };
        Ok(Self {
            poll,
            engine,
            connections: Slab::new(),
            by_client: HashMap::new(),
            ready: Vec::new(),
            accepting: Vec::new(),
            buffer: vec![0; READ_LEN].into_boxed_slice(),
            io_threads: IoThreads::start(count)?,
            signals,
            cron: Cron::new(),
        })
    }

    /// Says that connections are served from now on.
    pub(crate) fn announce(engine: &mut Engine) {
        if let Some(listening) = &outside::of(engine).listening {
            listening.announce();
        }
    }

    /// Runs until a shutdown; gives the exit code.
    pub(crate) fn run(mut self) -> i32 {
        let mut events = Events::with_capacity(EVENTS_PER_TURN);
        let lock = self.engine;
        let mut engine = lock.lock();
        loop {
            // Requests that waited for a client to be unblocked may start timers, and timers may unblock clients.
            self.flush(&mut engine);
            let modules_due = module_host::tick(&mut engine);
            self.flush(&mut engine);
            self.io_threads.flush();
            if shutdown::is_ending() {
                return 0;
            }
            let timeout = self.timeout().min(modules_due.unwrap_or(Duration::MAX));
            let polled =
                MutexGuard::unlocked(&mut engine, || self.poll.poll(&mut events, Some(timeout)));
            self.take_turn(&mut engine, &events, polled);
        }
    }

    /// Looks after connections for a moment, while a file is being loaded: they are told so.
    pub(crate) fn glance(&mut self, engine: &mut Engine) {
        let mut events = Events::with_capacity(EVENTS_PER_TURN);
        let polled = self.poll.poll(&mut events, Some(Duration::ZERO));
        self.take_turn(engine, &events, polled);
        self.flush(engine);
        self.io_threads.flush();
        if shutdown::is_ending() {
            // Half of a file is in memory, and nothing else is left to be done.
            std::process::exit(0);
        }
    }

    /// Does what the events of one sleep ask for.
    fn take_turn(&mut self, engine: &mut Engine, events: &Events, polled: io::Result<()>) {
        if let Err(error) = polled
            && error.kind() != io::ErrorKind::Interrupted
        {
            warning!("Waiting for sockets failed: {error}");
        }
        engine.clock.refresh();
        for event in events {
            match event.token() {
                WAKER => {}
                SIGNALS => self.take_signal(engine),
                Token(token) if token < FIRST_CONNECTION => {
                    self.accept(engine, token - listen::FIRST_TOKEN)
                }
                Token(token) => {
                    let key = token - FIRST_CONNECTION;
                    let Some(connection) = self.connections.get_mut(key) else { continue };
                    connection.ended |= event.is_read_closed() || event.is_error();
                    if event.is_readable() || connection.ended {
                        connection.readable = true;
                        self.serve(engine, key);
                    } else if event.is_writable() {
                        self.send(engine, key);
                    }
                }
            }
        }
        self.io_threads.take_reports(engine);
        for key in std::mem::take(&mut self.ready) {
            self.serve(engine, key);
        }
        for index in std::mem::take(&mut self.accepting) {
            self.accept(engine, index);
        }
        if self.cron.is_due() {
            self.tick(engine);
        }
    }

    fn timeout(&self) -> Duration {
        if self.ready.is_empty() && self.accepting.is_empty() {
            self.cron.until_due()
        } else {
            Duration::ZERO
        }
    }

    /// Accepts what waits at a listener, up to `max-new-connections-per-cycle`.
    fn accept(&mut self, engine: &mut Engine, index: usize) {
        for _ in 0..engine.config.max_new_connections_per_cycle {
            let listening = outside::of(engine).listening.as_ref();
            let Some(accepted) = listening.and_then(|listening| listening.accept(index)) else {
                return;
            };
            match accepted {
                Ok(stream) => self.connect(engine, stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted
                    ) => {}
                Err(error) => {
                    // Out of file descriptors, most likely; the next tick tries again.
                    warning!("Accepting client connection: {error}");
                    self.cron.accept_again(index);
                    return;
                }
            }
        }
        self.accepting.push(index);
    }

    fn connect(&mut self, engine: &mut Engine, mut stream: Stream) {
        let connected = self.connections.len() + self.io_threads.len();
        let refusal = if connected as i64 >= engine.config.maxclients {
            Some(MAX_CLIENTS)
        } else if engine.config.protected_mode && !engine.requires_auth() && !stream.is_local() {
            Some(PROTECTED)
        } else {
            None
        };
        if let Some(text) = refusal {
            engine.stats.connections_rejected += 1;
            let mut reply = resp::Reply::default();
            reply.error(text);
            // Whoever does not read this is refused all the same.
            let _ = stream.send(&mut reply);
            return;
        }
        if let Err(error) = stream.set_up(engine.config.tcp_keepalive) {
            debug!("Setting up a connection: {error}");
        }
        let key = self.connections.vacant_key();
        if self.io_threads.is_empty()
            && let Err(error) = stream.register(self.poll.registry(), Token(FIRST_CONNECTION + key))
        {
            warning!("Registering a connection: {error}");
            return;
        }
        let (addr, laddr) = stream.addresses(&engine.config.unixsocket);
        let id = engine.connect();
        if let Some(client) = engine.clients.get_mut(id) {
            verbose!("Accepted {addr}");
            client.addr = addr;
            client.laddr = laddr;
            client.fd = stream.fd();
            if matches!(stream, Stream::Unix(_)) {
                client.flags |= client_flag::UNIX_SOCKET;
            }
        }
        if !self.io_threads.is_empty() {
            return self.io_threads.serve(engine, id, stream);
        }
        self.by_client.insert(id, key);
        self.connections.insert(Connection::new(id, stream));
    }

    /// Reads from a connection and executes what it asks for, then writes the replies.
    fn serve(&mut self, engine: &mut Engine, key: usize) {
        let limits = requests::limits(engine);
        let Some(connection) = self.connections.get_mut(key) else { return };
        let waits = !connection.waiting.is_empty() || connection.parser.buffered_len() > 0;
        if waits && !connection.closing && !is_blocked(engine, connection.client) {
            let waiting = std::mem::take(&mut connection.waiting);
            execute(engine, connection, &waiting, limits);
        }
        let mut turns = 0;
        while connection.readable && !connection.closing {
            if is_blocked(engine, connection.client) {
                // What follows the blocked request waits in the kernel; only a hang-up matters now.
                if connection.ended {
                    self.close(engine, key);
                }
                return self.send(engine, key);
            }
            if turns == READS_PER_TURN {
                self.ready.push(key);
                break;
            }
            turns += 1;
            match connection.stream.read(&mut self.buffer) {
                Ok(0) => {
                    connection.ended = true;
                    connection.closing = true;
                }
                Ok(len) => {
                    engine.stats.net_input_bytes += len as u64;
                    if let Some(client) = engine.clients.get_mut(connection.client) {
                        client.net_input_bytes += len as u64;
                    }
                    engine.stats.reads_processed += 1;
                    // A short read has emptied the socket: what comes later is a new event.
                    connection.readable = len == self.buffer.len() || connection.ended;
                    execute(engine, connection, &self.buffer[..len], limits);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    connection.readable = false
                }
                Err(error) => {
                    verbose!("Reading from client: {error}");
                    return self.close(engine, key);
                }
            }
        }
        self.send(engine, key);
    }

    /// Writes a client's output, as far as its socket takes it, and closes the connection when that was all.
    fn send(&mut self, engine: &mut Engine, key: usize) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if over_limit(engine, connection) {
            engine.stats.client_output_limit_disconnections += 1;
            return self.close(engine, key);
        }
        let Some(client) = engine.clients.get_mut(connection.client) else { return };
        if !client.output.is_empty() {
            match connection.stream.send(&mut client.output) {
                Ok(sent) => {
                    client.net_output_bytes += sent as u64;
                    engine.stats.net_output_bytes += sent as u64;
                    engine.stats.writes_processed += 1;
                }
                Err(error) => {
                    verbose!("Error writing to client: {error}");
                    return self.close(engine, key);
                }
            }
        }
        if client.output.is_empty() {
            connection.over_soft_limit_since_ms = None;
            if connection.closing || client.has(client_flag::CLOSE_AFTER_REPLY) {
                self.close(engine, key);
            }
        } else {
            let (id, unsent) = (connection.client, client.output.len());
            if output_limits::stranger_exceeds(engine, id, unsent) {
                engine.stats.client_output_limit_disconnections += 1;
                self.close(engine, key);
            }
        }
    }

    fn close(&mut self, engine: &mut Engine, key: usize) {
        let Some(mut connection) = self.connections.try_remove(key) else { return };
        // The socket is closed right after, which ends its registration in any case.
        let _ = connection.stream.deregister(self.poll.registry());
        self.by_client.remove(&connection.client);
        engine.disconnect(connection.client);
    }

    /// Does what commands, modules and other clients left to be done for connections.
    fn flush(&mut self, engine: &mut Engine) {
        loop {
            let dirty = engine.clients.take_dirty();
            let closing = engine.clients.take_closing();
            if dirty.is_empty() && closing.is_empty() {
                return;
            }
            for id in dirty {
                let Some(&key) = self.by_client.get(&id) else {
                    self.io_threads.resume(engine, id);
                    continue;
                };
                let resumes = !is_blocked(engine, id)
                    && self.connections.get(key).is_some_and(|connection| {
                        connection.readable
                            || !connection.waiting.is_empty()
                            || connection.parser.buffered_len() > 0
                    });
                if resumes { self.serve(engine, key) } else { self.send(engine, key) }
            }
            for id in closing {
                let at_once =
                    engine.clients.get(id).is_none_or(|client| client.has(client_flag::CLOSE_ASAP));
                match (self.by_client.get(&id), at_once) {
                    (Some(&key), true) => self.close(engine, key),
                    (Some(&key), false) => self.send(engine, key),
                    (None, true) => self.io_threads.close(engine, id),
                    (None, false) => self.io_threads.send(engine, id),
                }
            }
        }
    }

    fn take_signal(&mut self, engine: &mut Engine) {
        let Some(signal) = self.signals.take() else { return };
        let (name, chosen) = match signal {
            ShutdownSignal::Terminate => ("SIGTERM", engine.config.shutdown_on_sigterm),
            ShutdownSignal::Interrupt => ("SIGINT", engine.config.shutdown_on_sigint),
        };
        warning!("Received {name} scheduling shutdown...");
        let flags = ShutdownFlags {
            save: chosen.save,
            nosave: chosen.nosave,
            now: chosen.now,
            force: chosen.force,
            abort: false,
        };
        // The log says why, if the server goes on.
        let _ = shutdown::run(engine, flags);
    }

    fn tick(&mut self, engine: &mut Engine) {
        for index in self.cron.run(engine) {
            self.accept(engine, index);
        }
        self.check_connections(engine);
        self.io_threads.check(engine);
    }

    /// Looks at some connections a tick, at all of them within a second: idle ones, and those over a soft limit.
    fn check_connections(&mut self, engine: &mut Engine) {
        let (from, count) = self.cron.share(self.connections.capacity(), engine.config.hz);
        for key in from..from + count {
            let Some(connection) = self.connections.get_mut(key) else { continue };
            if requests::is_idle_too_long(engine, connection.client) {
                verbose!("Closing idle client");
                self.close(engine, key);
            } else if over_limit(engine, connection) {
                engine.stats.client_output_limit_disconnections += 1;
                self.close(engine, key);
            }
        }
    }
}

const MAX_CLIENTS: &str = "ERR max number of clients reached";

const PROTECTED: &str = "DENIED This server is in protected mode: no password is set for the default user, so it accepts \
    connections from its own machine only. To connect from elsewhere, set a password (requirepass), or run 'CONFIG SET \
    protected-mode no' on the machine itself, or start the server with '--protected-mode no'. Without a password, make \
    sure that the server cannot be reached from the internet.";

/// Whether a client's unsent output passes its limits.
fn over_limit(engine: &Engine, connection: &mut Connection) -> bool {
    let Some(client) = engine.clients.get(connection.client) else { return false };
    let waiting = client.output.len();
    waiting > 0
        && output_limits::exceeded(
            engine,
            connection.client,
            waiting,
            &mut connection.over_soft_limit_since_ms,
        )
}

fn is_blocked(engine: &Engine, id: ClientId) -> bool {
    engine.clients.get(id).is_some_and(|client| client.has(client_flag::BLOCKED))
}

/// Parses `input` and executes each request in it, until the client is blocked or must go.
fn execute(engine: &mut Engine, connection: &mut Connection, mut input: &[u8], mut limits: Limits) {
    // Requests whose keys have been fetched from memory ahead, before their turn.
    let mut warmed = 0;
    while !shutdown::is_ending() {
        let Some(client) = engine.clients.get(connection.client) else { return };
        if warmed == 0 {
            warmed = engine.db(client.db).warm(resp::keys_ahead(input));
        }
        warmed = warmed.saturating_sub(1);
        if client.has(client_flag::CLOSE_AFTER_REPLY | client_flag::CLOSE_ASAP) {
            connection.closing = true;
            return;
        }
        if client.has(client_flag::BLOCKED) {
            connection.waiting.extend_from_slice(input);
            return;
        }
        limits.authenticated = client.authenticated;
        match connection.parser.next(&mut input, &limits) {
            Ok(Some(argv)) if requests::is_http(&argv[0]) => {
                requests::refuse_http(engine, connection.client);
                connection.closing = true;
                return;
            }
            Ok(Some(argv)) => engine.execute(connection.client, argv),
            Ok(None) => break,
            Err(error) => {
                connection.closing = true;
                return requests::refuse(engine, connection.client, error);
            }
        }
    }
    if let Some(client) = engine.clients.get_mut(connection.client) {
        client.query_len = connection.parser.buffered_len();
    }
}
