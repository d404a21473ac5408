//! Documents, paths and DUMP payloads made to break whoever reads them.

use std::time::{Duration, Instant};

use crate::checksum::crc64;
use crate::host::Host;
use crate::reply::Reply;

use super::{Outcome, alive, call, expect, expect_error, json_server};

pub(super) fn deep_documents(host: Host) -> Outcome {
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

pub(super) fn deep_paths(host: Host) -> Outcome {
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

pub(super) fn large_document(host: Host) -> Outcome {
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

pub(super) fn endless_paths(host: Host) -> Outcome {
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
pub(super) fn damaged_payloads(host: Host, keys: &[&str]) -> Outcome {
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
