//! What a module wrote for a value, item by item.
//!
//! ```text
//! 1 | 2, a number         signed | unsigned; signed ones are written as 2 too
//! 3, 4 bytes              float, little-endian
//! 4, 8 bytes              double, little-endian
//! 5, a string             as all strings: plain, an integer, or compressed
//! 0                       the end
//! ```
//!
//! The value of a type `hellotype` of encoding version 0 that saved the unsigned 300, the string
//! "ab" and the double 1.5:
//!
//! ```text
//! 81 85 e9 65 a2 dc a9 78 00      the type's id, 9 characters in 6 bits each and 10 bits of version
//! 02 41 2c  05 02 61 62  04 00 00 00 00 00 00 f8 3f  00
//! ```
//!
//! Errors stick, since a module's callback may not look: after the first, reading gives nothing,
//! and the engine finds the error when the callback has returned.

use byte_string::ByteString;

use crate::error::{Error, ErrorKind};
use crate::format::module_opcode;
use crate::sink::Sink;
use crate::source::Source;

/// The payload of one module value, for the module's load callback.
pub struct ModuleReader<'r, 'a> {
    pub(crate) source: &'r mut Source<'a>,
    pub(crate) error: &'r mut Option<Error>,
}

impl<'a> ModuleReader<'_, 'a> {
    /// The first error; from then on every `load` gives `None`.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    pub fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    /// `LoadUnsigned`
    pub fn load_unsigned(&mut self) -> Option<u64> {
        self.load(module_opcode::UNSIGNED, "an integer", Source::number)
    }

    /// `LoadSigned`
    pub fn load_signed(&mut self) -> Option<i64> {
        self.load_unsigned().map(u64::cast_signed)
    }

    /// `LoadFloat`
    pub fn load_float(&mut self) -> Option<f32> {
        self.load(module_opcode::FLOAT, "a float", |source| source.array().map(f32::from_le_bytes))
    }

    /// `LoadDouble`
    pub fn load_double(&mut self) -> Option<f64> {
        self.load(module_opcode::DOUBLE, "a double", |source| {
            source.array().map(f64::from_le_bytes)
        })
    }

    /// `LoadString`, `LoadStringBuffer`
    pub fn load_string(&mut self) -> Option<ByteString> {
        self.load(module_opcode::STRING, "a string", Source::string)
    }

    fn load<T>(
        &mut self,
        opcode: u64,
        wanted: &'static str,
        read: impl FnOnce(&mut Source<'a>) -> Result<T, Error>,
    ) -> Option<T> {
        if self.error.is_some() {
            return None;
        }
        let loaded = match self.source.number() {
            Ok(found) if found == opcode => read(self.source),
            Ok(found) => Err(self.source.error(ErrorKind::ModuleItem(wanted, found))),
            Err(error) => Err(error),
        };
        loaded.map_err(|error| *self.error = Some(error)).ok()
    }
}

/// Takes a payload up to and with its end, whatever is in it.
pub(crate) fn skip(source: &mut Source<'_>) -> Result<(), Error> {
    loop {
        match source.number()? {
            module_opcode::EOF => return Ok(()),
            module_opcode::SIGNED | module_opcode::UNSIGNED => {
                source.number()?;
            }
            module_opcode::FLOAT => source.skip(4)?,
            module_opcode::DOUBLE => source.skip(8)?,
            module_opcode::STRING => source.skip_string()?,
            _ => return Err(source.error(ErrorKind::Malformed("module value"))),
        }
    }
}

/// Takes the payload's end.
pub(crate) fn end(source: &mut Source<'_>) -> Result<(), Error> {
    match source.number()? {
        module_opcode::EOF => Ok(()),
        _ => Err(source.error(ErrorKind::ModuleEnd)),
    }
}

/// Auxiliary data whose header is only written once there is something after it.
pub(crate) struct PendingAux {
    pub(crate) type_id: u64,
    pub(crate) when: u64,
}

/// The payload of one module value, for the module's save callback.
pub struct ModuleWriter<'w, 'a> {
    pub(crate) sink: &'w mut Sink<'a>,
    pub(crate) pending: &'w mut Option<PendingAux>,
}

impl ModuleWriter<'_, '_> {
    /// Whether the stream has failed; what is saved from then on is lost.
    pub fn has_failed(&self) -> bool {
        self.sink.has_failed()
    }

    /// `SaveUnsigned`
    pub fn save_unsigned(&mut self, number: u64) {
        self.start(module_opcode::UNSIGNED);
        self.sink.number(number);
    }

    /// `SaveSigned`
    pub fn save_signed(&mut self, number: i64) {
        self.save_unsigned(number.cast_unsigned());
    }

    /// `SaveFloat`
    pub fn save_float(&mut self, number: f32) {
        self.start(module_opcode::FLOAT);
        self.sink.bytes(&number.to_le_bytes());
    }

    /// `SaveDouble`
    pub fn save_double(&mut self, number: f64) {
        self.start(module_opcode::DOUBLE);
        self.sink.bytes(&number.to_le_bytes());
    }

    /// `SaveString`, `SaveStringBuffer`
    pub fn save_string(&mut self, bytes: &[u8]) {
        self.start(module_opcode::STRING);
        self.sink.string(bytes);
    }

    fn start(&mut self, opcode: u64) {
        if let Some(aux) = self.pending.take() {
            crate::writer::module_aux_header(self.sink, &aux);
        }
        self.sink.number(opcode);
    }
}
