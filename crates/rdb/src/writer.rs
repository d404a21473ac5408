//! Writing a file or stream, item by item, in the order of the crate's documentation.

use std::io::{self, Write};

use keyspace::Value;

use crate::format::{self, module_opcode, opcode};
use crate::module_payload::{ModuleWriter, PendingAux};
use crate::reader::KeyMeta;
use crate::sink::Sink;
use crate::value;

/// What writing depends on besides the keys.
#[derive(Clone, Copy, Debug)]
pub struct SaveOptions {
    /// `rdbcompression`
    pub compress: bool,
    /// `rdbchecksum`: without it, the file's checksum is 0.
    pub checksum: bool,
    /// [`format::VERSION`] or [`format::VERSION_REDIS_7_0`].
    pub version: u16,
}

impl Default for SaveOptions {
    fn default() -> Self {
        Self { compress: true, checksum: true, version: format::VERSION }
    }
}

/// What is still to be written of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Written {
    Whole,
    /// A module's payload: into [`Writer::module_writer`], then [`Writer::end_module`].
    UpToModulePayload,
}

/// Writes an RDB stream; see the crate's documentation.
///
/// The first error of the stream comes out of the call that met it, or out of the next one if
/// that was a module's.
pub struct Writer<'a> {
    sink: Sink<'a>,
    version: u16,
    pending: Option<PendingAux>,
}

impl<'a> Writer<'a> {
    /// Nothing is written yet; [`Writer::header`] begins a file.
    pub fn new(output: impl Write + 'a, options: SaveOptions) -> Self {
        let sink = Sink::new(Box::new(output), options.compress, options.checksum);
        Self { sink, version: options.version, pending: None }
    }

    /// Bytes written so far.
    pub fn offset(&self) -> u64 {
        self.sink.offset()
    }

    pub fn header(&mut self) -> io::Result<()> {
        self.sink.bytes(format!("REDIS{:04}", self.version).as_bytes());
        self.sink.check()
    }

    pub fn aux(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        self.sink.byte(opcode::AUX);
        self.sink.string(key);
        self.sink.string(value);
        self.sink.check()
    }

    pub fn aux_integer(&mut self, key: &[u8], value: i64) -> io::Result<()> {
        self.sink.byte(opcode::AUX);
        self.sink.string(key);
        self.sink.integer_string(value);
        self.sink.check()
    }

    pub fn function(&mut self, code: &[u8]) -> io::Result<()> {
        self.sink.byte(opcode::FUNCTION);
        self.sink.string(code);
        self.sink.check()
    }

    pub fn select_db(&mut self, db: u64) -> io::Result<()> {
        self.sink.byte(opcode::SELECT_DB);
        self.sink.number(db);
        self.sink.check()
    }

    pub fn resize_db(&mut self, keys: u64, expires: u64) -> io::Result<()> {
        self.sink.byte(opcode::RESIZE_DB);
        self.sink.number(keys);
        self.sink.number(expires);
        self.sink.check()
    }

    /// A key with its value; of a module's value only what comes before the payload.
    pub fn entry(&mut self, key: &[u8], meta: KeyMeta, value: &Value) -> io::Result<Written> {
        if let Some(at) = meta.expire_at_ms {
            self.sink.byte(opcode::EXPIRE_AT_MS);
            self.sink.bytes(&at.to_le_bytes());
        }
        if let Some(secs) = meta.idle_secs {
            self.sink.byte(opcode::IDLE);
            self.sink.number(secs);
        }
        if let Some(freq) = meta.freq {
            self.sink.bytes(&[opcode::FREQ, freq]);
        }
        self.sink.byte(value::type_of(value));
        self.sink.string(key);
        self.value(value)
    }

    /// A value without a key, as in a DUMP payload: the type byte and what it says.
    pub(crate) fn bare_value(&mut self, value: &Value) -> io::Result<Written> {
        self.sink.byte(value::type_of(value));
        self.value(value)
    }

    /// What comes before a module's payload in a DUMP payload.
    pub(crate) fn bare_module_header(&mut self, type_id: u64) -> io::Result<()> {
        self.sink.byte(format::value_type::MODULE);
        self.sink.number(type_id);
        self.sink.check()
    }

    fn value(&mut self, value: &Value) -> io::Result<Written> {
        value::save(&mut self.sink, value);
        self.sink.check()?;
        Ok(match value {
            Value::Module(_) => Written::UpToModulePayload,
            Value::String(_) | Value::List(_) | Value::Set(_) | Value::Zset(_) | Value::Hash(_) => {
                Written::Whole
            }
        })
    }

    /// Begins a module's auxiliary data. With `unless_empty`, nothing at all is written if the
    /// module writes nothing (`aux_save2`). Its payload and [`Writer::end_module`] follow.
    pub fn module_aux(&mut self, type_id: u64, when: u64, unless_empty: bool) -> io::Result<()> {
        let aux = PendingAux { type_id, when };
        if unless_empty {
            self.pending = Some(aux);
        } else {
            module_aux_header(&mut self.sink, &aux);
        }
        self.sink.check()
    }

    /// Where the module writes its items.
    pub fn module_writer(&mut self) -> ModuleWriter<'_, 'a> {
        ModuleWriter { sink: &mut self.sink, pending: &mut self.pending }
    }

    /// Ends the payload.
    pub fn end_module(&mut self) -> io::Result<()> {
        if self.pending.take().is_none() {
            self.sink.number(module_opcode::EOF);
        }
        self.sink.check()
    }

    /// Writes the end and the checksum, and flushes.
    pub fn finish(mut self) -> io::Result<()> {
        self.sink.byte(opcode::EOF);
        let checksum = self.sink.checksum();
        self.sink.bytes(&checksum.to_le_bytes());
        self.sink.flush()
    }

    /// Flushes without an end, for a stream of a module's items alone: `SaveDataTypeToString`.
    pub fn finish_bare(mut self) -> io::Result<()> {
        self.sink.flush()
    }

    /// Writes the version and the checksum that end a DUMP payload.
    pub(crate) fn finish_dump(mut self) -> io::Result<()> {
        self.sink.bytes(&self.version.to_le_bytes());
        let checksum = self.sink.checksum();
        self.sink.bytes(&checksum.to_le_bytes());
        self.sink.flush()
    }
}

pub(crate) fn module_aux_header(sink: &mut Sink<'_>, aux: &PendingAux) {
    sink.byte(opcode::MODULE_AUX);
    sink.number(aux.type_id);
    sink.number(module_opcode::UNSIGNED);
    sink.number(aux.when);
}
