//! Commands of modules: registering them, and the way of a call into one.

use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::Arc;

use byte_string::ByteString;
use engine::command::{
    BeginSearch, CommandDocs, CommandStats, FindKeys, KeySpec, ModuleCommand, OwnedDocs, flag,
    key_flag,
};
use engine::{Call, Command, Engine, Error, Outcome, call_flag};
use module_abi::{CommandFn, ERR, Handle, OK};

use crate::argument_pool::Arguments;
use crate::boundary::{Text, api, handles, set_errno, status};
use crate::context::{Context, purpose};
use crate::current::{enter, with_engine};
use crate::module_string::ModuleString;
use crate::registry::Module;

use super::memory::copy_out_array;

/// The host's side of a module's command, and `RedisModuleCommand` for C. Never freed: a call under way may outlive the
/// command's entry in the table.
pub(crate) struct CommandRecord {
    pub(crate) module: &'static Module,
    /// `parent|sub` for a sub-command.
    pub(crate) full_name: String,
    function: CommandFn,
}

impl Handle for CommandRecord {
    type Opaque = module_abi::Command;
}

impl CommandRecord {
    /// The record behind a command of the table.
    pub(crate) fn of(command: &Command) -> Option<&'static Self> {
        let owner = command.module.as_ref()?;
        // SAFETY: `data` of a module's command is the exposed address of a record that was leaked by `new`.
        unsafe { ptr::with_exposed_provenance::<Self>(owner.data).as_ref() }
    }

    fn new(module: &'static Module, full_name: String, function: CommandFn) -> &'static Self {
        Box::leak(Box::new(Self { module, full_name, function }))
    }
}

/// Words of a command's flags.
const FLAG_WORDS: [(&str, u64); 22] = [
    ("write", flag::WRITE),
    ("readonly", flag::READONLY),
    ("admin", flag::ADMIN),
    ("deny-oom", flag::DENYOOM),
    ("deny-script", flag::NOSCRIPT),
    ("allow-loading", flag::LOADING),
    ("pubsub", flag::PUBSUB),
    ("random", 0),
    ("blocking", flag::BLOCKING),
    ("allow-stale", flag::STALE),
    ("no-monitor", flag::SKIP_MONITOR),
    ("no-slowlog", flag::SKIP_SLOWLOG),
    ("no-commandlog", flag::SKIP_SLOWLOG),
    ("fast", flag::FAST),
    ("no-auth", flag::NO_AUTH),
    ("may-replicate", flag::MAY_REPLICATE),
    ("getkeys-api", flag::MODULE_GETKEYS),
    ("getchannels-api", flag::MODULE_GETCHANNELS),
    ("no-cluster", flag::MODULE_NO_CLUSTER),
    ("no-mandatory-keys", flag::NO_MANDATORY_KEYS),
    ("allow-busy", flag::ALLOW_BUSY),
    ("all-dbs", 0),
];

/// Flags of the words in `text`; `None` when one is unknown.
fn parse_flags(text: &[u8]) -> Option<u64> {
    let mut flags = 0;
    for word in text.split(|&byte| byte == b' ').filter(|word| !word.is_empty()) {
        let (_, bit) =
            FLAG_WORDS.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(word))?;
        flags |= bit;
    }
    Some(flags)
}

fn is_name_valid(name: &str) -> bool {
    !name.is_empty() && !name.contains([' ', '\r', '\n', '|', '@', '=', ','])
}

/// What CreateCommand and CreateSubcommand are given.
struct Declared {
    flags: u64,
    first_key: c_int,
    last_key: c_int,
    key_step: c_int,
}

/// Whether first key, last key and step cannot tell where all the keys are.
pub(crate) fn has_movable_keys(flags: u64, keys: &[KeySpec]) -> bool {
    if flags & flag::MODULE_GETKEYS != 0
        || keys.iter().any(|spec| spec.flags & key_flag::INCOMPLETE != 0)
    {
        return true;
    }
    let mut last_before = 0;
    for spec in keys {
        let (BeginSearch::Index(first), FindKeys::Range { last, step, .. }) =
            (&spec.begin, &spec.find)
        else {
            return true;
        };
        // One range may have any step; several must follow one another without a gap.
        if keys.len() > 1 && (*step != 1 || last_before != 0 && last_before != first - 1) {
            return true;
        }
        last_before = if *last >= 0 { first + last } else { *last };
    }
    false
}

