//! The functions that libjson.so offers to other modules, used by a module of ours in C: `tests/c/jsonapi.c`. What
//! they give is compared with JSON.GET.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::client::{Client, encode};
use crate::host::{Host, Module, Server, target, workspace};
use crate::reply::Reply;
use crate::report::Report;

type Outcome = Result<(), String>;

pub fn suite(hosts: &[Host], report: &mut Report) {
    report.checks(
        "symbols of libjson.so",
        &[("only what the host calls is exported", &only_entry_points)],
    );
    for &host in hosts {
        report.checks(
            &format!("shared API of libjson.so on {}", host.title()),
            &[
                ("search modules find it under the names they look for", &|| names(host)),
                ("a document put together from its values", &|| walks(host, Form::Text)),
                ("the same of a packed one", &|| walks(host, Form::Packed)),
                ("paths, as text and parsed", &|| paths(host)),
                ("paths from a value within", &|| paths_within(host)),
                ("arrays as C numbers", &|| arrays(host)),
                ("JSON_GetValue", &|| get_value(host)),
                ("what is no document, no path or no value", &|| nothing(host)),
                ("a value kept too long is refused", &|| kept(host)),
                ("opening many documents takes bounded memory", &|| many(host)),
            ],
        );
    }
}

/// Everything else is found through the host, by name.
fn only_entry_points() -> Outcome {
    let output = Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(Module::Json.path()?)
        .output()
        .map_err(|e| format!("nm: {e}"))?;
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    let known = ["RedisModule_OnLoad", "RedisModule_OnUnload"];
    match names.contains(&known[0]) && names.iter().all(|name| known.contains(name)) {
        true => Ok(()),
        false => Err(format!("exported: {names:?}")),
    }
}

