//! What the server keeps beside the engine, reached from the engine's hooks.

use std::collections::BTreeSet;

use engine::Engine;

use crate::listen::Listening;
use crate::saving::Saving;

/// The server's state that hooks need. The event loop has its own, which no hook sees.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// Absolute path of the configuration file, if the server was started with one.
    pub(crate) config_file: Option<String>,
    /// Names of module configs that the file or CONFIG SET gave.
    pub(crate) module_configs: BTreeSet<String>,
    pub(crate) saving: Saving,
    /// The sockets that are listened to, once the event loop runs.
    pub(crate) listening: Option<Listening>,
    /// jemalloc's figures as of the last tick.
    pub(crate) allocator: crate::memory::Allocator,
}

/// The server's state within the engine.
pub(crate) fn of(engine: &mut Engine) -> &mut Outside {
    if !engine.outside.is::<Outside>() {
        engine.outside = Box::new(Outside::default());
    }
    match engine.outside.downcast_mut() {
        Some(outside) => outside,
        None => unreachable!("it was put there just now"),
    }
}

/// The same for hooks that only look.
pub(crate) fn seen(engine: &Engine) -> Option<&Outside> {
    engine.outside.downcast_ref()
}
