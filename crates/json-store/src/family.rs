//! Families of documents: those of one database whose keys have one pattern, and which therefore
//! most likely have one shape. A dictionary serves a family.
//!
//! # The pattern of a key
//!
//! A key's parts between colons are taken as they are, except that every part with a digit in it
//! becomes `*`; when there is none, the last part does. So `profile:817` and `profile:ada` are of the
//! family `profile:*`, `user:817:cart` of `user:*:cart`, and keys without a colon are all of `*`.
//! Dictionaries are not shared between databases: from how well a document packs, one tenant could
//! else guess at another's.
//!
//! # Entries
//!
//! A document names its family by an *entry* of ten bits. A family has one entry for documents
//! without a dictionary, and one for each version of its dictionary; entry 0 is of no family. What
//! was tried with a version is counted with its entry, whether or not it gained, so that the number
//! of documents of an entry says when nothing refers to that version any more.
//!
//! ```text
//!               enough documents              trial: clear gain
//!   no dictionary ------------> collecting ------------------------> version n
//!         ^                       |    ^                              |     |
//!         +-----------------------+    +--- ratio drifts, or it has --+     | version n + 1, and
//!           no gain: again when             grown eightfold                 v nothing refers to n
//!           there are twice as many                                      retired
//! ```

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, LazyLock};

use foldhash::fast::RandomState;
use parking_lot::{Mutex, MutexGuard};

use crate::accounts::{ACCOUNTS, ENTRIES, add};
use crate::codec::Dictionary;
use crate::settings::Settings;
use crate::slot::{ENTRIES_MAX, Small};
use crate::small;
use crate::trainer::{Order, Trained};

/// Where a document is.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    pub database: i32,
    pub key: &'a [u8],
}

impl Home<'_> {
    /// Of no family.
    pub const NONE: Home<'static> = Home { database: -1, key: b"" };
}

/// What happened to a dictionary, to be logged and told to replicas.
#[derive(Debug, Clone)]
pub enum News {
    Adopted(DictionaryRecord),
    /// The dictionary of that id is not needed any more.
    Retired(u32),
}

/// A dictionary as it is saved and replicated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DictionaryRecord {
    pub database: i32,
    /// The pattern of the family's keys.
    pub pattern: Vec<u8>,
    pub version: u32,
    pub id: u32,
    pub bytes: Vec<u8>,
}

impl DictionaryRecord {
    pub fn new(database: i32, pattern: &[u8], version: u32, bytes: &[u8]) -> DictionaryRecord {
        DictionaryRecord {
            database,
            pattern: pattern.to_vec(),
            version,
            id: Dictionary::id_of(bytes),
            bytes: bytes.to_vec(),
        }
    }
}

/// All dictionaries together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DictionaryTotals {
    pub count: u64,
    /// What they take in memory, digests included.
    pub held_bytes: u64,
    /// Documents that were packed with one, or tried to be.
    pub documents: u64,
    pub raw_bytes: u64,
    pub stored_bytes: u64,
}

/// A dictionary and what it does, for those who look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DictionaryFigures {
    pub database: i32,
    pub pattern: Vec<u8>,
    pub version: u32,
    pub id: u32,
    /// Whether new documents are packed with it.
    pub is_current: bool,
    /// Length of the dictionary.
    pub len: usize,
    /// What it takes in memory, digests included.
    pub held_bytes: usize,
    pub documents: u64,
    pub raw_bytes: u64,
    pub stored_bytes: u64,
}

/// Families that are tracked; documents of any more are of none.
const FAMILIES_MAX: usize = 512;
/// Bytes of a key that its pattern is made of.
const KEY_LEN_MAX: usize = 256;
/// Documents longer than this on average do without dictionaries.
const RAW_LEN_MEAN_MAX: u64 = 16 << 10;
/// Families that collect samples at a time.
const COLLECTING_MAX: usize = 2;
/// Packed documents over which the ratio is watched.
const WATCHED: u64 = 4096;
/// A dictionary is trained anew when the ratio is worse by a quarter than in its trial.
const DRIFT_PERCENT: u64 = 125;
/// Or when there are this many times the documents there were, and it could be longer.
const GROWTH: u64 = 8;
/// A dictionary without documents is kept this long: they may be loaded again.
const EMPTY_MS: u64 = 600_000;
/// A digest for packing that was not used for this long is let go.
const REST_MS: u64 = 5_000;

