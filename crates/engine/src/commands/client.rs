//! CLIENT and its sub-commands.

use byte_string::ByteString;

use crate::client::{Client, ClientId, client_flag};
use crate::command::{Arg, ArgKind, Docs, Spec, category, flag};
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[CLIENT];

pub(super) const INVALID_NAME: Error =
    Error::text("ERR Client names cannot contain spaces, newlines or special characters.");

/// Flags of sub-commands about the own connection.
const OWN: u64 = flag::NOSCRIPT | flag::LOADING | flag::STALE;
/// Flags of sub-commands about others' connections.
const OTHERS: u64 = OWN | flag::ADMIN;

const ON_OFF: &[Arg] =
    &[Arg::new("enabled", ArgKind::OneOf).of(&[Arg::word("on", "ON"), Arg::word("off", "OFF")])];
const TO_ALL: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

const TYPES: &[Arg] = &[
    Arg::word("normal", "NORMAL"),
    Arg::word("master", "MASTER"),
    Arg::word("replica", "REPLICA"),
    Arg::word("pubsub", "PUBSUB"),
];

const fn sub(name: &'static str, arity: i32, handler: crate::Handler, docs: Docs) -> Spec {
    Spec::new(name, arity, handler, docs).categories(category::CONNECTION)
}

const CLIENT: Spec = Spec::new(
    "client",
    -2,
    super::only_subcommands,
    Docs::new(
        "connection",
        "2.4.0",
        "Depends on subcommand.",
        "Tells about connections and steers them.",
    ),
)
.subcommands(&[
    sub(
        "capa",
        -3,
        capa,
        Docs::new("connection", "8.0.0", "O(1)", "Tells the server what the client can do.")
            .args(&[Arg::new("capability", ArgKind::String).multiple()]),
    )
    .flags(OWN),
    sub("getname", 2, getname, Docs::new("connection", "2.6.9", "O(1)", "The connection's name."))
        .flags(OWN),
    sub(
        "getredir",
        2,
        |_, call| {
            call.reply.integer(-1);
            Ok(())
        },
        Docs::new(
            "connection",
            "6.0.0",
            "O(1)",
            "Which client gets this connection's tracking messages.",
        ),
    )
    .flags(OWN),
    sub("help", 2, help, Docs::new("connection", "5.0.0", "O(1)", "Explains the sub-commands."))
        .flags(flag::LOADING | flag::STALE),
    sub(
        "id",
        2,
        |_, call| {
            call.reply.integer(call.client.0 as i64);
            Ok(())
        },
        Docs::new("connection", "5.0.0", "O(1)", "The connection's id."),
    )
    .flags(OWN),
    sub(
        "info",
        2,
        info,
        Docs::new("connection", "6.2.0", "O(1)", "Tells about the own connection."),
    )
    .flags(OWN)
    .tips(&["nondeterministic_output"]),
    sub(
        "kill",
        -3,
        kill,
        Docs::new(
            "connection",
            "2.4.0",
            "O(N) where N is the number of client connections",
            "Closes connections.",
        )
        .args(&[Arg::new("filter", ArgKind::OneOf).of(&[
            Arg::new("old-format", ArgKind::String),
            Arg::new("new-format", ArgKind::OneOf).multiple().of(&[
                Arg::new("client-id", ArgKind::Integer).token("ID").optional().since("2.8.12"),
                Arg::new("client-type", ArgKind::OneOf)
                    .token("TYPE")
                    .optional()
                    .since("2.8.12")
                    .of(TYPES),
                Arg::new("username", ArgKind::String).token("USER").optional(),
                Arg::new("addr", ArgKind::String).token("ADDR").optional(),
                Arg::new("laddr", ArgKind::String).token("LADDR").optional().since("6.2.0"),
                Arg::new("skipme", ArgKind::OneOf)
                    .token("SKIPME")
                    .optional()
                    .of(&[Arg::word("yes", "YES"), Arg::word("no", "NO")]),
                Arg::new("maxage", ArgKind::Integer).token("MAXAGE").optional().since("8.0.0"),
            ]),
        ])]),
    )
    .flags(OTHERS),
    sub(
        "list",
        -2,
        list,
        Docs::new(
            "connection",
            "2.4.0",
            "O(N) where N is the number of client connections",
            "Tells about all connections.",
        )
        .args(&[
            Arg::new("client-type", ArgKind::OneOf)
                .token("TYPE")
                .optional()
                .since("5.0.0")
                .of(TYPES),
            Arg::new("client-id", ArgKind::Integer)
                .token("ID")
                .optional()
                .multiple()
                .since("6.2.0"),
        ]),
    )
    .flags(OTHERS)
    .tips(&["nondeterministic_output"]),
    sub(
        "no-evict",
        3,
        |engine, call| switch(engine, call, client_flag::NO_EVICT),
        Docs::new("connection", "7.0.0", "O(1)", "Whether the connection may be evicted.")
            .args(ON_OFF),
    )
    .flags(OTHERS),
    sub(
        "no-touch",
        3,
        |engine, call| switch(engine, call, client_flag::NO_TOUCH),
        Docs::new(
            "connection",
            "7.2.0",
            "O(1)",
            "Whether the connection's reads change the keys' idle time.",
        )
        .args(ON_OFF),
    )
    .flags(OWN),
    sub(
        "reply",
        3,
        reply,
        Docs::new("connection", "3.2.0", "O(1)", "Whether the server replies to the connection.")
            .args(&[Arg::new("action", ArgKind::OneOf).of(&[
                Arg::word("on", "ON"),
                Arg::word("off", "OFF"),
                Arg::word("skip", "SKIP"),
            ])]),
    )
    .flags(OWN),
    sub(
        "setinfo",
        4,
        setinfo,
        Docs::new("connection", "7.2.0", "O(1)", "Tells the server about the client's library.")
            .args(&[Arg::new("attr", ArgKind::OneOf).of(&[
                Arg::new("libname", ArgKind::String).token("LIB-NAME"),
                Arg::new("libver", ArgKind::String).token("LIB-VER"),
            ])]),
    )
    .flags(OWN)
    .tips(TO_ALL),
    sub(
        "setname",
        3,
        setname,
        Docs::new("connection", "2.6.9", "O(1)", "Names the connection.")
            .args(&[Arg::new("connection-name", ArgKind::String)]),
    )
    .flags(OWN)
    .tips(TO_ALL),
    sub(
        "trackinginfo",
        2,
        trackinginfo,
        Docs::new("connection", "6.2.0", "O(1)", "Tells about the connection's tracking."),
    )
    .flags(OWN),
    sub(
        "unblock",
        -3,
        unblock,
        Docs::new(
            "connection",
            "5.0.0",
            "O(log N) where N is the number of client connections",
            "Wakes a blocked client.",
        )
        .args(&[
            Arg::new("client-id", ArgKind::Integer),
            Arg::new("unblock-type", ArgKind::OneOf)
                .optional()
                .of(&[Arg::word("timeout", "TIMEOUT"), Arg::word("error", "ERROR")]),
        ]),
    )
    .flags(OTHERS),
]);

