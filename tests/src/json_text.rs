//! JSON text over the wire: JSONTestSuite, numbers to their last digit, and strings of every kind.

use std::fs;
use std::path::PathBuf;

use crate::client::Client;
use crate::host::{Host, Module, Server, workspace};
use crate::reply::Reply;
use crate::report::Report;

/// Where the suite is kept, once for all who test by it.
const CASES: &str = "crates/json-document/tests/data/json-test-suite";
/// Says of each case that is left to the implementation what ours does with it.
const TABLE: &str = "modules/json/JSON_TEXT.md";
/// What the suite has of each kind; fewer would mean that some were not read.
const COUNTS: [(&str, usize); 3] = [("y_", 95), ("n_", 188), ("i_", 35)];

/// Doubles that are sent, read back and computed with in a round, and as many integers.
const NUMBERS: usize = 10_000;

/// Rounds send other numbers each time.
pub fn suite(hosts: &[Host], rounds: usize, report: &mut Report) -> Result<(), String> {
    let cases = cases()?;
    for &host in hosts {
        report.checks(
            &format!("JSON text on {}", host.title()),
            &[
                ("strings, names and repeated names", &|| strings(host)),
                ("numbers, bit by bit", &|| (0..rounds).try_for_each(|round| numbers(host, round))),
            ],
        );
        let title = format!("JSONTestSuite on {}", host.title());
        match conformance(host, &cases) {
            Ok((passed, failures)) => report.group(&title, passed, failures),
            Err(e) => report.group(&title, 0, vec![e]),
        }
    }
    Ok(())
}

/// Names and contents.
fn cases() -> Result<Vec<(String, Vec<u8>)>, String> {
    let dir: PathBuf = workspace().join(CASES);
    let mut cases = Vec::new();
    for entry in fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))? {
        let path = entry.map_err(|e| e.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        cases.push((name, fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?));
    }
    cases.sort();
    for (prefix, count) in COUNTS {
        let found = cases.iter().filter(|(name, _)| name.starts_with(prefix)).count();
        if found != count {
            return Err(format!("{CASES}: {found} cases {prefix} instead of {count}"));
        }
    }
    Ok(cases)
}

/// What the table of the document says of each `i_` case: accepted or not.
fn documented() -> Result<Vec<(String, bool)>, String> {
    let text = fs::read_to_string(workspace().join(TABLE)).map_err(|e| format!("{TABLE}: {e}"))?;
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `i_"));
    let rows = rows.map(|row| {
        let (name, rest) = row.split_once("` |").ok_or_else(|| format!("{TABLE}: {row}"))?;
        let name = format!("i_{name}.json");
        match rest.trim_start() {
            rest if rest.starts_with("accepted") => Ok((name, true)),
            rest if rest.starts_with("refused") => Ok((name, false)),
            _ => Err(format!("{TABLE}: {row}")),
        }
    });
    rows.collect()
}

fn conformance(host: Host, cases: &[(String, Vec<u8>)]) -> Result<(usize, Vec<String>), String> {
    let mut server = Server::start(host, &Module::Json.options()?)?;
    let mut client = server.connect()?;
    let documented = documented()?;
    let (mut passed, mut failures) = (0, Vec::new());
    for (name, text) in cases {
        let accepted = match name.get(..2) {
            Some("y_") => true,
            Some("n_") => false,
            _ => match documented.iter().find(|(documented, _)| documented == name) {
                Some((_, accepted)) => *accepted,
                None => {
                    failures.push(format!("{name} is not in {TABLE}"));
                    continue;
                }
            },
        };
        match one(&mut client, name, text, accepted) {
            Ok(()) => passed += 1,
            Err(e) => failures.push(format!("{name}: {e}")),
        }
    }
    if let Some((name, _)) =
        documented.iter().find(|(name, _)| !cases.iter().any(|(case, _)| case == name))
    {
        failures.push(format!("{TABLE} has {name}, which is no case"));
    }
    // What the nesting alone speaks against is accepted where that is allowed.
    let setting = format!("{}.max-depth", if host.is_redis() { "ReJSON" } else { "json" });
    call(&mut client, &[b"CONFIG", b"SET", setting.as_bytes(), b"500"])?;
    match cases.iter().find(|(name, _)| name == "i_structure_500_nested_arrays.json") {
        Some((name, text)) => match one(&mut client, name, text, true) {
            Ok(()) => passed += 1,
            Err(e) => failures.push(format!("{name} with {setting} 500: {e}")),
        },
        None => failures.push("no case of 500 arrays".to_string()),
    }
    if !server.alive() {
        failures.push(server.log_tail());
    }
    Ok((passed, failures))
}

