//! The packed payload: what a document is in an RDB and in a DUMP payload, and a long cold one in
//! memory too. Of a short one memory holds less; see [`crate::small`].
//!
//! One allocation. Integers are little endian.
//!
//! ```text
//! OFFSET SIZE DESCRIPTION
//!      0    3 magic F5 4B 4A; F5 occurs in no UTF-8 text, so this is never taken for JSON
//!      3    1 version, 01
//!      4    1 flags, 00: none is defined, any other value is refused
//!      5    1 reserved, 00
//!      6    2 depth: containers inside each other at the deepest place; 0 for a scalar
//!      8    4 raw length: bytes of the text
//!     12    4 dictionary id, 0 for none
//!     16    8 xxh3-64 (seed 0) of the text
//!     24    . one zstd frame (RFC 8878) with its content size, to the end
//! ```
//!
//! `{"rows":[[0,0],[0,0],` and so on to the 21st `[0,0]]}`, 136 bytes (a test keeps this true):
//!
//! ```text
//! 00000000  f5 4b 4a 01 00 00 03 00  88 00 00 00 00 00 00 00  .KJ.............
//!           magic.... v  fl re depth raw length. dictionary.
//! 00000010  b5 10 a9 86 e2 6a b4 a8  28 b5 2f fd 20 88 c5 00  .....j..(./. ...
//!           xxh3-64................  magic...... d  n  block
//! 00000020  00 88 7b 22 72 6f 77 73  22 3a 5b 5b 30 2c 30 5d  ..{"rows":[[0,0]
//!           .. literals and, last, one sequence that repeats
//! 00000030  2c 5d 7d 01 00 34 69 a9  03                       ,]}..4i..
//!           `[0,0],` until the end
//! ```
//!
//! In the frame's header `d` is its descriptor: single segment (so there is no window descriptor),
//! no checksum, no dictionary, content size in one byte; that is `n`, 136 again.
//!
//! # What makes a payload valid
//!
//! Checked on the way in by [`Packed::from_bytes`], in this order, nothing allocated before the
//! last of the checks on the header and the frame's header:
//!
//! 1. the header is complete; magic and version are ours; flags and reserved are 0;
//! 2. the dictionary is none, or one that this server has;
//! 3. the raw length is within the limit, and equals the frame's content size;
//! 4. the frame is a zstd frame and no skippable one, needs a window of at most 8 MiB, names no
//!    dictionary, and ends with the payload's last byte;
//! 5. it inflates to exactly the raw length;
//! 6. the checksum is that of the inflated bytes;
//! 7. they are a JSON document in the minified form that this crate's texts have, within the limits,
//!    and as deep as the header says.

use std::sync::Arc;
use std::time::Instant;

use json_document::{Limits, ParseError, Text};
use xxhash_rust::xxh3::xxh3_64;

use crate::accounts::{ACCOUNTS, add, add_time};
use crate::codec::{self, Dictionary};
use crate::small;

/// The first bytes of every packed payload.
pub const MAGIC: [u8; 3] = [0xF5, b'K', b'J'];

const VERSION_AT: usize = MAGIC.len();
const FLAGS_AT: usize = VERSION_AT + 1;
const RESERVED_AT: usize = FLAGS_AT + 1;
const DEPTH_AT: usize = RESERVED_AT + 1;
const RAW_LEN_AT: usize = DEPTH_AT + 2;
const DICTIONARY_AT: usize = RAW_LEN_AT + 4;
const CHECKSUM_AT: usize = DICTIONARY_AT + 4;
/// Where the zstd frame begins.
pub const HEADER_LEN: usize = CHECKSUM_AT + 8;

const VERSION: u8 = 1;
const FRAME_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const WINDOW_MAX: u64 = 8 << 20;

/// A packed document whose bytes are valid as the file's header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed(Box<[u8]>);

