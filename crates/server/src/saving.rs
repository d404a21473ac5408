//! Saving and loading the RDB file: when, in which process, and what is said about it.

use std::fs::File;
use std::io::{self, BufReader, PipeReader, Read, Write};
use std::path::Path;

use engine::snapshot::{self, LoadError, SaveError, Saved};
use engine::{Engine, Error, Outcome};
use rustix::process::{Pid, Signal, WaitOptions};

use crate::fork::{self, Fork};
use crate::log::{notice, warning};
use crate::{clock, hooks, log, outside, start};

/// After a failed save the next one by a save point waits this long.
const RETRY_SECS: i64 = 5;

/// What is known about saves.
#[derive(Debug)]
pub(crate) struct Saving {
    child: Option<Child>,
    /// BGSAVE SCHEDULE waits for a child to end.
    scheduled: bool,
    pub(crate) last_ok: bool,
    last_try_at_secs: i64,
    /// −1 before the first
    pub(crate) last_secs: i64,
    pub(crate) saves: u64,
    /// Bytes that the last child copied because the parent changed them.
    pub(crate) last_cow_len: u64,
    pub(crate) loaded_keys: u64,
    pub(crate) loaded_expired: u64,
}

/// A saving child.
#[derive(Debug)]
struct Child {
    pid: Pid,
    started_at_us: u64,
    /// Changes that its picture holds.
    dirty: u64,
    /// Where it says, at its end, how many bytes it had to copy.
    report: PipeReader,
}

impl Default for Saving {
    fn default() -> Self {
        Self {
            child: None,
            scheduled: false,
            last_ok: true,
            last_try_at_secs: 0,
            last_secs: -1,
            saves: 0,
            last_cow_len: 0,
            loaded_keys: 0,
            loaded_expired: 0,
        }
    }
}

impl Saving {
    pub(crate) fn in_progress(&self) -> bool {
        self.child.is_some()
    }

    /// Seconds since the child began; −1 without one.
    pub(crate) fn current_secs(&self) -> i64 {
        self.child.as_ref().map_or(-1, |child| secs_since(child.started_at_us))
    }
}

fn secs_since(us: u64) -> i64 {
    i64::try_from((clock::monotonic_us() - us) / 1_000_000).unwrap_or(i64::MAX)
}

/// SAVE, and the save of a shutdown.
pub(crate) fn save(engine: &mut Engine) -> Outcome {
    if outside::of(engine).saving.in_progress() {
        return Err(Error::text("ERR Background save already in progress"));
    }
    match save_file(engine) {
        Ok(_) => {
            notice!("DB saved on disk");
            let dirty = engine.dirty;
            succeeded(engine, dirty);
            Ok(())
        }
        Err(error) => {
            // Only a failed save in the background stops writes: here somebody is told.
            warning!("Error saving DB on disk: {error}");
            Err(Error::text("ERR Saving failed, see the server's log"))
        }
    }
}

fn succeeded(engine: &mut Engine, dirty: u64) {
    engine.dirty = engine.dirty.saturating_sub(dirty);
    engine.last_save_at_secs = engine.clock.now_ms / 1000;
    engine.writes_stopped = false;
    let saving = &mut outside::of(engine).saving;
    saving.last_ok = true;
    saving.saves += 1;
}

fn failed(engine: &mut Engine) {
    outside::of(engine).saving.last_ok = false;
    engine.writes_stopped = !engine.config.save.is_empty();
}

/// Writes the keyspace into `dbfilename`: a temporary file first, made to last, then put in its place.
fn save_file(engine: &mut Engine) -> Result<Saved, SaveError> {
    let temporary = temporary_name(std::process::id());
    let name = engine.config.dbfilename.clone();
    let saved = File::create(&temporary).map_err(SaveError::from).and_then(|file| {
        let saved = snapshot::save(engine, &file)?;
        file.sync_all()?;
        Ok(saved)
    });
    let placed = saved.and_then(|saved| {
        std::fs::rename(&temporary, &name)?;
        hooks::sync_dir_of(&name)?;
        Ok(saved)
    });
    if placed.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    placed
}

fn temporary_name(pid: u32) -> String {
    format!("temp-{pid}.rdb")
}

