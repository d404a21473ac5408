//! The structures whose layout is public: sizes and offsets of x86-64, asserted below.

use std::ffi::{c_char, c_int};
use std::mem::{offset_of, size_of};

use crate::{
    Key, TypeAuxLoadFn, TypeAuxSaveFn, TypeCopy2Fn, TypeCopyFn, TypeDefragFn, TypeDigestFn,
    TypeFreeEffort2Fn, TypeFreeEffortFn, TypeFreeFn, TypeLoadFn, TypeMemUsage2Fn, TypeMemUsageFn,
    TypeRewriteFn, TypeSaveFn, TypeUnlink2Fn, TypeUnlinkFn,
};

/// The callbacks of a data type. What lies beyond the fields of the declared `version` must not be read.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TypeMethods {
    pub version: u64,
    pub rdb_load: TypeLoadFn,
    pub rdb_save: TypeSaveFn,
    pub aof_rewrite: TypeRewriteFn,
    pub mem_usage: TypeMemUsageFn,
    pub digest: TypeDigestFn,
    pub free: TypeFreeFn,
    // Version 2.
    pub aux_load: TypeAuxLoadFn,
    pub aux_save: TypeAuxSaveFn,
    pub aux_save_triggers: c_int,
    // Version 3.
    pub free_effort: TypeFreeEffortFn,
    pub unlink: TypeUnlinkFn,
    pub copy: TypeCopyFn,
    pub defrag: TypeDefragFn,
    // Version 4.
    pub mem_usage2: TypeMemUsage2Fn,
    pub free_effort2: TypeFreeEffort2Fn,
    pub unlink2: TypeUnlink2Fn,
    pub copy2: TypeCopy2Fn,
    // Version 5.
    pub aux_save2: TypeAuxSaveFn,
}

/// Bytes of [`TypeMethods`] that each version of it has; index 0 is version 1.
pub const TYPE_METHODS_LEN: [usize; 5] = [56, 80, 112, 144, 152];

/// A server event, passed by value: its id, and the version of the data that comes with it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: u64,
    pub data_version: u64,
}

/// The id of a stream entry.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamId {
    pub ms: u64,
    pub seq: u64,
}

/// What `GetClientInfoById` fills in. The module writes `version` before the call.
#[repr(C)]
pub struct ClientInfo {
    pub version: u64,
    pub flags: u64,
    pub id: u64,
    pub addr: [c_char; 46],
    pub port: u16,
    pub db: u16,
}

/// Data of the flush event; `dbnum` is -1 for all of them.
#[repr(C)]
pub struct FlushInfo {
    pub version: u64,
    pub sync: i32,
    pub dbnum: i32,
}

/// Data of the module change event.
#[repr(C)]
pub struct ModuleChange {
    pub version: u64,
    pub module_name: *const c_char,
    pub module_version: i32,
}

/// Data of the configuration event.
#[repr(C)]
pub struct ConfigChange {
    pub version: u64,
    pub num_changes: u32,
    pub config_names: *const *const c_char,
}

/// Data of the cron loop event.
#[repr(C)]
pub struct CronLoop {
    pub version: u64,
    pub hz: i32,
}

/// Data of the loading progress event; `progress` runs to 1024, or is -1.
#[repr(C)]
pub struct LoadingProgress {
    pub version: u64,
    pub hz: i32,
    pub progress: i32,
}

/// Data of the SWAPDB event.
#[repr(C)]
pub struct SwapDbInfo {
    pub version: u64,
    pub dbnum_first: i32,
    pub dbnum_second: i32,
}

/// Data of the key event: the key, opened for reading.
#[repr(C)]
pub struct KeyInfo {
    pub version: u64,
    pub key: *mut Key,
}

/// Data of the replication role event.
#[repr(C)]
pub struct ReplicationInfo {
    pub version: u64,
    pub primary: c_int,
    pub primary_host: *const c_char,
    pub primary_port: c_int,
    pub replid1: *const c_char,
    pub replid2: *const c_char,
    pub repl1_offset: u64,
    pub repl2_offset: u64,
}

