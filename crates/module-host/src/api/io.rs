//! The streams of data type callbacks: saving and loading RDB payloads, rewriting the append-only file.
//!
//! A load that fails never stops the process, whatever the module has declared. A module that handles I/O errors is told by
//! `IsIOError` and by NULL; one that does not gets empty strings and zeros, which it can bear, and what it made of them is
//! thrown away when its callback returns.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::{c_char, c_double, c_float, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use byte_string::ByteString;
use engine::hooks::ModuleRef;
use engine::{Argv, Engine, Error, Outcome};
use keyspace::ModuleValue;
use module_abi::{Handle, aux, module_option};
use rdb::{ModuleReader, ModuleWriter};

use crate::boundary::{PanicGuard, Text, api, bytes};
use crate::context::Context;
use crate::current::{enter, with_engine};
use crate::module_string::ModuleString;
use crate::registry::registry;

use super::data_type::{DataType, by_id, encoding_version};
use super::memory::{copy_out, give_string};
use super::passed::{PassedArg, command, passed};

/// One `RedisModuleIO`.
pub(crate) struct Io {
    stream: Stream,
    kind: &'static DataType,
    key: Option<Box<ModuleString>>,
    db: c_int,
    /// The context that the callback asked for.
    context: OnceCell<Box<Context>>,
    failed: Cell<bool>,
}

/// The host's stream, for as long as the callback runs.
enum Stream {
    Save(*mut ModuleWriter<'static, 'static>),
    Load(*mut ModuleReader<'static, 'static>),
    Rewrite(RefCell<Vec<Argv>>),
}

impl Handle for Io {
    type Opaque = module_abi::Io;
}

impl Io {
    fn new(
        stream: Stream,
        kind: &'static DataType,
        key: Option<&ByteString>,
        db: Option<usize>,
    ) -> Self {
        Self {
            stream,
            kind,
            key: key.map(|key| ModuleString::new(key.clone())),
            db: db.and_then(|db| c_int::try_from(db).ok()).unwrap_or(-1),
            context: OnceCell::new(),
            failed: Cell::new(false),
        }
    }

