//! Hash values: a listpack while small, a table of fields once large.

use std::fmt;

use byte_string::ByteString;

use crate::heap::allocated;
use crate::key_hash::hash_of;
use crate::listpack::{Listpack, Pairs};
use crate::stored_bytes::StoredBytes;
use crate::table::{Hashed, Iter, Table, low_hash};
use crate::value::Element;

/// Up to where a hash stays compact.
#[derive(Clone, Copy, Debug)]
pub struct HashLimits {
    /// `hash-max-listpack-entries`
    pub entries: usize,
    /// `hash-max-listpack-value`: bytes of a field's name and of its value.
    pub value_len: usize,
}

/// Whatever the limits say, longer bytes are never kept compact: versions of the listpack format
/// disagree about how some longer elements end.
const COMPACT_LEN_MAX: usize = 8 * 1024;

impl HashLimits {
    fn allows(self, name_len: usize, value_len: usize) -> bool {
        name_len.max(value_len) <= self.value_len.min(COMPACT_LEN_MAX)
    }
}

impl Default for HashLimits {
    fn default() -> Self {
        Self { entries: 512, value_len: 64 }
    }
}

/// The value of a hash key.
#[derive(Clone)]
pub struct HashValue(Repr);

enum Repr {
    Listpack(Listpack),
    Table(Box<Table<Box<Field>>>),
}

/// 48 bytes, and nothing else on the heap if both are short. The hash is not kept: it is only
/// needed when the field's bucket is split, and takes less than the 16 bytes' worth of memory.
#[derive(Clone)]
struct Field {
    name: StoredBytes,
    value: StoredBytes,
}

impl Hashed for Box<Field> {
    #[inline]
    fn low_hash(&self) -> u32 {
        low_hash(hash_of(self.name.as_bytes()))
    }
}

impl Clone for Repr {
    fn clone(&self) -> Self {
        match self {
            Self::Listpack(listpack) => Self::Listpack(listpack.clone()),
            Self::Table(table) => {
                let mut copy = Box::new(Table::default());
                for field in table.iter() {
                    copy.insert_new(hash_of(field.name.as_bytes()), field.clone());
                }
                Self::Table(copy)
            }
        }
    }
}

impl Default for HashValue {
    fn default() -> Self {
        Self::new()
    }
}

impl HashValue {
    /// With no fields.
    pub fn new() -> Self {
        Self(Repr::Listpack(Listpack::new()))
    }

    /// The hash whose names and values alternate in `listpack`, compact or not as `limits` say.
    /// `None` if a name has no value, or is there twice.
    pub fn from_listpack(listpack: Listpack, limits: HashLimits) -> Option<Self> {
        let elements = listpack.len();
        if !elements.is_multiple_of(2) {
            return None;
        }
        let mut hash = Self(Repr::Listpack(listpack));
        let is_small = hash.len() <= limits.entries
            && hash.iter().all(|(name, value)| limits.allows(name.len(), value.len()));
        if is_small {
            let Repr::Listpack(listpack) = &hash.0 else { return None };
            let mut names: Vec<_> = listpack.pairs().map(|((name, _), _)| name.to_cow()).collect();
            names.sort_unstable();
            return names.is_sorted_by(|a, b| a < b).then_some(hash);
        }
        hash.make_table();
        (hash.len() * 2 == elements).then_some(hash)
    }

    /// The listpack of a compact hash.
    pub fn as_listpack(&self) -> Option<&Listpack> {
        match &self.0 {
            Repr::Listpack(listpack) => Some(listpack),
            Repr::Table(_) => None,
        }
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Listpack(listpack) => listpack.len() / 2,
            Repr::Table(table) => table.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of the field `name`.
    pub fn get(&self, name: &[u8]) -> Option<Element<'_>> {
        match &self.0 {
            Repr::Listpack(listpack) => listpack.find_pair(name).map(|(_, (value, _))| value),
            Repr::Table(table) => find(table, name).map(|field| field.value.element()),
        }
    }

    pub fn contains(&self, name: &[u8]) -> bool {
        self.get(name).is_some()
    }

    /// Sets the field `name` to `value`; tells whether it is new.
    pub fn set(&mut self, name: &ByteString, value: &ByteString, limits: HashLimits) -> bool {
        if let Repr::Listpack(listpack) = &mut self.0 {
            if !limits.allows(name.len(), value.len()) {
                self.make_table();
            } else if let Some((_, (_, range))) = listpack.find_pair(name) {
                listpack.splice(range, &[value], 1);
                return false;
            } else if listpack.len() / 2 < limits.entries {
                let end = listpack.end();
                listpack.splice(end..end, &[name, value], 0);
                return true;
            } else {
                self.make_table();
            }
        }
        match &mut self.0 {
            Repr::Table(table) => set(table, name, StoredBytes::value(value.clone())),
            Repr::Listpack(_) => unreachable!("made a table above"),
        }
    }

