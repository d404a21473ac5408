//! Hashes against a `BTreeMap`, compact and not.

use std::collections::{BTreeMap, BTreeSet};

use byte_string::ByteString;
use keyspace::{HashLimits, HashValue, Listpack};

const LIMITS: HashLimits = HashLimits { entries: 32, value_len: 24 };

fn contents(hash: &HashValue) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let owned =
        hash.iter().map(|(name, value)| (name.to_cow().into_owned(), value.to_cow().into_owned()));
    owned.collect()
}

fn random_bytes(rng: &mut fastrand::Rng, len_max: usize) -> ByteString {
    if rng.bool() {
        return ByteString::from_i64(rng.i64(..) >> rng.u32(..64));
    }
    ByteString::from((0..rng.usize(..len_max)).map(|_| rng.u8(..)).collect::<Vec<u8>>())
}

#[test]
fn a_hash_does_what_a_map_does() {
    for seed in 0..60 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut hash = HashValue::new();
        let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        // Some never leave the compact form, some do by number, some by length.
        let (names, len_max) = (rng.usize(1..200), rng.usize(1..60));
        let names: Vec<ByteString> = (0..names).map(|_| random_bytes(&mut rng, len_max)).collect();
        for _ in 0..2000 {
            let name = rng.choice(&names).expect("at least one");
            if rng.u32(..3) > 0 {
                let value = random_bytes(&mut rng, len_max);
                let is_new = model.insert(name.to_vec(), value.to_vec()).is_none();
                assert_eq!(hash.set(name, &value, LIMITS), is_new);
            } else {
                assert_eq!(hash.remove(name), model.remove(name.as_bytes()).is_some());
            }
            assert_eq!(hash.len(), model.len());
            let found = hash.get(name).map(|value| value.to_cow().into_owned());
            assert_eq!(found.as_ref(), model.get(name.as_bytes()));
        }
        assert_eq!(contents(&hash), model);
        assert_eq!(contents(&hash.clone()), model);
        if let Some(listpack) = hash.as_listpack() {
            let bytes = listpack.as_bytes().into();
            let listpack = Listpack::from_bytes(bytes).expect("valid");
            let again = HashValue::from_listpack(listpack, LIMITS).expect("pairs");
            assert_eq!(contents(&again), model);
        }
    }
}

#[test]
fn limits_decide_the_form() {
    let name = |number: usize| ByteString::from(format!("f{number}").as_str());
    let short = ByteString::from("v");
    let mut hash = HashValue::new();
    for number in 0..32 {
        hash.set(&name(number), &short, LIMITS);
    }
    assert_eq!(hash.encoding_name(), "listpack");
    hash.set(&name(0), &ByteString::from("other"), LIMITS);
    assert_eq!(hash.encoding_name(), "listpack");
    hash.set(&name(32), &short, LIMITS);
    assert_eq!(hash.encoding_name(), "hashtable");
    assert_eq!(hash.len(), 33);

    let mut hash = HashValue::new();
    hash.set(&name(0), &ByteString::from(vec![b'x'; 24]), LIMITS);
    assert_eq!(hash.encoding_name(), "listpack");
    hash.set(&name(0), &ByteString::from(vec![b'x'; 25]), LIMITS);
    assert_eq!(hash.encoding_name(), "hashtable");
    assert_eq!(hash.len(), 1);
}

#[test]
fn a_name_finds_its_field_however_it_was_kept() {
    // As other servers may have written it: digits kept as a string.
    let bytes = b"\x0f\0\0\0\x02\0\x8212\x03\x8234\x03\xff";
    let mut total = bytes.to_vec();
    total[0] = bytes.len() as u8;
    let listpack = Listpack::from_bytes(total.into()).expect("valid");
    let mut hash = HashValue::from_listpack(listpack, LIMITS).expect("pairs");
    assert_eq!(hash.get(b"12").and_then(|value| value.to_integer()), Some(34));
    assert!(!hash.set(&ByteString::from("12"), &ByteString::from("56"), LIMITS));
    assert_eq!(hash.len(), 1);
}

#[test]
fn scan_and_random_reach_every_field() {
    let mut hash = HashValue::new();
    let names: BTreeSet<Vec<u8>> =
        (0..500).map(|number| format!("field:{number}").into_bytes()).collect();
    for name in &names {
        hash.set(&ByteString::from(name.as_slice()), &ByteString::from("v"), LIMITS);
    }
    let mut scanned = BTreeSet::new();
    let (mut cursor, mut steps) = (0, 0);
    loop {
        cursor = hash.scan(cursor, |name, _| {
            scanned.insert(name.to_cow().into_owned());
        });
        steps += 1;
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(scanned, names);
    assert!(steps > 10);
    let mut rng = fastrand::Rng::with_seed(2);
    let drawn: BTreeSet<Vec<u8>> = (0..10_000)
        .filter_map(|_| hash.random(&mut rng).map(|(name, _)| name.to_cow().into_owned()))
        .collect();
    assert_eq!(drawn, names);
}
