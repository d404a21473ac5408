//! The execution thread's side of [`io_thread`](crate::io_thread): who serves which client, and what it has to say.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::Receiver;
use engine::{ClientId, Engine, client_flag};
use resp::{Argv, ProtocolError};

use crate::connection::Stream;
use crate::io_thread::{IoThread, News, Order, Report, Shared, SharedLimits};
use crate::log::verbose;
use crate::{output_limits, requests, shutdown};

/// All I/O threads and the clients they serve.
#[derive(Debug)]
pub(crate) struct IoThreads {
    threads: Vec<IoThread>,
    reports: Receiver<Vec<Report>>,
    limits: Arc<SharedLimits>,
    clients: HashMap<ClientId, Remote>,
    /// The thread that takes the next connection.
    next: usize,
}

/// A client whose socket an I/O thread has.
#[derive(Debug)]
struct Remote {
    thread: usize,
    shared: Arc<Shared>,
    /// Requests of the batch that are not executed yet; more than none between turns only while the client is blocked.
    requests: VecDeque<Argv>,
    /// What ended the batch, once its requests are executed.
    refused: Option<ProtocolError>,
    /// The I/O thread waits to be told that the batch is done.
    busy: bool,
    /// Bytes of `Shared::sent` that are counted already.
    counted: u64,
    over_soft_limit_since_ms: Option<i64>,
}

impl IoThreads {
    /// Starts the threads beside the execution thread: `io-threads` counts that one too.
    pub(crate) fn start(count: usize) -> io::Result<Self> {
        let (sender, reports) = crossbeam_channel::unbounded();
        let limits = Arc::new(SharedLimits::default());
        let threads: io::Result<Vec<IoThread>> = (1..count)
            .map(|number| IoThread::start(number, sender.clone(), Arc::clone(&limits)))
            .collect();
        Ok(Self { threads: threads?, reports, limits, clients: HashMap::new(), next: 0 })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.threads.is_empty()
    }

    /// Clients served.
    pub(crate) fn len(&self) -> usize {
        self.clients.len()
    }

    /// Gives a new connection to the thread whose turn it is.
    pub(crate) fn serve(&mut self, engine: &Engine, id: ClientId, stream: Stream) {
        self.set_limits(engine);
        let thread = self.next % self.threads.len();
        self.next += 1;
        let shared = Arc::new(Shared::default());
        let authenticated = engine.clients.get(id).is_some_and(|client| client.authenticated);
        shared.authenticated.store(authenticated, Ordering::Release);
        self.threads[thread].order(Order::Serve {
            client: id,
            stream,
            shared: Arc::clone(&shared),
        });
        let remote = Remote {
            thread,
            shared,
            requests: VecDeque::new(),
            refused: None,
            busy: false,
            counted: 0,
            over_soft_limit_since_ms: None,
        };
        self.clients.insert(id, remote);
    }

    fn set_limits(&self, engine: &Engine) {
        let limits = requests::limits(engine);
        self.limits.bulk_len_max.store(limits.bulk_len_max, Ordering::Relaxed);
        self.limits.query_buffer_max.store(limits.query_buffer_max, Ordering::Relaxed);
    }

    /// Executes what came in since the last call.
    pub(crate) fn take_reports(&mut self, engine: &mut Engine) {
        while let Ok(reports) = self.reports.try_recv() {
            for Report { client, news } in reports {
                self.take_news(engine, client, news);
            }
        }
    }

    fn take_news(&mut self, engine: &mut Engine, id: ClientId, news: News) {
        let Some(remote) = self.clients.get_mut(&id) else { return };
        let (requests, len, refused) = match news {
            News::Requests { requests, len } => (requests, len, None),
            News::Refused { requests, len, error } => (requests, len, Some(error)),
            News::Closed => return self.forget(engine, id),
            News::HungUp => {
                if engine.clients.get(id).is_some_and(|client| client.has(client_flag::BLOCKED)) {
                    self.close(engine, id);
                }
                return;
            }
        };
        engine.stats.net_input_bytes += len;
        if let Some(client) = engine.clients.get_mut(id) {
            client.net_input_bytes += len;
        }
        engine.stats.reads_processed += 1;
        remote.requests.extend(requests);
        remote.refused = refused;
        remote.busy = true;
        self.resume(engine, id);
    }

