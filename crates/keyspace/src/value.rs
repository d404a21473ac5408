//! What a key can hold.

use std::borrow::Cow;

use byte_string::ByteString;

use crate::hash_value::HashValue;
use crate::list_node::NodeRef;
use crate::list_value::ListValue;
use crate::module_value::ModuleValue;
use crate::set_value::SetValue;
use crate::string_value::{StringValue, parse_integer};
use crate::zset_value::ZsetValue;

/// A value of any type. Streams will be a further variant.
#[derive(Debug)]
pub enum Value {
    String(StringValue),
    List(ListValue),
    Set(SetValue),
    Zset(ZsetValue),
    Hash(HashValue),
    Module(ModuleValue),
}

impl Value {
    /// The string value of `bytes`, as an integer if they are the decimal digits of one.
    pub fn string(bytes: ByteString) -> Self {
        Self::String(StringValue::new(bytes))
    }

    /// As TYPE replies; a module's type replies its own name.
    pub fn type_name(&self) -> &str {
        match self {
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Zset(_) => "zset",
            Self::Hash(_) => "hash",
            Self::Module(value) => value.type_name(),
        }
    }

    /// As OBJECT ENCODING replies.
    pub fn encoding_name(&self) -> &'static str {
        match self {
            Self::String(string) => string.encoding_name(),
            Self::List(list) => list.encoding_name(),
            Self::Set(set) => set.encoding_name(),
            Self::Zset(zset) => zset.encoding_name(),
            Self::Hash(hash) => hash.encoding_name(),
            Self::Module(_) => "raw",
        }
    }

    /// Bytes of heap behind this value; see [`crate::Entry::heap_size`].
    pub fn heap_size(&self, samples: usize) -> usize {
        match self {
            Self::String(string) => string.heap_size(),
            Self::List(list) => list.heap_size(samples),
            Self::Set(set) => set.heap_size(samples),
            Self::Zset(zset) => zset.heap_size(samples),
            Self::Hash(hash) => hash.heap_size(samples),
            Self::Module(_) => ModuleValue::HEAP_SIZE,
        }
    }

    /// The number of allocations that dropping this value frees, roughly: what decides whether
    /// UNLINK hands it to a background thread. A module's own effort is its type's to tell.
    pub fn free_effort(&self) -> usize {
        match self {
            Self::List(list) => list.free_effort(),
            Self::Set(set) => set.free_effort(),
            Self::Zset(zset) => zset.free_effort(),
            Self::Hash(hash) => hash.free_effort(),
            Self::String(_) | Self::Module(_) => 1,
        }
    }

    /// A byte of what lies behind the value, or 0: for [`crate::Database::warm`].
    pub(crate) fn first_byte(&self) -> u8 {
        match self {
            Self::String(string) => match string.element() {
                Element::Bytes(bytes) => bytes.first().copied().unwrap_or(0),
                Element::Shared(string) => string.first().copied().unwrap_or(0),
                Element::Integer(_) => 0,
            },
            Self::Hash(hash) => hash.as_listpack().map_or(0, |listpack| listpack.as_bytes()[0]),
            Self::List(list) => match list.nodes().next() {
                Some(NodeRef::Packed(listpack)) => listpack.as_bytes()[0],
                Some(NodeRef::Plain(_)) | None => 0,
            },
            Self::Set(set) => set.first_byte(),
            Self::Zset(zset) => zset.as_listpack().map_or(0, |listpack| listpack.as_bytes()[0]),
            Self::Module(_) => 0,
        }
    }

    /// A copy that shares what cannot change, as COPY makes it. `None` for a module's value,
    /// which only its module can copy.
    pub fn try_clone(&self) -> Option<Self> {
        match self {
            Self::String(string) => Some(Self::String(string.clone())),
            Self::List(list) => Some(Self::List(list.clone())),
            Self::Set(set) => Some(Self::Set(set.clone())),
            Self::Zset(zset) => Some(Self::Zset(zset.clone())),
            Self::Hash(hash) => Some(Self::Hash(hash.clone())),
            Self::Module(_) => None,
        }
    }
}

/// One element of a value (a field, a member): bytes, or an integer that compact encodings keep
/// as such.
#[derive(Clone, Copy, Debug)]
pub enum Element<'a> {
    Bytes(&'a [u8]),
    /// Bytes that are counted, so that they can be passed on without copying.
    Shared(&'a ByteString),
    Integer(i64),
}

impl<'a> Element<'a> {
    /// The bytes; `digits` is where those of an integer are written.
    #[inline]
    pub fn as_bytes<'b>(&self, digits: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match *self {
            Self::Bytes(bytes) => bytes,
            Self::Shared(string) => string.as_bytes(),
            Self::Integer(number) => digits.format(number).as_bytes(),
        }
    }

    pub fn to_cow(&self) -> Cow<'a, [u8]> {
        match *self {
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
            Self::Shared(string) => Cow::Borrowed(string.as_bytes()),
            Self::Integer(number) => {
                Cow::Owned(itoa::Buffer::new().format(number).as_bytes().to_vec())
            }
        }
    }

    pub fn to_byte_string(&self) -> ByteString {
        match *self {
            Self::Bytes(bytes) => ByteString::from(bytes),
            Self::Shared(string) => string.clone(),
            Self::Integer(number) => ByteString::from_i64(number),
        }
    }

    /// Length in bytes, of an integer that of its digits.
    pub fn len(&self) -> usize {
        self.as_bytes(&mut itoa::Buffer::new()).len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is these bytes, which spell `number` if any.
    #[inline]
    pub(crate) fn is(&self, bytes: &[u8], number: Option<i64>) -> bool {
        match *self {
            Self::Integer(integer) => Some(integer) == number,
            Self::Bytes(own) => own == bytes,
            Self::Shared(string) => string.as_bytes() == bytes,
        }
    }

    /// The integer that the bytes spell, if they spell one exactly.
    pub fn to_integer(&self) -> Option<i64> {
        match *self {
            Self::Bytes(bytes) => parse_integer(bytes),
            Self::Shared(string) => parse_integer(string),
            Self::Integer(number) => Some(number),
        }
    }
}

impl PartialEq<[u8]> for Element<'_> {
    fn eq(&self, other: &[u8]) -> bool {
        self.as_bytes(&mut itoa::Buffer::new()) == other
    }
}
