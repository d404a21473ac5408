//! The bytes that are read: buffered, counted, summed up, and never trusted with a length.

use std::io::{self, Cursor, Read};

use byte_string::ByteString;
use crc_fast::{CrcAlgorithm, Digest};

use crate::error::{Error, ErrorKind};
use crate::format::length;
use crate::lzf;

/// Bytes read at once.
const BUFFER_LEN: usize = 64 * 1024;
/// The most that a string longer than the buffer reserves ahead of the bytes that arrive.
const CHUNK_LEN: usize = 1024 * 1024;

/// Either a plain length, or the number of a special string encoding.
pub(crate) enum Length {
    Plain(u64),
    Encoded(u8),
}

/// A string as it stands in the stream.
pub(crate) enum Text {
    Bytes(ByteString),
    Integer(i64),
}

impl Text {
    pub(crate) fn into_byte_string(self) -> ByteString {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Integer(number) => ByteString::from_i64(number),
        }
    }
}

pub(crate) struct Source<'a> {
    input: Box<dyn Read + 'a>,
    /// What was read from `input`; the part before `position` has been taken.
    buffer: Vec<u8>,
    position: usize,
    /// Up to where the buffer has gone into `digest`.
    summed: usize,
    /// Offset of the buffer's first byte in the stream.
    base: u64,
    digest: Digest,
    string_len_max: usize,
}

