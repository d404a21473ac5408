//! COMMAND: the command table as clients see it.

use std::sync::Arc;

use byte_string::ByteString;
use resp::Reply;

use crate::command::{
    Arg, ArgKind, BeginSearch, Command, CommandDocs, Docs, FindKeys, KeySpec, OwnedArg, Spec,
    category, flag, key_flag,
};
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[COMMAND];

const UNORDERED: &[&str] = &["nondeterministic_output_order"];
const NAMES: &[Arg] = &[Arg::new("command-name", ArgKind::String).optional().multiple()];

const fn sub(name: &'static str, arity: i32, handler: crate::Handler, docs: Docs) -> Spec {
    Spec::new(name, arity, handler, docs)
        .flags(flag::LOADING | flag::STALE)
        .categories(category::CONNECTION)
}

const COMMAND: Spec = Spec::new(
    "command",
    -1,
    |engine, call| {
        let commands = sorted(engine);
        call.reply.array(commands.len());
        for command in &commands {
            reply_info(engine, &mut call.reply, command);
        }
        Ok(())
    },
    Docs::new(
        "server",
        "2.8.13",
        "O(N) where N is the total number of commands",
        "Tells about all commands.",
    ),
)
.flags(flag::LOADING | flag::STALE)
.categories(category::CONNECTION)
.tips(UNORDERED)
.subcommands(&[
    sub(
        "count",
        2,
        |engine, call| {
            call.reply.integer(engine.commands.len() as i64);
            Ok(())
        },
        Docs::new("server", "2.8.13", "O(1)", "Counts the commands."),
    ),
    sub(
        "docs",
        -2,
        docs,
        Docs::new(
            "server",
            "7.0.0",
            "O(N) where N is the number of commands to look up",
            "Documents commands.",
        )
        .args(NAMES),
    )
    .tips(UNORDERED),
    sub(
        "getkeys",
        -3,
        |engine, call| getkeys(engine, call, false),
        Docs::new(
            "server",
            "2.8.13",
            "O(N) where N is the number of arguments to the command",
            "Finds the keys in a whole command.",
        )
        .args(&[
            Arg::new("command", ArgKind::String),
            Arg::new("arg", ArgKind::String).optional().multiple(),
        ]),
    ),
    sub(
        "getkeysandflags",
        -3,
        |engine, call| getkeys(engine, call, true),
        Docs::new(
            "server",
            "7.0.0",
            "O(N) where N is the number of arguments to the command",
            "Finds the keys in a whole command, and how each is used.",
        )
        .args(&[
            Arg::new("command", ArgKind::String),
            Arg::new("arg", ArgKind::String).optional().multiple(),
        ]),
    ),
    sub("help", 2, help, Docs::new("server", "5.0.0", "O(1)", "Explains the sub-commands.")),
    sub(
        "info",
        -2,
        info,
        Docs::new(
            "server",
            "2.8.13",
            "O(N) where N is the number of commands to look up",
            "Tells about commands.",
        )
        .args(NAMES),
    )
    .tips(UNORDERED),
    sub(
        "list",
        -2,
        list,
        Docs::new(
            "server",
            "7.0.0",
            "O(N) where N is the total number of commands",
            "Names the commands.",
        )
        .args(&[Arg::new("filterby", ArgKind::OneOf).token("FILTERBY").optional().of(&[
            Arg::new("module-name", ArgKind::String).token("MODULE"),
            Arg::new("category", ArgKind::String).token("ACLCAT"),
            Arg::new("pattern", ArgKind::Pattern).token("PATTERN"),
        ])]),
    )
    .tips(UNORDERED),
]);

fn help(_: &mut Engine, call: &mut Call) -> Outcome {
    super::reply_help(
        call,
        "COMMAND",
        &[
            ("(no subcommand)", "About all commands."),
            ("COUNT", "How many commands there are."),
            ("LIST [FILTERBY (MODULE|ACLCAT|PATTERN) <value>]", "The names of the commands."),
            ("INFO [<command-name> ...]", "About some commands, or all."),
            ("DOCS [<command-name> ...]", "Documentation of some commands, or all."),
            ("GETKEYS <full-command>", "The keys in a whole command."),
            (
                "GETKEYSANDFLAGS <full-command>",
                "The keys in a whole command, and how each is used.",
            ),
        ],
    );
    Ok(())
}

/// All commands by name, so that replies can be compared.
fn sorted(engine: &Engine) -> Vec<Arc<Command>> {
    let mut commands: Vec<Arc<Command>> = engine.commands.iter().cloned().collect();
    commands.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    commands
}

