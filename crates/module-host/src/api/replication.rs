//! Telling the append-only file and replicas what a module did.

use std::ffi::c_int;

use engine::Engine;
use engine::propagation::target;
use module_abi::{ERR, OK, module_option};

use crate::boundary::{PanicGuard, Text, api, status};
use crate::context::{Context, purpose};
use crate::current::with_engine;

use super::passed::{PassedArg, command, passed};

fn propagate(
    engine: &mut Engine,
    context: &Context,
    argv: &[byte_string::ByteString],
    targets: u8,
) {
    if !context.is_for(purpose::NO_PROPAGATION) {
        engine.propagation.push(context.db.get(), argv, targets);
    }
    engine.dirty += 1;
}

/// For `variadic.c`. ERR for a bad format, or a command that does not exist.
#[unsafe(no_mangle)]
unsafe extern "C" fn keystow_replicate(
    context: &Context,
    name: Text<'_>,
    format: Text<'_>,
    args: *const PassedArg,
    count: usize,
) -> c_int {
    let _guard = PanicGuard("Replicate");
    // SAFETY: The shim passes its own list.
    let Some((argv, flags)) = command(name.bytes(), format.bytes(), unsafe { passed(args, count) })
    else {
        return ERR;
    };
    let unchecked = context
        .module
        .get()
        .is_some_and(|module| module.has_option(module_option::SKIP_COMMAND_VALIDATION));
    let mut targets = target::ALL;
    if flags.no_aof {
        targets &= !target::AOF;
    }
    if flags.no_replicas {
        targets &= !target::REPLICAS;
    }
    let done = with_engine(|engine| {
        if !unchecked && engine.commands.get(name.bytes()).is_none() {
            return false;
        }
        propagate(engine, context, &argv, targets);
        true
    });
    status(done.unwrap_or(false))
}

api! {
    /// Repeats the command under way as it came.
    fn ReplicateVerbatim(context: &Context) -> c_int {
        with_engine(|engine| propagate(engine, context, context.argv(), target::ALL));
        OK
    }
}
