//! Files that stock servers saved load with all that is in them.
//!
//! The fixtures hold the keys of [`expected`] in database 0, the key `in-five` in database 5 and
//! a library of functions. They differ in version, compression, checksum and policy.

use std::collections::BTreeMap;

use keyspace::Value;
use rdb::{Checksum, Item, KeyMeta, LoadOptions, Reader};

use crate::round_trip::contents;

struct Loaded {
    version: u16,
    aux: BTreeMap<Vec<u8>, Vec<u8>>,
    functions: Vec<Vec<u8>>,
    keys: BTreeMap<(u64, Vec<u8>), (KeyMeta, Option<Value>)>,
    checksum: Checksum,
}

fn load(file: &[u8]) -> Loaded {
    let mut reader = Reader::new(file, LoadOptions::default()).expect("a readable header");
    let mut db = 0;
    let mut loaded = Loaded {
        version: reader.version(),
        aux: BTreeMap::new(),
        functions: Vec::new(),
        keys: BTreeMap::new(),
        checksum: Checksum::Absent,
    };
    loop {
        match reader.next().expect("a valid file") {
            Item::Aux { key, value } => {
                loaded.aux.insert(key.to_vec(), value.to_vec());
            }
            Item::SelectDb(number) => db = number,
            Item::ResizeDb { .. } => {}
            Item::Function(code) => loaded.functions.push(code.to_vec()),
            Item::ModuleAux { .. } => {}
            Item::Entry { key, meta, value } => {
                loaded.keys.insert((db, key.to_vec()), (meta, Some(value)));
            }
            Item::ModuleEntry { key, meta, .. } => {
                loaded.keys.insert((db, key.to_vec()), (meta, None));
            }
            Item::EmptyEntry { key } => panic!("{key:?} is empty"),
            Item::Eof { checksum } => {
                loaded.checksum = checksum;
                return loaded;
            }
        }
    }
}

fn expected() -> BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, Vec<u8>>> {
    let string = |value: &[u8]| BTreeMap::from([(Vec::new(), value.to_vec())]);
    let hash = |pairs: &[(&str, &str)]| {
        let bytes = |text: &str| text.as_bytes().to_vec();
        pairs.iter().map(|(name, value)| (bytes(name), bytes(value))).collect::<BTreeMap<_, _>>()
    };
    let numbers = [
        "0",
        "-1",
        "127",
        "-128",
        "128",
        "32767",
        "-32769",
        "2147483647",
        "-2147483649",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "007",
        "1.50",
    ];
    let mut keys: BTreeMap<Vec<u8>, _> = BTreeMap::new();
    for number in numbers {
        keys.insert(format!("n:{number}").into_bytes(), string(number.as_bytes()));
    }
    keys.insert(b"empty".to_vec(), string(b""));
    keys.insert(b"short".to_vec(), string(b"hello"));
    keys.insert(b"words".to_vec(), string(&b"lorem ipsum dolor sit amet ".repeat(400)));
    let all_bytes: Vec<u8> = (0..=255).collect();
    keys.insert(b"bytes".to_vec(), string(&all_bytes.repeat(3)));
    let filling = "x".repeat(63);
    let small = [
        ("a", "1"),
        ("b", "two"),
        ("c", "-70000"),
        ("d", "5000000000"),
        ("e", &filling),
        ("f", ""),
        ("7", "seven"),
    ];
    keys.insert(b"small".to_vec(), hash(&small));
    let large: Vec<_> =
        (0..600).map(|number| (format!("field:{number}"), format!("value:{number}"))).collect();
    let large: Vec<_> = large.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    keys.insert(b"large".to_vec(), hash(&large));
    keys.insert(b"long".to_vec(), hash(&[("k", &"v".repeat(100)), ("n", "12")]));
    keys.insert(b"expires".to_vec(), string(b"later"));
    keys.insert(b"hash-expires".to_vec(), hash(&[("f", "v")]));
    keys
}

fn check(loaded: &Loaded) {
    let expected = expected();
    // Besides those, 3000 random bytes under "noise" and the one in database 5.
    assert_eq!(loaded.keys.len(), expected.len() + 2);
    for (key, wanted) in &expected {
        let (meta, value) = &loaded.keys[&(0, key.clone())];
        let value = value.as_ref().expect("no module value");
        assert_eq!(contents(value), *wanted, "{}", key.escape_ascii());
        let expire_at_ms = match key.as_slice() {
            b"expires" => Some(4_102_444_800_123),
            b"hash-expires" => Some(4_102_444_800_456),
            _ => None,
        };
        assert_eq!(meta.expire_at_ms, expire_at_ms);
    }
    let encoding = |key: &[u8]| {
        let (_, value) = &loaded.keys[&(0, key.to_vec())];
        value.as_ref().map(Value::encoding_name)
    };
    assert_eq!(encoding(b"small"), Some("listpack"));
    assert_eq!(encoding(b"large"), Some("hashtable"));
    assert_eq!(encoding(b"long"), Some("hashtable"));
    assert_eq!(encoding(b"n:127"), Some("int"));
    assert_eq!(encoding(b"n:007"), Some("embstr"));
    assert!(loaded.keys.contains_key(&(5, b"in-five".to_vec())));
    assert_eq!(loaded.functions.len(), 1);
    assert!(loaded.functions[0].starts_with(b"#!lua name=mylib"));
}

#[test]
fn valkey_8_0() {
    let loaded = load(include_bytes!("fixtures/valkey-8.0.rdb"));
    check(&loaded);
    assert_eq!((loaded.version, loaded.checksum), (11, Checksum::Verified));
    assert_eq!(loaded.aux[b"valkey-ver".as_slice()], b"8.0.1");
    // It ran under an LFU policy.
    assert!(loaded.keys.values().all(|(meta, _)| meta.freq.is_some() && meta.idle_secs.is_none()));
}

#[test]
fn valkey_8_0_without_compression_and_checksum() {
    let loaded = load(include_bytes!("fixtures/valkey-8.0-plain.rdb"));
    check(&loaded);
    assert_eq!((loaded.version, loaded.checksum), (11, Checksum::Absent));
    assert!(loaded.keys.values().all(|(meta, _)| meta.freq.is_none() && meta.idle_secs.is_none()));
}

#[test]
fn redis_7_0() {
    let loaded = load(include_bytes!("fixtures/redis-7.0.rdb"));
    check(&loaded);
    assert_eq!((loaded.version, loaded.checksum), (10, Checksum::Verified));
    // It ran under an LRU policy.
    assert!(loaded.keys.values().all(|(meta, _)| meta.idle_secs.is_some() && meta.freq.is_none()));
}

#[test]
fn values_of_a_module_are_passed_over() {
    let loaded = load(include_bytes!("fixtures/redis-7.0-redisearch.rdb"));
    assert_eq!(loaded.checksum, Checksum::Verified);
    let is_module: Vec<_> = loaded
        .keys
        .iter()
        .map(|((_, key), (_, value))| (String::from_utf8_lossy(key).into_owned(), value.is_none()))
        .collect();
    let wanted = [
        ("after", false),
        ("d1", false),
        ("ft:idx/hello", true),
        ("ft:idx/world", true),
        ("idx:idx", true),
        ("nm:idx/price", true),
    ];
    assert_eq!(is_module, wanted.map(|(key, is_module)| (key.to_owned(), is_module)));
}
