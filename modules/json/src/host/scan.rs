//! Looking at keys of the selected database, without counting as a use of them.

use std::ffi::c_void;

use redis_module::raw;

use json_document::{Limits, Text};

use crate::host::config;
use crate::host::context::Context;
use crate::host::guard::{Entry, guarded};
use crate::host::key::{Key, KeyName};
use crate::host::value_type::held_bytes;

/// Documents whose keys begin alike: those of this module, and strings that are JSON.
#[derive(Default)]
pub(crate) struct Sample {
    /// Keys that were looked at, whatever they begin with.
    pub(crate) keys_seen: usize,
    /// How many of the texts are plain strings.
    pub(crate) strings: usize,
    pub(crate) texts: Vec<Text>,
    /// Bytes that they take now: documents as MEMORY USAGE counts them, strings by their lengths.
    pub(crate) held_bytes: usize,
}

/// How much is looked at.
pub(crate) struct Bounds {
    pub(crate) keys_seen: usize,
    pub(crate) texts: usize,
    pub(crate) bytes: usize,
    /// Longer documents are left out.
    pub(crate) len: usize,
}

struct Search<'a> {
    prefix: &'a [u8],
    bounds: Bounds,
    bytes: usize,
    sample: Sample,
}

/// Goes through the keys in the host's order, which is as good as random, until a bound is reached.
/// `None` where the host cannot do it.
pub(crate) fn sample(ctx: Context, prefix: &[u8], bounds: Bounds) -> Option<Sample> {
    let (scan, create, destroy) = (
        api!(RedisModule_Scan)?,
        api!(RedisModule_ScanCursorCreate)?,
        api!(RedisModule_ScanCursorDestroy)?,
    );
    let mut search = Search { prefix, bounds, bytes: 0, sample: Sample::default() };
    // SAFETY: the function takes nothing; the cursor is destroyed below.
    let cursor = unsafe { create() };
    let search_pointer = std::ptr::from_mut(&mut search).cast::<c_void>();
    loop {
        // SAFETY: the context is that of the running command; the callback gets the pointer during
        // the call only, while nobody else uses what it points to.
        let goes_on = unsafe { scan(ctx.raw(), cursor, Some(on_key), search_pointer) } != 0;
        if !goes_on || search.is_over() {
            break;
        }
    }
    // SAFETY: the cursor was made above and is not used again.
    unsafe { destroy(cursor) };
    Some(search.sample)
}

impl Search<'_> {
    fn is_over(&self) -> bool {
        self.sample.keys_seen >= self.bounds.keys_seen
            || self.sample.texts.len() >= self.bounds.texts
            || self.bytes >= self.bounds.bytes
    }

    fn look(&mut self, ctx: Context, name: KeyName<'_>) {
        self.sample.keys_seen += 1;
        if self.is_over() || !name.bytes().starts_with(self.prefix) {
            return;
        }
        let key = Key::open_untouched(ctx, name);
        let (text, held) = if let Ok(Some(stored)) = key.document() {
            let text = stored.text_untouched().ok().map(|text| Text::clone(&text));
            (text, held_bytes(stored))
        } else {
            let Some(string) = key.string(self.bounds.len) else { return };
            let limits = Limits { depth_max: config::depth_max() };
            let text = Text::parse(&string, &limits).ok();
            self.sample.strings += usize::from(text.is_some());
            (text, string.len())
        };
        let Some(text) = text.filter(|text| text.len() <= self.bounds.len) else { return };
        self.bytes += text.len();
        self.sample.held_bytes += held;
        self.sample.texts.push(text);
    }
}

unsafe extern "C" fn on_key(
    ctx: *mut raw::RedisModuleCtx,
    name: *mut raw::RedisModuleString,
    _key: *mut raw::RedisModuleKey,
    search: *mut c_void,
) {
    guarded(Entry::Scan, || {
        // SAFETY: the host gives a context that lives for this callback.
        let ctx = unsafe { Context::new(ctx) };
        // SAFETY: the host gives a name that lives for this callback.
        let name = unsafe { KeyName::new(name) };
        // SAFETY: `sample` gave this pointer for its call of the host's scan, and does not touch the
        // search meanwhile.
        let search = unsafe { &mut *search.cast::<Search<'_>>() };
        search.look(ctx, name);
    });
}
