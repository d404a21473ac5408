//! The way that all commands go which change a document that is there.

use std::ffi::CStr;
use std::ops::Range;
use std::sync::Arc;

use json_document::{EditError, Edits, Limits, ParseError, ParseErrorKind, PatchLimits, Text};
use json_store::Stored;
use jsonpath::Path;

use crate::STORE;
use crate::commands::offload;
use crate::error::Error;
use crate::host::command::Call;
use crate::host::config;
use crate::host::context::now_ms;
use crate::host::{Context, Key, KeyName};

/// How deep a command may make a document. What a client was allowed once is allowed again when
/// it comes from the AOF or from the primary: lowering the limit makes nothing unloadable.
fn limits(ctx: Context) -> Limits {
    let depth_max = if ctx.is_replay() { config::DEPTH_CEILING } else { config::depth_max() };
    Limits { depth_max }
}

/// Refuses a document of `len` bytes if it is too long. As with depth, what was allowed once is
/// allowed again.
pub(crate) fn check_len(ctx: Context, len: usize) -> Result<(), Error> {
    match len > config::document_len_max() && !(len <= config::LEN_CEILING && ctx.is_replay()) {
        true => Err(Error::DocumentTooLong),
        false => Ok(()),
    }
}

/// What a JSON Patch may make.
pub(crate) fn patch_limits(ctx: Context) -> PatchLimits {
    let is_replay = ctx.is_replay();
    PatchLimits {
        depth_max: limits(ctx).depth_max,
        len_max: if is_replay { config::LEN_CEILING } else { config::document_len_max() },
        work_max: if is_replay { u64::MAX } else { config::path_visits_max() },
    }
}

/// Parses a JSON argument.
pub(crate) fn parse_json(ctx: Context, json: &[u8]) -> Result<Text, Error> {
    parse_json_around(ctx, json, 0)
}

/// Parses a JSON argument that has `around` containers more around its values than a document.
pub(crate) fn parse_json_around(ctx: Context, json: &[u8], around: usize) -> Result<Text, Error> {
    check_len(ctx, json.len())?;
    // Asking the host costs more than the parsing of a small value, and is seldom needed.
    let limits_here = Limits { depth_max: config::depth_max() + around };
    let parsed = offload::take_parsed(json, limits_here.depth_max);
    match parsed.unwrap_or_else(|| Text::parse(json, &limits_here)) {
        Err(error) if error.kind() == ParseErrorKind::DepthExceeded => {
            let depth_max = limits(ctx).depth_max + around;
            Text::parse(json, &Limits { depth_max }).map_err(|error| too_deep(ctx, json, error))
        }
        other => other.map_err(Error::Json),
    }
}

/// valkey-json's parser goes deeper than its documents, and says which of the two was too deep.
fn too_deep(ctx: Context, json: &[u8], error: ParseError) -> Error {
    let is_parsed = ctx
        .rules()
        .parser_depth_max
        .is_some_and(|depth_max| Text::parse(json, &Limits { depth_max }).is_ok());
    if is_parsed { Error::Edit(EditError::DepthExceeded) } else { Error::Json(error) }
}

/// The new text, within the limits on depth and length.
pub(crate) fn apply(ctx: Context, edits: Edits<'_>) -> Result<Text, Error> {
    // A result much longer than allowed is refused before it takes memory.
    check_len(ctx, edits.added_len_max().ok_or(Error::DocumentTooLong)? / 2)?;
    let text = edits.apply(&limits(ctx))?;
    check_len(ctx, text.len())?;
    Ok(text)
}

/// A whole new document that was not parsed from an argument, within the same limits.
pub(crate) fn within_limits(ctx: Context, text: Text) -> Result<Text, Error> {
    check_len(ctx, text.len())?;
    let depth = text.height();
    if depth > config::depth_max() && depth > limits(ctx).depth_max {
        return Err(EditError::DepthExceeded.into());
    }
    Ok(text)
}

/// The new text of a document from which `edits` only take away: it is no deeper or longer, so
/// one from before a limit was lowered may be changed.
pub(crate) fn apply_removal(edits: Edits<'_>) -> Result<Text, Error> {
    Ok(edits.apply(&Limits { depth_max: config::DEPTH_CEILING })?)
}

/// A document that is about to change.
pub(crate) struct Change<'a> {
    pub(crate) call: Call<'a>,
    name: KeyName<'a>,
    key: Key<'a>,
    stored: Stored,
    pub(crate) text: Arc<Text>,
}

