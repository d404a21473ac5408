//! A server with libjson.so, a client, and words for what tests do with them.

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::host::{Host, Module, Server};
use crate::reply::Reply;

type Outcome = Result<(), String>;

/// How long a change of state is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Scene {
    pub host: Host,
    pub server: Server,
    pub client: Client,
}

impl Scene {
    /// A server with the module alone.
    pub fn new(host: Host) -> Result<Scene, String> {
        Scene::with_options(host, &Module::Json.options()?)
    }

    /// A server with these options, which load the module.
    pub fn with_options(host: Host, options: &[String]) -> Result<Scene, String> {
        Scene::of(Server::start(host, options)?)
    }

    /// A server that runs already.
    pub fn of(server: Server) -> Result<Scene, String> {
        let client = server.connect()?;
        Ok(Scene { host: server.host, server, client })
    }

    /// Starts the server again on its directory.
    pub fn restart(&mut self) -> Outcome {
        self.server.restart()?;
        self.client = self.server.connect()?;
        Ok(())
    }

    pub fn call<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Result<Reply, String> {
        let name = String::from_utf8_lossy(argv[0].as_ref()).into_owned();
        self.client.call(argv).map_err(|e| format!("{name}: {e}"))
    }

    /// Words between blanks.
    pub fn run(&mut self, words: &str) -> Result<Reply, String> {
        self.call(&words.split_ascii_whitespace().collect::<Vec<_>>())
    }

    /// The reply, which must be text.
    pub fn text<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Result<Vec<u8>, String> {
        let reply = self.call(argv)?;
        match (reply.is_error(), reply.text()) {
            (false, Some(text)) => Ok(text.to_vec()),
            _ => {
                Err(format!("{}: {}", String::from_utf8_lossy(argv[0].as_ref()), reply.notation()))
            }
        }
    }

    pub fn replies(&mut self, words: &str, wanted: &str) -> Outcome {
        let found = self.run(words)?.notation();
        match found == wanted {
            true => Ok(()),
            false => Err(format!("{words}: {found} instead of {wanted}")),
        }
    }

    /// Any reply but an error.
    pub fn answers(&mut self, words: &str) -> Outcome {
        match self.run(words)? {
            Reply::Closed => Err(format!("{words}: the connection was closed")),
            reply if reply.is_error() => Err(format!("{words}: {}", reply.notation())),
            _ => Ok(()),
        }
    }

    pub fn fails<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Outcome {
        let reply = self.call(argv)?;
        match reply.is_error() {
            true => Ok(()),
            false => Err(format!("{} instead of an error", reply.notation())),
        }
    }

    pub fn info(&mut self, section: &str, field: &str) -> Result<String, String> {
        let text = self.text(&["INFO", section])?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let value =
            text.lines().find_map(|line| line.split_once(':').filter(|(name, _)| *name == field));
        value.map(|(_, value)| value.to_string()).ok_or(format!("INFO {section} has no {field}"))
    }

    /// Waits until a field of INFO is as wanted.
    pub fn awaits(&mut self, section: &str, field: &str, wanted: &str) -> Outcome {
        self.awaits_that(&format!("{field}:{wanted}"), |scene| {
            Ok(scene.info(section, field)? == wanted)
        })
    }

    /// Waits until `holds` says so.
    pub fn awaits_that(
        &mut self,
        what: &str,
        mut holds: impl FnMut(&mut Scene) -> Result<bool, String>,
    ) -> Outcome {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self)? {
            if Instant::now() > deadline {
                return Err(format!("{what} does not come in {PATIENCE:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The module's name on this host, before its configs and INFO fields.
    pub fn prefix(&self) -> &'static str {
        if self.host.is_redis() { "ReJSON" } else { "json" }
    }

    /// A number of the module's own in INFO.
    pub fn figure(&mut self, name: &str) -> Result<u64, String> {
        let field = format!("{}_{name}", self.prefix());
        self.info("modules", &field)?.parse().map_err(|e| format!("{field}: {e}"))
    }

    pub fn panics(&mut self) -> Result<u64, String> {
        self.figure("panics")
    }

    /// Changes a setting of the module.
    pub fn configure(&mut self, name: &str, value: &str) -> Outcome {
        let words = format!("CONFIG SET {}.{name} {value}", self.prefix());
        self.replies(&words, "+OK")
    }

    pub fn set(&mut self, key: &str, json: &str) -> Outcome {
        let reply = self.call(&["JSON.SET", key, "$", json])?.notation();
        match reply.as_str() {
            "+OK" => Ok(()),
            other => Err(format!("JSON.SET {key}: {other}")),
        }
    }

    pub fn get(&mut self, key: &str) -> Result<String, String> {
        let text = self.text(&["JSON.GET", key])?;
        String::from_utf8(text).map_err(|e| e.to_string())
    }

    /// The document at `key` is exactly `json`.
    pub fn holds(&mut self, key: &str, json: &str) -> Outcome {
        let found = self.get(key)?;
        let short = |text: &str| text.chars().take(300).collect::<String>();
        match found == json {
            true => Ok(()),
            false => Err(format!("{key}: {} instead of {}", short(&found), short(json))),
        }
    }

    pub fn restore(&mut self, key: &str, payload: &[u8]) -> Result<Reply, String> {
        self.call(&[&b"RESTORE"[..], key.as_bytes(), b"0", payload, b"REPLACE"])
    }

    pub fn digest(&mut self) -> Result<String, String> {
        Ok(self.run("DEBUG DIGEST")?.notation())
    }

    /// Lives, answers, and has caught no panic.
    pub fn is_well(&mut self) -> Outcome {
        if !self.server.alive() {
            return Err(format!("the server died:\n{}", self.server.log_tail()));
        }
        self.replies("PING", "+PONG")?;
        match self.panics()? {
            0 => Ok(()),
            n => Err(format!("{n} panics:\n{}", self.server.log_tail())),
        }
    }
}
