//! A panic made at every way into the module: the server lives, the caller is told, the document is as it was,
//! and INFO counts it.
//!
//! `DEBUG-FAULTS yes` behind the module's path gives `JSON.FAULT`; [`ENTRIES`] says how each entry is reached. The
//! module's own list (`JSON.FAULT LIST`) must be the same, so that an entry that nobody makes panic is a failure.

use std::time::{Duration, Instant};

use crate::dictionaries;
use crate::host::{Host, Module, Server};
use crate::reply::Reply;
use crate::report::Report;
use crate::scene::Scene;
use crate::shared_api;

type Outcome = Result<(), String>;

/// Makes the armed entry panic, and checks what the caller sees.
type Reach = fn(&mut Scene) -> Outcome;

/// Every entry by its name, and how it is reached.
const ENTRIES: &[(&str, Reach)] = &[
    ("on-load", on_load),
    ("command", command),
    ("command-keys", |scene| scene.fails(&["COMMAND", "GETKEYS", "JSON.DEBUG", "MEMORY", "doc"])),
    ("rdb-load", rdb_load),
    ("rdb-save", rdb_save),
    ("aux-load", aux_load),
    ("aux-save", |scene| scene.replies("SAVE", "+OK")),
    ("persistence", |scene| scene.replies("SAVE", "+OK")),
    ("scan", |scene| scene.answers("JSON.DICTIONARY ESTIMATE doc")),
    ("defrag", defrag),
    ("aof-rewrite", aof_rewrite),
    ("mem-usage", |scene| scene.answers("MEMORY USAGE doc")),
    ("digest", |scene| scene.answers("DEBUG DIGEST-VALUE doc")),
    ("free", |scene| scene.replies("DEL spare", ":1")),
    ("free-effort", |scene| scene.replies("UNLINK spare", ":1")),
    ("copy", copy),
    ("offload-worker", |scene| offloaded(scene, "+OK")),
    ("offload-reply", |scene| offloaded(scene, "-ERR internal error")),
    ("offload-free", |scene| offloaded(scene, "+OK")),
    ("info", |scene| scene.answers("INFO modules")),
    ("cron", |_| Ok(())),
    ("config-get", config_get),
    ("config-set", config_set),
    ("host-config-change", |scene| scene.replies("CONFIG SET maxmemory-samples 6", "+OK")),
    ("loading", |scene| scene.replies("DEBUG RELOAD", "+OK")),
    ("api-open-key", SHARED_API),
    ("api-open-key-from-str", SHARED_API),
    ("api-get", SHARED_API),
    ("api-next", SHARED_API),
    ("api-len", SHARED_API),
    ("api-free-iter", SHARED_API),
    ("api-get-len", SHARED_API),
    ("api-get-type", SHARED_API),
    ("api-get-int", SHARED_API),
    ("api-get-double", SHARED_API),
    ("api-get-boolean", SHARED_API),
    ("api-get-string", SHARED_API),
    ("api-get-json", SHARED_API),
    ("api-is-json", SHARED_API),
    ("api-path-parse", SHARED_API),
    ("api-path-free", SHARED_API),
    ("api-path-is-single", SHARED_API),
    ("api-path-has-defined-order", SHARED_API),
    ("api-get-json-from-iter", SHARED_API),
    ("api-reset-iter", SHARED_API),
    ("api-get-key-values", SHARED_API),
    ("api-free-key-values-iter", SHARED_API),
    ("api-open-key-with-flags", SHARED_API),
    ("api-alloc-json", SHARED_API),
    ("api-get-at", SHARED_API),
    ("api-next-key-value", SHARED_API),
    ("api-free-json", SHARED_API),
    ("api-get-array", SHARED_API),
    ("api-get-json-from-handle", SHARED_API),
    ("api-get-with-path", SHARED_API),
    ("api-get-value", SHARED_API),
];

/// The module in C calls every function that is offered to other modules, and bears whatever one of them answers.
const SHARED_API: Reach = |scene| scene.replies("JSONAPITEST.ALL doc", "+OK");

const DOCUMENT: &str = r#"{"a":[1,2.50,"x"],"b":null}"#;

