//! Packed payloads from outside: what is valid comes back, everything else is refused.

use json_document::{Limits, Text};
use json_store::{HEADER_LEN, Packed, PackedError, Store};
use xxhash_rust::xxh3::xxh3_64;

const LEN_MAX: usize = 1 << 20;

fn rows(n: usize) -> String {
    let rows: Vec<String> =
        (0..n).map(|i| format!(r#"{{"id":{i},"name":"row {i}","tags":["red","blue"]}}"#)).collect();
    format!("[{}]", rows.join(","))
}

fn load(bytes: &[u8]) -> Result<String, PackedError> {
    let (packed, text) = Packed::from_bytes(bytes, &Limits::default(), LEN_MAX)?;
    assert_eq!(packed.as_bytes(), bytes);
    assert_eq!(packed.unpack().unwrap(), text);
    Ok(text.as_str().to_owned())
}

fn packed(json: &str) -> Vec<u8> {
    let text = Text::parse(json.as_bytes(), &Limits::default()).unwrap();
    Store::new().pack_for_saving(&text).unwrap().as_bytes().to_vec()
}

fn frame(raw: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(zstd_safe::compress_bound(raw.len()));
    zstd_safe::compress(&mut frame, raw, 1).unwrap();
    frame
}

/// A payload with the given parts, its checksum that of `raw`.
fn payload(raw: &[u8], raw_len: u32, depth: u16, dictionary: u32, frame: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xF5, b'K', b'J', 1, 0, 0];
    bytes.extend(depth.to_le_bytes());
    bytes.extend(raw_len.to_le_bytes());
    bytes.extend(dictionary.to_le_bytes());
    bytes.extend(xxh3_64(raw).to_le_bytes());
    bytes.extend(frame);
    bytes
}

#[test]
fn what_is_packed_comes_back() {
    for json in [rows(10), rows(1000), format!(r#""{}""#, "x".repeat(100_000))] {
        let bytes = packed(&json);
        assert!(bytes.len() < json.len() / 2);
        assert_eq!(load(&bytes).unwrap(), json);
    }
}

/// Every bit and every length: refused, since the checksum covers what the frame holds, and the
/// header's fields are checked against the frame. A bit that zstd ignores leaves the text as it is.
#[test]
fn a_flipped_bit_or_a_cut_is_refused() {
    let json = rows(8);
    let bytes = packed(&json);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            match load(&flipped) {
                Err(_) => {}
                Ok(text) => {
                    assert!(at >= HEADER_LEN, "a bit of the header at {at} was ignored");
                    assert_eq!(text, json);
                }
            }
        }
        assert!(load(&bytes[..at]).is_err(), "cut at {at}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(load(&longer).is_err());
}

#[test]
fn random_damage_gives_errors_or_the_same_text() {
    let mut random = fastrand::Rng::with_seed(11);
    let json = rows(30);
    let bytes = packed(&json);
    for _ in 0..20_000 {
        let mut damaged = bytes.clone();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(0..damaged.len());
            match random.u8(0..4) {
                0 => damaged[at] = random.u8(..),
                1 => damaged.truncate(at.max(1)),
                2 => damaged.insert(at, random.u8(..)),
                _ => _ = damaged.drain(at..(at + random.usize(0..9)).min(damaged.len())),
            }
            if damaged.is_empty() {
                break;
            }
        }
        if let Ok(text) = load(&damaged) {
            assert_eq!(text, json);
        }
    }
}

#[test]
fn lies_are_refused_one_by_one() {
    let json = rows(8);
    let raw = json.as_bytes();
    let len = raw.len() as u32;
    let good = frame(raw);
    assert!(load(&payload(raw, len, 3, 0, &good)).is_ok());
    let refused = |bytes: &[u8]| load(bytes).unwrap_err();
    assert_eq!(refused(b""), PackedError::NotPacked);
    assert_eq!(refused(b"{}"), PackedError::NotPacked);
    assert_eq!(refused(&payload(raw, len, 3, 7, &good)), PackedError::Unknown("dictionary"));
    assert_eq!(refused(&payload(raw, len, 2, 0, &good)), PackedError::Corrupt("depth"));
    assert_eq!(refused(&payload(b"?", len, 3, 0, &good)), PackedError::Corrupt("checksum"));
    assert_eq!(refused(&payload(raw, len + 1, 3, 0, &good)), PackedError::Corrupt("content size"));
    assert_eq!(refused(&payload(raw, LEN_MAX as u32 + 1, 3, 0, &good)), PackedError::TooLong);

    let two = [good.clone(), good.clone()].concat();
    assert_eq!(refused(&payload(raw, len, 3, 0, &two)), PackedError::Corrupt("frame length"));
    let skippable = [&[0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0], &*good].concat();
    assert_eq!(refused(&payload(raw, len, 3, 0, &skippable)), PackedError::Corrupt("frame magic"));

    // A frame that says it needs a window of 2 GiB: no single segment, window descriptor 21 << 3,
    // content size of 4 bytes.
    let mut wide = vec![0x28, 0xB5, 0x2F, 0xFD, 0b1000_0000, 21 << 3];
    wide.extend(len.to_le_bytes());
    wide.extend([1, 0, 0]);
    assert_eq!(refused(&payload(raw, len, 3, 0, &wide)), PackedError::Corrupt("window"));

    let spaced = format!(" {json}");
    let bytes = payload(spaced.as_bytes(), len + 1, 3, 0, &frame(spaced.as_bytes()));
    assert_eq!(refused(&bytes), PackedError::Corrupt("text is not in minified form"));
    let broken = "[".repeat(50);
    let bytes = payload(broken.as_bytes(), 50, 50, 0, &frame(broken.as_bytes()));
    assert!(matches!(refused(&bytes), PackedError::Text(_)));
}

/// 512 KiB of text in a payload of some 60 bytes is a valid document; one over the limit is refused
/// before anything is allocated for it.
#[test]
fn a_bomb_is_bounded_by_the_limit_on_documents() {
    let json = format!(r#""{}""#, " ".repeat(LEN_MAX / 2));
    let bytes = packed(&json);
    assert!(bytes.len() < 200);
    assert_eq!(load(&bytes).unwrap().len(), json.len());
    let over = format!(r#""{}""#, " ".repeat(LEN_MAX));
    assert_eq!(load(&packed(&over)), Err(PackedError::TooLong));
}

#[test]
fn the_example_of_the_layout_is_true() {
    let json = format!(r#"{{"rows":[{}[0,0]]}}"#, "[0,0],".repeat(20));
    let hex: Vec<String> = packed(&json).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex.join(" "), EXAMPLE);
}

const EXAMPLE: &str = "f5 4b 4a 01 00 00 03 00 88 00 00 00 00 00 00 00 \
    b5 10 a9 86 e2 6a b4 a8 28 b5 2f fd 20 88 c5 00 \
    00 88 7b 22 72 6f 77 73 22 3a 5b 5b 30 2c 30 5d \
    2c 5d 7d 01 00 34 69 a9 03";