fn capa(_: &mut Engine, call: &mut Call) -> Outcome {
    // Capabilities that the server does not know are passed over; `redirect` matters only to replicas.
    call.reply.ok();
    Ok(())
}

fn getname(engine: &mut Engine, call: &mut Call) -> Outcome {
    match engine.clients.get(call.client).and_then(|client| client.name.as_ref()) {
        Some(name) => call.reply.bulk(name),
        None => call.reply.null(),
    }
    Ok(())
}

fn setname(engine: &mut Engine, call: &mut Call) -> Outcome {
    let name = call.arg(2);
    if !super::connection::is_valid_name(name) {
        return Err(INVALID_NAME);
    }
    if let Some(client) = engine.clients.get_mut(call.client) {
        client.name = (!name.is_empty()).then(|| name.clone());
    }
    call.reply.ok();
    Ok(())
}

fn setinfo(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (option, value) = (call.arg(2), call.arg(3).clone());
    let Some(client) = engine.clients.get_mut(call.client) else { return Ok(()) };
    let field = if option.eq_ignore_ascii_case(b"lib-name") {
        &mut client.lib_name
    } else if option.eq_ignore_ascii_case(b"lib-ver") {
        &mut client.lib_ver
    } else {
        return Err(Error::owned(format!(
            "ERR Unrecognized option '{}'",
            crate::printable(option, 128)
        )));
    };
    if !super::connection::is_valid_name(&value) {
        let option = crate::printable(option, 128);
        return Err(Error::owned(format!(
            "ERR {option} cannot contain spaces, newlines or special characters."
        )));
    }
    *field = (!value.is_empty()).then_some(value);
    call.reply.ok();
    Ok(())
}

