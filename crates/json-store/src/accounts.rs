//! What is held in which form, kept exact by [`crate::Stored`] at every change of form.
//!
//! The counters are process-wide because documents are: one of them may be dropped by a thread
//! that has no way to a [`crate::Store`].

use crate::slot::ENTRIES_MAX;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// One set of counters. All bytes are lengths of contents, without allocator rounding.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    pub(crate) documents: AtomicU64,
    pub(crate) text_documents: AtomicU64,
    pub(crate) text_bytes: AtomicU64,
    pub(crate) packed_documents: AtomicU64,
    pub(crate) packed_raw_bytes: AtomicU64,
    pub(crate) packed_bytes: AtomicU64,
    pub(crate) warm_documents: AtomicU64,
    pub(crate) warm_bytes: AtomicU64,
    /// What the shortcuts of warm texts take.
    pub(crate) shortcut_bytes: AtomicU64,
    /// Bytes of texts that packing has not been tried on.
    pub(crate) backlog_bytes: AtomicU64,
    pub(crate) packs: AtomicU64,
    pub(crate) packs_inline: AtomicU64,
    pub(crate) packs_refused: AtomicU64,
    pub(crate) packs_stale: AtomicU64,
    pub(crate) pack_ns: AtomicU64,
    pub(crate) unpacks: AtomicU64,
    pub(crate) unpack_ns: AtomicU64,
    pub(crate) dictionaries_trained: AtomicU64,
    pub(crate) dictionaries_adopted: AtomicU64,
    pub(crate) dictionaries_refused: AtomicU64,
    pub(crate) dictionaries_retired: AtomicU64,
    pub(crate) dictionary_packs: AtomicU64,
    pub(crate) dictionary_unpacks: AtomicU64,
}

pub(crate) static ACCOUNTS: Accounts = Accounts {
    documents: AtomicU64::new(0),
    text_documents: AtomicU64::new(0),
    text_bytes: AtomicU64::new(0),
    packed_documents: AtomicU64::new(0),
    packed_raw_bytes: AtomicU64::new(0),
    packed_bytes: AtomicU64::new(0),
    warm_documents: AtomicU64::new(0),
    warm_bytes: AtomicU64::new(0),
    shortcut_bytes: AtomicU64::new(0),
    backlog_bytes: AtomicU64::new(0),
    packs: AtomicU64::new(0),
    packs_inline: AtomicU64::new(0),
    packs_refused: AtomicU64::new(0),
    packs_stale: AtomicU64::new(0),
    pack_ns: AtomicU64::new(0),
    unpacks: AtomicU64::new(0),
    unpack_ns: AtomicU64::new(0),
    dictionaries_trained: AtomicU64::new(0),
    dictionaries_adopted: AtomicU64::new(0),
    dictionaries_refused: AtomicU64::new(0),
    dictionaries_retired: AtomicU64::new(0),
    dictionary_packs: AtomicU64::new(0),
    dictionary_unpacks: AtomicU64::new(0),
};

/// What the documents of an entry of the table of families are; see [`crate::family`].
#[derive(Debug, Default)]
pub(crate) struct EntryAccounts {
    pub(crate) documents: AtomicU64,
    pub(crate) raw_bytes: AtomicU64,
    /// Lengths of what holds them, warm texts left out.
    pub(crate) stored_bytes: AtomicU64,
}

pub(crate) static ENTRIES: [EntryAccounts; ENTRIES_MAX] = [const {
    EntryAccounts {
        documents: AtomicU64::new(0),
        raw_bytes: AtomicU64::new(0),
        stored_bytes: AtomicU64::new(0),
    }
}; ENTRIES_MAX];

pub(crate) fn add(counter: &AtomicU64, n: usize) {
    counter.fetch_add(n as u64, Relaxed);
}

pub(crate) fn sub(counter: &AtomicU64, n: usize) {
    counter.fetch_sub(n as u64, Relaxed);
}

pub(crate) fn add_time(counter: &AtomicU64, time: Duration) {
    counter.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
}

/// The counters at one moment. Read by INFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub documents: u64,
    pub text_documents: u64,
    pub text_bytes: u64,
    pub packed_documents: u64,
    /// Text length of the packed documents.
    pub packed_raw_bytes: u64,
    /// What they take packed, headers included.
    pub packed_bytes: u64,
    pub warm_documents: u64,
    /// Inflated texts kept beside their packed form.
    pub warm_bytes: u64,
    /// Kept beside texts so that paths do not read all of them.
    pub shortcut_bytes: u64,
    pub backlog_bytes: u64,
    pub packs: u64,
    /// Packed by the command itself because the backlog was full or memory was short.
    pub packs_inline: u64,
    /// Tried, and not worth it.
    pub packs_refused: u64,
    /// Packed by a worker, and changed or gone meanwhile.
    pub packs_stale: u64,
    pub pack_ns: u64,
    pub unpacks: u64,
    pub unpack_ns: u64,
    /// Dictionaries made of samples.
    pub dictionaries_trained: u64,
    /// Dictionaries taken into use, those from a file or a primary included.
    pub dictionaries_adopted: u64,
    /// Trainings that gave nothing worth its memory.
    pub dictionaries_refused: u64,
    /// Dictionaries that nothing referred to any more.
    pub dictionaries_retired: u64,
    /// Documents packed, and inflated, with a dictionary.
    pub dictionary_packs: u64,
    pub dictionary_unpacks: u64,
}

impl Figures {
    /// The counters now.
    pub fn now() -> Figures {
        let a = &ACCOUNTS;
        Figures {
            documents: a.documents.load(Relaxed),
            text_documents: a.text_documents.load(Relaxed),
            text_bytes: a.text_bytes.load(Relaxed),
            packed_documents: a.packed_documents.load(Relaxed),
            packed_raw_bytes: a.packed_raw_bytes.load(Relaxed),
            packed_bytes: a.packed_bytes.load(Relaxed),
            warm_documents: a.warm_documents.load(Relaxed),
            warm_bytes: a.warm_bytes.load(Relaxed),
            shortcut_bytes: a.shortcut_bytes.load(Relaxed),
            backlog_bytes: a.backlog_bytes.load(Relaxed),
            packs: a.packs.load(Relaxed),
            packs_inline: a.packs_inline.load(Relaxed),
            packs_refused: a.packs_refused.load(Relaxed),
            packs_stale: a.packs_stale.load(Relaxed),
            pack_ns: a.pack_ns.load(Relaxed),
            unpacks: a.unpacks.load(Relaxed),
            unpack_ns: a.unpack_ns.load(Relaxed),
            dictionaries_trained: a.dictionaries_trained.load(Relaxed),
            dictionaries_adopted: a.dictionaries_adopted.load(Relaxed),
            dictionaries_refused: a.dictionaries_refused.load(Relaxed),
            dictionaries_retired: a.dictionaries_retired.load(Relaxed),
            dictionary_packs: a.dictionary_packs.load(Relaxed),
            dictionary_unpacks: a.dictionary_unpacks.load(Relaxed),
        }
    }

    /// Length of all documents' texts.
    pub fn raw_bytes(&self) -> u64 {
        self.text_bytes + self.packed_raw_bytes
    }

    /// Bytes in which they are held, warm texts and shortcuts included.
    pub fn stored_bytes(&self) -> u64 {
        self.text_bytes + self.packed_bytes + self.warm_bytes + self.shortcut_bytes
    }
}
