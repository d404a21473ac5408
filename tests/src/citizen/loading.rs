//! Streams that are loaded: files that end early, and full syncs beside the data that is served.

use std::fs;

use crate::client::encode;
use crate::host::{Host, Module, Server, scratch};
use crate::reply::Reply;
use crate::scene::Scene;

use super::values::{FAMILY, learn, profile};

type Outcome = Result<(), String>;

/// However early a file ends, the host says that it cannot load it and ends by itself.
pub(super) fn truncated(host: Host) -> Outcome {
    let file = {
        let mut scene = Scene::new(host)?;
        scene.configure("pack-after-ms", "0")?;
        for i in 0..20 {
            scene.set(&format!("doc:{i}"), &profile(i, 0))?;
        }
        scene.set(
            "long",
            &format!("[{}]", (0..300).map(|i| profile(i, 0)).collect::<Vec<_>>().join(",")),
        )?;
        scene.awaits_that("packing", |scene| Ok(scene.figure("pack_backlog_bytes")? == 0))?;
        scene.replies("SAVE", "+OK")?;
        fs::read(scene.server.dir.join("dump.rdb")).map_err(|e| e.to_string())?
    };
    for end in (30..file.len()).step_by(file.len() / 25) {
        let dir = scratch("truncated").map_err(|e| e.to_string())?;
        fs::write(dir.join("dump.rdb"), &file[..end]).map_err(|e| e.to_string())?;
        let output = || fs::read_to_string(dir.join("output")).unwrap_or_default();
        let log = match Server::refusal(host, &dir, &Module::Json.options()?) {
            Ok(log) => log,
            // The stock servers say what is wrong and then look for it with their own redis-check-rdb, which at some
            // places goes round in circles inside a module's value.
            Err(e) if e.contains("does not end") && output().contains("Short read") => output(),
            Err(e) => return Err(format!("the first {end} bytes: {e}")),
        };
        if log.contains("STACK TRACE") {
            return Err(format!("the first {end} bytes: a crash:\n{log}"));
        }
    }
    Ok(())
}

/// A primary and a replica that loads beside what it serves, in step.
fn pair(host: Host) -> Result<(Scene, Scene), String> {
    let mut options = Module::Json.options()?.to_vec();
    options.extend(
        [
            "--repl-diskless-sync",
            "yes",
            "--repl-diskless-sync-delay",
            "0",
            "--repl-backlog-size",
            "16384",
        ]
        .map(String::from),
    );
    if host == Host::Redis80 {
        // Otherwise a child of the primary sends the file by itself, and goes on when the primary is dead.
        options.extend(["--repl-rdb-channel", "no"].map(String::from));
    }
    let mut primary = Scene::with_options(host, &options)?;
    for i in 0..FAMILY {
        primary.set(&format!("doc:{i}"), &profile(i, 1))?;
    }
    // With a dictionary, which comes with each full sync and must not disturb the one in use.
    learn(&mut primary)?;
    options.extend(
        // Commands are looked at after every so many bytes that were loaded.
        ["--repl-diskless-load", "swapdb", "--loading-process-events-interval-bytes", "1024"]
            .map(String::from),
    );
    let mut replica = Scene::with_options(host, &options)?;
    replica.replies(&format!("REPLICAOF 127.0.0.1 {}", primary.server.port), "+OK")?;
    in_step(&mut primary, &mut replica)?;
    Ok((primary, replica))
}

/// Waits until the replica has all, and compares.
fn in_step(primary: &mut Scene, replica: &mut Scene) -> Outcome {
    replica.awaits("replication", "master_link_status", "up")?;
    primary.replies("SET marker x", "+OK")?;
    primary.replies("WAIT 1 10000", ":1")?;
    let (ours, theirs) = (primary.digest()?, replica.digest()?);
    match ours == theirs {
        true => Ok(()),
        false => Err(format!("DEBUG DIGEST is {ours} on the primary and {theirs} on the replica")),
    }
}

/// Cuts the link and writes more than the backlog holds before the replica is back: it needs all again, from the
/// primary that it knows, and goes on serving what it has.
fn full_sync(primary: &mut Scene, replica: &mut Scene, usec_a_key: usize) -> Outcome {
    // Slow enough to be looked at.
    primary.replies(&format!("CONFIG SET rdb-key-save-delay {usec_a_key}"), "+OK")?;
    let mut requests = encode(&["CLIENT", "KILL", "TYPE", "replica"]);
    for i in 0..FAMILY {
        requests.extend(encode(&["JSON.SET", &format!("doc:{i}"), "$", &profile(i, 2)]));
    }
    primary.client.send_raw(&requests).map_err(|e| e.to_string())?;
    for _ in 0..=FAMILY {
        let reply = primary.client.read().map_err(|e| e.to_string())?;
        if reply.is_error() {
            return Err(reply.notation());
        }
    }
    replica.awaits("persistence", "async_loading", "1")
}

pub(super) fn swapdb(host: Host) -> Outcome {
    let (mut primary, mut replica) = pair(host)?;
    full_sync(&mut primary, &mut replica, 1000)?;
    let mut served = 0;
    replica.awaits_that("the end of the sync", |replica| {
        match replica.call(&["JSON.GET", "doc:7"])? {
            Reply::Bulk(json) if json == profile(7, 1).as_bytes() => served += 1,
            Reply::Bulk(json) if json == profile(7, 2).as_bytes() => return Ok(true),
            other => return Err(format!("while loading, JSON.GET answers {}", other.notation())),
        }
        Ok(false)
    })?;
    if served == 0 {
        return Err("nothing was served while loading".into());
    }
    in_step(&mut primary, &mut replica)?;
    primary.is_well()?;
    replica.is_well()
}

pub(super) fn broken_sync(host: Host) -> Outcome {
    let (mut primary, mut replica) = pair(host)?;
    let before = replica.digest()?;
    full_sync(&mut primary, &mut replica, 5000)?;
    primary.server.kill();
    replica.awaits("persistence", "async_loading", "0")?;
    replica.replies("REPLICAOF NO ONE", "+OK")?;
    if replica.digest()? != before {
        return Err("the old data is not what it was".into());
    }
    for i in 0..FAMILY {
        replica.holds(&format!("doc:{i}"), &profile(i, 1))?;
    }
    // Both sets of documents are gone but one.
    replica.awaits_that("one set of documents", |replica| {
        Ok(replica.figure("documents")? == FAMILY as u64)
    })?;
    replica.is_well()
}
