//! Server events.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use byte_string::ByteString;
use engine::hooks::{Loading, Persistence, Removal};
use engine::{ClientId, Engine, ServerEvent, client_flag};
use module_abi::{
    ClientInfo, ConfigChange, CronLoop, ERR, Event, EventFn, FlushInfo, KeyInfo, ModuleChange, OK,
    SwapDbInfo, event, open_key,
};

use crate::boundary::api;
use crate::context::Context;
use crate::current::{enter, with_engine};
use crate::registry::{Module, registry};

use super::keys::OpenKey;

/// A module that wants to know of an event.
#[derive(Clone, Copy)]
pub(crate) struct Subscription {
    pub(crate) module: &'static Module,
    event: u64,
    callback: EventFn,
}

/// The version of the data that comes with every event.
const DATA_VERSION: u64 = 1;

/// Calls whoever subscribed to an event. `make_data` makes the structure that comes with it; what it keeps alive must be
/// alive in `data`.
fn fire(
    engine: &mut Engine,
    id: u64,
    sub_event: u64,
    client: Option<ClientId>,
    data: *mut c_void,
    but: Option<&Module>,
) {
    let subscriptions = registry(|registry| Arc::clone(&registry.subscriptions));
    for subscription in subscriptions.iter().filter(|subscription| subscription.event == id) {
        let Some(callback) = subscription.callback else { continue };
        if but.is_some_and(|but| ptr::eq(but, subscription.module)) {
            continue;
        }
        let context = Context::new(Some(subscription.module), 0);
        context.client.set(client);
        let handle = (&raw const context).cast_mut().cast();
        engine.enter_unit();
        let told = Event { id, data_version: DATA_VERSION };
        // SAFETY: The module's callback, with a context and data that outlive the call.
        enter(engine, || unsafe { callback(handle, told, sub_event, data) });
        context.finish(engine);
        engine.leave_unit();
    }
}

/// Whether anybody listens; saves making data for nobody.
fn is_wanted(id: u64) -> bool {
    registry(|registry| registry.subscriptions.iter().any(|subscription| subscription.event == id))
}

fn data_of<T>(data: &mut T) -> *mut c_void {
    ptr::from_mut(data).cast()
}

/// Tells modules what happens to the server.
pub(crate) fn server_event(engine: &mut Engine, happened: &ServerEvent) {
    match happened {
        ServerEvent::Flush { start, db, lazy } => {
            let mut info = FlushInfo { version: 1, sync: i32::from(!lazy), dbnum: *db };
            fire(engine, event::FLUSHDB, u64::from(!start), None, data_of(&mut info), None);
        }
        ServerEvent::Persistence(step) => {
            let sub_event = match step {
                Persistence::RdbStart => 0,
                Persistence::AofStart => 1,
                Persistence::SyncRdbStart => 2,
                Persistence::Ended => 3,
                Persistence::Failed => 4,
                Persistence::SyncAofStart => 5,
            };
            fire(engine, event::PERSISTENCE, sub_event, None, ptr::null_mut(), None);
        }
        ServerEvent::Loading(step) => {
            let sub_event = match step {
                Loading::RdbStart => 0,
                Loading::AofStart => 1,
                Loading::ReplStart => 2,
                Loading::Ended => 3,
                Loading::Failed => 4,
            };
            fire(engine, event::LOADING, sub_event, None, ptr::null_mut(), None);
        }
        ServerEvent::ClientConnected(id) => client_change(engine, *id, 0),
        ServerEvent::ClientDisconnected(id) => client_change(engine, *id, 1),
        ServerEvent::Shutdown => fire(engine, event::SHUTDOWN, 0, None, ptr::null_mut(), None),
        ServerEvent::CronLoop { hz } => {
            let mut info = CronLoop { version: 1, hz: *hz };
            fire(engine, event::CRON_LOOP, 0, None, data_of(&mut info), None);
        }
        ServerEvent::SwapDb { first, second } => {
            let mut info = SwapDbInfo { version: 1, dbnum_first: *first, dbnum_second: *second };
            fire(engine, event::SWAPDB, 0, None, data_of(&mut info), None);
        }
        ServerEvent::ConfigChanged(names) => config_changed(engine, names),
    }
}

fn client_change(engine: &mut Engine, id: ClientId, sub_event: u64) {
    if is_wanted(event::CLIENT_CHANGE)
        && let Some(mut info) = client_info(engine, id)
    {
        fire(engine, event::CLIENT_CHANGE, sub_event, Some(id), data_of(&mut info), None);
    }
}

fn config_changed(engine: &mut Engine, names: &[String]) {
    if !is_wanted(event::CONFIG) {
        return;
    }
    let names: Vec<CString> =
        names.iter().filter_map(|name| CString::new(name.as_str()).ok()).collect();
    let pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let num_changes = u32::try_from(pointers.len()).unwrap_or(u32::MAX);
    let mut info = ConfigChange { version: 1, num_changes, config_names: pointers.as_ptr() };
    fire(engine, event::CONFIG, 0, None, data_of(&mut info), None);
}

