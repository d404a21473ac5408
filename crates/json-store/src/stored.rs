//! One document at rest and the accounts of its form.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use json_document::Text;

use crate::accounts::{ACCOUNTS, ENTRIES, add, add_time, sub};
use crate::family;
use crate::packed::{Packed, PackedError};
use crate::slab;
use crate::slot::{Content, Guard, Small, SmallView, View};
use crate::small;

/// Names a document. It costs nothing to copy and keeps nothing alive: it is for use within one
/// command, between finding the document and the next thing that might remove it. Used later it
/// finds no document, or another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    number: usize,
}

/// A document's owner: dropping it frees the document, on any thread. The host holds it as the
/// number that [`Document::into_number`] gives.
#[derive(Debug)]
pub struct Document(Stored);

/// A document that is more than a small block.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) form: Form,
    /// Last read or write, milliseconds of the host's clock.
    pub(crate) touched_ms: u64,
    /// How often it was written again soon after it had been written, lately.
    pub(crate) heat: u8,
    /// A path was asked for since the text became warm: for the next one, shortcuts are made.
    pub(crate) path_asked: bool,
    /// What the text's shortcuts were accounted with.
    pub(crate) shortcut_bytes: u32,
    /// Names the claim in the queue to look at this document; 0 when there is none.
    pub(crate) ticket: u64,
}

#[derive(Debug)]
pub(crate) enum Form {
    Text {
        text: Arc<Text>,
        /// Packing was tried on exactly this text and gained nothing.
        settled: bool,
    },
    Packed {
        cold: Cold,
        warm: Option<Arc<Text>>,
    },
}

/// A packed document.
#[derive(Debug, Clone)]
pub(crate) enum Cold {
    Small(Small),
    Whole(Packed),
}

/// In which form a document is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtRest {
    Text,
    Packed,
    /// Packed, and the inflated text beside it.
    Warm,
}

impl Document {
    pub(crate) fn new(content: Content, entry: usize) -> Document {
        enter(&content, entry);
        Document(Stored { number: slab::place(content, entry) })
    }

    /// Gives the document to someone who holds it by number; never 0.
    pub fn into_number(self) -> usize {
        let number = self.number + 1;
        std::mem::forget(self);
        number
    }

    /// Takes it back: for the number that [`Document::into_number`] gave, and once.
    pub fn from_number(number: usize) -> Document {
        Document(Stored::from_number(number))
    }
}

impl Deref for Document {
    type Target = Stored;

    fn deref(&self) -> &Stored {
        &self.0
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        let (content, entry) = slab::vacate(self.number);
        leave(&content, entry);
    }
}

impl Stored {
    /// The document of that number, which its owner gave away by [`Document::into_number`].
    pub fn from_number(number: usize) -> Stored {
        Stored { number: number.wrapping_sub(1) }
    }

    pub(crate) fn at(number: usize) -> Stored {
        Stored { number }
    }

    pub(crate) fn number(self) -> usize {
        self.number
    }