pub(crate) struct Families {
    names: HashMap<Box<[u8]>, usize, RandomState>,
    /// By number; vacant where a family was.
    families: Vec<Option<Family>>,
    entries: Vec<Option<Entry>>,
    /// The name that is looked up, kept for its memory.
    name: Vec<u8>,
    next_serial: u64,
    pub(crate) news: Vec<News>,
    /// There is something for which to look at all documents.
    pub(crate) pass_wanted: bool,
    /// Documents may be to come that need any dictionary.
    pub(crate) is_loading: bool,
}

struct Entry {
    family: usize,
    dictionary: Option<Arc<Dictionary>>,
    version: u32,
}

struct Family {
    /// The database, little endian, and the pattern.
    name: Box<[u8]>,
    /// Tells this family from one that had its number before.
    serial: u64,
    /// The entry without a dictionary.
    base: usize,
    /// The entry that new documents get.
    current: usize,
    /// Entries with a dictionary, the oldest first.
    versions: Vec<usize>,
    version: u32,
    state: State,
    /// Documents needed before training is tried again.
    retry_documents: u64,
    /// Documents there were when the current dictionary was adopted.
    adopted_documents: u64,
    /// Of the current dictionary's trial: bytes packed over bytes raw, per mille.
    trial_permille: u64,
    watched: u64,
    watched_raw: u64,
    watched_packed: u64,
    /// The ratio it has drifted to, per mille.
    drifted_permille: Option<u64>,
    used_ms: u64,
    empty_since_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// Samples go to the worker: so many are still wanted, of so many bytes at most.
    Collecting {
        order: Order,
        sent: usize,
        sent_bytes: usize,
    },
    /// The worker has all it needs.
    Training,
}

/// How a document is to be packed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// The entry it gets when it is small.
    pub(crate) entry: usize,
    /// The entry it gets when it is long, and has no use for a dictionary.
    pub(crate) base: usize,
    pub(crate) dictionary: Option<Arc<Dictionary>>,
}

static FAMILIES: LazyLock<Mutex<Families>> = LazyLock::new(|| {
    Mutex::new(Families {
        names: HashMap::default(),
        families: Vec::new(),
        // Entry 0 is of no family.
        entries: vec![None],
        name: Vec::new(),
        next_serial: 1,
        news: Vec::new(),
        pass_wanted: false,
        is_loading: false,
    })
});

/// For the holder of the host's lock.
pub(crate) fn families() -> MutexGuard<'static, Families> {
    FAMILIES.lock()
}

/// The dictionary that documents of the entry are packed with.
pub(crate) fn dictionary_of(entry: usize) -> Option<Arc<Dictionary>> {
    if entry == 0 { None } else { families().dictionary(entry) }
}

/// Adds the pattern of `key` to `name`.
fn add_pattern(key: &[u8], name: &mut Vec<u8>) {
    let key = &key[..key.len().min(KEY_LEN_MAX)];
    let has_digits = |part: &[u8]| part.iter().any(u8::is_ascii_digit);
    let any_digits = has_digits(key);
    let mut parts = key.split(|&byte| byte == b':').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        if has_digits(part) || (is_last && !any_digits) {
            name.push(b'*');
        } else {
            name.extend_from_slice(part);
        }
        if !is_last {
            name.push(b':');
        }
    }
}

impl Families {
    /// The entry of a new document's family, without a dictionary: what is not packed has none.
    pub(crate) fn entry_of(&mut self, home: Home<'_>) -> usize {
        if home.database < 0 {
            return 0;
        }
        let mut name = std::mem::take(&mut self.name);
        name.clear();
        name.extend_from_slice(&home.database.to_le_bytes());
        add_pattern(home.key, &mut name);
        let number = match self.names.get(&name[..]) {
            Some(&number) => Some(number),
            None => self.found(&name, false),
        };
        self.name = name;
        number.and_then(|number| self.families[number].as_ref()).map_or(0, |family| family.base)
    }

