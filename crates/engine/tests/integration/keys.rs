//! Commands on keys: events, watchers and walks.

use std::collections::BTreeSet;

use crate::session::Session;

#[test]
fn deleting_counts_what_was_there() {
    let mut session = Session::new();
    session.send("MSET a 1 b 2 c 3");
    assert_eq!(session.events("DEL a a nope"), ["del a 0"]);
    assert_eq!(session.propagated("UNLINK b c nope"), ["UNLINK b c nope"]);
    assert_eq!(session.propagated("DEL nope"), [""; 0]);
}

#[test]
fn renaming_takes_the_time_to_live_along() {
    let mut session = Session::new();
    session.send("SET a 1 EX 100");
    session.send("SET b 2");
    assert_eq!(session.events("RENAME a b"), ["rename_from a 0", "rename_to b 0"]);
    session.expect("TTL b", ":100|");
    session.expect("GET b", "$1|1|");
    session.expect("DBSIZE", ":1|");
    assert_eq!(session.events("RENAME b b"), [""; 0]);
    session.expect("RENAMENX b b", ":0|");
    session.expect("RENAME a b", "-ERR no such key|");
}

#[test]
fn a_renamed_key_fails_those_who_watch_either_name() {
    let mut session = Session::new();
    for watched in ["a", "b"] {
        session.send("MSET a 1 b 2");
        session.send(&format!("WATCH {watched}"));
        session.send("RENAME a b");
        session.send("MULTI");
        session.send("PING");
        session.expect("EXEC", "*-1|");
    }
}

#[test]
fn expired_keys_are_in_no_list() {
    let mut session = Session::new();
    session.send("SET dead 1 PX 5");
    session.send("SET live 1");
    session.pass_ms(6);
    session.expect("KEYS *", "*1|$4|live|");
    session.expect("RANDOMKEY", "$4|live|");
    session.send("SET dead 1 PX 5");
    session.pass_ms(6);
    assert_eq!(session.events("SCAN 0"), ["expired dead 0"]);
    session.expect("SCAN 0", "*2|$1|0|*1|$4|live|");
    session.expect("DBSIZE", ":1|");
}

#[test]
fn a_walk_filters_by_type_and_pattern() {
    let mut session = Session::new();
    session.send("SET string:1 v");
    session.send("HSET hash:1 f v");
    session.send("HSET hash:2 f v");
    session.expect("SCAN 0 TYPE string COUNT 100", "*2|$1|0|*1|$8|string:1|");
    session.expect("SCAN 0 MATCH *:2 COUNT 100", "*2|$1|0|*1|$6|hash:2|");
    session.expect("SCAN 0 MATCH *:1 TYPE HASH COUNT 100", "*2|$1|0|*1|$6|hash:1|");
    session.expect("SCAN 0 TYPE zset COUNT 100", "*2|$1|0|*0|");
    session.expect("SCAN 0 TYPE nothing", "-ERR unknown type name 'nothing'|");
}

#[test]
fn a_walk_meets_every_key() {
    let mut session = Session::new();
    for key in 0..500 {
        session.send(&format!("SET key:{key} v"));
    }
    let (mut cursor, mut met) = ("0".to_owned(), BTreeSet::new());
    loop {
        let reply = session.send(&format!("SCAN {cursor}"));
        let mut words = reply.split('|').skip(2);
        cursor = words.next().expect("the cursor's text").to_owned();
        met.extend(words.filter(|word| word.starts_with("key:")).map(str::to_owned));
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(met.len(), 500);
}

#[test]
fn looks_from_outside_are_no_use() {
    let mut session = Session::new();
    session.send("SET k v");
    session.pass_ms(10_000);
    session.send("EXISTS k");
    session.send("TYPE k");
    session.send("TTL k");
    session.expect("OBJECT IDLETIME k", ":10|");
    session.send("TOUCH k");
    session.expect("OBJECT IDLETIME k", ":0|");
}

#[test]
fn dump_and_restore_are_each_others_inverse() {
    let mut session = Session::new();
    session.send("HSET h a 1 b two");
    let dumped = session.send_raw(&[b"DUMP", b"h"]);
    let payload = dumped.split(|&byte| byte == b'\n').next().map_or(0, <[u8]>::len) + 1;
    let payload = &dumped[payload..dumped.len() - 2];
    assert_eq!(
        session.send_words(&[b"RESTORE", b"h", b"0", payload]),
        "-BUSYKEY Target key name already exists.|"
    );
    assert_eq!(session.send_words(&[b"RESTORE", b"copy", b"1000", payload]), "+OK|");
    session.expect("HGETALL copy", "*4|$1|a|$1|1|$1|b|$3|two|");
    session.expect("PTTL copy", ":1000|");
    for at in 0..payload.len() {
        let mut broken = payload.to_vec();
        broken[at] ^= 0x10;
        let reply = session.send_words(&[b"RESTORE", b"broken", b"0", &broken]);
        assert_eq!(reply, "-ERR DUMP payload version or checksum are wrong|");
    }
    session.expect("EXISTS broken", ":0|");
}

#[test]
fn restore_repeats_its_time_as_unix_time() {
    let mut session = Session::new();
    session.send("SET k v");
    let dumped = session.send_raw(&[b"DUMP", b"k"]);
    let payload =
        &dumped[dumped.iter().position(|&byte| byte == b'\n').unwrap_or(0) + 1..dumped.len() - 2];
    let repeated = session.propagated_words(&[b"RESTORE", b"r", b"1000", payload, b"REPLACE"]);
    assert_eq!(repeated.len(), 1);
    let at_ms = crate::session::START_MS + 1000;
    assert!(repeated[0].starts_with(&format!("RESTORE r {at_ms} ")), "{repeated:?}");
    assert!(repeated[0].ends_with(" REPLACE ABSTTL"), "{repeated:?}");
    // Over before it begins: what is replaced goes, and nothing comes.
    let repeated =
        session.propagated_words(&[b"RESTORE", b"r", b"1", payload, b"REPLACE", b"ABSTTL"]);
    assert_eq!(repeated, ["UNLINK r"]);
    session.expect("EXISTS r", ":0|");
}
