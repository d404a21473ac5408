//! The way that all commands go which change a document that is there.

use std::sync::Arc;

use json_document::{Limits, Text};
use json_store::Stored;

use crate::STORE;
use crate::error::Error;
use crate::host::command::Call;
use crate::host::config;
use crate::host::context::now_ms;
use crate::host::{Key, KeyName};

/// What a command may make of a document.
pub(crate) fn limits() -> Limits {
    Limits { depth_max: config::depth_max() }
}

/// Parses a JSON argument.
pub(crate) fn parse_json(json: &[u8]) -> Result<Text, Error> {
    if json.len() > config::document_len_max() {
        return Err(Error::DocumentTooLong);
    }
    Text::parse(json, &limits()).map_err(Error::Json)
}

/// A document that is about to change.
pub(crate) struct Change<'a> {
    call: Call<'a>,
    name: KeyName<'a>,
    key: Key<'a>,
    stored: Arc<Stored>,
    pub(crate) text: Arc<Text>,
}

impl<'a> Change<'a> {
    /// Opens the document at `name`; `None` if there is no such key.
    pub(crate) fn open(call: Call<'a>, name: KeyName<'a>) -> Result<Option<Change<'a>>, Error> {
        let key = Key::open_write(call.ctx, name);
        let Some(stored) = key.document()? else { return Ok(None) };
        let text = STORE.read(&stored, now_ms())?;
        Ok(Some(Change { call, name, key, stored, text }))
    }

    /// Opens the document at `name`, which must be there.
    pub(crate) fn open_existing(call: Call<'a>, name: KeyName<'a>) -> Result<Change<'a>, Error> {
        Change::open(call, name)?.ok_or(Error::NoSuchKey)
    }

    /// Puts the new text in and announces `event`. Nothing fails after the first change.
    pub(crate) fn put(self, text: Text, event: &std::ffi::CStr) -> Result<(), Error> {
        if text.len() > config::document_len_max() {
            return Err(Error::DocumentTooLong);
        }
        let Change { call, name, key, stored, .. } = self;
        STORE.replace(&stored, text, now_ms());
        drop(key);
        call.ctx.announce(event, name);
        Ok(())
    }

    /// Removes the key and announces `event`.
    pub(crate) fn delete(self, event: &std::ffi::CStr) {
        let Change { call, name, key, .. } = self;
        key.delete();
        drop(key);
        call.ctx.announce(event, name);
    }
}

/// The document at `name`, for reading; `None` if there is no such key.
pub(crate) fn read(call: Call<'_>, name: KeyName<'_>) -> Result<Option<Arc<Text>>, Error> {
    let key = Key::open_read(call.ctx, name);
    match key.document()? {
        Some(stored) => Ok(Some(STORE.read(&stored, now_ms())?)),
        None => Ok(None),
    }
}
