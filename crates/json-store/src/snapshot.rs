//! A document's content at one moment, for a thread that may not look into the store.

use std::sync::Arc;

use json_document::Text;

use crate::packed::{Packed, PackedError};
use crate::stored::{Cold, Form, Held};

/// Made by [`crate::Store::snapshot`]. It stays as it is whatever becomes of the document.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) content: Content,
    /// How long the document had been idle, milliseconds.
    pub(crate) idle_ms: u64,
}

#[derive(Debug)]
pub(crate) enum Content {
    Text(Arc<Text>),
    Packed(Packed),
}

impl Snapshot {
    /// The text, inflated if need be. On any thread.
    pub fn text(&self) -> Result<Arc<Text>, PackedError> {
        match &self.content {
            Content::Text(text) => Ok(text.clone()),
            Content::Packed(packed) => packed.unpack().map(Arc::new),
        }
    }

    /// Whether the text has to be inflated.
    pub fn is_packed(&self) -> bool {
        matches!(self.content, Content::Packed(_))
    }

    /// Whether `held` is still what this was made of, and not warm.
    pub(crate) fn is_of(&self, held: &Held) -> bool {
        match (&self.content, &held.form) {
            (Content::Packed(packed), Form::Packed { cold: Cold::Whole(own), warm: None }) => {
                packed == own
            }
            _ => false,
        }
    }
}

impl Content {
    /// What is held, if that is a text or a payload of its own.
    pub(crate) fn of(held: &Held) -> Option<Content> {
        match &held.form {
            Form::Text { text, .. } | Form::Packed { warm: Some(text), .. } => {
                Some(Content::Text(text.clone()))
            }
            Form::Packed { cold: Cold::Whole(packed), warm: None } => {
                Some(Content::Packed(packed.clone()))
            }
            Form::Packed { cold: Cold::Small(_), warm: None } => None,
        }
    }
}

/// Bytes of the text.
pub(crate) fn raw_len(held: &Held) -> usize {
    match &held.form {
        Form::Text { text, .. } | Form::Packed { warm: Some(text), .. } => text.len(),
        Form::Packed { cold, warm: None } => cold.raw_len(),
    }
}
