//! DUMP payloads made to break whoever reads them.

use std::time::Duration;

use crate::checksum::crc64;
use crate::host::Host;
use crate::reply::Reply;

use super::{Outcome, alive, call, json_server};

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