pub fn suite(hosts: &[Host], report: &mut Report) {
    for &host in hosts {
        let title = format!("a panic at every entry of libjson.so on {}", host.title());
        let mut passed = 0;
        let mut failures = Vec::new();
        match scene(host) {
            Err(e) => failures.push(e),
            Ok(mut scene) => {
                if let Err(e) = lists_the_same(&mut scene) {
                    failures.push(e);
                }
                for (name, reach) in ENTRIES {
                    match survives(&mut scene, name, *reach) {
                        Ok(()) => passed += 1,
                        Err(e) => {
                            failures.push(format!("{name}: {e}\n{}", scene.server.log_tail()))
                        }
                    }
                }
                for check in [not_without_the_option, scarce_rights] {
                    match check(host) {
                        Ok(()) => passed += 1,
                        Err(e) => failures.push(e),
                    }
                }
            }
        }
        report.group(&title, passed, failures);
    }
}

fn options(faults: &str) -> Result<Vec<String>, String> {
    let mut options = Module::Json.options()?.to_vec();
    options.extend(["DEBUG-FAULTS".to_string(), faults.to_string()]);
    Ok(options)
}

/// A server whose module was told to allow faults, and a module that uses what it offers.
fn scene(host: Host) -> Result<Scene, String> {
    let mut options = options("yes")?;
    let user = shared_api::module()?.to_string_lossy().into_owned();
    options.extend(["--loadmodule".to_string(), user]);
    Scene::with_options(host, &options)
}

fn lists_the_same(scene: &mut Scene) -> Outcome {
    let Reply::Array(items) = scene.run("JSON.FAULT LIST")? else {
        return Err("JSON.FAULT LIST answers no array".into());
    };
    let listed: Vec<String> = items
        .iter()
        .map(|item| String::from_utf8_lossy(item.text().unwrap_or_default()).into_owned())
        .collect();
    let known: Vec<&str> = ENTRIES.iter().map(|(name, _)| *name).collect();
    match listed == known {
        true => Ok(()),
        false => Err(format!("the module has {listed:?}, this suite {known:?}")),
    }
}

