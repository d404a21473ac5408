//! I/O threads: sockets read, parsed and written beside the execution thread (`io-threads`).
//!
//! The key decision: a connection belongs to one thread for its life, and takes turns with the execution thread. What
//! was read goes over as one batch of parsed requests; nothing more is read until the execution thread has done with
//! it. So at most one read of each connection waits, however far the execution thread lags behind, and requests of one
//! client can never overtake each other. The price is that a pipeline longer than one read is parsed in pieces.
//!
//! ```text
//! socket ─read, parse─► Report::Requests ─► execution thread ─► Order::Send { done } ─write─► socket
//!    ▲                                                                │
//!    └──────────────────────── read again ◄───────────────────────────┘
//! ```

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use engine::ClientId;
use mio::{Events, Poll, Token, Waker};
use resp::{Argv, Limits, ProtocolError, Reply, RequestParser};
use slab::Slab;

use crate::connection::Stream;
use crate::event_loop::wake;
use crate::log::{verbose, warning};
use crate::memory;

const WAKER: Token = Token(usize::MAX);
const READ_LEN: usize = 64 * 1024;
/// Reads in a row of one large argument.
const READS_PER_TURN: usize = 16;

/// What both threads know of a connection.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Set by the execution thread before it asks for more requests.
    pub(crate) authenticated: AtomicBool,
    /// Output that the socket has not taken yet, bytes.
    pub(crate) unsent: AtomicUsize,
    /// Bytes that the socket took.
    pub(crate) sent: AtomicU64,
}

/// The limits on requests in force, written by the execution thread.
#[derive(Debug, Default)]
pub(crate) struct SharedLimits {
    pub(crate) bulk_len_max: AtomicUsize,
    pub(crate) query_buffer_max: AtomicUsize,
}

/// What the execution thread wants done.
#[derive(Debug)]
pub(crate) enum Order {
    Serve {
        client: ClientId,
        stream: Stream,
        shared: Arc<Shared>,
    },
    /// `done`: the last batch is executed, the next may come. `close`: this is the last output.
    Send {
        client: ClientId,
        reply: Reply,
        done: bool,
        close: bool,
    },
    Close {
        client: ClientId,
    },
}

/// What happened on a connection.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) client: ClientId,
    pub(crate) news: News,
}

#[derive(Debug)]
pub(crate) enum News {
    /// `len` is that of the bytes read.
    Requests { requests: Vec<Argv>, len: u64 },
    /// After `requests`, bytes that are none.
    Refused { requests: Vec<Argv>, len: u64, error: ProtocolError },
    /// The connection is closed.
    Closed,
    /// The other side has hung up while requests of it are executed, or wait to be.
    HungUp,
}

/// The execution thread's end of an I/O thread.
#[derive(Debug)]
pub(crate) struct IoThread {
    orders: Sender<Vec<Order>>,
    waker: Arc<Waker>,
    /// Orders that go over together, before the execution thread sleeps.
    pending: Vec<Order>,
}

impl IoThread {
    /// Starts a thread.
    pub(crate) fn start(
        number: usize,
        reports: Sender<Vec<Report>>,
        limits: Arc<SharedLimits>,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let (orders, receiver) = crossbeam_channel::unbounded();
        let worker = Worker {
            poll,
            orders: receiver,
            reports,
            limits,
            connections: Slab::new(),
            by_client: HashMap::new(),
            turns: Vec::new(),
            news: Vec::new(),
            buffer: vec![0; READ_LEN].into_boxed_slice(),
        };
        std::thread::Builder::new().name(format!("io_thd_{number}")).spawn(move || worker.run())?;
        Ok(Self { orders, waker, pending: Vec::new() })
    }

    pub(crate) fn order(&mut self, order: Order) {
        self.pending.push(order);
    }

    /// Hands the orders over.
    pub(crate) fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        // The thread lives as long as the process.
        let _ = self.orders.send(std::mem::take(&mut self.pending));
        let _ = self.waker.wake();
    }
}

struct Worker {
    poll: Poll,
    orders: Receiver<Vec<Order>>,
    reports: Sender<Vec<Report>>,
    limits: Arc<SharedLimits>,
    connections: Slab<Served>,
    by_client: HashMap<ClientId, usize>,
    /// Connections to be read from.
    turns: Vec<usize>,
    news: Vec<Report>,
    buffer: Box<[u8]>,
}

/// A connection as its I/O thread has it.
struct Served {
    client: ClientId,
    stream: Stream,
    shared: Arc<Shared>,
    parser: RequestParser,
    /// Bytes after a request of a client that has to authenticate, whose limits may be about to change.
    rest: Vec<u8>,
    output: Reply,
    /// The execution thread has a batch of this connection.
    waiting: bool,
    readable: bool,
    ended: bool,
    told_hang_up: bool,
    close: bool,
}

