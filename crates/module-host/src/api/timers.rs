//! Timers, and work handed to the event loop from other threads.

use std::ffi::{c_int, c_longlong, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use engine::Engine;
use module_abi::{ERR, OK, OneShotFn, TimerFn};

use crate::boundary::api;
use crate::context::Context;
use crate::current::{enter, with_engine};
use crate::registry::{Module, PrivateData, registry};

/// A timer that has not fired. Its id is the microsecond at which it does, made unique.
#[derive(Clone, Copy)]
pub(crate) struct Timer {
    module: &'static Module,
    callback: TimerFn,
    data: PrivateData,
    db: usize,
}

/// Work for the event loop.
pub(crate) struct OneShot {
    callback: OneShotFn,
    data: PrivateData,
}

fn now_us(engine: &Engine) -> u64 {
    (engine.clock.monotonic_us)()
}

/// Whether the module still waits for a timer.
pub(crate) fn has_any(module: &Module) -> bool {
    registry(|registry| registry.timers.values().any(|timer| ptr::eq(timer.module, module)))
}

/// Fires the timers that are due; microseconds until the next one.
pub(crate) fn run_due(engine: &mut Engine) -> Option<u64> {
    loop {
        let now = now_us(engine);
        let first =
            registry(|registry| registry.timers.first_key_value().map(|(&id, &timer)| (id, timer)));
        let (id, timer) = first?;
        if id > now {
            return Some(id - now);
        }
        fire(engine, timer);
        // It was there until now, so that its callback could stop it; then it has gone already.
        registry(|registry| registry.timers.remove(&id));
    }
}

fn fire(engine: &mut Engine, timer: Timer) {
    let Some(callback) = timer.callback else { return };
    let context = Context::new(Some(timer.module), 0);
    context.db.set(timer.db);
    let handle = (&raw const context).cast_mut().cast();
    engine.enter_unit();
    // SAFETY: The module's callback, with a context that outlives the call and the data it gave for it.
    enter(engine, || unsafe { callback(handle, timer.data.0) });
    context.finish(engine);
    engine.leave_unit();
}

/// Runs what threads handed over.
pub(crate) fn run_one_shots(engine: &mut Engine) {
    let due = registry(|registry| std::mem::take(&mut registry.one_shots));
    for shot in due {
        if let Some(callback) = shot.callback {
            engine.enter_unit();
            // SAFETY: The module's callback, with the data it gave for it.
            enter(engine, || unsafe { callback(shot.data.0) });
            engine.leave_unit();
        }
    }
}

api! {
    /// Fires once, after `period_ms`, in the database that is selected now.
    fn CreateTimer(context: &Context, period_ms: c_longlong, callback: TimerFn, data: *mut c_void) -> u64 {
        let Some(module) = context.module.get() else { return 0 };
        let timer = Timer { module, callback, data: PrivateData(data), db: context.db.get() };
        let period_us = u64::try_from(period_ms).unwrap_or(0).saturating_mul(1000);
        let Some(now) = with_engine(|engine| now_us(engine)) else { return 0 };
        registry(|registry| {
            let mut id = now.saturating_add(period_us).max(1);
            while registry.timers.contains_key(&id) {
                id += 1;
            }
            registry.timers.insert(id, timer);
            registry.work_added();
            id
        })
    }

    /// ERR for a timer that has fired, or is another module's.
    fn StopTimer(context: &Context, id: u64, data: Option<&mut MaybeUninit<*mut c_void>>) -> c_int {
        let Some(timer) = own_timer(context, id) else { return ERR };
        registry(|registry| registry.timers.remove(&id));
        if let Some(data) = data {
            data.write(timer.data.0);
        }
        OK
    }

    /// Milliseconds until it fires. ERR for a timer that has fired, or is another module's.
    fn GetTimerInfo(context: &Context, id: u64, remaining_ms: Option<&mut MaybeUninit<u64>>, data: Option<&mut MaybeUninit<*mut c_void>>) -> c_int {
        let Some(timer) = own_timer(context, id) else { return ERR };
        let now = with_engine(|engine| now_us(engine)).unwrap_or(id);
        if let Some(remaining_ms) = remaining_ms {
            remaining_ms.write(id.saturating_sub(now) / 1000);
        }
        if let Some(data) = data {
            data.write(timer.data.0);
        }
        OK
    }

    /// From any thread: the event loop calls back soon, holding the global lock.
    fn EventLoopAddOneShot(callback: OneShotFn, data: *mut c_void) -> c_int {
        if callback.is_none() {
            crate::boundary::set_errno(libc::EINVAL);
            return ERR;
        }
        registry(|registry| {
            registry.one_shots.push(OneShot { callback, data: PrivateData(data) });
            registry.work_added();
        });
        crate::wake();
        OK
    }
}

fn own_timer(context: &Context, id: u64) -> Option<Timer> {
    let module = context.module.get()?;
    registry(|registry| registry.timers.get(&id).copied())
        .filter(|timer| ptr::eq(timer.module, module))
}
