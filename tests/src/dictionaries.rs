//! Dictionaries of libjson.so over the wire: trained on a server that nobody tells to, kept over restarts, sent to
//! replicas, and never needed by what must stand alone.

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::host::{Host, Module, Server};
use crate::reply::Reply;
use crate::report::Report;

type Outcome = Result<(), String>;

const DOCUMENTS: usize = 1_200;

pub fn suite(hosts: &[Host], report: &mut Report) {
    for &host in hosts {
        let restart = || over_a_restart(host);
        let alone = || standing_alone(host);
        let replica = || to_replicas(host);
        let switch = || switched_off(host);
        let load = || refusing_what_is_none(host);
        let estimate = || estimating(host);
        let mut checks: Vec<(&str, &dyn Fn() -> Outcome)> = vec![
            ("a restart and DEBUG RELOAD keep documents, dictionaries and sizes", &restart),
            ("DUMP payloads and portable files need no dictionary", &alone),
            ("with dictionaries no there are none", &switch),
            ("JSON.DICTIONARY LOAD takes dictionaries only", &load),
            ("JSON.DICTIONARY ESTIMATE says beforehand what comes of it", &estimate),
        ];
        if host != Host::Keystow {
            // Our server is no primary yet.
            checks.push(("replicas get dictionaries by full sync and later ones", &replica));
        }
        let defrag = || defragmented(host);
        if host == Host::Valkey91 {
            checks.push(("active defragmentation moves blocks and changes nothing", &defrag));
        }
        report.checks(&format!("dictionaries of libjson.so on {}", host.title()), &checks);
    }
}

/// The options of a server on which dictionaries come early.
pub fn options(host: Host) -> Result<Vec<String>, String> {
    let prefix = if host.is_redis() { "ReJSON" } else { "json" };
    let mut options = Module::Json.options()?.to_vec();
    for (name, value) in [("pack-after-ms", "0"), ("dictionary-min-documents", "500")] {
        options.extend([format!("--{prefix}.{name}"), value.to_string()]);
    }
    Ok(options)
}

/// A server that has saved a file with a dictionary.
pub fn saved(host: Host) -> Result<Server, String> {
    let mut scene = Scene::new(host)?;
    scene.fill("profile")?;
    scene.run("SAVE")?;
    Ok(scene.server)
}

struct Scene {
    host: Host,
    server: Server,
    client: Client,
}

impl Scene {
    fn new(host: Host) -> Result<Scene, String> {
        Scene::with(host, &options(host)?)
    }

    fn with(host: Host, options: &[String]) -> Result<Scene, String> {
        let server = Server::start(host, options)?;
        let client = server.connect()?;
        Ok(Scene { host, server, client })
    }

    fn call<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Result<Reply, String> {
        let name = String::from_utf8_lossy(argv[0].as_ref()).into_owned();
        match self.client.call(argv).map_err(|e| format!("{name}: {e}"))? {
            reply if reply.is_error() => Err(format!("{name}: {}", reply.notation())),
            reply => Ok(reply),
        }
    }

    fn run(&mut self, words: &str) -> Result<Reply, String> {
        self.call(&words.split_ascii_whitespace().collect::<Vec<_>>())
    }

