//! The context of a call: replies, replication, events and what the host can tell.

use std::ffi::{CStr, CString, c_char, c_int, c_long};

use redis_module::raw;

use crate::compat::{self, EventClass, Rules};
use crate::host::clock;
use crate::host::key::KeyName;

/// The host's context of the running callback.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    raw: *mut raw::RedisModuleCtx,
    rules: &'static Rules,
}

impl Context {
    /// # Safety
    /// `ctx` is the context the host gave to the callback that is running, and the result does not
    /// outlive that callback.
    pub(super) unsafe fn new(ctx: *mut raw::RedisModuleCtx) -> Context {
        Context { raw: ctx, rules: compat::rules() }
    }

    pub(super) fn raw(self) -> *mut raw::RedisModuleCtx {
        self.raw
    }

    /// The rules that hold for the running command.
    pub(crate) fn rules(self) -> &'static Rules {
        self.rules
    }

    /// An error reply of one line, whatever `message` contains.
    pub(crate) fn reply_error(self, message: &str) {
        let Some(reply) = api!(RedisModule_ReplyWithError) else { return };
        let line = one_line(message);
        // SAFETY: the context is live and the text ends with NUL; the host copies it.
        unsafe { reply(self.raw, line.as_ptr()) };
    }

    pub(crate) fn reply_wrong_arity(self) {
        let Some(reply) = api!(RedisModule_WrongArity) else { return };
        // SAFETY: the context is live.
        unsafe { reply(self.raw) };
    }

    pub(crate) fn reply_simple(self, text: &CStr) {
        let Some(reply) = api!(RedisModule_ReplyWithSimpleString) else { return };
        // SAFETY: the context is live and the text ends with NUL; the host copies it.
        unsafe { reply(self.raw, text.as_ptr()) };
    }

    pub(crate) fn reply_bulk(self, bytes: &[u8]) {
        let Some(reply) = api!(RedisModule_ReplyWithStringBuffer) else { return };
        // SAFETY: the context is live; the host copies `bytes.len()` bytes.
        unsafe { reply(self.raw, bytes.as_ptr().cast::<c_char>(), bytes.len()) };
    }

    pub(crate) fn reply_integer(self, value: i64) {
        let Some(reply) = api!(RedisModule_ReplyWithLongLong) else { return };
        // SAFETY: the context is live.
        unsafe { reply(self.raw, value) };
    }

    pub(crate) fn reply_double(self, value: f64) {
        let Some(reply) = api!(RedisModule_ReplyWithDouble) else { return };
        // SAFETY: the context is live.
        unsafe { reply(self.raw, value) };
    }

    pub(crate) fn reply_null(self) {
        let Some(reply) = api!(RedisModule_ReplyWithNull) else { return };
        // SAFETY: the context is live.
        unsafe { reply(self.raw) };
    }

    /// As a boolean of RESP3, as an integer of RESP2.
    pub(crate) fn reply_bool(self, value: bool) {
        let Some(reply) = api!(RedisModule_ReplyWithBool) else {
            return self.reply_integer(i64::from(value));
        };
        // SAFETY: the context is live.
        unsafe { reply(self.raw, c_int::from(value)) };
    }

    /// Begins a map of RESP3, an array of twice the length in RESP2; exactly `len` pairs of
    /// replies follow.
    pub(crate) fn reply_map(self, len: usize) {
        let Some(reply) = api!(RedisModule_ReplyWithMap) else {
            return self.reply_array(len.saturating_mul(2));
        };
        let len = c_long::try_from(len).unwrap_or(c_long::MAX);
        // SAFETY: the context is live.
        unsafe { reply(self.raw, len) };
    }

    /// Begins an array; exactly `len` replies follow.
    pub(crate) fn reply_array(self, len: usize) {
        let Some(reply) = api!(RedisModule_ReplyWithArray) else { return };
        let len = c_long::try_from(len).unwrap_or(c_long::MAX);
        // SAFETY: the context is live.
        unsafe { reply(self.raw, len) };
    }

    /// An array of `items`, each sent by `each`.
    pub(crate) fn reply_each<T>(
        self,
        items: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        mut each: impl FnMut(Context, T),
    ) {
        let items = items.into_iter();
        self.reply_array(items.len());
        for item in items {
            each(self, item);
        }
    }

    /// The key was changed: WATCH, client tracking, replicas and AOF, then keyspace events.
    pub(crate) fn announce(self, event: &CStr, key: KeyName<'_>) {
        self.replicate();
        self.notify(event, key);
    }

    /// As [`Context::announce`], for a command that RedisJSON has not. Its own event is followed by
    /// that of JSON.SET: search modules index a document anew by the names that they know.
    pub(crate) fn announce_new(self, event: &CStr, key: KeyName<'_>) {
        self.announce(event, key);
        self.notify(c"json.set", key);
    }

    /// Sends the running command, which has changed something, to replicas and AOF as it came.
    pub(crate) fn replicate(self) {
        if let Some(replicate) = api!(RedisModule_ReplicateVerbatim) {
            // SAFETY: the context is that of a running command.
            unsafe { replicate(self.raw) };
        }
        self.after_write();
    }

    /// To be called once for each command that has written.
    pub(super) fn after_write(self) {
        clock::catch_up(self);
    }

    /// Signals the key as modified and sends a keyspace event.
    pub(crate) fn notify(self, event: &CStr, key: KeyName<'_>) {
        let class = match self.rules.event_class {
            EventClass::Module => raw::REDISMODULE_NOTIFY_MODULE as c_int,
            EventClass::Generic => raw::REDISMODULE_NOTIFY_GENERIC as c_int,
        };
        self.notify_class(class, event, key);
    }

    /// As [`Context::notify`], of class `generic`: what the host's own commands send for what they
    /// do to keys of any type.
    pub(crate) fn notify_generic(self, event: &CStr, key: KeyName<'_>) {
        self.notify_class(raw::REDISMODULE_NOTIFY_GENERIC, event, key);
    }

    fn notify_class(self, class: c_int, event: &CStr, key: KeyName<'_>) {
        if let Some(signal) = api!(RedisModule_SignalModifiedKey) {
            // SAFETY: the context and the name are those of the running command.
            unsafe { signal(self.raw, key.raw()) };
        }
        if let Some(notify) = api!(RedisModule_NotifyKeyspaceEvent) {
            // SAFETY: as above; the event's name ends with NUL.
            unsafe { notify(self.raw, class, event.as_ptr(), key.raw()) };
        }
    }

    /// The host's `CTX_FLAGS`, 0 if it cannot tell.
    pub(super) fn flags(self) -> c_int {
        let Some(flags) = api!(RedisModule_GetContextFlags) else { return 0 };
        // SAFETY: the context is live.
        unsafe { flags(self.raw) }
    }

    /// Whether replies are those for clients that speak RESP3.
    pub(crate) fn is_resp3(self) -> bool {
        self.rules.has_resp3_replies
            && self.flags() & raw::REDISMODULE_CTX_FLAGS_RESP3 as c_int != 0
    }

    /// Whether the command comes from the AOF or from the primary: it was accepted once.
    pub(crate) fn is_replay(self) -> bool {
        let flags = raw::REDISMODULE_CTX_FLAGS_LOADING | raw::REDISMODULE_CTX_FLAGS_REPLICATED;
        self.flags() & flags as c_int != 0
    }

    /// The number of the database that is selected; -1 if the host cannot tell.
    pub(super) fn database(self) -> i32 {
        // SAFETY: the context is live.
        api!(RedisModule_GetSelectedDb).map_or(-1, |selected| unsafe { selected(self.raw) })
    }

    /// Whether the host is loading a file or its primary's data, beside others or not.
    pub(crate) fn is_loading(self) -> bool {
        let flags = raw::REDISMODULE_CTX_FLAGS_LOADING | raw::REDISMODULE_CTX_FLAGS_ASYNC_LOADING;
        self.flags() & flags as c_int != 0
    }

    /// Whether the host is a replica.
    pub(crate) fn is_replica(self) -> bool {
        self.flags() & raw::REDISMODULE_CTX_FLAGS_SLAVE as c_int != 0
    }

    /// Whether the host writes an AOF.
    pub(crate) fn has_aof(self) -> bool {
        self.flags() & raw::REDISMODULE_CTX_FLAGS_AOF as c_int != 0
    }

    /// Whether the host is saving, or rewriting its AOF, in a child process.
    pub(crate) fn has_child(self) -> bool {
        self.flags() & raw::REDISMODULE_CTX_FLAGS_ACTIVE_CHILD as c_int != 0
    }
}

