//! The policy between the forms: what is packed when, by whom, and what is kept warm.

mod backlog;

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use json_document::{Limits, Text};
use parking_lot::Mutex;

use crate::accounts::{ACCOUNTS, ENTRIES, add, sub};
use crate::family::{
    self, DictionaryFigures, DictionaryRecord, DictionaryTotals, Home, News, Plan, families,
};
use crate::packed::{Packed, PackedError};
use crate::settings::Settings;
use crate::slot::{Content, Guard, View};
use crate::small;
use crate::snapshot::{self, Snapshot};
use crate::stored::{self, Cold, Document, Form, Held, Stored};
use crate::trainer::{Trainer, dictionary_level};
use crate::worker::{self, Worker};

/// What the host's state asks of packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressure {
    /// Pack what has been idle.
    None,
    /// A child process lives: a page written now is a page copied. Leave everything as it is.
    ChildLives,
    /// Memory is short: pack without waiting for idleness, child or not.
    MemoryShort,
}

/// Bytes that may be written between two ticks.
const WRITTEN_MAX: usize = 1 << 20;
/// How many times the usual wait after its last use a document counts as written again soon.
const HEAT_SOON: u64 = 4;
/// A document that is written again and again waits up to two to this power times as long.
const HEAT_MAX: u8 = 4;
/// The next claim's name.
static TICKETS: AtomicU64 = AtomicU64::new(1);
/// Shorter texts are searched faster than shortcuts are kept.
const SHORTCUTS_LEN_MIN: usize = 1024;
/// Before any other time that matters.
const LONG_AGO_MS: u64 = 86_400_000;
thread_local! {
    /// Room for the text of a short document.
    static SHORT_TEXT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The documents' keeper. All functions are for the holder of the host's lock.
#[derive(Debug)]
pub struct Store {
    inner: Mutex<Inner>,
    /// Bytes of texts stored since the last tick.
    written: AtomicUsize,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    pressure: Pressure,
    /// Documents to look at, the one due first in front. An entry outlives its document cheaply.
    queue: VecDeque<Claim>,
    workers: Option<Worker>,
    /// What a new worker thread does first.
    prepare_worker: fn(),
    /// A thread was asked for and not given; not tried again.
    no_workers: bool,
    in_flight: usize,
    may_train: bool,
    reviewed_ms: u64,
    /// How far the pass over all documents is.
    swept: Option<usize>,
    /// Collects samples when there is no worker.
    trainer: Trainer,
}

#[derive(Debug)]
struct Claim {
    number: usize,
    /// The claim counts while the document has this ticket.
    ticket: u64,
    due_ms: u64,
}

impl Default for Store {
    fn default() -> Store {
        Store::new()
    }
}

impl Store {
    pub const fn new() -> Store {
        Store::with_worker_preparation(|| {})
    }

    /// A store whose worker thread calls `prepare` first, to set its priority for example.
    pub const fn with_worker_preparation(prepare: fn()) -> Store {
        Store {
            inner: Mutex::new(Inner {
                settings: Settings::DEFAULT,
                pressure: Pressure::None,
                queue: VecDeque::new(),
                workers: None,
                prepare_worker: prepare,
                no_workers: false,
                in_flight: 0,
                may_train: true,
                reviewed_ms: 0,
                swept: None,
                trainer: Trainer::new(),
            }),
            written: AtomicUsize::new(0),
        }
    }

    /// Whether so much was written since the last tick that one should not wait for the clock: a
    /// fast writer can fill the memory between two beats.
    pub fn wants_tick(&self) -> bool {
        self.written.load(Relaxed) >= WRITTEN_MAX
    }

    pub fn settings(&self) -> Settings {
        self.inner.lock().settings
    }

    pub fn set_settings(&self, settings: Settings) {
        let mut inner = self.inner.lock();
        // What waits already waits as long as the new setting says; a longer one is seen when a
        // claim is looked at.
        let sooner_ms = inner.settings.pack_after_ms.saturating_sub(settings.pack_after_ms);
        for claim in &mut inner.queue {
            claim.due_ms = claim.due_ms.saturating_sub(sooner_ms);
        }
        inner.settings = settings;
    }

    /// A new document. It is held as text until it has been idle, unless it is not worth packing or
    /// the backlog is full.
    pub fn insert(&self, text: Text, home: Home<'_>, now_ms: u64) -> Document {
        self.written.fetch_add(text.len(), Relaxed);
        let mut inner = self.inner.lock();
        let base = families().entry_of(home);
        let (content, entry) = inner.content_of(text, base, now_ms, Use::default());
        let waits = is_waiting(&content);
        let document = Document::new(content, entry);
        let mut guard = document.lock();
        guard.touch_small(now_ms);
        if waits {
            inner.claim(*document, &mut guard, now_ms);
        }
        document
    }

    /// A document that comes from a file or a payload. Loading packs as it goes, so that a data
    /// set never needs the memory of its text.
    pub fn load(&self, text: Text, home: Home<'_>, now_ms: u64) -> Document {
        let settings = self.settings();
        let base = families().entry_of(home);
        let plan = families().plan(base, &settings, now_ms);
        if settings.packing
            && let Some(cold) = worker::pack(&text, settings.level, &plan)
        {
            count_packed(&plan);
            let entry = entry_of(&cold, &plan);
            return unread(cold.into_content(), entry, now_ms);
        }
        unread(settled(Arc::new(text), now_ms), base, now_ms)
    }

    /// A document that comes packed, as [`Store::save`] gave it.
    pub fn load_packed(
        &self,
        payload: &[u8],
        home: Home<'_>,
        limits: &Limits,
        len_max: usize,
        now_ms: u64,
    ) -> Result<Document, PackedError> {
        let mut families = families();
        let entry_of = |id| families.entry_of_dictionary(id);
        let dictionary = |id| families.dictionary(entry_of(id)?);
        let (packed, _) = Packed::from_bytes_with(payload, limits, len_max, dictionary)?;
        let base = families.entry_of(home);
        let id = packed.dictionary();
        let entry = if id == 0 { None } else { families.entry_of_dictionary(id) };
        drop(families);
        let (cold, entry) = match (small::from_frame(packed.frame(), packed.raw_len()), entry) {
            (Some(small), entry) => (Cold::Small(small), entry.unwrap_or(base)),
            (None, None) => (Cold::Whole(packed), base),
            // Nothing that this module writes; what is not small has no dictionary.
            (None, Some(_)) => return Err(PackedError::Corrupt("dictionary")),
        };
        Ok(unread(cold.into_content(), entry, now_ms))
    }

    /// What a text would be packed; `None` when it is better left as it is. For saving a document
    /// that has not been packed yet; the document itself stays as it is.
    pub fn pack_for_saving(&self, text: &Text) -> Option<Packed> {
        let settings = self.settings();
        if settings.packing { Packed::pack(text, settings.level) } else { None }
    }

    /// Gives the payload of the document: packed if it is or would be, its text otherwise. One that
    /// stands alone needs no dictionary to be read.
    pub fn save(
        &self,
        stored: Stored,
        stands_alone: bool,
        write: impl FnOnce(&[u8]),
    ) -> Result<(), PackedError> {
        let guard = stored.lock();
        let (block, dictionary) = match guard.view() {
            View::Vacant => return Err(PackedError::Gone),
            View::Small(small) if !small.is_packed => {
                write(small.block);
                return Ok(());
            }
            View::Held(Held { form: Form::Packed { cold: Cold::Whole(packed), .. }, .. }) => {
                write(packed.as_bytes());
                return Ok(());
            }
            View::Held(Held { form: Form::Packed { cold: Cold::Small(small), .. }, .. })
                if small.is_packed =>
            {
                (Some(&*small.block), family::dictionary_of(guard.entry()))
            }
            View::Small(small) => (Some(small.block), family::dictionary_of(guard.entry())),
            View::Held(_) => (None, None),
        };
        let text = stored::text_of(&guard)?;
        let id = dictionary.map_or(0, |dictionary| dictionary.id());
        let packed = match block {
            Some(block) if id == 0 || !stands_alone => Packed::of_small(&text, block, id),
            _ => self.pack_for_saving(&text),
        };
        match packed {
            Some(packed) => write(packed.as_bytes()),
            None => write(text.as_str().as_bytes()),
        }
        Ok(())
    }

    /// A second document with the content of `stored`; it is of the same family.
    pub fn copy(&self, stored: Stored, now_ms: u64) -> Option<Document> {
        let mut inner = self.inner.lock();
        let (content, entry) = stored.twin(now_ms)?;
        let waits = is_waiting(&content);
        let twin = unread(content, entry, now_ms);
        if waits {
            inner.claim(*twin, &mut twin.lock(), now_ms);
        }
        Some(twin)
    }

    /// The document's text, inflated if need be. The text stays as it was if the document is
    /// changed while it is held.
    pub fn read(&self, stored: &Stored, now_ms: u64) -> Result<Arc<Text>, PackedError> {
        self.read_locked(stored, &mut stored.lock(), now_ms)
    }

    fn read_locked(
        &self,
        stored: &Stored,
        guard: &mut Guard<'_>,
        now_ms: u64,
    ) -> Result<Arc<Text>, PackedError> {
        let text = stored::text_of(guard)?;
        let (is_cold, idle_ms) = match guard.view() {
            View::Held(held) => (
                matches!(held.form, Form::Packed { warm: None, .. }),
                now_ms.saturating_sub(held.touched_ms),
            ),
            View::Small(small) => (small.is_packed, guard.small_idle_ms(now_ms)),
            View::Vacant => return Err(PackedError::Gone),
        };
        match guard.held_mut() {
            Some(held) => held.touched_ms = now_ms,
            None => guard.touch_small(now_ms),
        }
        if is_cold {
            self.warm(*stored, guard, &text, idle_ms, now_ms);
        }
        Ok(text)
    }

    /// As [`Store::read`] for a short document that this read leaves in its one block: gives its text
    /// to `use_text` without making a [`Text`] of it, two allocations that take a tenth of a small
    /// GET. None if it is to be read otherwise.
    pub fn read_short<R>(
        &self,
        stored: &Stored,
        now_ms: u64,
        use_text: impl FnOnce(&[u8]) -> R,
    ) -> Option<R> {
        let mut guard = stored.lock();
        let View::Small(small) = guard.view() else { return None };
        if small.is_packed && guard.small_idle_ms(now_ms) < self.inner.lock().settings.pack_after_ms
        {
            // Read again so soon it is kept warm.
            return None;
        }
        let mut text = SHORT_TEXT.take();
        let read = stored::inflate_small_into(small, guard.entry(), &mut text);
        guard.touch_small(now_ms);
        drop(guard);
        let result = read.ok().map(|()| use_text(&text));
        SHORT_TEXT.set(text);
        result
    }

    /// As [`Store::read`], for finding single values by their paths. The second time within a short
    /// while, the text gets shortcuts if there is room for them among the warm texts.
    pub fn read_by_path(&self, stored: &Stored, now_ms: u64) -> Result<Arc<Text>, PackedError> {
        let mut guard = stored.lock();
        let text = self.read_locked(stored, &mut guard, now_ms)?;
        let Some(held) = guard.held_mut().filter(|_| text.len() >= SHORTCUTS_LEN_MIN) else {
            return Ok(text);
        };
        if held.shortcut_bytes > 0 || held.text().is_none() {
            return Ok(text);
        }
        if !std::mem::replace(&mut held.path_asked, true) {
            return Ok(text);
        }
        let mut inner = self.inner.lock();
        let used = ACCOUNTS.warm_bytes.load(Relaxed) + ACCOUNTS.shortcut_bytes.load(Relaxed);
        // They are bounded by the text, and take a tenth of most.
        if used + text.len() as u64 / 8 <= inner.settings.warm_max && text.make_shortcuts() > 0 {
            held.account_for_shortcuts();
            inner.claim(*stored, &mut guard, now_ms);
        }
        Ok(text)
    }

    /// Whether the document's text has `len_min` bytes or more.
    pub fn is_long(&self, stored: &Stored, len_min: usize) -> bool {
        match stored.lock().view() {
            View::Vacant => false,
            View::Small(small) => small.raw_len >= len_min,
            View::Held(held) => snapshot::raw_len(held) >= len_min,
        }
    }

    /// What the document holds, to be read on another thread. Counts as a use of it.
    pub fn snapshot(&self, stored: &Stored, now_ms: u64) -> Option<Snapshot> {
        let mut guard = stored.lock();
        let Some(held) = guard.held_mut() else {
            // So short that it is inflated at once.
            let text = stored::text_of(&guard).ok()?;
            return Some(Snapshot { content: snapshot::Content::Text(text), idle_ms: 0 });
        };
        let content = snapshot::Content::of(held)?;
        let idle_ms = now_ms.saturating_sub(std::mem::replace(&mut held.touched_ms, now_ms));
        Some(Snapshot { content, idle_ms })
    }

    /// Takes the text that `snapshot` gave for the document's own, if it still is: it is kept
    /// warm by the same rules as after [`Store::read`].
    pub fn adopt(&self, stored: &Stored, snapshot: &Snapshot, text: &Arc<Text>, now_ms: u64) {
        let mut guard = stored.lock();
        if guard.held_mut().is_some_and(|held| snapshot.is_of(held)) {
            self.warm(*stored, &mut guard, text, snapshot.idle_ms, now_ms);
        }
    }

    /// Whether a text of `len` bytes, stored now, would have to be packed at once. On any thread;
    /// takes no lock.
    pub fn is_full(settings: &Settings, len: usize) -> bool {
        let backlog = ACCOUNTS.backlog_bytes.load(Relaxed) + len as u64;
        settings.packing && backlog > settings.backlog_max.saturating_mul(2)
    }

    /// Changes the text by `edit`, in place where nobody else holds it. `text` is what was read
    /// of this document just now. If `edit` fails, having changed nothing, the document stays.
    pub fn edit<E>(
        &self,
        stored: &Stored,
        mut text: Arc<Text>,
        now_ms: u64,
        edit: impl FnOnce(&mut Text) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut inner = self.inner.lock();
        let mut guard = stored.lock();
        let must_pack = inner.must_pack(text.len());
        let entry = guard.entry();
        if let Some(held) = guard.held_mut()
            && let heat = inner.heat_after_write(held, now_ms)
            && let Form::Text { text: own, settled } = &mut held.form
            && Arc::ptr_eq(own, &text)
            && !must_pack
        {
            drop(text);
            // A text that a worker is packing, or a copy of this document has too, is copied.
            let own = Arc::make_mut(own);
            let old_len = own.len();
            edit(own)?;
            let new_len = own.len();
            sub(&ACCOUNTS.text_bytes, old_len);
            add(&ACCOUNTS.text_bytes, new_len);
            for account in [&ENTRIES[entry].raw_bytes, &ENTRIES[entry].stored_bytes] {
                sub(account, old_len);
                add(account, new_len);
            }
            if !std::mem::replace(settled, false) {
                sub(&ACCOUNTS.backlog_bytes, old_len);
            }
            add(&ACCOUNTS.backlog_bytes, new_len);
            held.heat = heat;
            held.touched_ms = now_ms;
            held.account_for_shortcuts();
            inner.claim(*stored, &mut guard, now_ms);
            self.written.fetch_add(new_len.saturating_sub(old_len), Relaxed);
            return Ok(());
        }
        if let Some(held) = guard.held_mut() {
            // Not to be copied only because it is warm: it is not the document's text any more.
            held.cool();
        }
        drop(guard);
        drop(inner);
        edit(Arc::make_mut(&mut text))?;
        self.replace(stored, Arc::unwrap_or_clone(text), now_ms);
        Ok(())
    }

    /// Keeps the text of a packed document beside it, if it was read a short time ago and there is
    /// room.
    fn warm(
        &self,
        stored: Stored,
        guard: &mut Guard<'_>,
        text: &Arc<Text>,
        idle_ms: u64,
        now_ms: u64,
    ) {
        let mut inner = self.inner.lock();
        let room = inner.settings.warm_max.saturating_sub(ACCOUNTS.warm_bytes.load(Relaxed));
        if idle_ms >= inner.settings.pack_after_ms || text.len() as u64 > room {
            return;
        }
        if let View::Small(small) = guard.view() {
            let form = Form::Packed { cold: Cold::Small(small.to_owned()), warm: None };
            let entry = guard.entry();
            stored::exchange(guard, Content::Held(Box::new(Held::new(form, now_ms))), entry);
        }
        if let Some(held) = guard.held_mut() {
            held.keep_warm(text);
            inner.claim(stored, guard, now_ms);
        }
    }

    /// Gives the document another text.
    pub fn replace(&self, stored: &Stored, text: Text, now_ms: u64) {
        self.written.fetch_add(text.len(), Relaxed);
        let mut inner = self.inner.lock();
        let mut guard = stored.lock();
        let used = match guard.view() {
            View::Vacant => return,
            View::Small(_) => Use::default(),
            View::Held(held) => {
                Use { heat: inner.heat_after_write(held, now_ms), ticket: held.ticket }
            }
        };
        let base = families().base_of(guard.entry());
        let (content, entry) = inner.content_of(text, base, now_ms, used);
        let waits = is_waiting(&content);
        stored::exchange(&mut guard, content, entry);
        // Packing in the write is no read: the next one inflates, and only the one after that
        // keeps the text warm.
        guard.touch_small(if waits { now_ms } else { now_ms.wrapping_sub(LONG_AGO_MS) });
        if waits {
            inner.claim(*stored, &mut guard, now_ms);
        }
    }

    /// Whether dictionaries are trained here: not on a replica, which gets its primary's.
    pub fn set_training(&self, may_train: bool) {
        self.inner.lock().may_train = may_train;
    }

    /// Whether documents are being loaded: until that ends, none of their dictionaries is retired.
    pub fn set_loading(&self, is_loading: bool) {
        families().is_loading = is_loading;
    }

    /// All dictionaries together.
    pub fn dictionary_totals(&self) -> DictionaryTotals {
        families().dictionary_totals()
    }

    /// What has happened to dictionaries since the last call.
    pub fn take_news(&self) -> Vec<News> {
        std::mem::take(&mut families().news)
    }

    /// All dictionaries, to be saved before the documents that need them.
    pub fn dictionaries(&self) -> Vec<DictionaryRecord> {
        families().records()
    }

    /// What each dictionary is and does.
    pub fn dictionary_figures(&self) -> Vec<DictionaryFigures> {
        families().figures()
    }

    /// Takes a dictionary from a file or from the primary; `false` if it is none, or there is no
    /// room for one more.
    pub fn take_in(&self, record: &DictionaryRecord) -> bool {
        let level = dictionary_level(self.settings().level);
        families().take_in(record, level)
    }

    /// To be called about ten times a second, and when [`Store::wants_tick`] says so: swaps in what workers have finished, gives them what
    /// has been idle long enough, and lets warm texts go cold.
    pub fn tick(&self, now_ms: u64, pressure: Pressure) {
        self.written.store(0, Relaxed);
        let mut inner = self.inner.lock();
        inner.pressure = pressure;
        if pressure == Pressure::ChildLives {
            return;
        }
        inner.take_results(now_ms);
        inner.serve_queue(now_ms);
        if inner.queue.len() < inner.queue.capacity() / 8 {
            let len = inner.queue.len();
            inner.queue.shrink_to(2 * len);
        }
        inner.review(now_ms);
        inner.sweep(now_ms);
    }
}

/// Whether packing has not been tried on this yet.
fn is_waiting(content: &Content) -> bool {
    matches!(content, Content::Held(held) if matches!(held.form, Form::Text { settled: false, .. }))
}

/// A text that stays text.
fn settled(text: Arc<Text>, now_ms: u64) -> Content {
    match small::plain(text.as_str().as_bytes()) {
        Some(small) => Content::Small(small),
        None => Content::Held(Box::new(Held::new(Form::Text { text, settled: true }, now_ms))),
    }
}

/// A document that nobody has read or written yet.
fn unread(content: Content, entry: usize, now_ms: u64) -> Document {
    let document = Document::new(content, entry);
    document.lock().touch_small(now_ms.wrapping_sub(LONG_AGO_MS));
    document
}

/// The entry of what was packed by the plan.
fn entry_of(cold: &Cold, plan: &Plan) -> usize {
    match cold {
        Cold::Small(_) => plan.entry,
        Cold::Whole(_) => plan.base,
    }
}

fn count_packed(plan: &Plan) {
    add(&ACCOUNTS.packs, 1);
    add(&ACCOUNTS.dictionary_packs, usize::from(plan.dictionary.is_some()));
}

/// What is kept of a document when it is written again.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    heat: u8,
    ticket: u64,
}