/// Makes the table's entry of a command.
fn make(record: &'static CommandRecord, declared: &Declared) -> Command {
    let mut keys = Vec::new();
    if declared.first_key != 0 {
        let mut flags = key_flag::RW | key_flag::ACCESS | key_flag::UPDATE;
        if declared.flags & flag::MODULE_GETKEYS != 0 {
            flags |= key_flag::VARIABLE_FLAGS;
        }
        let last = declared.last_key;
        let last = if last < 0 { last } else { last - declared.first_key };
        keys.push(KeySpec {
            flags,
            begin: BeginSearch::Index(declared.first_key),
            find: FindKeys::Range { last, step: declared.key_step, limit: 0 },
            notes: None,
        });
    }
    let mut flags = declared.flags | flag::MODULE;
    if has_movable_keys(declared.flags, &keys) {
        flags |= flag::MOVABLE_KEYS;
    }
    Command {
        full_name: record.full_name.clone(),
        // A command without a function is a container, which needs a sub-command's word.
        arity: if record.function.is_some() { -1 } else { -2 },
        flags,
        categories: 0,
        tips: Vec::new(),
        keys,
        docs: CommandDocs::Module(OwnedDocs::default()),
        handler: dispatch,
        getkeys: None,
        module: Some(ModuleCommand {
            module: record.module.name.clone(),
            data: ptr::from_ref(record).expose_provenance(),
        }),
        subcommands: Vec::new(),
        stats: CommandStats::default(),
    }
}

/// The handler of every module command: puts a context on the stack and calls the function.
pub(crate) fn dispatch(engine: &mut Engine, call: &mut Call) -> Outcome {
    let record =
        CommandRecord::of(&call.command).ok_or(Error::text("ERR the command's module is gone"))?;
    let Some(function) = record.function else { return Err(Error::Syntax) };
    let mut purposes = purpose::COMMAND;
    if call.has(call_flag::NO_PROPAGATION) {
        purposes |= purpose::NO_PROPAGATION;
    }
    if call.has(call_flag::DEFER_ERROR_STATS) {
        purposes |= purpose::DEFER_ERRORS;
    }
    if call.has(call_flag::IN_EXEC) {
        purposes |= purpose::IN_EXEC;
    }
    let context = Context::new(Some(record.module), purposes);
    context.client.set(Some(call.client));
    context.db.set(call.db);
    // The function sees this argv to its end, whatever becomes of the call's.
    let argv = std::mem::take(&mut call.argv);
    // SAFETY: `argv` is not touched before the context is finished, below.
    unsafe { context.set_argv(&raw const *argv) };
    // SAFETY: `call` is exclusively ours and is not used before the context is finished, below.
    unsafe { context.reply_to(&raw mut call.reply) };
    let arguments = Arguments::of(&argv);
    let argc = c_int::try_from(arguments.len()).unwrap_or(c_int::MAX);
    // SAFETY: The module's command function, with a context and arguments that live until it returns; the engine is out of
    // our hands meanwhile, by `enter`.
    enter(engine, || unsafe {
        function((&raw const context).cast_mut().cast(), arguments.as_c(), argc)
    });
    context.finish(engine);
    call.flags |= context.call_flags();
    call.db = context.db.get();
    drop(arguments);
    drop(context);
    call.argv = argv;
    Ok(())
}

/// Keys of a command that answers key-position requests itself: runs its function in that mode.
pub(crate) fn positions(
    engine: &mut Engine,
    command: &Arc<Command>,
    argv: &[ByteString],
) -> Vec<(usize, u64)> {
    let Some(record) = CommandRecord::of(command) else { return Vec::new() };
    let Some(function) = record.function else { return Vec::new() };
    let context = Context::new(Some(record.module), purpose::KEYS_REQUEST);
    let arguments = Arguments::of(argv);
    let argc = c_int::try_from(arguments.len()).unwrap_or(c_int::MAX);
    // SAFETY: As in `dispatch`.
    enter(engine, || unsafe {
        function((&raw const context).cast_mut().cast(), arguments.as_c(), argc)
    });
    context.finish(engine);
    context.positions.take()
}

/// The name of the command that the context runs.
pub(crate) fn current_name(context: &Context) -> String {
    let Some(word) = context.argv().first() else { return String::new() };
    let sub = context.argv().get(1);
    with_engine(|engine| match engine.commands.find(word, sub.map(|sub| &**sub)) {
        engine::Found::Command(command) => Some(command.full_name.clone()),
        _ => None,
    })
    .flatten()
    .unwrap_or_else(|| String::from_utf8_lossy(word).to_ascii_lowercase())
}

