//! The AOF rewritten as commands.

use std::fs;

use crate::host::{Host, Module, Server};
use crate::scene::Scene;

type Outcome = Result<(), String>;

fn start(host: Host) -> Result<Scene, String> {
    let mut options = Module::Json.options()?.to_vec();
    options.extend(["--appendonly", "yes", "--aof-use-rdb-preamble", "no"].map(String::from));
    // What is rewritten must be understood in the narrowest dialect.
    let name = if host.is_redis() { "--ReJSON.path-dialect" } else { "--json.path-dialect" };
    options.extend([name, "rfc9535"].map(String::from));
    Scene::with_options(host, &options)
}

fn rewrite(scene: &mut Scene) -> Outcome {
    scene.awaits("persistence", "aof_rewrite_in_progress", "0")?;
    scene.answers("BGREWRITEAOF")?;
    scene.awaits_that("the rewrite", |scene| {
        Ok(scene.info("persistence", "aof_rewrite_in_progress")? == "0"
            && scene.info("persistence", "aof_rewrite_scheduled")? == "0")
    })?;
    scene.awaits("persistence", "aof_last_bgrewrite_status", "ok")
}

/// What the rewrite wrote.
fn base_file(scene: &Scene) -> Result<Vec<u8>, String> {
    let dir = scene.server.dir.join("appendonlydir");
    let entries = fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let base = entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().ends_with(".base.aof"));
    fs::read(base.ok_or("there is no base file")?).map_err(|e| e.to_string())
}

fn holds(file: &[u8], words: &str) -> bool {
    file.windows(words.len()).any(|window| window == words.as_bytes())
}

fn survives_restart(scene: &mut Scene) -> Outcome {
    let before = scene.digest()?;
    scene.restart()?;
    match scene.digest()? == before {
        true => scene.is_well(),
        false => Err("DEBUG DIGEST is another one after the restart".into()),
    }
}

pub(super) fn rewritten(host: Host) -> Outcome {
    let mut scene = start(host)?;
    scene.configure("max-depth", "1024")?;
    let deep = format!("{}1.10{}", "[".repeat(1000), "]".repeat(1000));
    let long = format!(r#"{{"t":"{}"}}"#, "some words ".repeat(100_000));
    for i in 0..200 {
        scene
            .set(&format!("doc:{i}"), &format!(r#"{{"id":{i},"price":1.10,"s":"\"é\u0000\n"}}"#))?;
    }
    scene.set("deep", &deep)?;
    scene.set("long", &long)?;
    scene.answers("PEXPIREAT doc:1 4102444800123")?;
    scene.configure("pack-after-ms", "0")?;
    scene.awaits_that("packing", |scene| Ok(scene.figure("pack_backlog_bytes")? == 0))?;
    // Limits that are lower than what is there: it must load nevertheless.
    scene.configure("max-depth", "5")?;
    scene.configure("max-document-size", "1000")?;
    rewrite(&mut scene)?;
    let file = base_file(&scene)?;
    if !holds(&file, "JSON.SET") || holds(&file, "JSON.UNQUOTE") {
        return Err("documents are not written as JSON.SET alone".into());
    }
    survives_restart(&mut scene)?;
    scene.holds("deep", &deep)?;
    scene.holds("long", &long)?;
    scene.replies("PEXPIRETIME doc:1", ":4102444800123")
}

/// With an argument of a megabyte at most, documents of five go in parts, and no argument is longer.
pub(super) fn in_parts(host: Host) -> Outcome {
    const ARGUMENT_MAX: usize = 1 << 20;
    let mut scene = start(host)?;
    let words = "quotes \\\" back \\\\ tab \\t é 😀 \\u0000 plain ".repeat(100_000);
    let documents = [
        ("string", format!("\"{words}\"")),
        ("object", format!(r#"{{"a\"b":"{words}","n":1.10,"z":[]}}"#)),
        (
            "numbers",
            format!("[{}]", (0..700_000).map(|i| i.to_string()).collect::<Vec<_>>().join(",")),
        ),
        ("just", format!("\"{}\"", "x".repeat(ARGUMENT_MAX - 2))),
        ("over", format!("\"{}\"", "x".repeat(ARGUMENT_MAX - 1))),
        ("small", "{}".to_string()),
    ];
    for (name, json) in &documents {
        scene.set(name, json)?;
    }
    scene.replies(&format!("CONFIG SET proto-max-bulk-len {ARGUMENT_MAX}"), "+OK")?;
    rewrite(&mut scene)?;
    let file = base_file(&scene)?;
    let text = String::from_utf8_lossy(&file).into_owned();
    let finished = text.matches("JSON.UNQUOTE").count();
    if finished != 4 {
        return Err(format!("{finished} documents go in parts"));
    }
    let longest =
        text.split("\r\n").filter_map(|line| line.strip_prefix('$')?.parse::<usize>().ok()).max();
    if longest.is_none_or(|longest| longest > ARGUMENT_MAX) {
        return Err(format!("the longest argument is {longest:?}"));
    }
    survives_restart(&mut scene)?;
    documents.iter().try_for_each(|(name, json)| scene.holds(name, json))
}

/// What was written under wide limits is read under narrow ones: commands one by one, then as they were rewritten.
pub(super) fn narrowed(host: Host) -> Outcome {
    let mut wide = Module::Json.options()?.to_vec();
    wide.extend(
        ["--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", "no"]
            .map(String::from),
    );
    let mut narrow = wide.clone();
    let mut scene = Scene::with_options(host, &wide)?;
    scene.configure("max-depth", "1024")?;
    let deep = format!("{}1{}", "[".repeat(900), "]".repeat(900));
    let long_name = "n".repeat(5000);
    scene.set("doc", r#"{"a":{"b":[1]},"n":1.10}"#)?;
    scene.set("deep", &deep)?;
    scene.set("long", &format!(r#"{{"{long_name}":"{}"}}"#, "x".repeat(100_000)))?;
    for argv in [
        ["JSON.SET", "doc", ".a.c", "[[[[5]]]]"],
        ["JSON.ARRAPPEND", "doc", "a.b", "2"],
        ["JSON.NUMINCRBY", "doc", ".n", "1"],
        ["JSON.ARRAPPEND", "deep", &format!(".{}", "[0]".repeat(800)), "2"],
        ["JSON.STRAPPEND", "long", &format!("$.{long_name}"), "\"y\""],
        ["JSON.SET", "doc", "$..b", "[3]"],
        ["JSON.SET", "doc", "$.x-y", "4"],
    ] {
        let reply = scene.call(&argv)?;
        if reply.is_error() {
            return Err(format!("{}: {}", argv[0], reply.notation()));
        }
    }
    let digest = scene.digest()?;
    let dir = scene.server.dir.clone();
    drop(scene);
    for setting in [
        ["max-depth", "2"],
        ["max-document-size", "10"],
        ["max-path-length", "10"],
        ["max-path-visits", "1000"],
        ["path-dialect", "rfc9535"],
    ] {
        let prefix = if host.is_redis() { "ReJSON" } else { "json" };
        narrow.extend([format!("--{prefix}.{}", setting[0]), setting[1].to_string()]);
    }
    let mut scene = Scene::of(Server::start_in(host, dir, &narrow)?)?;
    if scene.digest()? != digest {
        return Err("under narrow limits the AOF gives other data".into());
    }
    scene.fails(&["JSON.SET", "doc", "$.a", "[[[[5]]]]"])?;
    scene.fails(&["JSON.GET", "doc", "$.x-y"])?;
    rewrite(&mut scene)?;
    survives_restart(&mut scene)
}
