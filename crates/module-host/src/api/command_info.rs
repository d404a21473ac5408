//! What a module says of its commands: `SetCommandInfo`.
//!
//! The arrays in the structure are stepped by the sizes that the module was compiled with, so that a structure may grow.

use std::ffi::c_int;

use engine::command::{
    ArgKind, BeginSearch, Command, CommandDocs, FindKeys, KeySpec, OwnedArg, OwnedDocs, flag,
};
use module_abi::{
    CommandArg, CommandHistoryEntry, CommandInfo, CommandInfoVersion, CommandKeySpec, ERR, OK,
    key_spec,
};

use crate::boundary::{api, set_errno, text_at};
use crate::current::with_engine;

use super::commands::{CommandRecord, has_movable_keys, update};

/// Sub-arguments nested deeper than this are refused.
const ARG_DEPTH_MAX: usize = 16;

/// Everything of the structure, in the engine's terms.
struct Described {
    docs: OwnedDocs,
    tips: Vec<String>,
    arity: c_int,
    key_specs: Option<Vec<KeySpec>>,
}

/// Elements of an array that ends with one for which `is_end` holds.
///
/// # Safety
///
/// `first` is NULL or points at such an array of a module, `step` bytes from one element to the next, none of them
/// shorter than ours; each is valid for reads.
unsafe fn elements<T: Copy>(first: *const T, step: usize, is_end: impl Fn(&T) -> bool) -> Vec<T> {
    let mut found = Vec::new();
    let mut at = first;
    while !at.is_null() {
        // SAFETY: Before the end, by the caller's promise.
        let element = unsafe { at.read() };
        if is_end(&element) {
            break;
        }
        found.push(element);
        at = at.wrapping_byte_add(step);
    }
    found
}

/// Exactly one bit.
fn is_one_of(flags: u64, group: u64) -> bool {
    (flags & group).is_power_of_two()
}

/// Reads one key spec; `None` when it is invalid.
///
/// # Safety
///
/// The strings and unions are as the spec's types say.
unsafe fn key_spec_of(spec: &CommandKeySpec) -> Option<KeySpec> {
    let changes = key_spec::INSERT | key_spec::DELETE | key_spec::UPDATE;
    if !is_one_of(spec.flags, key_spec::RO | key_spec::RW | key_spec::OW | key_spec::RM)
        || spec.flags & changes != 0 && !is_one_of(spec.flags, changes)
    {
        return None;
    }
    let begin = match spec.begin_search_type {
        key_spec::BEGIN_UNKNOWN => BeginSearch::Unknown,
        // SAFETY: The type says which member of the union is meant.
        key_spec::BEGIN_INDEX => BeginSearch::Index(unsafe { spec.begin_search.pos }),
        key_spec::BEGIN_KEYWORD => {
            // SAFETY: As above.
            let keyword = unsafe { spec.begin_search.keyword };
            // SAFETY: A C string, by the caller's promise.
            let word = unsafe { text_at(keyword.keyword) }?;
            BeginSearch::Keyword { word: word.leak(), start: keyword.start_from }
        }
        _ => return None,
    };
    let [first, second, third] =
        [spec.find_keys.first, spec.find_keys.second, spec.find_keys.third];
    let find = match spec.find_keys_type {
        key_spec::FIND_OMITTED => FindKeys::Range { last: 0, step: 1, limit: 0 },
        key_spec::FIND_UNKNOWN => FindKeys::Unknown,
        key_spec::FIND_RANGE => FindKeys::Range { last: first, step: second, limit: third },
        key_spec::FIND_KEYNUM => FindKeys::KeyNum { count_at: first, first: second, step: third },
        _ => return None,
    };
    // SAFETY: A C string or NULL, by the caller's promise.
    let notes = unsafe { text_at(spec.notes) };
    // Both layouts of flags have the same bits, see the engine's `key_flag`.
    let flags = spec.flags & key_spec::ALL;
    Some(KeySpec { flags, begin, find, notes: notes.map(|notes| &*notes.leak()) })
}

fn kind_of(kind: c_int) -> Option<ArgKind> {
    Some(match kind {
        0 => ArgKind::String,
        1 => ArgKind::Integer,
        2 => ArgKind::Double,
        3 => ArgKind::Key,
        4 => ArgKind::Pattern,
        5 => ArgKind::UnixTime,
        6 => ArgKind::PureToken,
        7 => ArgKind::OneOf,
        8 => ArgKind::Block,
        _ => return None,
    })
}

