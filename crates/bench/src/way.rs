//! The ways to store a document.

use std::fmt;

use zstd_safe::{CCtx, CParameter, DCtx};

use crate::connection::{ClientError, Connection, Reply};

/// How a document gets into the server and out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `SET` and `GET` of the text: what the other ways are compared with.
    Text,
    /// `SET` and `GET` of the text, compressed and inflated by the client.
    Packed,
    /// `JSON.SET` and `JSON.GET` of the whole document.
    Json,
}

impl Way {
    pub(crate) const ALL: [Way; 3] = [Way::Text, Way::Packed, Way::Json];

    /// The request that stores `value`, which is what [`Packer::pack`] gives in the way `Packed`.
    pub(crate) fn set<'a>(self, key: &'a [u8], value: &'a [u8]) -> Argv<'a> {
        match self {
            Way::Text | Way::Packed => Argv { words: [b"SET", key, value, b""], len: 3 },
            Way::Json => Argv { words: [b"JSON.SET", key, b"$", value], len: 4 },
        }
    }

    pub(crate) fn get(self, key: &[u8]) -> Argv<'_> {
        let name: &[u8] = if self == Way::Json { b"JSON.GET" } else { b"GET" };
        Argv { words: [name, key, b"", b""], len: 2 }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Text => "SET/GET text",
            Way::Packed => "SET/GET client zstd",
            Way::Json => "JSON.SET/JSON.GET",
        })
    }
}

/// The words of a command, without a heap allocation.
pub(crate) struct Argv<'a> {
    words: [&'a [u8]; 4],
    len: usize,
}

impl<'a> Argv<'a> {
    pub(crate) fn of<const LEN: usize>(given: [&'a [u8]; LEN]) -> Self {
        const { assert!(LEN <= 4, "no command of the workload has more words") };
        let mut words: [&[u8]; 4] = [b""; 4];
        words[..LEN].copy_from_slice(&given);
        Self { words, len: LEN }
    }

    pub(crate) fn words(&self) -> &[&'a [u8]] {
        &self.words[..self.len]
    }
}

/// Reads the reply to [`Way::set`].
pub(crate) fn stored(connection: &mut Connection) -> Result<(), ClientError> {
    match connection.reply()? {
        Reply::Simple(b"OK") => Ok(()),
        _ => Err(ClientError::Protocol("a SET does not answer OK")),
    }
}

/// Reads the reply to [`Way::get`].
pub(crate) fn got(connection: &mut Connection) -> Result<&[u8], ClientError> {
    match connection.reply()? {
        Reply::Bulk(value) => Ok(value),
        Reply::Nil => Err(ClientError::Protocol("a key that was written is gone")),
        _ => Err(ClientError::Protocol("a GET does not answer a bulk string")),
    }
}

/// The client's zstd at level 1, its contexts and buffer reused as a well-made client would.
pub(crate) struct Packer {
    compressor: CCtx<'static>,
    decompressor: DCtx<'static>,
    out: Vec<u8>,
}

const LEVEL: i32 = 1;

impl Packer {
    pub(crate) fn new() -> Result<Self, ClientError> {
        let mut compressor = CCtx::create();
        compressor.set_parameter(CParameter::CompressionLevel(LEVEL)).map_err(zstd_error)?;
        Ok(Self { compressor, decompressor: DCtx::create(), out: Vec::new() })
    }

    pub(crate) fn pack(&mut self, text: &[u8]) -> Result<&[u8], ClientError> {
        self.make_room(zstd_safe::compress_bound(text.len()));
        let len = self.compressor.compress2(&mut self.out[..], text).map_err(zstd_error)?;
        Ok(&self.out[..len])
    }

    /// The text of a frame that [`Self::pack`] made.
    pub(crate) fn unpack(&mut self, frame: &[u8]) -> Result<&[u8], ClientError> {
        const NO_FRAME: ClientError = ClientError::Protocol("a value is not what was stored");
        let Ok(Some(len)) = zstd_safe::get_frame_content_size(frame) else {
            return Err(NO_FRAME);
        };
        self.make_room(usize::try_from(len).ok().filter(|&len| len < 1 << 30).ok_or(NO_FRAME)?);
        let len = self.decompressor.decompress(&mut self.out[..], frame).map_err(zstd_error)?;
        Ok(&self.out[..len])
    }

    fn make_room(&mut self, len: usize) {
        if self.out.len() < len {
            self.out.resize(len, 0);
        }
    }
}

fn zstd_error(code: zstd_safe::ErrorCode) -> ClientError {
    ClientError::Io(std::io::Error::other(zstd_safe::get_error_name(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_unpacks_and_else_nothing() {
        let mut packer = Packer::new().unwrap();
        let text = b"{\"a\":[1,2,3]}".repeat(100);
        let frame = packer.pack(&text).unwrap().to_vec();
        assert!(frame.len() < text.len() / 10);
        assert_eq!(packer.unpack(&frame).unwrap(), text);
        assert!(packer.unpack(&text).is_err());
        assert!(packer.unpack(&frame[..frame.len() - 1]).is_err());
    }
}