    /// A family of that name, in place of an empty one if there are too many; `None` if there is
    /// no room. One whose dictionary is needed for documents to be loaded may be one too many.
    fn found(&mut self, name: &[u8], is_needed: bool) -> Option<usize> {
        let is_full = self.names.len() >= FAMILIES_MAX;
        let abandoned = if is_full { self.abandon_one() } else { None };
        if is_full && abandoned.is_none() && !is_needed {
            return None;
        }
        let vacant = || self.families.iter().position(Option::is_none);
        let number = abandoned.or_else(vacant).unwrap_or_else(|| {
            self.families.push(None);
            self.families.len() - 1
        });
        let base = self.new_entry(Entry { family: number, dictionary: None, version: 0 })?;
        let serial = self.next_serial;
        self.next_serial += 1;
        self.names.insert(name.into(), number);
        self.families[number] = Some(Family {
            name: name.into(),
            serial,
            base,
            current: base,
            versions: Vec::new(),
            version: 0,
            state: State::Idle,
            retry_documents: 0,
            adopted_documents: 0,
            trial_permille: 0,
            watched: 0,
            watched_raw: 0,
            watched_packed: 0,
            drifted_permille: None,
            used_ms: 0,
            empty_since_ms: None,
        });
        Some(number)
    }

    fn new_entry(&mut self, entry: Entry) -> Option<usize> {
        let free = self.entries.iter().skip(1).position(Option::is_none).map(|at| at + 1);
        let number = match free {
            Some(number) => number,
            None if self.entries.len() < ENTRIES_MAX => {
                self.entries.push(None);
                self.entries.len() - 1
            }
            None => return None,
        };
        self.entries[number] = Some(entry);
        Some(number)
    }

    /// Forgets a family that has neither documents nor dictionaries.
    fn abandon_one(&mut self) -> Option<usize> {
        let number = self.families.iter().position(|family| {
            family.as_ref().is_some_and(|family| {
                family.versions.is_empty()
                    && family.state == State::Idle
                    && documents_of(family.base) == 0
            })
        })?;
        let family = self.families[number].take()?;
        self.names.remove(&family.name);
        self.entries[family.base] = None;
        Some(number)
    }

    pub(crate) fn dictionary(&self, entry: usize) -> Option<Arc<Dictionary>> {
        self.entries.get(entry)?.as_ref()?.dictionary.clone()
    }

    fn family_of(&mut self, entry: usize) -> Option<&mut Family> {
        let number = self.entries.get(entry)?.as_ref()?.family;
        self.families.get_mut(number)?.as_mut()
    }

    /// The entry of the same family without a dictionary.
    pub(crate) fn base_of(&mut self, entry: usize) -> usize {
        self.family_of(entry).map_or(0, |family| family.base)
    }

    /// How a document of that entry is to be packed now.
    pub(crate) fn plan(&mut self, entry: usize, settings: &Settings, now_ms: u64) -> Plan {
        let Some(family) = self.family_of(entry) else {
            return Plan::default();
        };
        family.used_ms = now_ms;
        let base = family.base;
        let entry = if settings.dictionaries { family.current } else { base };
        Plan { entry, base, dictionary: self.dictionary(entry) }
    }

    /// Whether a small document of that entry is to be packed again: its family has another
    /// dictionary.
    pub(crate) fn is_stale(&mut self, entry: usize, raw_len: usize) -> bool {
        (small::RAW_LEN_MIN_WITH_DICTIONARY..=Small::BLOCK_LEN_MAX).contains(&raw_len)
            && self.family_of(entry).is_some_and(|family| family.current != entry)
    }

    /// The order that a document of `raw_len` bytes is to be a sample for.
    pub(crate) fn sample(&mut self, entry: usize, raw_len: usize) -> Option<Order> {
        let family = self.family_of(entry)?;
        let State::Collecting { order, sent, sent_bytes } = &mut family.state else { return None };
        let order = *order;
        *sent += 1;
        *sent_bytes += raw_len;
        if order.is_met(*sent, *sent_bytes) {
            family.state = State::Training;
        }
        Some(order)
    }