    fn as_c(&self) -> *mut module_abi::Io {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn save(&self, write: impl FnOnce(&mut ModuleWriter<'static, 'static>)) {
        let Stream::Save(writer) = self.stream else {
            self.failed.set(true);
            return;
        };
        // SAFETY: The writer outlives the callback, which alone has this `Io`; `write` calls no module.
        let writer = unsafe { &mut *writer };
        write(writer);
        self.failed.set(writer.has_failed());
    }

    fn load<T>(
        &self,
        read: impl FnOnce(&mut ModuleReader<'static, 'static>) -> Option<T>,
    ) -> Option<T> {
        let Stream::Load(reader) = self.stream else {
            self.failed.set(true);
            return None;
        };
        // SAFETY: The reader outlives the callback, which alone has this `Io`; `read` calls no module.
        let loaded = read(unsafe { &mut *reader });
        if loaded.is_none() && !self.failed.replace(true) {
            let name = &self.kind.module.name;
            super::log::line(
                3,
                &format!(
                    "<{name}> Error loading a value of type {}: it is dropped",
                    self.kind.name
                ),
            );
        }
        loaded
    }

    pub(crate) fn module_name(&self) -> &str {
        &self.kind.module.name
    }

    /// Whether the module knows what NULL from a load means.
    fn handles_errors(&self) -> bool {
        self.kind.module.has_option(module_option::HANDLE_IO_ERRORS)
    }

    /// What a load of a string gives; `None` only to a module that handles it.
    fn load_bytes(&self) -> Option<ByteString> {
        let loaded = self.load(ModuleReader::load_string);
        if loaded.is_none() && !self.handles_errors() { Some(ByteString::new()) } else { loaded }
    }

    fn context(&self) -> &Context {
        self.context.get_or_init(|| {
            let context = Box::new(Context::new(Some(self.kind.module), 0));
            context.db.set(usize::try_from(self.db).unwrap_or(0));
            context
        })
    }

    /// Runs the callback, then puts in order what its context left.
    fn run<R>(&self, engine: &mut Engine, callback: impl FnOnce() -> R) -> R {
        let result = enter(engine, callback);
        if let Some(context) = self.context.get() {
            context.finish(engine);
        }
        result
    }
}

fn at(value: usize) -> *mut c_void {
    ptr::with_exposed_provenance_mut(value)
}

/// Forgets the lifetimes of a stream, which `Io` keeps to by living shorter.
fn writer_of(writer: &mut ModuleWriter<'_, '_>) -> Stream {
    Stream::Save(ptr::from_mut(writer).cast())
}

fn reader_of(reader: &mut ModuleReader<'_, '_>) -> Stream {
    Stream::Load(ptr::from_mut(reader).cast())
}

/// Writes the items of a module's value.
pub(crate) fn save_value(
    engine: &mut Engine,
    value: &ModuleRef,
    key: &ByteString,
    db: usize,
    writer: &mut ModuleWriter<'_, '_>,
) -> Outcome {
    let kind = DataType::of(&value.module_type)
        .ok_or(Error::text("ERR value of an unknown module type"))?;
    let Some(save) = kind.methods.rdb_save else { return Ok(()) };
    let io = Io::new(writer_of(writer), kind, Some(key), Some(db));
    // SAFETY: A callback of this type, with a value of this type and a stream to write to.
    io.run(engine, || unsafe { save(io.as_c(), at(value.value)) });
    Ok(())
}

/// Reads the items of a module's value.
pub(crate) fn load_value(
    engine: &mut Engine,
    id: u64,
    key: Option<&ByteString>,
    db: usize,
    reader: &mut ModuleReader<'_, '_>,
) -> Result<ModuleValue, Error> {
    let kind = by_id(id).ok_or_else(|| {
        Error::owned(format!(
            "The RDB file contains module data I can't load: no matching module type '{}'",
            type_name(id)
        ))
    })?;
    let load =
        kind.methods.rdb_load.ok_or(Error::text("ERR the module's type cannot be loaded"))?;
    let io = Io::new(reader_of(reader), kind, key, Some(db));
    // SAFETY: A callback of this type, with a stream to read from.
    let value = io.run(engine, || unsafe { load(io.as_c(), encoding_version(id)) });
    if value.is_null() {
        return Err(Error::text("ERR the module could not load the value"));
    }
    let value = kind.value(value);
    if io.failed.get() {
        enter(engine, || drop(value));
        return Err(Error::text("ERR the module's value is cut short or malformed"));
    }
    Ok(value)
}

/// The nine characters of a type's id.
pub(crate) fn type_name(id: u64) -> String {
    const CHARACTERS: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..9).map(|at| char::from(CHARACTERS[(id >> (10 + 6 * (8 - at)) & 63) as usize])).collect()
}

fn aux_when(before: bool) -> c_int {
    if before { aux::BEFORE_RDB } else { aux::AFTER_RDB }
}

/// Writes what types keep before (or after) the keys.
pub(crate) fn aux_save(
    engine: &mut Engine,
    before: bool,
    writer: &mut rdb::Writer<'_>,
) -> std::io::Result<()> {
    let when = aux_when(before);
    let mut kinds: Vec<&'static DataType> =
        registry(|registry| registry.types.values().copied().collect());
    kinds.retain(|kind| kind.methods.aux_save_triggers & when != 0);
    kinds.sort_by_key(|kind| kind.id);
    for kind in kinds {
        // The second generation writes nothing at all when the callback writes nothing.
        let unless_empty = kind.methods.aux_save2.is_some();
        let Some(save) = kind.methods.aux_save2.or(kind.methods.aux_save) else { continue };
        writer.module_aux(kind.id, when.unsigned_abs().into(), unless_empty)?;
        let mut items = writer.module_writer();
        let io = Io::new(writer_of(&mut items), kind, None, None);
        // SAFETY: A callback of this type, with a stream to write to.
        io.run(engine, || unsafe { save(io.as_c(), when) });
        writer.end_module()?;
    }
    Ok(())
}

