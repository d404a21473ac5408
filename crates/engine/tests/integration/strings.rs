//! What strings do beyond their replies, which transcripts compare with stock servers.

use crate::session::{START_MS, Session};

#[test]
fn set_repeats_its_time_as_unix_time() {
    let mut session = Session::new();
    let at = START_MS + 10_000;
    assert_eq!(session.propagated("SET k v EX 10"), [format!("SET k v PXAT {at}")]);
    assert_eq!(session.propagated("SET k v PX 10000 NX"), [""; 0]);
    assert_eq!(session.propagated("SET k v GET PX 10000"), [format!("SET k v PXAT {at}")]);
    assert_eq!(session.propagated(&format!("SET k v pxat {at}")), [format!("SET k v pxat {at}")]);
    assert_eq!(session.propagated("SET k GET get XX Get"), ["SET k GET XX"]);
    assert_eq!(session.propagated("SETEX k 10 v"), [format!("SET k v PXAT {at}")]);
    assert_eq!(session.propagated("GETSET k w"), ["SET k w"]);
    assert_eq!(session.propagated("INCRBYFLOAT n 1.50"), ["SET n 1.5 KEEPTTL"]);
    assert_eq!(session.propagated("GETDEL n"), ["DEL n"]);
}

#[test]
fn getex_repeats_what_it_did() {
    let mut session = Session::new();
    session.expect("SET k v", "+OK|");
    assert_eq!(session.propagated("GETEX k"), [""; 0]);
    assert_eq!(session.propagated("GETEX k PERSIST"), [""; 0]);
    assert_eq!(session.propagated("GETEX k EX 10"), [format!("PEXPIREAT k {}", START_MS + 10_000)]);
    assert_eq!(session.propagated("GETEX k PERSIST"), ["PERSIST k"]);
    assert_eq!(session.propagated("GETEX k EXAT 1"), ["UNLINK k"]);
    session.expect("GET k", "$-1|");
}

#[test]
fn events_come_in_valkeys_order() {
    let mut session = Session::new();
    assert_eq!(session.events("SET k v EX 10"), ["set k 0", "expire k 0"]);
    assert_eq!(session.events("MSET a 1 b 2"), ["set a 0", "set b 0"]);
    assert_eq!(session.events("GETEX k EXAT 1"), ["del k 0"]);
    assert_eq!(session.events("APPEND k x"), ["append k 0"]);
    assert_eq!(session.events("GETDEL k"), ["del k 0"]);
    assert_eq!(session.events("SETRANGE k 3 x"), ["setrange k 0"]);
    assert_eq!(session.events("GETSET k x"), ["set k 0"]);
    assert_eq!(session.events("INCR a"), ["incrby a 0"]);
}

#[test]
fn an_expired_key_is_deleted_before_it_is_set() {
    let mut session = Session::new();
    session.expect("SET k v PX 5", "+OK|");
    session.pass_ms(6);
    assert_eq!(session.events("SET k w NX"), ["expired k 0", "set k 0"]);
    session.expect("SET k v PX 5", "+OK|");
    session.pass_ms(6);
    assert_eq!(session.propagated("GET k"), ["UNLINK k"]);
    assert_eq!(session.engine.stats.expired_keys, 2);
}

#[test]
fn refused_changes_leave_the_string_alone() {
    let mut session = Session::new();
    session.expect("SET n 9223372036854775807", "+OK|");
    session.expect("INCR n", "-ERR increment or decrement would overflow|");
    session.expect("DECRBY n -9223372036854775808", "-ERR decrement would overflow|");
    session.expect(
        "SETRANGE n 536870912 x",
        "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|",
    );
    session.expect("INCRBYFLOAT n inf", "-ERR increment would produce NaN or Infinity|");
    session.expect("GET n", "$19|9223372036854775807|");
    assert_eq!(session.engine.dirty, 1);
}
