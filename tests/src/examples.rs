//! The examples of the documentation: every ```` ```redis ```` block is played, and must be true.
//!
//! A block begins with an empty server. Lines that begin with `> ` are sent, the lines below are the reply as
//! `redis-cli` shows it, but strings stand bare. `# ` begins a comment.

use std::fs;

use crate::client::Client;
use crate::host::{Host, Module, Server, workspace};
use crate::reply::Reply;
use crate::report::Report;
use crate::transcript::file::words;

const DOCUMENTS: [&str; 2] = ["modules/json/README.md", "modules/json/COMMANDS.md"];

/// A command and the reply that the documentation promises.
struct Step {
    /// Document and line.
    place: String,
    argv: Vec<Vec<u8>>,
    reply: Vec<String>,
}

/// Plays every example on `hosts`.
pub fn suite(hosts: &[Host], report: &mut Report) {
    let mut examples = Vec::new();
    for path in DOCUMENTS {
        match blocks(path) {
            Ok(blocks) => examples.extend(blocks),
            Err(e) => report.group("the documentation's examples", 0, vec![e]),
        }
    }
    for &host in hosts {
        let mut passed = 0;
        let mut failures = Vec::new();
        match start(host) {
            Err(e) => failures.push(e),
            Ok((_server, mut client)) => {
                for example in &examples {
                    match play(&mut client, example) {
                        Ok(()) => passed += 1,
                        Err(e) => failures.push(e),
                    }
                }
                match is_all_described(&mut client) {
                    Ok(()) => passed += 1,
                    Err(e) => failures.push(e),
                }
            }
        }
        report.group(
            &format!("the documentation's examples on {}", host.title()),
            passed,
            failures,
        );
    }
}

fn start(host: Host) -> Result<(Server, Client), String> {
    let server = Server::start(host, &Module::Json.options()?)?;
    let client = server.connect()?;
    Ok((server, client))
}

/// The examples of a document.
fn blocks(path: &str) -> Result<Vec<Vec<Step>>, String> {
    let text = fs::read_to_string(workspace().join(path)).map_err(|e| format!("{path}: {e}"))?;
    let mut blocks: Vec<Vec<Step>> = Vec::new();
    let mut is_inside = false;
    for (number, line) in text.lines().enumerate() {
        let place = format!("{path}:{}", number + 1);
        if !is_inside {
            is_inside = line == "```redis";
            if is_inside {
                blocks.push(Vec::new());
            }
            continue;
        }
        let Some(block) = blocks.last_mut() else { continue };
        if line == "```" {
            is_inside = false;
        } else if let Some(command) = line.strip_prefix("> ") {
            let argv = words(command).map_err(|e| format!("{place}: {e}"))?;
            let argv = argv.into_iter().map(|(word, _)| word).collect();
            block.push(Step { place, argv, reply: Vec::new() });
        } else if !line.starts_with("# ") {
            let step = block.last_mut().ok_or(format!("{place}: a reply before a command"))?;
            step.reply.push(line.to_string());
        }
    }
    Ok(blocks)
}

fn play(client: &mut Client, block: &[Step]) -> Result<(), String> {
    client.call(&["FLUSHALL"]).map_err(|e| e.to_string())?;
    for step in block {
        let reply = client.call(&step.argv).map_err(|e| format!("{}: {e}", step.place))?;
        let shown = shown(&reply);
        if shown != step.reply {
            let place = &step.place;
            return Err(format!(
                "{place}: promised:\n      {}\n    got:\n      {}",
                step.reply.join("\n      "),
                shown.join("\n      ")
            ));
        }
    }
    Ok(())
}