impl<'a> Change<'a> {
    /// The document `stored`, which the open `key` holds and has `text`.
    pub(crate) fn of(
        call: Call<'a>,
        name: KeyName<'a>,
        key: Key<'a>,
        stored: Stored,
        text: Arc<Text>,
    ) -> Change<'a> {
        Change { call, name, key, stored, text }
    }

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

    /// As [`Change::open_existing`], for changing what `path` selects.
    pub(crate) fn open_at(
        call: Call<'a>,
        name: KeyName<'a>,
        path: &Path,
    ) -> Result<Change<'a>, Error> {
        let key = Key::open_write(call.ctx, name);
        let stored = key.document()?.ok_or(Error::NoSuchKey)?;
        let text = read_text(&stored, path.is_singular() && !path.is_root())?;
        Ok(Change { call, name, key, stored, text })
    }

    /// Puts `value` in the place of the one at `span`, around which there are `depth` containers,
    /// and announces `event`.
    pub(crate) fn replace(
        self,
        span: Range<usize>,
        depth: usize,
        value: &Text,
        event: &CStr,
    ) -> Result<(), Error> {
        let len = (self.text.len() - span.len()).saturating_add(value.len());
        self.edit(len, event, |text, limits| text.replace_value(span.clone(), depth, value, limits))
    }

    /// Puts `values` behind the elements of the array at `span`, as [`Change::replace`] does.
    pub(crate) fn append(
        self,
        span: Range<usize>,
        depth: usize,
        values: &[Text],
        event: &CStr,
    ) -> Result<(), Error> {
        let added = values.iter().fold(0usize, |sum, value| sum.saturating_add(value.len() + 1));
        let len = self.text.len().saturating_add(added);
        self.edit(len, event, |text, limits| {
            text.append_elements(span.clone(), depth, values, limits)
        })
    }

    /// Changes the text, which will have `len` bytes, in place.
    fn edit(
        self,
        len: usize,
        event: &CStr,
        edit: impl Fn(&mut Text, &Limits) -> Result<(), EditError>,
    ) -> Result<(), Error> {
        let Change { call, name, key, stored, text } = self;
        check_len(call.ctx, len)?;
        STORE.edit(&stored, text, now_ms(), |text| {
            // As in parsing, the host is asked only where it matters.
            match edit(text, &Limits { depth_max: config::depth_max() }) {
                Err(EditError::DepthExceeded) => edit(text, &limits(call.ctx)),
                other => other,
            }
        })?;
        drop(key);
        call.ctx.announce(event, name);
        Ok(())
    }

    /// Puts the new text in and announces `event`.
    pub(crate) fn put(self, text: Text, event: &CStr) {
        let Change { call, name, key, stored, .. } = self;
        STORE.replace(&stored, text, now_ms());
        drop(key);
        call.ctx.announce(event, name);
    }

    /// As [`Change::put`], for commands that RedisJSON has not.
    pub(crate) fn put_new(self, text: Text, event: &CStr) {
        let Change { call, name, key, stored, .. } = self;
        STORE.replace(&stored, text, now_ms());
        drop(key);
        call.ctx.announce_new(event, name);
    }

    /// Removes the key and announces `event`.
    pub(crate) fn delete(self, event: &CStr) {
        let Change { call, name, key, .. } = self;
        key.delete();
        drop(key);
        call.ctx.announce(event, name);
    }
}

/// The document at `name`, for reading; `None` if there is no such key.
pub(crate) fn read(call: Call<'_>, name: KeyName<'_>) -> Result<Option<Arc<Text>>, Error> {
    read_for(call, name, false)
}

/// As [`read`]; `single` tells that single values are to be found in it by their paths.
pub(crate) fn read_for(
    call: Call<'_>,
    name: KeyName<'_>,
    single: bool,
) -> Result<Option<Arc<Text>>, Error> {
    let key = Key::open_read(call.ctx, name);
    match key.document()? {
        Some(stored) => read_text(&stored, single).map(Some),
        None => Ok(None),
    }
}

/// The text of `stored`; `single` as for [`read_for`].
pub(crate) fn read_text(stored: &Stored, single: bool) -> Result<Arc<Text>, Error> {
    let text = match single {
        true => STORE.read_by_path(stored, now_ms()),
        false => STORE.read(stored, now_ms()),
    };
    Ok(text?)
}
