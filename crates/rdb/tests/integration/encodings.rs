//! Encodings that no current server writes, and those that cannot be loaded, byte by byte.

use std::collections::BTreeMap;

use rdb::{Checksum, Dumped, Error, ErrorKind, Item, LoadOptions, Reader};

use crate::round_trip::contents;

fn of_dump(body: &[u8]) -> Result<Dumped, Error> {
    Reader::of_dump(body, LoadOptions::default()).dumped()
}

fn pairs_of(body: &[u8]) -> BTreeMap<String, String> {
    let Dumped::Value(value) = of_dump(body).expect("loads") else { panic!("no module value") };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("ASCII");
    contents(&value).into_iter().map(|(name, value)| (text(name), text(value))).collect()
}

fn assert_pairs(body: &[u8], wanted: &[(&str, &str)]) {
    let wanted: BTreeMap<String, String> =
        wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(pairs_of(body), wanted);
}

/// A value whose bytes are one string: type byte, length, bytes.
fn blob(value_type: u8, bytes: &[u8]) -> Vec<u8> {
    let mut body = vec![value_type, 0x80];
    body.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    body.extend_from_slice(bytes);
    body
}

fn ziplist(entries: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    let (mut last_len, mut last_at) = (0_usize, 10);
    for entry in entries {
        last_at = 10 + body.len();
        let before = body.len();
        match last_len {
            short @ ..254 => body.push(short as u8),
            long => {
                body.push(0xfe);
                body.extend_from_slice(&(long as u32).to_le_bytes());
            }
        }
        body.extend_from_slice(entry);
        last_len = body.len() - before;
    }
    let mut bytes = (body.len() as u32 + 11).to_le_bytes().to_vec();
    bytes.extend_from_slice(&(last_at as u32).to_le_bytes());
    bytes.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&body);
    bytes.push(0xff);
    bytes
}

#[test]
fn ziplists_of_every_entry_encoding() {
    let mut middling = vec![0x41, 0x2c];
    middling.extend_from_slice(&[b'm'; 300]);
    let mut long = vec![0x80, 0, 0, 0x40, 0];
    long.extend_from_slice(&[b'l'; 0x4000]);
    let bytes = ziplist(&[
        b"\x01a",
        &[0xf1],
        b"\x01b",
        &[0xfd],
        b"\x01c",
        &[0xfe, 0x80],
        b"\x01d",
        &[0xc0, 0xff, 0x7f],
        b"\x01e",
        &[0xf0, 0, 0, 0x80],
        b"\x01f",
        &[0xd0, 0xff, 0xff, 0xff, 0x7f],
        b"\x01g",
        &[0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80],
        b"\x01h",
        &middling,
        b"\x01i",
        &long,
        &[0xf8],
        b"\x00",
    ]);
    assert_pairs(
        &blob(13, &bytes),
        &[
            ("a", "0"),
            ("b", "12"),
            ("c", "-128"),
            ("d", "32767"),
            ("e", "-8388608"),
            ("f", "2147483647"),
            ("g", "-9223372036854775808"),
            ("h", &"m".repeat(300)),
            ("i", &"l".repeat(0x4000)),
            ("7", ""),
        ],
    );
}

#[test]
fn zipmaps() {
    let mut bytes = b"\x03\x01a\x01\x00b\x03key\x02\x03vv???".to_vec();
    bytes.extend_from_slice(b"\x04long\xfe\x2c\x01\x00\x00\x00");
    bytes.extend_from_slice(&[b'z'; 300]);
    bytes.push(0xff);
    assert_pairs(&blob(9, &bytes), &[("a", "b"), ("key", "vv"), ("long", &"z".repeat(300))]);
    // As many pairs as the first byte cannot tell.
    bytes[0] = 254;
    assert_eq!(pairs_of(&blob(9, &bytes)).len(), 3);
}

/// `[1, "a"]` as pairs, by hand.
const LISTPACK: &[u8] = b"\x0c\0\0\0\x02\0\x01\x01\x81a\x02\xff";

#[test]
fn listpacks() {
    assert_pairs(&blob(16, LISTPACK), &[("1", "a")]);
    // An element of 16383 bytes has its length in two bytes or in three, by version.
    for back in [&[0xff_u8, 0xff][..], &[0x00, 0xff, 0xff]] {
        let mut bytes = b"\0\0\0\0\x02\0\x01\x01\xf0".to_vec();
        bytes.extend_from_slice(&(16_383_u32 - 5).to_le_bytes());
        bytes.extend_from_slice(&[b'x'; 16_383 - 5]);
        let back = if back.len() == 2 { &[0x7f, 0xff][..] } else { back };
        bytes.extend_from_slice(back);
        bytes.push(0xff);
        let total = bytes.len() as u32;
        bytes[..4].copy_from_slice(&total.to_le_bytes());
        assert_pairs(&blob(16, &bytes), &[("1", &"x".repeat(16_383 - 5))]);
    }
}

