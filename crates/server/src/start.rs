//! From the command line to a running event loop.

use std::io::Read;
use std::path::{Path, PathBuf};

use engine::config::{self, Config, Loaded};
use engine::{Clock, Engine};
use parking_lot::Mutex;

use crate::arguments::Arguments;
use crate::event_loop::{self, EventLoop};
use crate::log::{notice, warning};
use crate::saving::LoadFailure;
use crate::{clock, hooks, listen, log, memory, outside, saving, signals, supervision};

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) fn version_line() -> String {
    let bits = usize::BITS;
    format!("Keystow server v={VERSION} malloc=jemalloc bits={bits}\n")
}

/// Starts the server and runs it to its end; gives the exit code. An error is for standard error.
pub(crate) fn run(arguments: &Arguments) -> Result<i32, String> {
    let (mut config, loaded, config_file) = read_config(arguments)?;
    enter_dir(&mut config)?;
    supervision::detect(&mut config);
    if config.daemonize {
        supervision::daemonize()?;
    }
    log::configure(&config);
    greet(arguments);
    log::set_role(b'M');
    raise_file_limit(&mut config);
    if config.always_show_logo {
        log::raw(&logo(&config));
    } else {
        notice!("Running mode=standalone, port={}.", config.port);
    }
    if config.get("jemalloc-bg-thread").as_deref() == Some("yes") {
        memory::purge_in_background();
    }
    let signals = signals::install().map_err(|error| format!("Taking over signals: {error}"))?;
    let listeners = match listen::open(&config) {
        Ok(listeners) => listeners,
        Err(error) => {
            warning!("{error}");
            return Ok(1);
        }
    };
    if !config.pidfile.is_empty() {
        write_pidfile(&config.pidfile);
    }
    let lock = make_engine(config, config_file, &loaded)?;
    let event_loop = EventLoop::new(lock, listeners, signals)
        .map_err(|error| format!("Starting the event loop: {error}"))?;
    notice!("Server initialized");
    // The loop takes the lock itself, so it is let go first.
    let filled = fill(&mut lock.lock(), &loaded, event_loop);
    match filled {
        Ok(event_loop) => Ok(event_loop.run()),
        Err(NoStart) => Ok(1),
    }
}

fn greet(arguments: &Arguments) {
    notice!("oO0OoO0OoO0Oo Keystow is starting oO0OoO0OoO0Oo");
    let (bits, pid) = (usize::BITS, std::process::id());
    notice!("Keystow version={VERSION}, bits={bits}, pid={pid}, just started");
    if *arguments == Arguments::default() {
        warning!(
            "Warning: no config file specified, using the default config. In order to specify a config file use \
             keystow-server /path/to/valkey.conf"
        );
    } else {
        notice!("Configuration loaded");
    }
}

/// The engine with its hooks, behind the one lock.
fn make_engine(
    config: Config,
    config_file: Option<String>,
    loaded: &Loaded,
) -> Result<&'static Mutex<Engine>, String> {
    let mut engine = Engine::new(config, Clock::new(clock::wall_us, clock::monotonic_us));
    engine.tcp_port = u16::try_from(engine.config.port).unwrap_or(0);
    engine.last_save_at_secs = engine.clock.now_ms / 1000;
    memory::refresh();
    engine.startup_memory = memory::used() as u64;
    let outside = outside::of(&mut engine);
    outside.config_file = config_file;
    outside.module_configs = loaded.module_configs.iter().map(|(name, _)| name.clone()).collect();
    hooks::install(&mut engine);
    module_host::install(&mut engine);
    for (name, new_name) in &loaded.renamed_commands {
        if !engine.commands.rename(name.as_bytes(), new_name.as_bytes()) {
            return Err(fatal(&format!(
                "rename-command {name}: No such command in rename-command, or the new name is taken"
            )));
        }
    }
    // The lock is never freed: threads of modules may want it until the process ends.
    let lock: &'static Mutex<Engine> = Box::leak(Box::new(Mutex::new(engine)));
    module_host::set_global_lock(lock);
    module_host::set_waker(event_loop::wake);
    Ok(lock)
}

/// The server cannot start; the log says why.
struct NoStart;

/// Loads modules, then data; clients that come meanwhile are told so.
fn fill(
    engine: &mut Engine,
    loaded: &Loaded,
    mut event_loop: EventLoop,
) -> Result<EventLoop, NoStart> {
    for (name, value) in &loaded.module_configs {
        module_host::give_config(name, value);
    }
    for words in &loaded.modules {
        let Some((path, args)) = words.split_first() else { continue };
        let load = engine::hooks::ModuleLoad {
            path: path.clone(),
            args: args.iter().map(|arg| arg.as_str().into()).collect(),
            configs: Vec::new(),
        };
        if let Err(error) = (engine.modules.load)(engine, load) {
            warning!("{error}");
            warning!("Can't load module from {path}: server aborting");
            return Err(NoStart);
        }
    }
    if let [name, ..] = module_host::unclaimed_configs().as_slice() {
        warning!(
            "Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting ({name})"
        );
        return Err(NoStart);
    }
    saving::load(engine, &mut |engine| event_loop.glance(engine)).map_err(|LoadFailure| NoStart)?;
    memory::refresh();
    EventLoop::announce(engine);
    supervision::ready(&engine.config);
    Ok(event_loop)
}

