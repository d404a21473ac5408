//! What a command is: one record from which arity checks, ACL, key extraction, `COMMAND` and dispatch are made.
//!
//! Built-in commands are written as `const` [`Spec`]s that stand directly above their handler; the table turns each
//! into a [`Command`] at start. Modules make [`Command`]s at run time. Execution sees only [`Command`], and a native
//! handler and a module's differ in the function pointer alone.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::call::Call;
use crate::engine::Engine;
use crate::error::Outcome;

/// A command's code. Native and module commands have the same type.
pub type Handler = fn(&mut Engine, &mut Call) -> Outcome;

/// Command flags, as `COMMAND INFO` names them.
pub mod flag {
    pub const WRITE: u64 = 1 << 0;
    pub const READONLY: u64 = 1 << 1;
    pub const DENYOOM: u64 = 1 << 2;
    pub const ADMIN: u64 = 1 << 3;
    pub const PUBSUB: u64 = 1 << 4;
    pub const NOSCRIPT: u64 = 1 << 5;
    pub const BLOCKING: u64 = 1 << 6;
    pub const LOADING: u64 = 1 << 7;
    pub const STALE: u64 = 1 << 8;
    pub const SKIP_MONITOR: u64 = 1 << 9;
    pub const SKIP_SLOWLOG: u64 = 1 << 10;
    pub const ASKING: u64 = 1 << 11;
    pub const FAST: u64 = 1 << 12;
    pub const NO_AUTH: u64 = 1 << 13;
    pub const MAY_REPLICATE: u64 = 1 << 14;
    pub const NO_MANDATORY_KEYS: u64 = 1 << 15;
    pub const NO_MULTI: u64 = 1 << 16;
    pub const MOVABLE_KEYS: u64 = 1 << 17;
    pub const ALLOW_BUSY: u64 = 1 << 18;
    pub const TOUCHES_ARBITRARY_KEYS: u64 = 1 << 19;
    pub const NO_ASYNC_LOADING: u64 = 1 << 20;
    pub const PROTECTED: u64 = 1 << 21;
    pub const MODULE: u64 = 1 << 22;
    /// Module command that answers key-position requests itself.
    pub const MODULE_GETKEYS: u64 = 1 << 23;
    pub const MODULE_NO_CLUSTER: u64 = 1 << 24;
    pub const MODULE_GETCHANNELS: u64 = 1 << 25;

    /// Flag bits and the names that `COMMAND INFO` shows, in Valkey's order; bits without a name are internal.
    pub const NAMES: &[(u64, &str)] = &[
        (WRITE, "write"),
        (READONLY, "readonly"),
        (DENYOOM, "denyoom"),
        (MODULE, "module"),
        (ADMIN, "admin"),
        (PUBSUB, "pubsub"),
        (NOSCRIPT, "noscript"),
        (BLOCKING, "blocking"),
        (LOADING, "loading"),
        (STALE, "stale"),
        (SKIP_MONITOR, "skip_monitor"),
        (SKIP_SLOWLOG, "skip_slowlog"),
        (ASKING, "asking"),
        (FAST, "fast"),
        (NO_AUTH, "no_auth"),
        (NO_MANDATORY_KEYS, "no_mandatory_keys"),
        (NO_ASYNC_LOADING, "no_async_loading"),
        (NO_MULTI, "no_multi"),
        (MOVABLE_KEYS, "movablekeys"),
        (ALLOW_BUSY, "allow_busy"),
    ];
}

/// ACL categories as bits; modules may add more, up to 64 in all.
pub mod category {
    pub const KEYSPACE: u64 = 1 << 0;
    pub const READ: u64 = 1 << 1;
    pub const WRITE: u64 = 1 << 2;
    pub const SET: u64 = 1 << 3;
    pub const SORTEDSET: u64 = 1 << 4;
    pub const LIST: u64 = 1 << 5;
    pub const HASH: u64 = 1 << 6;
    pub const STRING: u64 = 1 << 7;
    pub const BITMAP: u64 = 1 << 8;
    pub const HYPERLOGLOG: u64 = 1 << 9;
    pub const GEO: u64 = 1 << 10;
    pub const STREAM: u64 = 1 << 11;
    pub const PUBSUB: u64 = 1 << 12;
    pub const ADMIN: u64 = 1 << 13;
    pub const FAST: u64 = 1 << 14;
    pub const SLOW: u64 = 1 << 15;
    pub const BLOCKING: u64 = 1 << 16;
    pub const DANGEROUS: u64 = 1 << 17;
    pub const CONNECTION: u64 = 1 << 18;
    pub const TRANSACTION: u64 = 1 << 19;
    pub const SCRIPTING: u64 = 1 << 20;