    pub(crate) fn lock(self) -> Guard<'static> {
        slab::lock(self.number)
    }

    /// The form, without changing it: nothing is inflated, touched or queued.
    pub fn at_rest(self) -> AtRest {
        match self.lock().view() {
            View::Vacant => AtRest::Text,
            View::Small(small) if small.is_packed => AtRest::Packed,
            View::Small(_) => AtRest::Text,
            View::Held(held) => match &held.form {
                Form::Text { .. } => AtRest::Text,
                Form::Packed { warm: None, .. } => AtRest::Packed,
                Form::Packed { .. } => AtRest::Warm,
            },
        }
    }

    /// The text for a digest or a rewrite: like reading, but leaves the clock and the form alone.
    pub fn text_untouched(self) -> Result<Arc<Text>, PackedError> {
        text_of(&self.lock())
    }

    /// Bytes of the longest block that freeing the document gives back.
    pub fn longest_block(self) -> usize {
        match self.lock().view() {
            View::Vacant => 0,
            View::Small(small) => small.block.len(),
            View::Held(held) => match &held.form {
                Form::Text { text, .. } => text.len(),
                Form::Packed { cold, warm } => {
                    cold.len().max(warm.as_ref().map_or(0, |text| text.len()))
                }
            },
        }
    }

    /// Bytes the document takes of the allocator's, `block_bytes` telling what a block really
    /// takes of which the address and the length are given.
    pub fn held_bytes(self, block_bytes: impl Fn(*const u8, usize) -> usize) -> usize {
        // A counted text: two counts before it.
        const COUNTED: usize = 2 * size_of::<usize>() + size_of::<Text>();
        const PLACE: usize = 16;
        let bytes_of = |bytes: &[u8]| match bytes {
            [] => 0,
            bytes => block_bytes(bytes.as_ptr(), bytes.len()),
        };
        let text_bytes = |text: &Arc<Text>| {
            let mut bytes = COUNTED;
            text.for_each_block(|block, len| bytes += block_bytes(block, len));
            bytes
        };
        let content = match self.lock().view() {
            View::Vacant => return 0,
            View::Small(small) => bytes_of(small.block),
            View::Held(held) => {
                let fixed = block_bytes(std::ptr::from_ref(held).cast(), size_of::<Held>());
                fixed
                    + match &held.form {
                        Form::Text { text, .. } => text_bytes(text),
                        Form::Packed { cold, warm } => {
                            bytes_of(cold.bytes()) + warm.as_ref().map_or(0, text_bytes)
                        }
                    }
            }
        };
        PLACE + content
    }

    /// What of the document a second one of the same content holds: the text is shared.
    pub(crate) fn twin(self, now_ms: u64) -> Option<(Content, usize)> {
        let guard = self.lock();
        let entry = guard.entry();
        let content = match guard.view() {
            View::Vacant => return None,
            View::Small(small) => Content::Small(small.to_owned()),
            View::Held(held) => {
                let form = match &held.form {
                    Form::Text { text, settled } => {
                        Form::Text { text: text.clone(), settled: *settled }
                    }
                    Form::Packed { cold, .. } => {
                        return Some((cold.clone().into_content(), entry));
                    }
                };
                Content::Held(Box::new(Held::new(form, now_ms)))
            }
        };
        Some((content, entry))
    }
}

/// The text, inflated if need be.
pub(crate) fn text_of(guard: &Guard<'_>) -> Result<Arc<Text>, PackedError> {
    match guard.view() {
        View::Vacant => Err(PackedError::Gone),
        View::Small(small) => inflate_small(small, guard.entry()).map(Arc::new),
        View::Held(held) => match &held.form {
            Form::Text { text, .. } | Form::Packed { warm: Some(text), .. } => Ok(text.clone()),
            Form::Packed { cold: Cold::Whole(packed), .. } => packed.unpack().map(Arc::new),
            Form::Packed { cold: Cold::Small(small), .. } => {
                inflate_small(small.view(), guard.entry()).map(Arc::new)
            }
        },
    }
}

fn inflate_small(small: SmallView<'_>, entry: usize) -> Result<Text, PackedError> {
    let mut raw = Vec::new();
    inflate_small_into(small, entry, &mut raw)?;
    checked(raw)
}

/// The bytes of a small document's text, into `raw`.
pub(crate) fn inflate_small_into(
    small: SmallView<'_>,
    entry: usize,
    raw: &mut Vec<u8>,
) -> Result<(), PackedError> {
    if !small.is_packed {
        return small::unpack_into(small, None, raw).map_err(|_| PackedError::Codec);
    }
    let dictionary = family::dictionary_of(entry);
    let started = Instant::now();
    small::unpack_into(small, dictionary.as_deref(), raw).map_err(|_| PackedError::Codec)?;
    add(&ACCOUNTS.unpacks, 1);
    add(&ACCOUNTS.dictionary_unpacks, usize::from(dictionary.is_some()));
    add_time(&ACCOUNTS.unpack_ns, started.elapsed());
    Ok(())
}

