//! The servers that the suites drive, each started in a directory of its own and stopped with its value.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::reply::Reply;

/// Which program answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    Keystow,
    /// Valkey 8.0, the one that our server is measured by.
    Valkey,
    /// Redis 7.0
    Redis,
    Valkey81,
    Valkey91,
    Redis80,
}

impl Host {
    pub const ALL: [Host; 6] =
        [Host::Keystow, Host::Valkey, Host::Redis, Host::Valkey81, Host::Valkey91, Host::Redis80];

    /// The word for it on the command line and in transcripts; there `valkey` and `redis` mean
    /// every release, see [`crate::transcript::file::Who`].
    pub fn word(self) -> &'static str {
        match self {
            Host::Keystow => "keystow",
            Host::Valkey => "valkey",
            Host::Redis => "redis",
            Host::Valkey81 => "valkey-8.1",
            Host::Valkey91 => "valkey-9.1",
            Host::Redis80 => "redis-8.0",
        }
    }

    pub fn from_word(word: &str) -> Option<Host> {
        Host::ALL.into_iter().find(|host| host.word() == word)
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Host::Keystow => "keystow-server",
            Host::Valkey => "valkey-server 8.0",
            Host::Redis => "redis-server 7.0",
            Host::Valkey81 => "valkey-server 8.1",
            Host::Valkey91 => "valkey-server 9.1",
            Host::Redis80 => "redis-server 8.0",
        }
    }

    /// How its version begins; ours has none to check.
    fn release(self) -> Option<&'static str> {
        match self {
            Host::Keystow => None,
            Host::Valkey => Some("8.0."),
            Host::Redis => Some("7.0."),
            Host::Valkey81 => Some("8.1."),
            Host::Valkey91 => Some("9.1."),
            Host::Redis80 => Some("8.0."),
        }
    }

    pub fn is_redis(self) -> bool {
        matches!(self, Host::Redis | Host::Redis80)
    }

    /// Whether libjson.so alone is compared here. The other commands are those of Valkey 8.0 and Redis 7.0, from
    /// which later releases differ by design.
    pub fn is_for_module_only(self) -> bool {
        matches!(self, Host::Valkey81 | Host::Valkey91 | Host::Redis80)
    }

    /// The program: from the environment, else our build, `target/stock`, or the search path.
    pub fn program(self) -> Result<PathBuf, String> {
        let (variable, below, name) = match self {
            Host::Keystow => ("KEYSTOW_SERVER", "", "keystow-server"),
            Host::Valkey => ("VALKEY_SERVER", "usr/bin", "valkey-server"),
            Host::Redis => ("REDIS_SERVER", "usr/bin", "redis-server"),
            Host::Valkey81 => ("VALKEY_8_1_SERVER", "valkey-8.1", "valkey-server"),
            Host::Valkey91 => ("VALKEY_9_1_SERVER", "valkey-9.1", "valkey-server"),
            Host::Redis80 => ("REDIS_8_0_SERVER", "redis-8.0", "redis-server"),
        };
        if let Some(path) = std::env::var_os(variable) {
            let path = PathBuf::from(path);
            return match path.is_file() {
                true => Ok(path),
                false => Err(format!("{variable} names {}, which is no file", path.display())),
            };
        }
        if self == Host::Keystow {
            return built("keystow-server");
        }
        let extracted = target().join("stock").join(below).join(name);
        if extracted.exists() {
            return Ok(extracted);
        }
        let missing = || format!("{} is missing; `scripts/prepare test` fetches it", self.title());
        if self.is_for_module_only() {
            return Err(missing());
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .map(|dir| dir.join(name))
            .find(|program| program.is_file())
            .ok_or_else(missing)
    }

    /// Refuses a stock server of another release than its name says.
    pub fn check(self) -> Result<PathBuf, String> {
        let program = self.program()?;
        let Some(release) = self.release() else { return Ok(program) };
        let output = Command::new(&program)
            .arg("--version")
            .output()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let version = String::from_utf8_lossy(&output.stdout);
        match version.contains(&format!("v={release}")) {
            true => Ok(program),
            false => Err(format!("{} should be {release}x, is: {version}", program.display())),
        }
    }
}

/// The workspace's root.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the workspace").into()
}

/// Where build products go.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => workspace().join(dir),
        None => workspace().join("target"),
    }
}

/// A release build product.
pub fn built(name: &str) -> Result<PathBuf, String> {
    let path = target().join("release").join(name);
    match path.is_file() {
        true => Ok(path),
        false => Err(format!("{} is missing; `cargo build --release` makes it", path.display())),
    }
}