fn switch(engine: &mut Engine, call: &mut Call, flag: u64) -> Outcome {
    let on = if call.arg_is(2, "on") {
        true
    } else if call.arg_is(2, "off") {
        false
    } else {
        return Err(Error::Syntax);
    };
    if let Some(client) = engine.clients.get_mut(call.client) {
        if on {
            client.flags |= flag;
        } else {
            client.flags &= !flag;
        }
    }
    call.reply.ok();
    Ok(())
}

fn reply(engine: &mut Engine, call: &mut Call) -> Outcome {
    let Some(client) = engine.clients.get_mut(call.client) else { return Ok(()) };
    if call.arg_is(2, "on") {
        client.flags &=
            !(client_flag::REPLY_OFF | client_flag::REPLY_SKIP | client_flag::REPLY_SKIP_NEXT);
        call.reply.ok();
    } else if call.arg_is(2, "off") {
        client.flags |= client_flag::REPLY_OFF;
    } else if call.arg_is(2, "skip") {
        if !client.has(client_flag::REPLY_OFF) {
            client.flags |= client_flag::REPLY_SKIP_NEXT;
        }
    } else {
        return Err(Error::Syntax);
    }
    Ok(())
}

fn trackinginfo(_: &mut Engine, call: &mut Call) -> Outcome {
    call.reply.map(3);
    call.reply.bulk(b"flags");
    call.reply.set(1);
    call.reply.bulk(b"off");
    call.reply.bulk(b"redirect");
    call.reply.integer(-1);
    call.reply.bulk(b"prefixes");
    call.reply.array(0);
    Ok(())
}

/// The classes of clients that LIST and KILL tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Normal,
    Replica,
    PubSub,
    Primary,
}

fn class_named(word: &[u8]) -> Result<Class, Error> {
    const NAMES: [(&str, Class); 6] = [
        ("normal", Class::Normal),
        ("replica", Class::Replica),
        ("slave", Class::Replica),
        ("pubsub", Class::PubSub),
        ("primary", Class::Primary),
        ("master", Class::Primary),
    ];
    NAMES
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()))
        .map(|&(_, class)| class)
        .ok_or_else(|| {
            Error::owned(format!("ERR Unknown client type '{}'", crate::printable(word, 128)))
        })
}

fn class_of(client: &Client) -> Class {
    if client.subscriptions() + client.shard_channels.len() > 0 {
        Class::PubSub
    } else {
        Class::Normal
    }
}

/// Which clients KILL means.
#[derive(Default)]
struct KillFilter {
    id: Option<ClientId>,
    addr: Option<ByteString>,
    laddr: Option<ByteString>,
    user: Option<ByteString>,
    class: Option<Class>,
    age_min_secs: Option<i64>,
    skip_me: bool,
}

