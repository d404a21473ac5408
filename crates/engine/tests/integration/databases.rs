//! Whole databases.

use crate::session::Session;

#[test]
fn flushing_fails_only_those_who_watch_a_key_that_was_there() {
    let mut session = Session::new();
    for (watched, reply) in [("there", "*-1|"), ("missing", "*1|+PONG|")] {
        session.send("SET there v");
        session.send(&format!("WATCH {watched}"));
        session.send("FLUSHALL");
        session.send("MULTI");
        session.send("PING");
        session.expect("EXEC", reply);
    }
}

#[test]
fn flushing_is_repeated_even_when_nothing_was_there() {
    let mut session = Session::new();
    assert_eq!(session.propagated("FLUSHDB"), ["FLUSHDB"]);
    session.send("MSET a 1 b 2");
    session.send("FLUSHDB SYNC");
    assert_eq!(session.engine.dirty, 4);
    session.expect("FLUSHALL NOW", "-ERR syntax error|");
}

#[test]
fn swapping_exchanges_keys_and_times() {
    let mut session = Session::new();
    session.send("SET k zero EX 100");
    session.send("WATCH k");
    session.expect("SWAPDB 0 1", "+OK|");
    session.expect("GET k", "$-1|");
    session.send("MULTI");
    session.expect("EXEC", "*-1|");
    session.send("SELECT 1");
    session.expect("GET k", "$4|zero|");
    session.expect("TTL k", ":100|");
}

#[test]
fn moving_tells_both_databases() {
    let mut session = Session::new();
    session.send("SET k v EX 100");
    assert_eq!(session.events("MOVE k 1"), ["move_from k 0", "move_to k 1"]);
    session.expect("MOVE k 1", ":0|");
    session.send("SELECT 1");
    session.expect("TTL k", ":100|");
    session.send("SELECT 0");
    session.send("SET k w");
    session.expect("MOVE k 1", ":0|");
    session.expect("GET k", "$1|w|");
}

#[test]
fn a_copy_stands_on_its_own() {
    let mut session = Session::new();
    session.send("HSET h f v");
    session.send("EXPIRE h 100");
    assert_eq!(session.events("COPY h c DB 2"), ["copy_to c 2"]);
    session.send("HSET h f changed");
    session.send("SELECT 2");
    session.expect("HGET c f", "$1|v|");
    session.expect("TTL c", ":100|");
    session.expect("COPY c c DB 2", "-ERR source and destination objects are the same|");
}
