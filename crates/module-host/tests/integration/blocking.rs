//! Clients that wait, threads of the module, timers.

use crate::session::Session;

#[test]
fn a_thread_answers_a_waiting_client() {
    let mut session = Session::new();
    session.expect("PROBE.BLOCK 20", "");
    assert_eq!(session.wait(), "$5|awake|");
    session.expect("GET woken", "$1|1|");
}

#[test]
fn a_client_that_waits_too_long_is_told() {
    let mut session = Session::new();
    session.expect("PROBE.BLOCK 200 10", "");
    assert_eq!(session.wait(), "+TIMEOUT|");
    // The thread still ends, and its handle with it.
    session.wait_for("GET woken", "$1|1|");
    assert_eq!(session.output(), "");
}

#[test]
fn a_client_may_go_while_it_waits() {
    let mut session = Session::new();
    session.expect("PROBE.BLOCK 20", "");
    session.disconnect();
    drop(session);
    let mut session = Session::bare();
    session.wait_for("GET woken", "$1|1|");
    session.expect("PING", "+PONG|");
}

#[test]
fn client_unblock_ends_the_wait() {
    let mut session = Session::new();
    session.expect("PROBE.BLOCK 30", "");
    let waiting = session.client;
    let other = session.engine().connect();
    session.client = other;
    session.expect(&format!("CLIENT UNBLOCK {} ERROR", waiting.0), ":1|");
    session.client = waiting;
    assert_eq!(session.output(), "-UNBLOCKED client unblocked via CLIENT UNBLOCK|");
    session.wait_for("GET woken", "$1|1|");
    session.engine().disconnect(other);
}

#[test]
fn a_timer_fires_once() {
    let mut session = Session::new();
    session.expect("PROBE.TIMER 5 ticks", ":1|");
    session.wait_for("GET ticks", "$1|1|");
    std::thread::sleep(std::time::Duration::from_millis(20));
    session.wait_for("GET ticks", "$1|1|");
}