/// Reads file, standard input and options, the later over the earlier.
fn read_config(arguments: &Arguments) -> Result<(Config, Loaded, Option<String>), String> {
    let mut text = String::new();
    let mut config_file = None;
    if let Some(path) = &arguments.config_file {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
        text = read_file(path).map_err(|error| {
            format!("Fatal error, can't open config file '{}': {error}", absolute.display())
        })?;
        config_file = Some(absolute.to_string_lossy().into_owned());
    }
    if arguments.stdin {
        let mut input = String::new();
        std::io::stdin()
            .read_to_string(&mut input)
            .map_err(|error| format!("Reading standard input: {error}"))?;
        text.push('\n');
        text.push_str(&input);
    }
    text.push('\n');
    text.push_str(&arguments.lines);
    let mut config = Config::new();
    let loaded = config::load(&mut config, &text, &mut include)
        .map_err(|error| fatal(&error.to_string()))?;
    if let Some(user) = loaded.users.first() {
        return Err(fatal(&format!("user {}: ACL users are not supported yet", user.join(" "))));
    }
    if !config.logfile.is_empty() {
        let opened = std::fs::OpenOptions::new().append(true).create(true).open(&config.logfile);
        opened.map_err(|error| fatal(&format!("Can't open the log file: {}", reason(&error))))?;
    }
    config.hz = config.hz.clamp(1, 500);
    Ok((config, loaded, config_file))
}

/// A refusal of the configuration; tools look for its first line.
fn fatal(text: &str) -> String {
    format!("\n*** FATAL CONFIG FILE ERROR (Version {VERSION}) ***\n{text}")
}

fn read_file(path: impl AsRef<Path>) -> Result<String, std::io::Error> {
    // Comments may be in any encoding.
    Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
}

/// The text of an included file, or of all files that a pattern in the last part of the path names.
fn include(path: &str) -> Result<String, String> {
    let fail = |error: std::io::Error| format!("Can't open included config file '{path}': {error}");
    let (dir, name) = match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((dir, name)) => (dir, name),
        None => (".", path),
    };
    if !name.contains(['*', '?', '[']) {
        return read_file(path).map_err(fail);
    }
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)
        .map_err(fail)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let file = path.file_name().unwrap_or_default().as_encoded_bytes();
            keyspace::glob_match(name.as_bytes(), file, false)
        })
        .collect();
    paths.sort();
    let texts: Result<Vec<String>, _> = paths.iter().map(read_file).collect();
    Ok(texts.map_err(fail)?.join("\n"))
}

/// Makes `dir` the working directory, and the value absolute.
fn enter_dir(config: &mut Config) -> Result<(), String> {
    if !config.dir.is_empty() {
        std::env::set_current_dir(&config.dir).map_err(|error| {
            fatal(&format!("Can't chdir to '{}': {}", config.dir, reason(&error)))
        })?;
    }
    let current =
        std::env::current_dir().map_err(|error| format!("The working directory: {error}"))?;
    config.dir = current.to_string_lossy().into_owned();
    Ok(())
}

/// An operating system's error without Rust's number after it.
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn write_pidfile(path: &str) {
    if let Err(error) = std::fs::write(path, format!("{}\n", std::process::id())) {
        warning!("Failed to write PID file: {}", reason(&error));
    }
}

/// Files beside connections: listeners, the log, the database, what modules open.
const SPARE_FILES: u64 = 32;

/// Asks for as many open files as `maxclients` needs, or lowers `maxclients`.
fn raise_file_limit(config: &mut Config) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = config.maxclients.unsigned_abs() + SPARE_FILES;
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current.filter(|current| *current < wanted) else { return };
    let raised = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }).is_ok()
        && raised >= wanted
    {
        notice!(
            "Increased maximum number of open files to {wanted} (it was originally set to {current})."
        );
        return;
    }
    let got = getrlimit(Resource::Nofile).current.unwrap_or(current);
    config.maxclients = i64::try_from(got.saturating_sub(SPARE_FILES)).unwrap_or(1).max(1);
    warning!(
        "You requested maxclients of {} requiring at least {wanted} max file descriptors, but only {got} can be had; \
         maxclients has been reduced to {}.",
        wanted - SPARE_FILES,
        config.maxclients
    );
}

/// The start-up picture. Tools find the process id in it.
fn logo(config: &Config) -> String {
    format!(
        "\n   ____\n  |    |_    Keystow {VERSION} {} bit\n  | {{}} |_|   Running in standalone mode\n  |____|     Port: {}\n             PID: {}\n\n",
        usize::BITS,
        config.port,
        std::process::id()
    )
}
