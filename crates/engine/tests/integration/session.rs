//! An engine in memory with one client, whose time the test sets.

use std::cell::{Cell, RefCell};

use byte_string::ByteString;
use engine::config::Config;
use engine::{Client, ClientId, Clock, Engine, notify};

thread_local! {
    /// Unix time in milliseconds.
    static NOW_MS: Cell<i64> = const { Cell::new(0) };
    static PROPAGATED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static EVENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

pub(crate) const START_MS: i64 = 1_700_000_000_000;

pub(crate) struct Session {
    pub(crate) engine: Engine,
    client: ClientId,
}

impl Session {
    /// Events of every class and all propagated commands are kept.
    pub(crate) fn new() -> Self {
        NOW_MS.set(START_MS);
        PROPAGATED.take();
        EVENTS.take();
        let clock = Clock::new(|| NOW_MS.get() * 1000, || 0);
        let mut engine = Engine::new(Config::default(), clock);
        engine.propagation.sink = Some(|_, operations| {
            let lines = operations.iter().map(|operation| words(&operation.argv));
            PROPAGATED.with_borrow_mut(|propagated| propagated.extend(lines));
        });
        engine.modules.notify = Some(|_, class, event, key, db| {
            if class & (notify::class::NEW | notify::class::KEY_MISS) == 0 {
                let line = format!("{event} {} {db}", key.escape_ascii());
                EVENTS.with_borrow_mut(|events| events.push(line));
            }
        });
        let client = engine.connect();
        Self { engine, client }
    }

    /// Sends a command of words split at spaces and gives the reply as it goes to the socket.
    #[track_caller]
    pub(crate) fn send(&mut self, line: &str) -> String {
        self.send_words(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>())
    }

    #[track_caller]
    pub(crate) fn send_words(&mut self, argv: &[&[u8]]) -> String {
        self.send_raw(argv).escape_ascii().to_string().replace(r"\r\n", "|").replace(r"\'", "'")
    }

    #[track_caller]
    pub(crate) fn send_raw(&mut self, argv: &[&[u8]]) -> Vec<u8> {
        let argv = argv.iter().map(|&word| ByteString::from(word)).collect();
        self.engine.clock.refresh();
        self.engine.execute(self.client, argv);
        let output = self
            .engine
            .clients
            .get_mut(self.client)
            .map(|client: &mut Client| client.output.take());
        output.expect("the client is connected").to_vec()
    }

    /// Sends `line` and checks the reply; line ends in it are written `|`.
    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str, reply: &str) {
        assert_eq!(self.send(line), reply, "{line}");
    }

    /// What `line` has repeated by replicas, one command a line.
    #[track_caller]
    pub(crate) fn propagated(&mut self, line: &str) -> Vec<String> {
        self.propagated_words(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>())
    }

    #[track_caller]
    pub(crate) fn propagated_words(&mut self, argv: &[&[u8]]) -> Vec<String> {
        PROPAGATED.take();
        self.send_words(argv);
        PROPAGATED.take()
    }

    /// The events that `line` sends, as "event key database".
    #[track_caller]
    pub(crate) fn events(&mut self, line: &str) -> Vec<String> {
        EVENTS.take();
        self.send(line);
        EVENTS.take()
    }

    pub(crate) fn pass_ms(&self, ms: i64) {
        NOW_MS.set(NOW_MS.get() + ms);
    }
}

fn words(argv: &[ByteString]) -> String {
    argv.iter().map(|word| word.escape_ascii().to_string()).collect::<Vec<_>>().join(" ")
}