fn info(engine: &mut Engine, call: &mut Call) -> Outcome {
    if call.argc() == 2 {
        let commands = sorted(engine);
        call.reply.array(commands.len());
        for command in &commands {
            reply_info(engine, &mut call.reply, command);
        }
        return Ok(());
    }
    call.reply.array(call.argc() - 2);
    for name in &call.argv[2..] {
        match engine.commands.by_full_name(name) {
            Some(command) => reply_info(engine, &mut call.reply, &command),
            None => call.reply.null(),
        }
    }
    Ok(())
}

/// First, last and step as the old COMMAND INFO has them: from the first range that begins at a fixed index.
fn legacy_positions(command: &Command) -> (i32, i32, i32) {
    let mut first = 0;
    let mut last = 0;
    let mut step = 0;
    for spec in &command.keys {
        let (BeginSearch::Index(at), FindKeys::Range { last: to, step: by, limit: _ }) =
            (spec.begin, spec.find)
        else {
            continue;
        };
        let end = if to >= 0 { at + to } else { to };
        if first == 0 {
            (first, last, step) = (at, end, by);
        } else if last >= 0 && (end == last + 1 || (end < 0 && at == last + 1)) {
            // Adjacent ranges count as one.
            last = end;
        }
    }
    (first, last, step)
}

fn reply_info(engine: &Engine, reply: &mut Reply, command: &Command) {
    let (first, last, step) = legacy_positions(command);
    reply.array(10);
    reply.bulk(command.full_name.as_bytes());
    reply.integer(i64::from(command.arity));
    reply_names(reply, command.flags, flag::NAMES);
    reply.integer(i64::from(first));
    reply.integer(i64::from(last));
    reply.integer(i64::from(step));
    let categories: Vec<String> = engine.category_names(command.categories);
    reply.set(categories.len());
    for name in &categories {
        reply.simple(&format!("@{name}"));
    }
    reply.set(command.tips.len());
    for tip in &command.tips {
        reply.bulk(tip.as_bytes());
    }
    reply.set(command.keys.len());
    for spec in &command.keys {
        reply_key_spec(reply, spec);
    }
    reply.set(command.subcommands.len());
    for sub in &command.subcommands {
        reply_info(engine, reply, sub);
    }
}

/// The names of the bits that are set, as a set of status replies.
fn reply_names(reply: &mut Reply, bits: u64, names: &[(u64, &str)]) {
    let set: Vec<&str> =
        names.iter().filter(|(bit, _)| bits & bit != 0).map(|&(_, name)| name).collect();
    reply.set(set.len());
    for name in set {
        reply.simple(name);
    }
}

fn reply_key_spec(reply: &mut Reply, spec: &KeySpec) {
    reply.map(3 + usize::from(spec.notes.is_some()));
    if let Some(notes) = spec.notes {
        reply.bulk(b"notes");
        reply.bulk(notes.as_bytes());
    }
    reply.bulk(b"flags");
    reply_names(reply, spec.flags, key_flag::NAMES);
    reply.bulk(b"begin_search");
    match spec.begin {
        BeginSearch::Index(at) => {
            reply_typed(reply, "index", 1);
            reply_field(reply, "index", at);
        }
        BeginSearch::Keyword { word, start } => {
            reply_typed(reply, "keyword", 2);
            reply.bulk(b"keyword");
            reply.bulk(word.as_bytes());
            reply_field(reply, "startfrom", start);
        }
        BeginSearch::Unknown => reply_typed(reply, "unknown", 0),
    }
    reply.bulk(b"find_keys");
    match spec.find {
        FindKeys::Range { last, step, limit } => {
            reply_typed(reply, "range", 3);
            reply_field(reply, "lastkey", last);
            reply_field(reply, "keystep", step);
            reply_field(reply, "limit", limit);
        }
        FindKeys::KeyNum { count_at, first, step } => {
            reply_typed(reply, "keynum", 3);
            reply_field(reply, "keynumidx", count_at);
            reply_field(reply, "firstkey", first);
            reply_field(reply, "keystep", step);
        }
        FindKeys::Unknown => reply_typed(reply, "unknown", 0),
    }
}

fn reply_typed(reply: &mut Reply, kind: &str, fields: usize) {
    reply.map(2);
    reply.bulk(b"type");
    reply.bulk(kind.as_bytes());
    reply.bulk(b"spec");
    reply.map(fields);
}

