//! The compact forms of collections before the listpack; read only.
//!
//! ```text
//! Ziplist  OFFSET  SIZE  DESCRIPTION
//!          0       4     size of the whole in bytes, little-endian
//!          4       4     offset of the last entry (of the end byte if there is none)
//!          8       2     number of entries; 65535 if there are more than 65534
//!          10      …     entries
//!          last    1     0xff
//!
//! entry:   length of the entry before: 1 byte up to 253, or 0xfe and 4 bytes, little-endian
//!          00LLLLLL …                string of up to 63 bytes
//!          01LLLLLL LLLLLLLL …       string of up to 16383 bytes
//!          10000000 4 bytes …        string, its length big-endian
//!          11000000 | 11010000 | 11100000    integer of 16 | 32 | 64 bits, little-endian
//!          11110000 | 11111110       integer of 24 | 8 bits
//!          11110001 to 11111101      integer 0 to 12
//!
//! Zipmap:  number of pairs in 1 byte, 254 if there are more than 253
//!          then for each pair: length, name, length, number of unused bytes (1), value, unused
//!          bytes; a length is 1 byte up to 253, or 0xfe and 4 bytes, little-endian
//!          0xff
//! ```

use byte_string::ByteString;

const END: u8 = 0xff;
const LONG: u8 = 0xfe;
const HEADER_LEN: usize = 10;

/// The pairs of a ziplist; `None` unless it is valid from the first byte to the last.
pub(crate) fn ziplist_pairs(bytes: &[u8]) -> Option<Vec<(ByteString, ByteString)>> {
    let entries = ziplist_entries(bytes)?;
    if !entries.len().is_multiple_of(2) {
        return None;
    }
    let mut entries = entries.into_iter();
    Some(std::iter::from_fn(|| Some((entries.next()?, entries.next()?))).collect())
}

/// The entries of a ziplist; `None` unless it is valid from the first byte to the last.
pub(crate) fn ziplist_entries(bytes: &[u8]) -> Option<Vec<ByteString>> {
    let total = u32::from_le_bytes(*bytes.first_chunk()?);
    let tail = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let count = u16::from_le_bytes(bytes.get(8..HEADER_LEN)?.try_into().ok()?);
    if total as usize != bytes.len() || bytes.last() != Some(&END) {
        return None;
    }
    let mut rest = &bytes[HEADER_LEN..];
    let mut entries = Vec::new();
    let mut last_len = 0;
    while *rest.first()? != END {
        let before = rest.len();
        if take_length(&mut rest)? != last_len {
            return None;
        }
        entries.push(take_ziplist_entry(&mut rest)?);
        last_len = before - rest.len();
    }
    let is_count_right = count == u16::MAX || usize::from(count) == entries.len();
    let is_tail_right = tail as usize == bytes.len() - 1 - last_len;
    (rest.len() == 1 && is_count_right && is_tail_right).then_some(entries)
}

fn take_ziplist_entry(rest: &mut &[u8]) -> Option<ByteString> {
    let first = take_byte(rest)?;
    let integer = |rest: &mut &[u8], width: usize| {
        let mut wide = [0; 8];
        wide[8 - width..].copy_from_slice(take(rest, width)?);
        Some(ByteString::from_i64(i64::from_le_bytes(wide) >> (64 - 8 * width)))
    };
    match first {
        0x00..0x40 => take(rest, usize::from(first)).map(ByteString::from),
        0x40..0x80 => {
            let len = usize::from(first & 0x3f) << 8 | usize::from(take_byte(rest)?);
            take(rest, len).map(ByteString::from)
        }
        0x80 => {
            let len = u32::from_be_bytes(take(rest, 4)?.try_into().ok()?);
            take(rest, usize::try_from(len).ok()?).map(ByteString::from)
        }
        0xc0 => integer(rest, 2),
        0xd0 => integer(rest, 4),
        0xe0 => integer(rest, 8),
        0xf0 => integer(rest, 3),
        0xfe => integer(rest, 1),
        0xf1..=0xfd => Some(ByteString::from_i64(i64::from(first - 0xf1))),
        _ => None,
    }
}

/// The pairs of a zipmap; `None` unless it is valid from the first byte to the last.
pub(crate) fn zipmap_pairs(bytes: &[u8]) -> Option<Vec<(ByteString, ByteString)>> {
    let (&count, mut rest) = bytes.split_first()?;
    let mut pairs = Vec::new();
    while *rest.first()? != END {
        let len = take_length(&mut rest)?;
        let name = ByteString::from(take(&mut rest, len)?);
        let len = take_length(&mut rest)?;
        let unused = usize::from(take_byte(&mut rest)?);
        let value = ByteString::from(take(&mut rest, len)?);
        take(&mut rest, unused)?;
        pairs.push((name, value));
    }
    let is_count_right = count >= LONG || usize::from(count) == pairs.len();
    (rest.len() == 1 && is_count_right).then_some(pairs)
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    match take_byte(rest)? {
        LONG => usize::try_from(u32::from_le_bytes(take(rest, 4)?.try_into().ok()?)).ok(),
        END => None,
        short => Some(usize::from(short)),
    }
}

fn take_byte(rest: &mut &[u8]) -> Option<u8> {
    let (&byte, after) = rest.split_first()?;
    *rest = after;
    Some(byte)
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(taken)
}
