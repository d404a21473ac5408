//! Changed and shortened files and payloads: never a panic, never a loop, and where the checksum
//! is compared, never other data.

use std::io::Read;

use byte_string::ByteString;
use keyspace::Value;
use rdb::{Dumped, Item, LoadOptions, Reader, SaveOptions, dump, dump_body};

use crate::round_trip::{file, hash};

/// Reads all that there is, a module's payloads item by item, and tells whether it was to the end.
fn read_all(bytes: &[u8], options: LoadOptions) -> bool {
    let Ok(mut reader) = Reader::new(bytes, options) else { return false };
    // Each item takes at least a byte.
    for _ in 0..=bytes.len() {
        match reader.next() {
            Err(error) => {
                assert!(error.offset <= bytes.len() as u64);
                return false;
            }
            Ok(Item::Eof { .. }) => return true,
            Ok(Item::ModuleEntry { type_id, .. } | Item::ModuleAux { type_id, .. })
                if type_id % 2 == 0 =>
            {
                let mut items = reader.module_reader();
                while items.load_unsigned().is_some() || items.load_string().is_some() {}
                if reader.end_module().is_err() {
                    return false;
                }
            }
            Ok(_) => {}
        }
    }
    panic!("more items than bytes");
}

fn mutate(bytes: &mut Vec<u8>, rng: &mut fastrand::Rng) {
    match rng.u32(..8) {
        0 => bytes.truncate(rng.usize(..bytes.len())),
        1 => bytes.insert(rng.usize(..bytes.len()), rng.u8(..)),
        2 => {
            bytes.remove(rng.usize(..bytes.len()));
        }
        3 => {
            // A length that is far too long, wherever that falls.
            let at = rng.usize(..bytes.len());
            let wide = [&[0x81][..], &rng.u64(..).to_be_bytes()].concat();
            bytes.splice(at..(at + 1).min(bytes.len()), wide);
        }
        4 => {
            let piece: Vec<u8> =
                bytes.iter().skip(rng.usize(..bytes.len())).take(8).copied().collect();
            let at = rng.usize(..=bytes.len() - piece.len());
            bytes[at..at + piece.len()].copy_from_slice(&piece);
        }
        5 => {
            let at = rng.usize(..bytes.len());
            bytes[at] =
                *rng.choice(&[0, 1, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xf0, 0xfe, 0xff]).expect("some");
        }
        _ => {
            let at = rng.usize(..bytes.len());
            bytes[at] ^= 1 << rng.u32(..8);
        }
    }
}

/// How many changed inputs to try: `KEYSTOW_FUZZ` times as many as usual, and then others.
fn rounds(usual: usize) -> (usize, fastrand::Rng) {
    match std::env::var("KEYSTOW_FUZZ").ok().and_then(|times| times.parse().ok()) {
        Some(times) => (usual.saturating_mul(times), fastrand::Rng::new()),
        None => (usual, fastrand::Rng::with_seed(11)),
    }
}

fn samples() -> Vec<Vec<u8>> {
    let values = [
        Value::string(ByteString::from("plain")),
        Value::string(ByteString::from_i64(-70_000)),
        Value::string(ByteString::from(b"abcdefgh".repeat(20))),
        hash(7, 10),
        hash(3, 70),
        Value::string(ByteString::from("last")),
    ];
    vec![
        file(&values, SaveOptions::default()),
        file(&values, SaveOptions { compress: false, ..SaveOptions::default() }),
        include_bytes!("fixtures/redis-7.0-redisearch.rdb").to_vec(),
    ]
}

#[test]
fn changed_files_are_read_without_harm() {
    let samples = samples();
    let unchecked = LoadOptions { verify_checksum: false, ..LoadOptions::default() };
    let (rounds, mut rng) = rounds(60_000);
    let mut survived = 0;
    for round in 0..rounds {
        let mut bytes = samples[round % samples.len()].clone();
        for _ in 0..rng.usize(1..4) {
            if bytes.len() > 16 {
                mutate(&mut bytes, &mut rng);
            }
        }
        survived += usize::from(read_all(&bytes, unchecked));
    }
    // Were it none, the mutations would not reach what they are meant to test.
    assert!(survived > 1000, "{survived}");
}

#[test]
fn one_flipped_bit_never_passes_the_checksum() {
    for sample in samples() {
        for at in 0..sample.len() {
            for bit in 0..8 {
                let mut bytes = sample.clone();
                bytes[at] ^= 1 << bit;
                // A version before checksums, and a checksum of 0, are not compared by design.
                let is_version = at < 9;
                assert!(is_version || !read_all(&bytes, LoadOptions::default()), "byte {at}");
            }
        }
        for len in 0..sample.len() {
            assert!(!read_all(&sample[..len], LoadOptions::default()), "cut at {len}");
        }
    }
}

#[test]
fn changed_payloads_are_read_without_harm() {
    let values = [
        Value::string(ByteString::from(b"abcdefgh".repeat(20))),
        Value::string(ByteString::from_i64(1 << 40)),
        hash(10, 20),
        hash(4, 80),
    ];
    let payloads: Vec<Vec<u8>> = values
        .iter()
        .map(|value| dump(value, SaveOptions::default(), |_| ()).expect("a vector takes all"))
        .collect();
    let (rounds, mut rng) = rounds(40_000);
    for round in 0..rounds {
        let mut payload = payloads[round % payloads.len()].clone();
        mutate(&mut payload, &mut rng);
        if payload != payloads[round % payloads.len()] {
            // The checksum does not see zeros at the front, where the type byte of strings is
            // one; but the value then ends too early or too late.
            if let Some(body) = dump_body(&payload) {
                assert!(Reader::of_dump(body, LoadOptions::default()).dumped().is_err());
            }
        }
        // As if somebody had made the checksum right.
        let body = &payload[..payload.len().saturating_sub(10)];
        match Reader::of_dump(body, LoadOptions::default()).dumped() {
            Ok(Dumped::Module { .. }) | Err(_) => {}
            Ok(Dumped::Value(value)) => {
                assert!(dump(&value, SaveOptions::default(), |_| ()).is_ok());
            }
        }
    }
}

/// Gives a byte at a time, as a slow connection does.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let len = self.0.len().min(buffer.len()).min(1);
        self.0.read(&mut buffer[..len])
    }
}

#[test]
fn a_trickling_stream_is_read_as_well() {
    for sample in samples() {
        let mut reader = Reader::new(Trickle(&sample), LoadOptions::default()).expect("readable");
        while !matches!(reader.next().expect("readable"), Item::Eof { .. }) {}
        assert_eq!(reader.offset(), sample.len() as u64);
    }
}

/// Fails after some bytes.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::Error::other("the cable is out")),
            len => Ok(len),
        }
    }
}

#[test]
fn a_failing_stream_is_an_error() {
    let sample = &samples()[0];
    for len in 9..sample.len() {
        let mut reader =
            Reader::new(Failing(&sample[..len]), LoadOptions::default()).expect("a header");
        let error = loop {
            match reader.next() {
                Ok(Item::Eof { .. }) => panic!("the end cannot have been read"),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(matches!(error.kind, rdb::ErrorKind::Io(_)));
    }
}
