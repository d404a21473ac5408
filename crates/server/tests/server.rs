//! The program from outside: start, protocol, limits, saving, end. Every server listens to a socket in a directory of
//! its own, so that tests need no ports and run side by side.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use resp::{Value, read_value};

const PATIENCE: Duration = Duration::from_secs(20);

/// A directory that goes with its test.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("keystow-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory for the test");
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn command(dir: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystow-server"));
    command.current_dir(dir).args(options).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a server that is expected not to start.
fn run_to_end(dir: &Dir, options: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } =
        command(&dir.0, options).output().expect("the program runs");
    let text = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// How often the log says that a server was ready.
fn starts(dir: &Dir) -> usize {
    let log = std::fs::read_to_string(dir.file("log")).unwrap_or_default();
    log.matches("Ready to accept connections unix").count()
}

struct Server {
    process: Child,
    socket: PathBuf,
}

impl Server {
    fn start(dir: &Dir, options: &[&str]) -> Self {
        let socket = dir.file("socket");
        let common = ["--port", "0", "--unixsocket", "socket", "--logfile", "log"];
        // Another server may have used the log before.
        let before = starts(dir);
        let process =
            command(&dir.0, &[&common, options].concat()).spawn().expect("the program runs");
        wait_for("the server starts", || starts(dir) > before);
        Self { process, socket }
    }

    fn connect(&self) -> Client {
        let stream = UnixStream::connect(&self.socket).expect("the socket is listened to");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Client { stream, received: Vec::new() }
    }

    fn signal(&self, name: &str) {
        let status =
            Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Waits for the end; gives the exit code.
    fn wait(mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().expect("a child of ours") {
                return status.code();
            }
            assert!(Instant::now() < until, "the server did not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Client {
    stream: UnixStream,
    received: Vec<u8>,
}

impl Client {
    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// The next reply; `None` when the server closed the connection.
    fn reply(&mut self) -> Option<Value> {
        loop {
            if let Some((value, len)) = read_value(&self.received).expect("a reply") {
                self.received.drain(..len);
                return Some(value);
            }
            let mut buffer = [0; 64 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(len) => self.received.extend_from_slice(&buffer[..len]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no reply: {error}"),
            }
        }
    }

    /// Sends an inline command and reads its reply.
    fn ask(&mut self, line: &str) -> Value {
        self.send(format!("{line}\r\n").as_bytes());
        self.reply().expect("a reply")
    }
}

fn simple(text: &str) -> Value {
    Value::Simple(text.as_bytes().to_vec())
}

fn bulk(text: &str) -> Value {
    Value::Bulk(text.as_bytes().to_vec())
}

fn error(text: &str) -> Value {
    Value::Error(text.as_bytes().to_vec())
}

fn wait_for(what: &str, mut test: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !test() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn info(client: &mut Client, field: &str) -> String {
    let Value::Bulk(text) = client.ask("INFO everything") else {
        panic!("INFO gives a bulk string")
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("INFO has {field}")).to_owned()
}

/// With the execution thread doing all the work, and with threads beside it.
const THREADS: [&str; 2] = ["1", "3"];

#[test]
fn answers_pipelines_in_order_however_they_are_cut() {
    for threads in THREADS {
        let dir = Dir::new();
        let server = Server::start(&dir, &["--io-threads", threads, "--save", ""]);
        let mut client = server.connect();
        let mut bytes = Vec::new();
        for i in 0..1000 {
            bytes.extend_from_slice(
                format!("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$4\r\n{i:04}\r\nGET key\r\n").as_bytes(),
            );
        }
        for piece in bytes.chunks(777) {
            client.send(piece);
        }
        for i in 0..1000 {
            assert_eq!(client.reply(), Some(simple("OK")));
            assert_eq!(client.reply(), Some(bulk(&format!("{i:04}"))));
        }
    }
}

#[test]
fn large_values_go_in_and_out_whole() {
    for threads in THREADS {
        let dir = Dir::new();
        let server = Server::start(&dir, &["--io-threads", threads, "--save", ""]);
        let mut client = server.connect();
        let value: Vec<u8> = (0..3_000_000u32).map(|i| (i * 7 % 251) as u8).collect();
        client.send(format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n", value.len()).as_bytes());
        client.send(&value);
        client.send(b"\r\nGET k\r\nGET k\r\nPING\r\n");
        assert_eq!(client.reply(), Some(simple("OK")));
        assert!(client.reply() == Some(Value::Bulk(value.clone())));
        assert!(client.reply() == Some(Value::Bulk(value)));
        assert_eq!(client.reply(), Some(simple("PONG")));
    }
}

#[test]
fn bytes_that_are_no_request_end_their_connection_only() {
    for threads in THREADS {
        let dir = Dir::new();
        let server = Server::start(&dir, &["--io-threads", threads, "--save", ""]);
        let mut other = server.connect();
        for (bytes, text) in [
            (&b"*1\r\nfoo\r\n"[..], "ERR Protocol error: expected '$', got 'f'"),
            (b"*99999999999\r\n", "ERR Protocol error: invalid multibulk length"),
            (b"*1\r\n$-5\r\n", "ERR Protocol error: invalid bulk length"),
            (b"get \"a\r\n", "ERR Protocol error: unbalanced quotes in request"),
        ] {
            let mut client = server.connect();
            client.send(&[b"PING\r\n", bytes].concat());
            assert_eq!(client.reply(), Some(simple("PONG")));
            assert_eq!(client.reply(), Some(error(text)));
            assert_eq!(client.reply(), None);
        }
        let mut client = server.connect();
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(client.reply(), None);
        assert_eq!(other.ask("PING"), simple("PONG"));
    }
}

#[test]
fn a_client_that_must_authenticate_may_do_little() {
    for threads in THREADS {
        let dir = Dir::new();
        let server = Server::start(
            &dir,
            &["--io-threads", threads, "--save", "", "--requirepass", "secret word"],
        );
        let mut client = server.connect();
        assert_eq!(client.ask("GET a"), error("NOAUTH Authentication required."));
        client.send(b"*11\r\n");
        assert_eq!(
            client.reply(),
            Some(error("ERR Protocol error: unauthenticated multibulk length"))
        );
        assert_eq!(client.reply(), None);
        let mut client = server.connect();
        client.send(b"*2\r\n$16385\r\n");
        assert_eq!(client.reply(), Some(error("ERR Protocol error: unauthenticated bulk length")));
        let mut client = server.connect();
        // The limits are those of the moment: the second request comes after a good password.
        client.send(b"AUTH \"secret word\"\r\n*12\r\n$3\r\nDEL\r\n");
        client.send("$1\r\na\r\n".repeat(11).as_bytes());
        assert_eq!(client.reply(), Some(simple("OK")));
        assert_eq!(client.reply(), Some(Value::Integer(0)));
    }
}

#[test]
fn too_many_clients_are_told_so() {
    for threads in THREADS {
        let dir = Dir::new();
        let server =
            Server::start(&dir, &["--io-threads", threads, "--save", "", "--maxclients", "2"]);
        let (mut first, mut second) = (server.connect(), server.connect());
        assert_eq!(first.ask("PING"), simple("PONG"));
        assert_eq!(second.ask("PING"), simple("PONG"));
        let mut third = server.connect();
        assert_eq!(third.reply(), Some(error("ERR max number of clients reached")));
        assert_eq!(third.reply(), None);
        drop(second);
        wait_for("the place becomes free", || {
            let mut client = server.connect();
            client.stream.write_all(b"PING\r\n").is_ok() && client.reply() == Some(simple("PONG"))
        });
    }
}

#[test]
fn a_client_that_does_not_read_is_closed_at_its_limit() {
    for threads in THREADS {
        let dir = Dir::new();
        let server = Server::start(
            &dir,
            &[
                "--io-threads",
                threads,
                "--save",
                "",
                "--client-output-buffer-limit",
                "normal 1mb 0 0",
            ],
        );
        let mut client = server.connect();
        assert_eq!(client.ask(&format!("SET big {}", "x".repeat(60_000))), simple("OK"));
        client.send("GET big\r\n".repeat(200).as_bytes());
        let mut other = server.connect();
        wait_for("the client is closed", || {
            info(&mut other, "client_output_buffer_limit_disconnections") == "1"
        });
        assert_eq!(other.ask("PING"), simple("PONG"));
    }
}

#[test]
fn idle_clients_are_closed() {
    for threads in THREADS {
        let dir = Dir::new();
        let server =
            Server::start(&dir, &["--io-threads", threads, "--save", "", "--timeout", "1"]);
        let mut client = server.connect();
        assert_eq!(client.ask("PING"), simple("PONG"));
        assert_eq!(client.reply(), None);
    }
}

#[test]
fn what_was_saved_is_there_after_a_restart() {
    let dir = Dir::new();
    let server = Server::start(&dir, &["--save", "3600 1"]);
    let mut client = server.connect();
    assert_eq!(client.ask("SET a 1"), simple("OK"));
    assert_eq!(client.ask("SELECT 3"), simple("OK"));
    assert_eq!(client.ask("HSET h f v"), Value::Integer(1));
    assert_eq!(client.ask("PEXPIREAT h 99999999999999"), Value::Integer(1));
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert!(!dir.file("socket").exists());

    let server = Server::start(&dir, &["--save", ""]);
    let mut client = server.connect();
    assert_eq!(client.ask("GET a"), bulk("1"));
    assert_eq!(client.ask("SELECT 3"), simple("OK"));
    assert_eq!(client.ask("HGET h f"), bulk("v"));
    assert_eq!(client.ask("PEXPIRETIME h"), Value::Integer(99_999_999_999_999));
    assert_eq!(info(&mut client, "rdb_last_load_keys_loaded"), "2");
    assert_eq!(client.ask("SET a 2"), simple("OK"));
    assert_eq!(client.ask("BGSAVE"), simple("Background saving started"));
    wait_for("the child has ended", || info(&mut client, "rdb_bgsave_in_progress") == "0");
    assert_eq!(info(&mut client, "rdb_last_bgsave_status"), "ok");
    assert_eq!(info(&mut client, "rdb_changes_since_last_save"), "0");
    server.signal("KILL");
    server.wait();

    let server = Server::start(&dir, &["--save", ""]);
    let mut client = server.connect();
    assert_eq!(client.ask("SELECT 3"), simple("OK"));
    assert_eq!(client.ask("GET a"), bulk("2"));
    let left: Vec<_> = std::fs::read_dir(&dir.0)
        .expect("the directory")
        .flatten()
        .map(|e| e.file_name())
        .collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("temp-")), "{left:?}");
}

#[test]
fn a_broken_file_stops_the_start_and_stays() {
    let dir = Dir::new();
    let server = Server::start(&dir, &["--save", ""]);
    let mut client = server.connect();
    for i in 0..100 {
        assert_eq!(client.ask(&format!("SET key:{i} value:{i}")), simple("OK"));
    }
    assert_eq!(client.ask("SAVE"), simple("OK"));
    client.send(b"SHUTDOWN NOSAVE\r\n");
    assert_eq!(client.reply(), None);
    assert_eq!(server.wait(), Some(0));

    let good = std::fs::read(dir.file("dump.rdb")).expect("the file");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 0x10;
    let mut unsigned = good.clone();
    unsigned[0] = b'X';
    for (bytes, text) in [
        (&good[..good.len() / 2], "Short read or OOM loading DB"),
        (&flipped, "Fatal error loading the DB"),
        (&unsigned, "Wrong signature trying to load DB from file"),
        (b"REDIS9999", "Can't handle RDB format version 9999"),
    ] {
        std::fs::write(dir.file("dump.rdb"), bytes).expect("the file can be written");
        let (code, output) = run_to_end(&dir, &["--port", "0", "--unixsocket", "socket"]);
        assert_eq!(code, Some(1), "{output}");
        assert!(output.contains(text), "{output}");
        assert!(std::fs::read(dir.file("dump.rdb")).expect("the file") == bytes);
    }
}

#[test]
fn a_save_that_fails_changes_nothing() {
    let dir = Dir::new();
    let server = Server::start(&dir, &["--save", "3600 1"]);
    let mut client = server.connect();
    assert_eq!(client.ask("SET a 1"), simple("OK"));
    assert_eq!(client.ask("SAVE"), simple("OK"));
    let before = std::fs::read(dir.file("dump.rdb")).expect("the file");
    // A directory in the way of the temporary file, whoever runs the test.
    let name = format!("temp-{}.rdb", server.process.id());
    std::fs::create_dir(dir.file(&name)).expect("a directory");
    assert_eq!(client.ask("SAVE"), error("ERR Saving failed, see the server's log"));
    client.send(b"SHUTDOWN\r\n");
    assert_eq!(client.reply(), Some(error("ERR Errors trying to SHUTDOWN. Check logs.")));
    assert_eq!(std::fs::read(dir.file("dump.rdb")).expect("the file"), before);
    std::fs::remove_dir(dir.file(&name)).expect("our own directory");

    // And one in the way of the file itself, which a child meets.
    std::fs::remove_file(dir.file("dump.rdb")).expect("the file");
    std::fs::create_dir(dir.file("dump.rdb")).expect("a directory");
    assert_eq!(client.ask("SET a 2"), simple("OK"));
    assert_eq!(client.ask("BGSAVE"), simple("Background saving started"));
    wait_for("the child has ended", || info(&mut client, "rdb_bgsave_in_progress") == "0");
    assert_eq!(info(&mut client, "rdb_last_bgsave_status"), "err");
    assert!(matches!(client.ask("SET a 3"), Value::Error(text) if text.starts_with(b"MISCONF")));
    std::fs::remove_dir(dir.file("dump.rdb")).expect("our own directory");
    assert_eq!(client.ask("SAVE"), simple("OK"));
    assert_eq!(client.ask("SET a 3"), simple("OK"));
}

#[test]
fn a_bad_configuration_stops_the_start() {
    let dir = Dir::new();
    std::fs::write(dir.file("bad.conf"), "port 0\n\nno-such-thing 1\n").expect("a file");
    for (options, texts) in [
        (
            &["bad.conf"][..],
            &[
                "*** FATAL CONFIG FILE ERROR",
                "at line 3\n>>> 'no-such-thing 1'\nBad directive or wrong number of arguments",
            ][..],
        ),
        (
            &["--port", "x"],
            &["*** FATAL CONFIG FILE ERROR", "argument couldn't be parsed into an integer"],
        ),
        (&["--appendonly", "yes"], &["the append-only file is not supported yet"]),
        (&["--user", "bob", "on"], &["ACL users are not supported yet"]),
        (&["gone.conf"], &["Fatal error, can't open config file"]),
        (&["--dir", "gone"], &["Can't chdir to 'gone': No such file or directory"]),
        (&["--port", "0"], &["Configured to not listen anywhere"]),
    ] {
        let (code, output) = run_to_end(&dir, options);
        assert_eq!(code, Some(1), "{options:?}: {output}");
        for text in texts {
            assert!(output.contains(text), "{options:?}: {output}");
        }
    }
}

#[test]
fn the_configuration_is_read_changed_and_written_back() {
    let dir = Dir::new();
    std::fs::write(dir.file("part.conf"), "maxmemory 100mb\n").expect("a file");
    std::fs::write(
        dir.file("k.conf"),
        "# mine\nport 0\nunixsocket socket\nlogfile log\nsave 900 1\ninclude part.conf\nhz 12\n",
    )
    .expect("a file");
    let server = Server::start(&dir, &["--save", ""]);
    drop(server);
    std::fs::remove_file(dir.file("log")).expect("the log");

    let process = command(&dir.0, &["k.conf", "--hz", "13"]).spawn().expect("the program runs");
    let server = Server { process, socket: dir.file("socket") };
    wait_for("the server starts", || UnixStream::connect(&server.socket).is_ok());
    let mut client = server.connect();
    let pair = |name: &str, value: &str| Value::Array(vec![bulk(name), bulk(value)]);
    assert_eq!(client.ask("CONFIG GET maxmemory"), pair("maxmemory", "104857600"));
    assert_eq!(client.ask("CONFIG GET hz"), pair("hz", "13"));
    assert_eq!(client.ask("CONFIG SET timeout 77"), simple("OK"));
    assert_eq!(client.ask("CONFIG REWRITE"), simple("OK"));
    let text = std::fs::read_to_string(dir.file("k.conf")).expect("the file");
    assert!(text.starts_with("# mine\nport 0\n"), "{text}");
    assert!(text.contains("include part.conf\nhz 13\n"), "{text}");
    assert!(text.contains("timeout 77\n"), "{text}");
}
