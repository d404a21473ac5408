//! Times to live: conditions, what is repeated, and the moment itself.

use crate::session::{START_MS, Session};

#[test]
fn a_key_lives_to_the_end_of_its_last_millisecond() {
    let mut session = Session::new();
    session.send("SET k v PX 10");
    session.pass_ms(10);
    session.expect("GET k", "$1|v|");
    session.expect("PTTL k", ":0|");
    session.pass_ms(1);
    session.expect("GET k", "$-1|");
}

#[test]
fn expire_repeats_unix_time_and_its_conditions() {
    let mut session = Session::new();
    session.send("SET k v");
    let at = START_MS + 10_000;
    assert_eq!(session.propagated("EXPIRE k 10"), [format!("PEXPIREAT k {at}")]);
    assert_eq!(
        session.propagated("PEXPIRE k 20000 GT"),
        [format!("PEXPIREAT k {} GT", at + 10_000)]
    );
    assert_eq!(session.propagated("EXPIRE k 5 GT"), [""; 0]);
    assert_eq!(session.propagated("EXPIREAT k 1"), ["UNLINK k"]);
    session.send("SET k v EX 10");
    assert_eq!(session.propagated("PERSIST k"), ["PERSIST k"]);
    assert_eq!(session.propagated("PERSIST k"), [""; 0]);
}

#[test]
fn a_key_without_time_to_live_counts_as_immortal() {
    let mut session = Session::new();
    session.send("SET k v");
    for (line, set) in [
        ("EXPIRE k 100 XX", ":0|"),
        ("EXPIRE k 100 GT", ":0|"),
        ("EXPIRE k 100 LT", ":1|"),
        ("EXPIRE k 200 NX", ":0|"),
        ("EXPIRE k 200 LT", ":0|"),
        ("EXPIRE k 200 GT", ":1|"),
        ("EXPIRE k 100 XX LT", ":1|"),
    ] {
        session.expect(line, set);
    }
    session.expect("TTL k", ":100|");
}

#[test]
fn a_time_that_is_over_deletes() {
    let mut session = Session::new();
    session.send("SET k v");
    assert_eq!(session.events("EXPIRE k -1"), ["del k 0"]);
    session.expect("EXPIRE k -1", ":0|");
    assert_eq!(session.events("SET k v EXAT 1"), [""; 0]);
    session.expect("EXISTS k", ":0|");
    session.send("SET k v");
    assert_eq!(session.events("SET k v PXAT 1"), ["del k 0"]);
    assert_eq!(session.engine.stats.expired_keys, 0);
}

#[test]
fn times_beyond_the_end_are_refused_and_change_nothing() {
    let mut session = Session::new();
    session.send("SET k v EX 100");
    for line in [
        "EXPIRE k 9223372036854775807",
        "PEXPIRE k 9223372036854775807",
        "EXPIREAT k 9223372036854776",
    ] {
        assert!(session.send(line).starts_with("-ERR invalid expire time in '"), "{line}");
    }
    session.expect("TTL k", ":100|");
    session.expect("PEXPIREAT k 9223372036854775807", ":1|");
    session.expect("EXPIRETIME k", ":9223372036854776|");
}