/// Why bytes are not a packed document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackedError {
    /// Shorter than its header, or without our magic.
    NotPacked,
    /// A version, flag or dictionary that this build does not know.
    Unknown(&'static str),
    /// Longer than the limit allows.
    TooLong,
    /// The header and the frame contradict each other, or the frame is broken.
    Corrupt(&'static str),
    /// The text inside is not a document we would have written.
    Text(ParseError),
    /// The memory for the text could not be had, or zstd refused.
    Codec,
    /// There is no such document any more.
    Gone,
}

impl Packed {
    /// Packs `text`; `None` when it does not save an eighth, or is too long for the header.
    pub(crate) fn pack(text: &Text, level: i32) -> Option<Packed> {
        let raw = text.as_str().as_bytes();
        let raw_len = u32::try_from(raw.len()).ok()?;
        let depth = u16::try_from(text.height()).ok()?;
        if raw.len() < small::RAW_LEN_MIN {
            return None;
        }
        let started = Instant::now();
        let packed = codec::with_frame(raw, level, None, |frame| {
            let worth_it = HEADER_LEN + frame.len() <= raw.len() - raw.len() / 8;
            worth_it.then(|| Packed(with_header(raw, raw_len, depth, 0, frame)))
        });
        add_time(&ACCOUNTS.pack_ns, started.elapsed());
        packed.ok().flatten()
    }

    /// Takes a payload from outside (RDB, RESTORE): checks all of it, and gives its text too since
    /// checking needed it. It stands alone: no dictionary is known.
    pub fn from_bytes(
        bytes: &[u8],
        limits: &Limits,
        len_max: usize,
    ) -> Result<(Packed, Text), PackedError> {
        Packed::from_bytes_with(bytes, limits, len_max, |_| None)
    }

    /// The same, with dictionaries by their ids.
    pub(crate) fn from_bytes_with(
        bytes: &[u8],
        limits: &Limits,
        len_max: usize,
        dictionary: impl FnOnce(u32) -> Option<Arc<Dictionary>>,
    ) -> Result<(Packed, Text), PackedError> {
        let header = Header::read(bytes)?;
        let dictionary = match header.dictionary {
            0 => None,
            id => Some(dictionary(id).ok_or(PackedError::Unknown("dictionary"))?),
        };
        if header.raw_len as usize > len_max {
            return Err(PackedError::TooLong);
        }
        let frame = &bytes[HEADER_LEN..];
        check_frame(frame, u64::from(header.raw_len))?;
        let raw = codec::inflate(frame, header.raw_len as usize, dictionary.as_deref())
            .map_err(|_| PackedError::Codec)?;
        if xxh3_64(&raw) != header.checksum {
            return Err(PackedError::Corrupt("checksum"));
        }
        let text = Text::parse(&raw, limits).map_err(PackedError::Text)?;
        if text.as_str().as_bytes() != raw {
            return Err(PackedError::Corrupt("text is not in minified form"));
        }
        if text.height() != usize::from(header.depth) {
            return Err(PackedError::Corrupt("depth"));
        }
        Ok((Packed(bytes.into()), text))
    }

    /// The text.
    ///
    /// Inflating is all but a tenth of reading a packed document: bare zstd takes 13.0 µs for an order
    /// of 10 KB and 137 µs for a page of 150 KB, two thirds of it in going through the sequences, the
    /// rest in Huffman and FSE tables and literals (its own assembly and BMI2 ones). A plain GET of
    /// the order takes 4.7 µs in a pipeline, which is why one that is packed does not come nearer to
    /// it than 0.27. The checksum, 0.7 and 10 µs, is therefore proved when a payload comes in, and
    /// not again here; what zstd and UTF-8 show of memory gone bad is still noticed.
    pub fn unpack(&self) -> Result<Text, PackedError> {
        let started = Instant::now();
        let header = Header::read(&self.0)?;
        let raw = codec::inflate(&self.0[HEADER_LEN..], header.raw_len as usize, None)
            .map_err(|_| PackedError::Codec)?;
        let raw = String::from_utf8(raw).map_err(|_| PackedError::Corrupt("not UTF-8"))?;
        add(&ACCOUNTS.unpacks, 1);
        add_time(&ACCOUNTS.unpack_ns, started.elapsed());
        Ok(Text::assume_valid(raw.into_boxed_str()))
    }

    /// The payload of a small document whose text is `text`, to be saved.
    pub(crate) fn of_small(text: &Text, block: &[u8], dictionary: u32) -> Option<Packed> {
        let raw = text.as_str().as_bytes();
        let raw_len = u32::try_from(raw.len()).ok()?;
        let depth = u16::try_from(text.height()).ok()?;
        let mut frame = Vec::new();
        small::append_frame(block, raw.len(), &mut frame);
        Some(Packed(with_header(raw, raw_len, depth, dictionary, &frame)))
    }

    /// The dictionary's id; 0 for none.
    pub(crate) fn dictionary(&self) -> u32 {
        Header::read(&self.0).map_or(0, |header| header.dictionary)
    }

    /// The frame, without the header.
    pub(crate) fn frame(&self) -> &[u8] {
        self.0.get(HEADER_LEN..).unwrap_or_default()
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Length of the text inside.
    pub fn raw_len(&self) -> usize {
        Header::read(&self.0).map_or(0, |header| header.raw_len as usize)
    }
}

fn with_header(raw: &[u8], raw_len: u32, depth: u16, dictionary: u32, frame: &[u8]) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(HEADER_LEN + frame.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&[VERSION, 0, 0]);
    bytes.extend_from_slice(&depth.to_le_bytes());
    bytes.extend_from_slice(&raw_len.to_le_bytes());
    bytes.extend_from_slice(&dictionary.to_le_bytes());
    bytes.extend_from_slice(&xxh3_64(raw).to_le_bytes());
    bytes.extend_from_slice(frame);
    bytes.into_boxed_slice()
}

struct Header {
    dictionary: u32,
    depth: u16,
    raw_len: u32,
    checksum: u64,
}

impl Header {
    /// Rules 1 and 2.
    fn read(bytes: &[u8]) -> Result<Header, PackedError> {
        let Some(header) = bytes.first_chunk::<HEADER_LEN>() else {
            return Err(PackedError::NotPacked);
        };
        if !header.starts_with(&MAGIC) {
            return Err(PackedError::NotPacked);
        }
        if header[VERSION_AT] != VERSION {
            return Err(PackedError::Unknown("version"));
        }
        if header[FLAGS_AT] != 0 || header[RESERVED_AT] != 0 {
            return Err(PackedError::Unknown("flags"));
        }
        Ok(Header {
            dictionary: le_u32(header, DICTIONARY_AT),
            depth: u16::from_le_bytes([header[DEPTH_AT], header[DEPTH_AT + 1]]),
            raw_len: le_u32(header, RAW_LEN_AT),
            checksum: u64::from(le_u32(header, CHECKSUM_AT))
                | u64::from(le_u32(header, CHECKSUM_AT + 4)) << 32,
        })
    }
}

fn le_u32(header: &[u8; HEADER_LEN], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

/// Rules 3 and 4, on the frame header of RFC 8878 §3.1.1.1.
fn check_frame(frame: &[u8], raw_len: u64) -> Result<(), PackedError> {
    let Some((&magic, rest)) = frame.split_first_chunk::<4>() else {
        return Err(PackedError::Corrupt("frame"));
    };
    if magic != FRAME_MAGIC {
        return Err(PackedError::Corrupt("frame magic"));
    }
    let [descriptor, window, ..] = *rest else {
        return Err(PackedError::Corrupt("frame header"));
    };
    if descriptor & 0b11 != 0 {
        return Err(PackedError::Unknown("dictionary"));
    }
    let single_segment = descriptor & 0b10_0000 != 0;
    if !single_segment {
        let base = 1u64 << (10 + (window >> 3));
        if base + (base >> 3) * u64::from(window & 0b111) > WINDOW_MAX {
            return Err(PackedError::Corrupt("window"));
        }
    }
    if !matches!(zstd_safe::get_frame_content_size(frame), Ok(Some(len)) if len == raw_len) {
        return Err(PackedError::Corrupt("content size"));
    }
    if zstd_safe::find_frame_compressed_size(frame) != Ok(frame.len()) {
        return Err(PackedError::Corrupt("frame length"));
    }
    Ok(())
}

impl std::fmt::Display for PackedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PackedError::NotPacked => f.write_str("not a packed document"),
            PackedError::Unknown(what) => write!(f, "unknown {what} in the packed header"),
            PackedError::TooLong => f.write_str("longer than max-document-size"),
            PackedError::Corrupt(what) => write!(f, "packed document is corrupt: {what}"),
            PackedError::Text(error) => write!(f, "packed document is no JSON: {error}"),
            PackedError::Gone => f.write_str("the document is gone"),
            PackedError::Codec => f.write_str("zstd frame cannot be inflated"),
        }
    }
}

impl std::error::Error for PackedError {}
