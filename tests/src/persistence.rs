//! Saving and loading: between our server and the stock ones in both directions, over restarts, and of files that
//! are damaged.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::client::Client;
use crate::host::{Host, Module, Server, scratch};
use crate::reply::Reply;
use crate::report::Report;

type Outcome = Result<(), String>;

pub fn suite(report: &mut Report) {
    report.checks(
        "persistence",
        &[
            ("what we save stock Valkey loads, and the reverse", &round_trip),
            ("what stock Redis 7.0 saves we load", &from_redis),
            ("what we save later releases load, and load again from their own file", &to_later),
            ("a restart keeps what was saved", &restart),
            ("SHUTDOWN SAVE and SIGTERM save, SHUTDOWN NOSAVE does not", &shutdown),
            ("BGSAVE saves while commands run", &background),
            ("a truncated file is refused and left alone", &truncated),
            ("a flipped bit is refused and left alone", &flipped),
            ("a document whose module is missing is refused by name", &module_missing),
            ("a file that is none is refused", &no_rdb_file),
        ],
    );
}

fn json() -> Result<Vec<String>, String> {
    Ok(Module::Json.options()?.to_vec())
}

fn call<A: AsRef<[u8]>>(client: &mut Client, argv: &[A]) -> Result<Reply, String> {
    let reply = client.call(argv).map_err(|e| e.to_string())?;
    match reply.is_error() {
        true => Err(format!(
            "{} answers {}",
            String::from_utf8_lossy(argv[0].as_ref()),
            reply.notation()
        )),
        false => Ok(reply),
    }
}

fn run(client: &mut Client, words: &str) -> Result<Reply, String> {
    call(client, &words.split_ascii_whitespace().collect::<Vec<_>>())
}

/// Values of every type and encoding that the three servers share, in several databases, some with an expiry.
fn fill(client: &mut Client) -> Outcome {
    for (db, count) in [(0, 300), (3, 40), (15, 5)] {
        run(client, &format!("SELECT {db}"))?;
        for i in 0..count {
            let bytes: Vec<u8> = (0..i).map(|b| (b * 7 + i) as u8).collect();
            call(client, &[b"SET", format!("binary:{i}").as_bytes(), &bytes])?;
            run(client, &format!("SET number:{i} {}", (i as i64 - 20).pow(7)))?;
            run(client, &format!("SET repeated:{i} {}", "abc".repeat(i * 3)))
                .or_else(|_| run(client, "PING"))?;
            run(client, &format!("HSET small:{i} field value number {i}"))?;
            run(client, &format!("RPUSH list:{i} {i} a {} -{i}", "b".repeat(i * 90)))?;
            run(client, &format!("SADD numbers:{i} {i} -7 {}", i * 70_000))?;
            run(client, &format!("SADD words:{i} {i} word other"))?;
            run(client, &format!("ZADD scores:{i} {i}.25 a -inf b {i}.5 c"))?;
            let document = format!(
                r#"{{"id":{i},"price":1.10,"big":12345678901234567890123,"tags":["a","é\u0000"],"text":"{}"}}"#,
                "lorem ipsum ".repeat(i)
            );
            call(client, &["JSON.SET", &format!("doc:{i}"), "$", &document])?;
        }
        run(client, "PEXPIREAT number:1 4102444800123")?;
        run(client, "PEXPIREAT doc:1 4102444800999")?;
        run(client, "EXPIREAT small:1 4102444800")?;
        for i in 0..700 {
            run(client, &format!("HSET large field:{i} value:{i}"))?;
            run(client, &format!("RPUSH elements {i} {} element:{i}", "e".repeat(i)))?;
            run(client, &format!("SADD integers {}", i * 3))?;
            run(client, &format!("SADD members {i} member:{i}"))?;
            run(client, &format!("ZADD ranks {i} member:{i} {i}.5 {i}"))?;
        }
        call(client, &["HSET", "long", "field", &"v".repeat(100_000)])?;
        call(client, &["RPUSH", "elements", &"E".repeat(100_000), "last"])?;
        call(client, &["SET", "huge", &"0123456789abcdef".repeat(70_000)])?;
        run(client, "SET empty x")?;
        call(client, &["SET", "empty", ""])?;
        run(client, "JSON.SET scalar $ 5")?;
    }
    run(client, "SELECT 0").map(|_| ())
}