/// The record of a command of the context's module.
fn record_of(engine: &Engine, context: &Context, name: &[u8]) -> Option<&'static CommandRecord> {
    let command = engine.commands.by_full_name(name)?;
    let record = CommandRecord::of(&command)?;
    context.module.get().is_some_and(|module| ptr::eq(module, record.module)).then_some(record)
}

/// Changes the table's entry of a command; nothing happens when it has gone.
pub(crate) fn update(record: &CommandRecord, change: impl FnOnce(&mut Command)) {
    with_engine(|engine| engine.commands.update(&record.full_name, change));
}

/// Keys of a command line, for the two functions below.
fn command_keys(argv: &[&ModuleString]) -> Result<Vec<(usize, u64)>, c_int> {
    let argv: Vec<ByteString> = argv.iter().map(|arg| arg.to_byte_string()).collect();
    if argv.is_empty() {
        return Err(libc::EINVAL);
    }
    with_engine(|engine| {
        let command = match engine.look_up(&argv) {
            Ok(command) => command,
            Err(Error::WrongArity(_)) => return Err(libc::EINVAL),
            Err(_) => return Err(libc::ENOENT),
        };
        engine.keys_of(&command, &argv).map_err(|_| libc::EINVAL)
    })
    .unwrap_or(Err(libc::EINVAL))
}