fn reply_field(reply: &mut Reply, name: &str, value: i32) {
    reply.bulk(name.as_bytes());
    reply.integer(i64::from(value));
}

fn list(engine: &mut Engine, call: &mut Call) -> Outcome {
    let commands = sorted(engine);
    let keep: Box<dyn Fn(&Command) -> bool> = match call.argc() {
        2 => Box::new(|_| true),
        5 if call.arg_is(2, "filterby") => {
            let value = call.arg(4).clone();
            if call.arg_is(3, "module") {
                Box::new(move |command| {
                    command.module.as_ref().is_some_and(|owner| owner.module.as_bytes() == &*value)
                })
            } else if call.arg_is(3, "aclcat") {
                let bit = engine.category_bit(&value);
                Box::new(move |command| bit.is_some_and(|bit| command.categories & bit != 0))
            } else if call.arg_is(3, "pattern") {
                Box::new(move |command| {
                    keyspace::glob_match(&value, command.full_name.as_bytes(), true)
                })
            } else {
                return Err(Error::Syntax);
            }
        }
        _ => return Err(Error::Syntax),
    };
    let everything = call.argc() == 2;
    let mut names = Vec::new();
    for command in &commands {
        if keep(command) {
            names.push(command.full_name.clone());
        }
        if !everything {
            names.extend(
                command.subcommands.iter().filter(|sub| keep(sub)).map(|sub| sub.full_name.clone()),
            );
        }
    }
    call.reply.array(names.len());
    for name in names {
        call.reply.bulk(name.as_bytes());
    }
    Ok(())
}

fn getkeys(engine: &mut Engine, call: &mut Call, with_flags: bool) -> Outcome {
    let argv: Vec<ByteString> = call.argv[2..].to_vec();
    let command = match engine.commands.find(&argv[0], argv.get(1).map(|word| &**word)) {
        crate::Found::Command(command) => command,
        _ => return Err(Error::text("ERR Invalid command specified")),
    };
    if command.keys.is_empty() && command.getkeys.is_none() && !command.has(flag::MODULE_GETKEYS) {
        return Err(Error::text("ERR The command has no key arguments"));
    }
    if !command.accepts_arity(argv.len()) {
        return Err(Error::text("ERR Invalid number of arguments specified for command"));
    }
    let keys = engine
        .keys_of(&command, &argv)
        .map_err(|_| Error::text("ERR Invalid arguments specified for command"))?;
    if keys.is_empty() && !command.has(flag::NO_MANDATORY_KEYS) {
        return Err(Error::text("ERR Invalid arguments specified for command"));
    }
    call.reply.array(keys.len());
    for (at, flags) in keys {
        if with_flags {
            call.reply.array(2);
            call.reply.bulk(&argv[at]);
            reply_names(&mut call.reply, flags, key_flag::NAMES);
        } else {
            call.reply.bulk(&argv[at]);
        }
    }
    Ok(())
}

fn docs(engine: &mut Engine, call: &mut Call) -> Outcome {
    let commands: Vec<Arc<Command>> = if call.argc() == 2 {
        sorted(engine)
    } else {
        call.argv[2..].iter().filter_map(|name| engine.commands.by_full_name(name)).collect()
    };
    call.reply.map(commands.len());
    for command in &commands {
        reply_docs(&mut call.reply, command);
    }
    Ok(())
}

/// One text field of a documentation map, when there is a text.
fn doc_field(reply: &mut Reply, fields: &mut usize, name: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        reply.bulk(name.as_bytes());
        reply.bulk(text.as_bytes());
        *fields += 1;
    }
}