#[test]
fn malformed_containers_are_refused() {
    let ziplist = ziplist(&[b"\x01a", b"\x01b"]);
    let zipmap = b"\x01\x01a\x01\x00b\xff";
    for (value_type, valid) in [(13, ziplist.as_slice()), (9, zipmap), (16, LISTPACK)] {
        assert!(of_dump(&blob(value_type, valid)).is_ok());
        // Cut short, longer, and with every byte changed: an error, or another valid value.
        for len in 0..valid.len() {
            assert!(of_dump(&blob(value_type, &valid[..len])).is_err());
        }
        assert!(of_dump(&blob(value_type, &[valid, b"\xff"].concat())).is_err());
    }
    // A ziplist whose size, tail, count or length before is not what it is.
    for at in [0, 4, 8, 10, 13, 16] {
        let mut changed = ziplist.clone();
        changed[at] ^= 1;
        assert!(of_dump(&blob(13, &changed)).is_err(), "byte {at}");
    }
    // A zipmap that counts otherwise, or whose unused bytes go beyond its end.
    for at in [0, 4] {
        let mut changed = zipmap.to_vec();
        changed[at] ^= 2;
        assert!(of_dump(&blob(9, &changed)).is_err(), "byte {at}");
    }
    // A name without a value, and the same name twice.
    assert!(of_dump(&blob(16, b"\x09\0\0\0\x01\0\x01\x01\xff")).is_err());
    assert!(of_dump(&blob(16, b"\x0f\0\0\0\x04\0\x01\x01\x02\x01\x01\x01\x02\x01\xff")).is_err());
    assert!(of_dump(b"\x04\x02\x01a\x01b\x01a\x01c").is_err());
    // No elements at all.
    assert!(of_dump(b"\x04\x00").is_err());
    assert!(of_dump(&blob(16, b"\x07\0\0\0\0\0\xff")).is_err());
}

#[test]
fn lengths_beyond_the_bytes_are_refused_at_once() {
    let huge: Vec<Vec<u8>> =
        [1 << 24, (1 << 29) - 1, 1 << 29, u64::from(u32::MAX), 1 << 32, 1 << 62, u64::MAX]
            .into_iter()
            .flat_map(|len: u64| {
                let long = [&[0x81][..], &len.to_be_bytes()].concat();
                let short =
                    u32::try_from(len).ok().map(|len| [&[0x80][..], &len.to_be_bytes()].concat());
                [Some(long), short].into_iter().flatten()
            })
            .collect();
    for len in &huge {
        for prefix in [
            // A string, hashes of every encoding, a compressed string, what it expands to, a
            // hash of so many fields, and one whose field or value is so long.
            &b"\x00"[..],
            b"\x09",
            b"\x0d",
            b"\x10",
            b"\x00\xc3",
            b"\x00\xc3\x04",
            b"\x04",
            b"\x04\x01",
            b"\x04\x01\x01a",
        ] {
            let body = [prefix, len, b"\x01\x01\x01\x01"].concat();
            assert!(of_dump(&body).is_err(), "{body:?}");
        }
    }
}

#[test]
fn strings_are_limited() {
    let options = LoadOptions { string_len_max: 10, ..LoadOptions::default() };
    let load = |body: &[u8]| Reader::of_dump(body, options).dumped();
    assert!(load(b"\x00\x0aabcdefghij").is_ok());
    let error = load(b"\x00\x0babcdefghijk").expect_err("longer than the limit");
    assert!(matches!(error.kind, ErrorKind::TooLong(11)));
    // What it expands to counts as well.
    let error = load(b"\x00\xc3\x04\x0b\x00a\xe0\x00\x00").expect_err("longer than the limit");
    assert!(matches!(error.kind, ErrorKind::TooLong(11)));
}

#[test]
fn what_cannot_be_loaded_is_named() {
    for (value_type, name) in
        [(15, "stream"), (19, "stream"), (21, "stream"), (22, "hash with fields that expire")]
    {
        let found = of_dump(&[value_type, 1, b'a']).expect_err("not supported yet").kind;
        assert!(matches!(found, ErrorKind::UnsupportedType(found) if found == name));
    }
    for unknown in [8, 23, 100, 200, 242] {
        let found = of_dump(&[unknown, 1, b'a']).expect_err("there is no such type").kind;
        assert!(matches!(found, ErrorKind::UnknownOpcode(found) if found == unknown));
    }
}

#[test]
fn versions() {
    let open = |header: &[u8]| {
        let file = [header, b"\xff\0\0\0\0\0\0\0\0"].concat();
        Reader::new(&*file.leak(), LoadOptions::default()).and_then(|mut reader| reader.next())
    };
    for header in ["REDIS0001", "REDIS0006", "REDIS0011", "REDIS0012", "VALKEY080"] {
        let item = open(header.as_bytes()).expect(header);
        assert!(matches!(item, Item::Eof { checksum: Checksum::Absent }));
    }
    for header in ["REDIS0000", "REDIS0013", "REDIS0080", "VALKEY011", "VALKEY081"] {
        let error = open(header.as_bytes()).expect_err(header);
        assert!(matches!(error.kind, ErrorKind::Version(_)));
    }
    for header in ["REDIS00x1", "REDIZ0011", "", "REDIS", "\0\0\0\0\0\0\0\0\0\0"] {
        assert!(open(header.as_bytes()).is_err());
    }
}

#[test]
fn older_opcodes() {
    // Seconds instead of milliseconds, the sizes of a slot, and no checksum before version 5.
    let file = b"REDIS0003\xf4\x01\x02\x03\xfd\x00\x00\x00\x01\x00\x01a\x01b\xff";
    let mut reader = Reader::new(&file[..], LoadOptions::default()).expect("readable");
    let Ok(Item::Entry { key, meta, .. }) = reader.next() else { panic!("a key") };
    assert_eq!((key.as_bytes(), meta.expire_at_ms), (&b"a"[..], Some((1 << 24) * 1000)));
    assert!(matches!(reader.next(), Ok(Item::Eof { checksum: Checksum::Absent })));
}
