//! Loading and unloading: from a file to a module with commands, and back.

use std::ffi::{CStr, c_int};
use std::os::unix::fs::PermissionsExt;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use engine::hooks::ModuleLoad;
use engine::{Call, Engine, Error, Outcome};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use module_abi::{OK, OnLoadFn, OnUnloadFn};

use crate::api::data_type::forget_types;
use crate::api::{config, events, filters, log, timers};
use crate::argument_pool::Arguments;
use crate::context::Context;
use crate::current::enter;
use crate::registry::{self, Module, registry};
use crate::table;

/// Set until the server has started; modules may ask.
static STARTING: AtomicBool = AtomicBool::new(true);

pub(crate) fn is_starting() -> bool {
    STARTING.load(Relaxed)
}

pub(crate) fn started() {
    STARTING.store(false, Relaxed);
}

/// Entry points, the host's own name first.
const ON_LOAD: [&CStr; 2] = [c"ValkeyModule_OnLoad", c"RedisModule_OnLoad"];
const ON_UNLOAD: [&CStr; 2] = [c"ValkeyModule_OnUnload", c"RedisModule_OnUnload"];

/// What MODULE LOAD answers, whatever went wrong; the log says what.
const LOAD_FAILED: Error =
    Error::text("ERR Error loading the extension. Please check the server logs.");

/// Loads a module. The reason of a failure goes to the log.
pub(crate) fn load(engine: &mut Engine, wanted: ModuleLoad) -> Outcome {
    log::set(engine.server.log);
    let path = wanted.path.clone();
    let names: Vec<String> = wanted.configs.iter().map(|(name, _)| name.clone()).collect();
    registry(|registry| registry.waiting_configs.extend(wanted.configs.iter().cloned()));
    let result = load_file(engine, &wanted);
    registry(|registry| registry.waiting_configs.retain(|name, _| !names.contains(name)));
    result.map_err(|reason| {
        log::line(3, &format!("Module {path} {reason}"));
        LOAD_FAILED
    })
}

/// The first of the names that the file exports, and which of them it is.
///
/// # Safety
///
/// `F` is the type of the function of that name.
unsafe fn symbol<F: Copy>(library: &Library, names: &[&CStr; 2]) -> Option<(F, usize)> {
    names.iter().enumerate().find_map(|(at, name)| {
        // SAFETY: The caller's promise about the type.
        let found = unsafe { library.get::<F>(*name) };
        found.ok().map(|found| (*found, at))
    })
}

fn load_file(engine: &mut Engine, wanted: &ModuleLoad) -> Result<(), String> {
    let path = &wanted.path;
    // If the file cannot be looked at, opening it says why.
    if std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o111 == 0) {
        return Err("failed to load: It does not have execute permissions.".to_owned());
    }
    // Symbols stay the module's own: modules share the names of their function pointers. DEEPBIND is left out, because a
    // module must free with the process's allocator what the C library allocated with it.
    // SAFETY: Loading runs the file's initialisers; whoever may load modules vouches for the file.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
    let library = library.map_err(|error| format!("failed to load: {}", cause_of(&error)))?;
    // SAFETY: The name's function has this type, by the contract of all modules.
    let Some((on_load, which)) = (unsafe { symbol::<OnLoadFn>(&library, &ON_LOAD) }) else {
        return Err("does not export ValkeyModule_OnLoad() or RedisModule_OnLoad() symbol. Module not loaded.".to_owned());
    };
    if which > 0 {
        log::line(2, &format!("Legacy Redis Module {path} found"));
    }
    let context = Context::new(None, 0);
    let arguments = Arguments::of(&wanted.args);
    let argc = c_int::try_from(arguments.len()).unwrap_or(c_int::MAX);
    let handle = (&raw const context).cast_mut().cast();
    // SAFETY: The module's entry point, with a context and arguments that outlive the call.
    let status =
        enter(engine, || on_load.map(|on_load| unsafe { on_load(handle, arguments.as_c(), argc) }));
    let module = context.module.get();
    context.finish(engine);
    drop(arguments);
    let missing = table::take_asked_in_vain();
    if !missing.is_empty() {
        // Modules test for what they can do without, so this is no error.
        log::line(
            2,
            &format!(
                "Module {path} asks for functions that this server does not have: {}",
                missing.join(", ")
            ),
        );
    }
    let Some(module) = module else {
        return Err("initialization failed. Module name is busy.".to_owned());
    };
    if status != Some(OK) {
        clean_up(engine, module);
        return Err("initialization failed. Module not loaded.".to_owned());
    }
    {
        let mut state = module.state.lock();
        state.path.clone_from(path);
        state.args.clone_from(&wanted.args);
        state.library = Some(library);
    }
    registry(|registry| registry.modules.insert(module.name.clone(), module));
    module.loading.store(false, Relaxed);
    log::line(2, &format!("Module '{}' loaded from {path}", module.name));
    let complaint = {
        let state = module.state.lock();
        if !state.configs.is_empty() && !state.configs_loaded {
            Some(
                "Configurations were not set, likely a missing LoadConfigs call. Unloading the module.",
            )
        } else if !config::left_over(module).is_empty() {
            Some(
                "Loadex configurations were not applied, likely due to invalid arguments. Unloading the module.",
            )
        } else {
            None
        }
    };
    if let Some(complaint) = complaint {
        if let Err(reason) = remove(engine, module) {
            log::line(3, &format!("Error unloading module {}: {reason}", module.name));
        }
        return Err(complaint.to_owned());
    }
    events::module_changed(engine, module, true);
    Ok(())
}