/// All that clients can see, in an order of its own: keys, types, values and expiry.
fn snapshot(client: &mut Client) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for db in 0..16 {
        run(client, &format!("SELECT {db}"))?;
        let Reply::Array(mut keys) = run(client, "KEYS *")? else {
            return Err("KEYS answers no array".into());
        };
        keys.sort_by_key(Reply::notation);
        for key in keys {
            let name = key.text().unwrap_or_default().to_vec();
            let kind = call(client, &[b"TYPE", &name[..]])?;
            let value = match kind.text().unwrap_or_default() {
                b"string" => call(client, &[b"GET", &name[..]])?.notation(),
                b"hash" => {
                    let Reply::Array(flat) = call(client, &[b"HGETALL", &name[..]])? else {
                        return Err("HGETALL answers no array".into());
                    };
                    let pairs = flat.chunks(2).map(|pair| format!("{pair:?}"));
                    let mut pairs: Vec<String> = pairs.collect();
                    pairs.sort();
                    pairs.concat()
                }
                b"list" => call(client, &[b"LRANGE", &name[..], b"0", b"-1"])?.notation(),
                b"zset" => {
                    call(client, &[b"ZRANGE", &name[..], b"0", b"-1", b"WITHSCORES"])?.notation()
                }
                b"set" => {
                    let Reply::Array(members) = call(client, &[b"SMEMBERS", &name[..]])? else {
                        return Err("SMEMBERS answers no array".into());
                    };
                    let mut members: Vec<String> = members.iter().map(Reply::notation).collect();
                    members.sort();
                    members.concat()
                }
                b"ReJSON-RL" => call(client, &[b"JSON.GET", &name[..]])?.notation(),
                other => return Err(format!("type {}", String::from_utf8_lossy(other))),
            };
            let expiry = call(client, &[b"PEXPIRETIME", &name[..]])?;
            lines.push(format!("{db} {} {expiry:?} {value}", key.notation()));
        }
    }
    run(client, "SELECT 0")?;
    Ok(lines)
}

fn same(before: &[String], after: &[String]) -> Outcome {
    let Some(at) = (0..before.len().max(after.len())).find(|i| before.get(*i) != after.get(*i))
    else {
        return Ok(());
    };
    let short = |lines: &[String]| {
        lines.get(at).map_or("nothing".to_string(), |line| line.chars().take(200).collect())
    };
    Err(format!(
        "{} keys before, {} after; before: {}\n    after: {}",
        before.len(),
        after.len(),
        short(before),
        short(after)
    ))
}

/// A new directory with this RDB file in it.
fn directory_with(file: &[u8]) -> Result<std::path::PathBuf, String> {
    let dir = scratch("rdb").map_err(|e| e.to_string())?;
    fs::write(dir.join("dump.rdb"), file).map_err(|e| e.to_string())?;
    Ok(dir)
}

fn rdb(dir: &Path) -> Result<Vec<u8>, String> {
    fs::read(dir.join("dump.rdb")).map_err(|e| format!("{}: {e}", dir.display()))
}

/// Starts `host` on a file, and gives what it shows and what it saves from that.
fn load_and_save(host: Host, file: &[u8]) -> Result<(Vec<String>, Reply, Vec<u8>), String> {
    let server = Server::start_in(host, directory_with(file)?, &json()?)?;
    let mut client = server.connect()?;
    let shown = snapshot(&mut client)?;
    let digest = run(&mut client, "DEBUG DIGEST")?;
    run(&mut client, "SAVE")?;
    Ok((shown, digest, rdb(&server.dir)?))
}

