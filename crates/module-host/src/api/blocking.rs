//! Clients that a module keeps waiting, and the contexts of its threads.
//!
//! ```text
//! BlockClient ──► the client waits ──► UnblockClient (any thread) ──► queue, wake ──► serve (execution thread):
//!                     │                                                   reply callback, free callback, what the thread
//!                     ├─ timeout: its callback replies                    wrote, the client goes on
//!                     └─ disconnect: its callback is told
//! ```
//!
//! In the two lower cases the client is gone from the record; the record itself stays until the module unblocks it.

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_longlong, c_void};
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;

use engine::command::CommandStats;
use engine::{Argv, ClientId, Engine, call_flag, client_flag};
use module_abi::{CommandFn, DisconnectFn, ERR, FreePrivateDataFn, Handle, OK};
use parking_lot::Mutex;
use resp::Reply;

use crate::argument_pool::Arguments;
use crate::boundary::{api, set_errno};
use crate::context::{Context, purpose};
use crate::current::{self, enter, with_engine};
use crate::registry::{Module, PrivateData, registry};

/// One `RedisModuleBlockedClient`.
pub(crate) struct BlockedClient {
    module: &'static Module,
    db: usize,
    argv: Argv,
    /// Changes under this lock only, since threads of the module may look.
    state: Mutex<State>,
    /// What the module's thread replies, through its context. The thread has it until it unblocks the client, the
    /// execution thread afterwards.
    reply: UnsafeCell<Reply>,
}

struct State {
    /// `None` when the client did not wait at all, or waits no longer.
    client: Option<ClientId>,
    reply_callback: CommandFn,
    timeout_callback: CommandFn,
    disconnect_callback: DisconnectFn,
    free_private_data: FreePrivateDataFn,
    data: PrivateData,
    /// Milliseconds of Unix time at which the client waits no longer.
    deadline_ms: Option<i64>,
    /// Since when the module measures its own work, by the engine's monotonic clock.
    measured_since_us: Option<u64>,
    measured_us: u64,
    unblocked: bool,
}

impl Handle for BlockedClient {
    type Opaque = module_abi::BlockedClient;
}

/// A record's address, carried between threads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record(*const BlockedClient);

// SAFETY: What changes in a record is behind its lock; its reply has one user at a time, see there.
unsafe impl Send for Record {}
// SAFETY: As above.
unsafe impl Sync for Record {}

impl Record {
    fn get(&self) -> &BlockedClient {
        // SAFETY: A record is freed when it is served, after it was taken out of both lists that hold addresses.
        unsafe { &*self.0 }
    }
}

/// Runs one callback of a record, replying into `reply`; what it returned.
fn call_back(
    engine: &mut Engine,
    record: &BlockedClient,
    callback: CommandFn,
    why: u32,
    reply: &mut Reply,
    client: Option<ClientId>,
) -> c_int {
    let Some(callback) = callback else { return OK };
    let context = context_of(record, why, client);
    // SAFETY: `reply` is ours until the context is dropped, below.
    unsafe { context.reply_to(ptr::from_mut(reply)) };
    // SAFETY: The record's argv does not change.
    unsafe { context.set_argv(&raw const *record.argv) };
    let arguments = Arguments::of(&record.argv);
    let argc = c_int::try_from(arguments.len()).unwrap_or(c_int::MAX);
    let handle = (&raw const context).cast_mut().cast();
    engine.enter_unit();
    // SAFETY: The module's callback, with a context and arguments that outlive the call.
    let status = enter(engine, || unsafe { callback(handle, arguments.as_c(), argc) });
    context.finish(engine);
    engine.leave_unit();
    status
}

fn context_of(record: &BlockedClient, why: u32, client: Option<ClientId>) -> Context {
    let context = Context::new(Some(record.module), why);
    context.db.set(record.db);
    context.client.set(client);
    context.blocked.set(record);
    context
}

/// Lets the client go on with this reply.
fn resume(engine: &mut Engine, client: ClientId, reply: Reply) {
    let Some(waiting) = engine.clients.get_mut(client) else { return };
    waiting.flags = waiting.flags & !client_flag::BLOCKED | client_flag::UNBLOCKED;
    waiting.output.append(reply);
    engine.clients.mark_dirty(client);
}

