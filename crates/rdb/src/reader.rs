//! Reading a file or stream, one item at a time.

use std::io::Read;

use byte_string::ByteString;
use keyspace::{Limits, Value};

use crate::error::{Error, ErrorKind};
use crate::format::{self, module_opcode, opcode, value_type};
use crate::module_payload::{self, ModuleReader};
use crate::source::Source;
use crate::value;

/// What reading depends on besides the bytes.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    pub limits: Limits,
    /// `proto-max-bulk-len`: the longest string that is taken.
    pub string_len_max: usize,
    /// `rdbchecksum`: whether the checksum at the end is compared.
    pub verify_checksum: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { limits: Limits::default(), string_len_max: 512 * 1024 * 1024, verify_checksum: true }
    }
}

/// What is kept with a key besides its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyMeta {
    /// Unix time in milliseconds.
    pub expire_at_ms: Option<i64>,
    /// Since the last use; written under an LRU policy.
    pub idle_secs: Option<u64>,
    /// The LFU counter; written under an LFU policy.
    pub freq: Option<u8>,
}

/// One item of a stream.
#[derive(Debug)]
pub enum Item {
    /// "valkey-ver", "ctime", "repl-id" and the like.
    Aux { key: ByteString, value: ByteString },
    /// The keys after this belong to that database.
    SelectDb(u64),
    /// How many keys are to come, and how many of them expire: a hint.
    ResizeDb { keys: u64, expires: u64 },
    /// The code of a library of functions.
    Function(ByteString),
    /// Auxiliary data of a module, `when` 1 before the keys and 2 after them. Its payload is next
    /// in the stream; see [`Reader::module_reader`].
    ModuleAux { type_id: u64, when: u64 },
    /// A key.
    Entry { key: ByteString, meta: KeyMeta, value: Value },
    /// A key whose value a module has to load: its payload is next in the stream.
    ModuleEntry { key: ByteString, meta: KeyMeta, type_id: u64 },
    /// A key whose collection has no elements; Valkey skips it with a line in the log.
    EmptyEntry { key: ByteString },
    /// The end; nothing more is read.
    Eof { checksum: Checksum },
}

/// What is known of the whole stream at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    Verified,
    /// The file has none, or it was not to be compared.
    Absent,
}

/// Reads an RDB stream; see the crate's documentation.
pub struct Reader<'a> {
    source: Source<'a>,
    options: LoadOptions,
    version: u16,
    /// Whether a module's payload stands next, its end included.
    in_module: bool,
    module_error: Option<Error>,
    at_eof: bool,
}

