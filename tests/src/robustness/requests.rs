//! Requests that are broken, endless, unfinished or too large, and clients that are too many or too slow.

use std::time::Duration;

use crate::client::encode;
use crate::host::{Host, Server};
use crate::reply::Reply;

use super::{Outcome, alive, call, expect, expect_error, json_server, used_memory};

pub(super) fn random_bytes() -> Outcome {
    let mut server = json_server(Host::Keystow)?;
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..300 {
        let mut client = server.connect()?;
        let len = random.usize(1..2000);
        let bytes: Vec<u8> = match random.u8(0..3) {
            0 => (0..len).map(|_| random.u8(..)).collect(),
            1 => (0..len)
                .map(|_| *random.choice(b"*$:+-\r\n0123456789abc \"'\\x").unwrap_or(&0))
                .collect(),
            _ => {
                let mut request = encode(&["SET", "key", &"v".repeat(len)]);
                let at = random.usize(0..request.len().min(40));
                request[at] = random.u8(..);
                request
            }
        };
        // The server may close at any byte; that is its right.
        let _ = client.send_raw(&bytes);
    }
    alive(&mut server)
}

pub(super) fn random_arguments() -> Outcome {
    let mut server = json_server(Host::Keystow)?;
    let mut client = server.connect()?;
    let mut random = fastrand::Rng::with_seed(2);
    let Reply::Array(names) = call(&mut client, &["COMMAND", "LIST"])? else {
        return Err("COMMAND LIST answers no array".into());
    };
    let words: [&[u8]; 22] = [
        b"k",
        b"h",
        b"doc",
        b"$",
        b"$..*",
        b"$.a[0]",
        b"0",
        b"-1",
        b"1",
        b"9223372036854775807",
        b"-9223372036854775808",
        b"1.5",
        b"nan",
        b"",
        b"\xff\x00",
        b"NX",
        b"EX",
        b"COUNT",
        b"MATCH",
        b"*",
        b"[1,{\"a\":2}]",
        b"WITHVALUES",
    ];
    // These end or hold up the connection or the server, as they should.
    let apart: [&[u8]; 9] = [
        b"shutdown",
        b"quit",
        b"client",
        b"debug",
        b"monitor",
        b"sync",
        b"psync",
        b"replicaof",
        b"slaveof",
    ];
    for round in 0..40 {
        for name in &names {
            let name = name.text().unwrap_or_default();
            if apart.contains(&name) || name.ends_with(b"subscribe") {
                continue;
            }
            let mut argv = vec![name.to_vec()];
            let count = random.usize(0..6);
            argv.extend((0..count).map(|_| random.choice(words).unwrap_or(words[0]).to_vec()));
            // MULTI, WATCH and SELECT may stay in force: that is part of it.
            let _ = client.send(&argv);
        }
        // Whatever came, a new connection works.
        client = server.connect()?;
        call(&mut client, &["CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction"])?;
        call(&mut client, &["CONFIG", "SET", "requirepass", ""])?;
        if round % 10 == 0 {
            alive(&mut server)?;
        }
    }
    alive(&mut server)
}

pub(super) fn announced_lengths() -> Outcome {
    let mut server = Server::start(Host::Keystow, &[])?;
    let mut admin = server.connect()?;
    let before = used_memory(&mut admin)?;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = server.connect()?;
        let request = "*1000000\r\n$536870912\r\nabc";
        client.send_raw(request.as_bytes()).map_err(|e| e.to_string())?;
        clients.push(client);
    }
    std::thread::sleep(Duration::from_millis(200));
    let grown = used_memory(&mut admin)?.saturating_sub(before);
    if grown > 20 << 20 {
        return Err(format!("20 clients that announced much and sent nothing took {grown} bytes"));
    }
    alive(&mut server)
}

