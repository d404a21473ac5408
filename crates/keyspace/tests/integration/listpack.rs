//! Listpacks: the bytes are Valkey's, whatever is not is refused.

use keyspace::{Listpack, ListpackError};

fn elements(listpack: &Listpack) -> Vec<Vec<u8>> {
    listpack.iter().map(|element| element.to_cow().into_owned()).collect()
}

#[test]
fn bytes_are_as_documented() {
    let mut listpack = Listpack::new();
    for element in ["a", "1", "b", "x"] {
        listpack.push(element.as_bytes());
    }
    let expected = b"\x12\0\0\0\x04\0\x81a\x02\x01\x01\x81b\x02\x81x\x02\xff";
    assert_eq!(listpack.as_bytes(), expected);
}

#[test]
fn every_encoding_comes_back() {
    let mut wanted: Vec<Vec<u8>> = Vec::new();
    for bits in 0..63 {
        for number in [1_i64 << bits, (1 << bits) - 1, -(1 << bits), -(1 << bits) - 1] {
            wanted.push(number.to_string().into_bytes());
        }
    }
    wanted.extend([i64::MAX, i64::MIN].map(|number| number.to_string().into_bytes()));
    wanted.extend(["", "-", "-0", "01", "+1", "9223372036854775808"].map(|text| text.into()));
    for len in [62, 63, 64, 121, 122, 123, 124, 4095, 4096, 16_370, 16_383, 16_390, 70_000] {
        wanted.push(vec![b'x'; len]);
    }
    let mut listpack = Listpack::new();
    for (at, element) in wanted.iter().enumerate() {
        assert_eq!(listpack.len(), at);
        listpack.push(element);
    }
    assert_eq!(elements(&listpack), wanted);
    let again = Listpack::from_bytes(listpack.as_bytes().into()).expect("valid");
    assert_eq!(elements(&again), wanted);
}

#[test]
fn more_elements_than_the_header_counts() {
    let mut bytes = vec![0, 0, 0, 0, 0xff, 0xff];
    for _ in 0..70_000 {
        bytes.extend_from_slice(&[1, 1]);
    }
    bytes.push(0xff);
    let total = bytes.len() as u32;
    bytes[..4].copy_from_slice(&total.to_le_bytes());
    let mut listpack = Listpack::from_bytes(bytes.into()).expect("valid");
    assert_eq!(listpack.len(), 70_000);
    listpack.push(b"one more");
    assert_eq!(listpack.len(), 70_001);
}

#[test]
fn changed_bytes_are_refused_or_valid() {
    let mut listpack = Listpack::new();
    for element in ["a", "-5000", "70000", "", "some text", "9999999999"] {
        listpack.push(element.as_bytes());
    }
    let valid = listpack.as_bytes();
    for at in 0..valid.len() {
        for byte in 0..=255 {
            let mut bytes = valid.to_vec();
            bytes[at] = byte;
            if let Ok(changed) = Listpack::from_bytes(bytes.clone().into()) {
                // Another text or number in the same place, all lengths untouched.
                assert_eq!(changed.len(), 6);
                assert_eq!(changed.iter().count(), 6);
                assert_eq!(changed.as_bytes(), bytes);
            }
        }
        assert!(Listpack::from_bytes(valid[..at].into()).is_err());
    }
    let trailing = [valid, b"\xff"].concat();
    assert_eq!(Listpack::from_bytes(trailing.into()).err(), Some(ListpackError { offset: 0 }));
}
