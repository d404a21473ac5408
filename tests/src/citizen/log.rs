//! What the module writes to its host's log.

use crate::host::{Host, Module};
use crate::scene::Scene;

type Outcome = Result<(), String>;

const NAME: &str = "name-of-somebody";
const CONTENT: &str = "content-of-somebody";

/// Does what the module logs something about, and gives the lines that it wrote.
fn provoke(host: Host, hide: Option<&str>) -> Result<(Scene, Vec<String>), String> {
    let mut options = Module::Json.options()?.to_vec();
    options.extend(["DEBUG-FAULTS", "yes", "--loglevel", "debug"].map(String::from));
    let mut scene = Scene::with_options(host, &options)?;
    if let Some(hide) = hide {
        scene.replies(&format!("CONFIG SET hide-user-data-from-log {hide}"), "+OK")?;
    }
    let json = format!(r#"{{"{CONTENT}":["{CONTENT}",{{"a":"{}"}}]}}"#, CONTENT.repeat(30));
    scene.set(NAME, &json)?;
    for i in 0..1500 {
        scene.set(
            &format!("{NAME}:{i}"),
            &format!(r#"{{"id":{i},"{CONTENT}":"{CONTENT}{i}","tags":["x","y"]}}"#),
        )?;
    }
    // Payloads that the module refuses and says so: text that is no JSON, and one of an unknown version.
    let broken = format!(r#"{{"{CONTENT}":"{CONTENT}"#);
    let mut payload =
        vec![7, 0x81, 0x45, 0xe2, 0x52, 0x38, 0xdf, 0x91, 0x2c, 3, 5, broken.len() as u8];
    payload.extend(broken.as_bytes());
    payload.extend([0, 10, 0]);
    let mut unknown = payload.clone();
    unknown[9] = 9;
    for mut payload in [payload, unknown] {
        let checksum = crate::checksum::crc64(&payload);
        payload.extend(checksum.to_le_bytes());
        scene.fails(&[&b"RESTORE"[..], NAME.as_bytes(), b"0", &payload, b"REPLACE"])?;
    }
    for entry in ["command", "rdb-save", "digest", "mem-usage", "copy", "free-effort"] {
        scene.replies(&format!("JSON.FAULT PANIC {entry}"), "+OK")?;
        for words in ["JSON.GET", "DUMP", "DEBUG DIGEST-VALUE", "MEMORY USAGE"] {
            scene.run(&format!("{words} {NAME}"))?;
        }
        scene.run(&format!("COPY {NAME} {NAME}:copy"))?;
        scene.run(&format!("UNLINK {NAME}:copy"))?;
    }
    for path in [CONTENT, &format!("$.{CONTENT}["), &format!("$['{CONTENT}")] {
        scene.call(&["JSON.GET", NAME, path])?;
        scene.call(&["JSON.SET", NAME, path, &broken])?;
        scene.call(&["JSON.NUMINCRBY", NAME, path, CONTENT])?;
    }
    // A dictionary is adopted for the names that begin alike.
    scene.configure("pack-after-ms", "0")?;
    scene.awaits_that("a dictionary", |scene| Ok(scene.figure("dictionaries")? > 0))?;
    scene.replies("DEBUG RELOAD", "+OK")?;
    let mark = format!("<{}>", scene.prefix());
    let lines: Vec<String> =
        scene.server.log().lines().filter(|line| line.contains(&mark)).map(String::from).collect();
    if lines.iter().filter(|line| line.contains("panicked at")).count() < 6 || lines.len() < 8 {
        return Err(format!("the module was not brought to say much:\n{}", lines.join("\n")));
    }
    Ok((scene, lines))
}

fn none_with(lines: &[String], words: &str) -> Outcome {
    match lines.iter().find(|line| line.contains(words)) {
        None => Ok(()),
        Some(line) => Err(format!("the log says: {line}")),
    }
}

pub(super) fn silent(host: Host) -> Outcome {
    // Redis 7.0 does not know the option; names are hidden there.
    let hide = if host == Host::Redis { None } else { Some("yes") };
    let (scene, lines) = provoke(host, hide)?;
    none_with(&lines, NAME)?;
    none_with(&lines, CONTENT)?;
    // No library below the module writes past the host either.
    let log = scene.server.log();
    let all: Vec<String> = log.lines().map(String::from).collect();
    none_with(&all, CONTENT)
}

/// Names are shown only when the host shows them, contents never.
pub(super) fn outspoken(host: Host) -> Outcome {
    if host == Host::Redis {
        // There is nothing to switch: `silent` is all there is.
        return Ok(());
    }
    let (_scene, lines) = provoke(host, Some("no"))?;
    none_with(&lines, CONTENT)?;
    let named = |what: &str| lines.iter().any(|line| line.contains(NAME) && line.contains(what));
    match named("dictionary") && named("encoding version") {
        true => Ok(()),
        false => Err(format!("no name in:\n{}", lines.join("\n"))),
    }
}