impl Inner {
    /// What a text is to be held as that was just written, and its entry.
    fn content_of(&mut self, text: Text, base: usize, now_ms: u64, used: Use) -> (Content, usize) {
        if text.len() < small::RAW_LEN_MIN {
            return (settled(Arc::new(text), now_ms), base);
        }
        if let Some(packed) = self.pack_inline(&text, base, now_ms) {
            return packed;
        }
        let shortcut_bytes = u32::try_from(text.shortcuts_len()).unwrap_or(u32::MAX);
        let form = Form::Text { text: Arc::new(text), settled: false };
        let Use { heat, ticket } = used;
        let held = Held { heat, ticket, shortcut_bytes, ..Held::new(form, now_ms) };
        (Content::Held(Box::new(held)), base)
    }

    /// Packs a text that is about to be stored, when there is no room to let it wait.
    fn pack_inline(&mut self, text: &Text, base: usize, now_ms: u64) -> Option<(Content, usize)> {
        if !self.must_pack(text.len()) {
            return None;
        }
        let plan = families().plan(base, &self.settings, now_ms);
        let cold = worker::pack(text, self.settings.level, &plan)?;
        count_packed(&plan);
        add(&ACCOUNTS.packs_inline, 1);
        let entry = entry_of(&cold, &plan);
        Some((cold.into_content(), entry))
    }