/// Arms `entry`, lets `reach` reach it, and looks at what is left.
fn survives(scene: &mut Scene, entry: &str, reach: Reach) -> Outcome {
    scene.call(&["JSON.SET", "doc", "$", DOCUMENT])?;
    scene.call(&["JSON.SET", "spare", "$", DOCUMENT])?;
    let before = scene.panics()?;
    scene.replies(&format!("JSON.FAULT PANIC {entry}"), "+OK")?;
    reach(scene)?;
    // What runs in a forked child or on another server is counted there.
    let is_elsewhere = ["on-load", "aof-rewrite", "aux-load"].contains(&entry)
        // Before Redis 7.2 it is never called.
        || (entry == "aux-save" && scene.host == Host::Redis)
        // Of the servers that the suites have, one is built with an allocator that can do it.
        || (entry == "defrag" && scene.host != Host::Valkey91);
    if !is_elsewhere {
        let deadline = Instant::now() + Duration::from_secs(5);
        while scene.panics()? == before {
            if Instant::now() > deadline {
                return Err("nothing panicked".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    scene.run("JSON.FAULT OFF")?;
    if !scene.server.alive() {
        return Err("the server died".into());
    }
    let document = scene.call(&["JSON.GET", "doc"])?;
    match document.text() == Some(DOCUMENT.as_bytes()) {
        true => scene.replies("PING", "+PONG"),
        false => Err(format!("the document is {}", document.notation())),
    }
}

/// Loading at start and by MODULE LOAD is refused, and the server that was asked lives.
fn on_load(scene: &mut Scene) -> Outcome {
    scene.run("JSON.FAULT OFF")?;
    let dir = crate::host::scratch("on-load").map_err(|e| e.to_string())?;
    let log = Server::refusal(scene.host, &dir, &options("on-load")?);
    // The refusal must be the host's; the module's own line says that it panicked.
    if let Err(e) = &log
        && !e.contains("on-load panicked")
    {
        return Err(e.clone());
    }
    let other = Server::start(scene.host, &[])?;
    let mut client = other.connect()?;
    let path = Module::Json.path()?;
    let argv =
        ["MODULE", "LOAD", &path.to_string_lossy(), "DEBUG-FAULTS", "on-load"].map(String::from);
    let reply = client.call(&argv).map_err(|e| e.to_string())?;
    if !reply.is_error() {
        return Err(format!("MODULE LOAD answers {}", reply.notation()));
    }
    let reply = client.run("PING").map_err(|e| e.to_string())?;
    match reply.notation().as_str() {
        "+PONG" => Ok(()),
        other => Err(format!("PING after MODULE LOAD: {other}")),
    }
}

/// Every command of the module answers the error and nothing else.
fn command(scene: &mut Scene) -> Outcome {
    let Reply::Array(commands) =
        scene.run(&format!("COMMAND LIST FILTERBY MODULE {}", scene.prefix()))?
    else {
        return Err("COMMAND LIST answers no array".into());
    };
    if commands.len() < 25 {
        return Err(format!("the host knows {} commands of the module", commands.len()));
    }
    scene.run("JSON.FAULT OFF")?;
    for command in commands {
        let name = String::from_utf8_lossy(command.text().unwrap_or_default()).into_owned();
        // A command with sub-commands is reached through them.
        if name.contains('|') {
            continue;
        }
        let info = scene.call(&["COMMAND", "INFO", &name])?;
        let Reply::Array(info) = info else { return Err("COMMAND INFO answers no array".into()) };
        let Some(Reply::Array(info)) = info.first() else {
            return Err(format!("no COMMAND INFO of {name}"));
        };
        let Some(Reply::Integer(arity)) = info.get(1) else {
            return Err(format!("{name} has no arity"));
        };
        let mut argv = vec![name.clone()];
        argv.resize(usize::try_from(arity.unsigned_abs()).unwrap_or(1), "doc".to_string());
        scene.replies("JSON.FAULT PANIC command", "+OK")?;
        let reply = scene.call(&argv)?.notation();
        if reply != "-ERR internal error" {
            return Err(format!("{name} answers {reply}"));
        }
        scene.replies("PING", "+PONG")?;
    }
    Ok(())
}

fn rdb_load(scene: &mut Scene) -> Outcome {
    let Reply::Bulk(payload) = scene.run("DUMP doc")? else {
        return Err("DUMP answers no string".into());
    };
    scene.fails(&[&b"RESTORE"[..], b"other", b"0", &payload])?;
    scene.replies("EXISTS other", ":0")?;
    // The fault is spent: the same payload is good.
    let reply = scene.call(&[&b"RESTORE"[..], b"other", b"0", &payload])?.notation();
    match reply.as_str() {
        "+OK" => scene.replies("DEL other", ":1"),
        other => Err(format!("RESTORE afterwards: {other}")),
    }
}

/// In the server the document is written by a second attempt; a saving child ends as failed, and the file before it
/// stays.
fn rdb_save(scene: &mut Scene) -> Outcome {
    let Reply::Bulk(payload) = scene.run("DUMP doc")? else {
        return Err("DUMP answers no string".into());
    };
    let reply = scene.call(&[&b"RESTORE"[..], b"other", b"0", &payload])?.notation();
    if reply != "+OK" {
        return Err(format!("RESTORE of what was saved: {reply}"));
    }
    scene.replies("DEL other", ":1")?;
    scene.replies("SAVE", "+OK")?;
    let file = scene.server.dir.join("dump.rdb");
    let before = std::fs::read(&file).map_err(|e| e.to_string())?;
    scene.replies("JSON.FAULT PANIC rdb-save", "+OK")?;
    scene.answers("BGSAVE")?;
    scene.awaits("persistence", "rdb_last_bgsave_status", "err")?;
    if std::fs::read(&file).map_err(|e| e.to_string())? != before {
        return Err("the file was replaced by one that lacks a document".into());
    }
    scene.run("JSON.FAULT OFF")?;
    scene.answers("BGSAVE")?;
    scene.awaits("persistence", "rdb_bgsave_in_progress", "0")?;
    scene.awaits("persistence", "rdb_last_bgsave_status", "ok")
}

/// A server is started on a file that begins with dictionaries, and refuses it: nothing is half loaded.
fn aux_load(scene: &mut Scene) -> Outcome {
    scene.run("JSON.FAULT OFF")?;
    if scene.host == Host::Redis {
        // Before Redis 7.2 no file of the host's own has dictionaries.
        return Ok(());
    }
    let trained = dictionaries::saved(scene.host)?;
    let mut armed = options("aux-load")?;
    let refused = Server::refusal(scene.host, &trained.dir, &armed);
    match refused {
        Err(e) if e.contains("aux-load panicked") => {}
        Err(e) => return Err(e),
        Ok(log) => return Err(format!("refused for another reason:\n{log}")),
    }
    // The file is good.
    armed.truncate(armed.len() - 2);
    Server::start_in(scene.host, trained.dir.clone(), &armed).map(|_| ())
}

/// The host is made to move what can be moved.
fn defrag(scene: &mut Scene) -> Outcome {
    if scene.host != Host::Valkey91 {
        return scene.fails(&["CONFIG", "SET", "activedefrag", "yes"]);
    }
    dictionaries::fragment(|argv| scene.call(argv).map(|_| ()))?;
    scene.answers("CONFIG SET activedefrag yes")
}

/// The rewriting child ends as failed; once the fault is off, the rewrite succeeds.
fn aof_rewrite(scene: &mut Scene) -> Outcome {
    if scene.host == Host::Keystow {
        // Our server has no AOF yet, so nothing reaches this callback there.
        return scene.fails(&["BGREWRITEAOF"]);
    }
    scene.replies("CONFIG SET aof-use-rdb-preamble no", "+OK")?;
    scene.answers("BGREWRITEAOF")?;
    scene.awaits("persistence", "aof_last_bgrewrite_status", "err")?;
    scene.run("JSON.FAULT OFF")?;
    scene.answers("BGREWRITEAOF")?;
    scene.awaits("persistence", "aof_rewrite_in_progress", "0")?;
    scene.awaits("persistence", "aof_last_bgrewrite_status", "ok")
}

fn copy(scene: &mut Scene) -> Outcome {
    scene.fails(&["COPY", "doc", "other"])?;
    scene.replies("EXISTS other", ":0")
}

/// A value is validated by a thread; if that fails, by the command itself.
fn offloaded(scene: &mut Scene, expected: &str) -> Outcome {
    let name = format!("{}.offload-size", scene.prefix());
    scene.replies(&format!("CONFIG SET {name} 1"), "+OK")?;
    let replied = scene.replies("JSON.SET spare $ 1", expected);
    scene.replies(&format!("CONFIG SET {name} 1mb"), "+OK")?;
    replied
}

fn config_get(scene: &mut Scene) -> Outcome {
    scene.answers(&format!("CONFIG GET {}.pack-level", scene.prefix()))
}

fn config_set(scene: &mut Scene) -> Outcome {
    let name = format!("{}.pack-level", scene.prefix());
    let before = scene.run(&format!("CONFIG GET {name}"))?;
    scene.fails(&["CONFIG", "SET", &name, "3"])?;
    let after = scene.run(&format!("CONFIG GET {name}"))?;
    match before == after {
        true => scene.replies(&format!("CONFIG SET {name} 1"), "+OK"),
        false => Err(format!("{name} became {}", after.notation())),
    }
}

/// A server that was not started for it has no such command.
fn not_without_the_option(host: Host) -> Outcome {
    let server = Server::start(host, &Module::Json.options()?)?;
    let mut client = server.connect()?;
    let reply = client.run("JSON.FAULT LIST").map_err(|e| e.to_string())?.notation();
    match reply.contains("ERR unknown command") {
        true => Ok(()),
        false => Err(format!("JSON.FAULT without DEBUG-FAULTS: {reply}")),
    }
}

/// The command is for administrators.
fn scarce_rights(host: Host) -> Outcome {
    let mut scene = scene(host)?;
    let info = scene.run("COMMAND INFO json.fault")?.notation();
    if !info.contains("admin") {
        return Err(format!("JSON.FAULT is not flagged as admin: {info}"));
    }
    if [Host::Keystow, Host::Redis].contains(&host) {
        // Redis 7.0 lets modules set no category, and our server has no ACL SETUSER.
        return Ok(());
    }
    for (user, without) in [("plain", "admin"), ("careful", "dangerous")] {
        scene.replies(&format!("ACL SETUSER {user} on nopass ~* +@all -@{without}"), "+OK")?;
        let mut client = scene.server.connect()?;
        client.run(&format!("AUTH {user} x")).map_err(|e| e.to_string())?;
        let reply = client.run("JSON.FAULT LIST").map_err(|e| e.to_string())?.notation();
        if !reply.contains("NOPERM") {
            return Err(format!("JSON.FAULT LIST as {user}: {reply}"));
        }
    }
    Ok(())
}
