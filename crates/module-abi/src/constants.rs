//! The numbers of the header, grouped by the call they belong to.

use std::ffi::c_int;

/// Success.
pub const OK: c_int = 0;
/// Failure.
pub const ERR: c_int = 1;

/// The only version of the API that modules ask for.
pub const API_VERSION: c_int = 1;

/// The highest version of [`TypeMethods`](crate::TypeMethods) that is understood.
pub const TYPE_METHOD_VERSION: u64 = 5;

/// A length that `ReplySet…Length` gives later.
pub const POSTPONED_LEN: i64 = -1;

/// `GetExpire` of a key that does not expire, and `SetExpire` to make it so.
pub const NO_EXPIRE: i64 = -1;

/// Modes of `OpenKey`.
pub mod open_key {
    use std::ffi::c_int;
    pub const READ: c_int = 1;
    pub const WRITE: c_int = 1 << 1;
    pub const NOTOUCH: c_int = 1 << 16;
    pub const NONOTIFY: c_int = 1 << 17;
    pub const NOSTATS: c_int = 1 << 18;
    pub const NOEXPIRE: c_int = 1 << 19;
    pub const NOEFFECTS: c_int = 1 << 20;
    pub const ALL: c_int = READ | WRITE | NOTOUCH | NONOTIFY | NOSTATS | NOEXPIRE | NOEFFECTS;
}

/// Answers of `KeyType`.
pub mod key_type {
    use std::ffi::c_int;
    pub const EMPTY: c_int = 0;
    pub const STRING: c_int = 1;
    pub const LIST: c_int = 2;
    pub const HASH: c_int = 3;
    pub const SET: c_int = 4;
    pub const ZSET: c_int = 5;
    pub const MODULE: c_int = 6;
    pub const STREAM: c_int = 7;
}

/// Answers of `CallReplyType`.
pub mod reply_type {
    use std::ffi::c_int;
    pub const UNKNOWN: c_int = -1;
    pub const STRING: c_int = 0;
    pub const ERROR: c_int = 1;
    pub const INTEGER: c_int = 2;
    pub const ARRAY: c_int = 3;
    pub const NULL: c_int = 4;
    pub const MAP: c_int = 5;
    pub const SET: c_int = 6;
    pub const BOOL: c_int = 7;
    pub const DOUBLE: c_int = 8;
    pub const BIG_NUMBER: c_int = 9;
    pub const VERBATIM_STRING: c_int = 10;
    pub const ATTRIBUTE: c_int = 11;
    pub const PROMISE: c_int = 12;
    pub const SIMPLE_STRING: c_int = 13;
    pub const ARRAY_NULL: c_int = 14;
}

/// Flags of `HashSet` and `HashGet`.
pub mod hash {
    use std::ffi::c_int;
    pub const NX: c_int = 1;
    pub const XX: c_int = 1 << 1;
    pub const CFIELDS: c_int = 1 << 2;
    pub const EXISTS: c_int = 1 << 3;
    pub const COUNT_ALL: c_int = 1 << 4;
    /// The value that stands for "delete this field"; no object can be there.
    pub const DELETE: usize = 1;
}

/// Bits of `GetContextFlags`.
pub mod context_flag {
    use std::ffi::c_int;
    pub const LUA: c_int = 1;
    pub const MULTI: c_int = 1 << 1;
    pub const PRIMARY: c_int = 1 << 2;
    pub const REPLICA: c_int = 1 << 3;
    pub const READONLY: c_int = 1 << 4;
    pub const CLUSTER: c_int = 1 << 5;
    pub const AOF: c_int = 1 << 6;
    pub const RDB: c_int = 1 << 7;
    pub const MAXMEMORY: c_int = 1 << 8;
    pub const EVICT: c_int = 1 << 9;
    pub const OOM: c_int = 1 << 10;
    pub const OOM_WARNING: c_int = 1 << 11;
    pub const REPLICATED: c_int = 1 << 12;
    pub const LOADING: c_int = 1 << 13;
    pub const ACTIVE_CHILD: c_int = 1 << 18;
    pub const MULTI_DIRTY: c_int = 1 << 19;
    pub const IS_CHILD: c_int = 1 << 20;
    pub const DENY_BLOCKING: c_int = 1 << 21;
    pub const RESP3: c_int = 1 << 22;
    pub const ASYNC_LOADING: c_int = 1 << 23;
    pub const SERVER_STARTUP: c_int = 1 << 24;
    pub const ALL: c_int = (1 << 27) - 1;
}

/// Classes of keyspace events.
pub mod notify {
    use std::ffi::c_int;
    pub const GENERIC: c_int = 1 << 2;
    pub const STRING: c_int = 1 << 3;
    pub const LIST: c_int = 1 << 4;
    pub const SET: c_int = 1 << 5;
    pub const HASH: c_int = 1 << 6;
    pub const ZSET: c_int = 1 << 7;
    pub const EXPIRED: c_int = 1 << 8;
    pub const EVICTED: c_int = 1 << 9;
    pub const STREAM: c_int = 1 << 10;
    pub const KEY_MISS: c_int = 1 << 11;
    pub const LOADED: c_int = 1 << 12;
    pub const MODULE: c_int = 1 << 13;
    pub const NEW: c_int = 1 << 14;
    /// Every bit that a server of this version knows.
    pub const KNOWN: c_int = (1 << 15) - 1;
}