fn saved_by(host: Host) -> Result<(Vec<String>, Reply, Vec<u8>), String> {
    let server = Server::start(host, &json()?)?;
    let mut client = server.connect()?;
    fill(&mut client)?;
    let shown = snapshot(&mut client)?;
    let digest = run(&mut client, "DEBUG DIGEST")?;
    run(&mut client, "SAVE")?;
    Ok((shown, digest, rdb(&server.dir)?))
}

fn round_trip() -> Outcome {
    let (ours, digest, file) = saved_by(Host::Keystow)?;
    let (theirs, stock_digest, file) = load_and_save(Host::Valkey, &file)?;
    same(&ours, &theirs).map_err(|e| format!("ours in Valkey: {e}"))?;
    if digest != stock_digest {
        let (ours, theirs) = (digest.notation(), stock_digest.notation());
        return Err(format!("DEBUG DIGEST is {ours} here and {theirs} in Valkey"));
    }
    let (again, _, _) = load_and_save(Host::Keystow, &file)?;
    same(&ours, &again).map_err(|e| format!("and back: {e}"))?;
    let (stock, _, file) = saved_by(Host::Valkey)?;
    let (loaded, _, _) = load_and_save(Host::Keystow, &file)?;
    same(&stock, &loaded).map_err(|e| format!("Valkey's in ours: {e}"))
}

fn from_redis() -> Outcome {
    let (theirs, _, file) = saved_by(Host::Redis)?;
    let (ours, _, _) = load_and_save(Host::Keystow, &file)?;
    same(&theirs, &ours)
}

fn to_later() -> Outcome {
    let (ours, _, file) = saved_by(Host::Keystow)?;
    for host in Host::ALL.into_iter().filter(|host| host.is_for_module_only()) {
        let (theirs, _, file) = load_and_save(host, &file)?;
        same(&ours, &theirs).map_err(|e| format!("ours in {}: {e}", host.title()))?;
        let (again, _, _) = load_and_save(host, &file)?;
        same(&ours, &again).map_err(|e| format!("{} again: {e}", host.title()))?;
    }
    Ok(())
}

fn restart() -> Outcome {
    let mut server = Server::start(Host::Keystow, &json()?)?;
    let mut client = server.connect()?;
    fill(&mut client)?;
    let before = snapshot(&mut client)?;
    run(&mut client, "SAVE")?;
    call(&mut client, &["SET", "after", "the save"])?;
    server.restart()?;
    same(&before, &snapshot(&mut server.connect()?)?)
}

fn shutdown() -> Outcome {
    let value =
        |server: &Server| run(&mut server.connect()?, "GET k").map(|reply| reply.notation());
    let mut server = Server::start(Host::Keystow, &["--save".into(), "3600 1".into()])?;
    let mut client = server.connect()?;
    run(&mut client, "SET k saved")?;
    client.send(&["SHUTDOWN", "SAVE"]).map_err(|e| e.to_string())?;
    ended_well(&mut server)?;
    server.restart()?;
    expect("after SHUTDOWN SAVE", &value(&server)?, "\"saved\"")?;

    run(&mut server.connect()?, "SET k terminated")?;
    server.signal("-TERM")?;
    ended_well(&mut server)?;
    server.restart()?;
    expect("after SIGTERM", &value(&server)?, "\"terminated\"")?;

    let mut client = server.connect()?;
    run(&mut client, "SET k lost")?;
    client.send(&["SHUTDOWN", "NOSAVE"]).map_err(|e| e.to_string())?;
    ended_well(&mut server)?;
    server.restart()?;
    expect("after SHUTDOWN NOSAVE", &value(&server)?, "\"terminated\"")
}

fn ended_well(server: &mut Server) -> Outcome {
    let status = server.await_end(Duration::from_secs(10))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("it ended with {status}:\n{}", server.log_tail())),
    }
}

