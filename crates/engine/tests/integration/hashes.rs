//! What hashes do beyond their replies.

use std::collections::BTreeSet;

use crate::session::Session;

#[test]
fn events_and_changes_are_counted_by_field() {
    let mut session = Session::new();
    assert_eq!(session.events("HSET h a 1 b 2 c 3"), ["hset h 0"]);
    assert_eq!(session.engine.dirty, 3);
    assert_eq!(session.events("HSETNX h a 9"), [""; 0]);
    assert_eq!(session.events("HSETNX h d 9"), ["hset h 0"]);
    assert_eq!(session.events("HINCRBY h d 1"), ["hincrby h 0"]);
    assert_eq!(session.events("HINCRBYFLOAT h d 0.5"), ["hincrbyfloat h 0"]);
    assert_eq!(session.engine.dirty, 6);
    assert_eq!(session.events("HDEL h a nope b"), ["hdel h 0"]);
    assert_eq!(session.engine.dirty, 8);
}

#[test]
fn a_hash_without_fields_is_deleted() {
    let mut session = Session::new();
    session.expect("HSET h a 1 b 2", ":2|");
    assert_eq!(session.events("HDEL h a b c"), ["hdel h 0", "del h 0"]);
    session.expect("EXISTS h", ":0|");
    session.expect("DBSIZE", ":0|");
}

#[test]
fn sums_of_floats_are_repeated_as_results() {
    let mut session = Session::new();
    assert_eq!(session.propagated("HINCRBYFLOAT h f 0.1"), ["HSET h f 0.1"]);
    assert_eq!(session.propagated("HINCRBYFLOAT h f 0.2"), ["HSET h f 0.3"]);
    assert_eq!(session.propagated("HINCRBYFLOAT h f inf"), [""; 0]);
}

#[test]
fn a_refused_sum_makes_no_hash_and_changes_none() {
    let mut session = Session::new();
    session.expect("HINCRBYFLOAT h f nan", "-ERR value is not a valid float|");
    session.expect("EXISTS h", ":0|");
    session.expect("HSET h f 9223372036854775807", ":1|");
    session.expect("HINCRBY h f 1", "-ERR increment or decrement would overflow|");
    session.expect("HGET h f", "$19|9223372036854775807|");
    assert_eq!(session.engine.dirty, 1);
}

/// Elements of a flat reply of bulk strings.
fn bulks(reply: &str) -> Vec<String> {
    let mut lines = reply.split('|').skip(1);
    let mut found = Vec::new();
    while let (Some(head), Some(text)) = (lines.next(), lines.next()) {
        assert!(head.starts_with('$'), "{reply}");
        found.push(text.to_owned());
    }
    found
}

#[test]
fn random_fields_are_distinct_or_repeated_as_asked() {
    let mut session = Session::new();
    for len in [20, 600] {
        for field in 0..len {
            session.send(&format!("HSET h{len} f{field} v{field}"));
        }
        for count in [1, 5, 19, len / 2, len - 1, len, len + 1] {
            let fields = bulks(&session.send(&format!("HRANDFIELD h{len} {count} WITHVALUES")));
            assert_eq!(fields.len(), 2 * count.min(len));
            assert!(fields.chunks_exact(2).all(|pair| pair[0][1..] == pair[1][1..]));
            let distinct: BTreeSet<_> = fields.iter().collect();
            assert_eq!(distinct.len(), fields.len());
        }
        let fields = bulks(&session.send(&format!("HRANDFIELD h{len} -5000")));
        assert_eq!(fields.len(), 5000);
        let distinct: BTreeSet<_> = fields.into_iter().collect();
        assert!(distinct.len() > len * 9 / 10, "nearly every field comes up");
    }
}

#[test]
fn a_short_request_cannot_ask_for_an_endless_reply() {
    let mut session = Session::new();
    session.expect("HSET h f v", ":1|");
    session.expect("HRANDFIELD h -9000000000", "-ERR value is out of range|");
    session.expect("HRANDFIELD missing -9000000000", "*0|");
}

#[test]
fn a_walk_meets_every_field_while_the_hash_grows() {
    let mut session = Session::new();
    for field in 0..1000 {
        session.send(&format!("HSET h f{field} v"));
    }
    let (mut cursor, mut met, mut added) = ("0".to_owned(), BTreeSet::new(), 0);
    loop {
        let reply = session.send(&format!("HSCAN h {cursor} COUNT 50 NOVALUES"));
        let (head, rest) = reply.split_once("|*").expect("a cursor and an array");
        cursor = head.rsplit('|').next().expect("the cursor's text").to_owned();
        met.extend(bulks(&format!("*{rest}")));
        if cursor == "0" {
            break;
        }
        for _ in 0..100 {
            session.send(&format!("HSET h new{added} v"));
            added += 1;
        }
    }
    assert!((0..1000).all(|field| met.contains(&format!("f{field}"))));
}