/// A reply in the client's protocol.
fn reply_for(engine: &Engine, client: ClientId) -> Reply {
    Reply::new(
        engine.clients.get(client).map(|client| client.output.protocol()).unwrap_or_default(),
    )
}

/// Serves the clients that were unblocked since the last time.
pub(crate) fn serve_unblocked(engine: &mut Engine) {
    loop {
        let due = registry(|registry| std::mem::take(&mut registry.unblocked));
        if due.is_empty() {
            return;
        }
        for record in due {
            registry(|registry| registry.blocked.retain(|other| *other != record));
            serve(engine, record.get());
            record.get().module.blocked_clients.fetch_sub(1, Relaxed);
            // SAFETY: In neither list any more, and the module gave it up by unblocking.
            drop(unsafe { Box::from_raw(record.0.cast_mut()) });
        }
    }
}

fn serve(engine: &mut Engine, record: &BlockedClient) {
    let (client, reply_callback, free, data, measured_us) = {
        let mut state = record.state.lock();
        let taken = state.client.take().filter(|&id| engine.clients.get(id).is_some());
        (taken, state.reply_callback, state.free_private_data, state.data, state.measured_us)
    };
    let mut reply = client.map(|client| reply_for(engine, client)).unwrap_or_default();
    if client.is_some() {
        call_back(engine, record, reply_callback, purpose::BLOCKED_REPLY, &mut reply, client);
    }
    if let Some(free) = free
        && !data.0.is_null()
    {
        let why = if client.is_some() { 0 } else { purpose::BLOCKED_DISCONNECTED };
        let context = context_of(record, why, client);
        let handle = (&raw const context).cast_mut().cast();
        // SAFETY: The module's callback, with a context that outlives the call and the data it gave.
        enter(engine, || unsafe { free(handle, data.0) });
        context.finish(engine);
    }
    let Some(client) = client else { return };
    // SAFETY: The module has unblocked the client: its thread has done with the reply.
    let written = std::mem::take(unsafe { &mut *record.reply.get() });
    reply.append(written);
    if measured_us > 0
        && let Ok(command) = engine.look_up(&record.argv)
    {
        CommandStats::add(&command.stats.usec, measured_us);
    }
    resume(engine, client, reply);
}

/// Ends the waiting of clients whose time is over; milliseconds until the next one's is.
pub(crate) fn run_timeouts(engine: &mut Engine) -> Option<u64> {
    let now = (engine.clock.wall_us)() / 1000;
    let mut next: Option<i64> = None;
    let records = registry(|registry| registry.blocked.clone());
    for record in records {
        let deadline = {
            let state = record.get().state.lock();
            state.deadline_ms.filter(|_| state.client.is_some() && !state.unblocked)
        };
        match deadline {
            Some(deadline) if deadline <= now => time_out(engine, record.get()),
            Some(deadline) => next = Some(next.map_or(deadline, |next| next.min(deadline))),
            None => {}
        }
    }
    next.map(|deadline| u64::try_from(deadline - now).unwrap_or(0))
}

/// The client waits no longer: the timeout callback replies.
fn time_out(engine: &mut Engine, record: &BlockedClient) {
    let (client, callback) = {
        let mut state = record.state.lock();
        state.disconnect_callback = None;
        (state.client.take(), state.timeout_callback)
    };
    let Some(client) = client else { return };
    let mut reply = reply_for(engine, client);
    call_back(engine, record, callback, purpose::BLOCKED_TIMEOUT, &mut reply, Some(client));
    resume(engine, client, reply);
}

fn find(client: ClientId) -> Option<Record> {
    registry(|registry| {
        registry
            .blocked
            .iter()
            .copied()
            .find(|record| record.get().state.lock().client == Some(client))
    })
}

/// The engine's hook: a client went while it waited.
pub(crate) fn client_gone(engine: &mut Engine, client: ClientId) {
    let Some(record) = find(client) else { return };
    let record = record.get();
    let callback = {
        let mut state = record.state.lock();
        state.client = None;
        state.disconnect_callback.take()
    };
    let Some(callback) = callback else { return };
    let context = context_of(record, purpose::BLOCKED_DISCONNECTED, None);
    let handle = (&raw const context).cast_mut().cast();
    let blocked = ptr::from_ref(record).cast_mut().cast();
    // SAFETY: The module's callback, with a context that outlives the call and its own record.
    enter(engine, || unsafe { callback(handle, blocked) });
    context.finish(engine);
}

