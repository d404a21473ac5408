//! Keyspace events: modules that listen, modules that tell, and work put off until the execution unit ends.

use std::ffi::{CString, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use byte_string::ByteString;
use engine::Engine;
use module_abi::{ERR, FreeFn, NotificationFn, OK, PostNotificationJobFn, module_option};

use crate::boundary::{Text, api};
use crate::context::Context;
use crate::current::{enter, with_engine};
use crate::module_string::ModuleString;
use crate::registry::{Module, PrivateData, Subscriber, registry};

/// Work put off.
pub(crate) struct Job {
    module: Option<&'static Module>,
    db: usize,
    callback: PostNotificationJobFn,
    data: PrivateData,
    free: FreeFn,
}

/// Calls the subscribers of an event, in the order of their subscriptions.
pub(crate) fn notify(engine: &mut Engine, class: u32, event: &str, key: &ByteString, db: usize) {
    let subscribers = registry(|registry| Arc::clone(&registry.subscribers));
    let class = class.cast_signed();
    if !subscribers.iter().any(|subscriber| subscriber.classes & class != 0) {
        return;
    }
    let (Ok(c_event), name) = (CString::new(event), ModuleString::give(key.clone())) else {
        return;
    };
    // A key must not expire while its event is being told.
    let was_paused = std::mem::replace(&mut engine.expiry_paused, true);
    for subscriber in subscribers.iter().filter(|subscriber| subscriber.classes & class != 0) {
        let module = subscriber.module;
        let Some(callback) = subscriber.callback else { continue };
        let is_nested = module.in_notification.swap(true, Relaxed);
        if is_nested && !module.has_option(module_option::ALLOW_NESTED_KEYSPACE_NOTIFICATIONS) {
            continue;
        }
        let context = Context::new(Some(module), 0);
        context.db.set(db);
        let handle = (&raw const context).cast_mut().cast();
        engine.enter_unit();
        // SAFETY: The module's callback, with a context, a text and a string that outlive the call.
        enter(engine, || unsafe { callback(handle, class, c_event.as_ptr(), name.cast()) });
        context.finish(engine);
        module.in_notification.store(is_nested, Relaxed);
        engine.leave_unit();
    }
    engine.expiry_paused = was_paused;
    // SAFETY: Our count of the string, given up.
    unsafe { ModuleString::release(name) };
}

/// Runs what was put off, and what that puts off.
pub(crate) fn run_jobs(engine: &mut Engine) {
    // What the jobs do belongs to the unit that ends.
    engine.unit_depth += 1;
    while let Some(job) = registry(|registry| registry.jobs.pop_front()) {
        let context = Context::new(job.module, 0);
        context.db.set(job.db);
        let handle = (&raw const context).cast_mut().cast();
        enter(engine, || {
            if let Some(callback) = job.callback {
                // SAFETY: The module's callback, with the data it gave for it.
                unsafe { callback(handle, job.data.0) };
            }
            if let Some(free) = job.free {
                // SAFETY: As above; the data is not used again.
                unsafe { free(job.data.0) };
            }
        });
        context.finish(engine);
    }
    engine.unit_depth -= 1;
    engine.modules.unit_end = None;
}

api! {
    fn SubscribeToKeyspaceEvents(context: &Context, classes: c_int, callback: NotificationFn) -> c_int {
        let Some(module) = context.module.get() else { return ERR };
        registry(|registry| Arc::make_mut(&mut registry.subscribers).push(Subscriber { module, classes, callback }));
        with_engine(|engine| engine.modules.notify = Some(notify));
        OK
    }

    /// Tells modules and pub/sub of an event.
    fn NotifyKeyspaceEvent(context: &Context, class: c_int, event: Text<'_>, key: Option<&ModuleString>) -> c_int {
        let Some(key) = key else { return ERR };
        let event = event.to_str();
        let key = key.to_byte_string();
        with_engine(|engine| engine.notify(class.cast_unsigned(), &event, &key, context.db.get()));
        OK
    }

    /// The classes that `notify-keyspace-events` sends to pub/sub.
    fn GetNotifyKeyspaceEvents() -> c_int {
        with_engine(|engine| engine.config.notify_keyspace_events.cast_signed()).unwrap_or(0)
    }

    /// ERR while a file is loaded, when nothing may be written.
    fn AddPostNotificationJob(context: &Context, callback: PostNotificationJobFn, data: *mut c_void, free: FreeFn) -> c_int {
        let job = Job { module: context.module.get(), db: context.db.get(), callback, data: PrivateData(data), free };
        let added = with_engine(|engine| {
            if engine.loading {
                return false;
            }
            registry(|registry| registry.jobs.push_back(job));
            engine.modules.unit_end = Some(run_jobs);
            true
        });
        crate::boundary::status(added.unwrap_or(false))
    }
}
