//! Ending the process in good order.

use std::sync::atomic::{AtomicBool, Ordering};

use engine::hooks::{ServerEvent, ShutdownFlags};
use engine::{Engine, Error, Outcome};

use crate::log::{notice, warning};
use crate::{saving, supervision};

/// Set once the final save is done: no request may be executed any more, since it would be acknowledged and lost.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Whether the process is about to end.
pub(crate) fn is_ending() -> bool {
    ENDING.load(Ordering::Relaxed)
}

/// Saves what has to be saved and tidies up; the event loop ends the process. An error means that the server goes on.
pub(crate) fn run(engine: &mut Engine, flags: ShutdownFlags) -> Outcome {
    if flags.abort {
        // A shutdown never waits for anything here, so there is none to abort.
        return Err(Error::text("ERR No shutdown in progress."));
    }
    warning!("User requested shutdown...");
    engine.enter_unit();
    (engine.modules.server_event)(engine, &ServerEvent::Shutdown);
    engine.leave_unit();
    saving::kill_child(engine);
    // Half a data set must not take the place of the whole.
    let save = !engine.loading && (flags.save || (!flags.nosave && !engine.config.save.is_empty()));
    if save {
        notice!("Saving the final RDB snapshot before exiting.");
        if saving::save(engine).is_err() {
            if flags.force {
                warning!(
                    "Error trying to save the DB, but the shutdown is forced: exiting all the same."
                );
            } else {
                warning!("Error trying to save the DB, can't exit.");
                return Err(Error::text("ERR Errors trying to SHUTDOWN. Check logs."));
            }
        }
    }
    let config = &engine.config;
    supervision::stopping(config);
    if !config.pidfile.is_empty() {
        notice!("Removing the pid file.");
        let _ = std::fs::remove_file(&config.pidfile);
    }
    if !config.unixsocket.is_empty() {
        notice!("Removing the unix socket file.");
        let _ = std::fs::remove_file(&config.unixsocket);
    }
    warning!("Keystow is now ready to exit, bye bye...");
    ENDING.store(true, Ordering::Relaxed);
    Ok(())
}
