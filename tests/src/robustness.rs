//! Bad input of every kind: clear errors, nothing half done, and the server lives.

use std::fs;
use std::time::{Duration, Instant};

use crate::checksum::crc64;
use crate::client::{Client, encode};
use crate::host::{Host, Module, Server, scratch};
use crate::reply::Reply;
use crate::report::Report;

type Outcome = Result<(), String>;

pub fn suite(report: &mut Report) {
    report.checks(
        "robustness",
        &[
            ("random bytes on many connections", &random_bytes),
            ("commands with random arguments", &random_arguments),
            ("lengths that are announced and never sent take no memory", &announced_lengths),
            ("requests that stop half-way, before AUTH and after", &half_sent),
            ("a string of 500 MB", &large_string),
            ("a string above proto-max-bulk-len", &too_large_string),
            ("clients above maxclients are told so", &max_clients),
            ("a client that reads nothing is let go at its limit", &slow_reader),
            ("module files that are none", &bad_modules),
            ("configuration lines that are wrong, in stock Valkey's words", &bad_configuration),
            ("options that are wrong", &bad_options),
            ("files that include files, and values in quotes", &good_configuration),
            ("a unix socket", &unix_socket),
        ],
    );
    for host in Host::ALL {
        report.checks(
            &format!("robustness of libjson.so on {}", host.title()),
            &[
                ("documents nested 10 million deep", &|| deep_documents(host)),
                ("paths nested 10 million deep", &|| deep_paths(host)),
                ("a text of 200 MB in a document", &|| large_document(host)),
                ("paths that select without end", &|| endless_paths(host)),
                ("damaged DUMP payloads of documents, with a right checksum", &|| {
                    damaged_payloads(host, &["doc", "packed"])
                }),
            ],
        );
    }
    report.checks(
        "robustness of RESTORE on keystow-server",
        &[("damaged DUMP payloads of strings and hashes, with a right checksum", &|| {
            damaged_payloads(Host::Keystow, &["text", "number", "hash", "table"])
        })],
    );
}

fn json_server(host: Host) -> Result<Server, String> {
    Server::start(host, &Module::Json.options()?)
}

fn call<A: AsRef<[u8]>>(client: &mut Client, argv: &[A]) -> Result<Reply, String> {
    client.call(argv).map_err(|e| format!("{}: {e}", String::from_utf8_lossy(argv[0].as_ref())))
}

fn expect(what: &str, reply: &Reply, wanted: &str) -> Outcome {
    let found = reply.notation();
    match found == wanted {
        true => Ok(()),
        false => Err(format!(
            "{what}: {} instead of {wanted}",
            found.chars().take(200).collect::<String>()
        )),
    }
}

fn expect_error(what: &str, reply: &Reply) -> Outcome {
    match reply.is_error() {
        true => Ok(()),
        false => {
            let found: String = reply.notation().chars().take(200).collect();
            Err(format!("{what}: {found} instead of an error"))
        }
    }
}

/// The server still answers new clients, and quickly.
fn alive(server: &mut Server) -> Outcome {
    if !server.alive() {
        return Err(format!("the server died:\n{}", server.log_tail()));
    }
    let started = Instant::now();
    let reply = call(&mut server.connect()?, &["PING"])?;
    if server.log().contains("panicked") {
        return Err(format!("something panicked:\n{}", server.log_tail()));
    }
    match started.elapsed() < Duration::from_secs(5) {
        true => expect("PING", &reply, "+PONG"),
        false => Err(format!("PING took {:?}", started.elapsed())),
    }
}

fn used_memory(client: &mut Client) -> Result<u64, String> {
    let reply = call(client, &["INFO", "memory"])?;
    let text = String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned();
    let value = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
    value.and_then(|value| value.parse().ok()).ok_or("INFO has no used_memory".into())
}

