//! The loaded modules, and everything they registered that is not the engine's to keep.
//!
//! All of it stands behind one lock that is held for moments and never across module code: who calls a list of callbacks
//! takes the list first (they are shared, copied when changed).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ffi::{CString, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize};

use byte_string::ByteString;
use engine::ClientId;
use libloading::os::unix::Library;
use module_abi::{InfoFn, NotificationFn};
use parking_lot::Mutex;

use crate::api::blocking::Record;
use crate::api::config::{Config, Due};
use crate::api::data_type::DataType;
use crate::api::events::Subscription;
use crate::api::filters::CommandFilter;
use crate::api::notifications::Job;
use crate::api::timers::{OneShot, Timer};

/// A pointer that a module gave to be handed back. Nothing here reads behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrivateData(pub(crate) *mut c_void);

// SAFETY: The host only carries the pointer; what is behind it is touched by the module alone.
unsafe impl Send for PrivateData {}
// SAFETY: As above.
unsafe impl Sync for PrivateData {}

/// One module, from `SetModuleAttribs` on. Never freed: contexts on other threads may still name it after an unload.
pub(crate) struct Module {
    pub(crate) name: String,
    /// The same for C.
    pub(crate) c_name: CString,
    pub(crate) version: c_int,
    pub(crate) api_version: c_int,
    /// Set while OnLoad runs; some registrations are allowed then only.
    pub(crate) loading: AtomicBool,
    pub(crate) options: AtomicI32,
    /// Clients kept waiting, which forbid an unload.
    pub(crate) blocked_clients: AtomicUsize,
    /// How many of its own commands or callbacks are running nested calls.
    pub(crate) in_call: AtomicI32,
    /// Set while its keyspace callback runs.
    pub(crate) in_notification: AtomicBool,
    pub(crate) state: Mutex<ModuleState>,
}

/// What changes about a module.
#[derive(Default)]
pub(crate) struct ModuleState {
    pub(crate) path: String,
    pub(crate) args: Vec<ByteString>,
    pub(crate) library: Option<Library>,
    pub(crate) types: Vec<&'static DataType>,
    pub(crate) configs: Vec<Arc<Config>>,
    /// LoadConfigs was called.
    pub(crate) configs_loaded: bool,
    pub(crate) info: InfoFn,
    /// Modules whose shared functions this one uses.
    pub(crate) using: Vec<&'static Module>,
    /// Modules that use this one's.
    pub(crate) used_by: Vec<&'static Module>,
}

impl Module {
    pub(crate) fn new(name: &str, version: c_int, api_version: c_int) -> &'static Self {
        Box::leak(Box::new(Self {
            name: name.to_owned(),
            c_name: CString::new(name).unwrap_or_default(),
            version,
            api_version,
            loading: AtomicBool::new(true),
            options: AtomicI32::new(0),
            blocked_clients: AtomicUsize::new(0),
            in_call: AtomicI32::new(0),
            in_notification: AtomicBool::new(false),
            state: Mutex::default(),
        }))
    }

    pub(crate) fn is_loading(&self) -> bool {
        self.loading.load(Relaxed)
    }

    pub(crate) fn has_option(&self, option: c_int) -> bool {
        self.options.load(Relaxed) & option != 0
    }
}

/// One subscriber of keyspace events.
#[derive(Clone, Copy)]
pub(crate) struct Subscriber {
    pub(crate) module: &'static Module,
    pub(crate) classes: c_int,
    pub(crate) callback: NotificationFn,
}

/// A function that one module lends to others.
pub(crate) struct SharedApi {
    pub(crate) function: PrivateData,
    pub(crate) module: &'static Module,
}

/// Everything that modules registered with the host.
#[derive(Default)]
pub(crate) struct Registry {
    pub(crate) modules: BTreeMap<String, &'static Module>,
    pub(crate) types: HashMap<u64, &'static DataType>,
    pub(crate) subscribers: Arc<Vec<Subscriber>>,
    pub(crate) subscriptions: Arc<Vec<Subscription>>,
    pub(crate) filters: Arc<Vec<Arc<CommandFilter>>>,
    pub(crate) shared_apis: HashMap<String, SharedApi>,
    /// Values for configs that are not registered yet: of the config file, or of LOADEX.
    pub(crate) waiting_configs: HashMap<String, String>,
    /// Apply callbacks of configs that were set.
    pub(crate) due_applies: Vec<Due>,
    /// By id, which is the time.
    pub(crate) timers: BTreeMap<u64, Timer>,
    pub(crate) one_shots: Vec<OneShot>,
    /// Work put off to the end of the execution unit.
    pub(crate) jobs: VecDeque<Job>,
    /// Clients that wait.
    pub(crate) blocked: Vec<Record>,
    /// Those that a module has unblocked, and that were not served yet.
    pub(crate) unblocked: Vec<Record>,
    /// Stand-in clients that wait for the next nested call.
    pub(crate) stand_ins: Vec<ClientId>,
}

static REGISTRY: Mutex<Option<Registry>> = Mutex::new(None);

/// Whether there may be something for the main loop to do. Changed under the registry's lock only.
static HAS_WORK: AtomicBool = AtomicBool::new(false);

impl Registry {
    /// To be called by whoever adds work for the main loop.
    pub(crate) fn work_added(&mut self) {
        HAS_WORK.store(true, Relaxed);
    }
}

/// Asked by every turn of the main loop, so it is a single load.
pub(crate) fn has_work() -> bool {
    HAS_WORK.load(Relaxed)
}

/// Looks again, after work was done.
pub(crate) fn note_work() {
    registry(|registry| {
        let idle = registry.timers.is_empty()
            && registry.one_shots.is_empty()
            && registry.blocked.is_empty()
            && registry.unblocked.is_empty();
        HAS_WORK.store(!idle, Relaxed);
    });
}

/// Reads or changes the registry. `work` must not call a module.
pub(crate) fn registry<R>(work: impl FnOnce(&mut Registry) -> R) -> R {
    work(REGISTRY.lock().get_or_insert_default())
}

/// The module of that name.
pub(crate) fn module(name: &str) -> Option<&'static Module> {
    registry(|registry| registry.modules.get(name).copied())
}