/// How far apart the elements of a [`CommandInfo`]'s arrays are in the module that made it.
#[repr(C)]
pub struct CommandInfoVersion {
    pub version: c_int,
    pub sizeof_historyentry: usize,
    pub sizeof_keyspec: usize,
    pub sizeof_arg: usize,
}

/// What a module says of a command. The arrays end with a zeroed element.
#[repr(C)]
pub struct CommandInfo {
    pub version: *const CommandInfoVersion,
    pub summary: *const c_char,
    pub complexity: *const c_char,
    pub since: *const c_char,
    pub history: *const CommandHistoryEntry,
    pub tips: *const c_char,
    pub arity: c_int,
    pub key_specs: *const CommandKeySpec,
    pub args: *const CommandArg,
}

/// What changed in a command, and when.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CommandHistoryEntry {
    pub since: *const c_char,
    pub changes: *const c_char,
}

/// Where a command's keys are.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CommandKeySpec {
    pub notes: *const c_char,
    pub flags: u64,
    pub begin_search_type: c_int,
    pub begin_search: BeginSearch,
    pub find_keys_type: c_int,
    pub find_keys: FindKeys,
}

/// Index: `pos` in the low half of the first word. Keyword: a pointer, then where to start.
#[repr(C)]
#[derive(Clone, Copy)]
pub union BeginSearch {
    pub pos: c_int,
    pub keyword: BeginSearchKeyword,
}

/// Keys begin after a keyword.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct BeginSearchKeyword {
    pub keyword: *const c_char,
    pub start_from: c_int,
}

/// Range: last key, step, limit. Key count: index of the count, first key, step.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct FindKeys {
    pub first: c_int,
    pub second: c_int,
    pub third: c_int,
}

/// An argument of a command, for its documentation.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CommandArg {
    pub name: *const c_char,
    pub kind: c_int,
    pub key_spec_index: c_int,
    pub token: *const c_char,
    pub summary: *const c_char,
    pub since: *const c_char,
    pub flags: c_int,
    pub deprecated_since: *const c_char,
    pub subargs: *const CommandArg,
    pub display_text: *const c_char,
}

const _: () = {
    assert!(size_of::<TypeMethods>() == 152);
    assert!(offset_of!(TypeMethods, aux_load) == TYPE_METHODS_LEN[0]);
    assert!(offset_of!(TypeMethods, free_effort) == TYPE_METHODS_LEN[1]);
    assert!(offset_of!(TypeMethods, mem_usage2) == TYPE_METHODS_LEN[2]);
    assert!(offset_of!(TypeMethods, aux_save2) == TYPE_METHODS_LEN[3]);
    assert!(size_of::<TypeMethods>() == TYPE_METHODS_LEN[4]);
    assert!(size_of::<Event>() == 16);
    assert!(size_of::<ClientInfo>() == 80);
    assert!(offset_of!(ClientInfo, port) == 70);
    assert!(size_of::<ReplicationInfo>() == 64);
    assert!(offset_of!(ReplicationInfo, replid1) == 32);
    assert!(size_of::<FlushInfo>() == 16);
    assert!(size_of::<ModuleChange>() == 24);
    assert!(size_of::<ConfigChange>() == 24);
    assert!(offset_of!(ConfigChange, config_names) == 16);
    assert!(size_of::<CronLoop>() == 16);
    assert!(size_of::<LoadingProgress>() == 16);
    assert!(size_of::<SwapDbInfo>() == 16);
    assert!(size_of::<KeyInfo>() == 16);
    assert!(size_of::<CommandInfoVersion>() == 32);
    assert!(size_of::<CommandInfo>() == 72);
    assert!(offset_of!(CommandInfo, arity) == 48);
    assert!(size_of::<CommandKeySpec>() == 56);
    assert!(offset_of!(CommandKeySpec, begin_search) == 24);
    assert!(offset_of!(CommandKeySpec, find_keys) == 44);
    assert!(size_of::<CommandArg>() == 72);
    assert!(offset_of!(CommandArg, token) == 16);
    assert!(offset_of!(CommandArg, subargs) == 56);
    assert!(size_of::<CommandHistoryEntry>() == 16);
};