/// The host's clock, milliseconds since the epoch.
pub(crate) fn now_ms() -> u64 {
    // The time at which the command began, where the host tells it: asking the system takes 30 ns,
    // a fiftieth of a small command.
    if let Some(clock) = api!(RedisModule_CachedMicroseconds) {
        // SAFETY: the function takes nothing; the host's lock is held.
        return u64::try_from(unsafe { clock() }).unwrap_or(0) / 1000;
    }
    let Some(clock) = api!(RedisModule_Milliseconds) else { return 0 };
    // SAFETY: the function takes nothing and may be called at any time.
    u64::try_from(unsafe { clock() }).unwrap_or(0)
}

/// Used memory over `maxmemory`, 0 when there is no such limit.
pub(crate) fn used_memory_ratio() -> f32 {
    let Some(ratio) = api!(RedisModule_GetUsedMemoryRatio) else { return 0.0 };
    // SAFETY: the function takes nothing and may be called by the holder of the host's lock.
    unsafe { ratio() }
}

/// `message` with every byte that would end or cut a line made a space.
pub(super) fn one_line(message: &str) -> CString {
    let bytes: Vec<u8> =
        message.bytes().map(|b| if b < 0x20 || b == 0x7F { b' ' } else { b }).collect();
    // No NUL is left, so this never falls back.
    CString::new(bytes).unwrap_or_default()
}
