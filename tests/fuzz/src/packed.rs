//! Packed payloads: whatever was done to one, it is refused or gives what its checksum says, and
//! takes no more memory than its header was allowed to announce.

use fastrand::Rng;
use json_document::{Limits, Text};
use json_store::{HEADER_LEN, Packed, Store};
use xxhash_rust::xxh3::xxh3_64;

use crate::generate;
use crate::memory::allocated_by;
use crate::mutate::mutate;
use crate::run::Target;

/// A fault to be found by the oracle of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// The last byte of the checksum is not compared: `data`.
    Checksum,
    /// What is let in is not what is given out again: `again`.
    Again,
    /// An intact payload is refused: `intact`.
    Refused,
    /// Takes memory for what is announced: `memory`.
    Memory,
    /// Panics at an unknown version: `panic`.
    Panic,
}

/// The limit on the text of a payload.
const LEN_MAX: usize = 64 << 10;

const PIECES: [&[u8]; 14] = [
    b"\xf5KJ",
    b"\x28\xb5\x2f\xfd",
    b"\x50\x2a\x4d\x18\x00\x00\x00\x00",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x01\x00",
    b"\x01\x00\x00\x00",
    b"\x00\x00\x00\x01",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x20",
    b"\x60",
    b"\xe0",
    b"\xa8",
];

struct Sample {
    text: String,
    bytes: Vec<u8>,
}

pub struct PackedTarget {
    corpus: Vec<Sample>,
    planted: Option<Planted>,
}

impl PackedTarget {
    /// # Errors
    /// When nothing can be packed.
    pub fn new(planted: Option<Planted>) -> Result<PackedTarget, String> {
        // Always the same, so that a seed means the same input everywhere.
        let mut random = Rng::with_seed(7);
        let store = Store::new();
        let mut corpus = Vec::new();
        while corpus.len() < 64 {
            let mut text = String::from("[");
            let mut element = String::new();
            generate::json(&mut random, 4, &mut element);
            for _ in 0..random.usize(1..200) {
                text.push_str(&element);
                text.push(',');
                if random.u8(0..8) == 0 {
                    element.clear();
                    generate::json(&mut random, 3, &mut element);
                }
            }
            text.push_str("0]");
            let Ok(text) = Text::parse(text.as_bytes(), &Limits::default()) else { continue };
            if text.len() > LEN_MAX {
                continue;
            }
            if let Some(packed) = store.pack_for_saving(&text) {
                let bytes = packed.as_bytes().to_vec();
                corpus.push(Sample { text: text.as_str().to_owned(), bytes });
            }
        }
        // One that inflates a thousandfold, within the limit and beyond it.
        for len in [LEN_MAX - 2, 16 * LEN_MAX] {
            let text = Text::from_string(&" ".repeat(len));
            let packed = store.pack_for_saving(&text).ok_or("a bomb is not packed")?;
            let bytes = packed.as_bytes().to_vec();
            corpus.push(Sample { text: text.as_str().to_owned(), bytes });
        }
        Ok(PackedTarget { corpus, planted })
    }

    fn plants(&self, planted: Planted) -> bool {
        self.planted == Some(planted)
    }
}

impl Target for PackedTarget {
    const NAME: &'static str = "packed";

    fn input(&self, random: &mut Rng) -> Vec<u8> {
        let sample = |random: &mut Rng| &self.corpus[random.usize(0..self.corpus.len())];
        let mut bytes = sample(random).bytes.clone();
        let header = |bytes: &mut Vec<u8>, at: usize, field: &[u8]| {
            for (place, &byte) in bytes.iter_mut().skip(at).zip(field) {
                *place = byte;
            }
        };
        for _ in 0..random.usize(0..4) {
            match random.u8(0..12) {
                // Depth, raw length, dictionary.
                0 => header(&mut bytes, 6, &random.u16(..).to_le_bytes()),
                1 => header(&mut bytes, 8, &(1u32 << random.u32(0..32)).to_le_bytes()),
                2 => header(&mut bytes, 12, &random.u32(0..4).to_le_bytes()),
                3 => header(&mut bytes, 8, &random.u32(0..300).to_le_bytes()),
                4 => {
                    // The frame of another payload behind this header.
                    bytes.truncate(HEADER_LEN);
                    bytes.extend(sample(random).bytes.iter().skip(HEADER_LEN));
                }
                5 => bytes.extend(sample(random).bytes.iter().skip(HEADER_LEN)),
                6 => {
                    // The frame's header.
                    let at = HEADER_LEN + random.usize(0..10);
                    header(&mut bytes, at, &[random.u8(..)]);
                }
                7 => {
                    let at = random.usize(0..HEADER_LEN);
                    header(&mut bytes, at, &[random.u8(..)]);
                }
                _ => mutate(&mut bytes, &PIECES, random),
            }
        }
        bytes
    }

    fn check(&self, input: &[u8]) -> Result<(), String> {
        let (loaded, bytes) = allocated_by(|| {
            if self.plants(Planted::Memory) && input.len() > HEADER_LEN {
                let announced = [input[8], input[9], input[10], input[11]];
                let len = u32::from_le_bytes(announced).min(1 << 26);
                std::hint::black_box(Vec::<u8>::with_capacity(len as usize));
            }
            if self.plants(Planted::Panic) {
                assert!(input.get(3).is_none_or(|&version| version == 1), "a planted panic");
            }
            Packed::from_bytes(input, &Limits::default(), LEN_MAX)
        });
        // The text twice, what parsing needs, and a context of zstd's the first time.
        if bytes > 16 * (LEN_MAX + input.len()) as u64 + (1 << 20) {
            return Err(format!("memory: {bytes} bytes for a payload of {}", input.len()));
        }
        let intact = self.corpus.iter().find(|sample| sample.bytes == input);
        let (packed, text) = match loaded {
            Ok(_) if self.plants(Planted::Refused) && intact.is_some() => {
                return Err("intact: refused".into());
            }
            Ok(loaded) => loaded,
            Err(error) => match intact {
                Some(sample) if sample.text.len() <= LEN_MAX => {
                    return Err(format!("intact: refused: {error}"));
                }
                _ => return Ok(()),
            },
        };
        let mut checksum = xxh3_64(text.as_str().as_bytes()).to_le_bytes();
        if self.plants(Planted::Checksum) {
            checksum[7] = 0;
        }
        if input.get(16..HEADER_LEN) != Some(&checksum[..]) {
            return Err(format!("data: let in as {text:?}"));
        }
        // The checksum is part of what is mutated; other data with the checksum of a text that was
        // packed would be that text.
        let known = |sample: &&Sample| sample.bytes.get(16..24) == Some(&checksum[..]);
        if let Some(sample) = self.corpus.iter().find(known)
            && sample.text != text.as_str()
        {
            return Err(format!("data: {text:?} instead of {}", sample.text));
        }
        if Text::parse(text.as_str().as_bytes(), &Limits::default()).as_ref() != Ok(&text) {
            return Err(format!("data: {text:?} is not as a text should be"));
        }
        let mut again = packed.unpack();
        if self.plants(Planted::Again) {
            again = Ok(Text::from_string("other"));
        }
        if again.as_ref() != Ok(&text) || packed.as_bytes() != input {
            return Err(format!("again: {again:?} instead of {text:?}"));
        }
        Ok(())
    }
}