/// The engine's hook: CLIENT UNBLOCK. Only a client with a timeout callback can be unblocked so.
pub(crate) fn unblock(engine: &mut Engine, client: ClientId, with_error: bool) -> bool {
    let Some(record) = find(client) else { return false };
    let record = record.get();
    if record.state.lock().timeout_callback.is_none() {
        return false;
    }
    if with_error {
        let mut reply = reply_for(engine, client);
        reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
        record.state.lock().client = None;
        resume(engine, client, reply);
    } else {
        time_out(engine, record);
    }
    true
}

/// Why a command's client cannot wait: errno, or the error reply of a handle that waits for nobody.
enum NoWait {
    Errno(c_int),
    Reply(&'static str),
}

fn may_wait(engine: &Engine, context: &Context) -> Result<ClientId, NoWait> {
    let client = context
        .client
        .get()
        .filter(|_| context.is_for(purpose::COMMAND))
        .ok_or(NoWait::Errno(libc::EINVAL))?;
    let record = engine.clients.get(client).ok_or(NoWait::Errno(libc::EINVAL))?;
    if record.has(client_flag::FAKE | client_flag::BLOCKED) {
        return Err(NoWait::Errno(libc::ENOTSUP));
    }
    if context.is_for(purpose::IN_EXEC) {
        return Err(NoWait::Reply("ERR Blocking module command called from transaction"));
    }
    Ok(client)
}

/// Hands a record to the execution thread.
fn unblock_later(blocked: &BlockedClient) -> c_int {
    {
        let mut state = blocked.state.lock();
        if std::mem::replace(&mut state.unblocked, true) {
            return OK;
        }
    }
    registry(|registry| registry.unblocked.push(Record(blocked)));
    crate::wake();
    OK
}

api! {
    /// The client waits until UnblockClient, or `timeout_ms` (0: for ever). NULL when it cannot wait (errno); inside a
    /// transaction the client gets an error, and the handle waits for nobody.
    fn BlockClient(context: &Context, reply_callback: CommandFn, timeout_callback: CommandFn, free_private_data: FreePrivateDataFn, timeout_ms: c_longlong) -> *const BlockedClient {
        let Some(module) = context.module.get() else { return ptr::null() };
        let waits = with_engine(|engine| {
            let client = may_wait(engine, context);
            let now_ms = (engine.clock.wall_us)() / 1000;
            if let Ok(client) = client
                && let Some(record) = engine.clients.get_mut(client)
            {
                record.flags |= client_flag::BLOCKED;
            }
            (client, now_ms)
        });
        let Some((client, now_ms)) = waits else {
            set_errno(libc::EINVAL);
            return ptr::null();
        };
        let client = match client {
            Ok(client) => {
                context.mark_call(call_flag::BLOCKED);
                Some(client)
            }
            Err(NoWait::Errno(errno)) => {
                set_errno(errno);
                return ptr::null();
            }
            Err(NoWait::Reply(text)) => {
                context.with_reply(|reply| reply.error(text));
                None
            }
        };
        let protocol = context.with_reply(|reply| reply.protocol()).unwrap_or_default();
        let record = Record(Box::into_raw(Box::new(BlockedClient {
            module,
            db: context.db.get(),
            argv: context.argv().iter().cloned().collect(),
            state: Mutex::new(State {
                client,
                reply_callback,
                timeout_callback,
                disconnect_callback: None,
                free_private_data,
                data: PrivateData(ptr::null_mut()),
                deadline_ms: (timeout_ms > 0).then(|| now_ms.saturating_add(timeout_ms)),
                measured_since_us: None,
                measured_us: 0,
                unblocked: false,
            }),
            reply: UnsafeCell::new(Reply::new(protocol)),
        })));
        module.blocked_clients.fetch_add(1, Relaxed);
        registry(|registry| {
            registry.blocked.push(record);
            registry.work_added();
        });
        record.0
    }

    fn BlockClientGetPrivateData(blocked: &BlockedClient) -> *mut c_void {
        blocked.state.lock().data.0
    }

    fn BlockClientSetPrivateData(blocked: &BlockedClient, data: *mut c_void) {
        blocked.state.lock().data = PrivateData(data);
    }

    /// From any thread; the handle is not used again.
    fn UnblockClient(blocked: &BlockedClient, data: *mut c_void) -> c_int {
        blocked.state.lock().data = PrivateData(data);
        unblock_later(blocked)
    }

    /// As UnblockClient, without the reply callback.
    fn AbortBlock(blocked: &BlockedClient) -> c_int {
        {
            let mut state = blocked.state.lock();
            state.reply_callback = None;
            state.disconnect_callback = None;
        }
        unblock_later(blocked)
    }

    fn SetDisconnectCallback(blocked: &BlockedClient, callback: DisconnectFn) {
        blocked.state.lock().disconnect_callback = callback;
    }

    fn IsBlockedReplyRequest(context: &Context) -> c_int {
        c_int::from(context.is_for(purpose::BLOCKED_REPLY))
    }

    fn IsBlockedTimeoutRequest(context: &Context) -> c_int {
        c_int::from(context.is_for(purpose::BLOCKED_TIMEOUT))
    }

    fn BlockedClientDisconnected(context: &Context) -> c_int {
        c_int::from(context.is_for(purpose::BLOCKED_DISCONNECTED))
    }

    fn GetBlockedClientPrivateData(context: &Context) -> *mut c_void {
        // SAFETY: Null, or the record whose callback this context is for.
        unsafe { context.blocked.get().as_ref() }.map_or(ptr::null_mut(), |blocked| blocked.state.lock().data.0)
    }

    fn GetBlockedClientHandle(context: &Context) -> *const BlockedClient {
        context.blocked.get()
    }

    /// From here on, work for this client counts as the command's.
    fn BlockedClientMeasureTimeStart(blocked: &BlockedClient) -> c_int {
        // SAFETY: An ordinary API function without arguments.
        let now = unsafe { super::module::MonotonicMicroseconds() };
        blocked.state.lock().measured_since_us = Some(now);
        OK
    }

    fn BlockedClientMeasureTimeEnd(blocked: &BlockedClient) -> c_int {
        // SAFETY: An ordinary API function without arguments.
        let now = unsafe { super::module::MonotonicMicroseconds() };
        let mut state = blocked.state.lock();
        let Some(since) = state.measured_since_us.take() else { return ERR };
        state.measured_us += now.saturating_sub(since);
        OK
    }

    /// With a blocked client, replies wait for the client and need no lock. Everything else needs the global lock.
    fn GetThreadSafeContext(blocked: Option<&BlockedClient>) -> *mut Context {
        let module = blocked.map(|blocked| blocked.module);
        let context = Box::new(Context::new(module, purpose::THREAD_SAFE));
        if let Some(blocked) = blocked {
            context.db.set(blocked.db);
            context.client.set(blocked.state.lock().client);
            context.blocked.set(blocked);
            // SAFETY: The record's reply is the thread's until it unblocks the client, after which the context replies no
            // more, by the header's contract.
            unsafe { context.reply_to(blocked.reply.get()) };
        }
        Box::into_raw(context)
    }

    /// For logging and nested commands; replies go nowhere.
    fn GetDetachedThreadSafeContext(from: &Context) -> *mut Context {
        let context = Box::new(Context::new(from.module.get(), purpose::THREAD_SAFE));
        context.db.set(from.db.get());
        Box::into_raw(context)
    }

    fn FreeThreadSafeContext(context: *mut Context) {
        if context.is_null() {
            return;
        }
        // SAFETY: Made by the functions above (rule 1), and not used again.
        let context = unsafe { Box::from_raw(context) };
        if with_engine(|engine| context.finish(engine)).is_none() {
            context.finish_apart();
        }
    }

    /// Waits for the global lock.
    fn ThreadSafeContextLock(_context: *mut Context) {
        if current::lock() {
            with_engine(Engine::enter_unit);
        }
    }

    /// errno EBUSY when somebody has it.
    fn ThreadSafeContextTryLock(_context: *mut Context) -> c_int {
        if current::try_lock() {
            with_engine(Engine::enter_unit);
            return OK;
        }
        set_errno(libc::EBUSY);
        ERR
    }

    fn ThreadSafeContextUnlock(_context: *mut Context) {
        if current::holds_lock() {
            with_engine(Engine::leave_unit);
            current::unlock();
            // What the thread left for clients is sent by the main thread.
            crate::wake();
        }
    }
}
