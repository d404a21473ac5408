//! One server, and the clients that a case opens to it by name.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::host::{Host, Server};
use crate::reply::Reply;
use crate::transcript::file::{Action, Case, File};

pub struct Session {
    pub server: Server,
    pub protocol: u8,
    admin: Client,
    clients: BTreeMap<String, Client>,
    variables: BTreeMap<String, Vec<u8>>,
}

impl Session {
    pub fn start(file: &File, host: Host, protocol: u8) -> Result<Session, String> {
        let mut options = file.options.clone();
        if let Some(module) = file.module {
            options.extend(module.options()?);
            options.extend(file.module_arguments.iter().cloned());
        }
        let server = Server::start(host, &options)?;
        let admin = server.connect()?;
        Ok(Session {
            server,
            protocol,
            admin,
            clients: BTreeMap::new(),
            variables: BTreeMap::new(),
        })
    }

    /// Forgets the former case: its clients, its variables, its keys.
    pub fn begin(&mut self, case: &Case) -> Result<(), String> {
        self.clients.clear();
        self.variables.clear();
        let fault = |e| format!("before case {:?}: {e}", case.name);
        if !self.admin.run("FLUSHALL").is_ok_and(|reply| !matches!(reply, Reply::Closed)) {
            // The case killed this connection with the others.
            self.admin = self.server.connect()?;
            self.admin.run("FLUSHALL").map_err(fault)?;
        }
        // The server has to notice that the clients went.
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline {
            let reply = self.admin.run("INFO clients").map_err(fault)?;
            let text = String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned();
            match text.lines().find_map(|line| line.strip_prefix("connected_clients:")) {
                Some("1") | None => break,
                Some(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        Ok(())
    }

    pub fn client(&mut self, name: &str) -> Result<&mut Client, String> {
        if !self.clients.contains_key(name) {
            let mut client = self.server.connect()?;
            if self.protocol == 3 {
                let reply = client.run("HELLO 3").map_err(|e| format!("HELLO 3: {e}"))?;
                if !matches!(reply, Reply::Map(_) | Reply::Error(_)) {
                    return Err(format!("HELLO 3 answers {}", reply.notation()));
                }
            }
            self.clients.insert(name.to_string(), client);
        }
        Ok(self.clients.get_mut(name).expect("it was just inserted"))
    }

    /// Sends what the step says; the replies are read by the caller.
    pub fn act(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Send { client, argv, .. } => {
                let argv: Result<Vec<_>, _> = argv.iter().map(|arg| self.substitute(arg)).collect();
                let argv = argv?;
                self.client(client)?.send(&argv).map_err(|e| format!("send: {e}"))
            }
            Action::Raw { client, bytes } => {
                let bytes = self.substitute(bytes)?;
                self.client(client)?.send_raw(&bytes).map_err(|e| format!("send: {e}"))
            }
            Action::Read { client } => self.client(client).map(|_| ()),
            Action::Sleep { ms } => {
                std::thread::sleep(Duration::from_millis(*ms));
                Ok(())
            }
            Action::Close { client } => {
                self.clients.remove(client);
                Ok(())
            }
        }
    }

    /// Puts values in place of `${name}`, and 1,000 bytes `x` in place of `${1000*x}`.
    fn substitute(&self, text: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.windows(2).position(|two| two == b"${") {
            out.extend_from_slice(&rest[..at]);
            let end = rest[at..].iter().position(|b| *b == b'}').ok_or("`${` without `}`")?;
            let name = String::from_utf8_lossy(&rest[at + 2..at + end]).into_owned();
            rest = &rest[at + end + 1..];
            let repeated = name.split_once('*').and_then(|(n, text)| Some((n.parse().ok()?, text)));
            match repeated {
                Some((count, text)) => out.extend(text.repeat(count).as_bytes()),
                None => out.extend(
                    self.variables
                        .get(&name)
                        .ok_or_else(|| format!("${{{name}}} was not saved"))?,
                ),
            }
        }
        out.extend_from_slice(rest);
        Ok(out)
    }

    /// Changes a reply as the step's filters say.
    pub fn filter(&mut self, mut reply: Reply, filters: &[Vec<String>]) -> Result<Reply, String> {
        for filter in filters {
            let words: Vec<&str> = filter.iter().map(String::as_str).collect();
            reply = match (words.as_slice(), reply) {
                (_, error) if error.is_error() => return Ok(error),
                (["save", name], reply) => {
                    let value = match &reply {
                        Reply::Integer(value) => value.to_string().into_bytes(),
                        reply => reply.text().ok_or("only text can be saved")?.to_vec(),
                    };
                    self.variables.insert((*name).to_string(), value);
                    reply
                }
                (["sort"], Reply::Array(items) | Reply::Set(items)) => Reply::Array(sorted(items)),
                (["pairs"], reply) => pairs(reply)?,
                (["names"], reply) => names(reply)?,
                (["count"], Reply::Array(items) | Reply::Set(items) | Reply::Push(items)) => {
                    count(items.len())
                }
                (["count"], Reply::Map(items)) => count(items.len()),
                (["length"], reply) => count(text(&reply)?.len()),
                (["without", name], reply) => without(reply, name),
                (["item", at], Reply::Array(mut items)) => {
                    let at: usize = at.parse().map_err(|e| format!("item {at}: {e}"))?;
                    match at >= 1 && at <= items.len() {
                        true => items.swap_remove(at - 1),
                        false => return Err(format!("no item {at}")),
                    }
                }
                (["value", name], Reply::Map(items)) => {
                    let found = items.into_iter().find(|(key, _)| is_named(key, name));
                    found.ok_or_else(|| format!("no member {name}"))?.1
                }
                (["value", name], Reply::Array(items)) => {
                    let found = items.chunks_exact(2).find(|pair| is_named(&pair[0], name));
                    found.ok_or_else(|| format!("no member {name}"))?[1].clone()
                }
                (["fields"], reply) => fields(&text(&reply)?),
                (["field", name], reply) => {
                    let prefix = format!("{name}:");
                    let text = text(&reply)?;
                    match text.lines().find_map(|line| line.strip_prefix(&prefix)) {
                        Some(value) => Reply::Bulk(value.into()),
                        None => Reply::NilBulk,
                    }
                }
                (["lines", prefix], reply) => {
                    let text = text(&reply)?;
                    let lines = text.lines().filter(|line| line.starts_with(prefix));
                    Reply::Array(lines.map(|line| Reply::Bulk(line.into())).collect())
                }
                (words, reply) => {
                    return Err(format!("filter {words:?} on {}", reply.notation()));
                }
            };
        }
        Ok(reply)
    }

    /// Clients to which the server has sent something that no step read.
    pub fn leftovers(&mut self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, client) in &mut self.clients {
            if let Ok(bytes) = client.leftover(Duration::from_millis(1))
                && !bytes.is_empty()
            {
                let text = crate::reply::quoted(&bytes);
                found.push(format!("client {name:?} was sent more than the case reads: {text}"));
            }
        }
        found
    }
}

/// The text of a reply, of a verbatim string without its format.
fn text(reply: &Reply) -> Result<String, String> {
    let bytes = match reply {
        Reply::Verbatim(bytes) => bytes.get(4..).unwrap_or_default(),
        other => other.text().ok_or_else(|| format!("not text: {}", reply.notation()))?,
    };
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn count(n: usize) -> Reply {
    Reply::Integer(i64::try_from(n).unwrap_or(i64::MAX))
}

fn is_named(key: &Reply, name: &str) -> bool {
    key.text() == Some(name.as_bytes())
}

fn sorted(mut items: Vec<Reply>) -> Vec<Reply> {
    items.sort_by_key(Reply::notation);
    items
}

/// A map, or a flat array of names and values, in the order of the names.
fn pairs(reply: Reply) -> Result<Reply, String> {
    match reply {
        Reply::Map(mut pairs) => {
            pairs.sort_by_key(|(key, _)| key.notation());
            Ok(Reply::Map(pairs))
        }
        Reply::Array(items) if items.len() % 2 == 0 => {
            let mut pairs: Vec<&[Reply]> = items.chunks_exact(2).collect();
            pairs.sort_by_key(|pair| pair[0].notation());
            Ok(Reply::Array(pairs.concat()))
        }
        other => Err(format!("no pairs: {}", other.notation())),
    }
}

/// Leaves out the members called `name`, at any depth.
fn without(reply: Reply, name: &str) -> Reply {
    let each = |items: Vec<Reply>| items.into_iter().map(|item| without(item, name)).collect();
    match reply {
        Reply::Map(pairs) => {
            let kept = pairs.into_iter().filter(|(key, _)| !is_named(key, name));
            Reply::Map(kept.map(|(key, value)| (key, without(value, name))).collect())
        }
        Reply::Array(mut items) => {
            if let Some(at) = items.iter().position(|item| is_named(item, name)) {
                items.drain(at..items.len().min(at + 2));
            }
            Reply::Array(each(items))
        }
        Reply::Set(items) => Reply::Set(each(items)),
        other => other,
    }
}

/// The names alone, of a map or a flat array.
fn names(reply: Reply) -> Result<Reply, String> {
    let items = match pairs(reply)? {
        Reply::Map(pairs) => pairs.into_iter().map(|(key, _)| key).collect(),
        Reply::Array(items) => items.into_iter().step_by(2).collect(),
        other => vec![other],
    };
    Ok(Reply::Array(items))
}

/// The names of INFO's fields, with the headings of its sections.
fn fields(text: &str) -> Reply {
    let lines = text.lines().filter(|line| !line.is_empty());
    let names = lines.map(|line| match line.strip_prefix('#') {
        Some(_) => line,
        None => line.split_once(':').map_or(line, |(name, _)| name),
    });
    Reply::Array(names.map(|name| Reply::Bulk(name.into())).collect())
}
