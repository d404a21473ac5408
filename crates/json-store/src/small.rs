//! The small form: a short document at rest, in one block without a header.
//!
//! Of a zstd frame of one block, everything but the block's content follows from the lengths: the
//! frame's magic, descriptor and content size, and the block's three bytes. They are taken off
//! here and put back for inflating and for saving; with the header of the packed form, 34 bytes of
//! the 80 that a profile packs to. What the header says is in the document's place instead (lengths,
//! family and dictionary) or made anew when the document is saved (depth, checksum).
//!
//! ```text
//! frame    28 B5 2F FD | descriptor | content size | block header | content
//!          magic         20 or 60     1 or 2 bytes   3 bytes        what is kept
//! ```

use crate::codec::{self, CodecError, Dictionary};
use crate::slot::{Small, SmallView};

/// Texts shorter than this are not tried without a dictionary.
pub(crate) const RAW_LEN_MIN: usize = 96;
/// With one, names and punctuation come out of it.
pub(crate) const RAW_LEN_MIN_WITH_DICTIONARY: usize = 32;

const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const SINGLE_SEGMENT: u8 = 0x20;
const TWO_BYTE_SIZE: u8 = 0x40;
/// A two-byte content size is this much more than it says.
const TWO_BYTE_SIZE_BASE: usize = 256;
const BLOCK_HEADER_LEN: usize = 3;
const LAST_COMPRESSED: usize = 0b101;

/// What became of packing a short text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    Packed(Small),
    /// Its frame is longer than a small document may be.
    TooLong,
    NoGain,
}

/// Packs `raw`, which is no longer than [`Small::RAW_LEN_MAX`].
pub(crate) fn pack(raw: &[u8], level: i32, dictionary: Option<&Dictionary>) -> Attempt {
    let min = if dictionary.is_some() { RAW_LEN_MIN_WITH_DICTIONARY } else { RAW_LEN_MIN };
    if raw.len() < min {
        return Attempt::NoGain;
    }
    let attempt = codec::with_frame(raw, level, dictionary, |frame| match content(frame) {
        None => Attempt::NoGain,
        Some(content) if !is_gain(content.len(), raw.len()) => Attempt::NoGain,
        Some(content) if content.len() > Small::BLOCK_LEN_MAX => Attempt::TooLong,
        Some(content) => {
            Attempt::Packed(Small { block: content.into(), raw_len: raw.len(), is_packed: true })
        }
    });
    attempt.unwrap_or(Attempt::NoGain)
}

/// The small form of a payload's frame, if it can have one.
pub(crate) fn from_frame(frame: &[u8], raw_len: usize) -> Option<Small> {
    let block = content(frame)?;
    let fits = block.len() <= Small::BLOCK_LEN_MAX && raw_len <= Small::RAW_LEN_MAX;
    fits.then(|| Small { block: block.into(), raw_len, is_packed: true })
}

/// The text as it is, in one block; `None` when it is too long for that.
pub(crate) fn plain(raw: &[u8]) -> Option<Small> {
    let fits = raw.len() <= Small::BLOCK_LEN_MAX;
    fits.then(|| Small { block: raw.into(), raw_len: raw.len(), is_packed: false })
}

/// Whether the shorter block is worth the inflating: an eighth, and a smaller size of the
/// allocator's.
pub(crate) fn is_gain(packed_len: usize, raw_len: usize) -> bool {
    packed_len <= raw_len - raw_len / 8 && size_class(packed_len) < size_class(raw_len)
}

/// What a block of `len` bytes takes with jemalloc: four sizes between one power of two and the
/// next, and none closer than 16.
pub(crate) fn size_class(len: usize) -> usize {
    let step = (len.max(1).next_power_of_two() / 8).max(16);
    len.max(1).next_multiple_of(step)
}

/// The text's bytes.
pub(crate) fn unpack(
    small: SmallView<'_>,
    dictionary: Option<&Dictionary>,
) -> Result<Vec<u8>, CodecError> {
    let mut raw = Vec::new();
    unpack_into(small, dictionary, &mut raw)?;
    Ok(raw)
}

