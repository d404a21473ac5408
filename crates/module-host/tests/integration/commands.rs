//! Commands of a module: arity, replies, key values, introspection, filters.

use crate::session::Session;

#[test]
fn strings_are_written_through_pointers() {
    let mut session = Session::new();
    session.expect("PROBE.STRINGS k", "*4|:10|$10|Value-42!\\x00|:1|:1|");
    session.expect("GET k", "$10|Value-42!\\x00|");
    session.expect("PROBE.STRINGS", "-ERR wrong number of arguments for 'probe.strings' command|");
}

#[test]
fn hashes_are_set_and_read_by_variadic_calls() {
    let mut session = Session::new();
    session.expect("PROBE.HASH h", "*6|:2|:1|:1|$1|2|:1|:1|");
    session.expect("HGETALL h", "*2|$1|g|$1|2|");
}

#[test]
fn long_doubles_pass_the_boundary() {
    let mut session = Session::new();
    session.expect("PROBE.DOUBLE 0.1", "$3|0.1|");
    session.expect("PROBE.DOUBLE 123456789012345678", "$18|123456789012345678|");
    session.expect("PROBE.DOUBLE 1x", "-ERR not a float|");
}

#[test]
fn commands_are_introspected_like_any_other() {
    let mut session = Session::new();
    let info = session.send("COMMAND INFO probe.set");
    assert!(info.contains("$9|probe.set|:-1|*3|+write|+denyoom|+module|:1|:1|:1|"), "{info}");
    assert!(info.contains("@probing"), "{info}");
    session.expect("COMMAND GETKEYS PROBE.SET k 1 x", "*1|$1|k|");
    session.expect("PROBE.BOX sub a b", ":4|");
    assert!(session.send("PROBE.BOX nosuch").starts_with("-ERR unknown subcommand 'nosuch'"));
    assert!(session.send("PROBE.BOX").starts_with("-ERR wrong number of arguments"));
}

#[test]
fn filters_rewrite_what_clients_send() {
    let mut session = Session::new();
    session.expect("PROBE.FILTER on", ":1|");
    session.expect("SET secret 1", "+OK|");
    session.expect("KEYS *", "*1|$6|public|");
    session.expect("PROBE.FILTER off", ":0|");
    session.expect("SET secret 1", "+OK|");
    session.expect("EXISTS secret", ":1|");
}

#[test]
fn a_scan_sees_every_key_once() {
    let mut session = Session::new();
    session.send("SET a 1");
    session.expect("PROBE.SCAN", "*2|$1|a|:1|");
    session.send("HSET a2 f v");
    session.send("PROBE.SET a3 1 x");
    let all = session.send("PROBE.SCAN");
    for part in ["$1|a|:1|", "$2|a2|:3|", "$2|a3|:6|"] {
        assert!(all.contains(part), "{all}");
    }
}