/// An accepted text comes back as it was without its whitespace; a refused one leaves nothing.
fn one(client: &mut Client, name: &str, text: &[u8], accepted: bool) -> Result<(), String> {
    call(client, &[b"DEL", b"doc"])?;
    let set = call(client, &[b"JSON.SET", b"doc", b"$", text])?;
    let got = call(client, &[b"JSON.GET", b"doc"])?;
    match (&set, accepted) {
        (Reply::Simple(ok), true) if ok == b"OK" => {
            let expected: &[u8] = match name {
                // The last value of a name given twice, at its first place.
                "y_object_duplicated_key.json" => b"{\"a\":\"c\"}",
                "y_object_duplicated_key_and_value.json" => b"{\"a\":\"b\"}",
                _ => &minified(text),
            };
            expect("JSON.GET", &got, &Reply::Bulk(expected.to_vec()))
        }
        (Reply::Error(_), false) => expect("JSON.GET", &got, &Reply::NilBulk),
        _ => Err(set.notation()),
    }
}

/// A valid text without its insignificant whitespace.
fn minified(text: &[u8]) -> Vec<u8> {
    let (mut out, mut in_string, mut escaped) = (Vec::new(), false, false);
    for &byte in text {
        let is_space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        if in_string || !is_space {
            out.push(byte);
        }
        in_string ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && in_string && !escaped;
    }
    out
}

