//! The log, line by line in Valkey's form: `pid:role day month year hour:minute:second.ms mark text`.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicU8, Ordering};

use chrono::{DateTime, Local};
use engine::config::{Config, LogLevel};
use parking_lot::RwLock;

pub(crate) const DEBUG: u8 = 0;
pub(crate) const VERBOSE: u8 = 1;
pub(crate) const NOTICE: u8 = 2;
pub(crate) const WARNING: u8 = 3;

/// Lines below this level are dropped.
static LEVEL: AtomicU8 = AtomicU8::new(NOTICE);
/// `C` before the configuration is read and in a saving child, `M` afterwards.
static ROLE: AtomicU8 = AtomicU8::new(b'C');
static TARGET: RwLock<Target> = RwLock::new(Target { file: String::new(), syslog: None });

/// Where lines go.
struct Target {
    /// Empty: standard output. Opened for every line, so that it may be moved away.
    file: String,
    syslog: Option<Syslog>,
}

struct Syslog {
    ident: String,
    /// Shifted into place: 1 is `user`, 16 to 23 are `local0` to `local7`.
    facility: u8,
}

/// Takes the log's settings over.
pub(crate) fn configure(config: &Config) {
    LEVEL.store(config.loglevel as u8, Ordering::Relaxed);
    let mut target = TARGET.write();
    target.file.clone_from(&config.logfile);
    target.syslog = config.syslog_enabled.then(|| Syslog {
        ident: config.syslog_ident.clone(),
        facility: if config.syslog_facility == 0 { 1 } else { 15 + config.syslog_facility as u8 },
    });
}

pub(crate) fn set_role(role: u8) {
    ROLE.store(role, Ordering::Relaxed);
}

/// Whether a line of that level would be written.
pub(crate) fn enabled(level: u8) -> bool {
    level >= LEVEL.load(Ordering::Relaxed)
}

/// Writes one line. A log that cannot be written to loses the line: there is nobody to tell.
pub(crate) fn line(level: u8, text: impl fmt::Display) {
    if !enabled(level) || LEVEL.load(Ordering::Relaxed) == LogLevel::Nothing as u8 {
        return;
    }
    let mark = [b'.', b'-', b'*', b'#'][usize::from(level.min(WARNING))];
    let pid = std::process::id();
    let now: DateTime<Local> = crate::clock::wall().into();
    let role = char::from(ROLE.load(Ordering::Relaxed));
    let mark = char::from(mark);
    let stamp = now.format("%d %b %Y %H:%M:%S%.3f");
    raw(&format!("{pid}:{role} {stamp} {mark} {text}\n"));
    if let Some(syslog) = TARGET.try_read().as_ref().and_then(|target| target.syslog.as_ref()) {
        syslog.send(level, &text.to_string());
    }
}

/// Writes text as it is.
pub(crate) fn raw(text: &str) {
    // No lock is waited for: a forked child logs too, and may have been forked while another thread held it.
    let target = TARGET.try_read();
    let file = target.as_ref().map_or("", |target| target.file.as_str());
    if file.is_empty() {
        let mut rest = text.as_bytes();
        while let Ok(written @ 1..) = rustix::io::write(rustix::stdio::stdout(), rest) {
            rest = &rest[written..];
        }
    } else if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(file) {
        let _ = file.write_all(text.as_bytes());
    }
}

impl Syslog {
    fn send(&self, level: u8, text: &str) {
        // debug, info, notice, warning
        let severity = [7, 6, 5, 4][usize::from(level.min(WARNING))];
        let priority = self.facility << 3 | severity;
        let message = format!("<{priority}>{}[{}]: {text}", self.ident, std::process::id());
        if let Ok(socket) = UnixDatagram::unbound() {
            let _ = socket.send_to(message.as_bytes(), "/dev/log");
        }
    }
}

macro_rules! debug {
    ($($text:tt)+) => { $crate::log::line($crate::log::DEBUG, format_args!($($text)+)) };
}
macro_rules! verbose {
    ($($text:tt)+) => { $crate::log::line($crate::log::VERBOSE, format_args!($($text)+)) };
}
macro_rules! notice {
    ($($text:tt)+) => { $crate::log::line($crate::log::NOTICE, format_args!($($text)+)) };
}
macro_rules! warning {
    ($($text:tt)+) => { $crate::log::line($crate::log::WARNING, format_args!($($text)+)) };
}
pub(crate) use {debug, notice, verbose, warning};
