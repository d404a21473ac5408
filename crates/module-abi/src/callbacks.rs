//! The functions that a module gives to its host.
//!
//! All of them may be NULL in C, hence the `Option`s.

use std::ffi::{c_char, c_int, c_longlong, c_uchar, c_uint, c_ulonglong, c_void};

use crate::{
    BlockedClient, CallReply, CommandFilterContext, Context, DefragContext, Digest, Event,
    InfoContext, Io, Key, KeyOptContext, ModuleString,
};

macro_rules! callbacks {
    ($($(#[$doc:meta])* $name:ident($($arg:ty),*) $(-> $result:ty)?;)*) => {$(
        $(#[$doc])*
        pub type $name = Option<unsafe extern "C" fn($($arg),*) $(-> $result)?>;
    )*};
}

/// `GetApi`, the first word of a context: stores the function of that name and returns 0, or returns 1 and touches nothing.
pub type GetApiFn = unsafe extern "C" fn(*const c_char, *mut *const c_void) -> c_int;

callbacks! {
    /// A command, or the reply or timeout callback of a blocked client.
    CommandFn(*mut Context, *mut *mut ModuleString, c_int) -> c_int;
    /// The entry point of a module; has the shape of a command.
    OnLoadFn(*mut Context, *mut *mut ModuleString, c_int) -> c_int;
    /// Asks a module whether it may go.
    OnUnloadFn(*mut Context) -> c_int;
    /// Frees the private data of a blocked client.
    FreePrivateDataFn(*mut Context, *mut c_void);
    /// A message of another node: its id, the type, the bytes and their number.
    ClusterMessageFn(*mut Context, *const c_char, u8, *const c_uchar, u32);
    /// Frees the private data of a job.
    FreeFn(*mut c_void);
    /// The client of a blocked command went away.
    DisconnectFn(*mut Context, *mut BlockedClient);
    /// A keyspace event: its class, its name, the key.
    NotificationFn(*mut Context, c_int, *const c_char, *mut ModuleString) -> c_int;
    /// Work put off to the end of the execution unit.
    PostNotificationJobFn(*mut Context, *mut c_void);
    /// A server event: which, its sub-event, its data.
    EventFn(*mut Context, Event, u64, *mut c_void);
    /// A timer fired.
    TimerFn(*mut Context, *mut c_void);
    /// Fills in a module's part of INFO; the number says whether it is for a crash report.
    InfoFn(*mut InfoContext, c_int);
    /// Sees each command before it is looked up.
    CommandFilterFn(*mut CommandFilterContext);
    /// One key of a scan of the keyspace; the key handle may be NULL.
    ScanFn(*mut Context, *mut ModuleString, *mut Key, *mut c_void);
    /// One field and value of a scan of a key; the value may be NULL.
    ScanKeyFn(*mut Key, *mut ModuleString, *mut ModuleString, *mut c_void);
    /// Called when a file descriptor is ready.
    EventLoopFn(c_int, *mut c_void, c_int);
    /// Called once by the event loop.
    OneShotFn(*mut c_void);
    /// The user of a client changed.
    UserChangedFn(u64, *mut c_void);
    /// Moves a module's own allocations during a defragmentation cycle.
    DefragFn(*mut DefragContext);
    /// The blocked nested command has its reply.
    OnUnblockedFn(*mut Context, *mut CallReply, *mut c_void);

    /// Reads a value: the stream, the encoding version.
    TypeLoadFn(*mut Io, c_int) -> *mut c_void;
    /// Writes a value.
    TypeSaveFn(*mut Io, *mut c_void);
    /// Writes the commands that make a value.
    TypeRewriteFn(*mut Io, *mut ModuleString, *mut c_void);
    /// Bytes that a value holds.
    TypeMemUsageFn(*const c_void) -> usize;
    /// The same, with the key's name and a number of samples.
    TypeMemUsage2Fn(*mut KeyOptContext, *const c_void, usize) -> usize;
    /// Adds a value to a digest.
    TypeDigestFn(*mut Digest, *mut c_void);
    /// Frees a value.
    TypeFreeFn(*mut c_void);
    /// Reads what the module saved beside the keys: the stream, the encoding version, when.
    TypeAuxLoadFn(*mut Io, c_int, c_int) -> c_int;
    /// Writes what the module keeps beside the keys.
    TypeAuxSaveFn(*mut Io, c_int);
    /// How many allocations it takes to free a value.
    TypeFreeEffortFn(*mut ModuleString, *const c_void) -> usize;
    /// The same, with names and databases.
    TypeFreeEffort2Fn(*mut KeyOptContext, *const c_void) -> usize;
    /// A value was taken out of its database and is about to be freed.
    TypeUnlinkFn(*mut ModuleString, *const c_void);
    /// The same, with names and databases.
    TypeUnlink2Fn(*mut KeyOptContext, *const c_void);
    /// Copies a value: from key, to key, value.
    TypeCopyFn(*mut ModuleString, *mut ModuleString, *const c_void) -> *mut c_void;
    /// The same, with names and databases.
    TypeCopy2Fn(*mut KeyOptContext, *const c_void) -> *mut c_void;
    /// Moves a value's allocations.
    TypeDefragFn(*mut DefragContext, *mut ModuleString, *mut *mut c_void) -> c_int;

    /// Reads a string configuration; the string stays the module's.
    ConfigGetStringFn(*const c_char, *mut c_void) -> *mut ModuleString;
    /// Sets a string configuration; an error text becomes the host's.
    ConfigSetStringFn(*const c_char, *mut ModuleString, *mut c_void, *mut *mut ModuleString) -> c_int;
    /// Reads a numeric configuration.
    ConfigGetNumericFn(*const c_char, *mut c_void) -> c_longlong;
    /// Sets a numeric configuration.
    ConfigSetNumericFn(*const c_char, c_longlong, *mut c_void, *mut *mut ModuleString) -> c_int;
    /// Reads an unsigned configuration.
    ConfigGetUnsignedNumericFn(*const c_char, *mut c_void) -> c_ulonglong;
    /// Sets an unsigned configuration.
    ConfigSetUnsignedNumericFn(*const c_char, c_ulonglong, *mut c_void, *mut *mut ModuleString) -> c_int;
    /// Reads a yes/no configuration.
    ConfigGetBoolFn(*const c_char, *mut c_void) -> c_int;
    /// Sets a yes/no configuration.
    ConfigSetBoolFn(*const c_char, c_int, *mut c_void, *mut *mut ModuleString) -> c_int;
    /// Reads a configuration of named values.
    ConfigGetEnumFn(*const c_char, *mut c_void) -> c_int;
    /// Sets a configuration of named values.
    ConfigSetEnumFn(*const c_char, c_int, *mut c_void, *mut *mut ModuleString) -> c_int;
    /// Called once after all the values of one CONFIG SET are in place.
    ConfigApplyFn(*mut Context, *mut c_void, *mut *mut ModuleString) -> c_int;
}

/// Why an ACL refused, as `ACLAddLogEntry` takes it.
pub type AclLogEntryReason = c_uint;
