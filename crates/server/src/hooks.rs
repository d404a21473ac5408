//! What the engine asks the program around it to do.

use engine::config::quoted;
use engine::hooks::ServerHooks;
use engine::{Engine, Error, Outcome};

use crate::{background, info, log, memory, outside, saving, shutdown, start};

/// Puts the server's functions into the engine.
pub(crate) fn install(engine: &mut Engine) {
    engine.server = ServerHooks {
        save: saving::save,
        bgsave: saving::bgsave,
        shutdown: shutdown::run,
        rewrite_config,
        reload: saving::reload,
        free_in_background: background::free,
        used_memory: memory::used,
        purge_memory: crate::purge::purge,
        info: info::append,
        config_changed,
        log: |level, text| log::line(level, text),
    };
}

/// CONFIG REWRITE.
fn rewrite_config(engine: &mut Engine) -> Outcome {
    let Some(path) = outside::of(engine).config_file.clone() else {
        return Err(Error::text("ERR The server is running without a config file"));
    };
    let fail = |error: std::io::Error| {
        log::warning!("CONFIG REWRITE failed: {}", start::reason(&error));
        Error::owned(format!("ERR Rewriting config file: {}", start::reason(&error)))
    };
    let old = std::fs::read(&path).map_err(fail)?;
    let extra = module_lines(engine);
    let extra: Vec<(&str, Vec<String>)> =
        extra.iter().map(|(name, lines)| (name.as_str(), lines.clone())).collect();
    let text = engine::config::rewrite(&engine.config, &String::from_utf8_lossy(&old), &extra);
    replace_file(&path, text.as_bytes()).map_err(fail)?;
    log::notice!("CONFIG REWRITE executed with success.");
    Ok(())
}

/// What CONFIG REWRITE says about modules: those that are loaded, and their configs that the file or CONFIG SET gave.
fn module_lines(engine: &mut Engine) -> Vec<(String, Vec<String>)> {
    let loaded = module_host::loaded_modules();
    let loads = loaded.iter().map(|module| {
        let words = std::iter::once(quoted(&module.path))
            .chain(module.args.iter().map(|arg| quoted(&String::from_utf8_lossy(arg))));
        std::iter::once("loadmodule".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
    });
    let mut lines = vec![("loadmodule".to_owned(), loads.collect())];
    let given = std::mem::take(&mut outside::of(engine).module_configs);
    for (name, value) in (engine.modules.config_get)(engine, &|name| given.contains(name)) {
        lines.push((name.clone(), vec![format!("{name} {}", quoted(&value))]));
    }
    outside::of(engine).module_configs = given;
    lines
}

/// Replaces a file's content such that a power cut leaves the old or the new one.
pub(crate) fn replace_file(path: &str, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let temporary = format!("{path}.{}.tmp", std::process::id());
    let written = std::fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        // The owner's choice of who may read it stays.
        if let Ok(old) = std::fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| std::fs::rename(&temporary, path)) {
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    sync_dir_of(path)
}

/// Makes a rename last.
pub(crate) fn sync_dir_of(path: &str) -> std::io::Result<()> {
    let dir = match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((dir, _)) => dir,
        None => ".",
    };
    std::fs::File::open(dir)?.sync_all()
}

/// Acts upon a changed directive; an error puts the old value back.
fn config_changed(engine: &mut Engine, name: &str) -> Result<(), String> {
    match name {
        "loglevel" => log::configure(&engine.config),
        "dir" => {
            std::env::set_current_dir(&engine.config.dir).map_err(|error| start::reason(&error))?;
            let current = std::env::current_dir().map_err(|error| start::reason(&error))?;
            engine.config.dir = current.to_string_lossy().into_owned();
        }
        "port" | "bind" => {
            engine.tcp_port = u16::try_from(engine.config.port).unwrap_or(0);
            let config = engine.config.clone();
            if let Some(listening) = &mut outside::of(engine).listening
                && listening.replace_tcp(&config).is_err()
            {
                return Err(if name == "port" {
                    "Unable to listen on this port. Check server logs.".to_owned()
                } else {
                    "Failed to bind to specified addresses.".to_owned()
                });
            }
        }
        "hz" => engine.config.hz = engine.config.hz.clamp(1, 500),
        name if name.contains('.') => {
            outside::of(engine).module_configs.insert(name.to_owned());
        }
        _ => {}
    }
    Ok(())
}
