//! What others wrote: `tests/data/dumps`, and by hand the versions that no program writes any more.

use std::fs;

use serde_json::Value;

use crate::checksum::crc64;
use crate::host::{Host, Module, Server, scratch, workspace};
use crate::scene::Scene;

use super::payload::{HEADER_LEN, Payload, READ_BY_ALL, body, first_string, from_base64, sealed};

type Outcome = Result<(), String>;

/// A document of the data: as it was sent, as the other module replies it, and its payload.
pub(super) struct Recorded {
    pub(super) document: String,
    pub(super) reply: String,
    pub(super) payload: Vec<u8>,
}

pub(super) fn recorded(file: &str) -> Result<Vec<Recorded>, String> {
    let path = workspace().join("tests/data/dumps").join(file);
    let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let data: Value = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
    let payloads = data["payloads"].as_array().ok_or(format!("{file} has no payloads"))?;
    let text = |value: &Value| value.as_str().map(String::from).ok_or(format!("{file}: no text"));
    payloads
        .iter()
        .map(|entry| {
            Ok(Recorded {
                document: text(&entry["document"])?,
                reply: text(&entry["reply"])?,
                payload: from_base64(&text(&entry["dump_base64"])?),
            })
        })
        .collect()
}

/// Restores each payload of a file, as it is where the host reads its RDB version, and anyway with one that all read.
fn restored(host: Host, file: &str, is_native: bool) -> Outcome {
    let mut scene = Scene::new(host)?;
    let all = recorded(file)?;
    if all.len() < 30 {
        return Err(format!("{file} has {} payloads", all.len()));
    }
    for entry in all {
        let portable = sealed(body(&entry.payload).to_vec(), READ_BY_ALL);
        for (payload, is_read) in [(&entry.payload, is_native), (&portable, true)] {
            let reply = scene.restore("doc", payload)?;
            match (is_read, reply.notation().as_str()) {
                (true, "+OK") => scene.holds("doc", &entry.reply)?,
                // The host refuses the RDB version before the module is asked.
                (false, other) if other.contains("DUMP payload version or checksum are wrong") => {}
                (_, other) => return Err(format!("{}: {other}", entry.document)),
            }
        }
    }
    scene.is_well()
}

pub(super) fn valkey_json_payloads(host: Host) -> Outcome {
    restored(host, "encver3-valkey-json.json", [Host::Keystow, Host::Valkey91].contains(&host))
}

pub(super) fn redisjson_payloads(host: Host) -> Outcome {
    restored(host, "encver4-redisjson.json", [Host::Keystow, Host::Redis80].contains(&host))
}