/// Reads them.
pub(crate) fn aux_load(
    engine: &mut Engine,
    id: u64,
    before: bool,
    reader: &mut ModuleReader<'_, '_>,
) -> Outcome {
    let kind = by_id(id).ok_or_else(|| {
        Error::owned(format!(
            "The RDB file contains AUX module data I can't load: no matching module '{}'",
            type_name(id)
        ))
    })?;
    let Some(load) = kind.methods.aux_load else {
        return Err(Error::owned(format!(
            "The RDB file contains module AUX data that '{}' cannot load",
            kind.name
        )));
    };
    let io = Io::new(reader_of(reader), kind, None, None);
    // SAFETY: A callback of this type, with a stream to read from.
    let status =
        io.run(engine, || unsafe { load(io.as_c(), encoding_version(id), aux_when(before)) });
    if status != module_abi::OK || io.failed.get() {
        return Err(Error::owned(format!(
            "The RDB file contains module AUX data for the type '{}' that it cannot load",
            kind.name
        )));
    }
    Ok(())
}

/// The commands that make a module's value again; `None` when its type cannot say.
pub(crate) fn rewrite_value(
    engine: &mut Engine,
    value: &ModuleRef,
    key: &ByteString,
    db: usize,
) -> Option<Vec<Argv>> {
    let kind = DataType::of(&value.module_type)?;
    let rewrite = kind.methods.aof_rewrite?;
    let io = Io::new(Stream::Rewrite(RefCell::default()), kind, Some(key), Some(db));
    let name = ModuleString::new(key.clone());
    // SAFETY: A callback of this type, with a value of this type.
    io.run(engine, || unsafe {
        rewrite(io.as_c(), ptr::from_ref(&*name).cast_mut().cast(), at(value.value))
    });
    match io.stream {
        Stream::Rewrite(commands) if !io.failed.get() => Some(commands.into_inner()),
        _ => None,
    }
}

api! {
    fn IsIOError(io: &Io) -> c_int {
        c_int::from(io.failed.get())
    }

    fn SaveUnsigned(io: &Io, value: u64) {
        io.save(|writer| writer.save_unsigned(value));
    }

    fn LoadUnsigned(io: &Io) -> u64 {
        io.load(ModuleReader::load_unsigned).unwrap_or(0)
    }

    fn SaveSigned(io: &Io, value: i64) {
        io.save(|writer| writer.save_signed(value));
    }

    fn LoadSigned(io: &Io) -> i64 {
        io.load(ModuleReader::load_signed).unwrap_or(0)
    }

    fn SaveString(io: &Io, string: &ModuleString) {
        io.save(|writer| writer.save_string(string.as_bytes()));
    }

    fn SaveStringBuffer(io: &Io, ptr: *const c_char, len: usize) {
        // SAFETY: Rule 3.
        let text = unsafe { bytes(ptr, len) };
        io.save(|writer| writer.save_string(text));
    }

    fn LoadString(io: &Io) -> *mut ModuleString {
        io.load_bytes().map_or(ptr::null_mut(), ModuleString::give)
    }

    /// The module frees it with `Free`.
    fn LoadStringBuffer(io: &Io, len: Option<&mut MaybeUninit<usize>>) -> *mut c_char {
        let loaded = io.load_bytes();
        if let Some(len) = len {
            len.write(loaded.as_ref().map_or(0, |text| text.len()));
        }
        loaded.map_or(ptr::null_mut(), |text| copy_out(&text))
    }

    fn SaveDouble(io: &Io, value: c_double) {
        io.save(|writer| writer.save_double(value));
    }

    fn LoadDouble(io: &Io) -> c_double {
        io.load(ModuleReader::load_double).unwrap_or(0.0)
    }

    fn SaveFloat(io: &Io, value: c_float) {
        io.save(|writer| writer.save_float(value));
    }

    fn LoadFloat(io: &Io) -> c_float {
        io.load(ModuleReader::load_float).unwrap_or(0.0)
    }

    fn GetContextFromIO(io: &Io) -> *const Context {
        io.context()
    }

    /// NULL for data beside the keys.
    fn GetKeyNameFromIO(io: &Io) -> *const ModuleString {
        io.key.as_deref().map_or(ptr::null(), ptr::from_ref)
    }

    fn GetDbIdFromIO(io: &Io) -> c_int {
        io.db
    }
}