    fn prefix(&self) -> &'static str {
        if self.host.is_redis() { "ReJSON" } else { "json" }
    }

    fn set(&mut self, name: &str, value: &str) -> Outcome {
        let name = format!("{}.{name}", self.prefix());
        self.call(&["CONFIG", "SET", &name, value]).map(|_| ())
    }

    fn info(&mut self, field: &str) -> Result<u64, String> {
        let reply = self.run("INFO modules")?;
        let text = String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned();
        let wanted = format!("{}_{field}", self.prefix());
        let value =
            text.lines().find_map(|line| line.split_once(':').filter(|(name, _)| *name == wanted));
        let (_, value) = value.ok_or(format!("INFO modules has no {wanted}"))?;
        value.trim().parse().map_err(|e| format!("{wanted}: {e}"))
    }

    fn awaits(
        &mut self,
        what: &str,
        is_done: impl Fn(&mut Scene) -> Result<bool, String>,
    ) -> Outcome {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !is_done(self)? {
            if Instant::now() > deadline {
                let log = self.server.log_tail();
                return Err(format!("{what}: never; {:?}\n{log}", self.sizes()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Sets the documents of a shape, and waits until all of them are packed with a dictionary.
    fn fill(&mut self, shape: &str) -> Outcome {
        let before = self.info("dictionary_documents")?;
        for i in 0..DOCUMENTS {
            let key = format!("{shape}:{i}");
            self.call(&["JSON.SET", &key, "$", &document(shape, i)])?;
        }
        self.awaits("all documents are packed with a dictionary", |scene| {
            let packed = scene.info("dictionary_documents")?;
            Ok(packed == before + DOCUMENTS as u64 && scene.info("pack_backlog_bytes")? == 0)
        })
    }

    /// Dictionaries, documents with one, and bytes that these take.
    fn sizes(&mut self) -> Result<[u64; 3], String> {
        let mut sizes = [0; 3];
        let fields = ["dictionaries", "dictionary_documents", "dictionary_stored_bytes"];
        for (size, field) in sizes.iter_mut().zip(fields) {
            *size = self.info(field)?;
        }
        Ok(sizes)
    }

    /// The dictionaries' ids.
    fn ids(&mut self) -> Result<Vec<String>, String> {
        let Reply::Array(items) = self.run("JSON.DICTIONARY LIST")? else {
            return Err("JSON.DICTIONARY LIST answers no array".into());
        };
        let mut ids: Vec<String> = items
            .iter()
            .map(|item| match item {
                Reply::Array(pairs) => pairs.get(1).map(Reply::notation).unwrap_or_default(),
                other => other.notation(),
            })
            .collect();
        ids.sort();
        Ok(ids)
    }

    fn has(&mut self, shape: &str) -> Outcome {
        for i in 0..DOCUMENTS {
            let reply = self.call(&["JSON.GET", &format!("{shape}:{i}")])?;
            if reply.text() != Some(document(shape, i).as_bytes()) {
                return Err(format!("{shape}:{i} is {}", reply.notation()));
            }
        }
        Ok(())
    }
}

/// A document of about 150 bytes whose members are named by its shape.
fn document(shape: &str, number: usize) -> String {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let mut word = |len: usize| -> String { (0..len).map(|_| random.lowercase()).collect() };
    let (first, last, street) = (word(5), word(7), word(8));
    format!(
        r#"{{"{shape}_name":"{first} {last}","address":"{number} {street} Street, United States","email":"{first}.{last}@example.com","{shape}_company":"{last} Ltd"}}"#
    )
}

/// Redis before 7.2 asks no module whether there is anything to say before the keys; there documents are saved
/// without dictionaries, and packed anew.
fn keeps_dictionaries(host: Host) -> bool {
    host != Host::Redis
}

fn over_a_restart(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    scene.fill("profile")?;
    let (sizes, ids) = (scene.sizes()?, scene.ids()?);
    scene.run("DEBUG RELOAD")?;
    scene.has("profile")?;
    if keeps_dictionaries(host) && (scene.sizes()? != sizes || scene.ids()? != ids) {
        return Err(format!("{sizes:?} before DEBUG RELOAD, {:?} after", scene.sizes()?));
    }
    scene.run("SAVE")?;
    scene.server.restart()?;
    scene.client = scene.server.connect()?;
    scene.has("profile")?;
    if keeps_dictionaries(host) && (scene.sizes()? != sizes || scene.ids()? != ids) {
        return Err(format!("{sizes:?} before the restart, {:?} after", scene.sizes()?));
    }
    // A child that saves begins with the dictionaries as well.
    scene.run("BGSAVE")?;
    scene.awaits("BGSAVE ends", is_not_saving)?;
    scene.server.restart()?;
    scene.client = scene.server.connect()?;
    scene.has("profile")
}

fn is_not_saving(scene: &mut Scene) -> Result<bool, String> {
    let reply = scene.run("INFO persistence")?;
    let text = String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned();
    Ok(text.contains("rdb_bgsave_in_progress:0"))
}

fn standing_alone(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    scene.fill("profile")?;
    let mut other = Scene::new(host)?;
    let carry = |scene: &mut Scene, other: &mut Scene, i: usize| -> Outcome {
        let key = format!("profile:{i}");
        let Reply::Bulk(payload) = scene.call(&["DUMP", &key])? else {
            return Err("DUMP answers no string".into());
        };
        other.call(&[b"RESTORE", key.as_bytes(), b"0", &payload[..]]).map(|_| ())
    };
    carry(&mut scene, &mut other, 1)?;
    // After a save in the server itself, and while a child saves.
    scene.run("SAVE")?;
    carry(&mut scene, &mut other, 2)?;
    scene.run("BGSAVE")?;
    for i in 3..60 {
        carry(&mut scene, &mut other, i)?;
    }
    for i in 1..60 {
        let reply = other.call(&["JSON.GET", &format!("profile:{i}")])?;
        if reply.text() != Some(document("profile", i).as_bytes()) {
            return Err(format!("restored: {}", reply.notation()));
        }
    }
    // Else the child's file would replace the one that is looked at.
    scene.awaits("BGSAVE ends", is_not_saving)?;
    scene.set("rdb-format", "portable")?;
    scene.run("DEBUG RELOAD")?;
    scene.has("profile")?;
    let file = std::fs::read(scene.server.dir.join("dump.rdb")).map_err(|e| e.to_string())?;
    let text = document("profile", 7);
    // Strings of this length are not compressed by the host beyond recognition of their beginning.
    match file.windows(20).any(|window| window == &text.as_bytes()[..20]) {
        true => Ok(()),
        false => Err("a portable file has no text in it".into()),
    }
}

fn to_replicas(host: Host) -> Outcome {
    let mut primary = Scene::new(host)?;
    primary.fill("profile")?;
    let mut replica = Scene::new(host)?;
    let port = primary.server.port.to_string();
    replica.call(&["REPLICAOF", "127.0.0.1", &port])?;
    let is_up = |scene: &mut Scene| {
        let reply = scene.run("INFO replication")?;
        let text = String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned();
        Ok(text.contains("master_link_status:up"))
    };
    replica.awaits("the link is up", is_up)?;
    if keeps_dictionaries(host) && replica.ids()? != primary.ids()? {
        return Err(format!("{:?} here, {:?} there", primary.ids()?, replica.ids()?));
    }
    replica.has("profile")?;
    // Adopted while the replica listens.
    primary.fill("order")?;
    let wanted = primary.ids()?;
    let sizes = primary.sizes()?;
    if keeps_dictionaries(host) {
        replica.awaits("the replica has the same dictionaries and sizes", |replica| {
            Ok(replica.ids()? == wanted && replica.sizes()? == sizes)
        })?;
    }
    if replica.info("dictionaries_trained")? != 0 {
        return Err("the replica trained".into());
    }
    replica.has("order")?;
    let digest = primary.run("DEBUG DIGEST")?.notation();
    match replica.run("DEBUG DIGEST")?.notation() == digest {
        true => Ok(()),
        false => Err("the digests differ".into()),
    }
}

fn switched_off(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    scene.set("dictionaries", "no")?;
    for i in 0..DOCUMENTS {
        let key = format!("profile:{i}");
        scene.call(&["JSON.SET", &key, "$", &document("profile", i)])?;
    }
    scene.awaits("everything is settled", |scene| Ok(scene.info("pack_backlog_bytes")? == 0))?;
    std::thread::sleep(Duration::from_secs(3));
    if scene.sizes()?[0] != 0 {
        return Err("there is a dictionary all the same".into());
    }
    // Switched on again, the documents that are there are packed with one.
    scene.set("dictionaries", "yes")?;
    scene.awaits("all documents are packed with a dictionary", |scene| {
        Ok(scene.info("dictionary_documents")? == DOCUMENTS as u64)
    })?;
    scene.has("profile")
}

fn refusing_what_is_none(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    let magic = b"\x37\xa4\x30\xec";
    let zeros = [&magic[..], &[0; 200]].concat();
    let arguments: [[&[u8]; 4]; 6] = [
        [b"0", b"profile:*", b"1", b""],
        [b"0", b"profile:*", b"1", b"not a dictionary"],
        [b"0", b"profile:*", b"1", magic],
        [b"0", b"profile:*", b"1", &zeros],
        [b"-1", b"profile:*", b"1", &zeros],
        [b"0", b"profile:*", b"99999999999", &zeros],
    ];
    for [database, pattern, version, bytes] in arguments {
        let argv = [b"JSON.DICTIONARY", &b"LOAD"[..], database, pattern, version, bytes];
        let reply = scene.client.call(&argv).map_err(|e| e.to_string())?;
        if !reply.is_error() {
            return Err(format!("{argv:?}: {}", reply.notation()));
        }
    }
    match scene.sizes()?[0] {
        0 => Ok(()),
        n => Err(format!("{n} dictionaries")),
    }
}

fn estimating(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    for i in 0..DOCUMENTS {
        let key = format!("profile:{i}");
        scene.call(&["SET", &key, &document("profile", i)])?;
        scene.call(&["SET", &format!("other:{i}"), "no JSON"])?;
    }
    let figures = |scene: &mut Scene, prefix: &str| -> Result<Vec<(String, i64)>, String> {
        let Reply::Array(flat) =
            scene.call(&["JSON.DICTIONARY", "ESTIMATE", prefix, "SAMPLES", "5000"])?
        else {
            return Err("ESTIMATE answers no array".into());
        };
        let pairs = flat.chunks(2).map(|pair| match pair {
            [name, Reply::Integer(value)] => {
                let name = String::from_utf8_lossy(name.text().unwrap_or_default());
                Ok((name.into_owned(), *value))
            }
            other => Err(format!("ESTIMATE answers {other:?}")),
        });
        pairs.collect()
    };
    let of = |figures: &[(String, i64)], wanted: &str| {
        figures.iter().find(|(name, _)| name == wanted).map_or(-1, |(_, value)| *value)
    };
    let before = figures(&mut scene, "profile:")?;
    let documents = DOCUMENTS as i64;
    if of(&before, "strings") != documents || of(&before, "keys_seen") < documents {
        return Err(format!("{before:?}"));
    }
    if scene.sizes()?[0] != 0
        || of(&before, "dictionary_bytes") * 5 > of(&before, "alone_bytes") * 4
    {
        return Err(format!("no gain: {before:?}"));
    }
    if of(&figures(&mut scene, "other:")?, "strings") != 0 {
        return Err("what is no JSON was taken".into());
    }
    // Now for real.
    scene.run("FLUSHALL")?;
    scene.fill("profile")?;
    let after = figures(&mut scene, "profile:")?;
    let (estimated, held) = (of(&before, "dictionary_bytes"), of(&after, "held_bytes"));
    // The estimate tries documents that are not in the dictionary's samples; here most of them are.
    let is_close = (estimated - held).abs() * 4 < held;
    match of(&after, "documents") == documents && is_close {
        true => Ok(()),
        false => Err(format!("{before:?} beforehand, {after:?} after")),
    }
}

const FRAGMENTS: usize = 20_000;

/// Documents with holes between them, and settings by which the host minds.
pub fn fragment(mut call: impl FnMut(&[&str]) -> Outcome) -> Outcome {
    for (name, value) in [
        ("active-defrag-ignore-bytes", "1"),
        ("active-defrag-threshold-lower", "1"),
        ("active-defrag-cycle-min", "25"),
    ] {
        call(&["CONFIG", "SET", name, value])?;
    }
    for i in 0..FRAGMENTS {
        call(&["JSON.SET", &format!("fragment:{i}"), "$", &document("fragment", i)])?;
    }
    for i in (0..FRAGMENTS).filter(|i| i % 5 != 0) {
        call(&["DEL", &format!("fragment:{i}")])?;
    }
    Ok(())
}

fn defragmented(host: Host) -> Outcome {
    let mut scene = Scene::new(host)?;
    scene.set("dictionaries", "no")?;
    fragment(|argv| scene.call(argv).map(|_| ()))?;
    scene.awaits("everything is settled", |scene| Ok(scene.info("pack_backlog_bytes")? == 0))?;
    let digest = scene.run("DEBUG DIGEST")?.notation();
    scene.run("CONFIG SET activedefrag yes")?;
    // The blocks of documents are most of what there is to be moved: more of them than keys stay.
    scene.awaits("blocks are moved", |scene| {
        let reply = scene.run("INFO stats")?;
        let text = String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned();
        let hits = text.lines().find_map(|line| line.strip_prefix("active_defrag_hits:"));
        Ok(hits.and_then(|hits| hits.parse().ok()).is_some_and(|hits: usize| hits > 4_000))
    })?;
    match scene.run("DEBUG DIGEST")?.notation() == digest {
        true => Ok(()),
        false => Err("the digest has changed".into()),
    }
}