/// The modules that suites load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Module {
    /// `LIBJSON` from the environment, else our release build.
    Json,
    /// Debian's redisearch.so as it is: `REDISEARCH` from the environment, else `target/stock` or the system's.
    RediSearch,
}

impl Module {
    pub fn from_word(word: &str) -> Option<Module> {
        match word {
            "json" => Some(Module::Json),
            "redisearch" => Some(Module::RediSearch),
            _ => None,
        }
    }

    pub fn path(self) -> Result<PathBuf, String> {
        let variable = match self {
            Module::Json => "LIBJSON",
            Module::RediSearch => "REDISEARCH",
        };
        match (std::env::var_os(variable), self) {
            (Some(path), _) => Ok(path.into()),
            (None, Module::Json) => built("libjson.so"),
            (None, Module::RediSearch) => {
                let below = "usr/lib/redis/modules/redisearch.so";
                [target().join("stock").join(below), Path::new("/").join(below)]
                    .into_iter()
                    .find(|path| path.is_file())
                    .ok_or("redisearch.so is missing; `scripts/test` fetches it".to_string())
            }
        }
    }

    /// The options that load it at start.
    pub fn options(self) -> Result<[String; 2], String> {
        Ok(["--loadmodule".to_string(), self.path()?.to_string_lossy().into_owned()])
    }
}

/// Before a file among the options of a server: its configuration file, which must come first.
const CONFIGURATION: &str = "configuration file:";

/// A running server.
pub struct Server {
    pub host: Host,
    pub port: u16,
    pub dir: PathBuf,
    child: Child,
    options: Vec<String>,
}

