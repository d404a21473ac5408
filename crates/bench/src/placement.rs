//! Which processor cores the client and the servers run on.
//!
//! One connection that waits for each reply measures mostly how fast the kernel wakes an idle core:
//! on a virtual machine 10 µs or 80 µs a request, as the scheduler happens to place the two threads.
//! On one core there is nothing to wake, and what remains is what the request itself costs.

use std::fs;
use std::io;

use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::server::Server;

pub(crate) struct Placement {
    /// The core that client and server share, and all others; `None` leaves it to the kernel.
    cores: Option<(CpuSet, CpuSet)>,
}

impl Placement {
    /// Uses the cores that this process may run on; one alone leaves nothing to choose.
    pub(crate) fn new(wanted: bool) -> io::Result<Self> {
        let mut rest = sched_getaffinity(None)?;
        let first = (0..CpuSet::MAX_CPU).find(|&core| rest.is_set(core));
        let Some(first) = first.filter(|_| wanted && rest.count() > 1) else {
            return Ok(Self { cores: None });
        };
        rest.unset(first);
        let mut shared = CpuSet::new();
        shared.set(first);
        Ok(Self { cores: Some((shared, rest)) })
    }

    /// For the report's header.
    pub(crate) fn describe(&self) -> &'static str {
        match self.cores {
            Some(_) => {
                "the client and the server's main thread share one core, other threads have the rest"
            }
            None => "left to the kernel",
        }
    }

    /// The client and the main thread of `server` share a core; the server's other threads, which
    /// work in the background, have the rest.
    pub(crate) fn together(&self, server: &Server) -> io::Result<()> {
        let Some((shared, rest)) = &self.cores else { return Ok(()) };
        sched_setaffinity(None, shared)?;
        place_server(server, shared, rest)
    }

    /// The main thread of `server` has a core of its own; the client, and programs that it starts,
    /// have the rest.
    pub(crate) fn apart(&self, server: &Server) -> io::Result<()> {
        let Some((shared, rest)) = &self.cores else { return Ok(()) };
        sched_setaffinity(None, rest)?;
        place_server(server, shared, rest)
    }
}

/// Lets the calling thread go before others on its core, where the system allows.
pub(crate) fn raise_priority() {
    const NICE: i32 = -10;
    // Without the right to it, the delays that are measured contain those of other clients.
    let _ = rustix::process::setpriority_process(None, NICE);
}

fn place_server(server: &Server, main: &CpuSet, background: &CpuSet) -> io::Result<()> {
    // A server on another machine has no process here, and its own cores.
    let Some(process) = server.process else { return Ok(()) };
    for entry in fs::read_dir(format!("/proc/{process}/task"))? {
        let thread = entry?.file_name().to_str().and_then(|digits| digits.parse::<i32>().ok());
        let Some(thread) = thread else { continue };
        let cores = if thread == process { main } else { background };
        match sched_setaffinity(Pid::from_raw(thread), cores) {
            // A thread may end at any time.
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
