//! `RedisModule_OnLoad`: the one symbol the module exports.

use std::ffi::{CStr, c_char, c_int, c_void};

use redis_module::raw;

use crate::commands;
use crate::host::args::Args;
use crate::host::guard::{Entry, guarded, silence_messages};
use crate::host::{
    clock, config, fault, host_config, info, loading, log, persistence, process, shared_api,
    value_type,
};

/// The first word of every context: the host's lookup of its functions by name, 0 for found.
type GetApi = unsafe extern "C" fn(*const c_char, *mut *mut c_void) -> c_int;

/// `HANDLE_ATOMIC_SLOT_MIGRATION` of Valkey 9.0, which the SDK's header lacks: documents travel by
/// the type's own callbacks and no state hangs on a key's slot. Hosts ignore options unknown to them.
const HANDLE_ATOMIC_SLOT_MIGRATION: c_int = 1 << 5;

const OK: c_int = raw::REDISMODULE_OK as c_int;
const ERR: c_int = raw::REDISMODULE_ERR as c_int;

/// # Safety
/// To be called by a host of the module API, with the context and arguments of a module being
/// loaded.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn RedisModule_OnLoad(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // Until the next call returns, nothing may be allocated: it would be the system's memory, and
    // given back to the host's allocator later.
    // SAFETY: the context is that of a module being loaded.
    unsafe { raw::Export_RedisModule_InitAPI(ctx) };
    // SAFETY: the host gives `argc` strings that live for this call.
    let args = unsafe { Args::new(argv, argc) };
    silence_messages();
    guarded(Entry::OnLoad, || load(ctx, args)).flatten().map_or(ERR, |()| OK)
}

fn load(ctx: *mut raw::RedisModuleCtx, args: Args<'_>) -> Option<()> {
    let arguments = match Arguments::parse(args) {
        Ok(arguments) => arguments,
        Err(message) => {
            log::warning(message);
            return None;
        }
    };
    let name = match arguments.name {
        Some(name) => name,
        None if is_valkey(ctx) => c"json",
        None => c"ReJSON",
    };
    // SAFETY: the context is that of a module being loaded; the host copies the name.
    let status = unsafe {
        raw::Export_RedisModule_Init(
            ctx,
            name.as_ptr(),
            version(),
            raw::REDISMODULE_APIVER_1 as c_int,
        )
    };
    (status == OK).then_some(())?;
    log::start(ctx);
    log::notice(concat!("Keystow JSON ", env!("CARGO_PKG_VERSION")));
    process::remember();
    if let Faults::At(entry) = arguments.faults {
        fault::arm(entry);
        fault::reach(Entry::OnLoad);
    }
    set_options(ctx);
    value_type::register(ctx)?;
    if let Some(add) = api!(RedisModule_AddACLCategory) {
        // SAFETY: `OnLoad` is running; the host copies the name.
        unsafe { add(ctx, c"json".as_ptr()) };
    }
    commands::register(ctx)?;
    if arguments.faults != Faults::Never {
        fault::register(ctx)?;
        log::warning("JSON.FAULT is there: this server is for tests");
    }
    config::register(ctx)?;
    host_config::follow(ctx);
    loading::follow(ctx);
    info::register(ctx);
    persistence::start(ctx);
    shared_api::export(ctx);
    if clock::start(ctx).is_none() {
        log::warning("the host has no cron event: documents are packed only by commands");
    }
    Some(())
}

/// What may follow the path on the `loadmodule` line.
struct Arguments {
    name: Option<&'static CStr>,
    faults: Faults,
}

/// Whether the module can be made to panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Faults {
    Never,
    /// By `JSON.FAULT`.
    OnRequest,
    /// As well, and first at this entry.
    At(Entry),
}

impl Arguments {
    /// `NAME json` or `NAME ReJSON`: the module's name on this host, whatever the host is.
    /// `DEBUG-FAULTS yes|no|entry`: see [`fault`].
    fn parse(args: Args<'_>) -> Result<Arguments, &'static str> {
        let mut arguments = Arguments { name: None, faults: Faults::Never };
        let mut words = args.from(0);
        while let Some(word) = words.next() {
            if word.is("DEBUG-FAULTS") {
                let value = words.next().map_or(&[][..], |value| value.bytes());
                arguments.faults = match (value, fault::entry(value)) {
                    (b"no", _) => Faults::Never,
                    (b"yes", _) => Faults::OnRequest,
                    (_, Some(entry)) => Faults::At(entry),
                    (_, None) => return Err("DEBUG-FAULTS must be yes, no or an entry's name"),
                };
                continue;
            }
            if !word.is("NAME") {
                return Err(
                    "unknown module argument; known are: NAME json|ReJSON, DEBUG-FAULTS yes|no",
                );
            }
            arguments.name = match words.next() {
                Some(name) if name.bytes() == b"json" => Some(c"json"),
                Some(name) if name.bytes() == b"ReJSON" => Some(c"ReJSON"),
                _ => return Err("NAME must be json or ReJSON"),
            };
        }
        Ok(arguments)
    }
}

/// Whether the host knows its functions by Valkey's names too.
fn is_valkey(ctx: *mut raw::RedisModuleCtx) -> bool {
    // SAFETY: the first word of a context is the host's `GetApi`, for all hosts of this interface.
    let get_api = unsafe { *ctx.cast::<Option<GetApi>>() };
    let mut found = std::ptr::null_mut();
    // SAFETY: the name ends with NUL; the host writes one pointer, if anything.
    get_api.is_some_and(|get_api| unsafe {
        get_api(c"ValkeyModule_ReplyWithLongLong".as_ptr(), &mut found) == 0
    })
}

/// `major * 10000 + minor * 100 + patch`, as RedisJSON counts.
fn version() -> c_int {
    let number = |text: &str| text.parse::<c_int>().unwrap_or(0);
    number(env!("CARGO_PKG_VERSION_MAJOR")) * 10_000
        + number(env!("CARGO_PKG_VERSION_MINOR")) * 100
        + number(env!("CARGO_PKG_VERSION_PATCH"))
}

fn set_options(ctx: *mut raw::RedisModuleCtx) {
    let Some(set) = api!(RedisModule_SetModuleOptions) else { return };
    // Errors of streams are looked at, and no state of ours outlives a value: data sets may be
    // loaded beside the one that is served.
    let mut options = (raw::REDISMODULE_OPTIONS_HANDLE_IO_ERRORS
        | raw::REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD) as c_int
        | HANDLE_ATOMIC_SLOT_MIGRATION;
    if api!(RedisModule_SignalModifiedKey).is_some() {
        // A write that changed nothing must not break a WATCH.
        options |= raw::REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED as c_int;
    }
    // SAFETY: `OnLoad` is running.
    unsafe { set(ctx, options) };
}
