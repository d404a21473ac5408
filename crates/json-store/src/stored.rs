//! One document at rest and the accounts of its form.

use std::sync::Arc;

use json_document::Text;
use parking_lot::Mutex;

use crate::accounts::{ACCOUNTS, add, sub};
use crate::packed::{Packed, PackedError};

/// A document at rest. It is made, read and written through [`crate::Store`].
///
/// The lock inside is there because the type must be `Sync`, not because anyone waits for it: it
/// is taken only by the holder of the host's lock, and by a forked child, whose one thread is the
/// copy of that holder.
#[derive(Debug)]
pub struct Stored {
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    form: Form,
    /// Last read or write, milliseconds of the host's clock.
    pub(crate) touched_ms: u64,
    /// Somebody holds a claim to look at this document when it has been idle.
    pub(crate) queued: bool,
}

#[derive(Debug)]
enum Form {
    Text {
        text: Arc<Text>,
        /// Packing was tried on exactly this text and gained nothing.
        refused: bool,
    },
    Packed {
        packed: Packed,
        warm: Option<Arc<Text>>,
    },
}

/// The form of a document as it is, for saving and measuring.
#[derive(Debug, Clone, Copy)]
pub enum AtRest<'a> {
    Text(&'a Text),
    Packed { packed: &'a Packed, warm: Option<&'a Text> },
}

impl Stored {
    /// A document held as text.
    pub(crate) fn text(text: Text, now_ms: u64) -> Stored {
        Stored::with_form(Form::Text { text: Arc::new(text), refused: false }, now_ms)
    }

    /// A document held packed, which nobody has read yet.
    pub(crate) fn packed(packed: Packed) -> Stored {
        Stored::with_form(Form::Packed { packed, warm: None }, 0)
    }

    fn with_form(form: Form, now_ms: u64) -> Stored {
        add(&ACCOUNTS.documents, 1);
        form.enter();
        Stored { state: Mutex::new(State { form, touched_ms: now_ms, queued: false }) }
    }

    /// Shows the form without changing it: nothing is inflated, touched or queued.
    pub fn at_rest<R>(&self, look: impl FnOnce(AtRest<'_>) -> R) -> R {
        let state = self.state.lock();
        look(match &state.form {
            Form::Text { text, .. } => AtRest::Text(text),
            Form::Packed { packed, warm } => AtRest::Packed { packed, warm: warm.as_deref() },
        })
    }

    /// The text for a digest or a rewrite: like reading, but leaves the clock and the form alone.
    pub fn text_untouched(&self) -> Result<Arc<Text>, PackedError> {
        self.state.lock().text()
    }

    /// Another document of the same content, sharing the text when it is held as text.
    pub(crate) fn twin(&self, now_ms: u64) -> Stored {
        let form = match &self.state.lock().form {
            Form::Text { text, refused } => Form::Text { text: text.clone(), refused: *refused },
            Form::Packed { packed, .. } => Form::Packed { packed: packed.clone(), warm: None },
        };
        Stored::with_form(form, now_ms)
    }

    /// For the store, which decides between the forms.
    pub(crate) fn with_state<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change(&mut self.state.lock())
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.state.get_mut().form.leave();
        sub(&ACCOUNTS.documents, 1);
    }
}

impl State {
    /// The text, inflated if need be.
    pub(crate) fn text(&self) -> Result<Arc<Text>, PackedError> {
        match &self.form {
            Form::Text { text, .. } | Form::Packed { warm: Some(text), .. } => Ok(text.clone()),
            Form::Packed { packed, warm: None } => packed.unpack().map(Arc::new),
        }
    }

    /// The text that waits for packing.
    pub(crate) fn waiting(&self) -> Option<&Arc<Text>> {
        match &self.form {
            Form::Text { text, refused: false } => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_cold(&self) -> bool {
        matches!(self.form, Form::Packed { warm: None, .. })
    }

    pub(crate) fn set_text(&mut self, text: Text) {
        self.set(Form::Text { text: Arc::new(text), refused: false });
    }

    pub(crate) fn set_packed(&mut self, packed: Packed) {
        self.set(Form::Packed { packed, warm: None });
    }

    /// Packing this text again would gain nothing.
    pub(crate) fn refuse(&mut self) {
        if let Form::Text { text, refused } = &mut self.form
            && !*refused
        {
            *refused = true;
            sub(&ACCOUNTS.backlog_bytes, text.len());
        }
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
        }
    }

    fn set(&mut self, form: Form) {
        form.enter();
        self.form.leave();
        self.form = form;
    }
}

impl Form {
    fn enter(&self) {
        match self {
            Form::Text { text, refused } => {
                add(&ACCOUNTS.text_documents, 1);
                add(&ACCOUNTS.text_bytes, text.len());
                if !refused {
                    add(&ACCOUNTS.backlog_bytes, text.len());
                }
            }
            Form::Packed { packed, warm } => {
                add(&ACCOUNTS.packed_documents, 1);
                add(&ACCOUNTS.packed_raw_bytes, packed.raw_len());
                add(&ACCOUNTS.packed_bytes, packed.as_bytes().len());
                if let Some(text) = warm {
                    add(&ACCOUNTS.warm_documents, 1);
                    add(&ACCOUNTS.warm_bytes, text.len());
                }
            }
        }
    }

    fn leave(&self) {
        match self {
            Form::Text { text, refused } => {
                sub(&ACCOUNTS.text_documents, 1);
                sub(&ACCOUNTS.text_bytes, text.len());
                if !refused {
                    sub(&ACCOUNTS.backlog_bytes, text.len());
                }
            }
            Form::Packed { packed, warm } => {
                sub(&ACCOUNTS.packed_documents, 1);
                sub(&ACCOUNTS.packed_raw_bytes, packed.raw_len());
                sub(&ACCOUNTS.packed_bytes, packed.as_bytes().len());
                if let Some(text) = warm {
                    sub(&ACCOUNTS.warm_documents, 1);
                    sub(&ACCOUNTS.warm_bytes, text.len());
                }
            }
        }
    }
}

/// A small document is not much more than this: with the two counts of its `Arc` it is to take one
/// allocation of 64 bytes.
const _: () = assert!(size_of::<Stored>() <= 48);
