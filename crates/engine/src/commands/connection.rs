//! Commands about the connection itself: AUTH, HELLO, PING, ECHO, QUIT, RESET.

use byte_string::ByteString;
use resp::Protocol;

use crate::client::client_flag;
use crate::command::{Arg, ArgKind, Docs, Spec, category, flag};
use crate::{Call, ClientId, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[AUTH, ECHO, HELLO, PING, QUIT, RESET];

/// Flags of commands that must work before AUTH, while loading, and while a script hangs.
const HANDSHAKE: u64 =
    flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::NO_AUTH | flag::ALLOW_BUSY;

const WRONG_PASS: Error =
    Error::text("WRONGPASS invalid username-password pair or user is disabled.");

const AUTH: Spec = Spec::new(
    "auth",
    -2,
    auth,
    Docs::new(
        "connection",
        "1.0.0",
        "O(N) where N is the number of passwords of the user",
        "Authenticates the connection.",
    )
    .history(&[("6.0.0", "Takes a user name.")])
    .args(&[
        Arg::new("username", ArgKind::String).since("6.0.0").optional(),
        Arg::new("password", ArgKind::String),
    ]),
)
.flags(HANDSHAKE)
.categories(category::CONNECTION);

fn auth(engine: &mut Engine, call: &mut Call) -> Outcome {
    let (user, password) = match call.argc() {
        2 => {
            if !engine.requires_auth() {
                return Err(Error::text(
                    "ERR AUTH <password> called without any password configured for the default user. Are you sure \
                     your configuration is correct?",
                ));
            }
            (ByteString::from("default"), call.arg(1).clone())
        }
        3 => (call.arg(1).clone(), call.arg(2).clone()),
        _ => return Err(Error::Syntax),
    };
    authenticate(engine, call.client, &user, &password)?;
    call.reply.ok();
    Ok(())
}

/// Checks a password and marks the client as authenticated.
fn authenticate(engine: &mut Engine, id: ClientId, user: &[u8], password: &[u8]) -> Outcome {
    let known = user == b"default"
        && (!engine.requires_auth() || same_secret(engine.config.requirepass.as_bytes(), password));
    if !known {
        engine.stats.acl_denied_auth += 1;
        return Err(WRONG_PASS);
    }
    if let Some(client) = engine.clients.get_mut(id) {
        client.authenticated = true;
        client.user = "default".to_owned();
    }
    Ok(())
}

/// Compares without telling by its duration how much was right.
fn same_secret(expected: &[u8], given: &[u8]) -> bool {
    let mut difference = expected.len() ^ given.len();
    for (at, byte) in given.iter().enumerate() {
        let other = expected.get(at % expected.len().max(1)).copied().unwrap_or_default();
        difference |= usize::from(byte ^ other);
    }
    difference == 0
}

const HELLO: Spec = Spec::new(
    "hello",
    -1,
    hello,
    Docs::new("connection", "6.0.0", "O(1)", "Negotiates the protocol and tells about the server.")
        .history(&[("6.2.0", "Without arguments it only tells about the connection.")])
        .args(&[Arg::new("arguments", ArgKind::Block).optional().of(&[
            Arg::new("protover", ArgKind::Integer),
            Arg::new("auth", ArgKind::Block).token("AUTH").optional().of(&[
                Arg::new("username", ArgKind::String),
                Arg::new("password", ArgKind::String),
            ]),
            Arg::new("clientname", ArgKind::String).token("SETNAME").optional(),
        ])]),
)
.flags(HANDSHAKE)
.categories(category::CONNECTION);

/// What a HELLO asks for.
struct HelloArgs {
    protocol: Option<Protocol>,
    auth: Option<(ByteString, ByteString)>,
    name: Option<ByteString>,
}

fn hello_args(call: &Call) -> Result<HelloArgs, Error> {
    let mut args = HelloArgs { protocol: None, auth: None, name: None };
    let mut at = 1;
    if let Some(version) = call.argv.get(1) {
        args.protocol = match resp::parse_i64(version) {
            Some(2) => Some(Protocol::Resp2),
            Some(3) => Some(Protocol::Resp3),
            Some(_) => return Err(Error::text("NOPROTO unsupported protocol version")),
            None => {
                return Err(Error::text("ERR Protocol version is not an integer or out of range"));
            }
        };
        at = 2;
    }
    while at < call.argc() {
        let left = call.argc() - at - 1;
        if call.arg_is(at, "AUTH") && left >= 2 {
            args.auth = Some((call.arg(at + 1).clone(), call.arg(at + 2).clone()));
            at += 3;
        } else if call.arg_is(at, "SETNAME") && left >= 1 {
            args.name = Some(call.arg(at + 1).clone());
            if !is_valid_name(call.arg(at + 1)) {
                return Err(super::client::INVALID_NAME);
            }
            at += 2;
        } else {
            let option = crate::printable(call.arg(at), 128);
            return Err(Error::owned(format!("ERR Syntax error in HELLO option '{option}'")));
        }
    }
    Ok(args)
}

/// Whether a client name has only printable characters and no spaces.
pub(super) fn is_valid_name(name: &[u8]) -> bool {
    name.iter().all(|byte| (b'!'..=b'~').contains(byte))
}

fn hello(engine: &mut Engine, call: &mut Call) -> Outcome {
    let args = hello_args(call)?;
    if let Some((user, password)) = &args.auth {
        authenticate(engine, call.client, user, password)?;
    }
    let Some(client) = engine.clients.get_mut(call.client) else { return Ok(()) };
    if !client.authenticated {
        return Err(Error::text(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH \
             <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the \
             same time",
        ));
    }
    if let Some(name) = args.name {
        client.name = (!name.is_empty()).then_some(name);
    }
    let id = client.id;
    if let Some(protocol) = args.protocol {
        call.reply.set_protocol(protocol);
        client.output.set_protocol(protocol);
    }
    let protocol = if call.reply.protocol() == Protocol::Resp3 { 3 } else { 2 };
    call.reply.map(7);
    for (field, value) in [("server", "valkey"), ("version", crate::VALKEY_VERSION)] {
        call.reply.bulk(field.as_bytes());
        call.reply.bulk(value.as_bytes());
    }
    call.reply.bulk(b"proto");
    call.reply.integer(protocol);
    call.reply.bulk(b"id");
    call.reply.integer(id.0 as i64);
    for (field, value) in [("mode", "standalone"), ("role", "master")] {
        call.reply.bulk(field.as_bytes());
        call.reply.bulk(value.as_bytes());
    }
    call.reply.bulk(b"modules");
    (engine.modules.list)(engine, call);
    Ok(())
}

const ECHO: Spec = Spec::new(
    "echo",
    2,
    |_, call| {
        let message = call.arg(1).clone();
        call.reply.bulk_shared(&message);
        Ok(())
    },
    Docs::new("connection", "1.0.0", "O(1)", "Gives back its argument.")
        .args(&[Arg::new("message", ArgKind::String)]),
)
.flags(flag::LOADING | flag::STALE | flag::FAST)
.categories(category::CONNECTION);

const PING: Spec = Spec::new(
    "ping",
    -1,
    ping,
    Docs::new("connection", "1.0.0", "O(1)", "Answers PONG, or the message given.")
        .args(&[Arg::new("message", ArgKind::String).optional()]),
)
.flags(flag::FAST)
.categories(category::CONNECTION)
.tips(&["request_policy:all_shards", "response_policy:all_succeeded"]);

fn ping(engine: &mut Engine, call: &mut Call) -> Outcome {
    if call.argc() > 2 {
        return Err(Error::WrongArity("ping".to_owned()));
    }
    let listening = engine.clients.get(call.client).is_some_and(crate::Client::in_pubsub_mode);
    if listening {
        call.reply.array(2);
        call.reply.bulk(b"pong");
        call.reply.bulk(call.argv.get(1).map_or(b"".as_slice(), |message| message));
    } else if let Some(message) = call.argv.get(1) {
        call.reply.bulk(message);
    } else {
        call.reply.simple("PONG");
    }
    Ok(())
}

const QUIT: Spec = Spec::new(
    "quit",
    -1,
    |engine, call| {
        call.reply.ok();
        engine.clients.close(call.client, true);
        Ok(())
    },
    Docs::new("connection", "1.0.0", "O(1)", "Closes the connection.")
        .deprecated("7.2.0", "just closing the connection"),
)
.flags(HANDSHAKE)
.categories(category::CONNECTION);

const RESET: Spec = Spec::new(
    "reset",
    1,
    reset,
    Docs::new("connection", "6.2.0", "O(1)", "Puts the connection into the state of a new one."),
)
.flags(HANDSHAKE)
.categories(category::CONNECTION);

fn reset(engine: &mut Engine, call: &mut Call) -> Outcome {
    super::transaction::discard_transaction(engine, call.client);
    engine.unsubscribe_all(call.client);
    let open = !engine.requires_auth();
    if let Some(client) = engine.clients.get_mut(call.client) {
        client.flags &= !(client_flag::MONITOR
            | client_flag::REPLY_OFF
            | client_flag::REPLY_SKIP
            | client_flag::REPLY_SKIP_NEXT
            | client_flag::NO_TOUCH
            | client_flag::NO_EVICT);
        client.authenticated = open;
        client.user = "default".to_owned();
        client.name = None;
        client.output.set_protocol(Protocol::Resp2);
    }
    engine.select(call, 0);
    call.reply.set_protocol(Protocol::Resp2);
    call.reply.simple("RESET");
    Ok(())
}