pub(super) fn half_sent() -> Outcome {
    let mut server = Server::start(Host::Keystow, &["--requirepass".into(), "secret".into()])?;
    let request = encode(&["AUTH", "secret"]);
    let mut clients = Vec::new();
    for end in 1..request.len() {
        let mut client = server.connect()?;
        client.send_raw(&request[..end]).map_err(|e| e.to_string())?;
        clients.push((client, end));
    }
    // Before AUTH a client may not pile up what it sends.
    let mut hoarder = server.connect()?;
    hoarder.send_raw(b"*10\r\n").map_err(|e| e.to_string())?;
    let part = [&b"$16384\r\n"[..], &[b'x'; 16384], b"\r\n"].concat();
    for _ in 0..9 {
        hoarder.send_raw(&part).map_err(|e| e.to_string())?;
    }
    for (mut client, end) in clients {
        client.send_raw(&request[end..]).map_err(|e| e.to_string())?;
        expect("AUTH in two pieces", &client.read().map_err(|e| e.to_string())?, "+OK")?;
        client.send_raw(b"*2\r\n$3\r\nGET\r\n$1\r\n").map_err(|e| e.to_string())?;
    }
    let mut client = server.connect()?;
    expect("PING", &call(&mut client, &["PING"])?, "-NOAUTH Authentication required.")?;
    match server.alive() {
        true => Ok(()),
        false => Err(format!("the server died:\n{}", server.log_tail())),
    }
}

pub(super) fn large_string() -> Outcome {
    let mut server = Server::start(Host::Keystow, &[])?;
    let mut client = server.connect()?;
    client.set_patience(Duration::from_secs(60)).map_err(|e| e.to_string())?;
    let value = vec![b'x'; 500 << 20];
    expect("SET", &call(&mut client, &[b"SET", b"big", &value[..]])?, "+OK")?;
    expect("STRLEN", &call(&mut client, &["STRLEN", "big"])?, ":524288000")?;
    expect("GETRANGE", &call(&mut client, &["GETRANGE", "big", "524287998", "-1"])?, "\"xx\"")?;
    let Reply::Bulk(read) = call(&mut client, &["GET", "big"])? else {
        return Err("GET answers no string".into());
    };
    if read != value {
        return Err("the value has changed".into());
    }
    let full = call(&mut client, &[&b"APPEND"[..], b"big", &value[..(13 << 20)]])?;
    expect_error("APPEND beyond the limit", &full)?;
    expect("DEL", &call(&mut client, &["DEL", "big"])?, ":1")?;
    alive(&mut server)
}

pub(super) fn too_large_string() -> Outcome {
    let mut server = Server::start(Host::Keystow, &["--proto-max-bulk-len".into(), "1mb".into()])?;
    let mut client = server.connect()?;
    client.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048577\r\n").map_err(|e| e.to_string())?;
    let reply = client.read().map_err(|e| e.to_string())?;
    expect("SET", &reply, "-ERR Protocol error: invalid bulk length")?;
    alive(&mut server)
}

pub(super) fn max_clients() -> Outcome {
    let mut server = Server::start(Host::Keystow, &["--maxclients".into(), "5".into()])?;
    std::thread::sleep(Duration::from_millis(50));
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = server.connect()?;
        expect("PING", &call(&mut client, &["PING"])?, "+PONG")?;
        clients.push(client);
    }
    let mut one_more = server.connect()?;
    let reply = one_more.read().map_err(|e| e.to_string())?;
    expect("the sixth", &reply, "-ERR max number of clients reached")?;
    clients.clear();
    std::thread::sleep(Duration::from_millis(50));
    alive(&mut server)
}

pub(super) fn slow_reader() -> Outcome {
    let limit = ["--client-output-buffer-limit".to_string(), "normal 20mb 0 0".to_string()];
    let mut server = Server::start(Host::Keystow, &limit)?;
    let mut writer = server.connect()?;
    call(&mut writer, &["SET", "k", &"x".repeat(1 << 20)])?;
    let mut slow = server.connect()?;
    for _ in 0..200 {
        // The server closes when 20 MB wait to be sent.
        if slow.send(&["GET", "k"]).is_err() {
            break;
        }
    }
    std::thread::sleep(Duration::from_millis(300));
    let used = used_memory(&mut writer)?;
    if used > 60 << 20 {
        return Err(format!("{used} bytes are in use"));
    }
    alive(&mut server)
}