    /// Counts a packed document for the ratio's watch. One whose family got another dictionary while
    /// it was being packed is to be packed once more.
    pub(crate) fn note_packed(&mut self, entry: usize, small: &Small) {
        self.pass_wanted |= self.is_stale(entry, small.raw_len);
        let Some(family) = self.family_of(entry) else { return };
        if family.current != entry || family.versions.is_empty() {
            return;
        }
        family.watched += 1;
        family.watched_raw += small.raw_len as u64;
        family.watched_packed += small.block.len() as u64;
        if family.watched >= WATCHED {
            let permille = family.watched_packed * 1000 / family.watched_raw.max(1);
            let has_drifted = permille * 100 > family.trial_permille * DRIFT_PERCENT;
            family.drifted_permille = has_drifted.then_some(permille);
            (family.watched, family.watched_raw, family.watched_packed) = (0, 0, 0);
        }
    }

    /// As [`Families::note_packed`], for a document that gained nothing.
    pub(crate) fn note_refused(&mut self, entry: usize, raw_len: usize) {
        self.pass_wanted |= self.is_stale(entry, raw_len);
    }

    /// Dictionaries held, and what they take.
    pub(crate) fn totals(&self) -> (usize, usize) {
        let dictionaries =
            self.entries.iter().flatten().filter_map(|entry| entry.dictionary.as_ref());
        dictionaries.fold((0, 0), |(n, bytes), dictionary| (n + 1, bytes + dictionary.held_bytes()))
    }

    /// To be called about once a second: starts collecting where it may pay, and retires what
    /// nothing refers to.
    pub(crate) fn review(&mut self, settings: &Settings, may_train: bool, now_ms: u64) {
        let (held, held_bytes) = self.totals();
        let has_room = held < settings.dictionaries_max
            && (held_bytes as u64) < settings.dictionary_memory_max;
        let is_collecting = |family: &Family| family.state != State::Idle;
        let mut collecting =
            self.families.iter().flatten().filter(|family| is_collecting(family)).count();
        for number in 0..self.families.len() {
            self.retire_unused(number, now_ms);
            let Some(family) = &mut self.families[number] else { continue };
            let documents = family.documents();
            if may_train
                && settings.dictionaries
                && has_room
                && collecting < COLLECTING_MAX
                && family.state == State::Idle
                && let Some(order) = family.wants(number, documents, settings)
            {
                collecting += 1;
                family.state = State::Collecting { order, sent: 0, sent_bytes: 0 };
            }
            self.pass_wanted |= matches!(family.state, State::Collecting { .. });
        }
    }