/// BGSAVE: gives the status reply.
pub(crate) fn bgsave(engine: &mut Engine, schedule: bool) -> Result<&'static str, Error> {
    let saving = &mut outside::of(engine).saving;
    if saving.in_progress() {
        if schedule {
            saving.scheduled = true;
            return Ok("Background saving scheduled");
        }
        return Err(Error::text("ERR Background save already in progress"));
    }
    match start_child(engine) {
        Ok(()) => Ok("Background saving started"),
        Err(error) => {
            warning!("Can't save in background: fork: {}", start::reason(&error));
            failed(engine);
            Err(Error::text("ERR Saving in the background failed, see the server's log"))
        }
    }
}

fn start_child(engine: &mut Engine) -> io::Result<()> {
    let (report, sender) = io::pipe()?;
    outside::of(engine).saving.last_try_at_secs = engine.clock.now_ms / 1000;
    let before_us = clock::monotonic_us();
    let dirty = engine.dirty;
    let child = match fork::fork()? {
        Fork::Child => run_child(engine, sender),
        Fork::Parent { child } => child,
    };
    engine.stats.latest_fork_us = clock::monotonic_us() - before_us;
    engine.stats.total_forks += 1;
    let Some(pid) = Pid::from_raw(child) else { return Err(io::ErrorKind::Other.into()) };
    notice!("Background saving started by pid {child}");
    engine.child_running = true;
    outside::of(engine).saving.child = Some(Child { pid, started_at_us: before_us, dirty, report });
    Ok(())
}

/// The saving child, from beginning to end.
fn run_child(engine: &mut Engine, mut report: io::PipeWriter) -> ! {
    log::set_role(b'C');
    // A child that outlives its parent would hold the port.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    match save_file(engine) {
        Ok(_) => {
            let copied = private_dirty();
            notice!("DB saved on disk");
            notice!("Fork CoW for RDB: current {0} MB, peak {0} MB, average {0} MB", copied >> 20);
            // The parent shows the figure, but can do without.
            let _ = report.write_all(copied.to_string().as_bytes());
            fork::exit_now(0)
        }
        Err(error) => {
            warning!("Write error saving DB on disk: {error}");
            fork::exit_now(1)
        }
    }
}