fn kill_filter(call: &Call) -> Result<KillFilter, Error> {
    let mut filter = KillFilter { skip_me: true, ..KillFilter::default() };
    let mut words = call.argv[2..].chunks(2);
    for pair in &mut words {
        let [option, value] = pair else { return Err(Error::Syntax) };
        if option.eq_ignore_ascii_case(b"id") {
            let id = resp::parse_i64(value).filter(|&id| id >= 1);
            let id = id.ok_or(Error::text("ERR client-id should be greater than 0"))?;
            filter.id = Some(ClientId(id as u64));
        } else if option.eq_ignore_ascii_case(b"maxage") {
            let age = resp::parse_i64(value)
                .ok_or(Error::text("ERR maxage is not an integer or out of range"))?;
            if age <= 0 {
                return Err(Error::text("ERR maxage should be greater than 0"));
            }
            filter.age_min_secs = Some(age);
        } else if option.eq_ignore_ascii_case(b"type") {
            filter.class = Some(class_named(value)?);
        } else if option.eq_ignore_ascii_case(b"addr") {
            filter.addr = Some(value.clone());
        } else if option.eq_ignore_ascii_case(b"laddr") {
            filter.laddr = Some(value.clone());
        } else if option.eq_ignore_ascii_case(b"user") {
            if **value != *b"default" {
                let user = crate::printable(value, 128);
                return Err(Error::owned(format!("ERR No such user '{user}'")));
            }
            filter.user = Some(value.clone());
        } else if option.eq_ignore_ascii_case(b"skipme") {
            filter.skip_me = if value.eq_ignore_ascii_case(b"yes") {
                true
            } else if value.eq_ignore_ascii_case(b"no") {
                false
            } else {
                return Err(Error::Syntax);
            };
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(filter)
}

impl KillFilter {
    fn means(&self, client: &Client, caller: ClientId, now_ms: i64) -> bool {
        !(self.skip_me && client.id == caller)
            && self.id.is_none_or(|id| client.id == id)
            && self.addr.as_ref().is_none_or(|addr| client.addr.as_bytes() == &**addr)
            && self.laddr.as_ref().is_none_or(|laddr| client.laddr.as_bytes() == &**laddr)
            && self.user.as_ref().is_none_or(|user| client.user.as_bytes() == &**user)
            && self.class.is_none_or(|class| class_of(client) == class)
            && self.age_min_secs.is_none_or(|secs| (now_ms - client.created_at_ms) / 1000 >= secs)
    }
}

fn kill(engine: &mut Engine, call: &mut Call) -> Outcome {
    // The old form names an address alone and answers OK or an error; the new one answers a count.
    let old_form = call.argc() == 3;
    let filter = if old_form {
        KillFilter { addr: Some(call.arg(2).clone()), ..KillFilter::default() }
    } else {
        kill_filter(call)?
    };
    let now_ms = engine.clock.now_ms;
    let ids: Vec<ClientId> = engine
        .clients
        .connected()
        .filter(|client| filter.means(client, call.client, now_ms))
        .map(|client| client.id)
        .collect();
    for &id in &ids {
        engine.clients.close(id, id == call.client);
    }
    if !old_form {
        call.reply.integer(ids.len() as i64);
    } else if ids.is_empty() {
        return Err(Error::text("ERR No such client"));
    } else {
        call.reply.ok();
    }
    Ok(())
}

fn unblock(engine: &mut Engine, call: &mut Call) -> Outcome {
    let error = match call.argc() {
        3 => false,
        4 if call.arg_is(3, "timeout") => false,
        4 if call.arg_is(3, "error") => true,
        _ => return Err(Error::text("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
    };
    let id = resp::parse_i64(call.arg(2)).ok_or(Error::NotInteger)?;
    let id = ClientId(id as u64);
    let blocked = engine.clients.get(id).is_some_and(|client| client.has(client_flag::BLOCKED));
    let done = blocked && (engine.modules.unblock)(engine, id, error);
    call.reply.integer(i64::from(done));
    Ok(())
}

fn info(engine: &mut Engine, call: &mut Call) -> Outcome {
    let Some(client) = engine.clients.get(call.client) else { return Ok(()) };
    let line = describe(client, engine.clock.now_ms, Some(call)) + "\n";
    call.reply.verbatim(b"txt", line.as_bytes());
    Ok(())
}

fn list(engine: &mut Engine, call: &mut Call) -> Outcome {
    let mut class = None;
    let mut ids: Option<Vec<ClientId>> = None;
    if call.argc() == 4 && call.arg_is(2, "type") {
        class = Some(class_named(call.arg(3))?);
    } else if call.argc() > 3 && call.arg_is(2, "id") {
        let invalid = Error::text("ERR Invalid client ID");
        let parsed: Option<Vec<ClientId>> = call.argv[3..]
            .iter()
            .map(|word| resp::parse_i64(word).filter(|&id| id > 0).map(|id| ClientId(id as u64)))
            .collect();
        ids = Some(parsed.ok_or(invalid)?);
    } else if call.argc() != 2 {
        return Err(Error::Syntax);
    }
    let mut clients: Vec<&Client> = engine
        .clients
        .connected()
        .filter(|client| class.is_none_or(|class| class_of(client) == class))
        .filter(|client| ids.as_ref().is_none_or(|ids| ids.contains(&client.id)))
        .collect();
    clients.sort_by_key(|client| client.id);
    let mut text = String::new();
    for client in clients {
        text.push_str(&describe(
            client,
            engine.clock.now_ms,
            (client.id == call.client).then_some(&*call),
        ));
        text.push('\n');
    }
    call.reply.verbatim(b"txt", text.as_bytes());
    Ok(())
}

/// A client as one line of CLIENT LIST, without the line end. `call` is given for the client that asks.
fn describe(client: &Client, now_ms: i64, call: Option<&Call>) -> String {
    let text = |bytes: &Option<ByteString>| {
        bytes.as_ref().map_or_else(String::new, |bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let mut flags = String::new();
    for (bit, letter) in [
        (client_flag::MONITOR, 'O'),
        (client_flag::MULTI, 'x'),
        (client_flag::BLOCKED, 'b'),
        (client_flag::DIRTY_CAS, 'd'),
        (client_flag::CLOSE_AFTER_REPLY, 'c'),
        (client_flag::CLOSE_ASAP, 'A'),
        (client_flag::UNIX_SOCKET, 'U'),
        (client_flag::NO_EVICT, 'e'),
        (client_flag::NO_TOUCH, 'T'),
    ] {
        if client.has(bit) {
            flags.push(letter);
        }
    }
    if client.subscriptions() + client.shard_channels.len() > 0 {
        flags.push('P');
    }
    if flags.is_empty() {
        flags.push('N');
    }
    let command = match call {
        Some(call) => call.command.full_name.as_str(),
        None => client.last_command.as_ref().map_or("NULL", |command| command.full_name.as_str()),
    };
    let argv_mem: usize = call.map_or(0, |call| call.argv.iter().map(|arg| arg.len()).sum());
    let multi = if client.has(client_flag::MULTI) { client.queue.len() as i64 } else { -1 };
    let output = client.output.memory() + client.unsent_len;
    let total = size_of::<Client>() + output + client.query_len + client.queue_bytes + argv_mem;
    let protocol = match call.map_or(client.output.protocol(), |call| call.reply.protocol()) {
        resp::Protocol::Resp2 => 2,
        resp::Protocol::Resp3 => 3,
    };
    format!(
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={flags} db={} sub={} psub={} ssub={} multi={multi} \
         watch={} qbuf={} qbuf-free=0 argv-mem={argv_mem} multi-mem={} rbs={} rbp={} obl={} oll=0 omem={} \
         tot-mem={total} events=r cmd={command} user={} redir=-1 resp={protocol} lib-name={} lib-ver={} tot-net-in={} \
         tot-net-out={} tot-cmds={}",
        client.id.0,
        client.addr,
        client.laddr,
        client.fd,
        text(&client.name),
        (now_ms - client.created_at_ms).max(0) / 1000,
        (now_ms - client.active_at_ms).max(0) / 1000,
        client.db,
        client.channels.len(),
        client.patterns.len(),
        client.shard_channels.len(),
        client.watched.len(),
        client.query_len,
        client.queue_bytes,
        client.output.memory(),
        client.output.memory(),
        client.unsent_len,
        output,
        client.user,
        text(&client.lib_name),
        text(&client.lib_ver),
        client.net_input_bytes,
        client.net_output_bytes,
        client.commands,
    )
}

fn help(_: &mut Engine, call: &mut Call) -> Outcome {
    super::reply_help(
        call,
        "CLIENT",
        &[
            ("CAPA <option> [options...]", "Says what the client can do; REDIRECT is known."),
            ("GETREDIR", "The client that gets this connection's tracking messages, or -1."),
            ("GETNAME", "The connection's name."),
            ("ID", "The connection's id."),
            ("INFO", "About the own connection."),
            ("KILL <ip:port>", "Closes the connection from that address."),
            (
                "KILL <option> <value> [<option> <value> [...]]",
                "Closes connections chosen by ADDR, LADDR, TYPE, USER, ID, MAXAGE; SKIPME (YES|NO).",
            ),
            (
                "LIST [TYPE <type> | ID <id> ...]",
                "About all connections, or those of a type, or those ids.",
            ),
            ("REPLY (ON|OFF|SKIP)", "Whether the server replies to this connection."),
            ("SETNAME <name>", "Names the connection."),
            ("SETINFO <option> <value>", "Sets LIB-NAME or LIB-VER."),
            ("UNBLOCK <clientid> [TIMEOUT|ERROR]", "Wakes a blocked client."),
            ("TRACKINGINFO", "About the connection's tracking."),
            ("NO-EVICT (ON|OFF)", "Keeps the connection from being evicted."),
            ("NO-TOUCH (ON|OFF)", "Keeps this connection's reads from changing idle times."),
        ],
    );
    Ok(())
}
