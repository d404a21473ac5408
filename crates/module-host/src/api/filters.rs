//! Command filters: modules that see, and may rewrite, every command before it is looked up.

use std::cell::RefCell;
use std::ffi::{c_int, c_ulonglong};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use engine::{Argv, ClientId, Engine};
use module_abi::{CommandFilterFn, ERR, Handle, OK};

use crate::boundary::api;
use crate::context::Context;
use crate::current::{enter, with_engine};
use crate::module_string::ModuleString;
use crate::registry::{Module, registry};

/// Leaves out commands that the filter's own module calls.
const NO_SELF: c_int = 1;

/// One `RedisModuleCommandFilter`.
pub(crate) struct CommandFilter {
    module: &'static Module,
    callback: CommandFilterFn,
    flags: c_int,
}

impl Handle for CommandFilter {
    type Opaque = module_abi::CommandFilter;
}

impl CommandFilter {
    pub(crate) fn is_of(&self, module: &Module) -> bool {
        ptr::eq(self.module, module)
    }
}

/// One `RedisModuleCommandFilterCtx`: the words of a command, each owned once.
pub(crate) struct FilterContext {
    words: RefCell<Vec<*mut ModuleString>>,
    client: Option<ClientId>,
}

impl Handle for FilterContext {
    type Opaque = module_abi::CommandFilterContext;
}

impl Drop for FilterContext {
    fn drop(&mut self) {
        for word in self.words.get_mut().drain(..) {
            // SAFETY: The context owns each of its words once.
            unsafe { ModuleString::release(word) };
        }
    }
}

/// Runs the filters over a command, in the order of their registration.
pub(crate) fn apply(
    engine: &mut Engine,
    client: Option<ClientId>,
    caller: Option<&'static Module>,
    argv: &mut Argv,
) {
    let filters = registry(|registry| Arc::clone(&registry.filters));
    if filters.is_empty() {
        return;
    }
    let words = argv.iter().map(|word| ModuleString::give(word.clone())).collect();
    let context = FilterContext { words: RefCell::new(words), client };
    for filter in filters.iter() {
        let Some(callback) = filter.callback else { continue };
        let is_own = caller.is_some_and(|caller| filter.is_of(caller))
            || filter.module.in_call.load(Relaxed) > 0;
        if is_own && filter.flags & NO_SELF != 0 {
            continue;
        }
        let handle = (&raw const context).cast_mut().cast();
        // SAFETY: The module's callback, with a context that outlives the call.
        enter(engine, || unsafe { callback(handle) });
    }
    *argv = context
        .words
        .borrow()
        .iter()
        // SAFETY: The context owns each of its words.
        .map(|&word| unsafe { &*word }.to_byte_string())
        .collect();
}

/// The engine's hook: commands of clients.
fn of_client(engine: &mut Engine, client: ClientId, argv: &mut Argv) {
    apply(engine, Some(client), None, argv);
}

/// The engine is asked to call the filters only while there are any.
fn refresh_hook(engine: &mut Engine) {
    let any = registry(|registry| !registry.filters.is_empty());
    engine.modules.filter = any.then_some(of_client);
}

/// Takes the filters of a module that is leaving away.
pub(crate) fn forget(engine: &mut Engine, module: &Module) {
    registry(|registry| {
        Arc::make_mut(&mut registry.filters).retain(|filter| !filter.is_of(module))
    });
    refresh_hook(engine);
}

api! {
    fn RegisterCommandFilter(context: &Context, callback: CommandFilterFn, flags: c_int) -> *const CommandFilter {
        let Some(module) = context.module.get() else { return ptr::null() };
        let filter = Arc::new(CommandFilter { module, callback, flags });
        let handle = Arc::as_ptr(&filter);
        registry(|registry| Arc::make_mut(&mut registry.filters).push(filter));
        with_engine(refresh_hook);
        handle
    }

    fn UnregisterCommandFilter(context: &Context, filter: *const CommandFilter) -> c_int {
        let Some(module) = context.module.get() else { return ERR };
        let removed = registry(|registry| {
            let filters = Arc::make_mut(&mut registry.filters);
            let before = filters.len();
            filters.retain(|known| !(ptr::eq(Arc::as_ptr(known), filter) && known.is_of(module)));
            filters.len() < before
        });
        with_engine(refresh_hook);
        crate::boundary::status(removed)
    }

    fn CommandFilterArgsCount(filter: &FilterContext) -> c_int {
        c_int::try_from(filter.words.borrow().len()).unwrap_or(c_int::MAX)
    }

    fn CommandFilterArgGet(filter: &FilterContext, position: c_int) -> *mut ModuleString {
        let words = filter.words.borrow();
        usize::try_from(position).ok().and_then(|at| words.get(at).copied()).unwrap_or(ptr::null_mut())
    }

    /// Takes the string over.
    fn CommandFilterArgInsert(filter: &FilterContext, position: c_int, word: *mut ModuleString) -> c_int {
        let mut words = filter.words.borrow_mut();
        match usize::try_from(position) {
            Ok(at) if at <= words.len() => {
                words.insert(at, word);
                OK
            }
            _ => ERR,
        }
    }

    /// Takes the string over.
    fn CommandFilterArgReplace(filter: &FilterContext, position: c_int, word: *mut ModuleString) -> c_int {
        let mut words = filter.words.borrow_mut();
        let Some(place) = usize::try_from(position).ok().and_then(|at| words.get_mut(at)) else { return ERR };
        let old = std::mem::replace(place, word);
        // SAFETY: The context owned it once.
        unsafe { ModuleString::release(old) };
        OK
    }

    fn CommandFilterArgDelete(filter: &FilterContext, position: c_int) -> c_int {
        let mut words = filter.words.borrow_mut();
        match usize::try_from(position) {
            Ok(at) if at < words.len() => {
                // SAFETY: The context owned it once.
                unsafe { ModuleString::release(words.remove(at)) };
                OK
            }
            _ => ERR,
        }
    }

    fn CommandFilterGetClientId(filter: &FilterContext) -> c_ulonglong {
        filter.client.map_or(0, |client| client.0)
    }
}
