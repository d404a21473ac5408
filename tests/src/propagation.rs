//! What libjson.so writes to the append-only file, which is what replicas get: times as Unix times, and nothing for
//! what changed nothing. Read from the file itself; then the file is loaded, and the digest must be the same.

use std::fs;
use std::io::BufReader;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::client::Client;
use crate::host::{Host, Module, Server};
use crate::reply::Reply;
use crate::report::Report;

type Outcome = Result<(), String>;

/// A command, and what is propagated for it. `<+100000>` stands for the time at which it was sent and so many
/// milliseconds; `=` for the command as it was sent.
type Case = (&'static [&'static str], &'static [&'static [&'static str]]);

const AS_SENT: &[&[&str]] = &[&["="]];
const NOTHING: &[&[&str]] = &[];

const CASES: &[Case] = &[
    (&["JSON.SET", "d", "$", r#"{"a":1,"l":[1,2],"s":"x","b":true}"#], AS_SENT),
    (&["JSON.SET", "d", "$.a", "1", "NX"], NOTHING),
    (&["JSON.SET", "d", "$.x.y", "1"], NOTHING),
    (&["JSON.SET", "d", "$.a", "2", "XX"], AS_SENT),
    (
        &["JSON.SET", "d", "$.a", "3", "EX", "100"],
        &[&["JSON.SET", "d", "$.a", "3", "PXAT", "<+100000>"]],
    ),
    (
        &["json.set", "d", ".p.q", "3", "PX", "100000", "NX", "GET", "parents"],
        &[&["JSON.SET", "d", ".p.q", "3", "PXAT", "<+100000>", "PARENTS"]],
    ),
    (
        &["JSON.SET", "d", "$.a", "4", "XX", "EXAT", "4102444800"],
        &[&["JSON.SET", "d", "$.a", "4", "PXAT", "4102444800000"]],
    ),
    (&["JSON.SET", "d", "$.a", "5", "KEEPTTL"], AS_SENT),
    (&["JSON.SET", "d", "$.a", "5", "KEEPTTL", "GET"], &[&["JSON.SET", "d", "$.a", "5"]]),
    (
        &["JSON.SET", "d", "$.a", "5", "GET", "PERSIST"],
        &[&["JSON.SET", "d", "$.a", "5", "PERSIST"]],
    ),
    (&["JSON.SET", "d", "$.a", "5", "GET", "NX"], NOTHING),
    (&["JSON.GETEX", "d"], NOTHING),
    (&["JSON.GETEX", "d", "PERSIST"], NOTHING),
    (&["JSON.GETEX", "d", "EX", "100", "$.a"], &[&["PEXPIREAT", "d", "<+100000>"]]),
    (&["JSON.GETEX", "d", "PXAT", "4102444800123"], &[&["PEXPIREAT", "d", "4102444800123"]]),
    (&["JSON.GETEX", "d", ".none", "EX", "100"], NOTHING),
    (&["JSON.GETEX", "d", "PERSIST"], &[&["PERSIST", "d"]]),
    (&["JSON.SET", "gone", "$", "1"], AS_SENT),
    (&["JSON.GETEX", "gone", "PXAT", "1"], &[&["DEL", "gone"]]),
    (&["JSON.SET", "gone", "$", "1"], AS_SENT),
    (&["JSON.SET", "gone", "$", "2", "PXAT", "1"], &[&["DEL", "gone"]]),
    (&["JSON.SET", "gone", "$", "2", "PXAT", "1"], NOTHING),
    (&["JSON.SETPATHS", "d", "$.a", "6", "$.c", "7"], AS_SENT),
    (&["JSON.SETPATHS", "d", "$.a", "6", "$.x.y", "7"], NOTHING),
    (&["JSON.SETPATHS", "d", "NX", "$.a", "6"], NOTHING),
    (&["JSON.MSET", "d", "$.a", "6", "e", "$", "{}"], AS_SENT),
    (&["JSON.MERGE", "d", "$", r#"{"c":null}"#], AS_SENT),
    (&["JSON.PATCH", "d", r#"[{"op":"add","path":"/c","value":1}]"#], AS_SENT),
    (&["JSON.PATCH", "d", r#"[{"op":"test","path":"/c","value":1}]"#], NOTHING),
    (
        &[
            "JSON.PATCH",
            "d",
            r#"[{"op":"remove","path":"/c"},{"op":"test","path":"/a","value":0}]"#,
        ],
        NOTHING,
    ),
    (&["JSON.PATCH", "e", r#"[{"op":"remove","path":""}]"#], AS_SENT),
    (&["JSON.NUMINCRBY", "d", "$.a", "1"], AS_SENT),
    (&["JSON.NUMINCRBY", "d", "$.s", "1"], NOTHING),
    (&["JSON.NUMMULTBY", "d", "$.none", "1"], NOTHING),
    (&["JSON.STRAPPEND", "d", "$.s", r#""y""#], AS_SENT),
    (&["JSON.STRAPPEND", "d", "$.a", r#""y""#], NOTHING),
    (&["JSON.TOGGLE", "d", "$.b"], AS_SENT),
    (&["JSON.TOGGLE", "d", "$.a"], NOTHING),
    (&["JSON.ARRAPPEND", "d", "$.l", "3"], AS_SENT),
    (&["JSON.ARRAPPEND", "d", "$.a", "3"], NOTHING),
    (&["JSON.ARRINSERT", "d", "$.l", "0", "0"], AS_SENT),
    (&["JSON.ARRINSERT", "d", "$.l", "99", "0"], NOTHING),
    (&["JSON.ARRPOP", "d", "$.l"], AS_SENT),
    (&["JSON.ARRPOP", "d", "$.a"], NOTHING),
    (&["JSON.ARRTRIM", "d", "$.l", "0", "1"], AS_SENT),
    (&["JSON.ARRTRIM", "d", "$.l", "0", "-1"], NOTHING),
    (&["JSON.CLEAR", "d", "$.l"], AS_SENT),
    (&["JSON.CLEAR", "d", "$.l"], NOTHING),
    (&["JSON.DEL", "d", "$.none"], NOTHING),
    (&["JSON.DEL", "d", "$.l"], AS_SENT),
    (&["JSON.GET", "d", "$"], NOTHING),
    (&["JSON.DEBUG", "MEMORY", "d"], NOTHING),
    (&["JSON.SET", "d", "$.b", "\x05\0\0\0\0", "FORMAT", "BSON"], AS_SENT),
    (
        &["JSON.SET", "d", "$.b", "\x05\0\0\0\0", "FORMAT", "BSON", "EX", "100"],
        &[&["JSON.SET", "d", "$.b", "\x05\0\0\0\0", "PXAT", "<+100000>", "FORMAT", "BSON"]],
    ),
];

pub fn suite(hosts: &[Host], report: &mut Report) {
    // Our server has no append-only file yet.
    for &host in hosts.iter().filter(|host| **host != Host::Keystow) {
        let (passed, failures) = match play(host) {
            Ok(failures) => (CASES.len() + 2 - failures.len(), failures),
            Err(e) => (0, vec![e]),
        };
        report.group(&format!("what commands propagate, on {}", host.title()), passed, failures);
    }
}

fn play(host: Host) -> Result<Vec<String>, String> {
    let mut options = Module::Json.options()?.to_vec();
    let persistence = ["--appendonly", "yes", "--appendfsync", "always"];
    options.extend(persistence.map(String::from));
    let server = Server::start(host, &options)?;
    let mut client = server.connect()?;
    let mut failures = Vec::new();
    let mut seen = 0;
    for (sent, propagated) in CASES {
        let before = now_ms();
        client.call(sent).map_err(|e| e.to_string())?;
        let after = now_ms();
        let written = written(&server)?;
        let new = &written[seen..];
        seen = written.len();
        let as_sent = propagated.iter().map(|words| if **words == ["="] { *sent } else { *words });
        let fits = are(new, &as_sent.collect::<Vec<_>>(), before, after);
        if !fits {
            failures.push(format!("{}: propagated is {new:?}", sent.join(" ")));
        }
    }
    failures.extend(is_whole_in_a_transaction(&server, &mut client, seen).err());
    failures.extend(is_loaded_as_it_was(&mut client).err());
    Ok(failures)
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}

/// Whether `commands` are those expected, sent between the two times.
fn are(commands: &[Vec<String>], expected: &[&[&str]], before: u64, after: u64) -> bool {
    commands.len() == expected.len()
        && commands.iter().zip(expected).all(|(words, expected)| {
            let mut pairs = words.iter().zip(*expected);
            words.len() == expected.len()
                && pairs.all(|(word, expected)| fits(word, expected, before, after))
        })
}

fn fits(word: &str, expected: &str, before: u64, after: u64) -> bool {
    let delay = expected.strip_prefix("<+").and_then(|rest| rest.strip_suffix('>'));
    match (delay.and_then(|delay| delay.parse::<u64>().ok()), word.parse::<u64>()) {
        (Some(delay), Ok(at)) => (before + delay..=after + delay).contains(&at),
        _ => word == expected,
    }
}

/// The commands in the append-only file, but for those by which the host frames them.
fn written(server: &Server) -> Result<Vec<Vec<String>>, String> {
    let dir = server.dir.join("appendonlydir");
    let files = fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let file = files
        .flatten()
        .map(|file| file.path())
        .find(|path| path.to_string_lossy().ends_with(".incr.aof"))
        .ok_or("no append-only file")?;
    let mut input = BufReader::new(fs::File::open(&file).map_err(|e| e.to_string())?);
    let mut commands = Vec::new();
    loop {
        match Reply::read(&mut input) {
            Ok(Reply::Array(words)) => {
                let text = |word: &Reply| {
                    String::from_utf8_lossy(word.text().unwrap_or_default()).into_owned()
                };
                let words: Vec<String> = words.iter().map(text).collect();
                if !["SELECT", "MULTI", "EXEC"].contains(&words[0].as_str()) {
                    commands.push(words);
                }
            }
            Ok(other) => return Err(format!("in the file: {}", other.notation())),
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(commands),
            Err(e) => return Err(format!("in the file: {e}")),
        }
    }
}

/// Within MULTI and within a script, commands are propagated in the same words.
fn is_whole_in_a_transaction(server: &Server, client: &mut Client, seen: usize) -> Outcome {
    let before = now_ms();
    let script = "return redis.call('JSON.SET', KEYS[1], '$', '[1]', 'EX', 100, 'GET')";
    for sent in [
        &["MULTI"][..],
        &["JSON.SET", "t", "$", "[]", "EX", "100"],
        &["JSON.GETEX", "t", "PERSIST"],
        &["JSON.PATCH", "t", r#"[{"op":"test","path":"","value":[]}]"#],
        &["EXEC"],
        &["EVAL", script, "1", "t"],
    ] {
        let reply = client.call(sent).map_err(|e| e.to_string())?;
        if reply.is_error() {
            return Err(format!("{}: {}", sent.join(" "), reply.notation()));
        }
    }
    let after = now_ms();
    let written = written(server)?;
    let new = &written[seen..];
    let expected = [
        &["JSON.SET", "t", "$", "[]", "PXAT", "<+100000>"][..],
        &["PERSIST", "t"],
        &["JSON.SET", "t", "$", "[1]", "PXAT", "<+100000>"],
    ];
    let fits = are(new, &expected, before, after);
    match fits {
        true => Ok(()),
        false => Err(format!("in a transaction and a script: propagated is {new:?}")),
    }
}

/// Loading the file gives the data set that wrote it, times included.
fn is_loaded_as_it_was(client: &mut Client) -> Outcome {
    let mut run = |words: &str| client.run(words).map_err(|e| format!("{words}: {e}"));
    let before = (run("DEBUG DIGEST")?, run("PEXPIRETIME d")?);
    match run("DEBUG LOADAOF")? {
        Reply::Simple(_) => {}
        other => return Err(format!("DEBUG LOADAOF: {}", other.notation())),
    }
    match (run("DEBUG DIGEST")?, run("PEXPIRETIME d")?) == before {
        true => Ok(()),
        false => Err("the file does not give the data set that wrote it".into()),
    }
}
