//! MODULE: what the module host offers to operators.

use crate::command::{Arg, ArgKind, Docs, Spec, flag};
use crate::hooks::ModuleLoad;
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[MODULE];

const LOADING_FLAGS: u64 = flag::ADMIN | flag::NOSCRIPT | flag::NO_ASYNC_LOADING | flag::PROTECTED;

const MODULE: Spec = Spec::new(
    "module",
    -2,
    super::only_subcommands,
    Docs::new("server", "4.0.0", "Depends on subcommand.", "Loads, lists and unloads modules."),
)
.subcommands(&[
    Spec::new("help", 2, help, Docs::new("server", "5.0.0", "O(1)", "Explains the sub-commands."))
        .flags(flag::LOADING | flag::STALE),
    Spec::new(
        "list",
        2,
        |engine, call| {
            (engine.modules.list)(engine, call);
            Ok(())
        },
        Docs::new(
            "server",
            "4.0.0",
            "O(N) where N is the number of loaded modules.",
            "Lists the loaded modules.",
        ),
    )
    .flags(flag::ADMIN | flag::NOSCRIPT)
    .tips(&["nondeterministic_output_order"]),
    Spec::new(
        "load",
        -3,
        load,
        Docs::new("server", "4.0.0", "O(1)", "Loads a module.").args(&[
            Arg::new("path", ArgKind::String),
            Arg::new("arg", ArgKind::String).optional().multiple(),
        ]),
    )
    .flags(LOADING_FLAGS),
    Spec::new(
        "loadex",
        -3,
        loadex,
        Docs::new("server", "7.0.0", "O(1)", "Loads a module with values for its configs.").args(
            &[
                Arg::new("path", ArgKind::String),
                Arg::new("configs", ArgKind::Block)
                    .token("CONFIG")
                    .optional()
                    .multiple()
                    .multiple_token()
                    .of(&[Arg::new("name", ArgKind::String), Arg::new("value", ArgKind::String)]),
                Arg::new("args", ArgKind::String).token("ARGS").optional().multiple(),
            ],
        ),
    )
    .flags(LOADING_FLAGS),
    Spec::new(
        "unload",
        3,
        |engine, call| {
            let name = String::from_utf8_lossy(call.arg(2)).into_owned();
            (engine.modules.unload)(engine, &name)?;
            call.reply.ok();
            Ok(())
        },
        Docs::new("server", "4.0.0", "O(1)", "Unloads a module.")
            .args(&[Arg::new("name", ArgKind::String)]),
    )
    .flags(LOADING_FLAGS),
]);

fn load(engine: &mut Engine, call: &mut Call) -> Outcome {
    let path = String::from_utf8_lossy(call.arg(2)).into_owned();
    let args = call.argv[3..].to_vec();
    (engine.modules.load)(engine, ModuleLoad { path, args, configs: Vec::new() })?;
    call.reply.ok();
    Ok(())
}

fn loadex(engine: &mut Engine, call: &mut Call) -> Outcome {
    let mut load = ModuleLoad {
        path: String::from_utf8_lossy(call.arg(2)).into_owned(),
        ..ModuleLoad::default()
    };
    let mut at = 3;
    while at < call.argc() {
        if call.arg_is(at, "args") {
            load.args = call.argv[at + 1..].to_vec();
            break;
        }
        if !call.arg_is(at, "config") || at + 2 >= call.argc() {
            return Err(Error::Syntax);
        }
        let text = |at: usize| String::from_utf8_lossy(&call.argv[at]).into_owned();
        load.configs.push((text(at + 1), text(at + 2)));
        at += 3;
    }
    (engine.modules.load)(engine, load)?;
    call.reply.ok();
    Ok(())
}

fn help(_: &mut Engine, call: &mut Call) -> Outcome {
    super::reply_help(
        call,
        "MODULE",
        &[
            ("LIST", "The loaded modules."),
            ("LOAD <path> [<arg> ...]", "Loads a module and gives it the arguments."),
            (
                "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
                "Loads a module with values for its configs.",
            ),
            ("UNLOAD <name>", "Unloads a module."),
        ],
    );
    Ok(())
}
