//! What the context of a call says about the server and the client.

use std::ffi::c_int;

use engine::{Engine, client_flag};
use keyspace::EvictionPolicy;
use module_abi::context_flag as flag;

use crate::boundary::api;
use crate::context::Context;
use crate::current::with_engine;
use crate::loading::is_starting;

/// Share of maxmemory from which on memory is called short.
const OOM_WARNING_RATIO: f64 = 0.75;

fn of_server(engine: &Engine) -> c_int {
    let mut flags = flag::PRIMARY;
    let mut set = |bit, on| flags |= if on { bit } else { 0 };
    set(flag::RDB, !engine.config.save.is_empty());
    set(flag::LOADING, engine.loading);
    set(flag::ACTIVE_CHILD, engine.child_running);
    set(flag::SERVER_STARTUP, is_starting());
    let limit = engine.config.maxmemory;
    if limit > 0 {
        let used = engine.memory_counted() as f64;
        set(flag::MAXMEMORY, true);
        set(flag::EVICT, engine.config.maxmemory_policy != EvictionPolicy::NoEviction);
        set(flag::OOM, used > limit as f64);
        set(flag::OOM_WARNING, used > limit as f64 * OOM_WARNING_RATIO);
    }
    flags
}

api! {
    /// `context` may be NULL: then only what concerns the server.
    fn GetContextFlags(context: Option<&Context>) -> c_int {
        let resp3 = context.is_some_and(Context::is_resp3);
        let client = context.and_then(|context| context.client.get());
        with_engine(|engine| {
            let mut flags = of_server(engine);
            if let Some(client) = client.and_then(|id| engine.clients.get(id)) {
                let multi = client.has(client_flag::MULTI);
                if multi {
                    flags |= flag::MULTI;
                }
                if multi && client.has(client_flag::DIRTY_CAS) {
                    flags |= flag::MULTI_DIRTY;
                }
                if multi || client.has(client_flag::DENY_BLOCKING) {
                    flags |= flag::DENY_BLOCKING;
                }
            }
            if resp3 {
                flags |= flag::RESP3;
            }
            flags
        })
        .unwrap_or(flag::PRIMARY)
    }
}