fn checked(raw: Vec<u8>) -> Result<Text, PackedError> {
    let raw = String::from_utf8(raw).map_err(|_| PackedError::Corrupt("not UTF-8"))?;
    Ok(Text::assume_valid(raw.into_boxed_str()))
}

impl Small {
    pub(crate) fn view(&self) -> SmallView<'_> {
        SmallView { block: &self.block, raw_len: self.raw_len, is_packed: self.is_packed }
    }
}

impl SmallView<'_> {
    pub(crate) fn to_owned(self) -> Small {
        Small { block: self.block.into(), raw_len: self.raw_len, is_packed: self.is_packed }
    }
}

impl Cold {
    fn bytes(&self) -> &[u8] {
        match self {
            Cold::Small(small) => &small.block,
            Cold::Whole(packed) => packed.as_bytes(),
        }
    }

    fn len(&self) -> usize {
        self.bytes().len()
    }

    pub(crate) fn raw_len(&self) -> usize {
        match self {
            Cold::Small(small) => small.raw_len,
            Cold::Whole(packed) => packed.raw_len(),
        }
    }

    /// A place's content that is nothing but this.
    pub(crate) fn into_content(self) -> Content {
        match self {
            Cold::Small(small) => Content::Small(small),
            Cold::Whole(_) => {
                Content::Held(Box::new(Held::new(Form::Packed { cold: self, warm: None }, 0)))
            }
        }
    }
}

/// Changes what a place holds, its entry, and the accounts with them.
pub(crate) fn exchange(guard: &mut Guard<'_>, content: Content, entry: usize) {
    enter(&content, entry);
    let old_entry = guard.entry();
    guard.set_entry(entry);
    leave(&guard.put(content), old_entry);
}

/// Changes a held document's form and entry, and the accounts with them.
pub(crate) fn reform(guard: &mut Guard<'_>, form: Form, entry: usize) {
    let old_entry = guard.entry();
    guard.set_entry(entry);
    let Some(held) = guard.held_mut() else { return };
    form.enter(entry);
    held.form.leave(old_entry);
    held.form = form;
    held.account_for_shortcuts();
}

fn enter(content: &Content, entry: usize) {
    match content {
        Content::Vacant { .. } => return,
        Content::Held(held) => {
            held.form.enter(entry);
            add(&ACCOUNTS.shortcut_bytes, held.shortcut_bytes as usize);
        }
        Content::Small(small) => small.enter(entry),
    }
    add(&ACCOUNTS.documents, 1);
}

fn leave(content: &Content, entry: usize) {
    match content {
        Content::Vacant { .. } => return,
        Content::Held(held) => {
            held.form.leave(entry);
            sub(&ACCOUNTS.shortcut_bytes, held.shortcut_bytes as usize);
        }
        Content::Small(small) => small.leave(entry),
    }
    sub(&ACCOUNTS.documents, 1);
}

fn enter_entry(entry: usize, raw_len: usize, stored_len: usize) {
    add(&ENTRIES[entry].documents, 1);
    add(&ENTRIES[entry].raw_bytes, raw_len);
    add(&ENTRIES[entry].stored_bytes, stored_len);
}

fn leave_entry(entry: usize, raw_len: usize, stored_len: usize) {
    sub(&ENTRIES[entry].documents, 1);
    sub(&ENTRIES[entry].raw_bytes, raw_len);
    sub(&ENTRIES[entry].stored_bytes, stored_len);
}

impl Small {
    fn enter(&self, entry: usize) {
        enter_entry(entry, self.raw_len, self.block.len());
        if self.is_packed {
            add(&ACCOUNTS.packed_documents, 1);
            add(&ACCOUNTS.packed_raw_bytes, self.raw_len);
            add(&ACCOUNTS.packed_bytes, self.block.len());
        } else {
            add(&ACCOUNTS.text_documents, 1);
            add(&ACCOUNTS.text_bytes, self.block.len());
        }
    }

    fn leave(&self, entry: usize) {
        leave_entry(entry, self.raw_len, self.block.len());
        if self.is_packed {
            sub(&ACCOUNTS.packed_documents, 1);
            sub(&ACCOUNTS.packed_raw_bytes, self.raw_len);
            sub(&ACCOUNTS.packed_bytes, self.block.len());
        } else {
            sub(&ACCOUNTS.text_documents, 1);
            sub(&ACCOUNTS.text_bytes, self.block.len());
        }
    }
}

