//! Where the engine leaves itself: into modules, and out to the server's files and threads.
//!
//! Every hook is a plain function that gets the whole `&mut Engine`. That is the rule that keeps a Rust host sound
//! when a module calls back: nothing that borrows from the engine can be alive across such a call, because the call
//! takes the engine itself. Hooks that get a key or a value get a refcounted or copied one for the same reason.
//! A program without modules or files keeps the defaults, which refuse or do nothing and say so.

use byte_string::ByteString;
use keyspace::{ModuleValue, Value};

use crate::call::Call;
use crate::client::ClientId;
use crate::engine::Engine;
use crate::error::{Error, Outcome};

/// Why a key went (server event `Key` of the module API).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    Deleted,
    Expired,
    Evicted,
    Overwritten,
}

/// Things that happen to the server, as modules may subscribe to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEvent {
    /// `start`: before the data goes; `db` −1 is all.
    Flush {
        start: bool,
        db: i32,
        lazy: bool,
    },
    /// RDB/AOF saving: see [`Persistence`].
    Persistence(Persistence),
    Loading(Loading),
    ClientConnected(ClientId),
    ClientDisconnected(ClientId),
    Shutdown,
    CronLoop {
        hz: i32,
    },
    SwapDb {
        first: i32,
        second: i32,
    },
    /// Names of the configs that changed.
    ConfigChanged(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    RdbStart,
    AofStart,
    SyncRdbStart,
    SyncAofStart,
    Ended,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loading {
    RdbStart,
    AofStart,
    ReplStart,
    Ended,
    Failed,
}

/// What SHUTDOWN asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShutdownFlags {
    pub save: bool,
    pub nosave: bool,
    pub now: bool,
    pub force: bool,
    pub abort: bool,
}

/// How a module is to be loaded.
#[derive(Debug, Clone, Default)]
pub struct ModuleLoad {
    pub path: String,
    pub args: Vec<ByteString>,
    /// `MODULE LOADEX … CONFIG name value`
    pub configs: Vec<(String, String)>,
}