    /// Whether there is no room to let a text of that length wait.
    fn must_pack(&self, len: usize) -> bool {
        let short = self.pressure == Pressure::MemoryShort;
        self.settings.packing && short || Store::is_full(&self.settings, len)
    }

    /// How hot a held document is that is being written again: a step more if that is soon after
    /// it was last used.
    fn heat_after_write(&self, held: &Held, now_ms: u64) -> u8 {
        let soon_ms = self.settings.pack_after_ms.saturating_mul(HEAT_SOON) << held.heat;
        if now_ms.saturating_sub(held.touched_ms) < soon_ms {
            (held.heat + 1).min(HEAT_MAX)
        } else {
            0
        }
    }

    /// How long a document has to be idle before it is packed.
    fn wait_ms(&self, heat: u8) -> u64 {
        self.settings.pack_after_ms << heat
    }

    /// Puts the document in the queue unless it is there.
    fn claim(&mut self, stored: Stored, guard: &mut Guard<'_>, now_ms: u64) {
        if let Some(held) = guard.held_mut()
            && held.ticket == 0
        {
            held.ticket = TICKETS.fetch_add(1, Relaxed);
            let due_ms = now_ms + self.settings.pack_after_ms;
            self.queue.push_back(Claim { number: stored.number(), ticket: held.ticket, due_ms });
        }
    }
}