impl Held {
    pub(crate) fn new(form: Form, touched_ms: u64) -> Held {
        Held { form, touched_ms, heat: 0, path_asked: false, shortcut_bytes: 0, ticket: 0 }
    }

    /// The text, if it is there as such.
    pub(crate) fn text(&self) -> Option<&Arc<Text>> {
        match &self.form {
            Form::Text { text, .. } | Form::Packed { warm: Some(text), .. } => Some(text),
            Form::Packed { warm: None, .. } => None,
        }
    }

    /// Follows in the accounts what shortcuts the text has.
    pub(crate) fn account_for_shortcuts(&mut self) {
        let bytes = self.text().map_or(0, |text| text.shortcuts_len());
        sub(&ACCOUNTS.shortcut_bytes, self.shortcut_bytes as usize);
        self.shortcut_bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        add(&ACCOUNTS.shortcut_bytes, self.shortcut_bytes as usize);
    }

    /// Lets the shortcuts of a document go that stays text.
    pub(crate) fn forget_shortcuts(&mut self) {
        self.path_asked = false;
        if let Form::Text { text, .. } = &mut self.form
            && let Some(text) = Arc::get_mut(text)
        {
            text.forget_shortcuts();
        }
        self.account_for_shortcuts();
    }

    /// Keeps the inflated text beside the packed form.
    pub(crate) fn keep_warm(&mut self, text: &Arc<Text>) {
        if let Form::Packed { warm: warm @ None, .. } = &mut self.form {
            add(&ACCOUNTS.warm_documents, 1);
            add(&ACCOUNTS.warm_bytes, text.len());
            *warm = Some(text.clone());
        }
    }

    /// Lets the inflated text go.
    pub(crate) fn cool(&mut self) {
        if let Form::Packed { warm, .. } = &mut self.form
            && let Some(text) = warm.take()
        {
            sub(&ACCOUNTS.warm_documents, 1);
            sub(&ACCOUNTS.warm_bytes, text.len());
            self.path_asked = false;
            self.account_for_shortcuts();
        }
    }
}

impl Form {
    fn enter(&self, entry: usize) {
        match self {
            Form::Text { text, settled } => {
                enter_entry(entry, text.len(), text.len());
                add(&ACCOUNTS.text_documents, 1);
                add(&ACCOUNTS.text_bytes, text.len());
                if !settled {
                    add(&ACCOUNTS.backlog_bytes, text.len());
                }
            }
            Form::Packed { cold, warm } => {
                enter_entry(entry, cold.raw_len(), cold.len());
                add(&ACCOUNTS.packed_documents, 1);
                add(&ACCOUNTS.packed_raw_bytes, cold.raw_len());
                add(&ACCOUNTS.packed_bytes, cold.len());
                if let Some(text) = warm {
                    add(&ACCOUNTS.warm_documents, 1);
                    add(&ACCOUNTS.warm_bytes, text.len());
                }
            }
        }
    }

    fn leave(&self, entry: usize) {
        match self {
            Form::Text { text, settled } => {
                leave_entry(entry, text.len(), text.len());
                sub(&ACCOUNTS.text_documents, 1);
                sub(&ACCOUNTS.text_bytes, text.len());
                if !settled {
                    sub(&ACCOUNTS.backlog_bytes, text.len());
                }
            }
            Form::Packed { cold, warm } => {
                leave_entry(entry, cold.raw_len(), cold.len());
                sub(&ACCOUNTS.packed_documents, 1);
                sub(&ACCOUNTS.packed_raw_bytes, cold.raw_len());
                sub(&ACCOUNTS.packed_bytes, cold.len());
                if let Some(text) = warm {
                    sub(&ACCOUNTS.warm_documents, 1);
                    sub(&ACCOUNTS.warm_bytes, text.len());
                }
            }
        }
    }
}