/// The module in C, built once a run.
pub fn module() -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> Result<PathBuf, String> {
    let source = workspace().join("tests/c/jsonapi.c");
    let dir = target().join("suites");
    std::fs::create_dir_all(&dir).map_err(|e| e.to_string())?;
    let product = dir.join(format!("{}-jsonapi.so", std::process::id()));
    let output = Command::new(std::env::var_os("CC").unwrap_or("cc".into()))
        .args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(&product)
        .arg(&source)
        .output()
        .map_err(|e| format!("cc: {e}"))?;
    match output.status.success() {
        true => Ok(product),
        false => Err(format!("cc: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

fn start(host: Host) -> Result<(Server, Client), String> {
    let mut options = vec!["--loadmodule".to_string(), module()?.to_string_lossy().into_owned()];
    options.extend(Module::Json.options()?);
    let server = Server::start(host, &options)?;
    let client = server.connect()?;
    Ok((server, client))
}

fn call<A: AsRef<[u8]>>(client: &mut Client, argv: &[A]) -> Result<Reply, String> {
    client.call(argv).map_err(|e| format!("{}: {e}", String::from_utf8_lossy(argv[0].as_ref())))
}

fn text<A: AsRef<[u8]>>(client: &mut Client, argv: &[A]) -> Result<String, String> {
    let reply = call(client, argv)?;
    match (reply.is_error(), reply.text()) {
        (false, Some(text)) => Ok(String::from_utf8_lossy(text).into_owned()),
        _ => Err(format!(
            "{} answers {}",
            String::from_utf8_lossy(argv[0].as_ref()),
            reply.notation()
        )),
    }
}

fn same(what: &str, found: &str, wanted: &str) -> Outcome {
    let short = |text: &str| text.chars().take(300).collect::<String>();
    match found == wanted {
        true => Ok(()),
        false => Err(format!("{what}: {} instead of {}", short(found), short(wanted))),
    }
}

fn expect<A: AsRef<[u8]>>(client: &mut Client, argv: &[A], wanted: &str) -> Outcome {
    let found = call(client, argv)?.notation();
    let words: Vec<_> = argv.iter().map(|word| String::from_utf8_lossy(word.as_ref())).collect();
    same(&words.join(" "), &found, wanted)
}

fn names(host: Host) -> Outcome {
    let (_server, mut client) = start(host)?;
    let modules = call(&mut client, &["MODULE", "LIST"])?.notation();
    let wanted = if host.is_redis() { "\"ReJSON\"" } else { "\"json\"" };
    if !modules.contains(wanted) {
        return Err(format!("MODULE LIST has no {wanted}: {modules}"));
    }
    expect(&mut client, &["JSONAPITEST.VERSIONS"], ":9")
}

/// How the document is held while it is looked into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Packed,
}

/// Documents whose numbers and strings are written in the one way that the module in C writes them.
fn documents() -> Vec<String> {
    let numbers: Vec<String> = (0..500).map(|i| (i * 37 % 101 - 50).to_string()).collect();
    let records: Vec<String> = (0..200)
        .map(|i| format!(r#"{{"id":{i},"name":"n\"{i}\\","tags":["é","😀",null,true],"ratio":{i}.5,"empty":{{}}}}"#))
        .collect();
    vec![
        "null".into(),
        "true".into(),
        "-7".into(),
        "9223372036854775807".into(),
        "1.5".into(),
        r#""""#.into(),
        r#""tab\u0009 nul\u0000 quote\" back\\ é 😀""#.into(),
        "[]".into(),
        "{}".into(),
        format!("[{}]", numbers.join(",")),
        r#"{"a":{"b":{"c":[[],[1],[1,[2,[3]]]]}},"\u0001name\"":"x","z":false,"a2":[1,"x",null,2.25]}"#.into(),
        format!(r#"{{"records":[{}]}}"#, records.join(",")),
        format!("{}1{}", "[".repeat(100), "]".repeat(100)),
    ]
}

fn walks(host: Host, form: Form) -> Outcome {
    let (_server, mut client) = start(host)?;
    let prefix = if host.is_redis() { "ReJSON" } else { "json" };
    let pack_after = if form == Form::Packed { "0" } else { "100000" };
    expect(&mut client, &["CONFIG", "SET", &format!("{prefix}.pack-after-ms"), pack_after], "+OK")?;
    expect(&mut client, &["CONFIG", "SET", &format!("{prefix}.warm-memory"), "0"], "+OK")?;
    for (i, document) in documents().iter().enumerate() {
        expect(&mut client, &["JSON.SET", &format!("doc:{i}"), "$", document], "+OK")?;
    }
    if form == Form::Packed {
        settle(&mut client, prefix)?;
    }
    for (i, document) in documents().iter().enumerate() {
        for how in ["handle", "flags", "key", "str"] {
            let found = text(&mut client, &["JSONAPITEST.WALK", how, &format!("doc:{i}")])?;
            same(&format!("document {i} by {how}"), &found, document)?;
        }
    }
    Ok(())
}

/// Waits until something is packed and nothing waits for it.
fn settle(client: &mut Client, prefix: &str) -> Outcome {
    for _ in 0..500 {
        let info = text(client, &["INFO", "modules"])?;
        let field = |name: &str| {
            let name = format!("{prefix}_{name}:");
            info.lines().find_map(|line| line.strip_prefix(&name)?.parse::<u64>().ok())
        };
        if field("pack_backlog_bytes") == Some(0) && field("packed_documents") > Some(0) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err("nothing is packed in 10 s".into())
}

const STORE: &str = r#"{"store":{"book":[{"price":8.95,"title":"a"},{"price":12.99,"title":"b","isbn":"1"}],"x":{"price":5}},"e":1e3,"n":[1,2,3]}"#;

const PATHS: [&str; 14] = [
    "$",
    "$.store.book[*].title",
    "$..price",
    "$.store.book[?(@.price>10)].title",
    "$.n[-1]",
    "$.n[0:2]",
    "$.none",
    "$..*",
    "$['store']['x']",
    "$.e",
    ".store.x.price",
    "store.book[1].isbn",
    ".n",
    "$.store.book[0,1].price",
];

fn paths(host: Host) -> Outcome {
    let (_server, mut client) = start(host)?;
    expect(&mut client, &["JSON.SET", "doc", "$", STORE], "+OK")?;
    for path in PATHS {
        let wanted = match (path.starts_with('$'), call(&mut client, &["JSON.GET", "doc", path])?) {
            (true, reply) => String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned(),
            (false, reply) => {
                format!("[{}]", String::from_utf8_lossy(reply.text().unwrap_or_default()))
            }
        };
        let Reply::Array(values) = call(&mut client, &["JSONAPITEST.GET", "doc", path])? else {
            return Err(format!("{path}: no iterator"));
        };
        let count = values.len();
        let joined: Vec<_> = values
            .iter()
            .map(|value| String::from_utf8_lossy(value.text().unwrap_or_default()))
            .collect();
        same(path, &format!("[{}]", joined.join(",")), &wanted)?;

        let Reply::Array(parsed) = call(&mut client, &["JSONAPITEST.PATH", "doc", path])? else {
            return Err(format!("{path}: not parsed"));
        };
        let single = !path.contains(['*', '?', ':', ',']) && !path.contains("..");
        let count = Reply::Integer(count as i64);
        let wanted = [
            Reply::Integer(i64::from(single)),
            Reply::Integer(1),
            Reply::Bulk(wanted.into_bytes()),
            count.clone(),
            count,
        ];
        if parsed != wanted {
            return Err(format!("{path} parsed: {parsed:?} instead of {wanted:?}"));
        }
    }
    for path in ["$[", "$.a[?(", "$.a[1:2:0:1]", ""] {
        let message = text(&mut client, &["JSONAPITEST.PATH", "doc", path])?;
        let wanted = call(&mut client, &["JSON.GET", "doc", path])?;
        same(path, &message, &String::from_utf8_lossy(wanted.text().unwrap_or_default()))?;
        expect(&mut client, &["JSONAPITEST.GET", "doc", path], "$-1")?;
    }
    Ok(())
}

fn paths_within(host: Host) -> Outcome {
    let (_server, mut client) = start(host)?;
    expect(&mut client, &["JSON.SET", "doc", "$", STORE], "+OK")?;
    for (outer, inner, wanted) in [
        ("$.store", "$.x.price", "[5]"),
        ("$.store.book", "$[*].title", r#"["a","b"]"#),
        ("$.store.book", "$..isbn", r#"["1"]"#),
        ("$.n", "$", "[[1,2,3]]"),
        ("$", "$.e", "[1e3]"),
        ("$.e", "$.x", "[]"),
    ] {
        let found = text(&mut client, &["JSONAPITEST.WITHIN", "doc", outer, inner])?;
        same(&format!("{inner} within {outer}"), &found, wanted)?;
    }
    Ok(())
}

fn arrays(host: Host) -> Outcome {
    let (_server, mut client) = start(host)?;
    let vector: Vec<String> = (0..768).map(|i| format!("{}.25", i - 300)).collect();
    let vector = format!("[{}]", vector.join(","));
    for (array, kind) in [
        ("[1,-2,3]", 10),
        ("[-9223372036854775808,9223372036854775807]", 10),
        ("[18446744073709551615,0]", 11),
        ("[1.5,2,-0.125]", 12),
        (vector.as_str(), 12),
        // Doubles could not express these exactly, C integers not at all.
        ("[9007199254740993,0.5]", 0),
        ("[18446744073709551615,-1]", 0),
        (r#"["x",[1,2],{"a":null},true]"#, 0),
        ("[]", 0),
    ] {
        expect(&mut client, &["JSON.SET", "doc", "$", &format!(r#"{{"a":{array}}}"#)], "+OK")?;
        let Reply::Array(found) = call(&mut client, &["JSONAPITEST.ARRAY", "doc", "$.a"])? else {
            return Err(format!("{array}: no buffer"));
        };
        if found.first() != Some(&Reply::Integer(kind)) {
            return Err(format!("{array}: type {:?} instead of {kind}", found.first()));
        }
        if kind != 0 || !array.contains("00") && !array.contains("184") {
            let elements = found.get(1).and_then(Reply::text).unwrap_or_default();
            same(array, &String::from_utf8_lossy(elements), array)?;
        }
    }
    for (value, path) in [("5", "$"), (r#"{"a":{}}"#, "$.a"), ("[1]", "$.none")] {
        expect(&mut client, &["JSON.SET", "doc", "$", value], "+OK")?;
        expect(&mut client, &["JSONAPITEST.ARRAY", "doc", path], "$-1")?;
    }
    Ok(())
}

fn get_value(host: Host) -> Outcome {
    let (_server, mut client) = start(host)?;
    expect(&mut client, &["JSON.SET", "doc", "$", STORE], "+OK")?;
    for path in PATHS.into_iter().chain(["."]) {
        let wanted = text(&mut client, &["JSON.GET", "doc", path])?;
        same(path, &text(&mut client, &["JSONAPITEST.VALUE", "doc", path])?, &wanted)?;
    }
    for path in [".none", "$[", "store.none"] {
        expect(&mut client, &["JSONAPITEST.VALUE", "doc", path], "$-1")?;
    }
    expect(&mut client, &["SET", "string", "x"], "+OK")?;
    for key in ["string", "none"] {
        expect(&mut client, &["JSONAPITEST.VALUE", key, "$"], "$-1")?;
    }
    Ok(())
}

fn nothing(host: Host) -> Outcome {
    let (mut server, mut client) = start(host)?;
    expect(&mut client, &["SET", "string", "x"], "+OK")?;
    for key in ["string", "none"] {
        for how in ["handle", "flags", "key", "str"] {
            expect(&mut client, &["JSONAPITEST.WALK", how, key], "$-1")?;
        }
        expect(&mut client, &["JSONAPITEST.GET", key, "$"], "$-1")?;
        expect(&mut client, &["JSONAPITEST.ALL", key], "+OK")?;
    }
    for document in documents() {
        expect(&mut client, &["JSON.SET", "doc", "$", &document], "+OK")?;
        expect(&mut client, &["JSONAPITEST.ALL", "doc"], "+OK")?;
        same("the document", &text(&mut client, &["JSON.GET", "doc"])?, &document)?;
    }
    match server.alive() && text(&mut client, &["INFO", "modules"])?.contains("_panics:0") {
        true => Ok(()),
        false => Err(format!("something panicked:\n{}", server.log_tail())),
    }
}

/// The root of an array of two is kept over turns of the event loop: first it has two elements, then it is gone.
fn kept(host: Host) -> Outcome {
    let (_server, mut client) = start(host)?;
    expect(&mut client, &["JSON.SET", "doc", "$", "[1,2]"], "+OK")?;
    expect(&mut client, &["JSONAPITEST.KEEP", "doc"], ":5")?;
    expect(&mut client, &["DEL", "doc"], ":1")?;
    for _ in 0..100 {
        match call(&mut client, &["JSONAPITEST.KEPT"])? {
            Reply::Integer(2) => std::thread::sleep(Duration::from_millis(20)),
            Reply::Integer(-7) => return Ok(()),
            other => return Err(format!("the value is {}", other.notation())),
        }
    }
    Err("the value is still there after two seconds".into())
}

fn used_memory(reply: &Reply) -> Result<u64, String> {
    let text = String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned();
    let value = text.lines().find_map(|line| line.strip_prefix("used_memory:")?.parse().ok());
    value.ok_or("INFO has no used_memory".to_string())
}

/// 150 MB of text, opened by one command; 64 MiB are kept, and soon nothing.
fn many(host: Host) -> Outcome {
    const COUNT: usize = 1500;
    let (_server, mut client) = start(host)?;
    let document = format!(r#"{{"t":"{}"}}"#, "some words ".repeat(10_000));
    let prefix = if host.is_redis() { "ReJSON" } else { "json" };
    expect(&mut client, &["CONFIG", "SET", &format!("{prefix}.pack-after-ms"), "0"], "+OK")?;
    expect(&mut client, &["CONFIG", "SET", &format!("{prefix}.warm-memory"), "0"], "+OK")?;
    for i in 0..COUNT {
        expect(&mut client, &["JSON.SET", &format!("doc:{i}"), "$", &document], "+OK")?;
    }
    settle(&mut client, prefix)?;
    let before = used_memory(&call(&mut client, &["INFO", "memory"])?)?;
    // Both in one piece, so that no cron comes between them.
    let mut both = encode(&["JSONAPITEST.MANY", "doc:", &COUNT.to_string()]);
    both.extend(encode(&["INFO", "memory"]));
    client.send_raw(&both).map_err(|e| e.to_string())?;
    let found = client.read().map_err(|e| e.to_string())?;
    same("documents opened", &found.notation(), &format!(":{COUNT}"))?;
    let held = used_memory(&client.read().map_err(|e| e.to_string())?)?.saturating_sub(before);
    if held > 80 << 20 {
        return Err(format!("{held} bytes are held after the command"));
    }
    for _ in 0..100 {
        let held = used_memory(&call(&mut client, &["INFO", "memory"])?)?.saturating_sub(before);
        if held < 4 << 20 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err("the memory is not given back in two seconds".into())
}