/// Bits of `SetModuleOptions`.
pub mod module_option {
    use std::ffi::c_int;
    pub const HANDLE_IO_ERRORS: c_int = 1;
    pub const NO_IMPLICIT_SIGNAL_MODIFIED: c_int = 1 << 1;
    pub const HANDLE_REPL_ASYNC_LOAD: c_int = 1 << 2;
    pub const ALLOW_NESTED_KEYSPACE_NOTIFICATIONS: c_int = 1 << 3;
    pub const SKIP_COMMAND_VALIDATION: c_int = 1 << 4;
    pub const HANDLE_ATOMIC_SLOT_MIGRATION: c_int = 1 << 5;
    pub const ALL: c_int = (1 << 6) - 1;
}

/// When a data type's auxiliary callbacks run.
pub mod aux {
    use std::ffi::c_int;
    pub const BEFORE_RDB: c_int = 1;
    pub const AFTER_RDB: c_int = 1 << 1;
}

/// Flags of `Register…Config`.
pub mod config_flag {
    use std::ffi::c_uint;
    pub const IMMUTABLE: c_uint = 1;
    pub const SENSITIVE: c_uint = 1 << 1;
    pub const HIDDEN: c_uint = 1 << 4;
    pub const PROTECTED: c_uint = 1 << 5;
    pub const DENY_LOADING: c_uint = 1 << 6;
    pub const MEMORY: c_uint = 1 << 7;
    pub const BITFLAGS: c_uint = 1 << 8;
    pub const ALL: c_uint =
        IMMUTABLE | SENSITIVE | HIDDEN | PROTECTED | DENY_LOADING | MEMORY | BITFLAGS;
}

/// Flags of a key spec in `SetCommandInfo`.
pub mod key_spec {
    pub const RO: u64 = 1;
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
    pub const ALL: u64 = (1 << 11) - 1;

    use std::ffi::c_int;
    pub const BEGIN_UNKNOWN: c_int = 1;
    pub const BEGIN_INDEX: c_int = 2;
    pub const BEGIN_KEYWORD: c_int = 3;
    pub const FIND_OMITTED: c_int = 0;
    pub const FIND_UNKNOWN: c_int = 1;
    pub const FIND_RANGE: c_int = 2;
    pub const FIND_KEYNUM: c_int = 3;
}

/// Ids of server events.
pub mod event {
    pub const REPLICATION_ROLE_CHANGED: u64 = 0;
    pub const PERSISTENCE: u64 = 1;
    pub const FLUSHDB: u64 = 2;
    pub const LOADING: u64 = 3;
    pub const CLIENT_CHANGE: u64 = 4;
    pub const SHUTDOWN: u64 = 5;
    pub const REPLICA_CHANGE: u64 = 6;
    pub const PRIMARY_LINK_CHANGE: u64 = 7;
    pub const CRON_LOOP: u64 = 8;
    pub const MODULE_CHANGE: u64 = 9;
    pub const LOADING_PROGRESS: u64 = 10;
    pub const SWAPDB: u64 = 11;
    pub const FORK_CHILD: u64 = 13;
    pub const REPL_ASYNC_LOAD: u64 = 14;
    pub const EVENTLOOP: u64 = 15;
    pub const CONFIG: u64 = 16;
    pub const KEY: u64 = 17;
    pub const AUTHENTICATION_ATTEMPT: u64 = 18;
    pub const ATOMIC_SLOT_MIGRATION: u64 = 19;
    pub const COMMAND_RESULT_SUCCESS: u64 = 20;
    pub const COMMAND_RESULT_FAILURE: u64 = 21;
    pub const COMMAND_RESULT_REJECTED: u64 = 22;
    pub const COMMAND_RESULT_ACL_REJECTED: u64 = 23;

    /// Number of sub-events of each event, by id; `None` is an id that means nothing.
    pub const SUB_EVENTS: [Option<u64>; 24] = [
        Some(2),
        Some(6),
        Some(2),
        Some(5),
        Some(2),
        Some(0),
        Some(2),
        Some(2),
        Some(0),
        Some(2),
        Some(2),
        Some(0),
        None,
        Some(2),
        Some(3),
        Some(2),
        Some(1),
        Some(4),
        Some(2),
        Some(6),
        Some(1),
        Some(1),
        Some(1),
        Some(5),
    ];
}

/// Arguments of an argument list that came through a variadic function, as `variadic.c` gives them.
pub mod passed_arg {
    use std::ffi::c_int;
    /// A C string.
    pub const TEXT: c_int = 0;
    /// A module string.
    pub const STRING: c_int = 1;
    /// A pointer and a length.
    pub const BUFFER: c_int = 2;
    /// A `long long`.
    pub const NUMBER: c_int = 3;
    /// An array of module strings and its length.
    pub const VECTOR: c_int = 4;
}