fn strings(host: Host) -> Result<(), String> {
    let server = Server::start(host, &Module::Json.options()?)?;
    let mut client = server.connect()?;
    for (json, path, expected) in [
        // Escapes come back as they were sent.
        (r#""\u0000a\u0000""#, "$", r#"["\u0000a\u0000"]"#),
        (r#"{"a\u0000b":1}"#, r"$['a\u0000b']", "[1]"),
        (r#"{"a\u0000b":1,"a":2}"#, "$.a", "[2]"),
        (r#""\ud834\udd1e""#, "$", r#"["\ud834\udd1e"]"#),
        ("{\"\u{1d11e}\":1}", r"$['\uD834\uDD1E']", "[1]"),
        (r#"{"\ud834\udd1e":1}"#, "$.\u{1d11e}", "[1]"),
        (r#"[{"v":"\ud834\udd1e"}]"#, "$[?length(@.v)==1].v", r#"["\ud834\udd1e"]"#),
        (r#"{"~":1,"/":2,"'":3,"\"":4}"#, r#"$['~','/','\'','"']"#, "[1,2,3,4]"),
        // The last value, at the first place.
        (r#"{"a":1,"b":2,"a":3}"#, "$", r#"[{"a":3,"b":2}]"#),
        (r#"{"a":1,"b":2,"\u0061":3}"#, "$", r#"[{"a":3,"b":2}]"#),
        (r#"{"a":{"x":1},"a":{"y":2}}"#, "$.a", r#"[{"y":2}]"#),
        // Numbers keep their digits.
        ("[1.10,1e5,-0,0.0,1E+2]", "$", "[[1.10,1e5,-0,0.0,1E+2]]"),
        ("[12345678901234567890123]", "$[0]", "[12345678901234567890123]"),
        (
            "[0.1000000000000000055511151231257827]",
            "$[?@>0.1]",
            "[0.1000000000000000055511151231257827]",
        ),
    ] {
        let set = call(&mut client, &[b"JSON.SET", b"doc", b"$", json.as_bytes()])?;
        expect(json, &set, &Reply::Simple(b"OK".to_vec()))?;
        let got = call(&mut client, &[b"JSON.GET", b"doc", path.as_bytes()])?;
        expect(json, &got, &Reply::Bulk(expected.as_bytes().to_vec()))?;
    }
    // NUL within the words of a command is a byte like others: here one that a path cannot have.
    let got = call(&mut client, &[b"JSON.GET", b"doc", b"$[0]\0zz"])?;
    match got {
        Reply::Error(_) => Ok(()),
        other => Err(format!("a path with NUL: {}", other.notation())),
    }
}

/// Random numbers of both kinds: what is read by path is what was sent, and what is computed is the same value.
fn numbers(host: Host, round: usize) -> Result<(), String> {
    let server = Server::start(host, &Module::Json.options()?)?;
    let mut client = server.connect()?;
    let mut random = fastrand::Rng::with_seed(97 + round as u64);
    let doubles: Vec<f64> = (0..NUMBERS).map(|_| double(&mut random)).collect();
    let integers: Vec<i64> = (0..NUMBERS).map(|_| random.i64(..) >> random.u32(0..64)).collect();
    let texts = |at: usize| [format!("{:e}", doubles[at]), integers[at].to_string()];
    let all: Vec<String> = (0..NUMBERS).flat_map(texts).collect();
    let document = format!("[{}]", all.join(","));
    let set = call(&mut client, &[b"JSON.SET", b"doc", b"$", document.as_bytes()])?;
    expect("JSON.SET", &set, &Reply::Simple(b"OK".to_vec()))?;
    let got = call(&mut client, &[b"JSON.GET", b"doc"])?;
    expect("JSON.GET", &got, &Reply::Bulk(document.clone().into_bytes()))?;
    // Every number to a key of its own; a thousand commands at a time.
    for from in (0..all.len()).step_by(1000) {
        let these = &all[from..all.len().min(from + 1000)];
        for (at, text) in these.iter().enumerate() {
            let is_integer = (from + at) % 2 == 1;
            let key = format!("n{at}");
            // Only negative zero times one is negative zero again.
            let (command, operand) =
                if is_integer { ("JSON.NUMINCRBY", "0") } else { ("JSON.NUMMULTBY", "1") };
            send(&mut client, &["JSON.SET", &key, "$", &format!("{{\"v\":[0,{text}]}}")])?;
            send(&mut client, &["JSON.GET", &key, "$.v[1]"])?;
            send(&mut client, &[command, &key, "$.v[1]", operand])?;
            send(&mut client, &["JSON.GET", &key, "$.v[-1]"])?;
        }
        for (at, text) in these.iter().enumerate() {
            let mut replies = Vec::new();
            for _ in 0..4 {
                replies.push(client.read().map_err(|e| e.to_string())?);
            }
            let as_sent = Reply::Bulk(format!("[{text}]").into_bytes());
            expect(text, &replies[1], &as_sent)?;
            expect(text, &replies[2], &replies[3])?;
            if (from + at) % 2 == 1 {
                expect(text, &replies[2], &as_sent)?;
                continue;
            }
            let Reply::Bulk(computed) = &replies[2] else { return Err(replies[2].notation()) };
            let computed = String::from_utf8_lossy(computed);
            let value = computed.trim_matches(['[', ']']).parse::<f64>();
            let value = value.map_err(|e| format!("{text}: {computed}: {e}"))?;
            if value.to_bits() != doubles[(from + at) / 2].to_bits() {
                return Err(format!("{text} became {computed}"));
            }
        }
    }
    Ok(())
}

/// A finite double: of any bits, or of few digits.
fn double(random: &mut fastrand::Rng) -> f64 {
    loop {
        let value = match random.u8(0..3) {
            0 => (random.i32(..) >> random.u32(0..32)) as f64 / 100.0,
            _ => f64::from_bits(random.u64(..)),
        };
        if value.is_finite() {
            return value;
        }
    }
}

fn send(client: &mut Client, argv: &[&str]) -> Result<(), String> {
    client.send(argv).map_err(|e| format!("{}: {e}", argv.join(" ")))
}

fn call(client: &mut Client, argv: &[&[u8]]) -> Result<Reply, String> {
    client.call(argv).map_err(|e| format!("{}: {e}", String::from_utf8_lossy(argv[0])))
}

fn expect(what: &str, found: &Reply, wanted: &Reply) -> Result<(), String> {
    let short = |reply: &Reply| reply.notation().chars().take(200).collect::<String>();
    match found == wanted {
        true => Ok(()),
        false => Err(format!("{what}: {} instead of {}", short(found), short(wanted))),
    }
}
