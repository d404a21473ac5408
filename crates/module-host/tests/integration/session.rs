//! The engine of the tests, behind the lock that a module's threads take.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use byte_string::ByteString;
use engine::config::Config;
use engine::hooks::ModuleLoad;
use engine::{ClientId, Clock, Engine};
use parking_lot::{Mutex, MutexGuard};

/// How long a test waits for what a thread does.
const PATIENCE: Duration = Duration::from_secs(10);

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

static ENGINE: LazyLock<&'static Mutex<Engine>> = LazyLock::new(|| {
    let clock = Clock::new(wall_us, monotonic_us);
    let mut engine = Engine::new(Config::default(), clock);
    engine.server.log = |_, line| LOG.lock().push(line.to_owned());
    engine.propagation.sink = Some(|_, operations| {
        let lines = operations.iter().map(|operation| {
            let words: Vec<_> =
                operation.argv.iter().map(|word| word.escape_ascii().to_string()).collect();
            words.join(" ")
        });
        PROPAGATED.lock().extend(lines);
    });
    module_host::install(&mut engine);
    let lock: &'static Mutex<Engine> = Box::leak(Box::new(Mutex::new(engine)));
    module_host::set_global_lock(lock);
    lock
});

static PROPAGATED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn wall_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros() as i64
}

fn monotonic_us() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_micros() as u64
}

/// The module, compiled once a run.
pub(crate) fn probe() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let source =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/integration/modules/probe.c");
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("probe.so");
        let compiled = Command::new("cc")
            .args([
                "-std=gnu11",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-shared",
                "-fPIC",
                "-pthread",
                "-o",
            ])
            .arg(&target)
            .arg(&source)
            .status()
            .expect("a C compiler");
        assert!(compiled.success());
        target.to_string_lossy().into_owned()
    })
}

/// Held by the test that runs, also while it lets the engine go.
static TURN: Mutex<()> = Mutex::new(());

/// One client of the engine.
pub(crate) struct Session {
    engine: MutexGuard<'static, Engine>,
    _turn: MutexGuard<'static, ()>,
    pub(crate) client: ClientId,
}

impl Session {
    /// With the module loaded and nothing in the databases.
    pub(crate) fn new() -> Self {
        let mut this = Self::bare();
        if !this.send("MODULE LIST").contains("probe") {
            this.load(&[]).expect("the module loads");
        }
        this.send("FLUSHALL");
        PROPAGATED.lock().clear();
        this
    }

    /// Without looking whether the module is there.
    pub(crate) fn bare() -> Self {
        let turn = TURN.lock();
        let mut engine = ENGINE.lock();
        let client = engine.connect();
        Self { engine, _turn: turn, client }
    }

    pub(crate) fn load(&mut self, args: &[&str]) -> Result<(), String> {
        let load = ModuleLoad {
            path: probe().to_owned(),
            args: args.iter().map(|&arg| ByteString::from(arg)).collect(),
            configs: Vec::new(),
        };
        let hook = self.engine.modules.load;
        hook(&mut self.engine, load).map_err(|error| error.to_string())
    }

    /// Sends words split at spaces; line ends of the reply are written `|`.
    pub(crate) fn send(&mut self, line: &str) -> String {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        self.send_words(&words)
    }

    pub(crate) fn send_words(&mut self, words: &[&[u8]]) -> String {
        let argv = words.iter().map(|&word| ByteString::from(word)).collect();
        self.engine.execute(self.client, argv);
        self.output()
    }

    /// What has come for the client since.
    pub(crate) fn output(&mut self) -> String {
        let Some(client) = self.engine.clients.get_mut(self.client) else { return String::new() };
        client
            .output
            .take()
            .to_vec()
            .escape_ascii()
            .to_string()
            .replace(r"\r\n", "|")
            .replace(r"\'", "'")
    }

    /// The bytes of a bulk reply.
    pub(crate) fn bulk(&mut self, words: &[&[u8]]) -> Vec<u8> {
        let argv = words.iter().map(|&word| ByteString::from(word)).collect();
        self.engine.execute(self.client, argv);
        let client = self.engine.clients.get_mut(self.client).expect("connected");
        let bytes = client.output.take().to_vec();
        match resp::read_token(&bytes) {
            Ok(Some((resp::Token::Bulk(text), _))) => text.to_vec(),
            other => panic!("no bulk: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str, reply: &str) {
        assert_eq!(self.send(line), reply, "{line}");
    }

    /// Turns the loop, the lock free in between, until there is output.
    pub(crate) fn wait(&mut self) -> String {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            MutexGuard::unlocked(&mut self.engine, || std::thread::sleep(Duration::from_millis(2)));
            self.engine.clock.refresh();
            module_host::tick(&mut self.engine);
            let output = self.output();
            if !output.is_empty() {
                return output;
            }
        }
        String::new()
    }

    /// Turns the loop until `line` is answered so.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, line: &str, reply: &str) {
        let started = Instant::now();
        while self.send(line) != reply {
            assert!(started.elapsed() < PATIENCE, "{line} is never {reply}");
            MutexGuard::unlocked(&mut self.engine, || std::thread::sleep(Duration::from_millis(2)));
            self.engine.clock.refresh();
            module_host::tick(&mut self.engine);
        }
    }

    pub(crate) fn disconnect(&mut self) {
        let client = self.client;
        self.engine.disconnect(client);
    }

    pub(crate) fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    pub(crate) fn propagated(&mut self) -> Vec<String> {
        std::mem::take(&mut PROPAGATED.lock())
    }

    pub(crate) fn log(&self) -> String {
        LOG.lock().join("\n")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.disconnect();
    }
}
