//! Directives with a syntax of their own.

use super::memory::parse_memory;
use super::{Config, OutputLimit, SavePoint, ShutdownOnSignal};
use crate::notify::{format_classes, parse_classes};

/// `save <secs> <changes> [<secs> <changes> …]`, or `""` for none. The words replace what was set before; a file's
/// second `save` line is joined to its first by the loader.
pub(super) fn set_save(config: &mut Config, words: &[&str]) -> Result<(), String> {
    let invalid = || "Invalid save parameters".to_owned();
    let words = if words == [""] { &[] } else { words };
    let (pairs, rest) = words.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(invalid());
    }
    let mut points = Vec::with_capacity(pairs.len());
    for [secs, changes] in pairs {
        let secs = secs.parse().ok().filter(|secs| *secs >= 1).ok_or_else(invalid)?;
        let changes = changes.parse().map_err(|_| invalid())?;
        points.push(SavePoint { secs, changes });
    }
    config.save = points;
    Ok(())
}

pub(super) fn get_save(config: &Config) -> String {
    let points: Vec<String> =
        config.save.iter().map(|point| format!("{} {}", point.secs, point.changes)).collect();
    points.join(" ")
}

/// `client-output-buffer-limit <class> <hard> <soft> <secs> …`; classes not named stay as they are.
pub(super) fn set_output_limits(config: &mut Config, words: &[&str]) -> Result<(), String> {
    let (groups, rest) = words.as_chunks::<4>();
    if !rest.is_empty() {
        return Err("Wrong number of arguments in buffer limit configuration.".to_owned());
    }
    let mut limits = config.client_output_buffer_limit;
    for [class, hard, soft, secs] in groups {
        let place = match class.to_ascii_lowercase().as_str() {
            "normal" => &mut limits.normal,
            "slave" | "replica" => &mut limits.replica,
            "pubsub" => &mut limits.pubsub,
            _ => {
                return Err(
                    "Invalid client class specified in buffer limit configuration.".to_owned()
                );
            }
        };
        let bytes = |text: &str| parse_memory(text).and_then(|bytes| u64::try_from(bytes).ok());
        let (Some(hard_bytes), Some(soft_bytes), Some(soft_secs)) =
            (bytes(hard), bytes(soft), secs.parse().ok().filter(|secs| *secs >= 0))
        else {
            return Err(
                "Error in hard, soft or soft_seconds setting in buffer limit configuration."
                    .to_owned(),
            );
        };
        *place = OutputLimit { hard_bytes, soft_bytes, soft_secs };
    }
    config.client_output_buffer_limit = limits;
    Ok(())
}

pub(super) fn get_output_limits(config: &Config) -> String {
    let limits = &config.client_output_buffer_limit;
    let classes = [("normal", limits.normal), ("slave", limits.replica), ("pubsub", limits.pubsub)];
    let texts = classes.map(|(class, limit)| {
        format!("{class} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_secs)
    });
    texts.join(" ")
}

pub(super) fn set_notify(config: &mut Config, words: &[&str]) -> Result<(), String> {
    let [word] = words else { return Err("wrong number of arguments".to_owned()) };
    config.notify_keyspace_events =
        parse_classes(word).ok_or("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")?;
    Ok(())
}

pub(super) fn get_notify(config: &Config) -> String {
    format_classes(config.notify_keyspace_events)
}

/// `bind <address> …`; none at all, or `""`, listens to no address.
pub(super) fn set_bind(config: &mut Config, words: &[&str]) -> Result<(), String> {
    const ADDRESSES_MAX: usize = 16;
    if words.len() > ADDRESSES_MAX {
        return Err("Too many bind addresses specified.".to_owned());
    }
    config.bind =
        words.iter().filter(|word| !word.is_empty()).map(|word| (*word).to_owned()).collect();
    Ok(())
}

pub(super) fn get_bind(config: &Config) -> String {
    config.bind.join(" ")
}

pub(super) fn set_sigterm(config: &mut Config, words: &[&str]) -> Result<(), String> {
    config.shutdown_on_sigterm = parse_shutdown(words)?;
    Ok(())
}

pub(super) fn get_sigterm(config: &Config) -> String {
    format_shutdown(config.shutdown_on_sigterm)
}

pub(super) fn set_sigint(config: &mut Config, words: &[&str]) -> Result<(), String> {
    config.shutdown_on_sigint = parse_shutdown(words)?;
    Ok(())
}

pub(super) fn get_sigint(config: &Config) -> String {
    format_shutdown(config.shutdown_on_sigint)
}

fn parse_shutdown(words: &[&str]) -> Result<ShutdownOnSignal, String> {
    let mut flags = ShutdownOnSignal::default();
    for word in words {
        match word.to_ascii_lowercase().as_str() {
            "default" => {}
            "save" => flags.save = true,
            "nosave" => flags.nosave = true,
            "now" => flags.now = true,
            "force" => flags.force = true,
            _ => {
                return Err(
                    "argument(s) must be one of the following: default, save, nosave, now, force"
                        .to_owned(),
                );
            }
        }
    }
    if flags.save && flags.nosave {
        return Err("SAVE and NOSAVE are incompatible".to_owned());
    }
    Ok(flags)
}

fn format_shutdown(flags: ShutdownOnSignal) -> String {
    let words = [
        (flags.save, "save"),
        (flags.nosave, "nosave"),
        (flags.now, "now"),
        (flags.force, "force"),
    ];
    let set: Vec<&str> = words.into_iter().filter(|(set, _)| *set).map(|(_, word)| word).collect();
    if set.is_empty() { "default".to_owned() } else { set.join(" ") }
}

/// A file's name, not its path.
pub(super) fn check_dbfilename(name: &str) -> Result<(), &'static str> {
    if name.contains('/') { Err("dbfilename can't be a path, just a filename") } else { Ok(()) }
}

pub(super) fn check_appendfilename(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("appendfilename can't be empty"),
        name if name.contains('/') => Err("appendfilename can't be a path, just a filename"),
        _ => Ok(()),
    }
}
