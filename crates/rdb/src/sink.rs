//! The bytes that are written: buffered and summed up.
//!
//! The first error of the stream sticks: nothing is written after it, and whoever finishes gets
//! it. So a module, which cannot be told, can go on writing.

use std::io::{self, Write};

use crc_fast::{CrcAlgorithm, Digest};

use crate::format::length;
use crate::lzf::Compressor;

/// Bytes written at once.
const BUFFER_LEN: usize = 64 * 1024;
/// Strings longer than this are not integers: "-2147483648".
const INTEGER_LEN_MAX: usize = 11;
/// Shorter strings are not worth compressing.
const COMPRESSED_LEN_MIN: usize = 21;
/// What compression has to save.
const COMPRESSION_GAIN_MIN: usize = 4;

pub(crate) struct Sink<'a> {
    output: Box<dyn Write + 'a>,
    buffer: Vec<u8>,
    /// Bytes that went to `output`.
    written: u64,
    digest: Option<Digest>,
    compressor: Option<Compressor>,
    error: Option<io::Error>,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(output: Box<dyn Write + 'a>, compress: bool, checksum: bool) -> Self {
        Self {
            output,
            buffer: Vec::new(),
            written: 0,
            digest: checksum.then(|| Digest::new(CrcAlgorithm::Crc64Redis)),
            compressor: compress.then(Compressor::new),
            error: None,
        }
    }

    /// Bytes so far.
    pub(crate) fn offset(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// The first error, once; later writes still do nothing.
    pub(crate) fn check(&mut self) -> io::Result<()> {
        match &mut self.error {
            None => Ok(()),
            Some(error) => {
                let kind = error.kind();
                Err(std::mem::replace(error, kind.into()))
            }
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    /// The checksum of all bytes so far, or 0 if none is wanted.
    pub(crate) fn checksum(&mut self) -> u64 {
        self.drain();
        self.digest.as_ref().map_or(0, Digest::finalize)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.drain();
        self.check()?;
        self.output.flush()
    }

    fn drain(&mut self) {
        if self.error.is_none() {
            if let Some(digest) = &mut self.digest {
                digest.update(&self.buffer);
            }
            self.error = self.output.write_all(&self.buffer).err();
            self.written += self.buffer.len() as u64;
        }
        self.buffer.clear();
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if self.buffer.len() + bytes.len() > BUFFER_LEN {
            self.drain();
        }
        if bytes.len() > BUFFER_LEN {
            for chunk in bytes.chunks(BUFFER_LEN) {
                self.buffer.extend_from_slice(chunk);
                self.drain();
            }
            return;
        }
        self.buffer.extend_from_slice(bytes);
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    pub(crate) fn number(&mut self, number: u64) {
        if number < 1 << 6 {
            self.byte(number as u8);
        } else if number < 1 << 14 {
            self.bytes(&[length::BITS_14 | (number >> 8) as u8, number as u8]);
        } else if let Ok(number) = u32::try_from(number) {
            self.byte(length::BITS_32);
            self.bytes(&number.to_be_bytes());
        } else {
            self.byte(length::BITS_64);
            self.bytes(&number.to_be_bytes());
        }
    }

    /// A string, as an integer or compressed if that is shorter.
    pub(crate) fn string(&mut self, bytes: &[u8]) {
        if let Some(number) = small_integer(bytes) {
            return self.small_integer(number);
        }
        if bytes.len() >= COMPRESSED_LEN_MIN
            && let Some(mut compressor) = self.compressor.take()
        {
            let compressed = compressor.compress(bytes, bytes.len() - COMPRESSION_GAIN_MIN);
            let is_done = compressed.is_some();
            if let Some(compressed) = compressed {
                self.byte(length::ENCODED | length::LZF);
                self.number(compressed.len() as u64);
                self.number(bytes.len() as u64);
                self.bytes(compressed);
            }
            self.compressor = Some(compressor);
            if is_done {
                return;
            }
        }
        self.number(bytes.len() as u64);
        self.bytes(bytes);
    }

    /// A string that is the digits of `number`.
    pub(crate) fn integer_string(&mut self, number: i64) {
        match i32::try_from(number) {
            Ok(small) => self.small_integer(small),
            Err(_) => self.string(itoa::Buffer::new().format(number).as_bytes()),
        }
    }

    fn small_integer(&mut self, number: i32) {
        let bytes = number.to_le_bytes();
        let (code, width) = match number {
            -0x80..=0x7f => (length::INTEGER_8, 1),
            -0x8000..=0x7fff => (length::INTEGER_16, 2),
            _ => (length::INTEGER_32, 4),
        };
        self.byte(length::ENCODED | code);
        self.bytes(&bytes[..width]);
    }
}

/// The integer of 32 bits whose digits `bytes` are exactly.
fn small_integer(bytes: &[u8]) -> Option<i32> {
    if bytes.len() > INTEGER_LEN_MAX {
        return None;
    }
    let number: i32 = std::str::from_utf8(bytes).ok()?.parse().ok()?;
    (itoa::Buffer::new().format(number).as_bytes() == bytes).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_digits_are_integers() {
        for number in ["0", "-1", "127", "-128", "2147483647", "-2147483648"] {
            assert_eq!(small_integer(number.as_bytes()), number.parse().ok());
        }
        for other in ["", "-0", "+1", "01", " 1", "1 ", "2147483648", "-", "1e3"] {
            assert_eq!(small_integer(other.as_bytes()), None, "{other}");
        }
    }
}