/// Memory that this process does not share, bytes: in a child, what had to be copied.
fn private_dirty() -> u64 {
    let Ok(text) = std::fs::read_to_string("/proc/self/smaps_rollup") else { return 0 };
    let line = text.lines().find_map(|line| line.strip_prefix("Private_Dirty:"));
    let kilobytes = line
        .and_then(|line| line.trim().strip_suffix("kB"))
        .and_then(|text| text.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}

/// Looks after the child, and starts one when a save point says so.
pub(crate) fn tick(engine: &mut Engine) {
    reap(engine);
    let now_secs = engine.clock.now_ms / 1000;
    let loading = engine.loading;
    let saving = &mut outside::of(engine).saving;
    let may_try = saving.last_ok || now_secs - saving.last_try_at_secs > RETRY_SECS;
    if saving.in_progress() || !may_try || loading {
        return;
    }
    if std::mem::take(&mut saving.scheduled) {
        // The log has said what failed.
        let _ = bgsave(engine, false);
        return;
    }
    let since_save = now_secs - engine.last_save_at_secs;
    let due = engine
        .config
        .save
        .iter()
        .find(|point| engine.dirty >= point.changes.max(1) && since_save > point.secs);
    if let Some(point) = due {
        notice!("{} changes in {} seconds. Saving...", point.changes, point.secs);
        let _ = bgsave(engine, false);
    }
}

/// Notices that the child has ended.
fn reap(engine: &mut Engine) {
    let Some(child) = &outside::of(engine).saving.child else { return };
    let status = match rustix::process::waitpid(Some(child.pid), WaitOptions::NOHANG) {
        Ok(None) => return,
        Ok(Some((_, status))) => Some(status),
        // Somebody else has waited for it: what became of it is not known.
        Err(_) => None,
    };
    let Some(mut child) = outside::of(engine).saving.child.take() else { return };
    engine.child_running = false;
    let code = status.and_then(|status| status.exit_status());
    let signal = status.and_then(|status| status.terminating_signal());
    if code == Some(0) {
        notice!("Background saving terminated with success");
        let mut copied = String::new();
        let _ = child.report.read_to_string(&mut copied);
        succeeded(engine, child.dirty);
        outside::of(engine).saving.last_cow_len = copied.parse().unwrap_or(0);
    } else {
        match signal {
            Some(signal) => warning!("Background saving terminated by signal {signal}"),
            None => warning!("Background saving error"),
        }
        remove_temporary(child.pid);
        failed(engine);
    }
    outside::of(engine).saving.last_secs = secs_since(child.started_at_us);
}

/// Ends a saving child, whose picture is not wanted any more.
pub(crate) fn kill_child(engine: &mut Engine) {
    let Some(child) = outside::of(engine).saving.child.take() else { return };
    warning!("There is a child saving an .rdb. Killing it!");
    // It may have ended already.
    let _ = rustix::process::kill_process(child.pid, Signal::KILL);
    let _ = rustix::process::waitpid(Some(child.pid), WaitOptions::empty());
    engine.child_running = false;
    remove_temporary(child.pid);
}

fn remove_temporary(child: Pid) {
    let _ = std::fs::remove_file(temporary_name(child.as_raw_nonzero().get().unsigned_abs()));
}

/// Loads `dbfilename`, if it is there; `meanwhile` is called now and then. An error has been logged.
pub(crate) fn load(
    engine: &mut Engine,
    meanwhile: &mut dyn FnMut(&mut Engine),
) -> Result<(), LoadFailure> {
    let name = engine.config.dbfilename.clone();
    let file = match File::open(Path::new(&name)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            warning!(
                "Fatal error: can't open the RDB file {name} for reading: {}",
                start::reason(&error)
            );
            return Err(LoadFailure);
        }
    };
    let began_us = clock::monotonic_us();
    engine.clock.refresh();
    let input = BufReader::with_capacity(1 << 18, file);
    let loaded = snapshot::load(engine, input, &mut |engine, _| meanwhile(engine));
    match loaded {
        Ok(loaded) => {
            notice!(
                "Done loading RDB, keys loaded: {}, keys expired: {}, empty keys skipped: {}.",
                loaded.keys,
                loaded.expired,
                loaded.empty
            );
            notice!(
                "DB loaded from disk: {:.3} seconds",
                (clock::monotonic_us() - began_us) as f64 / 1e6
            );
            let saving = &mut outside::of(engine).saving;
            saving.loaded_keys = loaded.keys;
            saving.loaded_expired = loaded.expired;
            Ok(())
        }
        Err(error) => {
            explain(&error);
            Err(LoadFailure)
        }
    }
}

/// Loading failed; the log says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoadFailure;

fn explain(error: &LoadError) {
    use rdb::ErrorKind;
    let kind = match error {
        LoadError::Rdb(error) => Some(&error.kind),
        _ => None,
    };
    match kind {
        Some(ErrorKind::Signature(_)) => warning!("Wrong signature trying to load DB from file"),
        Some(ErrorKind::Version(version)) => warning!("Can't handle RDB format version {version}"),
        Some(ErrorKind::Checksum { expected, found }) => {
            warning!(
                "Wrong RDB checksum expected: ({expected:x}) but got ({found:x}). Aborting now."
            );
            warning!("Fatal error loading the DB: RDB CRC error. Exiting.");
            return;
        }
        Some(ErrorKind::UnknownOpcode(_)) => {
            warning!("Unknown type or opcode when loading DB. Unrecoverable error, aborting now.");
            warning!("{error}");
        }
        Some(ErrorKind::UnexpectedEnd) => {
            warning!("Short read or OOM loading DB. Unrecoverable error, aborting now.");
            warning!("{error}");
        }
        _ => warning!("Internal error in RDB reading: {error}"),
    }
    warning!("Fatal error loading the DB, check server logs. Exiting.");
}

/// DEBUG RELOAD: through the file and back.
pub(crate) fn reload(engine: &mut Engine, save_first: bool) -> Outcome {
    kill_child(engine);
    if save_first {
        save(engine)?;
    }
    engine.flush(None, false);
    load(engine, &mut |_| {}).map_err(|LoadFailure| {
        Error::text("ERR Error trying to load the RDB dump, check server logs")
    })?;
    engine.dirty = 0;
    warning!("DB reloaded by DEBUG RELOAD");
    Ok(())
}