    /// The built-in categories, bit 0 first, as `ACL CAT` lists them.
    pub const NAMES: [&str; 21] = [
        "keyspace",
        "read",
        "write",
        "set",
        "sortedset",
        "list",
        "hash",
        "string",
        "bitmap",
        "hyperloglog",
        "geo",
        "stream",
        "pubsub",
        "admin",
        "fast",
        "slow",
        "blocking",
        "dangerous",
        "connection",
        "transaction",
        "scripting",
    ];
}

/// Key-spec flags, as `COMMAND INFO` names them.
pub mod key_flag {
    pub const RO: u64 = 1 << 0;
    pub const RW: u64 = 1 << 1;
    pub const OW: u64 = 1 << 2;
    pub const RM: u64 = 1 << 3;
    pub const ACCESS: u64 = 1 << 4;
    pub const UPDATE: u64 = 1 << 5;
    pub const INSERT: u64 = 1 << 6;
    pub const DELETE: u64 = 1 << 7;
    pub const NOT_KEY: u64 = 1 << 8;
    pub const INCOMPLETE: u64 = 1 << 9;
    pub const VARIABLE_FLAGS: u64 = 1 << 10;

    pub const NAMES: &[(u64, &str)] = &[
        (RO, "RO"),
        (RW, "RW"),
        (OW, "OW"),
        (RM, "RM"),
        (ACCESS, "access"),
        (UPDATE, "update"),
        (INSERT, "insert"),
        (DELETE, "delete"),
        (NOT_KEY, "not_key"),
        (INCOMPLETE, "incomplete"),
        (VARIABLE_FLAGS, "variable_flags"),
    ];
}

/// Where a key spec's keys begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeginSearch {
    /// At a fixed argument.
    Index(i32),
    /// After a keyword, looked for from `start` (negative: from the end, backwards). A module's word is leaked by its
    /// host: commands are few and live as long as the server.
    Keyword { word: &'static str, start: i32 },
    /// Not expressible.
    Unknown,
}

/// How a key spec's keys are found once their beginning is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindKeys {
    /// From the beginning to `last` (relative; negative: from the end of argv), each `step`, limited to 1/`limit`.
    Range { last: i32, step: i32, limit: i32 },
    /// A count at `count_at`, keys from `first` (both relative to the beginning), each `step`.
    KeyNum { count_at: i32, first: i32, step: i32 },
    /// Not expressible.
    Unknown,
}

/// One key specification of a command (Valkey "key specs").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySpec {
    pub flags: u64,
    pub begin: BeginSearch,
    pub find: FindKeys,
    pub notes: Option<&'static str>,
}

impl KeySpec {
    /// One key at argument `at`.
    pub const fn one(at: i32, flags: u64) -> Self {
        Self::range(at, 0, 1, flags)
    }

    /// Keys from argument `first` to `last` (relative to `first`; negative: from the end of argv), each `step`.
    pub const fn range(first: i32, last: i32, step: i32, flags: u64) -> Self {
        Self {
            flags,
            begin: BeginSearch::Index(first),
            find: FindKeys::Range { last, step, limit: 0 },
            notes: None,
        }
    }

    pub const fn notes(mut self, notes: &'static str) -> Self {
        self.notes = Some(notes);
        self
    }
}

/// The kind of a documented argument, as `COMMAND DOCS` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgKind {
    String,
    Integer,
    Double,
    Key,
    Pattern,
    UnixTime,
    PureToken,
    OneOf,
    Block,
}

/// A documented argument of a command (`COMMAND DOCS`).
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    pub name: &'static str,
    pub kind: ArgKind,
    /// The literal word before the value (or that is the value, for `PureToken`).
    pub token: Option<&'static str>,
    pub key_spec: Option<usize>,
    pub since: Option<&'static str>,
    pub optional: bool,
    pub multiple: bool,
    pub multiple_token: bool,
    pub subargs: &'static [Arg],
}

impl Arg {
    /// A mandatory argument.
    pub const fn new(name: &'static str, kind: ArgKind) -> Self {
        Self {
            name,
            kind,
            token: None,
            key_spec: None,
            since: None,
            optional: false,
            multiple: false,
            multiple_token: false,
            subargs: &[],
        }
    }

    /// A key argument described by the key spec of that index.
    pub const fn key(name: &'static str, key_spec: usize) -> Self {
        let mut arg = Self::new(name, ArgKind::Key);
        arg.key_spec = Some(key_spec);
        arg
    }