/// Calls into modules; filled by module-host.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::type_complexity, reason = "a hook's signature stands here and nowhere else")]
pub struct ModuleHooks {
    pub load: fn(&mut Engine, ModuleLoad) -> Outcome,
    pub unload: fn(&mut Engine, &str) -> Outcome,
    /// Writes `MODULE LIST`'s reply.
    pub list: fn(&mut Engine, &mut Call),
    /// Command filters, run on argv before look-up; `None` while no filter is registered.
    pub filter: Option<fn(&mut Engine, ClientId, &mut resp::Argv)>,
    /// A keyspace event for module subscribers; `None` while nobody subscribes.
    pub notify: Option<fn(&mut Engine, class: u32, event: &str, key: &ByteString, db: usize)>,
    /// A key is about to go, its value still there; `None` while nobody subscribes.
    pub key_removed: Option<fn(&mut Engine, Removal, key: &ByteString, db: usize)>,
    pub server_event: fn(&mut Engine, &ServerEvent),
    /// Frees a value that left the keyspace; module values run their type's `unlink`/`free` under the engine.
    pub free_value: fn(&mut Engine, key: Option<&ByteString>, db: usize, value: Value, lazy: bool),
    /// Frees what FLUSHDB and FLUSHALL took out at once: their types' `free` runs under the engine, but no `unlink`.
    pub free_flushed: fn(&mut Engine, keyspace::Drained),
    /// Saves a module value's items into an RDB stream; the caller has written what comes before and writes the end.
    pub save_value: fn(
        &mut Engine,
        &ModuleRef,
        key: &ByteString,
        db: usize,
        &mut rdb::ModuleWriter<'_, '_>,
    ) -> Outcome,
    /// Loads a module value; the type id tells the type and its encoding version.
    pub load_value: fn(
        &mut Engine,
        type_id: u64,
        key: Option<&ByteString>,
        db: usize,
        &mut rdb::ModuleReader<'_, '_>,
    ) -> Result<ModuleValue, Error>,
    /// Copies a module value for COPY, or says why that cannot be.
    pub copy_value: fn(
        &mut Engine,
        &ModuleRef,
        from: (&ByteString, usize),
        to: (&ByteString, usize),
    ) -> Result<ModuleValue, Error>,
    /// `MEMORY USAGE` of a module value in bytes, beyond the key's own.
    pub memory_usage:
        fn(&mut Engine, &ModuleRef, key: &ByteString, db: usize, samples: usize) -> usize,
    /// Whether a loaded module has a type of that name, in any case.
    pub has_type: fn(&Engine, name: &[u8]) -> bool,
    /// Mixes a module value into `DEBUG DIGEST`.
    pub digest: fn(&mut Engine, &ModuleRef, key: &ByteString, db: usize, &mut [u8; 20]),
    /// Writes module AUX fields; `before` the keys or after them.
    pub aux_save: fn(&mut Engine, before: bool, &mut rdb::Writer<'_>) -> std::io::Result<()>,
    pub aux_load:
        fn(&mut Engine, type_id: u64, before: bool, &mut rdb::ModuleReader<'_, '_>) -> Outcome,
    /// Appends module INFO sections: `Default`/`all` rules are module-host's; `wanted` are the asked section names.
    pub info: fn(&mut Engine, wanted: &InfoSelection, &mut String),
    /// Appends the `module:…` lines of INFO's Modules section.
    pub info_list: fn(&mut Engine, &mut String),
    /// Runs jobs due at the end of the outermost execution unit; `None` while there are none.
    pub unit_end: Option<fn(&mut Engine)>,
    /// Module configs: `CONFIG GET`'s (name, value) pairs of those matching the test, and `CONFIG SET` of one.
    pub config_get: fn(&mut Engine, &dyn Fn(&str) -> bool) -> Vec<(String, String)>,
    /// `None`: no such module config.
    pub config_set: fn(&mut Engine, name: &str, value: &[u8]) -> Option<Result<(), String>>,
    /// Runs the apply callbacks after all sets of one CONFIG SET; an error text refuses the whole.
    pub config_apply: fn(&mut Engine) -> Result<(), String>,
    /// The client of that id went while blocked by a module.
    pub client_gone: fn(&mut Engine, ClientId),
    /// CLIENT UNBLOCK of a client blocked by a module; false when it cannot be.
    pub unblock: fn(&mut Engine, ClientId, error: bool) -> bool,
    /// Keys of a module command that answers key-position requests itself.
    pub getkeys:
        fn(&mut Engine, &std::sync::Arc<crate::Command>, &[ByteString]) -> Vec<(usize, u64)>,
}

/// What INFO was asked for.
#[derive(Debug, Clone, Default)]
pub struct InfoSelection {
    pub all: bool,
    pub everything: bool,
    pub default: bool,
    /// Lower-case section names given.
    pub sections: Vec<String>,
}

/// A module value looked up and let go: valid until the key changes.
#[derive(Debug, Clone)]
pub struct ModuleRef {
    pub module_type: keyspace::ModuleTypeRef,
    pub value: usize,
}

impl ModuleRef {
    pub fn of(value: &ModuleValue) -> Self {
        Self { module_type: value.module_type().clone(), value: value.address() }
    }
}

fn no_modules() -> Error {
    Error::text("ERR this server was built without a module host")
}

impl Default for ModuleHooks {
    fn default() -> Self {
        Self {
            load: |_, _| Err(no_modules()),
            unload: |_, _| Err(no_modules()),
            list: |_, call| call.reply.array(0),
            filter: None,
            notify: None,
            key_removed: None,
            server_event: |_, _| {},
            free_value: |_, _, _, value, _| drop(value),
            free_flushed: |_, drained| drop(drained),
            save_value: |_, _, _, _, _| Err(no_modules()),
            load_value: |_, _, _, _, _| Err(no_modules()),
            copy_value: |_, _, _, _| Err(no_modules()),
            memory_usage: |_, _, _, _, _| 0,
            has_type: |_, _| false,
            digest: |_, _, _, _, _| {},
            aux_save: |_, _, _| Ok(()),
            aux_load: |_, _, _, _| Err(no_modules()),
            info: |_, _, _| {},
            info_list: |_, _| {},
            unit_end: None,
            config_get: |_, _| Vec::new(),
            config_set: |_, _, _| None,
            config_apply: |_| Ok(()),
            client_gone: |_, _| {},
            unblock: |_, _, _| false,
            getkeys: |_, _, _| Vec::new(),
        }
    }
}

/// Calls out to the program around the engine; filled by the server.
#[derive(Debug, Clone, Copy)]
pub struct ServerHooks {
    /// SAVE: saves in the foreground.
    pub save: fn(&mut Engine) -> Outcome,
    /// BGSAVE: starts a saving child; the text is the status reply.
    pub bgsave: fn(&mut Engine, schedule: bool) -> Result<&'static str, Error>,
    /// SHUTDOWN: returns only if the server goes on.
    pub shutdown: fn(&mut Engine, ShutdownFlags) -> Outcome,
    /// CONFIG REWRITE
    pub rewrite_config: fn(&mut Engine) -> Outcome,
    /// DEBUG RELOAD: saves (unless told not to), empties the keyspace and loads the file again.
    pub reload: fn(&mut Engine, save: bool) -> Outcome,
    /// Takes over what is to be freed in the background.
    pub free_in_background: fn(Box<dyn std::any::Any + Send>),
    /// Bytes allocated by the process, as `used_memory` shows.
    pub used_memory: fn() -> usize,
    /// MEMORY PURGE
    pub purge_memory: fn(),
    /// A change of a config that the server must act upon (ports, limits, log level, …).
    pub config_changed: fn(&mut Engine, name: &str) -> Result<(), String>,
    /// One line for the log; level 0 debug, 1 verbose, 2 notice, 3 warning.
    pub log: fn(level: u8, text: &str),
    /// INFO fields that only the server knows, as `field:value` lines appended to the section of that name.
    pub info: fn(&Engine, section: &str, &mut String),
}

impl Default for ServerHooks {
    fn default() -> Self {
        fn no_files() -> Error {
            Error::text("ERR this engine runs without files")
        }
        Self {
            save: |_| Err(no_files()),
            bgsave: |_, _| Err(no_files()),
            shutdown: |_, _| Err(no_files()),
            rewrite_config: |_| Err(Error::text("ERR The server is running without a config file")),
            reload: |_, _| Err(no_files()),
            free_in_background: drop,
            used_memory: || 0,
            purge_memory: || {},
            config_changed: |_, _| Ok(()),
            log: |_, _| {},
            info: |_, _, _| {},
        }
    }
}
