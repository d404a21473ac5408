//! Hosts unmodified modules: implements the functions of the module ABI over the engine, and loads the files.
//!
//! # The rule that makes it sound
//!
//! A module's code may call back while the engine is on the stack. Whoever calls into a module therefore gives up its
//! `&mut Engine` whole, and an API function gets it back for its own duration only; no borrow of server state can be alive
//! across module code, because it would be a borrow of the engine. `current.rs` makes this hold by the types.
//!
//! # Where to read
//!
//! `table.rs` turns the list of `module-abi` into names and addresses; `boundary.rs` is how C's arguments become Rust's;
//! `context.rs` is what a callback holds; `api/commands.rs` is the way of a command: `dispatch` puts a context on the stack
//! and calls the module. Everything else in `api/` is one section of the API a file.
//!
//! # What is absent
//!
//! No socket, no file but the modules themselves, no policy: what a command means is the engine's, when things happen the
//! server's. The server calls [`install`] once, [`load`](engine::hooks::ModuleHooks) through the engine's hooks, and
//! [`tick`] in its loop.
#![expect(unsafe_code, reason = "this crate is the C ABI boundary")]

mod boundary;
mod current;
mod table;

mod loading;
mod registry;

mod argument_pool;
mod context;
mod module_string;

mod api;

use std::sync::OnceLock;
use std::time::Duration;

use byte_string::ByteString;
use engine::hooks::{ModuleHooks, ModuleRef};
use engine::{Argv, Engine};
use parking_lot::Mutex;

/// Fills the engine's hooks, so that it can load modules and reach them.
pub fn install(engine: &mut Engine) {
    api::log::set(engine.server.log);
    engine.modules = ModuleHooks {
        load: loading::load,
        unload: loading::unload,
        list: loading::list,
        filter: None,
        notify: None,
        key_removed: None,
        server_event: api::events::server_event,
        free_value: api::data_type::free_value,
        free_flushed: api::data_type::free_flushed,
        save_value: api::io::save_value,
        load_value: api::io::load_value,
        copy_value: api::data_type::copy_value,
        memory_usage: api::data_type::memory_usage,
        has_type: api::data_type::is_registered,
        digest: api::digest::digest,
        aux_save: api::io::aux_save,
        aux_load: api::io::aux_load,
        info: api::info::sections,
        info_list: api::info::list,
        unit_end: None,
        config_get: api::config::get,
        config_set: api::config::set,
        config_apply: api::config::apply,
        client_gone: api::blocking::client_gone,
        unblock: api::blocking::unblock,
        getkeys: api::commands::positions,
    };
}

/// The commands that make a module's value again, as the rewrite of an append-only file writes them; `None` when the
/// value's type cannot say.
pub fn rewrite_value(
    engine: &mut Engine,
    value: &ModuleRef,
    key: &ByteString,
    db: usize,
) -> Option<Vec<Argv>> {
    api::io::rewrite_value(engine, value, key, db)
}

/// Names the lock around the engine, which threads of modules take. The main thread holds it except while it sleeps.
pub fn set_global_lock(lock: &'static Mutex<Engine>) {
    current::set_global_lock(lock);
}

static WAKER: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// Names what ends the main thread's sleep, from any thread.
pub fn set_waker(waker: impl Fn() + Send + Sync + 'static) {
    // A second loop in the same process is woken by the first one's waker; there is no such program.
    let _ = WAKER.set(Box::new(waker));
}

/// Ends the main thread's sleep, if there is one.
pub(crate) fn wake() {
    if let Some(waker) = WAKER.get() {
        waker();
    }
}

/// Does what is due: clients that modules unblocked, timeouts, timers, work from other threads. To be called before the
/// main thread sleeps, for no longer than it returns.
pub fn tick(engine: &mut Engine) -> Option<Duration> {
    loading::started();
    if !registry::has_work() {
        return None;
    }
    api::timers::run_one_shots(engine);
    let timer = api::timers::run_due(engine).map(Duration::from_micros);
    let timeout = api::blocking::run_timeouts(engine).map(Duration::from_millis);
    api::blocking::serve_unblocked(engine);
    registry::note_work();
    [timer, timeout].into_iter().flatten().min()
}

/// A value for a module's config that the config file gives, waiting for the module to ask for it. To be called before the
/// modules are loaded.
pub fn give_config(name: &str, value: &str) {
    registry::registry(|registry| {
        registry.waiting_configs.insert(name.to_owned(), value.to_owned())
    });
}

/// Configs that were given and that no module took: a start must not go on with them.
pub fn unclaimed_configs() -> Vec<String> {
    registry::registry(|registry| registry.waiting_configs.keys().cloned().collect())
}

/// A loaded module, as CONFIG REWRITE writes it.
#[derive(Debug, Clone)]
pub struct LoadedModule {
    pub name: String,
    pub path: String,
    pub args: Vec<ByteString>,
}

/// The loaded modules, by name.
pub fn loaded_modules() -> Vec<LoadedModule> {
    let modules: Vec<_> =
        registry::registry(|registry| registry.modules.values().copied().collect());
    modules
        .into_iter()
        .map(|module| {
            let state = module.state.lock();
            LoadedModule {
                name: module.name.clone(),
                path: state.path.clone(),
                args: state.args.clone(),
            }
        })
        .collect()
}

/// Names of the API's functions: those that are here, and those that are lacking.
pub fn api_report() -> (Vec<&'static str>, Vec<&'static str>) {
    table::report()
}