/// What dlopen said.
fn cause_of(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Takes away everything that a module registered.
fn clean_up(engine: &mut Engine, module: &'static Module) {
    engine.commands.remove_module(&module.name);
    filters::forget(engine, module);
    events::forget(engine, module);
    let (types, using) = {
        let mut state = module.state.lock();
        state.info = None;
        state.configs.clear();
        (std::mem::take(&mut state.types), std::mem::take(&mut state.using))
    };
    for other in using {
        other.state.lock().used_by.retain(|user| !ptr::eq(*user, module));
    }
    registry(|registry| {
        forget_types(&types, &mut registry.types);
        registry.shared_apis.retain(|_, shared| !ptr::eq(shared.module, module));
    });
}

/// Why a module must stay.
fn hindrance(module: &Module) -> Option<&'static str> {
    let state = module.state.lock();
    if !state.types.is_empty() {
        Some("the module exports one or more module-side data types, can't unload")
    } else if !state.used_by.is_empty() {
        Some(
            "the module exports APIs used by other modules. Please unload them first and try again",
        )
    } else if module.blocked_clients.load(Relaxed) > 0 {
        Some("the module has blocked clients. Please wait for them to be unblocked and try again")
    } else if timers::has_any(module) {
        Some(
            "the module holds timer that is not fired. Please stop the timer or wait until it fires.",
        )
    } else {
        None
    }
}

fn remove(engine: &mut Engine, module: &'static Module) -> Result<(), String> {
    if let Some(reason) = hindrance(module) {
        return Err(reason.to_owned());
    }
    let on_unload = {
        let state = module.state.lock();
        // SAFETY: The name's function has this type, by the contract of all modules.
        state
            .library
            .as_ref()
            .and_then(|library| unsafe { symbol::<OnUnloadFn>(library, &ON_UNLOAD) })
    };
    if let Some((Some(on_unload), _)) = on_unload {
        let context = Context::new(Some(module), 0);
        let handle = (&raw const context).cast_mut().cast();
        // SAFETY: The module's function, with a context that outlives the call.
        let status = enter(engine, || unsafe { on_unload(handle) });
        context.finish(engine);
        if status != OK {
            log::line(3, &format!("Module {} OnUnload failed. Unload canceled.", module.name));
            return Err("operation not possible.".to_owned());
        }
    }
    clean_up(engine, module);
    events::module_changed(engine, module, false);
    log::line(2, &format!("Module {} unloaded", module.name));
    registry(|registry| registry.modules.remove(&module.name));
    let library = module.state.lock().library.take();
    drop(library);
    Ok(())
}

/// MODULE UNLOAD.
pub(crate) fn unload(engine: &mut Engine, name: &str) -> Outcome {
    let unloaded = match registry::module(name) {
        Some(module) => remove(engine, module),
        None => Err("no such module with that name".to_owned()),
    };
    unloaded.map_err(|reason| {
        log::line(3, &format!("Error unloading module {name}: {reason}"));
        Error::owned(format!("ERR Error unloading module: {reason}"))
    })
}

/// MODULE LIST.
pub(crate) fn list(_engine: &mut Engine, call: &mut Call) {
    let modules: Vec<&'static Module> =
        registry(|registry| registry.modules.values().copied().collect());
    let reply = &mut call.reply;
    reply.array(modules.len());
    for module in modules {
        let state = module.state.lock();
        reply.map(4);
        reply.bulk(b"name");
        reply.bulk(module.name.as_bytes());
        reply.bulk(b"ver");
        reply.integer(module.version.into());
        reply.bulk(b"path");
        reply.bulk(state.path.as_bytes());
        reply.bulk(b"args");
        reply.array(state.args.len());
        for arg in &state.args {
            reply.bulk(arg);
        }
    }
}