impl<'a> Reader<'a> {
    /// Reads and checks the signature and the version.
    pub fn new(input: impl Read + 'a, options: LoadOptions) -> Result<Self, Error> {
        let mut source = Source::new(Box::new(input), options.string_len_max);
        let signature: [u8; 9] = source.array()?;
        let digits = match &signature {
            [b'R', b'E', b'D', b'I', b'S', digits @ ..] => digits.as_slice(),
            [b'V', b'A', b'L', b'K', b'E', b'Y', digits @ ..] => digits.as_slice(),
            _ => return Err(source.error(ErrorKind::Signature(signature))),
        };
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(source.error(ErrorKind::Signature(signature)));
        }
        let version = digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        let is_valkeys = signature.starts_with(b"VALKEY");
        if !format::is_readable(version) || is_valkeys != (version >= format::VERSION_VALKEY) {
            return Err(source.error(ErrorKind::Version(version)));
        }
        Ok(Self::over(source, options, version))
    }

    /// Over the items of a module's payload alone, without any frame: `LoadDataTypeFromString`.
    pub fn bare(bytes: &[u8], options: LoadOptions) -> Self {
        Self::over(Source::of_bytes(bytes, options.string_len_max), options, format::VERSION)
    }

    pub(crate) fn over(source: Source<'a>, options: LoadOptions, version: u16) -> Self {
        let (in_module, module_error, at_eof) = (false, None, false);
        Self { source, options, version, in_module, module_error, at_eof }
    }

    /// The version that the file says it has.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// Bytes read so far, for the progress of loading.
    pub fn offset(&self) -> u64 {
        self.source.offset()
    }

    /// The next item. What is left of a module's payload is skipped; after [`Item::Eof`] there is
    /// only [`Item::Eof`].
    #[expect(clippy::should_implement_trait, reason = "an iterator could not lend its payloads")]
    pub fn next(&mut self) -> Result<Item, Error> {
        if self.in_module {
            self.skip_module_payload()?;
        }
        if self.at_eof {
            return Ok(Item::Eof { checksum: Checksum::Absent });
        }
        let mut meta = KeyMeta::default();
        loop {
            match self.source.byte()? {
                opcode::EXPIRE_AT_SECS => {
                    let secs = i32::from_le_bytes(self.source.array()?);
                    meta.expire_at_ms = Some(i64::from(secs) * 1000);
                }
                opcode::EXPIRE_AT_MS => {
                    meta.expire_at_ms = Some(i64::from_le_bytes(self.source.array()?));
                }
                opcode::IDLE => meta.idle_secs = Some(self.source.number()?),
                opcode::FREQ => meta.freq = Some(self.source.byte()?),
                opcode::SLOT_INFO => {
                    for _ in 0..3 {
                        self.source.number()?;
                    }
                }
                opcode::SELECT_DB => return self.source.number().map(Item::SelectDb),
                opcode::RESIZE_DB => {
                    let keys = self.source.number()?;
                    let expires = self.source.number()?;
                    return Ok(Item::ResizeDb { keys, expires });
                }
                opcode::AUX => {
                    let key = self.source.string()?;
                    let value = self.source.string()?;
                    return Ok(Item::Aux { key, value });
                }
                opcode::FUNCTION => return self.source.string().map(Item::Function),
                opcode::MODULE_AUX => return self.module_aux(),
                opcode::EOF => return self.eof(),
                value_type => return self.entry(value_type, meta),
            }
        }
    }

    /// The payload that the last item, a module's, left in the stream. Its errors stick and come
    /// out of [`Reader::end_module`].
    pub fn module_reader(&mut self) -> ModuleReader<'_, 'a> {
        ModuleReader { source: &mut self.source, error: &mut self.module_error }
    }

    /// Takes the end of the payload, after the module has taken its items. It is an error if the
    /// module had one, or has left an item.
    pub fn end_module(&mut self) -> Result<(), Error> {
        self.in_module = false;
        match self.module_error.take() {
            Some(error) => Err(error),
            None => module_payload::end(&mut self.source),
        }
    }

    /// Takes what is left of a module's payload.
    pub fn skip_module_payload(&mut self) -> Result<(), Error> {
        self.in_module = false;
        match self.module_error.take() {
            Some(error) => Err(error),
            None => module_payload::skip(&mut self.source),
        }
    }

    /// What follows the end of the RDB: the tail of an AOF with a preamble.
    pub fn into_rest(self) -> impl Read + 'a {
        self.source.into_rest()
    }

    fn module_aux(&mut self) -> Result<Item, Error> {
        let type_id = self.source.number()?;
        if self.source.number()? != module_opcode::UNSIGNED {
            return Err(self.source.error(ErrorKind::Malformed("module auxiliary data")));
        }
        let when = self.source.number()?;
        self.in_module = true;
        Ok(Item::ModuleAux { type_id, when })
    }

    fn entry(&mut self, value_type: u8, meta: KeyMeta) -> Result<Item, Error> {
        // Refused before the key, so that the offset is that of the byte that is wrong.
        if value_type > 22 || value_type == 8 {
            return Err(self.source.error(ErrorKind::UnknownOpcode(value_type)));
        }
        let key = self.source.string()?;
        if value_type == value_type::MODULE {
            let type_id = self.source.number()?;
            self.in_module = true;
            return Ok(Item::ModuleEntry { key, meta, type_id });
        }
        Ok(match value::load(&mut self.source, value_type, self.options.limits)? {
            Some(value) => Item::Entry { key, meta, value },
            None => Item::EmptyEntry { key },
        })
    }

    fn eof(&mut self) -> Result<Item, Error> {
        self.at_eof = true;
        if self.version < format::VERSION_WITH_CHECKSUM {
            return Ok(Item::Eof { checksum: Checksum::Absent });
        }
        let found = self.source.checksum();
        let expected = u64::from_le_bytes(self.source.array()?);
        if expected == 0 || !self.options.verify_checksum {
            return Ok(Item::Eof { checksum: Checksum::Absent });
        }
        if expected != found {
            return Err(self.source.error(ErrorKind::Checksum { expected, found }));
        }
        Ok(Item::Eof { checksum: Checksum::Verified })
    }

    pub(crate) fn source(&mut self) -> &mut Source<'a> {
        &mut self.source
    }

    pub(crate) fn limits(&self) -> Limits {
        self.options.limits
    }

    pub(crate) fn enter_module(&mut self) {
        self.in_module = true;
    }
}
