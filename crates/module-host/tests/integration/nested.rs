//! Commands that a module calls.

use crate::session::Session;

#[test]
fn replies_are_passed_on() {
    let mut session = Session::new();
    session.expect("PROBE.CALL SET k v", "+OK|");
    session.expect("PROBE.CALL GET k", "$1|v|");
    session.expect("PROBE.CALL HSET h a 1 b 2", ":2|");
    session.expect("PROBE.CALL HGETALL h", "*4|$1|a|$1|1|$1|b|$1|2|");
    session.expect("PROBE.CALL GET nothing", "$-1|");
    session.expect("PROBE.CALL PROBE.CALL GET k", "$1|v|");
}

#[test]
fn failures_are_replies_or_errno() {
    let mut session = Session::new();
    session.send("SET k v");
    assert!(session.send("PROBE.CALL NOSUCH a").starts_with("-ERR unknown command 'NOSUCH'"));
    session.expect("PROBE.CALL GET", "-ERR wrong number of arguments for 'get' command|");
    session.expect(
        "PROBE.CALL HGET k f",
        "-WRONGTYPE Operation against a key holding the wrong kind of value|",
    );
    session.expect("PROBE.ERRNO NOSUCH", &format!(":{}|", libc::ENOENT));
    session.expect("PROBE.ERRNO GET", &format!(":{}|", libc::EINVAL));
    session.expect("PROBE.ERRNO GET k", ":0|");
}

#[test]
fn nested_writes_are_propagated_when_the_module_says_so() {
    let mut session = Session::new();
    session.propagated();
    session.send("PROBE.CALL SET k v");
    assert_eq!(session.propagated(), ["SET k v"]);
    session.send("PROBE.ERRNO SET k v");
    assert!(session.propagated().is_empty());
}

#[test]
fn a_transaction_holds_module_commands() {
    let mut session = Session::new();
    session.expect("MULTI", "+OK|");
    session.expect("PROBE.SET k 1 x", "+QUEUED|");
    session.expect("PROBE.BLOCK 1", "+QUEUED|");
    session.expect("EXEC", "*2|+OK|-ERR Blocking module command called from transaction|");
    session.wait_for("GET woken", "$1|1|");
}