/// Reads the documented arguments; `None` when one is invalid.
///
/// # Safety
///
/// `first` is NULL or an array of the module as [`elements`] wants it, ended by an argument without name.
unsafe fn args_of(first: *const CommandArg, step: usize, depth: usize) -> Option<Vec<OwnedArg>> {
    const OPTIONAL: c_int = 1;
    const MULTIPLE: c_int = 1 << 1;
    const MULTIPLE_TOKEN: c_int = 1 << 2;
    if depth > ARG_DEPTH_MAX {
        return None;
    }
    // SAFETY: The caller's promise.
    let found = unsafe { elements(first, step, |arg: &CommandArg| arg.name.is_null()) };
    found
        .iter()
        .map(|arg| {
            let kind = kind_of(arg.kind)?;
            // SAFETY: The structure's strings are C strings or NULL.
            let text = |place| unsafe { text_at(place) };
            // SAFETY: The same promise holds for the array below.
            let subargs = unsafe { args_of(arg.subargs, step, depth + 1) }?;
            let is_container = matches!(kind, ArgKind::OneOf | ArgKind::Block);
            if matches!(kind, ArgKind::PureToken) && arg.token.is_null()
                || is_container == subargs.is_empty()
                || arg.flags & MULTIPLE_TOKEN != 0 && arg.token.is_null()
            {
                return None;
            }
            Some(OwnedArg {
                name: text(arg.name)?,
                kind,
                token: text(arg.token),
                summary: text(arg.summary),
                since: text(arg.since),
                deprecated_since: text(arg.deprecated_since),
                display_text: text(arg.display_text),
                key_spec: usize::try_from(arg.key_spec_index)
                    .ok()
                    .filter(|_| matches!(kind, ArgKind::Key)),
                optional: arg.flags & OPTIONAL != 0,
                multiple: arg.flags & (MULTIPLE | MULTIPLE_TOKEN) != 0,
                multiple_token: arg.flags & MULTIPLE_TOKEN != 0,
                subargs,
            })
        })
        .collect()
}

/// Reads the whole; `None` when any part is invalid.
///
/// # Safety
///
/// The structure is as the header describes it.
unsafe fn read(info: &CommandInfo) -> Option<Described> {
    // SAFETY: NULL, or a structure of the module.
    let version: &CommandInfoVersion = unsafe { info.version.as_ref() }?;
    // SAFETY: The structure's strings are C strings or NULL.
    let text = |place| unsafe { text_at(place) };
    // SAFETY: An array that ends with an entry without version.
    let entries = unsafe {
        elements(info.history, version.sizeof_historyentry, |entry: &CommandHistoryEntry| {
            entry.since.is_null()
        })
    };
    let history: Option<Vec<_>> =
        entries.iter().map(|entry| Some((text(entry.since)?, text(entry.changes)?))).collect();
    // SAFETY: An array that ends with a spec of no type.
    let specs = unsafe {
        elements(info.key_specs, version.sizeof_keyspec, |spec: &CommandKeySpec| {
            spec.begin_search_type == 0
        })
    };
    // SAFETY: Unions and strings are as the types say.
    let key_specs: Option<Vec<_>> = specs.iter().map(|spec| unsafe { key_spec_of(spec) }).collect();
    let docs = OwnedDocs {
        summary: text(info.summary),
        since: text(info.since),
        complexity: text(info.complexity),
        history: history?,
        // SAFETY: An array that ends with an argument without name.
        args: unsafe { args_of(info.args, version.sizeof_arg, 0) }?,
    };
    let tips = text(info.tips)
        .unwrap_or_default()
        .split(' ')
        .filter(|tip| !tip.is_empty())
        .map(str::to_owned)
        .collect();
    let key_specs = key_specs?;
    Some(Described {
        docs,
        tips,
        arity: info.arity,
        key_specs: (!info.key_specs.is_null()).then_some(key_specs),
    })
}

/// Whether nothing was said of the command yet.
fn is_undescribed(command: &Command) -> bool {
    let CommandDocs::Module(docs) = &command.docs else { return false };
    docs.summary.is_none()
        && docs.since.is_none()
        && docs.complexity.is_none()
        && docs.history.is_empty()
        && docs.args.is_empty()
        && command.tips.is_empty()
        && command.keys.len() <= 1
}

api! {
    /// Once for each command. errno: EINVAL for a bad description, EEXIST for a second one.
    fn SetCommandInfo(record: &CommandRecord, info: Option<&CommandInfo>) -> c_int {
        // SAFETY: The header's contract for this function.
        let Some(described) = info.and_then(|info| unsafe { read(info) }) else {
            super::log::line(3, &format!("Invalid command info for {}", record.full_name));
            set_errno(libc::EINVAL);
            return ERR;
        };
        let command = with_engine(|engine| engine.commands.by_full_name(record.full_name.as_bytes())).flatten();
        if !command.is_some_and(|command| is_undescribed(&command)) {
            set_errno(libc::EEXIST);
            return ERR;
        }
        update(record, |command| {
            command.docs = CommandDocs::Module(described.docs);
            command.tips = described.tips;
            if described.arity != 0 {
                command.arity = described.arity;
            }
            if let Some(keys) = described.key_specs {
                command.keys = keys;
                command.flags &= !flag::MOVABLE_KEYS;
                if has_movable_keys(command.flags, &command.keys) {
                    command.flags |= flag::MOVABLE_KEYS;
                }
            }
        });
        OK
    }
}
