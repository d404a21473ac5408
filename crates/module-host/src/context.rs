//! `RedisModuleCtx`: what one callback may use, and what is put in order when it returns.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;

use byte_string::ByteString;
use engine::{ClientId, Engine};
use module_abi::{GetApiFn, Handle};
use resp::{Deferred, Protocol, Reply};

use crate::api::blocking::BlockedClient;
use crate::api::call_reply::CallReply;
use crate::api::dict::Dict;
use crate::api::keys::OpenKey;
use crate::api::server_info::ServerInfo;
use crate::module_string::ModuleString;
use crate::registry::Module;

/// What a context is for.
pub(crate) mod purpose {
    /// A command asks its function where its keys are.
    pub(crate) const KEYS_REQUEST: u32 = 1;
    /// The same for channels.
    pub(crate) const CHANNELS_REQUEST: u32 = 1 << 1;
    /// The reply callback of a blocked client.
    pub(crate) const BLOCKED_REPLY: u32 = 1 << 2;
    /// Its timeout callback.
    pub(crate) const BLOCKED_TIMEOUT: u32 = 1 << 3;
    /// The client of a blocked command has gone.
    pub(crate) const BLOCKED_DISCONNECTED: u32 = 1 << 4;
    /// Used by a module's thread.
    pub(crate) const THREAD_SAFE: u32 = 1 << 5;
    /// Runs a client's command, whose argv and reply are at hand.
    pub(crate) const COMMAND: u32 = 1 << 6;
    /// Runs a command that may not be propagated.
    pub(crate) const NO_PROPAGATION: u32 = 1 << 7;
    /// Runs a nested command, whose errors are counted by whoever passes them on.
    pub(crate) const DEFER_ERRORS: u32 = 1 << 8;
    /// Runs inside EXEC.
    pub(crate) const IN_EXEC: u32 = 1 << 9;
}

/// One `RedisModuleCtx`.
#[repr(C)]
pub(crate) struct Context {
    /// First, because modules read it from there.
    get_api: GetApiFn,
    pub(crate) module: Cell<Option<&'static Module>>,
    /// Who the callback runs for, if anybody.
    pub(crate) client: Cell<Option<ClientId>>,
    /// The selected database.
    pub(crate) db: Cell<usize>,
    pub(crate) purpose: Cell<u32>,
    /// Where replies go; null for nowhere.
    reply: Cell<*mut Reply>,
    /// The arguments of the command, for as long as the context lives; null for none.
    argv: Cell<*const [ByteString]>,
    /// The user that nested calls with `C` run as.
    pub(crate) user: RefCell<Option<String>>,
    pub(crate) blocked: Cell<*const BlockedClient>,
    auto_memory: RefCell<Option<Vec<Owned>>>,
    pool: RefCell<Pool>,
    pub(crate) postponed: RefCell<Vec<Deferred>>,
    /// What the command's call is to be marked with: see [`engine::call_flag`].
    call_flags: Cell<u32>,
    /// What `KeyAtPos` collected: (argument, flags).
    pub(crate) positions: RefCell<Vec<(usize, u64)>>,
}

impl Handle for Context {
    type Opaque = module_abi::Context;
}

/// An object that automatic memory management frees.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owned {
    String(*const ModuleString),
    Key(*const OpenKey),
    Reply(*const CallReply),
    Dict(*const Dict),
    ServerInfo(*const ServerInfo),
}

impl Context {
    pub(crate) fn new(module: Option<&'static Module>, purpose: u32) -> Self {
        Self {
            get_api: crate::table::GetApi,
            module: Cell::new(module),
            client: Cell::new(None),
            db: Cell::new(0),
            purpose: Cell::new(purpose),
            reply: Cell::new(ptr::null_mut()),
            argv: Cell::new(ptr::slice_from_raw_parts(ptr::null(), 0)),
            user: RefCell::new(None),
            blocked: Cell::new(ptr::null()),
            auto_memory: RefCell::new(None),
            pool: RefCell::new(Pool::default()),
            postponed: RefCell::new(Vec::new()),
            call_flags: Cell::new(0),
            positions: RefCell::new(Vec::new()),
        }
    }

    pub(crate) fn is_for(&self, purpose: u32) -> bool {
        self.purpose.get() & purpose != 0
    }

    /// Lets the context reply there.
    ///
    /// # Safety
    ///
    /// Until the context is dropped or gets another place, `reply` is valid and used through the context only.
    pub(crate) unsafe fn reply_to(&self, reply: *mut Reply) {
        self.reply.set(reply);
    }

    /// Lends the place for replies; `None` when replies of this context go nowhere.
    #[inline]
    pub(crate) fn with_reply<R>(&self, work: impl FnOnce(&mut Reply) -> R) -> Option<R> {
        let reply = self.reply.get();
        if reply.is_null() {
            return None;
        }
        // SAFETY: Valid and ours alone by the promise of `reply_to`; `work` calls no module, so it is borrowed once.
        Some(work(unsafe { &mut *reply }))
    }

    /// Whether replies are in RESP3.
    pub(crate) fn is_resp3(&self) -> bool {
        self.with_reply(|reply| reply.protocol() == Protocol::Resp3).unwrap_or(false)
    }

