//! What a server is started with: module files, configuration files, options, a unix socket.

use std::fs;

use crate::host::{Host, Module, Server, scratch};

use super::{Outcome, alive, call, expect};

pub(super) fn bad_modules() -> Outcome {
    let dir = scratch("module").map_err(|e| e.to_string())?;
    let text = dir.join("text.so");
    fs::write(&text, "this is no ELF file").map_err(|e| e.to_string())?;
    let cut = dir.join("cut.so");
    let whole = fs::read(Module::Json.path()?).map_err(|e| e.to_string())?;
    fs::write(&cut, &whole[..whole.len() / 3]).map_err(|e| e.to_string())?;
    let empty = dir.join("empty.so");
    fs::write(&empty, "").map_err(|e| e.to_string())?;
    let missing = dir.join("missing.so");
    let mut servers = [Server::start(Host::Valkey, &[])?, Server::start(Host::Keystow, &[])?];
    for path in [&text, &cut, &empty, &missing, &dir] {
        let path = path.to_string_lossy().into_owned();
        let mut replies = Vec::new();
        for server in &servers {
            replies.push(call(&mut server.connect()?, &["MODULE", "LOAD", &path])?);
        }
        expect(&path, &replies[1], &replies[0].notation())?;
        let options = ["--loadmodule".to_string(), path.clone()];
        let dir = scratch("module").map_err(|e| e.to_string())?;
        Server::refusal(Host::Keystow, &dir, &options).map_err(|e| format!("{path}: {e}"))?;
    }
    alive(&mut servers[1])
}

/// What a server says when it refuses its configuration: the line, and what is wrong with it.
fn complaint(log: &str) -> Vec<String> {
    let mut lines = log.lines().skip_while(|line| !line.contains("FATAL CONFIG FILE ERROR"));
    lines.next();
    lines.map(String::from).collect()
}

pub(super) fn bad_configuration() -> Outcome {
    for text in [
        "nosuchdirective 1",
        "port",
        "port abc",
        "port 99999",
        "maxmemory 10xx",
        "maxmemory-policy nothing",
        "appendonly maybe",
        "save abc",
        "save 1",
        "bind \"127.0.0.1",
        "timeout -1",
        "databases 0",
        "client-output-buffer-limit nobody 1 2 3",
        "loglevel loud",
        "hz 10 20",
        "port 1\nport 2\nfoo bar",
    ] {
        let mut complaints = Vec::new();
        for host in [Host::Valkey, Host::Keystow] {
            let dir = scratch("config").map_err(|e| e.to_string())?;
            let file = dir.join("server.conf");
            fs::write(&file, format!("{text}\n")).map_err(|e| e.to_string())?;
            complaints.push(complaint(&Server::refused_configuration(host, &dir, &file)?));
        }
        if complaints[0].is_empty() || complaints[0] != complaints[1] {
            return Err(format!(
                "{text:?}:\n    Valkey: {:?}\n    ours:   {:?}",
                complaints[0], complaints[1]
            ));
        }
    }
    Ok(())
}

pub(super) fn bad_options() -> Outcome {
    for option in ["--nosuchoption x", "--port abc", "--maxmemory", "--include nosuchfile.conf"] {
        let dir = scratch("options").map_err(|e| e.to_string())?;
        let options: Vec<String> = option.split(' ').map(String::from).collect();
        Server::refusal(Host::Keystow, &dir, &options).map_err(|e| format!("{option}: {e}"))?;
    }
    Ok(())
}

pub(super) fn good_configuration() -> Outcome {
    let dir = scratch("config").map_err(|e| e.to_string())?;
    let write = |name: &str, text: &str| fs::write(dir.join(name), text).map_err(|e| e.to_string());
    write(
        "more.conf",
        "hz 50\nmaxmemory 3mb # not a comment in Valkey either\n".split(" #").next().unwrap_or(""),
    )?;
    let included = dir.join("more.conf");
    let text = format!(
        "# A comment\n\n  include {}\nmaxmemory-policy \"allkeys-lru\"\n\
         client-output-buffer-limit pubsub 1mb 1mb 7\nrequirepass 'a b'\nmaxmemory-samples 7\n",
        included.display()
    );
    write("main.conf", &text)?;
    let file = dir.join("main.conf").to_string_lossy().into_owned();
    let mut shown = Vec::new();
    for host in [Host::Valkey, Host::Keystow] {
        let server = Server::start_with_file(host, &file)?;
        let mut client = server.connect()?;
        expect("AUTH", &call(&mut client, &["AUTH", "a b"])?, "+OK")?;
        let names = [
            "hz",
            "maxmemory",
            "maxmemory-policy",
            "client-output-buffer-limit",
            "maxmemory-samples",
        ];
        let mut values = Vec::new();
        for name in names {
            values.push(call(&mut client, &["CONFIG", "GET", name])?.notation());
        }
        call(&mut client, &["CONFIG", "SET", "maxmemory-samples", "9"])?;
        values.push(call(&mut client, &["CONFIG", "REWRITE"])?.notation());
        let rewritten = fs::read_to_string(&file).map_err(|e| e.to_string())?;
        values.push(rewritten.contains("maxmemory-samples 9").to_string());
        values.push(rewritten.contains("# A comment").to_string());
        shown.push(values);
        write("main.conf", &text)?;
    }
    match shown[0] == shown[1] {
        true => Ok(()),
        false => Err(format!("\n    Valkey: {:?}\n    ours:   {:?}", shown[0], shown[1])),
    }
}

pub(super) fn unix_socket() -> Outcome {
    use std::io::{Read, Write};
    let dir = scratch("socket").map_err(|e| e.to_string())?;
    // A path in the server's own directory stays below the limit for such paths.
    let options =
        ["--unixsocket".to_string(), "s.sock".to_string(), "--unixsocketperm".into(), "700".into()];
    let server = Server::start_in(Host::Keystow, dir.clone(), &options)?;
    let path = server.dir.join("s.sock");
    let mut stream = std::os::unix::net::UnixStream::connect(&path)
        .map_err(|e| format!("{}: {e}", path.display()))?;
    stream.write_all(b"PING\r\n").map_err(|e| e.to_string())?;
    let mut reply = [0; 7];
    stream.read_exact(&mut reply).map_err(|e| e.to_string())?;
    match &reply == b"+PONG\r\n" {
        true => Ok(()),
        false => Err(format!("{reply:?} instead of PONG")),
    }
}
