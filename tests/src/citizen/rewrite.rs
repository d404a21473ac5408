//! The AOF rewritten as commands.

use std::fs;

use crate::host::{Host, Module};
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