/// Every command, setting and field of INFO that the module has is in the documentation.
fn is_all_described(client: &mut Client) -> Result<(), String> {
    let mut run = |words: &str| client.run(words).map_err(|e| format!("{words}: {e}"));
    let read =
        |path| fs::read_to_string(workspace().join(path)).map_err(|e| format!("{path}: {e}"));
    let (readme, reference) = (read(DOCUMENTS[0])?, read(DOCUMENTS[1])?);
    let mut missing = Vec::new();
    for name in texts(&run("COMMAND LIST FILTERBY PATTERN json.*")?) {
        let name = name.to_uppercase();
        let is_title = |line: &str| {
            line.starts_with("### ") && line.split([' ', ',']).any(|word| word == name)
        };
        if !reference.lines().any(is_title) && !reference.contains(&format!("`{name} ")) {
            missing.push(name);
        }
    }
    let settings = texts(&run("CONFIG GET *json.*")?);
    for name in settings.iter().step_by(2) {
        let name = name.split_once('.').map_or("", |(_, name)| name);
        if !readme.contains(&format!("\n| `{name}` |")) {
            missing.push(format!("setting {name}"));
        }
    }
    let info = run("INFO modules")?;
    let info = String::from_utf8_lossy(info.text().unwrap_or_default()).into_owned();
    let fields = info.lines().filter_map(|line| line.split_once(':'));
    let fields = fields.filter_map(|(name, _)| {
        name.strip_prefix("json_").or_else(|| name.strip_prefix("ReJSON_"))
    });
    let mut count = 0;
    for name in fields {
        count += 1;
        if ![format!("`{name}`"), format!("`json_{name}`")].iter().any(|name| readme.contains(name))
        {
            missing.push(format!("field {name}"));
        }
    }
    if settings.len() < 20 || count < 15 {
        return Err(format!("{} settings and {count} fields are too few", settings.len() / 2));
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!("not in the documentation: {}", missing.join(", "))),
    }
}

/// The texts in an array.
fn texts(reply: &Reply) -> Vec<String> {
    let Reply::Array(items) = reply else { return Vec::new() };
    let text = |item: &Reply| String::from_utf8_lossy(item.text().unwrap_or_default()).into_owned();
    items.iter().map(text).collect()
}

/// The lines in which a reply is shown.
fn shown(reply: &Reply) -> Vec<String> {
    let text = |bytes: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(bytes).split('\n').map(String::from).collect()
    };
    match reply {
        Reply::Error(bytes) => vec![format!("(error) {}", String::from_utf8_lossy(bytes))],
        Reply::Integer(value) => vec![format!("(integer) {value}")],
        Reply::NilBulk | Reply::NilArray | Reply::Null => vec!["(nil)".to_string()],
        Reply::Array(items) if items.is_empty() => vec!["(empty array)".to_string()],
        Reply::Array(items) => {
            let mut lines = Vec::new();
            let width = items.len().to_string().len();
            for (at, item) in items.iter().enumerate() {
                let number = format!("{:>width$}) ", at + 1);
                for (part, line) in shown(item).into_iter().enumerate() {
                    let before = if part == 0 { number.clone() } else { " ".repeat(number.len()) };
                    lines.push(before + &line);
                }
            }
            lines
        }
        other => match other.text() {
            Some(bytes) => text(bytes),
            None => vec![other.notation()],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_shown_as_by_a_terminal() {
        let reply = Reply::Array(vec![
            Reply::Bulk(b"a\nb".to_vec()),
            Reply::Array(vec![Reply::Integer(1), Reply::NilBulk]),
            Reply::Array(Vec::new()),
        ]);
        assert_eq!(
            shown(&reply),
            ["1) a", "   b", "2) 1) (integer) 1", "   2) (nil)", "3) (empty array)"]
        );
        assert_eq!(shown(&Reply::Error(b"ERR x".to_vec())), ["(error) ERR x"]);
    }

    #[test]
    fn every_document_has_its_examples_read() {
        let blocks = blocks("modules/json/COMMANDS.md").expect("readable");
        assert!(blocks.len() >= 25);
        assert!(blocks.iter().all(|block| block.iter().all(|step| !step.reply.is_empty())));
    }
}
