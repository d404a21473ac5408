//! Values of data types that modules define: an opaque address, and the type that can free it.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// A data type that a module registered. Implemented by the module host; everything but freeing
/// is between the host and the engine, through [`ModuleType::as_any`].
pub trait ModuleType: Send + Sync {
    /// The nine characters that TYPE replies.
    fn name(&self) -> &str;

    /// The name packed six bits a character above ten bits of encoding version, as in RDB files.
    fn id(&self) -> u64;

    /// Frees the value at that address, on whatever thread drops it.
    fn free(&self, value: usize);

    fn as_any(&self) -> &dyn Any;
}

/// A shared [`ModuleType`], one word wide so that an entry stays within a cache line.
#[derive(Clone)]
pub struct ModuleTypeRef(Arc<Box<dyn ModuleType>>);

impl ModuleTypeRef {
    pub fn new(module_type: impl ModuleType + 'static) -> Self {
        Self(Arc::new(Box::new(module_type)))
    }

    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for ModuleTypeRef {
    type Target = dyn ModuleType;

    fn deref(&self) -> &Self::Target {
        &**self.0
    }
}

impl fmt::Debug for ModuleTypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Owns one value of a module's type; dropping it calls the type's `free`.
#[derive(Debug)]
pub struct ModuleValue {
    module_type: ModuleTypeRef,
    /// An address in the module's keeping; nothing here reads behind it.
    value: usize,
}

impl ModuleValue {
    /// What this value takes on the heap outside the module: nothing.
    pub const HEAP_SIZE: usize = 0;

    pub fn new(module_type: ModuleTypeRef, value: usize) -> Self {
        Self { module_type, value }
    }

    pub fn module_type(&self) -> &ModuleTypeRef {
        &self.module_type
    }

    pub fn type_name(&self) -> &str {
        self.module_type.name()
    }

    /// The address that the module gave.
    pub fn address(&self) -> usize {
        self.value
    }

    /// Puts another address in the place of the old one, which is returned unfreed:
    /// `ModuleTypeReplaceValue`.
    #[must_use]
    pub fn replace_address(&mut self, value: usize) -> usize {
        std::mem::replace(&mut self.value, value)
    }

    /// Gives the address up without freeing what is there.
    #[must_use]
    pub fn into_address(mut self) -> usize {
        // What is dropped at the end is of a type that frees nothing.
        self.module_type = GIVEN_UP.clone();
        self.value
    }
}

static GIVEN_UP: LazyLock<ModuleTypeRef> = LazyLock::new(|| ModuleTypeRef::new(GivenUp));

/// The type of a value whose address was given up.
struct GivenUp;

impl ModuleType for GivenUp {
    fn name(&self) -> &str {
        "given--up"
    }

    fn id(&self) -> u64 {
        0
    }

    fn free(&self, _value: usize) {}

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Drop for ModuleValue {
    fn drop(&mut self) {
        self.module_type.free(self.value);
    }
}
