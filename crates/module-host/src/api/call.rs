//! Nested commands: `Call`, from checks to reply.

use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;

use engine::command::flag;
use engine::{Argv, ClientId, Engine, Error, call_flag, client_flag};
use resp::{Protocol, Reply};

use crate::boundary::{PanicGuard, Text, set_errno};
use crate::context::{Context, purpose};
use crate::current::with_engine;
use crate::registry::registry;

use super::call_reply::CallReply;
use super::passed::{FormatFlags, PassedArg, command, passed};

/// Why a nested command does not run: errno, and the reply for callers who want errors as replies.
struct Refusal {
    errno: c_int,
    error: Error,
}

fn refusal(errno: c_int, text: &'static str) -> Refusal {
    Refusal { errno, error: Error::text(text) }
}

/// What became of a nested command.
enum Outcome {
    Replied(Vec<u8>),
    /// All checks passed, and that was all that was asked.
    Dry,
}

/// Lends a stand-in client: one of an earlier call, if there is one.
pub(crate) fn with_stand_in<R>(
    engine: &mut Engine,
    db: usize,
    work: impl FnOnce(&mut Engine, ClientId) -> R,
) -> R {
    let kept = registry(|registry| registry.stand_ins.pop());
    let client = kept
        .filter(|&id| engine.clients.get(id).is_some())
        .unwrap_or_else(|| engine.connect_fake());
    if let Some(record) = engine.clients.get_mut(client) {
        record.db = db;
    }
    let result = work(engine, client);
    let clean = engine.clients.get_mut(client).is_some_and(|record| {
        record.output.clear();
        record.flags & !client_flag::DENY_BLOCKING == client_flag::FAKE
            && record.queue.is_empty()
            && record.watched.is_empty()
            && record.subscriptions() == 0
    });
    if clean {
        registry(|registry| registry.stand_ins.push(client));
    } else {
        engine.disconnect(client);
    }
    result
}

/// Checks a nested command and runs it.
fn run(
    engine: &mut Engine,
    context: &Context,
    mut argv: Argv,
    flags: FormatFlags,
    protocol: Protocol,
) -> Result<Outcome, Refusal> {
    super::filters::apply(engine, context.client.get(), context.module.get(), &mut argv);
    let command = engine.look_up(&argv).map_err(|error| Refusal {
        errno: if matches!(error, Error::WrongArity(_)) { libc::EINVAL } else { libc::ENOENT },
        error,
    })?;
    if flags.script_mode && command.has(flag::NOSCRIPT) {
        return Err(refusal(libc::ESPIPE, "ERR This Redis command is not allowed from script"));
    }
    if flags.respect_deny_oom && command.has(flag::DENYOOM) {
        let limit = engine.config.maxmemory;
        if limit > 0 && engine.memory_counted() as u64 > limit {
            return Err(refusal(
                libc::ENOSPC,
                "OOM command not allowed when used memory > 'maxmemory'.",
            ));
        }
    }
    if flags.no_writes && command.has(flag::WRITE) {
        return Err(refusal(
            libc::ENOSPC,
            "ERR Write commands are not allowed from read-only scripts.",
        ));
    }
    if flags.as_user && context.user.borrow().is_none() {
        return Err(refusal(libc::ENOTSUP, "ERR the context has no user to run the command as"));
    }
    if flags.dry_run {
        return Ok(Outcome::Dry);
    }
    let db = context.db.get();
    let bytes = with_stand_in(engine, db, |engine, client| {
        if let Some(record) = engine.clients.get_mut(client) {
            record.flags |= client_flag::DENY_BLOCKING;
            record.output = Reply::new(protocol);
        }
        let mut call = engine.nested_call(client, db, command, argv, protocol);
        if !flags.replicate || context.is_for(purpose::NO_PROPAGATION) {
            call.flags |= call_flag::NO_PROPAGATION;
        }
        if flags.no_aof {
            call.flags |= call_flag::NO_AOF;
        }
        if flags.no_replicas {
            call.flags |= call_flag::NO_REPLICAS;
        }
        engine.invoke(&mut call);
        if let Some(record) = engine.clients.get_mut(client) {
            record.flags &= !client_flag::DENY_BLOCKING;
        }
        call.reply.to_vec()
    });
    Ok(Outcome::Replied(bytes))
}

/// For `variadic.c`. NULL with errno, unless errors are wanted as replies.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_call(
    context: &Context,
    name: Text<'_>,
    format: Text<'_>,
    args: *const PassedArg,
    count: usize,
) -> *mut CallReply {
    let _guard = PanicGuard("Call");
    // SAFETY: The shim passes its own list.
    let Some((argv, flags)) = command(name.bytes(), format.bytes(), unsafe { passed(args, count) })
    else {
        set_errno(libc::EBADF);
        return ptr::null_mut();
    };
    let resp3 = flags.resp3 || flags.callers_protocol && context.is_resp3();
    let protocol = if resp3 { Protocol::Resp3 } else { Protocol::Resp2 };
    let module = context.module.get();
    let in_call = |step| {
        if let Some(module) = module {
            module.in_call.fetch_add(step, Relaxed);
        }
    };
    in_call(1);
    let outcome = with_engine(|engine| run(engine, context, argv, flags, protocol));
    in_call(-1);
    match outcome {
        Some(Ok(Outcome::Replied(bytes))) => {
            CallReply::give(&bytes, resp3, flags.exact_types, context)
        }
        Some(Ok(Outcome::Dry)) => ptr::null_mut(),
        Some(Err(refusal)) if flags.errors_as_replies => {
            let mut reply = Reply::new(protocol);
            reply.error(&refusal.error.to_string());
            CallReply::give(&reply.to_vec(), resp3, flags.exact_types, context)
        }
        Some(Err(refusal)) => {
            set_errno(refusal.errno);
            ptr::null_mut()
        }
        None => {
            super::log::line(
                3,
                &format!("A module called {} without holding the global lock", name.to_str()),
            );
            set_errno(libc::EPERM);
            ptr::null_mut()
        }
    }
}
