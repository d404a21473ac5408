//! Documents that other modules look into, and the values they were given.
//!
//! A value that is given out is `opening << 32 | node`: the number of an opening, counted from 1, and
//! the number of a value in the text that was opened. Nothing is allocated for it, and nothing has to
//! be freed. The text and the index of an opening are kept
//!
//! - through the running turn of the host's event loop and the next one: [`tick`], which the host
//!   calls between commands, lets go what was opened before the tick before;
//! - while an iterator or a value of `allocJson` points to it;
//! - within [`HELD_MAX`] bytes: beyond that the oldest go, but never the newest [`OPENINGS_MIN`].
//!
//! A value of an opening that has gone is as good as NULL.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{c_char, c_int};
use std::mem;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use json_document::{Document, Index, Node, Text};
use json_store::Stored;
use redis_module::raw::{self, RedisModuleCtx, RedisModuleKey, RedisModuleString};

use crate::STORE;
use crate::host::context::{Context, now_ms};
use crate::host::guard::{Entry, guarded};
use crate::host::key::{Key, KeyName, document_of};

use super::values::Array;
use super::{RedisJson, bytes};

/// Bytes of texts and indexes kept for openings, a few of which may be as large as documents are.
const HELD_MAX: usize = 64 << 20;
/// So many openings are always kept: nobody compares more documents at a time.
const OPENINGS_MIN: usize = 64;
/// Among so many of the newest it is looked whether a text is open already.
const REOPENED_MAX: usize = 8;

/// A text that is open.
pub(super) struct Opening {
    number: u32,
    text: Arc<Text>,
    index: Index,
    /// Strings whose escapes had to be resolved.
    pub(super) strings: Mutex<HashMap<Node, Box<str>>>,
    pub(super) arrays: Mutex<HashMap<Node, Array>>,
}

impl Opening {
    pub(super) fn document(&self) -> Document<'_> {
        Document::new(&self.text, &self.index)
    }

    pub(super) fn value(&self, node: Node) -> RedisJson {
        let value = u64::from(self.number) << 32 | u64::from(node.number());
        ptr::without_provenance(value as usize)
    }

    fn held_bytes(&self) -> usize {
        self.text.len() + self.index.held_bytes()
    }
}

/// Values are pointers in C, and take all of their 64 bits.
const _: () = assert!(size_of::<RedisJson>() == 8);

static OPENINGS: Mutex<Openings> =
    Mutex::new(Openings { by_number: BTreeMap::new(), last: 0, at_last_tick: 0, held_bytes: 0 });

struct Openings {
    by_number: BTreeMap<u32, Arc<Opening>>,
    /// The number of the newest opening.
    last: u32,
    /// That at the tick before.
    at_last_tick: u32,
    held_bytes: usize,
}

fn openings() -> MutexGuard<'static, Openings> {
    // What is inside is whole at any time.
    OPENINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The content of a lock that guards nothing but itself.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets go what nobody can be using any more. To be called by the host's cron, between commands.
pub(in crate::host) fn tick() {
    let mut openings = openings();
    let until = openings.at_last_tick;
    openings.at_last_tick = openings.last;
    let gone = openings.let_go(|number, _| number <= until);
    drop(openings);
    // Large texts take time to free, and nobody needs to wait for that.
    drop(gone);
}

impl Openings {
    /// Takes out the openings that `may_go`, but none that somebody points to.
    fn let_go(&mut self, may_go: impl Fn(u32, &Openings) -> bool) -> Vec<Arc<Opening>> {
        let mut gone = Vec::new();
        let mut after = 0;
        while let Some((&number, opening)) = self.by_number.range(after..).next() {
            if !may_go(number, self) {
                break;
            }
            after = number.saturating_add(1);
            if Arc::strong_count(opening) == 1
                && let Some(opening) = self.by_number.remove(&number)
            {
                self.held_bytes = self.held_bytes.saturating_sub(opening.held_bytes());
                gone.push(opening);
            }
        }
        gone
    }
}

/// Opens `text`, or finds it open.
pub(super) fn open(text: Arc<Text>) -> Arc<Opening> {
    let newest = |openings: &Openings| {
        let mut newest = openings.by_number.values().rev().take(REOPENED_MAX);
        newest.find(|opening| Arc::ptr_eq(&opening.text, &text)).cloned()
    };
    if let Some(opening) = newest(&openings()) {
        return opening;
    }
    let mut index = Index::new(&text);
    index.shrink();
    let mut openings = openings();
    // Four billion openings later the numbers begin again; what was open then is long gone.
    openings.last = openings.last.checked_add(1).unwrap_or(1);
    let opening = Arc::new(Opening {
        number: openings.last,
        text,
        index,
        strings: Mutex::default(),
        arrays: Mutex::default(),
    });
    openings.held_bytes += opening.held_bytes();
    let replaced = openings.by_number.insert(opening.number, opening.clone());
    let gone = openings.let_go(|_, openings| {
        openings.held_bytes > HELD_MAX && openings.by_number.len() > OPENINGS_MIN
    });
    drop(openings);
    mem::drop((replaced, gone));
    opening
}