fn random_bytes() -> Outcome {
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

fn random_arguments() -> Outcome {
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

fn announced_lengths() -> Outcome {
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

fn half_sent() -> Outcome {
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

fn large_string() -> Outcome {
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

fn too_large_string() -> Outcome {
    let mut server = Server::start(Host::Keystow, &["--proto-max-bulk-len".into(), "1mb".into()])?;
    let mut client = server.connect()?;
    client.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048577\r\n").map_err(|e| e.to_string())?;
    let reply = client.read().map_err(|e| e.to_string())?;
    expect("SET", &reply, "-ERR Protocol error: invalid bulk length")?;
    alive(&mut server)
}

fn max_clients() -> Outcome {
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

fn slow_reader() -> Outcome {
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

fn bad_modules() -> Outcome {
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

fn bad_configuration() -> Outcome {
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

fn bad_options() -> Outcome {
    for option in ["--nosuchoption x", "--port abc", "--maxmemory", "--include nosuchfile.conf"] {
        let dir = scratch("options").map_err(|e| e.to_string())?;
        let options: Vec<String> = option.split(' ').map(String::from).collect();
        Server::refusal(Host::Keystow, &dir, &options).map_err(|e| format!("{option}: {e}"))?;
    }
    Ok(())
}

fn good_configuration() -> Outcome {
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

fn unix_socket() -> Outcome {
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

fn deep_documents(host: Host) -> Outcome {
    let mut server = json_server(host)?;
    let mut client = server.connect()?;
    call(&mut client, &["JSON.SET", "d", "$", "{\"a\":[]}"])?;
    const DEPTH: usize = 10_000_000;
    let arrays = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
    let objects = "{\"a\":".repeat(DEPTH / 2) + "1" + &"}".repeat(DEPTH / 2);
    let open = "[{\"a\":".repeat(DEPTH / 4);
    for text in [&arrays, &objects, &open] {
        expect_error("JSON.SET", &call(&mut client, &["JSON.SET", "d", "$", text])?)?;
        expect_error("JSON.SET inside", &call(&mut client, &["JSON.SET", "d", "$.a", text])?)?;
        expect_error("JSON.ARRAPPEND", &call(&mut client, &["JSON.ARRAPPEND", "d", "$.a", text])?)?;
        expect_error("JSON.MERGE", &call(&mut client, &["JSON.MERGE", "d", "$", text])?)?;
        expect_error(
            "JSON.MSET",
            &call(&mut client, &["JSON.MSET", "e", "$", "1", "d", "$", text])?,
        )?;
    }
    expect("JSON.GET", &call(&mut client, &["JSON.GET", "d"])?, "\"{\\\"a\\\":[]}\"")?;
    expect("EXISTS", &call(&mut client, &["EXISTS", "e"])?, ":0")?;
    alive(&mut server)
}

fn deep_paths(host: Host) -> Outcome {
    let mut server = json_server(host)?;
    let mut client = server.connect()?;
    call(&mut client, &["JSON.SET", "d", "$", "{\"a\":[1]}"])?;
    for text in [
        "$".to_string() + &"[0]".repeat(10_000_000),
        "$".to_string() + &".a".repeat(10_000_000),
        "$".to_string() + &"[?(@".repeat(3_000_000),
        "$[?".to_string() + &"(".repeat(10_000_000) + "@.a" + &")".repeat(10_000_000) + "]",
        "$[?".to_string() + &"!".repeat(10_000_000) + "@.a]",
        "$".to_string() + &"..*".repeat(3_000_000),
        "$[".to_string() + &"0,".repeat(5_000_000) + "0]",
        "$['".to_string() + &"x".repeat(20_000_000) + "']",
    ] {
        for argv in [["JSON.GET", "d", &text], ["JSON.DEL", "d", &text], ["JSON.TYPE", "d", &text]]
        {
            let reply = call(&mut client, &argv)?;
            if argv[0] == "JSON.TYPE" {
                // RedisJSON answers nil or an error here; either will do, silence will not.
                continue;
            }
            expect_error(&format!("{} {}…", argv[0], &text[..8]), &reply)?;
        }
    }
    expect("JSON.GET", &call(&mut client, &["JSON.GET", "d"])?, "\"{\\\"a\\\":[1]}\"")?;
    alive(&mut server)
}

fn large_document(host: Host) -> Outcome {
    let mut server = json_server(host)?;
    let mut client = server.connect()?;
    client.set_patience(Duration::from_secs(60)).map_err(|e| e.to_string())?;
    let text = format!("{{\"t\":\"{}\"}}", "lorem ipsum ".repeat(200 << 20 >> 4));
    expect("JSON.SET", &call(&mut client, &["JSON.SET", "d", "$", &text])?, "+OK")?;
    let Reply::Bulk(read) = call(&mut client, &["JSON.GET", "d"])? else {
        return Err("JSON.GET answers no string".into());
    };
    if read != text.as_bytes() {
        return Err("the document has changed".into());
    }
    let len = format!(":{}", text.len() - 8);
    expect("JSON.STRLEN", &call(&mut client, &["JSON.STRLEN", "d", ".t"])?, &len)?;
    expect("DEL", &call(&mut client, &["DEL", "d"])?, ":1")?;
    alive(&mut server)
}

fn endless_paths(host: Host) -> Outcome {
    let mut server = json_server(host)?;
    let mut client = server.connect()?;
    let numbers: Vec<String> = (0..3000).map(|i| i.to_string()).collect();
    let document =
        format!("{{\"a\":[{}],\"b\":{}1{}}}", numbers.join(","), "[".repeat(100), "]".repeat(100));
    expect("JSON.SET", &call(&mut client, &["JSON.SET", "d", "$", &document])?, "+OK")?;
    for path in [
        "$..*..*..*..*..*..*..*..*",
        "$..[?(@..[?(@..[?(@..*)])])]",
        "$.a[?($.a[?($.a[?(@>1)])])]",
        "$..[?@ == $..*]",
        "$.a[?(@ =~ \"(a*)*b\")]",
        "$.a[-9223372036854775808:9223372036854775807:9223372036854775807]",
        "$.a[9223372036854775807]",
    ] {
        let started = Instant::now();
        // An error or an answer; what counts is that there is one in time.
        call(&mut client, &["JSON.GET", "d", path])?;
        if started.elapsed() > Duration::from_secs(4) {
            return Err(format!("{path} took {:?}", started.elapsed()));
        }
    }
    alive(&mut server)
}

/// Takes DUMP payloads, changes some bytes, puts the right checksum behind, and restores them.
fn damaged_payloads(host: Host, keys: &[&str]) -> Outcome {
    let mut server = json_server(host)?;
    let mut client = server.connect()?;
    let words = "words and more words ".repeat(40);
    call(&mut client, &["SET", "text", &words])?;
    call(&mut client, &["SET", "number", "1234567"])?;
    call(&mut client, &["HSET", "hash", "field", "value", "n", "7"])?;
    call(&mut client, &["HSET", "table", "field", &words])?;
    call(&mut client, &["JSON.SET", "doc", "$", "{\"a\":[1,2.5,\"x\"],\"b\":null}"])?;
    call(&mut client, &["JSON.SET", "packed", "$", &format!("[\"{words}\"]")])?;
    let mut random = fastrand::Rng::with_seed(3);
    for key in keys {
        // A document that may be packed by the time it is saved: let it be.
        if *key == "packed" {
            std::thread::sleep(Duration::from_secs(1));
        }
        let Reply::Bulk(payload) = call(&mut client, &["DUMP", key])? else {
            return Err(format!("DUMP {key} answers no string"));
        };
        // Version and checksum are the last ten bytes.
        let body = payload.len() - 10;
        for _ in 0..1500 {
            let mut damaged = payload[..payload.len() - 8].to_vec();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(0..body);
                damaged[at] = random.u8(..);
            }
            if random.u8(0..4) == 0 {
                let at = random.usize(1..body);
                damaged.drain(at..random.usize(at..body));
            }
            let checksum = crc64(&damaged);
            damaged.extend_from_slice(&checksum.to_le_bytes());
            let reply = call(&mut client, &[&b"RESTORE"[..], b"x", b"0", &damaged, b"REPLACE"])
                .map_err(|e| {
                    format!(
                        "{e}; payload {}\n{}",
                        crate::reply::quoted(&damaged),
                        server.log_tail()
                    )
                })?;
            if reply == Reply::Closed || !server.alive() {
                let payload = crate::reply::quoted(&damaged);
                return Err(format!("the server died of {payload}:\n{}", server.log_tail()));
            }
            // What was let in can be used, and is let in again.
            if !reply.is_error() {
                call(&mut client, &["DUMP", "x"])?;
                call(&mut client, &["JSON.GET", "x"])?;
                call(&mut client, &["HGETALL", "x"])?;
            }
        }
    }
    alive(&mut server)
}
