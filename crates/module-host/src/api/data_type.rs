//! Data types: registering them, their values behind keys, and their callbacks as the engine calls them.

use std::any::Any;
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use byte_string::ByteString;
use engine::hooks::ModuleRef;
use engine::{Engine, Error};
use keyspace::{ModuleType, ModuleTypeRef, ModuleValue, Value};
use module_abi::{ERR, Handle, OK, TYPE_METHODS_LEN, TypeMethods, key_type};

use crate::boundary::{Text, api};
use crate::context::Context;
use crate::current::{enter, with_engine};
use crate::module_string::ModuleString;
use crate::registry::{Module, registry};

use super::keys::OpenKey;

/// One `RedisModuleType`. Never freed: values and streams may name it after its module has gone.
pub(crate) struct DataType {
    pub(crate) name: String,
    /// The name in six bits a character, above ten bits of encoding version.
    pub(crate) id: u64,
    pub(crate) module: &'static Module,
    pub(crate) methods: TypeMethods,
    /// The type as the keyspace knows it.
    shared: OnceLock<ModuleTypeRef>,
}

impl Handle for DataType {
    type Opaque = module_abi::DataType;
}

/// The keyspace's view of a [`DataType`].
struct Registered(&'static DataType);

impl ModuleType for Registered {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn id(&self) -> u64 {
        self.0.id
    }

    fn free(&self, value: usize) {
        if let Some(free) = self.0.methods.free {
            // SAFETY: The value is one that the module gave for a key of this type, and the keyspace drops it once.
            unsafe { free(ptr::with_exposed_provenance_mut(value)) };
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Characters of a type's name, in the order of their codes.
const NAME_CHARACTERS: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NAME_LEN: usize = 9;
/// The largest encoding version.
const ENCODING_VERSION_MAX: c_int = 1023;
/// The bits of an id that hold it.
const ENCODING_VERSION_BITS: u32 = 10;

/// The id of a type; `None` when the name is not nine of the characters, or the version too large.
pub(crate) fn type_id(name: &[u8], encoding_version: c_int) -> Option<u64> {
    if name.len() != NAME_LEN || !(0..=ENCODING_VERSION_MAX).contains(&encoding_version) {
        return None;
    }
    let mut id = 0;
    for character in name {
        let code = NAME_CHARACTERS.iter().position(|known| known == character)?;
        id = id << 6 | code as u64;
    }
    Some(id << ENCODING_VERSION_BITS | encoding_version.unsigned_abs() as u64)
}

/// The encoding version in an id.
pub(crate) fn encoding_version(id: u64) -> c_int {
    (id & ENCODING_VERSION_MAX.unsigned_abs() as u64) as c_int
}

/// The registered type of that id, whatever its encoding version.
pub(crate) fn by_id(id: u64) -> Option<&'static DataType> {
    registry(|registry| registry.types.get(&(id >> ENCODING_VERSION_BITS)).copied())
}

/// Whether there is a type of that name, in any case.
pub(crate) fn is_registered(_engine: &Engine, name: &[u8]) -> bool {
    registry(|registry| {
        registry.types.values().any(|kind| kind.name.as_bytes().eq_ignore_ascii_case(name))
    })
}

/// Reads as much of the methods as the module's version of the structure has; the rest stays NULL.
///
/// # Safety
///
/// `methods` points at a structure of the version that its first word says.
unsafe fn read_methods(methods: *const TypeMethods) -> Option<TypeMethods> {
    // SAFETY: Every version begins with the version.
    let version = unsafe { methods.cast::<u64>().read() };
    let known = usize::try_from(version).ok()?.checked_sub(1)?.min(TYPE_METHODS_LEN.len() - 1);
    let mut copy = MaybeUninit::<TypeMethods>::zeroed();
    // SAFETY: The module's structure has as many bytes as its version, and ours at least as many.
    unsafe {
        copy.as_mut_ptr()
            .cast::<u8>()
            .copy_from_nonoverlapping(methods.cast(), TYPE_METHODS_LEN[known])
    };
    // SAFETY: All zero bytes are valid for numbers and for functions that may be NULL; so is what the module wrote.
    Some(unsafe { copy.assume_init() })
}

/// Names and databases that the second generation of callbacks may ask for.
pub(crate) struct KeyOptions {
    from: Option<Box<ModuleString>>,
    to: Option<Box<ModuleString>>,
    from_db: c_int,
    to_db: c_int,
}

impl Handle for KeyOptions {
    type Opaque = module_abi::KeyOptContext;
}

impl KeyOptions {
    fn of(from: Option<&ByteString>, from_db: usize) -> Self {
        Self {
            from: from.map(|name| ModuleString::new(name.clone())),
            to: None,
            from_db: c_int::try_from(from_db).unwrap_or(-1),
            to_db: -1,
        }
    }

    fn as_c(&self) -> *mut module_abi::KeyOptContext {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn source_for_c(&self) -> *mut module_abi::ModuleString {
        name_for_c(self.from.as_deref())
    }

    fn target_for_c(&self) -> *mut module_abi::ModuleString {
        name_for_c(self.to.as_deref())
    }
}

fn name_for_c(name: Option<&ModuleString>) -> *mut module_abi::ModuleString {
    name.map_or(ptr::null_mut(), |name| ptr::from_ref(name).cast_mut().cast())
}

fn at(value: usize) -> *mut c_void {
    ptr::with_exposed_provenance_mut(value)
}

impl DataType {
    /// The type of a value in the keyspace.
    pub(crate) fn of(shared: &ModuleTypeRef) -> Option<&'static Self> {
        shared.as_any().downcast_ref::<Registered>().map(|registered| registered.0)
    }

    fn shared(&'static self) -> ModuleTypeRef {
        self.shared.get_or_init(|| ModuleTypeRef::new(Registered(self))).clone()
    }

    /// Takes a value of this type over.
    pub(crate) fn value(&'static self, value: *mut c_void) -> ModuleValue {
        ModuleValue::new(self.shared(), value.expose_provenance())
    }

    fn unlink(&self, options: &KeyOptions, value: usize) {
        if let Some(unlink) = self.methods.unlink2 {
            // SAFETY: A callback of this type, with a value of this type, which is still whole.
            unsafe { unlink(options.as_c(), at(value)) };
        } else if let Some(unlink) = self.methods.unlink {
            // SAFETY: As above.
            unsafe { unlink(options.source_for_c(), at(value)) };
        }
    }

    /// Allocations that freeing the value takes; 0 asks for a background thread whatever it takes.
    fn free_effort(&self, options: &KeyOptions, value: usize) -> usize {
        if let Some(effort) = self.methods.free_effort2 {
            // SAFETY: A callback of this type, with a value of this type.
            return unsafe { effort(options.as_c(), at(value)) };
        }
        let Some(effort) = self.methods.free_effort else { return 1 };
        // SAFETY: As above.
        unsafe { effort(options.source_for_c(), at(value)) }
    }

    fn copy(&self, options: &KeyOptions, value: usize) -> *mut c_void {
        if let Some(copy) = self.methods.copy2 {
            // SAFETY: A callback of this type, with a value of this type.
            return unsafe { copy(options.as_c(), at(value)) };
        }
        let Some(copy) = self.methods.copy else { return ptr::null_mut() };
        // SAFETY: As above.
        unsafe { copy(options.source_for_c(), options.target_for_c(), at(value)) }
    }

    fn mem_usage(&self, options: &KeyOptions, value: usize, samples: usize) -> usize {
        if let Some(usage) = self.methods.mem_usage2 {
            // SAFETY: A callback of this type, with a value of this type.
            return unsafe { usage(options.as_c(), at(value), samples) };
        }
        let Some(usage) = self.methods.mem_usage else { return 0 };
        // SAFETY: As above.
        unsafe { usage(at(value)) }
    }
}

/// Effort from which on a value is freed in the background, where that is allowed.
const BACKGROUND_EFFORT_MIN: usize = 64;

/// Frees a value that left the keyspace, telling its type first.
pub(crate) fn free_value(
    engine: &mut Engine,
    key: Option<&ByteString>,
    db: usize,
    value: Value,
    lazy: bool,
) {
    let Value::Module(module_value) = &value else { return };
    let Some(kind) = DataType::of(module_value.module_type()) else { return };
    let address = module_value.address();
    let methods = &kind.methods;
    let tells = methods.unlink2.is_some() || methods.unlink.is_some();
    let weighs = lazy && (methods.free_effort2.is_some() || methods.free_effort.is_some());
    // Most values go without a word, and then need no name made for C.
    let effort = if tells || weighs {
        let options = KeyOptions::of(key, db);
        enter(engine, || {
            kind.unlink(&options, address);
            if lazy { kind.free_effort(&options, address) } else { 1 }
        })
    } else {
        1
    };
    if lazy && (effort == 0 || effort > BACKGROUND_EFFORT_MIN) {
        (engine.server.free_in_background)(Box::new(value));
    } else {
        enter(engine, || drop(value));
    }
}

/// Frees a database that was emptied. Modules hear of that by an event, and not value by value.
pub(crate) fn free_flushed(engine: &mut Engine, drained: keyspace::Drained) {
    enter(engine, || drop(drained));
}

/// COPY of a module's value.
pub(crate) fn copy_value(
    engine: &mut Engine,
    value: &ModuleRef,
    from: (&ByteString, usize),
    to: (&ByteString, usize),
) -> Result<ModuleValue, Error> {
    const UNSUPPORTED: Error = Error::text("ERR not supported for this module key");
    let kind = DataType::of(&value.module_type).ok_or(UNSUPPORTED)?;
    if kind.methods.copy.is_none() && kind.methods.copy2.is_none() {
        return Err(UNSUPPORTED);
    }
    let mut options = KeyOptions::of(Some(from.0), from.1);
    options.to = Some(ModuleString::new(to.0.clone()));
    options.to_db = c_int::try_from(to.1).unwrap_or(-1);
    let copy = enter(engine, || kind.copy(&options, value.value));
    if copy.is_null() {
        return Err(Error::text("ERR module key failed to copy"));
    }
    Ok(kind.value(copy))
}

/// Bytes that a module's value holds.
pub(crate) fn memory_usage(
    engine: &mut Engine,
    value: &ModuleRef,
    key: &ByteString,
    db: usize,
    samples: usize,
) -> usize {
    let Some(kind) = DataType::of(&value.module_type) else { return 0 };
    let options = KeyOptions::of(Some(key), db);
    enter(engine, || kind.mem_usage(&options, value.value, samples))
}

api! {
    /// Only while the module is being loaded. NULL for a bad or taken name, a bad version, or methods without version.
    fn CreateDataType(context: &Context, name: Text<'_>, encoding_version: c_int, methods: *mut TypeMethods) -> *const DataType {
        let Some(module) = context.module.get().filter(|module| module.is_loading()) else { return ptr::null() };
        let Some(id) = type_id(name.bytes(), encoding_version) else { return ptr::null() };
        if methods.is_null() {
            return ptr::null();
        }
        // SAFETY: The header's contract for this function's last argument.
        let Some(methods) = (unsafe { read_methods(methods) }) else { return ptr::null() };
        let kind: &'static DataType = Box::leak(Box::new(DataType {
            name: name.to_str().into_owned(),
            id,
            module,
            methods,
            shared: OnceLock::new(),
        }));
        let taken = registry(|registry| match registry.types.entry(id >> ENCODING_VERSION_BITS) {
            std::collections::hash_map::Entry::Occupied(_) => true,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(kind);
                false
            }
        });
        if taken {
            return ptr::null();
        }
        module.state.lock().types.push(kind);
        kind
    }

    /// Frees what the key held before.
    fn ModuleTypeSetValue(key: &OpenKey, kind: *const DataType, value: *mut c_void) -> c_int {
        // SAFETY: A type that CreateDataType gave (rule 1); types are never freed.
        let Some(kind) = (unsafe { kind.as_ref::<'static>() }) else { return ERR };
        if !key.is_writable() {
            return ERR;
        }
        let owned = Value::Module(kind.value(value));
        if with_engine(|engine| engine.put(key.db, &key.name, owned, false)).is_none() {
            return ERR;
        }
        key.now_holds(key_type::MODULE, Some((kind, value.expose_provenance())));
        OK
    }

    /// Puts another value in the place of one of the same type, which it gives back unfreed.
    fn ModuleTypeReplaceValue(key: &OpenKey, kind: *const DataType, value: *mut c_void, old: Option<&mut MaybeUninit<*mut c_void>>) -> c_int {
        if !key.is_writable() {
            return ERR;
        }
        // SAFETY: A type that CreateDataType gave (rule 1); types are never freed.
        let Some(kind) = (unsafe { kind.as_ref::<'static>() }) else { return ERR };
        let replaced = with_engine(|engine| {
            let entry = engine.db_mut(key.db).find_mut(&key.name)?;
            let Value::Module(held) = &mut entry.value else { return None };
            let is_kind = DataType::of(held.module_type()).is_some_and(|held| ptr::eq(held, kind));
            is_kind.then(|| held.replace_address(value.expose_provenance()))
        });
        let Some(replaced) = replaced.flatten() else { return ERR };
        if let Some(old) = old {
            old.write(at(replaced));
        }
        key.now_holds(key_type::MODULE, Some((kind, value.expose_provenance())));
        OK
    }

    /// NULL unless the key holds a module's value.
    fn ModuleTypeGetType(key: Option<&OpenKey>) -> *const DataType {
        key.and_then(OpenKey::module_value).map_or(ptr::null(), |(kind, _)| ptr::from_ref(kind))
    }

    /// NULL unless the key holds a module's value.
    fn ModuleTypeGetValue(key: Option<&OpenKey>) -> *mut c_void {
        key.and_then(OpenKey::module_value).map_or(ptr::null_mut(), |(_, value)| at(value))
    }

    fn GetKeyNameFromOptCtx(options: &KeyOptions) -> *const ModuleString {
        options.from.as_deref().map_or(ptr::null(), ptr::from_ref)
    }

    fn GetToKeyNameFromOptCtx(options: &KeyOptions) -> *const ModuleString {
        options.to.as_deref().map_or(ptr::null(), ptr::from_ref)
    }

    fn GetDbIdFromOptCtx(options: &KeyOptions) -> c_int {
        options.from_db
    }

    fn GetToDbIdFromOptCtx(options: &KeyOptions) -> c_int {
        options.to_db
    }
}

/// Takes the types of a module that is leaving out of the registry; it had no values, or it could not leave.
pub(crate) fn forget_types(
    types: &[&'static DataType],
    known: &mut HashMap<u64, &'static DataType>,
) {
    for kind in types {
        known.remove(&(kind.id >> ENCODING_VERSION_BITS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_as_in_rdb_files() {
        assert_eq!(type_id(b"hellotype", 0), Some(0x85e9_65a2_dca9_7800));
        assert_eq!(type_id(b"ReJSON-RL", 3).map(encoding_version), Some(3));
        assert_eq!(type_id(b"short", 0), None);
        assert_eq!(type_id(b"with blan", 0), None);
        assert_eq!(type_id(b"hellotype", 1024), None);
    }
}
