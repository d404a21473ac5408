//! DUMP payloads of documents, byte by byte: as other modules write them, and damaged.
//!
//! ```text
//! 07                       a value of a module, second layout
//! 81 45e25238df912c EE     its type in 64 bits: the name `ReJSON-RL` and the encoding version EE
//! 02 n | 04 f64 | 05 s     each thing that was saved, by its kind: unsigned, double, string
//! 00                       the end
//! vv vv                    RDB version, little endian
//! 8 bytes                  CRC-64 of all before
//! ```

use crate::checksum::crc64;

/// Type byte, length byte and type.
pub(super) const HEADER_LEN: usize = 10;
/// RDB version and checksum.
pub(super) const FOOTER_LEN: usize = 10;
/// An RDB version that every host reads.
pub(super) const READ_BY_ALL: u16 = 10;

/// A payload in the making.
pub(super) struct Payload(Vec<u8>);

impl Payload {
    pub(super) fn new(encver: u8) -> Payload {
        Payload(vec![7, 0x81, 0x45, 0xe2, 0x52, 0x38, 0xdf, 0x91, 0x2c, encver])
    }

    fn length(&mut self, n: u64) {
        match n {
            0..64 => self.0.push(n as u8),
            64..16384 => self.0.extend([0x40 | (n >> 8) as u8, n as u8]),
            _ => {
                self.0.push(0x81);
                self.0.extend(n.to_be_bytes());
            }
        }
    }

    /// What SaveUnsigned and SaveSigned write.
    pub(super) fn unsigned(mut self, n: u64) -> Payload {
        self.0.push(2);
        self.length(n);
        self
    }

    /// What SaveDouble writes.
    pub(super) fn double(mut self, n: f64) -> Payload {
        self.0.push(4);
        self.0.extend(n.to_le_bytes());
        self
    }

    /// What SaveStringBuffer writes, without compression and without integers in short.
    pub(super) fn string(mut self, bytes: &[u8]) -> Payload {
        self.0.push(5);
        self.length(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.push(0);
        sealed(self.0, READ_BY_ALL)
    }
}

/// The body with RDB version and checksum behind.
pub(super) fn sealed(mut body: Vec<u8>, version: u16) -> Vec<u8> {
    body.extend(version.to_le_bytes());
    let checksum = crc64(&body);
    body.extend(checksum.to_le_bytes());
    body
}

/// What a payload says, without RDB version and checksum.
pub(super) fn body(payload: &[u8]) -> &[u8] {
    &payload[..payload.len() - FOOTER_LEN]
}

/// The string that a body of encver 2 to 4 begins with: plain, an integer in short, or compressed by LZF. Servers
/// compress the same bytes differently.
pub(super) fn first_string(body: &[u8]) -> Option<Vec<u8>> {
    let rest = body.get(HEADER_LEN..)?.strip_prefix(&[5])?;
    let (&first, rest) = rest.split_first()?;
    match first {
        0xc0 => Some(i8::from_le_bytes(rest.get(..1)?.try_into().ok()?).to_string().into_bytes()),
        0xc1 => Some(i16::from_le_bytes(rest.get(..2)?.try_into().ok()?).to_string().into_bytes()),
        0xc2 => Some(i32::from_le_bytes(rest.get(..4)?.try_into().ok()?).to_string().into_bytes()),
        0xc3 => {
            let (packed_len, rest) = length(rest)?;
            let (len, rest) = length(rest)?;
            let bytes = inflated(rest.get(..packed_len)?)?;
            (bytes.len() == len).then_some(bytes)
        }
        _ => {
            let (len, rest) = length(&body[HEADER_LEN + 1..])?;
            Some(rest.get(..len)?.to_vec())
        }
    }
}

/// A length and what is behind it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    match first >> 6 {
        0 => Some((usize::from(first), rest)),
        1 => {
            let (&low, rest) = rest.split_first()?;
            Some((usize::from(first & 0x3f) << 8 | usize::from(low), rest))
        }
        _ if first == 0x80 => {
            let (four, rest) = rest.split_first_chunk()?;
            Some((u32::from_be_bytes(*four) as usize, rest))
        }
        _ => None,
    }
}

/// LZF: a byte below 32 leads that many literals and one more; any other a repetition of its upper three bits and two,
/// or more by the next byte, from as far back as the lower five bits and the next byte say.
fn inflated(mut packed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some((&control, rest)) = packed.split_first() {
        packed = rest;
        if control < 32 {
            let literals = usize::from(control) + 1;
            bytes.extend(packed.get(..literals)?);
            packed = &packed[literals..];
            continue;
        }
        let mut count = usize::from(control >> 5) + 2;
        if control >> 5 == 7 {
            let (&more, rest) = packed.split_first()?;
            count += usize::from(more);
            packed = rest;
        }
        let (&low, rest) = packed.split_first()?;
        packed = rest;
        let back = (usize::from(control & 0x1f) << 8 | usize::from(low)) + 1;
        let from = bytes.len().checked_sub(back)?;
        (0..count).for_each(|i| bytes.push(bytes[from + i]));
    }
    Some(bytes)
}

/// The bytes of a text in base64.
pub(super) fn from_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0u32, 0, Vec::new());
    for digit in text.bytes().filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte)) {
        bits = bits << 6 | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_every_length() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9vYmE=", "fooba")] {
            assert_eq!(from_base64(text), bytes.as_bytes());
        }
    }
}