fn reply_docs(reply: &mut Reply, command: &Command) {
    reply.bulk(command.full_name.as_bytes());
    let at = reply.defer();
    let mut fields = 0;
    match &command.docs {
        CommandDocs::Native(docs) => {
            doc_field(reply, &mut fields, "summary", Some(docs.summary));
            doc_field(reply, &mut fields, "since", Some(docs.since));
            doc_field(reply, &mut fields, "group", Some(docs.group));
            doc_field(reply, &mut fields, "complexity", Some(docs.complexity));
            if docs.deprecated_since.is_some() {
                reply.bulk(b"doc_flags");
                reply.set(1);
                reply.simple("deprecated");
                fields += 1;
            }
            doc_field(reply, &mut fields, "deprecated_since", docs.deprecated_since);
            doc_field(reply, &mut fields, "replaced_by", docs.replaced_by);
            if !docs.history.is_empty() {
                reply.bulk(b"history");
                reply.set(docs.history.len());
                for (version, change) in docs.history {
                    reply.array(2);
                    reply.bulk(version.as_bytes());
                    reply.bulk(change.as_bytes());
                }
                fields += 1;
            }
            if !docs.args.is_empty() {
                reply.bulk(b"arguments");
                let args: Vec<OwnedArg> = docs.args.iter().map(OwnedArg::from).collect();
                reply_args(reply, &args);
                fields += 1;
            }
        }
        CommandDocs::Module(docs) => {
            doc_field(reply, &mut fields, "summary", docs.summary.as_deref());
            doc_field(reply, &mut fields, "since", docs.since.as_deref());
            doc_field(reply, &mut fields, "group", Some("module"));
            doc_field(reply, &mut fields, "complexity", docs.complexity.as_deref());
            doc_field(
                reply,
                &mut fields,
                "module",
                command.module.as_ref().map(|owner| owner.module.as_str()),
            );
            if !docs.history.is_empty() {
                reply.bulk(b"history");
                reply.set(docs.history.len());
                for (version, change) in &docs.history {
                    reply.array(2);
                    reply.bulk(version.as_bytes());
                    reply.bulk(change.as_bytes());
                }
                fields += 1;
            }
            if !docs.args.is_empty() {
                reply.bulk(b"arguments");
                reply_args(reply, &docs.args);
                fields += 1;
            }
        }
    }
    if !command.subcommands.is_empty() {
        reply.bulk(b"subcommands");
        reply.map(command.subcommands.len());
        for sub in &command.subcommands {
            reply_docs(reply, sub);
        }
        fields += 1;
    }
    reply.set_map(at, fields);
}

impl From<&Arg> for OwnedArg {
    fn from(arg: &Arg) -> Self {
        Self {
            name: arg.name.to_owned(),
            kind: arg.kind,
            token: arg.token.map(str::to_owned),
            summary: None,
            since: arg.since.map(str::to_owned),
            deprecated_since: None,
            display_text: (!matches!(arg.kind, ArgKind::OneOf | ArgKind::Block))
                .then(|| arg.name.to_owned()),
            key_spec: arg.key_spec,
            optional: arg.optional,
            multiple: arg.multiple,
            multiple_token: arg.multiple_token,
            subargs: arg.subargs.iter().map(Self::from).collect(),
        }
    }
}

fn kind_name(kind: ArgKind) -> &'static str {
    match kind {
        ArgKind::String => "string",
        ArgKind::Integer => "integer",
        ArgKind::Double => "double",
        ArgKind::Key => "key",
        ArgKind::Pattern => "pattern",
        ArgKind::UnixTime => "unix-time",
        ArgKind::PureToken => "pure-token",
        ArgKind::OneOf => "oneof",
        ArgKind::Block => "block",
    }
}

fn reply_args(reply: &mut Reply, args: &[OwnedArg]) {
    reply.array(args.len());
    for arg in args {
        let at = reply.defer();
        let mut fields = 2;
        reply.bulk(b"name");
        reply.bulk(arg.name.as_bytes());
        reply.bulk(b"type");
        reply.bulk(kind_name(arg.kind).as_bytes());
        doc_field(reply, &mut fields, "display_text", arg.display_text.as_deref());
        if let Some(index) = arg.key_spec {
            reply.bulk(b"key_spec_index");
            reply.integer(index as i64);
            fields += 1;
        }
        doc_field(reply, &mut fields, "token", arg.token.as_deref());
        doc_field(reply, &mut fields, "summary", arg.summary.as_deref());
        doc_field(reply, &mut fields, "since", arg.since.as_deref());
        doc_field(reply, &mut fields, "deprecated_since", arg.deprecated_since.as_deref());
        let flags: Vec<&str> = [
            (arg.optional, "optional"),
            (arg.multiple, "multiple"),
            (arg.multiple_token, "multiple_token"),
        ]
        .into_iter()
        .filter_map(|(on, name)| on.then_some(name))
        .collect();
        if !flags.is_empty() {
            reply.bulk(b"flags");
            reply.set(flags.len());
            for name in flags {
                reply.simple(name);
            }
            fields += 1;
        }
        if !arg.subargs.is_empty() {
            reply.bulk(b"arguments");
            reply_args(reply, &arg.subargs);
            fields += 1;
        }
        reply.set_map(at, fields);
    }
}
