//! Documents as values of their host.

use crate::host::{Host, Module};
use crate::reply::Reply;
use crate::scene::Scene;

type Outcome = Result<(), String>;

fn expect_all(scene: &mut Scene, pairs: &[(&str, &str)]) -> Outcome {
    pairs.iter().try_for_each(|(words, wanted)| scene.replies(words, wanted))
}

fn number(reply: &Reply) -> Result<i64, String> {
    match reply {
        Reply::Integer(n) => Ok(*n),
        other => Err(format!("{} is no number", other.notation())),
    }
}

/// Text that zstd cannot make much smaller.
fn noise(len: usize, seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..len).map(|_| random.alphanumeric()).collect()
}

/// Small, with members in common; middle; large.
fn documents() -> Vec<String> {
    let mut documents: Vec<String> = (0..40)
        .map(|i| format!(r#"{{"id":{i},"name":"user {i}","mail":"user{i}@example.com","tags":["a","b"],"balance":{i}.50,"active":true,"address":{{"street":"High Street {i}","city":"Town"}}}}"#))
        .collect();
    documents.push(format!("[{}]", documents.join(",")));
    documents.push(format!(
        r#"{{"noise":"{}","n":[1.10,1e5,12345678901234567890123]}}"#,
        noise(50_000, 1)
    ));
    documents.extend(["5", "\"\"", "null", "[]", "{}"].map(String::from));
    documents
}

fn fill(scene: &mut Scene) -> Outcome {
    documents().iter().enumerate().try_for_each(|(i, json)| scene.set(&format!("doc:{i}"), json))
}

/// Lets everything be packed that is worth it.
fn pack(scene: &mut Scene) -> Outcome {
    scene.configure("pack-after-ms", "0")?;
    scene.awaits_that("packing", |scene| {
        Ok(scene.figure("pack_backlog_bytes")? == 0 && scene.figure("packed_documents")? > 2)
    })
}

pub(super) fn looked_at(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    fill(&mut scene)?;
    scene.answers("SET string x")?;
    let count = documents().len();
    for form in ["text", "packed"] {
        if form == "packed" {
            pack(&mut scene)?;
        }
        expect_all(
            &mut scene,
            &[
                ("TYPE doc:1", "+ReJSON-RL"),
                ("OBJECT ENCODING doc:1", "\"raw\""),
                ("OBJECT REFCOUNT doc:1", ":1"),
            ],
        )?;
        let idle = scene.run("OBJECT IDLETIME doc:1")?;
        number(&idle)?;
        let Reply::Array(found) = scene.run("SCAN 0 TYPE ReJSON-RL COUNT 1000")? else {
            return Err("SCAN answers no array".into());
        };
        let Some(Reply::Array(names)) = found.get(1) else {
            return Err("SCAN has no names".into());
        };
        if names.len() != count {
            return Err(format!("SCAN TYPE finds {} of {count} documents", names.len()));
        }
        let small = number(&scene.run("MEMORY USAGE doc:1")?)?;
        let middle = number(&scene.run("MEMORY USAGE doc:41")?)?;
        if !(32..2000).contains(&small) || !(20_000..100_000).contains(&middle) {
            return Err(format!("{form}: MEMORY USAGE is {small} and {middle}"));
        }
    }
    scene.is_well()
}

/// The digest of every key and of the whole data set.
fn all_digests(scene: &mut Scene) -> Result<Vec<String>, String> {
    let mut digests = vec![scene.digest()?];
    for i in 0..documents().len() {
        digests.push(scene.run(&format!("DEBUG DIGEST-VALUE doc:{i}"))?.notation());
    }
    Ok(digests)
}

pub(super) fn digests(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    scene.configure("pack-after-ms", "100000")?;
    fill(&mut scene)?;
    let wanted = all_digests(&mut scene)?;
    let mut sorted = wanted.clone();
    sorted.sort();
    sorted.dedup();
    if sorted.len() != wanted.len() {
        return Err("different documents have one digest".into());
    }
    let same = |what: &str, scene: &mut Scene| match all_digests(scene)? == wanted {
        true => Ok(()),
        false => Err(format!("{what}: other digests")),
    };
    pack(&mut scene)?;
    same("packed", &mut scene)?;
    scene.configure("pack-after-ms", "60000")?;
    for _ in 0..3 {
        for i in 0..documents().len() {
            scene.get(&format!("doc:{i}"))?;
        }
    }
    same("warm", &mut scene)?;
    for format in ["packed", "portable"] {
        scene.configure("rdb-format", format)?;
        scene.replies("DEBUG RELOAD", "+OK")?;
        same(&format!("reloaded, {format}"), &mut scene)?;
        for i in 0..documents().len() {
            let name = format!("doc:{i}");
            let payload = scene.text(&["DUMP", &name])?;
            scene.replies(&format!("DEL {name}"), ":1")?;
            let reply = scene.restore(&name, &payload)?.notation();
            if reply != "+OK" {
                return Err(format!("RESTORE of {name}: {reply}"));
            }
        }
        same(&format!("restored, {format}"), &mut scene)?;
        scene.replies("SAVE", "+OK")?;
        scene.restart()?;
        same(&format!("after a restart, {format}"), &mut scene)?;
    }
    scene.set("doc:0", r#"{"id":1}"#)?;
    if all_digests(&mut scene)?[1] == wanted[1] {
        return Err("another document has the same digest".into());
    }
    scene.is_well()
}

/// Small documents of one shape, enough of them for a dictionary.
pub(super) const FAMILY: usize = 1500;

pub(super) fn profile(i: usize, version: usize) -> String {
    format!(
        r#"{{"id":{i},"version":{version},"name":"user {i}","mail":"user{i}@example.com","tags":["a","b"],"balance":{i}.50,"active":true,"address":{{"street":"High Street {i}","city":"Town"}}}}"#
    )
}

/// Waits until most of the family is packed with a dictionary.
pub(super) fn learn(scene: &mut Scene) -> Outcome {
    scene.configure("pack-after-ms", "0")?;
    scene.awaits_that("a dictionary", |scene| {
        Ok(scene.figure("dictionary_documents")? > FAMILY as u64 / 2
            && scene.figure("pack_backlog_bytes")? == 0)
    })
}

/// What is packed with a dictionary is the same document, here and anywhere else.
pub(super) fn dictionaries(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    let mut other = Scene::new(host)?;
    for i in 0..FAMILY {
        scene.set(&format!("user:{i}"), &profile(i, 0))?;
    }
    let digest = scene.digest()?;
    learn(&mut scene)?;
    let same = |what: &str, scene: &mut Scene| match scene.digest()? == digest {
        true => Ok(()),
        false => Err(format!("{what}: another digest")),
    };
    same("packed", &mut scene)?;
    for i in (0..FAMILY).step_by(97) {
        let name = format!("user:{i}");
        let payload = scene.text(&["DUMP", &name])?;
        let reply = other.restore(&name, &payload)?.notation();
        if reply != "+OK" {
            return Err(format!("RESTORE elsewhere: {reply}"));
        }
        other.holds(&name, &profile(i, 0))?;
        scene.replies(&format!("COPY {name} copy REPLACE"), ":1")?;
        scene.holds("copy", &profile(i, 0))?;
    }
    scene.replies("DEL copy", ":1")?;
    for format in ["packed", "portable"] {
        scene.configure("rdb-format", format)?;
        scene.replies("DEBUG RELOAD", "+OK")?;
        same(&format!("reloaded, {format}"), &mut scene)?;
        scene.replies("SAVE", "+OK")?;
        scene.restart()?;
        same(&format!("after a restart, {format}"), &mut scene)?;
        learn(&mut scene)?;
        same(&format!("packed after a restart, {format}"), &mut scene)?;
    }
    scene.replies("FLUSHALL", "+OK")?;
    scene.awaits_that("no document", |scene| {
        Ok(scene.figure("documents")? == 0 && scene.figure("dictionary_documents")? == 0)
    })?;
    other.is_well()?;
    scene.is_well()
}

pub(super) fn moved(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    scene.configure("pack-after-ms", "100000")?;
    fill(&mut scene)?;
    let documents = documents();
    for form in ["text", "packed", "warm"] {
        match form {
            "packed" => pack(&mut scene)?,
            "warm" => {
                scene.configure("pack-after-ms", "60000")?;
                for i in (0..documents.len()).chain(0..documents.len()) {
                    scene.get(&format!("doc:{i}"))?;
                }
            }
            _ => {}
        }
        for (i, json) in documents.iter().enumerate() {
            expect_all(
                &mut scene,
                &[
                    (&format!("COPY doc:{i} copy"), ":1"),
                    (&format!("COPY doc:{i} copy"), ":0"),
                    (&format!("COPY doc:{i} copy DB 1"), ":1"),
                    ("RENAME copy other", "+OK"),
                    ("JSON.SET other $ 7", "+OK"),
                    ("JSON.GET other", "\"7\""),
                ],
            )?;
            scene.holds(&format!("doc:{i}"), json)?;
            scene.replies("SELECT 1", "+OK")?;
            scene.holds("copy", json)?;
            expect_all(
                &mut scene,
                &[("DEL copy", ":1"), ("SELECT 0", "+OK"), ("DEL other", ":1")],
            )?;
        }
    }
    expect_all(&mut scene, &[("MOVE doc:0 1", ":1"), ("SWAPDB 0 1", "+OK")])?;
    scene.holds("doc:0", &documents[0])?;
    expect_all(&mut scene, &[("SELECT 1", "+OK"), ("EXISTS doc:0 doc:1", ":1")])?;
    scene.holds("doc:1", &documents[1])?;
    scene.is_well()
}

pub(super) fn freed(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    let lazily = |scene: &mut Scene| {
        scene
            .info("memory", "lazyfreed_objects")
            .or_else(|_| scene.info("stats", "lazyfreed_objects"))
    };
    scene.set("small", r#"{"a":1}"#)?;
    scene.set("large", &format!("\"{}\"", noise(8 << 20, 2)))?;
    let before = lazily(&mut scene)?;
    scene.replies("UNLINK small", ":1")?;
    if lazily(&mut scene)? != before {
        return Err("a small document was given to another thread".into());
    }
    scene.replies("UNLINK large", ":1")?;
    let one_more = (before.parse::<u64>().map_err(|e| e.to_string())? + 1).to_string();
    scene.awaits_that("the other thread", |scene| Ok(lazily(scene)? == one_more))?;
    scene.awaits_that("no document", |scene| Ok(scene.figure("documents")? == 0))?;
    scene.is_well()
}

/// Every way to remove documents, in every form, while others are written: nothing stays in the accounts.
pub(super) fn removed(host: Host) -> Outcome {
    let mut options = Module::Json.options()?.to_vec();
    options.extend(
        ["--lazyfree-lazy-user-del", "yes", "--lazyfree-lazy-user-flush", "yes"].map(String::from),
    );
    let mut scene = Scene::with_options(host, &options)?;
    for round in 0..3 {
        scene.configure("pack-after-ms", "100000")?;
        fill(&mut scene)?;
        if round > 0 {
            pack(&mut scene)?;
        }
        scene.answers("DEL doc:0 doc:1")?;
        scene.answers("UNLINK doc:2 doc:3")?;
        scene.answers("SET doc:4 x")?;
        scene.answers("PEXPIRE doc:5 1")?;
        scene.answers("JSON.DEL doc:6")?;
        scene.answers("RENAME doc:7 doc:8")?;
        scene.replies(["FLUSHALL ASYNC", "FLUSHDB SYNC", "FLUSHALL"][round], "+OK")?;
        fill(&mut scene)?;
        scene.replies("FLUSHALL", "+OK")?;
        scene.awaits_that("no document", |scene| {
            Ok(scene.figure("documents")? == 0
                && scene.figure("raw_bytes")? == 0
                && scene.figure("stored_bytes")? == 0)
        })?;
    }
    scene.is_well()
}
