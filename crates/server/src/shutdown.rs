//! Ending the process in good order.

use engine::Engine;
use engine::hooks::{ServerEvent, ShutdownFlags};

use crate::log::{notice, warning};
use crate::outside;

/// What became of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Exit(i32),
    /// Saving failed, and nobody said that this does not matter.
    GoOn,
}

/// Saves what has to be saved and tidies up; the caller ends the process.
pub(crate) fn run(engine: &mut Engine, flags: ShutdownFlags) -> Verdict {
    warning!("User requested shutdown...");
    engine.enter_unit();
    (engine.modules.server_event)(engine, &ServerEvent::Shutdown);
    engine.leave_unit();
    let save = flags.save || (!flags.nosave && !engine.config.save.is_empty());
    if save {
        notice!("Saving the final RDB snapshot before exiting.");
        if let Err(error) = (engine.server.save)(engine) {
            warning!("Error trying to save the DB, can't exit: {error}");
            if !flags.force {
                return Verdict::GoOn;
            }
        }
    }
    let config = &engine.config;
    if !config.pidfile.is_empty() {
        notice!("Removing the pid file.");
        let _ = std::fs::remove_file(&config.pidfile);
    }
    if !config.unixsocket.is_empty() {
        notice!("Removing the unix socket file.");
        let _ = std::fs::remove_file(&config.unixsocket);
    }
    warning!("Keystow is now ready to exit, bye bye...");
    Verdict::Exit(0)
}

/// The SHUTDOWN command: the event loop goes on from here.
pub(crate) fn request(engine: &mut Engine, flags: ShutdownFlags) -> engine::Outcome {
    if flags.abort {
        let waiting = outside::of(engine).shutdown.take();
        return match waiting {
            Some(_) => Ok(()),
            None => Err(engine::Error::text("ERR No shutdown in progress.")),
        };
    }
    outside::of(engine).shutdown = Some(flags);
    Ok(())
}