pub(super) fn encver_0(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    let (null, string, double, integer, boolean, object, array, member) =
        (0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80);
    let payload = Payload::new(0)
        .unsigned(object)
        .unsigned(7)
        .unsigned(member)
        .string(b"null")
        .unsigned(null)
        .unsigned(member)
        .string("quote\" é \n".as_bytes())
        .unsigned(string)
        .string(b"back\\slash\x00")
        .unsigned(member)
        .string(b"double")
        .unsigned(double)
        .double(-0.1)
        .unsigned(member)
        .string(b"integer")
        .unsigned(integer)
        .unsigned((-5i64).cast_unsigned())
        .unsigned(member)
        .string(b"yes")
        .unsigned(boolean)
        .string(b"1")
        .unsigned(member)
        .string(b"no")
        .unsigned(boolean)
        .string(b"0")
        .unsigned(member)
        .string(b"array")
        .unsigned(array)
        .unsigned(3)
        .unsigned(array)
        .unsigned(0)
        .unsigned(object)
        .unsigned(0)
        .unsigned(double)
        .double(1e300)
        .end();
    let json = "{\"null\":null,\"quote\\\" é \\n\":\"back\\\\slash\\u0000\",\"double\":-0.1,\"integer\":-5,\
                \"yes\":true,\"no\":false,\"array\":[[],{},1e300]}";
    restores(&mut scene, payload, json)?;
    for (payload, json) in [
        (Payload::new(0).unsigned(null), "null"),
        (Payload::new(0).unsigned(string).string(b""), "\"\""),
        (
            Payload::new(0).unsigned(integer).unsigned(i64::MIN.cast_unsigned()),
            "-9223372036854775808",
        ),
        (Payload::new(0).unsigned(double).double(2.0), "2.0"),
        (Payload::new(0).unsigned(array).unsigned(0), "[]"),
    ] {
        restores(&mut scene, payload.end(), json)?;
    }
    let nested = |depth: usize| {
        let open =
            (0..depth).fold(Payload::new(0), |payload, _| payload.unsigned(array).unsigned(1));
        open.unsigned(null).end()
    };
    restores(&mut scene, nested(1000), &format!("{}null{}", "[".repeat(1000), "]".repeat(1000)))?;
    for (what, payload) in [
        ("nesting over all limits", nested(2000)),
        ("nesting of a hundred thousand", nested(100_000)),
        ("an unknown node", Payload::new(0).unsigned(0x03).end()),
        ("a number that is none", Payload::new(0).unsigned(double).double(f64::NAN).end()),
        ("an infinite number", Payload::new(0).unsigned(double).double(f64::INFINITY).end()),
        ("a string that is not UTF-8", Payload::new(0).unsigned(string).string(b"\xff").end()),
        (
            "a member without its mark",
            Payload::new(0).unsigned(object).unsigned(1).unsigned(7).end(),
        ),
        (
            "an array that ends early",
            Payload::new(0).unsigned(array).unsigned(2).unsigned(null).end(),
        ),
        ("a string where a number should be", Payload::new(0).string(b"1").end()),
        ("nothing", Payload::new(0).end()),
    ] {
        refuses(&mut scene, what, &payload)?;
    }
    scene.is_well()
}

pub(super) fn encver_2(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    let text = br#"{"a": [1, 2.50, "x"] }"#;
    let json = r#"{"a":[1,2.50,"x"]}"#;
    for payload in [
        Payload::new(2).string(text).unsigned(0),
        Payload::new(2).string(text).unsigned(1).string(b"index").string(b"$.a"),
        Payload::new(2).string(text).unsigned(2).string(b"index").string(b"$.a"),
    ] {
        restores(&mut scene, payload.end(), json)?;
    }
    for (what, payload) in [
        ("no JSON", Payload::new(2).string(b"{").unsigned(0)),
        ("no number", Payload::new(2).string(text)),
        ("one string of two", Payload::new(2).string(text).unsigned(1).string(b"index")),
        ("more than there should be", Payload::new(2).string(text).unsigned(0).string(b"index")),
    ] {
        refuses(&mut scene, what, &payload.end())?;
    }
    scene.is_well()
}

pub(super) fn unknown_versions(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    for encver in [1, 5, 6, 255] {
        let payload = Payload::new(encver).string(b"{}").end();
        refuses(&mut scene, &format!("encver {encver}"), &payload)?;
    }
    scene.is_well()
}

fn restores(scene: &mut Scene, payload: Vec<u8>, json: &str) -> Outcome {
    match scene.restore("doc", &payload)?.notation().as_str() {
        "+OK" => scene.holds("doc", json),
        other => Err(format!("{json}: {other}")),
    }
}

fn refuses(scene: &mut Scene, what: &str, payload: &[u8]) -> Outcome {
    let reply = scene.restore("refused", payload)?;
    match reply.is_error() {
        true => scene.replies("EXISTS refused", ":0"),
        false => Err(format!("{what}: {}", reply.notation())),
    }
}

/// Starts the host on an RDB file; where it does not read the file's version, it must say so and end.
fn loads(host: Host, file: &[u8], is_read: bool) -> Result<Option<Scene>, String> {
    let dir = scratch("dumps").map_err(|e| e.to_string())?;
    fs::write(dir.join("dump.rdb"), file).map_err(|e| e.to_string())?;
    let options = Module::Json.options()?;
    if is_read {
        return Scene::of(Server::start_in(host, dir, &options)?).map(Some);
    }
    let log = Server::refusal(host, &dir, &options)?;
    let known = ["handle RDB format version", "Wrong signature"];
    match known.iter().any(|words| log.contains(words)) {
        true => Ok(None),
        false => Err(format!("it does not say why:\n{log}")),
    }
}

