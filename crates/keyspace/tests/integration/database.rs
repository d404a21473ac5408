//! A database against a `BTreeMap`, and SCAN's promise while the table grows and shrinks.

use std::collections::{BTreeMap, BTreeSet};

use byte_string::ByteString;
use keyspace::{Database, Renamed, Ttl, Value};

fn key(number: usize) -> ByteString {
    ByteString::from(format!("key:{number}").as_str())
}

fn value(number: i64) -> Value {
    Value::string(ByteString::from_i64(number))
}

fn number_of(value: &Value) -> i64 {
    match value {
        Value::String(string) => string.to_integer().expect("a number was put in"),
        _ => panic!("only strings were put in"),
    }
}

fn assert_same(db: &Database, model: &BTreeMap<ByteString, (i64, Option<i64>)>) {
    assert_eq!(db.len(), model.len());
    assert_eq!(db.iter().count(), model.len());
    assert_eq!(db.expires_len(), model.values().filter(|(_, at)| at.is_some()).count());
    for (key, (number, expire)) in model {
        let entry = db.find(key).expect("the model has it");
        assert_eq!(number_of(&entry.value), *number);
        assert_eq!(db.expire_of(key), *expire);
    }
    let mut with_expiry = BTreeSet::new();
    let mut cursor = 0;
    loop {
        cursor = db.scan_expires(cursor, |entry| {
            assert!(entry.has_expiry());
            with_expiry.insert(entry.key_string());
        });
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(with_expiry.len(), db.expires_len());
}

#[test]
fn a_database_does_what_a_map_does() {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut db = Database::new();
    let mut model: BTreeMap<ByteString, (i64, Option<i64>)> = BTreeMap::new();
    for round in 0..200_000 {
        // The range of keys breathes, so that the table grows and shrinks many times.
        let range = if (round / 20_000) % 2 == 0 { 6000 } else { 300 };
        let key = key(rng.usize(..range));
        match rng.u32(..10) {
            0..=3 => {
                let ttl = if rng.bool() { Ttl::Keep } else { Ttl::Clear };
                let old = db.insert(&key, value(round), ttl, 0);
                let entry = model.entry(key).or_insert((round, None));
                assert_eq!(old.is_some(), entry.0 != round);
                assert!(old.is_none_or(|old| number_of(&old) == entry.0));
                entry.0 = round;
                if ttl == Ttl::Clear {
                    entry.1 = None;
                }
            }
            4..=6 => {
                let key = model.keys().nth(rng.usize(..model.len().max(1))).unwrap_or(&key).clone();
                let removed = db.remove(&key).map(|entry| {
                    assert_eq!(entry.key(), key.as_bytes());
                    number_of(&entry.value)
                });
                assert_eq!(removed, model.remove(&key).map(|(number, _)| number));
            }
            7 | 8 => {
                let at = rng.bool().then_some(round);
                let known = model.get_mut(&key);
                assert_eq!(db.set_expire(&key, at), known.is_some());
                if let Some(entry) = known {
                    entry.1 = at;
                }
            }
            _ => {
                let to = self::key(rng.usize(..range));
                match (db.rename(&key, &to), model.remove(&key)) {
                    (Renamed::NoSuchKey, None) => {}
                    (Renamed::Done(old), Some(moved)) => {
                        let old = old.map(|old| number_of(&old.value));
                        assert_eq!(old, model.insert(to, moved).map(|(number, _)| number));
                    }
                    _ => panic!("only one of the two knew the key"),
                }
            }
        }
        if round % 5000 == 0 {
            assert_same(&db, &model);
        }
    }
    assert_same(&db, &model);
    let drained = db.clear();
    assert_eq!(drained.len(), model.len());
    assert_eq!(drained.into_iter().count(), model.len());
    assert_same(&db, &BTreeMap::new());
}

#[test]
fn scan_visits_all_that_stays() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut db = Database::new();
        let stay: Vec<ByteString> = (0..rng.usize(1..400)).map(key).collect();
        for key in &stay {
            assert!(db.insert(key, value(0), Ttl::Clear, 0).is_none());
        }
        let mut come_and_go: Vec<ByteString> = Vec::new();
        let mut made = 1_000_000;
        let mut visited = BTreeSet::new();
        let mut cursor = 0;
        loop {
            cursor = db.scan(cursor, |entry| {
                visited.insert(entry.key_string());
            });
            if cursor == 0 {
                break;
            }
            // Between two steps the table becomes several times larger, or smaller again.
            if rng.bool() {
                for _ in 0..rng.usize(..300) {
                    made += 1;
                    come_and_go.push(key(made));
                    assert!(db.insert(&key(made), value(0), Ttl::Clear, 0).is_none());
                }
            } else {
                for key in come_and_go.drain(rng.usize(..=come_and_go.len())..) {
                    assert!(db.remove(&key).is_some());
                }
            }
        }
        for key in &stay {
            assert!(visited.contains(key), "seed {seed} missed {key:?}");
        }
    }
}