/// Tells the others that a module was loaded (or unloaded).
pub(crate) fn module_changed(engine: &mut Engine, module: &Module, loaded: bool) {
    let mut info = ModuleChange {
        version: 1,
        module_name: module.c_name.as_ptr(),
        module_version: module.version,
    };
    fire(engine, event::MODULE_CHANGE, u64::from(!loaded), None, data_of(&mut info), Some(module));
}

/// A key is about to go: subscribers get it opened for reading, its value still there.
pub(crate) fn key_removed(engine: &mut Engine, cause: Removal, key: &ByteString, db: usize) {
    let sub_event = match cause {
        Removal::Deleted => 0,
        Removal::Expired => 1,
        Removal::Evicted => 2,
        Removal::Overwritten => 3,
    };
    let subscriptions = registry(|registry| Arc::clone(&registry.subscriptions));
    for subscription in subscriptions.iter().filter(|subscription| subscription.event == event::KEY)
    {
        let Some(callback) = subscription.callback else { continue };
        let context = Context::new(Some(subscription.module), 0);
        context.db.set(db);
        let opened =
            OpenKey::of_entry(engine.db(db).find(key), &context, key.clone(), open_key::READ);
        let mut info = KeyInfo { version: 1, key: ptr::from_ref(&opened).cast_mut().cast() };
        let told = Event { id: event::KEY, data_version: DATA_VERSION };
        let data = data_of(&mut info);
        let handle = (&raw const context).cast_mut().cast();
        engine.enter_unit();
        // SAFETY: The module's callback, with a context, a key and data that outlive the call.
        enter(engine, || unsafe { callback(handle, told, sub_event, data) });
        context.finish(engine);
        engine.leave_unit();
    }
}

/// What `GetClientInfoById` and the client event tell.
pub(crate) fn client_info(engine: &Engine, id: ClientId) -> Option<ClientInfo> {
    const UNIX_SOCKET: u64 = 1 << 4;
    const PUBSUB: u64 = 1 << 1;
    const BLOCKED: u64 = 1 << 2;
    const MULTI: u64 = 1 << 5;
    const AUTHENTICATED: u64 = 1 << 11;
    const FAKE: u64 = 1 << 13;
    let client = engine.clients.get(id)?;
    let mut flags = 0;
    for (bit, on) in [
        (PUBSUB, client.subscriptions() > 0),
        (BLOCKED, client.has(client_flag::BLOCKED)),
        (UNIX_SOCKET, client.has(client_flag::UNIX_SOCKET)),
        (MULTI, client.has(client_flag::MULTI)),
        (AUTHENTICATED, client.authenticated),
        (FAKE, client.has(client_flag::FAKE)),
    ] {
        flags |= if on { bit } else { 0 };
    }
    let (host, port) = client.addr.rsplit_once(':').unwrap_or((client.addr.as_str(), "0"));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut addr = [0; 46];
    for (to, from) in addr[..45].iter_mut().zip(host.bytes()) {
        *to = from.cast_signed();
    }
    Some(ClientInfo {
        version: 1,
        flags,
        id: id.0,
        addr,
        port: port.parse().unwrap_or(0),
        db: u16::try_from(client.db).unwrap_or(u16::MAX),
    })
}

api! {
    /// One callback a module and event; NULL ends the subscription. ERR for an event or a version that is unknown.
    fn SubscribeToServerEvent(context: &Context, wanted: Event, callback: EventFn) -> c_int {
        let Some(module) = context.module.get() else { return ERR };
        let known = usize::try_from(wanted.id).ok().and_then(|id| event::SUB_EVENTS.get(id).copied().flatten());
        if known.is_none() || wanted.data_version > DATA_VERSION {
            return ERR;
        }
        let listens_to_keys = registry(|registry| {
            let subscriptions = Arc::make_mut(&mut registry.subscriptions);
            subscriptions.retain(|other| !(ptr::eq(other.module, module) && other.event == wanted.id));
            if callback.is_some() {
                subscriptions.push(Subscription { module, event: wanted.id, callback });
            }
            subscriptions.iter().any(|subscription| subscription.event == event::KEY)
        });
        with_engine(|engine| engine.modules.key_removed = listens_to_keys.then_some(key_removed));
        OK
    }

    fn IsSubEventSupported(wanted: Event, sub_event: u64) -> c_int {
        let known = usize::try_from(wanted.id).ok().and_then(|id| event::SUB_EVENTS.get(id).copied().flatten());
        c_int::from(known.is_some_and(|count| sub_event < count || count == 0 && sub_event == 0))
    }
}

/// Ends all subscriptions of a module that is leaving.
pub(crate) fn forget(engine: &mut Engine, module: &Module) {
    let listens_to_keys = registry(|registry| {
        Arc::make_mut(&mut registry.subscriptions).retain(|other| !ptr::eq(other.module, module));
        Arc::make_mut(&mut registry.subscribers).retain(|other| !ptr::eq(other.module, module));
        registry.subscriptions.iter().any(|subscription| subscription.event == event::KEY)
    });
    if !listens_to_keys {
        engine.modules.key_removed = None;
    }
    if registry(|registry| registry.subscribers.is_empty()) {
        engine.modules.notify = None;
    }
}