    /// Retires the versions of a family that no document refers to, the current one only when the
    /// family has been empty for long; lets digests go that are not in use.
    fn retire_unused(&mut self, number: usize, now_ms: u64) {
        let Some(family) = &mut self.families[number] else { return };
        if self.is_loading {
            return;
        }
        let is_empty = family.documents() == 0;
        let since_ms = is_empty.then(|| family.empty_since_ms.unwrap_or(now_ms));
        family.empty_since_ms = since_ms;
        let is_abandoned =
            since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) > EMPTY_MS);
        if is_abandoned {
            family.current = family.base;
        }
        let current = family.current;
        let rests = now_ms.saturating_sub(family.used_ms) > REST_MS;
        let mut gone = Vec::new();
        family.versions.retain(|&entry| {
            let is_needed = entry == current || documents_of(entry) > 0;
            if !is_needed {
                gone.push(entry);
            }
            is_needed
        });
        for entry in gone {
            if let Some(dictionary) = self.entries[entry].take().and_then(|entry| entry.dictionary)
            {
                add(&ACCOUNTS.dictionaries_retired, 1);
                self.news.push(News::Retired(dictionary.id()));
            }
        }
        if rests && let Some(dictionary) = self.dictionary(current) {
            dictionary.rest();
        }
    }

    /// What came of training: the dictionary is adopted if that saves clearly more than it takes.
    pub(crate) fn judge(&mut self, trained: Trained, settings: &Settings) {
        let Some(family) = self.families.get_mut(trained.order.family).and_then(Option::as_mut)
        else {
            return;
        };
        if family.serial != trained.order.serial {
            return;
        }
        family.state = State::Idle;
        // If nothing better is found, this is how well the documents pack now.
        if let Some(permille) = family.drifted_permille.take() {
            family.trial_permille = permille;
        }
        let documents = family.documents();
        family.retry_documents = documents.saturating_mul(2).max(1);
        add(&ACCOUNTS.dictionaries_trained, usize::from(!trained.candidates.is_empty()));
        let best = trained.candidates.into_iter().max_by_key(|tried| tried.net_gain(documents));
        let gain_min = i128::from(settings.dictionary_gain_min_percent);
        match best {
            Some(best)
                if settings.dictionaries
                    && best.net_gain(documents) > 0
                    && best.net_gain(documents) * 100 >= gain_min * best.held_before(documents) =>
            {
                let permille = best.trial.packed * 1000 / best.trial.raw.max(1);
                self.adopt(trained.order.family, best.dictionary, permille, None);
            }
            _ => add(&ACCOUNTS.dictionaries_refused, 1),
        }
    }

    /// Makes the dictionary the family's current one. A dictionary from elsewhere has a version.
    fn adopt(
        &mut self,
        number: usize,
        dictionary: Dictionary,
        trial_permille: u64,
        version: Option<u32>,
    ) -> Option<usize> {
        let next = self.families[number].as_ref()?.version + 1;
        let version = version.unwrap_or(next);
        let id = dictionary.id();
        let bytes = dictionary.bytes().to_vec();
        let dictionary = Some(Arc::new(dictionary));
        let entry = self.new_entry(Entry { family: number, dictionary, version })?;
        let family = self.families[number].as_mut()?;
        family.versions.push(entry);
        family.version = version;
        family.current = entry;
        family.trial_permille = trial_permille;
        family.adopted_documents = family.documents();
        (family.watched, family.watched_raw, family.watched_packed) = (0, 0, 0);
        self.pass_wanted = true;
        add(&ACCOUNTS.dictionaries_adopted, 1);
        let (database, pattern) = split_name(&family.name);
        let pattern = pattern.to_vec();
        self.news.push(News::Adopted(DictionaryRecord { database, pattern, version, id, bytes }));
        Some(entry)
    }

    /// Takes a dictionary from a file or from the primary. `false` if there is no room for it, or it
    /// is none.
    pub(crate) fn take_in(&mut self, record: &DictionaryRecord, level: i32) -> bool {
        let id = Dictionary::id_of(&record.bytes);
        if id != record.id || record.database < 0 || record.pattern.len() > 2 * KEY_LEN_MAX {
            return false;
        }
        let name = [&record.database.to_le_bytes(), &record.pattern[..]].concat();
        let number = match self.names.get(&name[..]) {
            Some(&number) => Some(number),
            None => self.found(&name, true),
        };
        let Some(number) = number else { return false };
        let has = |entry: &&usize| {
            self.dictionary(**entry).is_some_and(|dictionary| dictionary.id() == id)
        };
        let known =
            self.families[number].as_ref().and_then(|family| family.versions.iter().find(has));
        if known.is_some() {
            return true;
        }
        let Some(dictionary) = Dictionary::new(record.bytes.as_slice().into(), level) else {
            return false;
        };
        let news = self.news.len();
        // The ratio of its trial stays with the primary, which alone trains.
        let entry = self.adopt(number, dictionary, 1000, Some(record.version));
        self.news.truncate(news);
        entry.is_some()
    }

    /// The entry of the dictionary of that id.
    pub(crate) fn entry_of_dictionary(&self, id: u32) -> Option<usize> {
        self.entries.iter().position(|entry| {
            entry
                .as_ref()
                .and_then(|entry| entry.dictionary.as_ref())
                .is_some_and(|dictionary| dictionary.id() == id)
        })
    }

    /// All dictionaries, as they are saved: those that documents refer to, and the current ones.
    pub(crate) fn records(&self) -> Vec<DictionaryRecord> {
        self.each(|family, entry, dictionary| {
            let (database, pattern) = split_name(&family.name);
            DictionaryRecord {
                database,
                pattern: pattern.to_vec(),
                version: entry.version,
                id: dictionary.id(),
                bytes: dictionary.bytes().to_vec(),
            }
        })
    }

    pub(crate) fn dictionary_totals(&self) -> DictionaryTotals {
        let mut totals = DictionaryTotals::default();
        for figures in self.figures() {
            totals.count += 1;
            totals.held_bytes += figures.held_bytes as u64;
            totals.documents += figures.documents;
            totals.raw_bytes += figures.raw_bytes;
            totals.stored_bytes += figures.stored_bytes;
        }
        totals
    }

    pub(crate) fn figures(&self) -> Vec<DictionaryFigures> {
        let mut figures = Vec::new();
        for family in self.families.iter().flatten() {
            for &number in &family.versions {
                let Some(Entry { dictionary: Some(dictionary), version, .. }) =
                    &self.entries[number]
                else {
                    continue;
                };
                let (database, pattern) = split_name(&family.name);
                figures.push(DictionaryFigures {
                    database,
                    pattern: pattern.to_vec(),
                    version: *version,
                    id: dictionary.id(),
                    is_current: family.current == number,
                    len: dictionary.bytes().len(),
                    held_bytes: dictionary.held_bytes(),
                    documents: documents_of(number),
                    raw_bytes: ENTRIES[number].raw_bytes.load(Relaxed),
                    stored_bytes: ENTRIES[number].stored_bytes.load(Relaxed),
                });
            }
        }
        figures
    }

    fn each<T>(&self, make: impl Fn(&Family, &Entry, &Dictionary) -> T) -> Vec<T> {
        let families = self.families.iter().flatten();
        families
            .flat_map(|family| {
                let entries = family.versions.iter().filter_map(|&n| self.entries[n].as_ref());
                entries.filter_map(|entry| {
                    let dictionary = entry.dictionary.as_ref()?;
                    Some(make(family, entry, dictionary))
                })
            })
            .collect()
    }
}

