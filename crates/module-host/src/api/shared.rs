//! Functions that modules lend to one another.

use std::ffi::{c_int, c_void};
use std::ptr;

use module_abi::{ERR, OK};

use crate::boundary::{Text, api};
use crate::context::Context;
use crate::registry::{PrivateData, SharedApi, registry};

api! {
    /// ERR when the name is taken.
    fn ExportSharedAPI(context: &Context, name: Text<'_>, function: *mut c_void) -> c_int {
        let Some(module) = context.module.get() else { return ERR };
        let name = name.to_str().into_owned();
        registry(|registry| match registry.shared_apis.entry(name) {
            std::collections::hash_map::Entry::Occupied(_) => ERR,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(SharedApi { function: PrivateData(function), module });
                OK
            }
        })
    }

    /// NULL for a name that nobody exports. From then on the exporter cannot be unloaded before the caller.
    fn GetSharedAPI(context: &Context, name: Text<'_>) -> *mut c_void {
        let Some(module) = context.module.get() else { return ptr::null_mut() };
        let found = registry(|registry| {
            registry.shared_apis.get(&*name.to_str()).map(|shared| (shared.function, shared.module))
        });
        let Some((function, exporter)) = found else { return ptr::null_mut() };
        if !ptr::eq(module, exporter) {
            let mut users = exporter.state.lock();
            if !users.used_by.iter().any(|user| ptr::eq(*user, module)) {
                users.used_by.push(module);
                drop(users);
                module.state.lock().using.push(exporter);
            }
        }
        function.0
    }
}