fn expect(when: &str, found: &str, wanted: &str) -> Outcome {
    match found == wanted {
        true => Ok(()),
        false => Err(format!("{when}: {found} instead of {wanted}")),
    }
}

fn background() -> Outcome {
    let server = Server::start(Host::Keystow, &json()?)?;
    let mut client = server.connect()?;
    fill(&mut client)?;
    let before = snapshot(&mut client)?;
    run(&mut client, "BGSAVE")?;
    run(&mut client, "SET later x")?;
    for _ in 0..1000 {
        let info = run(&mut client, "INFO persistence")?;
        let text = String::from_utf8_lossy(info.text().unwrap_or_default()).into_owned();
        if text.contains("rdb_bgsave_in_progress:0") {
            if !text.contains("rdb_last_bgsave_status:ok") {
                return Err(format!("INFO persistence says\n{text}"));
            }
            let (saved, _, _) = load_and_save(Host::Valkey, &rdb(&server.dir)?)?;
            return same(&before, &saved);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err("BGSAVE does not end in 10 s".into())
}

/// A file with a little of everything.
fn small_file() -> Result<Vec<u8>, String> {
    let server = Server::start(Host::Valkey, &json()?)?;
    let mut client = server.connect()?;
    call(&mut client, &["SET", "text", &"repeat ".repeat(50)])?;
    run(&mut client, "SET number 12345 PX 4000000000")?;
    run(&mut client, "HSET hash field value other 7")?;
    run(&mut client, "RPUSH list a 1 b")?;
    run(&mut client, "SADD numbers 1 2 70000")?;
    run(&mut client, "SADD words a b 1")?;
    run(&mut client, "ZADD scores 1 a 2.5 b")?;
    call(&mut client, &["HSET", "table", "f", &"x".repeat(80)])?;
    call(&mut client, &["JSON.SET", "doc", "$", &format!("[\"{}\"]", "words ".repeat(200))])?;
    run(&mut client, "SAVE")?;
    rdb(&server.dir)
}

/// Our server must neither start on this file, nor crash, nor touch it.
fn refused(file: &[u8], what: &str) -> Outcome {
    let dir = directory_with(file)?;
    let log = Server::refusal(Host::Keystow, &dir, &json()?).map_err(|e| format!("{what}: {e}"))?;
    if rdb(&dir)? != file {
        return Err(format!("{what}: the file was changed"));
    }
    match log.lines().any(|line| line.contains(" # ")) {
        true => Ok(()),
        false => Err(format!("{what}: no warning in the log:\n{log}")),
    }
}

fn truncated() -> Outcome {
    let file = small_file()?;
    let mut ends: Vec<usize> = (1..file.len()).step_by(file.len() / 60 + 1).collect();
    ends.extend([file.len() - 1, file.len() - 8, file.len() - 9]);
    ends.into_iter().try_for_each(|end| refused(&file[..end], &format!("the first {end} bytes")))
}

fn flipped() -> Outcome {
    let file = small_file()?;
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..120 {
        // The first nine bytes are the signature: changing a digit of the version may make another valid one.
        let at = random.usize(9..file.len());
        let bit = random.u8(0..8);
        let mut damaged = file.clone();
        damaged[at] ^= 1 << bit;
        refused(&damaged, &format!("bit {bit} of byte {at}"))?;
    }
    Ok(())
}

fn module_missing() -> Outcome {
    let dir = directory_with(&small_file()?)?;
    let log = Server::refusal(Host::Keystow, &dir, &[])?;
    match log.contains("ReJSON-RL") {
        true => Ok(()),
        false => Err(format!("the log does not name the type:\n{log}")),
    }
}

fn no_rdb_file() -> Outcome {
    refused(b"this is no RDB file at all", "a text")?;
    refused(b"REDIS9999\xff\0\0\0\0\0\0\0\0", "a version of the future")
}
