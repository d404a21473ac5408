//! DUMP payloads: one value that stands alone.
//!
//! ```text
//! type byte | value | version 2 | CRC-64 of all before 8      both little-endian
//! ```
//!
//! ```text
//! 00 c0 0a  0b 00  ‥ ‥ ‥ ‥ ‥ ‥ ‥ ‥       the string "10", version 11
//! ```

use std::io;

use crc_fast::CrcAlgorithm;
use keyspace::Value;

use crate::error::{Error, ErrorKind};
use crate::format::{self, value_type};
use crate::module_payload::ModuleWriter;
use crate::reader::{LoadOptions, Reader};
use crate::source::Source;
use crate::value;
use crate::writer::{SaveOptions, Writer, Written};

/// Version and checksum.
const FOOTER_LEN: usize = 10;

/// The payload of `value`. For a module's value, `save` has to write what the module saves; for
/// others it is not called.
pub fn dump(
    value: &Value,
    options: SaveOptions,
    save: impl FnOnce(&mut ModuleWriter<'_, '_>),
) -> io::Result<Vec<u8>> {
    let mut payload = Vec::new();
    // A payload always has its checksum, whatever `rdbchecksum` says of files.
    let mut writer = Writer::new(&mut payload, SaveOptions { checksum: true, ..options });
    if writer.bare_value(value)? == Written::UpToModulePayload {
        save(&mut writer.module_writer());
        writer.end_module()?;
    }
    writer.finish_dump()?;
    Ok(payload)
}

/// The payload of a module's value of that type, for callers that cannot lend the value while its module saves it.
pub fn dump_module(
    type_id: u64,
    options: SaveOptions,
    save: impl FnOnce(&mut ModuleWriter<'_, '_>),
) -> io::Result<Vec<u8>> {
    let mut payload = Vec::new();
    let mut writer = Writer::new(&mut payload, SaveOptions { checksum: true, ..options });
    writer.bare_module_header(type_id)?;
    save(&mut writer.module_writer());
    writer.end_module()?;
    writer.finish_dump()?;
    Ok(payload)
}

/// The type byte and value of a payload whose version and checksum are right: the first half of
/// RESTORE. `None` is Valkey's "DUMP payload version or checksum are wrong".
pub fn dump_body(payload: &[u8]) -> Option<&[u8]> {
    let (body, footer) = payload.split_at_checked(payload.len().checked_sub(FOOTER_LEN)?)?;
    let (version, checksum) = footer.split_first_chunk::<2>()?;
    let summed = &payload[..body.len() + 2];
    let found = crc_fast::checksum(CrcAlgorithm::Crc64Redis, summed);
    let is_right =
        format::is_readable(u16::from_le_bytes(*version)) && checksum == found.to_le_bytes();
    is_right.then_some(body)
}

/// What a payload holds.
#[derive(Debug)]
pub enum Dumped {
    Value(Value),
    /// A module has to load it from [`Reader::module_reader`]; then [`Reader::end_module`] and
    /// [`Reader::end_dump`].
    Module {
        type_id: u64,
    },
}

impl Reader<'static> {
    /// Over the body that [`dump_body`] gave.
    pub fn of_dump(body: &[u8], options: LoadOptions) -> Self {
        Self::over(Source::of_bytes(body, options.string_len_max), options, format::VERSION)
    }

    /// The value of a payload, whole and with nothing after it: the checksum begins with 0 and so
    /// cannot see a zero too many at the front, where strings have one.
    pub fn dumped(&mut self) -> Result<Dumped, Error> {
        let value_type = self.source().byte()?;
        if value_type == value_type::MODULE {
            let type_id = self.source().number()?;
            self.enter_module();
            return Ok(Dumped::Module { type_id });
        }
        let limits = self.limits();
        let value = value::load(self.source(), value_type, limits)?;
        let Some(value) = value else {
            return Err(self.source().error(ErrorKind::Malformed("empty collection")));
        };
        self.end_dump()?;
        Ok(Dumped::Value(value))
    }

    /// Checks that nothing follows the value.
    pub fn end_dump(&mut self) -> Result<(), Error> {
        if self.source().is_at_end()? {
            Ok(())
        } else {
            Err(self.source().error(ErrorKind::TrailingBytes))
        }
    }
}