/// An RDB file of Valkey 9, put together around the values that valkey-json wrote.
pub(super) fn valkey_json_file(host: Host) -> Outcome {
    const VERSION: &[u8] = b"VALKEY080";
    let all = recorded("encver3-valkey-json.json")?;
    let mut file = VERSION.to_vec();
    file.extend([0xfe, 0]);
    for (i, entry) in all.iter().enumerate() {
        let name = format!("doc:{i}");
        let value = body(&entry.payload);
        file.push(value[0]);
        file.push(name.len() as u8);
        file.extend(name.as_bytes());
        file.extend(&value[1..]);
    }
    file.push(0xff);
    let checksum = crc64(&file);
    file.extend(checksum.to_le_bytes());
    let is_read = [Host::Keystow, Host::Valkey91].contains(&host);
    let Some(mut scene) = loads(host, &file, is_read)? else { return Ok(()) };
    for (i, entry) in all.iter().enumerate() {
        scene.holds(&format!("doc:{i}"), &entry.reply)?;
    }
    scene.replies("DBSIZE", &format!(":{}", all.len()))?;
    scene.is_well()
}

pub(super) fn redisjson_file(host: Host) -> Outcome {
    let path = workspace().join("tests/data/dumps/redis-8.0-redisjson.rdb");
    let file = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let is_read = [Host::Keystow, Host::Redis80].contains(&host);
    let Some(mut scene) = loads(host, &file, is_read)? else { return Ok(()) };
    scene.replies("DBSIZE", ":4")?;
    scene.replies("GET plain", "\"text\"")?;
    for n in 1..=3 {
        let json = format!(
            r#"{{"id":{n},"tags":["a","b"],"price":1{n}.5,"nested":{{"list":[1,2,{n}]}}}}"#
        );
        scene.holds(&format!("doc:{n}"), &json)?;
    }
    scene.is_well()
}

/// With `rdb-format portable`, DUMP gives byte for byte what valkey-json gave for the same document.
pub(super) fn same_bytes(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    scene.configure("rdb-format", "portable")?;
    for entry in recorded("encver3-valkey-json.json")? {
        // valkey-json writes characters where escapes were sent; the text that it keeps is set here.
        scene.set("doc", &entry.reply)?;
        let payload = scene.text(&["DUMP", "doc"])?;
        let (ours, theirs) = (body(&payload), body(&entry.payload));
        // Where a server compresses differently, what it compressed must be the same.
        let string = first_string(ours);
        if ours != theirs
            && (host != Host::Keystow || string.is_none() || string != first_string(theirs))
        {
            return Err(format!("{}: {ours:02x?} instead of {theirs:02x?}", entry.document));
        }
        if string.as_deref() != Some(entry.reply.as_bytes()) {
            return Err(format!("{} is not in {ours:02x?}", entry.document));
        }
        if payload[HEADER_LEN - 1] != 3 {
            return Err(format!("encver {}", payload[HEADER_LEN - 1]));
        }
    }
    scene.is_well()
}

/// With `rdb-format portable` an RDB file holds the very text of each document.
pub(super) fn portable_file(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    let words: String = (0..200).map(|i| format!("word {i} ")).collect();
    let json = format!(r#"{{"text":"{words}"}}"#);
    scene.set("doc", &json)?;
    for (format, is_plain) in [("packed", false), ("portable", true)] {
        scene.replies("CONFIG SET rdbcompression no", "+OK")?;
        scene.configure("rdb-format", format)?;
        scene.replies("SAVE", "+OK")?;
        let file = fs::read(scene.server.dir.join("dump.rdb")).map_err(|e| e.to_string())?;
        let found = file.windows(json.len()).any(|window| window == json.as_bytes());
        if found != is_plain {
            return Err(format!(
                "{format}: the text is {} the file",
                if found { "in" } else { "not in" }
            ));
        }
        scene.restart()?;
        scene.holds("doc", &json)?;
    }
    Ok(())
}