    /// Executes a client's requests until they are done or it is blocked, and sends what came of it.
    pub(crate) fn resume(&mut self, engine: &mut Engine, id: ClientId) {
        let Some(remote) = self.clients.get_mut(&id) else { return };
        // Requests whose keys have been fetched from memory ahead, before their turn.
        let mut warmed = 0;
        while !shutdown::is_ending() {
            let Some(client) = engine.clients.get(id) else { break };
            if warmed == 0 {
                let keys = remote.requests.iter().filter_map(|request| request.get(1));
                warmed = engine.db(client.db).warm(keys.map(|key| key.as_bytes()));
            }
            warmed = warmed.saturating_sub(1);
            if client.has(
                client_flag::CLOSE_AFTER_REPLY | client_flag::CLOSE_ASAP | client_flag::BLOCKED,
            ) {
                break;
            }
            let Some(request) = remote.requests.pop_front() else { break };
            if requests::is_http(&request[0]) {
                requests::refuse_http(engine, id);
                break;
            }
            engine.execute(id, request);
        }
        let blocked = engine.clients.get(id).is_some_and(|client| client.has(client_flag::BLOCKED));
        if remote.requests.is_empty()
            && !blocked
            && let Some(error) = remote.refused.take()
        {
            requests::refuse(engine, id, error);
        }
        self.send(engine, id);
    }

    /// Hands a client's output over.
    pub(crate) fn send(&mut self, engine: &mut Engine, id: ClientId) {
        let Some(remote) = self.clients.get_mut(&id) else { return };
        let Some(client) = engine.clients.get_mut(id) else { return };
        let blocked = client.has(client_flag::BLOCKED);
        let close = client.has(client_flag::CLOSE_AFTER_REPLY);
        let done = remote.busy && remote.requests.is_empty() && !blocked;
        if client.output.is_empty() && !done && !close {
            return;
        }
        remote.shared.authenticated.store(client.authenticated, Ordering::Release);
        let sent = remote.shared.sent.load(Ordering::Relaxed);
        client.net_output_bytes = sent;
        engine.stats.net_output_bytes += sent - remote.counted;
        engine.stats.writes_processed += u64::from(sent > remote.counted);
        remote.counted = sent;
        client.unsent_len = remote.shared.unsent.load(Ordering::Relaxed);
        let unsent = client.unsent_len;
        let waiting = unsent + client.output.len();
        if output_limits::exceeded(engine, id, waiting, &mut remote.over_soft_limit_since_ms)
            || output_limits::stranger_exceeds(engine, id, unsent)
        {
            engine.stats.client_output_limit_disconnections += 1;
            return self.close(engine, id);
        }
        let Some(client) = engine.clients.get_mut(id) else { return };
        let reply = client.output.take();
        remote.busy &= !done;
        self.threads[remote.thread].order(Order::Send { client: id, reply, done, close });
    }

    /// Closes a client's connection at once.
    pub(crate) fn close(&mut self, engine: &mut Engine, id: ClientId) {
        if let Some(remote) = self.clients.get(&id) {
            self.threads[remote.thread].order(Order::Close { client: id });
        }
        self.forget(engine, id);
    }

    fn forget(&mut self, engine: &mut Engine, id: ClientId) {
        if self.clients.remove(&id).is_some() {
            engine.disconnect(id);
        }
    }

    /// Hands all orders over, before the execution thread sleeps.
    pub(crate) fn flush(&mut self) {
        for thread in &mut self.threads {
            thread.flush();
        }
    }

    /// Closes idle clients, and those that do not take their output.
    pub(crate) fn check(&mut self, engine: &mut Engine) {
        self.set_limits(engine);
        let mut over = Vec::new();
        for (&id, remote) in &mut self.clients {
            let Some(client) = engine.clients.get_mut(id) else { continue };
            client.unsent_len = remote.shared.unsent.load(Ordering::Relaxed);
            let waiting = client.unsent_len;
            if requests::is_idle_too_long(engine, id) {
                verbose!("Closing idle client");
                over.push(id);
            } else if waiting > 0
                && output_limits::exceeded(
                    engine,
                    id,
                    waiting,
                    &mut remote.over_soft_limit_since_ms,
                )
            {
                engine.stats.client_output_limit_disconnections += 1;
                over.push(id);
            }
        }
        for id in over {
            self.close(engine, id);
        }
    }
}