    /// Remembers the command's arguments.
    ///
    /// # Safety
    ///
    /// `argv` stays where it is, unchanged, as long as the context lives.
    pub(crate) unsafe fn set_argv(&self, argv: *const [ByteString]) {
        self.argv.set(argv);
    }

    /// The command's arguments; none outside commands.
    pub(crate) fn argv(&self) -> &[ByteString] {
        let argv = self.argv.get();
        if argv.is_null() {
            return &[];
        }
        // SAFETY: Valid while the context lives, by the promise of `set_argv`.
        unsafe { &*argv }
    }

    pub(crate) fn mark_call(&self, flag: u32) {
        self.call_flags.set(self.call_flags.get() | flag);
    }

    pub(crate) fn call_flags(&self) -> u32 {
        self.call_flags.get()
    }

    /// Switches automatic memory management on; what was made before stays the module's.
    pub(crate) fn manage_memory(&self) {
        self.auto_memory.borrow_mut().get_or_insert_default();
    }

    pub(crate) fn manages_memory(&self) -> bool {
        self.auto_memory.borrow().is_some()
    }

    /// Queues a new object to be freed with the context, if memory is managed.
    pub(crate) fn own(&self, object: Owned) {
        if let Some(queue) = self.auto_memory.borrow_mut().as_mut() {
            queue.push(object);
        }
    }

    /// Takes an object out of the queue. Whether it was there.
    pub(crate) fn disown(&self, object: Owned) -> bool {
        let mut queue = self.auto_memory.borrow_mut();
        let Some(queue) = queue.as_mut() else { return false };
        // What is freed by hand was usually made last.
        let Some(at) = queue.iter().rposition(|queued| *queued == object) else { return false };
        queue.remove(at);
        true
    }

    /// Memory that lives as long as the context; null for no bytes.
    pub(crate) fn pool_alloc(&self, len: usize) -> *mut c_void {
        self.pool.borrow_mut().alloc(len)
    }

    /// Puts in order what the callback left: managed objects, lengths that were never set. Memory of the pool goes with
    /// the context itself.
    pub(crate) fn finish(&self, engine: &mut Engine) {
        let queue = self.auto_memory.borrow_mut().take();
        if let Some(queue) = queue {
            crate::current::enter(engine, || queue.into_iter().for_each(free));
        }
        if !self.postponed.borrow().is_empty() {
            let name = self.module.get().map_or("unknown", |module| module.name.as_str());
            crate::api::log::line(
                3,
                &format!(
                    "API misuse detected in module {name}: a reply's length was postponed and never set"
                ),
            );
            let unset = std::mem::take(&mut *self.postponed.borrow_mut());
            self.with_reply(|reply| unset.into_iter().for_each(|place| reply.set_array(place, 0)));
        }
    }
}

impl Context {
    /// [`Context::finish`] for a thread without the global lock.
    pub(crate) fn finish_apart(&self) {
        let queue = self.auto_memory.borrow_mut().take();
        queue.into_iter().flatten().for_each(free);
    }
}

/// Frees an object of the queue as its own function would.
fn free(object: Owned) {
    match object {
        // SAFETY: The queue is one owner of the string, and gives it up here.
        Owned::String(string) => unsafe { ModuleString::release(string) },
        // SAFETY: What is in the queue was made by the API and not freed by hand, which would have taken it out.
        Owned::Key(key) => unsafe { OpenKey::close(key) },
        // SAFETY: As above.
        Owned::Reply(reply) => unsafe { CallReply::free(reply) },
        // SAFETY: As above; the box is the one that CreateDict made.
        Owned::Dict(dict) => drop(unsafe { Box::from_raw(dict.cast_mut()) }),
        // SAFETY: As above; the box is the one that GetServerInfo made.
        Owned::ServerInfo(info) => drop(unsafe { Box::from_raw(info.cast_mut()) }),
    }
}

/// Blocks that are freed together.
#[derive(Default)]
struct Pool {
    blocks: Vec<Box<[u64]>>,
    /// Bytes used of the last block.
    used: usize,
}

/// Bytes of a block, unless one piece needs more.
const BLOCK_LEN: usize = 8 * 1024;

impl Pool {
    fn alloc(&mut self, len: usize) -> *mut c_void {
        if len == 0 {
            return ptr::null_mut();
        }
        // A piece is aligned to the largest power of two that fits into it, up to a word.
        let align = if len >= 8 { 8 } else { 1 << len.ilog2() };
        let start = self.used.next_multiple_of(align);
        let room = self.blocks.last().map_or(0, |block| size_of_val::<[u64]>(block));
        let start = if room.saturating_sub(start) < len {
            let words = len.max(BLOCK_LEN).div_ceil(size_of::<u64>());
            self.blocks.push(vec![0; words].into_boxed_slice());
            0
        } else {
            start
        };
        self.used = start + len;
        self.blocks.last_mut().map_or(ptr::null_mut(), |block| {
            block.as_mut_ptr().cast::<u8>().wrapping_add(start).cast()
        })
    }
}
