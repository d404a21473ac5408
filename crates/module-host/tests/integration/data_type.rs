//! A data type's life: set, saved, loaded, copied, measured, digested, freed.

use crate::session::Session;

fn state(session: &mut Session) -> Vec<String> {
    session.send("PROBE.STATE").split('|').map(str::to_owned).collect()
}

/// (freed, unlinked)
fn freed(session: &mut Session) -> (i64, i64) {
    let state = state(session);
    let number = |at: usize| state[at].trim_start_matches(':').parse().expect("a number");
    (number(1), number(2))
}

#[test]
fn a_value_is_what_was_set() {
    let mut session = Session::new();
    session.expect("PROBE.SET k 5 text", "+OK|");
    session.expect("PROBE.GET k", "*2|:5|$4|text|");
    session.expect("PROBE.GET nothing", "$-1|");
    session.expect("TYPE k", "+probetype|");
    session.expect("OBJECT ENCODING k", "$3|raw|");
    session.send("SET s 1");
    let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value|";
    session.expect("PROBE.GET s", wrong);
    session.expect("PROBE.SET s 1 x", wrong);
    session.expect("GET k", wrong);
}

#[test]
fn values_are_freed_once_and_told_before() {
    let mut session = Session::new();
    let (before, unlinked) = freed(&mut session);
    session.send("PROBE.SET k 1 x");
    session.send("PROBE.SET k 2 y");
    assert_eq!(freed(&mut session), (before + 1, unlinked + 1));
    session.send("DEL k");
    session.send("PROBE.SET k 3 z");
    session.send("UNLINK k");
    session.send("PROBE.SET k 4 z");
    session.send("SET k string");
    session.send("PROBE.SET e 4 z");
    session.send("FLUSHALL");
    assert_eq!(freed(&mut session).0, before + 5);
}

#[test]
fn dump_and_restore_call_save_and_load() {
    let mut session = Session::new();
    session.send("PROBE.SET k 5 text");
    let payload = session.bulk(&[b"DUMP", b"k"]);
    assert_eq!(session.send_words(&[b"RESTORE", b"copy", b"0", &payload]), "+OK|");
    session.expect("PROBE.GET copy", "*2|:5|$4|text|");
    // Every shorter payload is refused, and leaves nothing behind.
    for len in 0..payload.len() {
        let reply = session.send_words(&[b"RESTORE", b"bad", b"0", &payload[..len]]);
        assert!(reply.starts_with("-ERR"), "{len}: {reply}");
    }
    session.expect("EXISTS bad", ":0|");
}

#[test]
fn a_snapshot_keeps_values_and_their_time_to_live() {
    let mut session = Session::new();
    session.send("PROBE.SET k 5 text");
    session.send("PROBE.SET e 6 other");
    session.send("PEXPIRE e 100000");
    let mut file = Vec::new();
    engine::snapshot::save(session.engine(), &mut file).expect("saved");
    session.send("FLUSHALL");
    engine::snapshot::load(session.engine(), file.as_slice(), &mut |_, _| {}).expect("loaded");
    session.expect("PROBE.GET k", "*2|:5|$4|text|");
    session.expect("PROBE.GET e", "*2|:6|$5|other|");
    assert!(
        session
            .send("PTTL e")
            .trim_matches([':', '|'])
            .parse::<i64>()
            .is_ok_and(|ttl| ttl > 90_000)
    );
}

#[test]
fn copies_are_made_by_the_module() {
    let mut session = Session::new();
    session.send("PROBE.SET k 5 text");
    session.expect("COPY k k2", ":1|");
    session.expect("PROBE.GET k2", "*2|:6|$4|text|");
}

#[test]
fn memory_usage_asks_the_module() {
    let mut session = Session::new();
    session.send("PROBE.SET small 5 x");
    session.send(&format!("PROBE.SET large 5 {}", "x".repeat(10_000)));
    let usage = |reply: String| reply.trim_matches([':', '|']).parse::<usize>().expect("a number");
    let small = usage(session.send("MEMORY USAGE small"));
    let large = usage(session.send("MEMORY USAGE large"));
    assert!(large > small + 9_000, "{small} {large}");
}

#[test]
fn events_reach_subscribers_and_writes_are_propagated() {
    let mut session = Session::new();
    session.propagated();
    session.send("PROBE.SET k 5 text");
    assert_eq!(session.propagated(), ["PROBE.SET k 5 text"]);
    assert_eq!(state(&mut session)[5], "probe.set k");
    session.send("SET s 1");
    assert_eq!(state(&mut session)[5], "set s");
    session.send("HSET h f v");
    assert_eq!(state(&mut session)[5], "set s");
    let told = state(&mut session)[6].clone();
    session.send("DEL s");
    assert_ne!(state(&mut session)[6], told);
}
