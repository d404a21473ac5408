//! CONFIG GET, SET, RESETSTAT, REWRITE.

use std::collections::BTreeMap;

use byte_string::ByteString;

use crate::command::{Arg, ArgKind, Docs, Spec, flag};
use crate::config::{Config, flag as config_flag};
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[CONFIG];

const ADMIN: u64 = flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE;
const TO_ALL: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

const CONFIG: Spec = Spec::new(
    "config",
    -2,
    super::only_subcommands,
    Docs::new("server", "2.0.0", "Depends on subcommand.", "Reads and changes the configuration."),
)
.subcommands(&[
    Spec::new(
        "get",
        -3,
        get,
        Docs::new(
            "server",
            "2.0.0",
            "O(N) when N is the number of configuration parameters provided",
            "The values of parameters.",
        )
        .history(&[("7.0.0", "Takes several patterns.")])
        .args(&[Arg::new("parameter", ArgKind::String).multiple()]),
    )
    .flags(ADMIN),
    Spec::new("help", 2, help, Docs::new("server", "5.0.0", "O(1)", "Explains the sub-commands."))
        .flags(flag::LOADING | flag::STALE),
    Spec::new(
        "resetstat",
        2,
        resetstat,
        Docs::new("server", "2.0.0", "O(1)", "Sets the statistics of INFO to zero."),
    )
    .flags(ADMIN)
    .tips(TO_ALL),
    Spec::new(
        "rewrite",
        2,
        rewrite,
        Docs::new("server", "2.8.0", "O(1)", "Writes the configuration in force to its file."),
    )
    .flags(ADMIN)
    .tips(TO_ALL),
    Spec::new(
        "set",
        -4,
        set,
        Docs::new(
            "server",
            "2.0.0",
            "O(N) when N is the number of configuration parameters provided",
            "Changes parameters, all or none.",
        )
        .history(&[("7.0.0", "Takes several parameters.")])
        .args(&[Arg::new("data", ArgKind::Block)
            .multiple()
            .of(&[Arg::new("parameter", ArgKind::String), Arg::new("value", ArgKind::String)])]),
    )
    .flags(ADMIN)
    .tips(TO_ALL),
]);

fn help(_: &mut Engine, call: &mut Call) -> Outcome {
    super::reply_help(
        call,
        "CONFIG",
        &[
            ("GET <pattern>", "Parameters whose names match, with their values."),
            ("SET <directive> <value>", "Changes parameters; either all of them change or none."),
            ("RESETSTAT", "Sets the statistics of INFO to zero."),
            ("REWRITE", "Writes the configuration in force to its file."),
        ],
    );
    Ok(())
}

fn get(engine: &mut Engine, call: &mut Call) -> Outcome {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for pattern in &call.argv[2..] {
        let text = String::from_utf8_lossy(pattern);
        // A plain name comes back as it was typed, as Valkey answers it.
        let typed = !text.contains(['*', '?', '[', '\\']);
        found.extend(engine.config.matching(&text).into_iter().map(|(name, value)| {
            let name = if typed { text.clone().into_owned() } else { name.to_owned() };
            (name, value)
        }));
        let matches = |name: &str| keyspace::glob_match(pattern, name.as_bytes(), true);
        found.extend((engine.modules.config_get)(engine, &matches));
    }
    call.reply.map(found.len());
    for (name, value) in &found {
        call.reply.bulk(name.as_bytes());
        call.reply.bulk(value.as_bytes());
    }
    Ok(())
}

/// The refusal of a CONFIG SET.
fn failed(name: &str, reason: &str) -> Error {
    Error::owned(format!(
        "ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"
    ))
}