    /// A word that stands for itself.
    pub const fn word(name: &'static str, token: &'static str) -> Self {
        let mut arg = Self::new(name, ArgKind::PureToken);
        arg.token = Some(token);
        arg
    }

    pub const fn token(mut self, token: &'static str) -> Self {
        self.token = Some(token);
        self
    }

    pub const fn since(mut self, version: &'static str) -> Self {
        self.since = Some(version);
        self
    }

    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    pub const fn multiple(mut self) -> Self {
        self.multiple = true;
        self
    }

    pub const fn multiple_token(mut self) -> Self {
        self.multiple_token = true;
        self
    }

    pub const fn of(mut self, subargs: &'static [Arg]) -> Self {
        self.subargs = subargs;
        self
    }
}

/// What `COMMAND DOCS` tells of a command.
#[derive(Debug, Clone, Copy)]
pub struct Docs {
    pub summary: &'static str,
    pub since: &'static str,
    /// The group's name: `string`, `hash`, `generic`, `server`, …
    pub group: &'static str,
    pub complexity: &'static str,
    /// (version, what changed)
    pub history: &'static [(&'static str, &'static str)],
    pub deprecated_since: Option<&'static str>,
    pub replaced_by: Option<&'static str>,
    pub args: &'static [Arg],
}

impl Docs {
    pub const fn new(
        group: &'static str,
        since: &'static str,
        complexity: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            summary,
            since,
            group,
            complexity,
            history: &[],
            deprecated_since: None,
            replaced_by: None,
            args: &[],
        }
    }

    pub const fn args(mut self, args: &'static [Arg]) -> Self {
        self.args = args;
        self
    }

    pub const fn history(mut self, history: &'static [(&'static str, &'static str)]) -> Self {
        self.history = history;
        self
    }

    pub const fn deprecated(mut self, since: &'static str, replaced_by: &'static str) -> Self {
        self.deprecated_since = Some(since);
        self.replaced_by = Some(replaced_by);
        self
    }
}

/// A built-in command, written beside its handler.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Lower case; a sub-command has its own word only.
    pub name: &'static str,
    /// As Valkey counts it: the command's name included, negative for "at least". Sub-commands count both words.
    pub arity: i32,
    pub flags: u64,
    pub categories: u64,
    pub tips: &'static [&'static str],
    pub keys: &'static [KeySpec],
    pub docs: Docs,
    pub subcommands: &'static [Spec],
    pub handler: Handler,
    /// Finds keys that key specs cannot express: positions (with key flags) in argv, for `COMMAND GETKEYS` and ACL.
    pub getkeys: Option<GetKeys>,
}

/// Finds the keys in argv where key specs cannot: (argument index, key flags) of each.
pub type GetKeys = fn(&[byte_string::ByteString]) -> Vec<(usize, u64)>;

impl Spec {
    pub const fn new(name: &'static str, arity: i32, handler: Handler, docs: Docs) -> Self {
        Self {
            name,
            arity,
            flags: 0,
            categories: 0,
            tips: &[],
            keys: &[],
            docs,
            subcommands: &[],
            handler,
            getkeys: None,
        }
    }

    pub const fn flags(mut self, flags: u64) -> Self {
        self.flags = flags;
        self
    }

    /// Categories beside those that follow from the flags (read, write, fast or slow, admin+dangerous, pubsub, blocking).
    pub const fn categories(mut self, categories: u64) -> Self {
        self.categories = categories;
        self
    }

    pub const fn keys(mut self, keys: &'static [KeySpec]) -> Self {
        self.keys = keys;
        self
    }

    pub const fn tips(mut self, tips: &'static [&'static str]) -> Self {
        self.tips = tips;
        self
    }

    pub const fn subcommands(mut self, subcommands: &'static [Spec]) -> Self {
        self.subcommands = subcommands;
        self
    }

    pub const fn getkeys(mut self, getkeys: GetKeys) -> Self {
        self.getkeys = Some(getkeys);
        self
    }
}

/// Documentation of a module's command, as its `SetCommandInfo` gave it.
#[derive(Debug, Clone, Default)]
pub struct OwnedDocs {
    pub summary: Option<String>,
    pub since: Option<String>,
    pub complexity: Option<String>,
    pub history: Vec<(String, String)>,
    pub args: Vec<OwnedArg>,
}

