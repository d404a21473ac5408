//! Everything that touches the host's C interface. No other part of the module is unsafe.
//!
//! Rules, cited by the `SAFETY` comments below as "by the contract":
//!
//! 1. The function pointers are filled in by `OnLoad` before anything else runs, and never change.
//!    One that is missing is `None` and is asked for at each use; see [`api!`].
//! 2. Every `extern "C"` function gives a panic to [`guard::guarded`] and never lets it out.
//! 3. Pointers from the host are used only during the callback they were given to.
//! 4. A document belongs to the host, by its number; see [`value_type`].
//! 5. All callbacks but `free` run with the host's lock held, on one thread at a time.

/// The host's function of that name, if it has one.
macro_rules! api {
    ($name:ident) => {{
        // SAFETY: the static is written only while `OnLoad` initialises, before any other code of
        // this module runs (rule 1).
        unsafe { redis_module::raw::$name }
    }};
}

mod allocator;
pub(crate) mod args;
pub(crate) mod clock;
pub(crate) mod command;
pub(crate) mod command_docs;
mod compat_change;
pub(crate) mod config;
pub(crate) mod context;
mod dictionaries;
pub(crate) mod entry;
pub(crate) mod every_document;
mod fault;
pub(crate) mod guard;
mod host_config;
pub(crate) mod info;
pub(crate) mod io;
pub(crate) mod key;
pub(crate) mod loading;
pub(crate) mod log;
pub(crate) mod offload;
mod persistence;
mod process;
pub(crate) mod replication;
pub(crate) mod rewrite;
pub(crate) mod scan;
mod shared_api;
pub(crate) mod value_type;

pub(crate) use args::Argument;
pub(crate) use context::Context;
pub(crate) use key::{Key, KeyName};
pub(crate) use replication::Word;

#[global_allocator]
static ALLOCATOR: allocator::HostAllocator = allocator::HostAllocator;
