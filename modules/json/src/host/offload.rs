//! Work for a thread while a client waits: what would keep the host's one thread busy for too long.
//!
//! ```text
//! command ──► block, hold the arguments ──► queue of the lane ──► its thread: `work` ──► unblock
//!                                                                                          │
//!                  the host's thread again: `finish` as the command, then the arguments ◄──┘
//!                  are let go; only this where the client has left meanwhile
//! ```
//!
//! Between the two, anything may have happened to the key: `finish` opens it anew. The client's
//! commands stay in order, since it is blocked. The thread looks at nothing of the host's but the
//! arguments, which are held for it and never change, and writes replies into the waiting client's
//! own buffer, as the interface allows without the host's lock.

use std::ffi::{c_int, c_void};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use redis_module::raw;

use crate::error::Error;
use crate::host::args::Args;
use crate::host::clock::give_way_to_commands;
use crate::host::command::Call;
use crate::host::context::Context;
use crate::host::guard::{Entry, guarded};

/// What is done apart from the host's thread, and after it.
pub(crate) trait Offloaded: Send {
    /// Runs on the lane's thread. Gives whether it has replied.
    fn work(&mut self, call: Call<'_>) -> bool;

    /// Runs as the command, on the host's thread; replies if `work` did not.
    fn finish(&mut self, call: Call<'_>, has_replied: bool);
}

/// A thread and its queue. Each waits for nothing but its own work.
pub(crate) struct Lane {
    name: &'static str,
    queue: OnceLock<Option<Sender<Box<Waiting>>>>,
}

/// A client that waits.
struct Waiting {
    client: *mut raw::RedisModuleBlockedClient,
    arguments: Held,
    offloaded: Box<dyn Offloaded>,
    has_replied: bool,
}

// SAFETY: The pointers are the host's: the handle of the waiting client is made to be used by
// another thread, and the strings are only read there. They are let go on the host's thread, which
// is where a `Waiting` is dropped.
unsafe impl Send for Waiting {}

/// Arguments with a count of our own.
struct Held(Vec<*mut raw::RedisModuleString>);

impl Held {
    /// None if the host cannot hold strings.
    fn of(args: Args<'_>) -> Option<Held> {
        let hold = api!(RedisModule_HoldString)?;
        let mut held = Held(Vec::with_capacity(args.len()));
        for argument in args.from(0) {
            // SAFETY: the string is live; without a context the count is ours to give back.
            held.0.push(unsafe { hold(std::ptr::null_mut(), argument.raw()) });
        }
        Some(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(free) = api!(RedisModule_FreeString) else { return };
        for &string in &self.0 {
            // SAFETY: `of` took the count that is given back here, once.
            unsafe { free(std::ptr::null_mut(), string) };
        }
    }
}

impl Lane {
    pub(crate) const fn new(name: &'static str) -> Lane {
        Lane { name, queue: OnceLock::new() }
    }

    /// Lets the client of `call` wait for `offloaded`; gives it back where that cannot be.
    pub(crate) fn send(
        &self,
        call: Call<'_>,
        offloaded: Box<dyn Offloaded>,
    ) -> Result<(), Box<dyn Offloaded>> {
        let queue = self.queue.get_or_init(|| self.start());
        let (Some(queue), Some(block), Some(_), Some(_), Some(_), Some(_)) = (
            queue,
            api!(RedisModule_BlockClient),
            api!(RedisModule_UnblockClient),
            api!(RedisModule_GetBlockedClientPrivateData),
            api!(RedisModule_GetThreadSafeContext),
            api!(RedisModule_FreeThreadSafeContext),
        ) else {
            return Err(offloaded);
        };
        let Some(arguments) = Held::of(call.args) else { return Err(offloaded) };
        // SAFETY: the context is that of the running command; the callbacks are functions.
        let client = unsafe { block(call.ctx.raw(), Some(finish), None, Some(let_go), 0) };
        if client.is_null() {
            return Err(offloaded);
        }
        let waiting = Box::new(Waiting { client, arguments, offloaded, has_replied: false });
        if let Err(unsent) = queue.send(waiting) {
            // The thread never ends, so this does not happen; the client is served all the same.
            unblock(unsent.0);
        }
        Ok(())
    }

    /// Starts the thread; none if the system gives no more.
    fn start(&self) -> Option<Sender<Box<Waiting>>> {
        let (queue, waiting) = channel::<Box<Waiting>>();
        thread::Builder::new()
            .name(self.name.to_owned())
            .stack_size(512 << 10)
            .spawn(move || {
                give_way_to_commands();
                waiting.into_iter().for_each(serve);
            })
            .ok()?;
        Some(queue)
    }
}

/// Does the work of a waiting client, and wakes it. On the lane's thread.
fn serve(mut waiting: Box<Waiting>) {
    guarded(Entry::OffloadWorker, || {
        let (Some(context_of), Some(free)) =
            (api!(RedisModule_GetThreadSafeContext), api!(RedisModule_FreeThreadSafeContext))
        else {
            return;
        };
        // SAFETY: the client waits, until `unblock` below.
        let raw_ctx = unsafe { context_of(waiting.client) };
        // SAFETY: the context lives until it is freed below.
        let ctx = unsafe { Context::new(raw_ctx) };
        let strings = &mut waiting.arguments.0;
        let argc = c_int::try_from(strings.len()).unwrap_or(0);
        // SAFETY: the strings are held, and argv of a command never changes.
        let args = unsafe { Args::new(strings.as_mut_ptr(), argc) };
        let offloaded = &mut waiting.offloaded;
        waiting.has_replied =
            guarded(Entry::Command, || offloaded.work(Call { ctx, args })).unwrap_or(false);
        // SAFETY: the context is not used any more.
        unsafe { free(raw_ctx) };
    });
    unblock(waiting);
}

fn unblock(waiting: Box<Waiting>) {
    let Some(unblock) = api!(RedisModule_UnblockClient) else { return };
    let client = waiting.client;
    let data = Box::into_raw(waiting).cast::<c_void>();
    // SAFETY: the client waits and is unblocked once. The data goes to `finish`, and to `let_go`,
    // which takes it back.
    unsafe { unblock(client, data) };
}

unsafe extern "C" fn finish(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: the host gives a context that lives for this callback.
    let context = unsafe { Context::new(ctx) };
    // SAFETY: the host gives the arguments of the command that waited, which live for this callback.
    let args = unsafe { Args::new(argv, argc) };
    // SAFETY: the context is that of the reply callback of a blocked client.
    let data = api!(RedisModule_GetBlockedClientPrivateData).map(|get| unsafe { get(ctx) });
    let mut has_replied = false;
    let finished = guarded(Entry::OffloadReply, || {
        // SAFETY: this is what `unblock` gave, and `let_go` comes later.
        let waiting = unsafe { data?.cast::<Waiting>().as_mut() }?;
        has_replied = waiting.has_replied;
        waiting.offloaded.finish(Call { ctx: context, args }, has_replied);
        Some(())
    });
    if finished.flatten().is_none() && !has_replied {
        context.reply_error(&(context.rules().message)(&Error::Internal));
    }
    raw::REDISMODULE_OK as c_int
}

unsafe extern "C" fn let_go(_ctx: *mut raw::RedisModuleCtx, data: *mut c_void) {
    guarded(Entry::OffloadFree, || {
        if !data.is_null() {
            // SAFETY: this is what `unblock` gave, and the last use of it.
            drop(unsafe { Box::from_raw(data.cast::<Waiting>()) });
        }
    });
}

impl Context {
    /// Whether the running command's client may be kept waiting. `writes` tells whether the command
    /// will change something when it goes on.
    pub(crate) fn may_wait(self, writes: bool) -> bool {
        if api!(RedisModule_GetContextFlags).is_none() {
            return false;
        }
        // Nobody waits inside of a transaction or a script. What comes from the primary or the AOF
        // has to be done by when the next command comes.
        let mut never = raw::REDISMODULE_CTX_FLAGS_MULTI
            | raw::REDISMODULE_CTX_FLAGS_LUA
            | raw::REDISMODULE_CTX_FLAGS_DENY_BLOCKING
            | raw::REDISMODULE_CTX_FLAGS_REPLICATED
            | raw::REDISMODULE_CTX_FLAGS_LOADING;
        if writes {
            // The key's slot may have gone to another node meanwhile.
            never |= raw::REDISMODULE_CTX_FLAGS_CLUSTER;
        }
        // Only then the client: the AOF's has no connection, and Valkey 9.1 asks for its kind.
        self.flags() & never as c_int == 0 && !self.is_tracked()
    }

    /// Whether the client caches what it reads. It would be told of a change before it gets what was
    /// there before the change, and keep that.
    fn is_tracked(self) -> bool {
        let (Some(id_of), Some(info_of)) =
            (api!(RedisModule_GetClientId), api!(RedisModule_GetClientInfoById))
        else {
            return true;
        };
        let mut info = raw::RedisModuleClientInfo {
            version: 1,
            flags: 0,
            id: 0,
            addr: [0; 46],
            port: 0,
            db: 0,
        };
        // SAFETY: the context is that of the running command.
        let id = unsafe { id_of(self.raw()) };
        // SAFETY: the structure is of the version that it names; the host fills it in.
        let status = unsafe { info_of((&raw mut info).cast::<c_void>(), id) };
        status != raw::REDISMODULE_OK as c_int
            || info.flags & u64::from(raw::REDISMODULE_CLIENTINFO_FLAG_TRACKING) != 0
    }

    /// Why a write that has waited must not be done now, as an error reply.
    pub(crate) fn write_obstacle(self) -> Option<&'static str> {
        if self.flags() & raw::REDISMODULE_CTX_FLAGS_READONLY as c_int != 0 {
            return Some("READONLY You can't write against a read only replica.");
        }
        // SAFETY: the function takes nothing; the host's lock is held.
        let avoids = api!(RedisModule_AvoidReplicaTraffic).map(|avoids| unsafe { avoids() });
        if avoids.unwrap_or(0) != 0 {
            return Some("TRYAGAIN writes were paused while the value was validated");
        }
        None
    }
}