impl<'a> Source<'a> {
    pub(crate) fn new(input: Box<dyn Read + 'a>, string_len_max: usize) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            position: 0,
            summed: 0,
            base: 0,
            digest: Digest::new(CrcAlgorithm::Crc64Redis),
            string_len_max,
        }
    }

    /// Over bytes that are all there.
    pub(crate) fn of_bytes(bytes: &[u8], string_len_max: usize) -> Self {
        let mut source = Self::new(Box::new(io::empty()), string_len_max);
        source.buffer.extend_from_slice(bytes);
        source
    }

    /// Bytes taken so far.
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.position as u64
    }

    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error { offset: self.offset(), kind }
    }

    /// The checksum of all bytes taken so far.
    pub(crate) fn checksum(&mut self) -> u64 {
        self.sum_up();
        self.digest.finalize()
    }

    /// What has not been taken yet, buffered bytes included.
    pub(crate) fn into_rest(mut self) -> impl Read + 'a {
        self.buffer.drain(..self.position);
        Cursor::new(self.buffer).chain(self.input)
    }

    fn sum_up(&mut self) {
        self.digest.update(&self.buffer[self.summed..self.position]);
        self.summed = self.position;
    }

    /// Reads more into the buffer; all of it must have been taken. False at the end.
    fn refill(&mut self) -> Result<bool, Error> {
        self.sum_up();
        self.base += self.position as u64;
        self.position = 0;
        self.summed = 0;
        self.buffer.resize(BUFFER_LEN, 0);
        let read = loop {
            match self.input.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        match read {
            Ok(len) => Ok(len > 0),
            Err(error) => Err(self.error(ErrorKind::Io(error))),
        }
    }

    pub(crate) fn is_at_end(&mut self) -> Result<bool, Error> {
        Ok(self.position == self.buffer.len() && !self.refill()?)
    }

    /// Takes up to `limit` bytes, at least one.
    fn take_some(&mut self, limit: usize) -> Result<&[u8], Error> {
        if self.is_at_end()? {
            return Err(self.error(ErrorKind::UnexpectedEnd));
        }
        let start = self.position;
        self.position += limit.min(self.buffer.len() - start);
        Ok(&self.buffer[start..self.position])
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        if let Some(array) = self.buffer[self.position..].first_chunk::<N>() {
            self.position += N;
            return Ok(*array);
        }
        let mut array = [0; N];
        let mut filled = 0;
        while filled < N {
            let some = self.take_some(N - filled)?;
            array[filled..filled + some.len()].copy_from_slice(some);
            filled += some.len();
        }
        Ok(array)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Error> {
        self.array().map(|[byte]| byte)
    }

    /// `len` bytes, reserved as they arrive.
    fn bytes(&mut self, len: usize) -> Result<Vec<u8>, Error> {
        if let Some(bytes) = self.buffer[self.position..].get(..len) {
            let bytes = bytes.to_vec();
            self.position += len;
            return Ok(bytes);
        }
        let mut bytes = Vec::with_capacity(len.min(CHUNK_LEN));
        while bytes.len() < len {
            if bytes.len() == bytes.capacity() {
                // Twice what has arrived, but no more than is still announced.
                let more = bytes.len().min(len - bytes.len());
                if bytes.try_reserve_exact(more).is_err() {
                    return Err(self.error(ErrorKind::TooLong(len as u64)));
                }
            }
            let wanted = (len - bytes.len()).min(bytes.capacity() - bytes.len());
            bytes.extend_from_slice(self.take_some(wanted)?);
        }
        Ok(bytes)
    }

    fn plain(&mut self, len: usize) -> Result<ByteString, Error> {
        if let Some(bytes) = self.buffer[self.position..].get(..len) {
            let string = ByteString::from(bytes);
            self.position += len;
            return Ok(string);
        }
        self.bytes(len).map(ByteString::from)
    }

    pub(crate) fn length(&mut self) -> Result<Length, Error> {
        let first = self.byte()?;
        match first & length::ENCODED {
            0 => Ok(Length::Plain(u64::from(first))),
            length::BITS_14 => {
                let low = self.byte()?;
                Ok(Length::Plain(u64::from(first & 0x3f) << 8 | u64::from(low)))
            }
            length::ENCODED => Ok(Length::Encoded(first & 0x3f)),
            _ if first == length::BITS_32 => {
                Ok(Length::Plain(u64::from(u32::from_be_bytes(self.array()?))))
            }
            _ if first == length::BITS_64 => Ok(Length::Plain(u64::from_be_bytes(self.array()?))),
            _ => Err(self.error(ErrorKind::LengthEncoding(first))),
        }
    }

    /// A length where no special encoding may stand.
    pub(crate) fn number(&mut self) -> Result<u64, Error> {
        match self.length()? {
            Length::Plain(number) => Ok(number),
            Length::Encoded(code) => {
                Err(self.error(ErrorKind::LengthEncoding(length::ENCODED | code)))
            }
        }
    }

    fn string_len(&self, len: u64) -> Result<usize, Error> {
        match usize::try_from(len) {
            Ok(len) if len <= self.string_len_max => Ok(len),
            _ => Err(self.error(ErrorKind::TooLong(len))),
        }
    }

    pub(crate) fn text(&mut self) -> Result<Text, Error> {
        let code = match self.length()? {
            Length::Plain(len) => {
                let len = self.string_len(len)?;
                return self.plain(len).map(Text::Bytes);
            }
            Length::Encoded(code) => code,
        };
        match code {
            length::INTEGER_8 => Ok(Text::Integer(i64::from(i8::from_le_bytes(self.array()?)))),
            length::INTEGER_16 => Ok(Text::Integer(i64::from(i16::from_le_bytes(self.array()?)))),
            length::INTEGER_32 => Ok(Text::Integer(i64::from(i32::from_le_bytes(self.array()?)))),
            length::LZF => self.compressed().map(|raw| Text::Bytes(ByteString::from(raw))),
            _ => Err(self.error(ErrorKind::LengthEncoding(length::ENCODED | code))),
        }
    }

    pub(crate) fn string(&mut self) -> Result<ByteString, Error> {
        self.text().map(Text::into_byte_string)
    }

    /// A string that is a container's bytes, and will be kept or taken apart.
    pub(crate) fn blob(&mut self) -> Result<Vec<u8>, Error> {
        match self.length()? {
            Length::Plain(len) => {
                let len = self.string_len(len)?;
                self.bytes(len)
            }
            Length::Encoded(length::LZF) => self.compressed(),
            // No container is an integer.
            Length::Encoded(code) => {
                Err(self.error(ErrorKind::LengthEncoding(length::ENCODED | code)))
            }
        }
    }

    fn compressed(&mut self) -> Result<Vec<u8>, Error> {
        let len = self.number()?;
        let len = self.string_len(len)?;
        let raw_len = self.number()?;
        let raw_len = self.string_len(raw_len)?;
        let compressed = self.bytes(len)?;
        // The expansion checks `raw_len` against what so many bytes can expand to at most.
        match lzf::expand(&compressed, raw_len) {
            Some(raw) => Ok(raw),
            None => Err(self.error(ErrorKind::Compression)),
        }
    }

    /// Takes a string without keeping it.
    pub(crate) fn skip_string(&mut self) -> Result<(), Error> {
        let len = match self.length()? {
            Length::Plain(len) => self.string_len(len)?,
            Length::Encoded(length::INTEGER_8) => 1,
            Length::Encoded(length::INTEGER_16) => 2,
            Length::Encoded(length::INTEGER_32) => 4,
            Length::Encoded(length::LZF) => {
                let len = self.number()?;
                self.number()?;
                self.string_len(len)?
            }
            Length::Encoded(code) => {
                return Err(self.error(ErrorKind::LengthEncoding(length::ENCODED | code)));
            }
        };
        self.skip(len)
    }

    pub(crate) fn skip(&mut self, mut len: usize) -> Result<(), Error> {
        while len > 0 {
            len -= self.take_some(len)?.len();
        }
        Ok(())
    }
}
