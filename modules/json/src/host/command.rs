//! Commands: what the host is told about each, and the way from its call to ours.

use std::ffi::{CStr, c_int};

use redis_module::raw;

use crate::error::Error;
use crate::host::args::Args;
use crate::host::command_docs::{Docs, RawArgs};
use crate::host::context::Context;
use crate::host::guard::{Entry, guarded};

/// A command of the module.
pub(crate) trait Command {
    const SPEC: Spec;
    /// A command that is not for users may go without.
    const DOCS: Docs = Docs::of(&[]);

    /// Does the command and replies. On an error nothing was replied and nothing changed.
    fn run(call: Call<'_>) -> Result<(), Error>;
}

/// One execution of a command.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) ctx: Context,
    /// The arguments, the command's name first.
    pub(crate) args: Args<'a>,
}

/// What the host is told about a command.
pub(crate) struct Spec {
    pub(crate) name: &'static CStr,
    pub(crate) summary: &'static CStr,
    pub(crate) complexity: &'static CStr,
    /// Number of arguments with the name; negative means at least as many.
    pub(crate) arity: c_int,
    pub(crate) flags: &'static CStr,
    pub(crate) keys: Keys,
}

/// The release of this module that had the commands first.
const SINCE: &CStr = c"0.1.0";

/// Where a command's keys are.
pub(crate) enum Keys {
    /// From argument 1 to `last` (negative counts from the end), every `step`.
    Range { last: c_int, step: c_int, usage: Usage },
    /// One key, at the argument that the function gives for the command's arguments: the host asks
    /// the command itself. Its flags need `getkeys-api`.
    Asked { find: fn(Args<'_>) -> Option<usize>, usage: Usage },
    /// There are none.
    None,
}

/// What is done to a key: flags of the host's key specs.
#[derive(Clone, Copy)]
pub(crate) struct Usage(u32);

impl Usage {
    /// Reads something of the key but returns no part of its content.
    pub(crate) const LOOK: Usage = Usage(raw::REDISMODULE_CMD_KEY_RO);
    pub(crate) const READ: Usage =
        Usage(raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS);
    pub(crate) const UPDATE: Usage =
        Usage(raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_UPDATE);
    pub(crate) const READ_UPDATE: Usage = Usage(
        raw::REDISMODULE_CMD_KEY_RW
            | raw::REDISMODULE_CMD_KEY_ACCESS
            | raw::REDISMODULE_CMD_KEY_UPDATE,
    );
    pub(crate) const INSERT: Usage =
        Usage(raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_INSERT);
    pub(crate) const DELETE: Usage =
        Usage(raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_DELETE);
    pub(crate) const READ_DELETE: Usage = Usage(
        raw::REDISMODULE_CMD_KEY_RW
            | raw::REDISMODULE_CMD_KEY_ACCESS
            | raw::REDISMODULE_CMD_KEY_DELETE,
    );
}

impl Keys {
    const fn are_written(&self) -> bool {
        match self {
            Keys::Range { usage: Usage(flags), .. } | Keys::Asked { usage: Usage(flags), .. } => {
                *flags & raw::REDISMODULE_CMD_KEY_RO == 0
            }
            Keys::None => false,
        }
    }

    /// The key is argument 1.
    pub(crate) const fn first(usage: Usage) -> Keys {
        Keys::Range { last: 1, step: 1, usage }
    }
}

/// Registers `C`, and tells the host what it can take: key specs and documentation (Redis 7.0),
/// ACL categories (Redis 7.4, Valkey 8). To be called in `OnLoad`.
pub(crate) fn register<C: Command>(ctx: *mut raw::RedisModuleCtx) -> Option<()> {
    let spec = const { &C::SPEC };
    let create = api!(RedisModule_CreateCommand)?;
    let (first, last, step) = match spec.keys {
        Keys::Range { last, step, .. } => (1, last, step),
        Keys::Asked { .. } | Keys::None => (0, 0, 0),
    };
    // SAFETY: `OnLoad` is running; the host copies name and flags.
    let status = unsafe {
        create(ctx, spec.name.as_ptr(), Some(entry::<C>), spec.flags.as_ptr(), first, last, step)
    };
    if status != raw::REDISMODULE_OK as c_int {
        return None;
    }
    let get_command = api!(RedisModule_GetCommand);
    // SAFETY: the name ends with NUL.
    let command = get_command.map(|get| unsafe { get(ctx, spec.name.as_ptr()) });
    let Some(command) = command.filter(|command| !command.is_null()) else { return Some(()) };
    describe(command, spec, const { &C::DOCS })?;
    if let (Some(set), Some(_)) =
        (api!(RedisModule_SetCommandACLCategories), api!(RedisModule_AddACLCategory))
    {
        // The host gives module commands no category by their flags.
        let is_admin =
            spec.flags.to_bytes().split(|&byte| byte == b' ').any(|flag| flag == b"admin");
        let categories = match &spec.keys {
            _ if is_admin => c"json admin dangerous",
            Keys::None => c"json",
            keys if keys.are_written() => c"json write",
            _ => c"json read",
        };
        // SAFETY: the command was just made by this module; the host reads the text now.
        unsafe { set(command, categories.as_ptr()) };
    }
    Some(())
}

fn describe(command: *mut raw::RedisModuleCommand, spec: &Spec, docs: &Docs) -> Option<()> {
    let Some(set_info) = api!(RedisModule_SetCommandInfo) else { return Some(()) };
    let version = raw::RedisModuleCommandInfoVersion {
        version: 1,
        sizeof_historyentry: size_of::<raw::RedisModuleCommandHistoryEntry>(),
        sizeof_keyspec: size_of::<raw::RedisModuleCommandKeySpec>(),
        sizeof_arg: size_of::<raw::RedisModuleCommandArg>(),
    };
    let mut args = RawArgs::default();
    let mut key_specs = [key_spec(&spec.keys), no_key_spec()];
    let info = raw::RedisModuleCommandInfo {
        version: &version,
        summary: spec.summary.as_ptr(),
        complexity: spec.complexity.as_ptr(),
        since: SINCE.as_ptr(),
        history: std::ptr::null_mut(),
        tips: docs.tips.map_or(std::ptr::null(), CStr::as_ptr),
        arity: spec.arity,
        key_specs: key_specs.as_mut_ptr(),
        args: args.add(docs.args),
    };
    // SAFETY: the host copies all of it; the arrays live for the call, and each ends with an empty one.
    let status = unsafe { set_info(command, &info) };
    (status == raw::REDISMODULE_OK as c_int).then_some(())
}

fn no_key_spec() -> raw::RedisModuleCommandKeySpec {
    // SAFETY: all fields are integers, pointers and unions of those, for which zero is a value.
    unsafe { std::mem::zeroed() }
}

fn key_spec(keys: &Keys) -> raw::RedisModuleCommandKeySpec {
    let mut spec = no_key_spec();
    spec.find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE;
    let (Usage(flags), last, step) = match *keys {
        Keys::Range { last, step, usage } => {
            spec.begin_search_type =
                raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX;
            spec.bs.index.pos = 1;
            // The host counts from the first key, except for what counts from the end.
            (usage, if last > 0 { last - 1 } else { last }, step)
        }
        Keys::Asked { .. } | Keys::None => return no_key_spec(),
    };
    spec.flags = u64::from(flags);
    spec.fk.range = raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_1 {
        lastkey: last,
        keystep: step,
        limit: 0,
    };
    spec
}

unsafe extern "C" fn entry<C: Command>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: the host gives a context that lives for this call.
    let ctx = unsafe { Context::new(ctx) };
    // SAFETY: the host gives `argc` strings that live, unchanged, for this call.
    let args = unsafe { Args::new(argv, argc) };
    if let Keys::Asked { find, usage } = const { C::SPEC.keys }
        && name_key(ctx, || find(args), usage)
    {
        return raw::REDISMODULE_OK as c_int;
    }
    if guarded(Entry::Command, || run::<C>(Call { ctx, args })).is_none() {
        ctx.reply_error(&(ctx.rules().message)(&Error::Internal));
    }
    raw::REDISMODULE_OK as c_int
}

/// Tells the host where the key is that `find` gives, if that is what the call is for.
fn name_key(ctx: Context, find: impl FnOnce() -> Option<usize>, usage: Usage) -> bool {
    let (Some(is_asked), Some(name)) =
        (api!(RedisModule_IsKeysPositionRequest), api!(RedisModule_KeyAtPosWithFlags))
    else {
        return false;
    };
    // SAFETY: the context is that of the call.
    if unsafe { is_asked(ctx.raw()) } == 0 {
        return false;
    }
    let at = guarded(Entry::CommandKeys, find).flatten();
    if let Some(at) = at.and_then(|at| c_int::try_from(at).ok()) {
        let Usage(flags) = usage;
        // SAFETY: the context is that of the call, which asks for the positions of keys.
        unsafe { name(ctx.raw(), at, flags as c_int) };
    }
    true
}

fn run<C: Command>(call: Call<'_>) {
    let arity = const { C::SPEC.arity };
    let argc = call.args.len();
    let wanted = arity.unsigned_abs() as usize;
    if argc < wanted || (arity > 0 && argc > wanted) {
        return call.ctx.reply_wrong_arity();
    }
    if !call.ctx.rules().takes(const { C::SPEC.name }, argc) {
        return call.ctx.reply_wrong_arity();
    }
    go_on::<C>(call);
}

/// Runs a command that was let in before, and has waited since.
pub(crate) fn go_on<C: Command>(call: Call<'_>) {
    settle(call, C::run(call));
}

/// Replies the error, if it is one.
pub(crate) fn settle(call: Call<'_>, outcome: Result<(), Error>) {
    match outcome {
        Ok(()) => {}
        Err(Error::Arity) => call.ctx.reply_wrong_arity(),
        Err(error) => call.ctx.reply_error(&(call.ctx.rules().message)(&error)),
    }
}
