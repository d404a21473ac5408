//! Active expiry finds all that is over, in bounded steps.

use std::collections::BTreeSet;

use byte_string::ByteString;
use keyspace::{Database, Ttl, Value};

fn key(number: usize) -> ByteString {
    ByteString::from(format!("key:{number}").as_str())
}

#[test]
fn steps_find_all_that_is_over() {
    let mut db = Database::new();
    for number in 0..10_000 {
        let value = Value::string(ByteString::from("v"));
        assert!(db.insert(&key(number), value, Ttl::Clear, 0).is_none());
        if number % 3 != 0 {
            // A third over by then, a third not, a third never.
            let at = if number % 3 == 1 { 500 } else { 3000 };
            assert!(db.set_expire(&key(number), Some(at)));
        }
    }
    let mut expired = BTreeSet::new();
    let mut steps = 0;
    loop {
        let step = db.expire_step(1000, 50);
        assert!(step.looked_at <= 50 + 40, "{}", step.looked_at);
        for key in &step.expired {
            assert!(db.remove(key).is_some());
            assert!(expired.insert(key.clone()));
        }
        steps += 1;
        if step.came_round {
            break;
        }
    }
    assert_eq!(expired.len(), 3333);
    assert_eq!(db.expires_len(), 3333);
    assert_eq!(db.len(), 6667);
    assert!((1900..=2000).contains(&db.avg_ttl_ms()), "{}", db.avg_ttl_ms());
    assert!(steps >= 100, "{steps}");
    assert!(db.expire_step(1000, 50).expired.is_empty());
}

#[test]
fn a_key_expires_after_its_time_not_at_it() {
    let mut db = Database::new();
    assert!(db.insert(&key(1), Value::string("v".into()), Ttl::Clear, 0).is_none());
    assert!(db.set_expire(&key(1), Some(1000)));
    let entry = db.find(&key(1)).expect("there");
    assert!(!entry.is_expired(1000));
    assert!(entry.is_expired(1001));
    // A time before 1970 is over, and is not taken for "never".
    assert!(db.set_expire(&key(1), Some(-1)));
    assert!(db.find(&key(1)).expect("there").is_expired(1));
    assert!(db.set_expire(&key(1), None));
    assert!(!db.find(&key(1)).expect("there").is_expired(i64::MAX));
    assert_eq!(db.expires_len(), 0);
}