impl Worker {
    fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        loop {
            let timeout = (!self.turns.is_empty()).then_some(Duration::ZERO);
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != io::ErrorKind::Interrupted
            {
                warning!("Waiting for sockets failed: {error}");
            }
            for event in &events {
                let Token(key) = event.token();
                let Some(served) = self.connections.get_mut(key) else { continue };
                served.ended |= event.is_read_closed() || event.is_error();
                served.readable |= event.is_readable() || served.ended;
                if served.readable {
                    self.turns.push(key);
                }
                if event.is_writable() {
                    self.send(key);
                }
            }
            while let Ok(orders) = self.orders.try_recv() {
                for order in orders {
                    self.follow(order);
                }
            }
            for key in std::mem::take(&mut self.turns) {
                self.read(key);
            }
            memory::tell();
            if !self.news.is_empty() {
                if self.reports.send(std::mem::take(&mut self.news)).is_err() {
                    return;
                }
                wake();
            }
        }
    }

    fn follow(&mut self, order: Order) {
        match order {
            Order::Serve { client, mut stream, shared } => {
                let key = self.connections.vacant_key();
                if let Err(error) = stream.register(self.poll.registry(), Token(key)) {
                    warning!("Registering a connection: {error}");
                    self.news.push(Report { client, news: News::Closed });
                    return;
                }
                self.by_client.insert(client, key);
                self.connections.insert(Served {
                    client,
                    stream,
                    shared,
                    parser: RequestParser::new(),
                    rest: Vec::new(),
                    output: Reply::default(),
                    waiting: false,
                    readable: false,
                    ended: false,
                    told_hang_up: false,
                    close: false,
                });
            }
            Order::Send { client, reply, done, close } => {
                let Some(&key) = self.by_client.get(&client) else { return };
                let Some(served) = self.connections.get_mut(key) else { return };
                served.output.append(reply);
                served.close |= close;
                if done {
                    served.waiting = false;
                    self.turns.push(key);
                }
                self.send(key);
            }
            Order::Close { client } => {
                if let Some(&key) = self.by_client.get(&client) {
                    self.remove(key);
                }
            }
        }
    }

    /// Reads a connection's next batch of requests, if it is its turn.
    fn read(&mut self, key: usize) {
        let Some(served) = self.connections.get_mut(key) else { return };
        if served.waiting || served.close {
            if served.ended && !served.told_hang_up {
                served.told_hang_up = true;
                self.news.push(Report { client: served.client, news: News::HungUp });
            }
            return;
        }
        let limits = Limits {
            bulk_len_max: self.limits.bulk_len_max.load(Ordering::Relaxed),
            query_buffer_max: self.limits.query_buffer_max.load(Ordering::Relaxed),
            authenticated: served.shared.authenticated.load(Ordering::Acquire),
        };
        let mut len = 0;
        let mut requests = Vec::new();
        let rest = std::mem::take(&mut served.rest);
        let mut parsed = served.parse(&rest, &limits, &mut requests);
        let mut reads = 0;
        while parsed.is_ok() && requests.is_empty() && served.readable {
            if reads == READS_PER_TURN {
                self.turns.push(key);
                break;
            }
            reads += 1;
            match served.stream.read(&mut self.buffer) {
                Ok(0) => return self.close(key),
                Ok(read) => {
                    len += read as u64;
                    // A short read has emptied the socket: what comes later is a new event.
                    served.readable = read == self.buffer.len() || served.ended;
                    parsed = served.parse(&self.buffer[..read], &limits, &mut requests);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => served.readable = false,
                Err(error) => {
                    verbose!("Reading from client: {error}");
                    return self.close(key);
                }
            }
        }
        let client = served.client;
        let news = match parsed {
            Err(error) => News::Refused { requests, len, error },
            Ok(()) if !requests.is_empty() => News::Requests { requests, len },
            Ok(()) => return,
        };
        served.waiting = true;
        self.news.push(Report { client, news });
    }

    /// Writes what the socket takes.
    fn send(&mut self, key: usize) {
        let Some(served) = self.connections.get_mut(key) else { return };
        if !served.output.is_empty() {
            match served.stream.send(&mut served.output) {
                Ok(sent) => {
                    served.shared.sent.fetch_add(sent as u64, Ordering::Relaxed);
                }
                Err(error) => {
                    verbose!("Error writing to client: {error}");
                    return self.close(key);
                }
            }
        }
        served.shared.unsent.store(served.output.len(), Ordering::Relaxed);
        if served.output.is_empty() && served.close {
            self.close(key);
        }
    }

    /// Closes a connection and says so.
    fn close(&mut self, key: usize) {
        if let Some(client) = self.remove(key) {
            self.news.push(Report { client, news: News::Closed });
        }
    }

    fn remove(&mut self, key: usize) -> Option<ClientId> {
        let mut served = self.connections.try_remove(key)?;
        // The socket is closed right after, which ends its registration in any case.
        let _ = served.stream.deregister(self.poll.registry());
        self.by_client.remove(&served.client);
        Some(served.client)
    }
}

impl Served {
    /// Parses `input` into `requests`: all of it, or one request of a client that has to authenticate.
    fn parse(
        &mut self,
        mut input: &[u8],
        limits: &Limits,
        requests: &mut Vec<Argv>,
    ) -> Result<(), ProtocolError> {
        while let Some(request) = self.parser.next(&mut input, limits)? {
            requests.push(request);
            if !limits.authenticated {
                self.rest.extend_from_slice(input);
                break;
            }
        }
        Ok(())
    }
}