/// As [`unpack`], into `raw`, whatever that contains.
pub(crate) fn unpack_into(
    small: SmallView<'_>,
    dictionary: Option<&Dictionary>,
    raw: &mut Vec<u8>,
) -> Result<(), CodecError> {
    if !small.is_packed {
        raw.clear();
        raw.try_reserve_exact(small.block.len()).map_err(|_| CodecError)?;
        raw.extend_from_slice(small.block);
        return Ok(());
    }
    codec::with_scratch(|codec, scratch| {
        append_frame(small.block, small.raw_len, scratch);
        codec.inflate_into(scratch, small.raw_len, dictionary, raw)
    })
}

/// The whole frame of a small document's block, added to `bytes`.
pub(crate) fn append_frame(block: &[u8], raw_len: usize, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&MAGIC);
    match raw_len.checked_sub(TWO_BYTE_SIZE_BASE) {
        None => bytes.extend_from_slice(&[SINGLE_SEGMENT, raw_len as u8]),
        Some(size) => {
            bytes.push(SINGLE_SEGMENT | TWO_BYTE_SIZE);
            bytes.extend_from_slice(&(size as u16).to_le_bytes());
        }
    }
    let header = ((block.len() << 3 | LAST_COMPRESSED) as u32).to_le_bytes();
    bytes.extend_from_slice(&header[..BLOCK_HEADER_LEN]);
    bytes.extend_from_slice(block);
}

/// The content of the frame's one compressed block; `None` if it is anything else.
fn content(frame: &[u8]) -> Option<&[u8]> {
    let (magic, rest) = frame.split_first_chunk::<4>()?;
    let (&descriptor, rest) = rest.split_first()?;
    let is_single = descriptor & SINGLE_SEGMENT != 0;
    let has_checksum = descriptor & 0b100 != 0;
    if *magic != MAGIC || has_checksum {
        return None;
    }
    let window_len = usize::from(!is_single);
    let dictionary_len = [0, 1, 2, 4][usize::from(descriptor & 0b11)];
    let size_len = [usize::from(is_single), 2, 4, 8][usize::from(descriptor >> 6)];
    let (_, block) = rest.split_at_checked(window_len + dictionary_len + size_len)?;
    let (header, content) = block.split_first_chunk::<BLOCK_HEADER_LEN>()?;
    let header = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
    (header == content.len() << 3 | LAST_COMPRESSED).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_classes_are_jemallocs() {
        let wanted =
            [(1, 16), (16, 16), (17, 32), (128, 128), (129, 160), (257, 320), (1000, 1024)];
        for (len, class) in wanted {
            assert_eq!(size_class(len), class, "{len}");
        }
        assert_eq!([size_class(4097), size_class(5121)], [5120, 6144]);
    }

    #[test]
    fn a_frame_loses_its_headers_and_gets_them_back() {
        for len in [100usize, 255, 256, 300, 5_000, Small::RAW_LEN_MAX] {
            let raw: Vec<u8> = b"abcdefgh1234 ".iter().copied().cycle().take(len).collect();
            let Attempt::Packed(small) = pack(&raw, 1, None) else { panic!("{len}") };
            let view = SmallView { block: &small.block, raw_len: small.raw_len, is_packed: true };
            assert_eq!(unpack(view, None).unwrap(), raw);
            let mut frame = Vec::new();
            append_frame(&small.block, len, &mut frame);
            assert_eq!(zstd_safe::get_frame_content_size(&frame).unwrap(), Some(len as u64));
            assert_eq!(content(&frame), Some(&*small.block));
        }
    }

    #[test]
    fn what_has_no_gain_is_told() {
        assert_eq!(pack(b"too short", 1, None), Attempt::NoGain);
        let mut random = fastrand::Rng::with_seed(3);
        let noise: Vec<u8> = (0..2_000).map(|_| random.u8(..)).collect();
        assert_eq!(pack(&noise, 1, None), Attempt::NoGain);
    }
}