    /// Takes the field `name` out; tells whether it was there.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        match &mut self.0 {
            Repr::Listpack(listpack) => {
                let Some(((_, name), (_, value))) = listpack.find_pair(name) else { return false };
                listpack.splice(name.start..value.end, &[], 2);
                true
            }
            Repr::Table(table) => {
                table.remove(hash_of(name), |field| field.name.as_bytes() == name).is_some()
            }
        }
    }

    /// Names and values; in a compact hash in the order they were added.
    pub fn iter(&self) -> HashIter<'_> {
        match &self.0 {
            Repr::Listpack(listpack) => HashIter(FieldIter::Listpack(listpack.pairs())),
            Repr::Table(table) => HashIter(FieldIter::Table(table.iter())),
        }
    }

    /// A field at random, each with the same probability.
    pub fn random(&self, rng: &mut fastrand::Rng) -> Option<(Element<'_>, Element<'_>)> {
        match &self.0 {
            Repr::Listpack(_) => {
                let len = self.len();
                if len == 0 { None } else { self.iter().nth(rng.usize(..len)) }
            }
            Repr::Table(table) => table.random(rng).map(|field| pair(field)),
        }
    }

    /// One step of HSCAN, as [`crate::Database::scan`]; a compact hash is one step.
    pub fn scan<'a>(&'a self, cursor: u64, mut visit: impl FnMut(Element<'a>, Element<'a>)) -> u64 {
        match &self.0 {
            Repr::Listpack(_) => {
                self.iter().for_each(|(name, value)| visit(name, value));
                0
            }
            Repr::Table(table) => table.scan(cursor, |field| {
                let (name, value) = pair(field);
                visit(name, value);
            }),
        }
    }

    /// As OBJECT ENCODING names it.
    pub fn encoding_name(&self) -> &'static str {
        match &self.0 {
            Repr::Listpack(_) => "listpack",
            Repr::Table(_) => "hashtable",
        }
    }

    /// Bytes of heap; of a table, reckoned from `samples` fields, from all if it is 0.
    pub fn heap_size(&self, samples: usize) -> usize {
        match &self.0 {
            Repr::Listpack(listpack) => allocated(listpack.as_bytes().len()),
            Repr::Table(table) => {
                let sampled = if samples == 0 { table.len() } else { samples.min(table.len()) };
                let fields: usize = table.iter().take(sampled).map(|field| field.heap_size()).sum();
                let fields = fields as f64 / sampled.max(1) as f64 * table.len() as f64;
                size_of::<Table<Box<Field>>>() + table.heap_size() + fields as usize
            }
        }
    }

    /// See [`crate::Value::free_effort`].
    pub fn free_effort(&self) -> usize {
        match &self.0 {
            Repr::Listpack(_) => 1,
            Repr::Table(table) => table.len(),
        }
    }

    fn make_table(&mut self) {
        let Repr::Listpack(listpack) = &self.0 else { return };
        let mut table = Box::new(Table::default());
        for ((name, _), (value, _)) in listpack.pairs() {
            let (mut of_name, mut of_value) = (itoa::Buffer::new(), itoa::Buffer::new());
            let value = StoredBytes::name(value.as_bytes(&mut of_value));
            set(&mut table, name.as_bytes(&mut of_name), value);
        }
        self.0 = Repr::Table(table);
    }
}

impl fmt::Debug for HashValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Names and values of a hash.
pub struct HashIter<'a>(FieldIter<'a>);

enum FieldIter<'a> {
    Listpack(Pairs<'a>),
    Table(Iter<'a, Box<Field>>),
}

impl<'a> Iterator for HashIter<'a> {
    type Item = (Element<'a>, Element<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            FieldIter::Listpack(pairs) => pairs.next().map(|((name, _), (value, _))| (name, value)),
            FieldIter::Table(fields) => fields.next().map(|field| pair(field)),
        }
    }
}

impl Field {
    fn heap_size(&self) -> usize {
        size_of::<Self>() + self.name.heap_size() + self.value.heap_size()
    }
}

fn pair(field: &Field) -> (Element<'_>, Element<'_>) {
    (field.name.element(), field.value.element())
}

fn find<'a>(table: &'a Table<Box<Field>>, name: &[u8]) -> Option<&'a Field> {
    table.find(hash_of(name), |field| field.name.as_bytes() == name).map(|field| &**field)
}

fn set(table: &mut Table<Box<Field>>, name: &[u8], value: StoredBytes) -> bool {
    let hash = hash_of(name);
    if let Some(field) = table.find_mut(hash, |field| field.name.as_bytes() == name) {
        field.value = value;
        return false;
    }
    table.insert_new(hash, Box::new(Field { name: StoredBytes::name(name), value }));
    true
}