/// A documented argument of a module's command.
#[derive(Debug, Clone)]
pub struct OwnedArg {
    pub name: String,
    pub kind: ArgKind,
    pub token: Option<String>,
    pub summary: Option<String>,
    pub since: Option<String>,
    pub deprecated_since: Option<String>,
    pub display_text: Option<String>,
    pub key_spec: Option<usize>,
    pub optional: bool,
    pub multiple: bool,
    pub multiple_token: bool,
    pub subargs: Vec<OwnedArg>,
}

/// Where a command's documentation comes from.
#[derive(Debug, Clone)]
pub enum CommandDocs {
    Native(Docs),
    Module(OwnedDocs),
}

/// A command as the table holds it.
#[derive(Debug)]
pub struct Command {
    /// Full name, lower case for built-in commands and as registered for modules; sub-commands as `parent|sub`.
    pub full_name: String,
    pub arity: i32,
    pub flags: u64,
    pub categories: u64,
    pub tips: Vec<String>,
    pub keys: Vec<KeySpec>,
    pub docs: CommandDocs,
    pub handler: Handler,
    pub getkeys: Option<GetKeys>,
    /// The module that registered the command, and what its dispatcher needs to find the C function.
    pub module: Option<ModuleCommand>,
    pub subcommands: Vec<std::sync::Arc<Command>>,
    pub stats: CommandStats,
}

/// The module's side of a command.
#[derive(Debug, Clone)]
pub struct ModuleCommand {
    pub module: String,
    /// Opaque to the engine: module-host's index or address of its record of the command.
    pub data: usize,
}

/// Counters of a command (`INFO commandstats`). Atomic only so that the table can be shared; written by one thread.
#[derive(Debug, Default)]
pub struct CommandStats {
    pub calls: AtomicU64,
    pub usec: AtomicU64,
    pub rejected: AtomicU64,
    pub failed: AtomicU64,
}

impl CommandStats {
    /// Adds without a locked instruction: the execution thread is the only writer.
    pub fn add(counter: &AtomicU64, n: u64) {
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    /// `CONFIG RESETSTAT`
    pub fn reset(&self) {
        for counter in [&self.calls, &self.usec, &self.rejected, &self.failed] {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

impl Command {
    /// Makes the table's record of a built-in command; `parent` is the container's name for a sub-command.
    pub fn from_spec(spec: &Spec, parent: Option<&str>) -> Self {
        let full_name = match parent {
            Some(parent) => format!("{parent}|{}", spec.name),
            None => spec.name.to_owned(),
        };
        let subcommands = spec
            .subcommands
            .iter()
            .map(|sub| std::sync::Arc::new(Self::from_spec(sub, Some(spec.name))))
            .collect();
        Self {
            full_name,
            arity: spec.arity,
            flags: spec.flags,
            categories: spec.categories | implied_categories(spec.flags),
            tips: spec.tips.iter().map(|tip| (*tip).to_owned()).collect(),
            keys: spec.keys.to_vec(),
            docs: CommandDocs::Native(spec.docs),
            handler: spec.handler,
            getkeys: spec.getkeys,
            module: None,
            subcommands,
            stats: CommandStats::default(),
        }
    }

    pub fn has(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }

    /// Whether `argc` words, the name included, are a number of words that the command accepts.
    pub fn accepts_arity(&self, argc: usize) -> bool {
        if self.arity >= 0 {
            argc == self.arity.unsigned_abs() as usize
        } else {
            argc >= self.arity.unsigned_abs() as usize
        }
    }

    /// The sub-command's own word, or the whole name of a plain command.
    pub fn own_name(&self) -> &str {
        self.full_name.split_once('|').map_or(self.full_name.as_str(), |(_, sub)| sub)
    }

    pub fn subcommand(&self, word: &[u8]) -> Option<&std::sync::Arc<Command>> {
        self.subcommands.iter().find(|sub| sub.own_name().as_bytes().eq_ignore_ascii_case(word))
    }
}

/// The ACL categories that Valkey derives from a command's flags.
pub fn implied_categories(flags: u64) -> u64 {
    let mut categories = 0;
    if flags & flag::WRITE != 0 {
        categories |= category::WRITE;
    }
    // Valkey counts a command as @read only when it is no scripting command; none of ours is.
    if flags & flag::READONLY != 0 {
        categories |= category::READ;
    }
    if flags & flag::ADMIN != 0 {
        categories |= category::ADMIN | category::DANGEROUS;
    }
    if flags & flag::PUBSUB != 0 {
        categories |= category::PUBSUB;
    }
    if flags & flag::BLOCKING != 0 {
        categories |= category::BLOCKING;
    }
    categories | if flags & flag::FAST != 0 { category::FAST } else { category::SLOW }
}
