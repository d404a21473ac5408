//! The module itself: its name, its options, clocks, versions, what this host supports.

use std::ffi::{c_int, c_longlong};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use module_abi::{OK, TYPE_METHOD_VERSION, context_flag, module_option, notify};

use crate::boundary::{Text, api, handles};
use crate::context::Context;
use crate::current::with_engine;
use crate::module_string::ModuleString;
use crate::registry::{Module, module};

/// The version that modules see, in bytes: major, minor, patch.
const SERVER_VERSION: c_int = 0x0008_0001;

fn wall_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn monotonic_us() -> u64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_micros()).unwrap_or(u64::MAX)
}

api! {
    /// Makes the module; the first call of the header's Init.
    fn SetModuleAttribs(context: &Context, name: Text<'_>, version: c_int, api_version: c_int) {
        if context.module.get().is_none() {
            context.module.set(Some(Module::new(&name.to_str(), version, api_version)));
        }
    }

    fn IsModuleNameBusy(name: Text<'_>) -> c_int {
        c_int::from(module(&name.to_str()).is_some())
    }

    fn SetModuleOptions(context: &Context, options: c_int) {
        if let Some(module) = context.module.get() {
            module.options.store(options, Relaxed);
        }
    }

    /// The arguments that CONFIG REWRITE is to write for the module.
    fn UpdateRuntimeArgs(context: &Context, argv: *const *mut ModuleString, argc: c_int) -> c_int {
        // SAFETY: Rules 1 and 3.
        let argv = unsafe { handles(argv, usize::try_from(argc).unwrap_or(0)) };
        if let Some(module) = context.module.get() {
            module.state.lock().args = argv.iter().map(|arg| arg.to_byte_string()).collect();
        }
        OK
    }

    fn Milliseconds() -> c_longlong {
        wall_us() / 1000
    }

    fn MonotonicMicroseconds() -> u64 {
        monotonic_us()
    }

    fn Microseconds() -> c_longlong {
        wall_us()
    }

    /// The time as the command under way sees it.
    fn CachedMicroseconds() -> c_longlong {
        with_engine(|engine| engine.clock.now_ms.saturating_mul(1000)).unwrap_or_else(wall_us)
    }

    fn GetServerVersion() -> c_int {
        SERVER_VERSION
    }

    fn GetTypeMethodVersion() -> c_int {
        TYPE_METHOD_VERSION as c_int
    }

    fn GetModuleOptionsAll() -> c_int {
        module_option::ALL
    }

    fn GetContextFlagsAll() -> c_int {
        context_flag::ALL
    }

    fn GetKeyspaceNotificationFlagsAll() -> c_int {
        notify::KNOWN
    }
}
