//! Who started the process, and leaving the terminal.

use std::fs::File;
use std::os::unix::net::UnixDatagram;

use engine::config::{Config, Supervised};
use rustix::process::Signal;

use crate::fork::{self, Fork};
use crate::log::{notice, warning};

/// `daemonize`: goes on in a child without a terminal, while the process that was started ends. To be called before
/// there are threads.
pub(crate) fn daemonize() -> Result<(), String> {
    match fork::fork() {
        Ok(Fork::Parent { .. }) => fork::exit_now(0),
        Ok(Fork::Child) => {}
        Err(error) => return Err(format!("Can't daemonize: fork: {error}")),
    }
    rustix::process::setsid().map_err(|error| format!("Can't daemonize: setsid: {error}"))?;
    // Without /dev/null the terminal's files stay open, which does no harm.
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
    Ok(())
}

/// Settles what `supervised auto` means: a supervisor shows itself by its environment variable.
pub(crate) fn detect(config: &mut Config) {
    if config.supervised == Supervised::Auto {
        config.supervised = if std::env::var_os("UPSTART_JOB").is_some() {
            Supervised::Upstart
        } else if std::env::var_os("NOTIFY_SOCKET").is_some() {
            Supervised::Systemd
        } else {
            Supervised::No
        };
    }
}

/// Tells the supervisor that the server can be used.
pub(crate) fn ready(config: &Config) {
    match config.supervised {
        Supervised::Systemd => notify_systemd("STATUS=Ready to accept connections\nREADY=1\n"),
        Supervised::Upstart => {
            notice!("supervised by upstart, will stop to signal readiness");
            // Upstart sees the stop, and lets the process go on.
            let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::STOP);
        }
        Supervised::No | Supervised::Auto => {}
    }
}

/// Tells the supervisor that the end has begun.
pub(crate) fn stopping(config: &Config) {
    if config.supervised == Supervised::Systemd {
        notify_systemd("STOPPING=1\n");
    }
}

fn notify_systemd(text: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
        warning!(
            "systemd supervision requested or auto-detected, but NOTIFY_SOCKET not found in the environment"
        );
        return;
    };
    let sent = UnixDatagram::unbound().and_then(|socket| {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::ffi::OsStrExt;
        // A leading @ stands for the NUL of an abstract address.
        match path.as_bytes().strip_prefix(b"@") {
            Some(name) => {
                let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
                socket.send_to_addr(text.as_bytes(), &address)
            }
            None => socket.send_to(text.as_bytes(), &path),
        }
    });
    if let Err(error) = sent {
        warning!("Can't send notification to systemd: {error}");
    }
}