fn set(engine: &mut Engine, call: &mut Call) -> Outcome {
    if !call.argc().is_multiple_of(2) {
        return Err(Error::WrongArity("config|set".to_owned()));
    }
    let pairs: Vec<(String, ByteString)> = call.argv[2..]
        .chunks(2)
        .map(|pair| (String::from_utf8_lossy(&pair[0]).into_owned(), pair[1].clone()))
        .collect();
    // Everything is checked before anything changes.
    let mut seen: Vec<&str> = Vec::new();
    for (name, _) in &pairs {
        let canonical = match Config::find(name) {
            Some(spec) if spec.flags & config_flag::IMMUTABLE != 0 => {
                return Err(failed(name, "can't set immutable config"));
            }
            Some(spec)
                if spec.flags & config_flag::PROTECTED != 0
                    && !engine.may_set_protected(call.client) =>
            {
                return Err(failed(name, "can't set protected config"));
            }
            Some(spec) if spec.flags & config_flag::DENY_LOADING != 0 && engine.loading => {
                return Err(failed(name, "can't set while the server is loading"));
            }
            Some(spec) => spec.name,
            None => {
                let exists =
                    !(engine.modules.config_get)(engine, &|other| other.eq_ignore_ascii_case(name))
                        .is_empty();
                if !exists {
                    return Err(Error::owned(format!(
                        "ERR Unknown option or number of arguments for CONFIG SET - '{}'",
                        crate::printable(name.as_bytes(), 128)
                    )));
                }
                name.as_str()
            }
        };
        if seen.iter().any(|other| other.eq_ignore_ascii_case(canonical)) {
            return Err(failed(name, "duplicate parameter"));
        }
        seen.push(canonical);
    }
    apply(engine, &pairs)?;
    call.reply.ok();
    Ok(())
}

/// Sets all pairs and lets everybody concerned act; puts everything back when somebody refuses.
fn apply(engine: &mut Engine, pairs: &[(String, ByteString)]) -> Outcome {
    let before = engine.config.clone();
    let mut changed: Vec<String> = Vec::new();
    let mut module_before: Vec<(String, String)> = Vec::new();
    let mut refusal = None;
    for (name, value) in pairs {
        if let Some(spec) = Config::find(name) {
            match engine.config.set(name, value) {
                Ok(true) => changed.push(spec.name.to_owned()),
                Ok(false) => {}
                Err(error) => {
                    refusal = Some(failed(name, &error.to_string()));
                    break;
                }
            }
        } else {
            module_before.extend((engine.modules.config_get)(engine, &|other| {
                other.eq_ignore_ascii_case(name)
            }));
            match (engine.modules.config_set)(engine, name, value) {
                Some(Ok(())) => changed.push(name.clone()),
                Some(Err(reason)) => {
                    refusal = Some(failed(name, &reason));
                    break;
                }
                None => {
                    refusal = Some(failed(name, "unknown option"));
                    break;
                }
            }
        }
    }
    if refusal.is_none() {
        refusal = act_on(engine, &changed).err();
    }
    if let Some(error) = refusal {
        engine.config = before;
        for (name, value) in module_before {
            // The value was in force a moment ago, so the module takes it back; its answer changes nothing.
            let _ = (engine.modules.config_set)(engine, &name, value.as_bytes());
        }
        let _ = act_on(engine, &changed);
        return Err(error);
    }
    if !changed.is_empty() {
        (engine.modules.server_event)(engine, &crate::ServerEvent::ConfigChanged(changed));
    }
    Ok(())
}

/// Makes changed parameters take effect where that takes more than the new value.
fn act_on(engine: &mut Engine, changed: &[String]) -> Outcome {
    for name in changed {
        if name == "maxmemory-policy" {
            engine.eviction.clear();
        }
        (engine.server.config_changed)(engine, name).map_err(|reason| failed(name, &reason))?;
    }
    (engine.modules.config_apply)(engine)
        .map_err(|reason| failed(changed.first().map_or("", String::as_str), &reason))
}

fn resetstat(engine: &mut Engine, call: &mut Call) -> Outcome {
    engine.stats.reset();
    for command in engine.commands.iter() {
        command.stats.reset();
        for sub in &command.subcommands {
            sub.stats.reset();
        }
    }
    call.reply.ok();
    Ok(())
}

fn rewrite(engine: &mut Engine, call: &mut Call) -> Outcome {
    (engine.server.rewrite_config)(engine)?;
    call.reply.ok();
    Ok(())
}
