//! Signals, turned into bytes that the event loop reads.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mio::net::UnixStream;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// The shutdown signals received so far.
#[derive(Debug)]
pub(crate) struct Signals {
    /// Becomes readable when a signal arrives.
    pub(crate) wakeup: UnixStream,
    last: Arc<AtomicUsize>,
    interrupts: Arc<AtomicUsize>,
}

/// A shutdown that a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShutdownSignal {
    Terminate,
    Interrupt,
}

/// Takes the shutdown signals over and ignores SIGHUP. A second SIGINT ends the process at once, even while the
/// execution thread is busy.
pub(crate) fn install() -> io::Result<Signals> {
    let (receiver, sender) = std::os::unix::net::UnixStream::pair()?;
    receiver.set_nonblocking(true)?;
    sender.set_nonblocking(true)?;
    let last = Arc::new(AtomicUsize::new(0));
    let interrupts = Arc::new(AtomicUsize::new(0));
    let interrupted = Arc::new(AtomicBool::new(false));
    // In this order, so that only a SIGINT after the first finds the flag set.
    signal_hook::flag::register_conditional_shutdown(SIGINT, 1, Arc::clone(&interrupted))?;
    signal_hook::flag::register(SIGINT, interrupted)?;
    for signal in [SIGTERM, SIGINT] {
        let number = usize::try_from(signal).unwrap_or_default();
        signal_hook::flag::register_usize(signal, Arc::clone(&last), number)?;
        signal_hook::low_level::pipe::register(signal, sender.try_clone()?)?;
    }
    signal_hook::flag::register(SIGHUP, Arc::new(AtomicBool::new(false)))?;
    Ok(Signals { wakeup: UnixStream::from_std(receiver), last, interrupts })
}

impl Signals {
    /// The shutdown asked for since the last call.
    pub(crate) fn take(&mut self) -> Option<ShutdownSignal> {
        let mut bytes = [0; 64];
        while matches!(self.wakeup.read(&mut bytes), Ok(1..)) {}
        match i32::try_from(self.last.swap(0, Ordering::Relaxed)).unwrap_or(0) {
            SIGTERM => Some(ShutdownSignal::Terminate),
            SIGINT => {
                self.interrupts.fetch_add(1, Ordering::Relaxed);
                Some(ShutdownSignal::Interrupt)
            }
            _ => None,
        }
    }
}