/// A fresh directory under the build directory.
pub fn scratch(name: &str) -> io::Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = target().join("suites").join(format!("{}-{name}-{number}", std::process::id()));
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// Removes the directories that this run made; they are kept when something failed.
pub fn remove_scratch() {
    let own = format!("{}-", std::process::id());
    for entry in fs::read_dir(target().join("suites")).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&own) {
            // What cannot be removed stays below the build directory, where it harms nobody.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A port p for a cluster node, which takes p + 10,000 too. Both lie below those that the system gives to outgoing
/// connections, so that a node that is down finds its own free when it comes back.
fn cluster_port() -> io::Result<u16> {
    let mut last = io::Error::other("no port was tried");
    for _ in 0..50 {
        let port = fastrand::u16(10_100..22_000);
        let both = TcpListener::bind(("127.0.0.1", port))
            .and_then(|_first| TcpListener::bind(("127.0.0.1", port + 10_000)).map(|_| port));
        match both {
            Ok(port) => return Ok(port),
            Err(e) => last = e,
        }
    }
    Err(last)
}

impl Server {
    /// Starts `host` with our fixed settings and then `options`, and waits until it answers.
    pub fn start(host: Host, options: &[String]) -> Result<Server, String> {
        let dir = scratch(host.word()).map_err(|e| e.to_string())?;
        Server::start_in(host, dir, options)
    }

    /// As [`Server::start`], on a port that stays its own over [`Server::resume`].
    pub fn start_node(host: Host, options: &[String]) -> Result<Server, String> {
        let dir = scratch(host.word()).map_err(|e| e.to_string())?;
        Server::start_at(cluster_port, host, dir, options)
    }

    /// As [`Server::start`], in a directory that may hold a data file already.
    pub fn start_in(host: Host, dir: PathBuf, options: &[String]) -> Result<Server, String> {
        Server::start_at(free_port, host, dir, options)
    }

    fn start_at(
        choose: fn() -> io::Result<u16>,
        host: Host,
        dir: PathBuf,
        options: &[String],
    ) -> Result<Server, String> {
        let mut last = String::new();
        // Between choosing a port and binding it somebody else may take it.
        for _ in 0..3 {
            let port = choose().map_err(|e| e.to_string())?;
            match Server::attempt(host, &dir, port, options) {
                Ok(server) => return Ok(server),
                Err(e) => last = e,
            }
            if !last.contains("in use") {
                break;
            }
        }
        Err(last)
    }

    /// Starts `host` on a configuration file, which our fixed settings follow.
    pub fn start_with_file(host: Host, file: &str) -> Result<Server, String> {
        Server::start(host, &[CONFIGURATION.to_string(), file.to_string()])
    }

    fn attempt(host: Host, dir: &Path, port: u16, options: &[String]) -> Result<Server, String> {
        let child = Server::spawn(host, dir, port, options)?;
        let mut server =
            Server { host, port, dir: dir.to_path_buf(), child, options: options.to_vec() };
        server.await_answer()?;
        Ok(server)
    }

    fn spawn(host: Host, dir: &Path, port: u16, options: &[String]) -> Result<Child, String> {
        let program = host.program()?;
        let port = port.to_string();
        let log = fs::File::create(dir.join("output")).map_err(|e| e.to_string())?;
        let (file, options) = match options {
            [first, file, rest @ ..] if first == CONFIGURATION => (Some(file), rest),
            options => (None, options),
        };
        Command::new(&program)
            .current_dir(dir)
            .args(file)
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", ""])
            .args(["--enable-debug-command", "yes", "--enable-module-command", "yes"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|e| e.to_string())?)
            .stderr(log)
            .spawn()
            .map_err(|e| format!("{}: {e}", program.display()))
    }

    /// Any reply will do: with a password it is an error.
    fn await_answer(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!(
                    "{} ended at its start ({status}):\n{}",
                    self.host.title(),
                    self.log_tail()
                ));
            }
            if let Ok(mut client) = Client::connect(self.port) {
                let reply = client.run("PING");
                let loading = matches!(&reply, Ok(Reply::Error(e)) if e.starts_with(b"LOADING"));
                if reply.is_ok_and(|reply| reply != Reply::Closed) && !loading {
                    return Ok(());
                }
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(format!("{} did not answer in 30 s:\n{}", self.host.title(), self.log_tail()))
    }

    /// Starts `host` expecting that it refuses: its output, once it ended by itself with a failure.
    pub fn refusal(host: Host, dir: &Path, options: &[String]) -> Result<String, String> {
        let port = free_port().map_err(|e| e.to_string())?;
        let child = Server::spawn(host, dir, port, options)?;
        let options = options.to_vec();
        let mut server = Server { host, port, dir: dir.to_path_buf(), child, options };
        let status = server.await_end(Duration::from_secs(10))?;
        let log = server.log();
        match status.code() {
            Some(0) => Err(format!("{} ended well:\n{}", host.title(), server.log_tail())),
            Some(_) if !log.contains("panicked") => Ok(log),
            _ => Err(format!("{} died ({status}):\n{}", host.title(), server.log_tail())),
        }
    }

    /// Starts `host` on a configuration file alone, expecting that it refuses: its output.
    pub fn refused_configuration(host: Host, dir: &Path, file: &Path) -> Result<String, String> {
        let program = host.program()?;
        let output = Command::new(&program)
            .current_dir(dir)
            .arg(file)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        match output.status.code() {
            Some(code) if code != 0 && !text.contains("panicked") => Ok(text),
            _ => Err(format!("{}: {}\n{text}", host.title(), output.status)),
        }
    }

    pub fn connect(&self) -> Result<Client, String> {
        Client::connect(self.port).map_err(|e| format!("connect to {}: {e}", self.host.title()))
    }

    /// What it was started with beside our fixed settings.
    pub fn options(&self) -> &[String] {
        &self.options
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process still runs.
    pub fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub fn log(&self) -> String {
        let bytes = fs::read(self.dir.join("output")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// As [`Server::log`], with what was written before [`Server::resume`].
    pub fn whole_log(&self) -> String {
        let before = fs::read(self.dir.join("output.before")).unwrap_or_default();
        String::from_utf8_lossy(&before).into_owned() + &self.log()
    }

    /// The last lines that the server wrote.
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    /// Waits for the end of a process that was asked to stop.
    pub fn await_end(&mut self, patience: Duration) -> Result<std::process::ExitStatus, String> {
        let deadline = Instant::now() + patience;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Ok(None) => return Err(format!("{} does not end", self.host.title())),
                Err(e) => return Err(e.to_string()),
            }
        }
    }

    pub fn kill(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends the process a signal by its name, as `-TERM`.
    pub fn signal(&self, name: &str) -> Result<(), String> {
        let status = Command::new("kill").args([name, &self.pid().to_string()]).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            other => Err(format!("kill {name}: {other:?}")),
        }
    }

    /// Kills the process if it still runs, and starts the program again on the same directory and port. What it
    /// wrote before is in `output.before`.
    pub fn resume(&mut self) -> Result<(), String> {
        self.kill();
        let before = self.dir.join("output.before");
        let mut log = fs::read(&before).unwrap_or_default();
        log.extend(fs::read(self.dir.join("output")).unwrap_or_default());
        fs::write(before, log).map_err(|e| e.to_string())?;
        *self = Server::attempt(self.host, &self.dir.clone(), self.port, &self.options.clone())?;
        Ok(())
    }

    /// As [`Server::resume`], with other options from now on.
    pub fn resume_with(&mut self, options: Vec<String>) -> Result<(), String> {
        self.options = options;
        self.resume()
    }

    /// Starts the program again on the same directory.
    pub fn restart(&mut self) -> Result<(), String> {
        self.kill();
        *self = Server::start_in(self.host, self.dir.clone(), &self.options.clone())?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