impl Family {
    fn entries(&self) -> impl Iterator<Item = usize> {
        self.versions.iter().copied().chain([self.base])
    }

    fn documents(&self) -> u64 {
        self.entries().map(documents_of).sum()
    }

    /// The samples to collect, if a new dictionary may pay.
    fn wants(&self, number: usize, documents: u64, settings: &Settings) -> Option<Order> {
        let raw_bytes: u64 =
            self.entries().map(|entry| ENTRIES[entry].raw_bytes.load(Relaxed)).sum();
        let mean = raw_bytes / documents.max(1);
        let samples_min = settings.dictionary_samples_min as u64;
        let has_none = self.current == self.base;
        let has_grown = documents >= self.adopted_documents.saturating_mul(GROWTH);
        let has_changed = (has_none || has_grown) && documents >= self.retry_documents;
        if !(has_changed || self.drifted_permille.is_some())
            || documents < samples_min
            || mean > RAW_LEN_MEAN_MAX
            || mean == 0
        {
            return None;
        }
        Some(Order::new(number, self.serial, mean, documents, settings))
    }
}

fn documents_of(entry: usize) -> u64 {
    ENTRIES[entry].documents.load(Relaxed)
}

fn split_name(name: &[u8]) -> (i32, &[u8]) {
    match name.split_first_chunk::<4>() {
        Some((database, pattern)) => (i32::from_le_bytes(*database), pattern),
        None => (-1, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_what_the_documentation_says() {
        let cases = [
            ("profile:817", "profile:*"),
            ("profile:ada", "profile:*"),
            ("user:817:cart", "user:*:cart"),
            ("a:b:c", "a:b:*"),
            ("{user:817}:cart", "{user:*:cart"),
            ("doc", "*"),
            ("doc1", "*"),
            ("v2:user:ada", "*:user:ada"),
            ("", "*"),
            ("x:", "x:*"),
        ];
        for (key, wanted) in cases {
            let mut name = Vec::new();
            add_pattern(key.as_bytes(), &mut name);
            assert_eq!(String::from_utf8(name).unwrap(), wanted, "{key}");
        }
    }
}