/// The value in the bytes that [`SaveDataTypeToString`] made; NULL when they are no such thing.
fn load_from(string: &ModuleString, kind: *const DataType, version: c_int) -> *mut c_void {
    // SAFETY: A type that CreateDataType gave (rule 1); types are never freed.
    let Some(kind) = (unsafe { kind.as_ref::<'static>() }) else { return ptr::null_mut() };
    let Some(load) = kind.methods.rdb_load else { return ptr::null_mut() };
    let bytes = string.to_byte_string();
    let loaded = with_engine(|engine| {
        let mut stream = rdb::Reader::bare(&bytes, engine.rdb_options());
        let mut items = stream.module_reader();
        let io = Io::new(reader_of(&mut items), kind, None, None);
        // SAFETY: A callback of this type, with a stream to read from.
        let value = io.run(engine, || unsafe { load(io.as_c(), version) });
        if !value.is_null() && io.failed.get() {
            enter(engine, || drop(kind.value(value)));
            return ptr::null_mut();
        }
        value
    });
    loaded.unwrap_or(ptr::null_mut())
}

api! {
    fn LoadDataTypeFromString(string: &ModuleString, kind: *const DataType) -> *mut c_void {
        load_from(string, kind, 0)
    }

    fn LoadDataTypeFromStringEncver(string: &ModuleString, kind: *const DataType, version: c_int) -> *mut c_void {
        load_from(string, kind, version)
    }

    /// The items that the type saves, and nothing around them.
    fn SaveDataTypeToString(context: Option<&Context>, value: *mut c_void, kind: *const DataType) -> *mut ModuleString {
        // SAFETY: A type that CreateDataType gave (rule 1); types are never freed.
        let Some(kind) = (unsafe { kind.as_ref::<'static>() }) else { return ptr::null_mut() };
        let Some(save) = kind.methods.rdb_save else { return ptr::null_mut() };
        let saved = with_engine(|engine| {
            let mut bytes = Vec::new();
            let mut stream = rdb::Writer::new(&mut bytes, rdb::SaveOptions::default());
            let mut items = stream.module_writer();
            let io = Io::new(writer_of(&mut items), kind, None, None);
            // SAFETY: A callback of this type, with a value of this type and a stream to write to.
            io.run(engine, || unsafe { save(io.as_c(), value) });
            stream.finish_bare().ok()?;
            Some(bytes)
        });
        saved.flatten().map_or(ptr::null_mut(), |bytes| give_string(context, ByteString::from(bytes)))
    }
}

/// For `variadic.c`: one command of a rewrite. A bad format or an unknown command spoils the rewrite.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_emit_aof(
    io: &Io,
    name: Text<'_>,
    format: Text<'_>,
    args: *const PassedArg,
    count: usize,
) {
    let _guard = PanicGuard("EmitAOF");
    let Stream::Rewrite(commands) = &io.stream else {
        io.failed.set(true);
        return;
    };
    let is_known =
        with_engine(|engine| engine.commands.get(name.bytes()).is_some()).unwrap_or(true);
    // SAFETY: The shim passes its own list.
    let made = command(name.bytes(), format.bytes(), unsafe { passed(args, count) });
    match made {
        Some((argv, _)) if is_known => commands.borrow_mut().push(argv),
        _ => {
            super::log::line(
                3,
                &format!(
                    "Fatal: AOF method for type {} tried to emit a command that cannot be: {}",
                    io.kind.name,
                    name.to_str()
                ),
            );
            io.failed.set(true);
            crate::boundary::set_errno(libc::EINVAL);
        }
    }
}

/// For `variadic.c`: saves the text of a long double.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_save_text(io: &Io, text: *const c_char, len: usize) {
    // SAFETY: The shim passes its own buffer and length.
    let text = unsafe { bytes(text, len) };
    io.save(|writer| writer.save_string(text));
}

/// For `variadic.c`: loads a text into a place of `capacity` bytes; its length, or -1.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_load_text(io: &Io, place: *mut c_char, capacity: c_int) -> c_int {
    let Some(text) = io.load(ModuleReader::load_string) else { return -1 };
    if text.len() > usize::try_from(capacity).unwrap_or(0) {
        return -1;
    }
    // SAFETY: The shim's buffer has `capacity` bytes.
    unsafe { place.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    c_int::try_from(text.len()).unwrap_or(-1)
}