api! {
    /// Only while the module is being loaded. A NULL function makes a container of sub-commands.
    fn CreateCommand(context: &Context, name: Text<'_>, function: CommandFn, flags: Text<'_>, first_key: c_int, last_key: c_int, key_step: c_int) -> c_int {
        let Some(module) = context.module.get().filter(|module| module.is_loading()) else { return ERR };
        let Some(flags) = parse_flags(flags.bytes()) else { return ERR };
        let name = name.to_str();
        if !is_name_valid(&name) {
            return ERR;
        }
        let declared = Declared { flags, first_key, last_key, key_step };
        let added = with_engine(|engine| {
            if engine.commands.get(name.as_bytes()).is_some() {
                return false;
            }
            let record = CommandRecord::new(module, name.clone().into_owned(), function);
            engine.commands.add(make(record, &declared))
        });
        status(added.unwrap_or(false))
    }

    /// A command of the calling module, or NULL.
    fn GetCommand(context: &Context, name: Text<'_>) -> *const CommandRecord {
        let found = with_engine(|engine| record_of(engine, context, name.bytes())).flatten();
        found.map_or(ptr::null(), ptr::from_ref)
    }

    /// Only for a container of the same module, while that is being loaded.
    fn CreateSubcommand(parent: &CommandRecord, name: Text<'_>, function: CommandFn, flags: Text<'_>, first_key: c_int, last_key: c_int, key_step: c_int) -> c_int {
        if !parent.module.is_loading() || parent.full_name.contains('|') || parent.function.is_some() {
            return ERR;
        }
        let Some(flags) = parse_flags(flags.bytes()) else { return ERR };
        let name = name.to_str();
        if !is_name_valid(&name) {
            return ERR;
        }
        let declared = Declared { flags, first_key, last_key, key_step };
        let mut added = false;
        update(parent, |container| {
            if container.subcommand(name.as_bytes()).is_none() {
                let full_name = format!("{}|{name}", parent.full_name);
                let record = CommandRecord::new(parent.module, full_name, function);
                let mut command = make(record, &declared);
                // Its own word counts.
                command.arity = -2;
                container.subcommands.push(Arc::new(command));
                added = true;
            }
        });
        status(added)
    }

    fn IsKeysPositionRequest(context: &Context) -> c_int {
        c_int::from(context.is_for(purpose::KEYS_REQUEST))
    }

    fn KeyAtPosWithFlags(context: &Context, position: c_int, flags: c_int) {
        if context.is_for(purpose::KEYS_REQUEST)
            && let (Ok(position), Ok(flags)) = (usize::try_from(position), u64::try_from(flags))
            && position > 0
        {
            context.positions.borrow_mut().push((position, flags));
        }
    }

    fn KeyAtPos(context: &Context, position: c_int) {
        if context.is_for(purpose::KEYS_REQUEST)
            && let Ok(position) = usize::try_from(position)
            && position > 0
        {
            context.positions.borrow_mut().push((position, key_flag::RW | key_flag::ACCESS | key_flag::UPDATE));
        }
    }

    fn IsChannelsPositionRequest(context: &Context) -> c_int {
        c_int::from(context.is_for(purpose::CHANNELS_REQUEST))
    }

    /// Positions in argv, to be freed with `Free`; NULL without keys (errno 0) or for a bad command.
    fn GetCommandKeys(context: &Context, argv: *const *mut ModuleString, argc: c_int, count: &mut c_int) -> *mut c_int {
        // SAFETY: The header's contract: the same arguments, and no place for the flags.
        unsafe { GetCommandKeysWithFlags(context, argv, argc, count, ptr::null_mut()) }
    }

    /// As GetCommandKeys; where `flags` is not NULL, also an array of key flags to be freed.
    fn GetCommandKeysWithFlags(_context: &Context, argv: *const *mut ModuleString, argc: c_int, count: &mut c_int, flags: *mut *mut c_int) -> *mut c_int {
        // SAFETY: Rules 1 and 3.
        let argv = unsafe { handles(argv, usize::try_from(argc).unwrap_or(0)) };
        *count = 0;
        match command_keys(argv) {
            Err(error) => {
                set_errno(error);
                ptr::null_mut()
            }
            Ok(keys) if keys.is_empty() => {
                set_errno(0);
                ptr::null_mut()
            }
            Ok(keys) => {
                let positions: Vec<c_int> = keys.iter().filter_map(|(at, _)| c_int::try_from(*at).ok()).collect();
                *count = c_int::try_from(positions.len()).unwrap_or(0);
                if !flags.is_null() {
                    let bits: Vec<c_int> = keys.iter().map(|(_, bits)| c_int::try_from(*bits).unwrap_or(0)).collect();
                    // SAFETY: Rule 4; checked for NULL.
                    unsafe { flags.write(copy_out_array(&bits)) };
                }
                copy_out_array(&positions)
            }
        }
    }

    /// The name of the command under way; NULL outside commands. Good until the context goes.
    fn GetCurrentCommandName(context: &Context) -> *const c_char {
        if context.argv().is_empty() {
            return ptr::null();
        }
        let name = current_name(context);
        let place: *mut u8 = context.pool_alloc(name.len() + 1).cast();
        // SAFETY: The place has room for the name and a NUL.
        unsafe { place.copy_from_nonoverlapping(name.as_ptr(), name.len()) };
        // SAFETY: The last byte of the place.
        unsafe { place.wrapping_add(name.len()).write(0) };
        place.cast_const().cast()
    }

    /// Words are category names; one that is unknown changes nothing.
    fn SetCommandACLCategories(record: &CommandRecord, categories: Text<'_>) -> c_int {
        if !record.module.is_loading() {
            return ERR;
        }
        let bits = with_engine(|engine| {
            let mut bits = 0;
            for word in categories.bytes().split(|&byte| byte == b' ').filter(|word| !word.is_empty()) {
                bits |= engine.category_bit(word)?;
            }
            Some(bits)
        });
        let Some(bits) = bits.flatten() else { return ERR };
        update(record, |command| command.categories |= bits);
        OK
    }

    /// errno: EINVAL for a bad name or time, EBUSY for a name that is taken, ENOMEM when there are 64.
    fn AddACLCategory(context: &Context, name: Text<'_>) -> c_int {
        let may = context.module.get().is_some_and(Module::is_loading);
        let name = name.to_str();
        if !may || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') || name.is_empty() {
            set_errno(libc::EINVAL);
            return ERR;
        }
        let added = with_engine(|engine| {
            if engine.category_bit(name.as_bytes()).is_some() {
                return Err(libc::EBUSY);
            }
            engine.add_category(&name).map(drop).ok_or(libc::ENOMEM)
        });
        match added {
            Some(Ok(())) => OK,
            Some(Err(error)) => {
                set_errno(error);
                ERR
            }
            None => ERR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_names() {
        assert_eq!(parse_flags(b"write deny-oom"), Some(flag::WRITE | flag::DENYOOM));
        assert_eq!(parse_flags(b"ReadOnly  FAST random"), Some(flag::READONLY | flag::FAST));
        assert_eq!(parse_flags(b""), Some(0));
        assert_eq!(parse_flags(b"write fancy"), None);
        assert!(
            is_name_valid("json.set")
                && !is_name_valid("json set")
                && !is_name_valid("a|b")
                && !is_name_valid("")
        );
    }
}