/// What a value stands for; none for NULL and for one that was kept too long.
pub(super) fn find(value: RedisJson) -> Option<(Arc<Opening>, Node)> {
    let value = value.addr() as u64;
    let opening = openings().by_number.get(&((value >> 32) as u32))?.clone();
    let node = opening.index.node(value as u32)?;
    Some((opening, node))
}

/// Whether looking at a document counts as reading it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effects {
    Read,
    None,
}

fn root(stored: Stored, effects: Effects) -> Option<RedisJson> {
    let text = match effects {
        Effects::Read => STORE.read(&stored, now_ms()),
        Effects::None => stored.text_untouched(),
    };
    let opening = open(text.ok()?);
    Some(opening.value(opening.document().root()))
}

/// `RedisJSON openKey(ctx, key name)`: the root of the document; NULL if there is none.
///
/// # Safety
/// A live context and a live string, or NULL.
pub(super) unsafe extern "C" fn open_key(
    ctx: *mut RedisModuleCtx,
    name: *mut RedisModuleString,
) -> RedisJson {
    // SAFETY: by the contract.
    let opened = guarded(Entry::ApiOpenKey, || unsafe { open_named(ctx, name, 0) });
    opened.flatten().unwrap_or(ptr::null())
}

/// `RedisJSON openKeyWithFlags(ctx, key name, flags)`: as `openKey`; the flags are the host's
/// `REDISMODULE_OPEN_KEY_*`. Those that the host does not know are left out.
///
/// # Safety
/// As [`open_key`].
pub(super) unsafe extern "C" fn open_key_with_flags(
    ctx: *mut RedisModuleCtx,
    name: *mut RedisModuleString,
    flags: c_int,
) -> RedisJson {
    // SAFETY: by the contract.
    let opened = guarded(Entry::ApiOpenKeyWithFlags, || unsafe { open_named(ctx, name, flags) });
    opened.flatten().unwrap_or(ptr::null())
}

/// `RedisJSON openKeyFromStr(ctx, key name)`: as `openKey`, the name a C string.
///
/// # Safety
/// A live context and a string that ends with NUL, or NULL.
pub(super) unsafe extern "C" fn open_key_from_str(
    ctx: *mut RedisModuleCtx,
    name: *const c_char,
) -> RedisJson {
    let opened = guarded(Entry::ApiOpenKeyFromStr, || {
        // SAFETY: by the contract.
        let name = unsafe { bytes(name) }?;
        // SAFETY: no context is taken for the string, so it is freed below.
        let name = unsafe { super::host_string(ptr::null_mut(), name) }?;
        // SAFETY: the context is live by the contract, and the string until it is freed.
        let root = unsafe { open_named(ctx, name, 0) };
        if let Some(free) = api!(RedisModule_FreeString) {
            // SAFETY: it was made above, without a context, and is freed once.
            unsafe { free(ptr::null_mut(), name) };
        }
        root
    });
    opened.flatten().unwrap_or(ptr::null())
}

/// # Safety
/// As [`open_key`].
unsafe fn open_named(
    ctx: *mut RedisModuleCtx,
    name: *mut RedisModuleString,
    flags: c_int,
) -> Option<RedisJson> {
    const NO_EFFECTS: c_int = raw::REDISMODULE_OPEN_KEY_NOEFFECTS as c_int;
    const NO_TOUCH: c_int = raw::REDISMODULE_OPEN_KEY_NOTOUCH as c_int;
    if ctx.is_null() || name.is_null() {
        return None;
    }
    let known = api!(RedisModule_GetOpenKeyModesAll).map_or(0, |modes| {
        // SAFETY: the function takes nothing.
        unsafe { modes() }
    });
    let read = raw::REDISMODULE_READ as c_int;
    let write = raw::REDISMODULE_WRITE as c_int;
    // SAFETY: by the contract.
    let ctx = unsafe { Context::new(ctx) };
    // SAFETY: by the contract.
    let name = unsafe { KeyName::new(name) };
    let key = Key::open(ctx, name, flags & known & !write | read);
    let effects = match flags & (NO_EFFECTS | NO_TOUCH) {
        0 => Effects::Read,
        _ => Effects::None,
    };
    root(key.document().ok()??, effects)
}

/// `int isJSON(open key)`: 1 if the key holds a document.
///
/// # Safety
/// An open key, or NULL.
pub(super) unsafe extern "C" fn is_json(key: *mut RedisModuleKey) -> c_int {
    // SAFETY: by the contract.
    let stored = guarded(Entry::ApiIsJson, || unsafe { document_of(key) });
    c_int::from(matches!(stored, Some(Ok(Some(_)))))
}

/// `RedisJSON getJsonFromHandle(open key)`: the root of the document that the key holds.
///
/// # Safety
/// An open key, or NULL.
pub(super) unsafe extern "C" fn get_json_from_handle(key: *mut RedisModuleKey) -> RedisJson {
    let opened = guarded(Entry::ApiGetJsonFromHandle, || {
        // SAFETY: by the contract.
        let stored = unsafe { document_of(key) }.ok()??;
        // How the key was opened is not known, and whoever indexes it must not keep it warm.
        root(stored, Effects::None)
    });
    opened.flatten().unwrap_or(ptr::null())
}
