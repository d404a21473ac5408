//! DEBUG: for tests and for looking inside. Allowed by `enable-debug-command` only.

use byte_string::ByteString;
use keyspace::Value;

use super::digest;
use crate::command::{Docs, Spec, flag};
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[DEBUG];

const DEBUG: Spec = Spec::new(
    "debug",
    -2,
    debug,
    Docs::new(
        "server",
        "1.0.0",
        "Depends on subcommand.",
        "Looks inside the server, for its developers.",
    ),
)
.flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::PROTECTED);

fn debug(engine: &mut Engine, call: &mut Call) -> Outcome {
    let word = String::from_utf8_lossy(call.arg(1)).to_ascii_lowercase();
    match (word.as_str(), call.argc()) {
        ("help", 2) => help(call),
        ("change-repl-id", 2) => {
            engine.replication_id =
                (0..40).filter_map(|_| char::from_digit(engine.rng.u32(0..16), 16)).collect();
            call.reply.ok();
        }
        ("digest", 2) => {
            let signature = digest::of_dataset(engine);
            call.reply.simple(&digest::hex(&signature));
        }
        ("digest-value", 3..) => digest_value(engine, call),
        ("error", 3) => {
            let text = String::from_utf8_lossy(call.arg(2)).into_owned();
            return Err(Error::owned(text));
        }
        ("htstats", 3 | 4) => htstats(engine, call)?,
        ("log", 3) => {
            let text = format!("DEBUG LOG: {}", crate::printable(call.arg(2), 1024));
            engine.log_warning(&text);
            call.reply.ok();
        }
        ("object", 3 | 4) => object(engine, call)?,
        ("populate", 3..=5) => populate(engine, call)?,
        ("protocol", 3) => protocol(call)?,
        ("reload", 2..) => reload(engine, call)?,
        ("set-active-expire", 3) => {
            engine.active_expire = resp::parse_i64(call.arg(2)).ok_or(Error::NotInteger)? != 0;
            call.reply.ok();
        }
        ("sleep", 3) => sleep(call)?,
        _ => return Err(super::unknown_subcommand_or_arity(call)),
    }
    Ok(())
}

fn help(call: &mut Call) {
    super::reply_help(
        call,
        "DEBUG",
        &[
            ("CHANGE-REPL-ID", "Gives the server a new replication id."),
            ("DIGEST", "A signature of all data."),
            ("DIGEST-VALUE <key> [<key> ...]", "A signature of each value."),
            ("ERROR <string>", "Answers this error."),
            ("HTSTATS <dbid> [full]", "About the tables of a database."),
            ("LOG <message>", "Writes a line to the log."),
            ("OBJECT <key> [fast]", "About a key's value as it is held."),
            ("POPULATE <count> [<prefix>] [<size>]", "Makes string keys <prefix>:<number>."),
            (
                "PROTOCOL <type>",
                "Answers a value of this type: string, integer, double, bignum, null, array, set, map, attrib, push, verbatim, true, false.",
            ),
            ("RELOAD [NOSAVE]", "Saves the RDB file, empties the databases and loads it again."),
            ("SET-ACTIVE-EXPIRE <0|1>", "Whether keys expire that nobody asks for."),
            ("SLEEP <seconds>", "Stops the server for so long."),
        ],
    );
}

fn digest_value(engine: &mut Engine, call: &mut Call) {
    call.reply.array(call.argc() - 2);
    for key in &call.argv[2..] {
        let mut signature = [0; 20];
        digest::mix_value(engine, call.db, key, &mut signature);
        call.reply.simple(&digest::hex(&signature));
    }
}

fn htstats(engine: &mut Engine, call: &mut Call) -> Outcome {
    let number = resp::parse_i64(call.arg(2)).and_then(|db| usize::try_from(db).ok());
    let db = number
        .filter(|&db| db < engine.keyspace.len())
        .ok_or(Error::text("ERR Out of range database"))?;
    let database = engine.db(db);
    let text = format!(
        "[Dictionary HT]\n{:#?}\n[Expires HT]\n{:#?}\n",
        database.table_stats(),
        database.expires_stats()
    );
    call.reply.verbatim(b"txt", text.as_bytes());
    Ok(())
}

fn object(engine: &mut Engine, call: &mut Call) -> Outcome {
    let key = call.arg(2).clone();
    let idle_now = engine.clock.now_ms;
    let fast = call.arg_is(3, "fast");
    let entry = engine.db(call.db).find(&key).ok_or(Error::NoSuchKey)?;
    let (encoding, access) = (entry.value.encoding_name(), entry.access);
    let address = std::ptr::from_ref(entry) as usize;
    let mut text = format!("Value at:{address:#x} refcount:1 encoding:{encoding}");
    if !fast {
        let len = engine.dump(call.db, &key)?.map_or(0, |payload| payload.len() - 11);
        text.push_str(&format!(" serializedlength:{len}"));
    }
    text.push_str(&format!(
        " lru:{access} lru_seconds_idle:{}",
        keyspace::idle_secs(access, idle_now)
    ));
    call.reply.simple(&text);
    Ok(())
}

fn populate(engine: &mut Engine, call: &mut Call) -> Outcome {
    let count = resp::parse_i64(call.arg(2)).filter(|&count| count >= 0);
    let count = count.ok_or(Error::text("ERR value is out of range, must be positive"))?;
    let prefix = call
        .argv
        .get(3)
        .map_or_else(|| "key".to_owned(), |word| String::from_utf8_lossy(word).into_owned());
    let size = match call.argv.get(4) {
        Some(word) => {
            let size = resp::parse_i64(word).and_then(|size| usize::try_from(size).ok());
            let limit = engine.config.proto_max_bulk_len as usize;
            Some(
                size.filter(|&size| size <= limit)
                    .ok_or(Error::text("ERR value is out of range, must be positive"))?,
            )
        }
        None => None,
    };
    for number in 0..count {
        let key = ByteString::from(format!("{prefix}:{number}"));
        if engine.db(call.db).contains(&key) {
            continue;
        }
        let mut text = format!("value:{number}").into_bytes();
        if let Some(size) = size {
            text.resize(size, 0);
        }
        engine.put(call.db, &key, Value::string(ByteString::from(text)), false);
    }
    call.reply.ok();
    Ok(())
}

fn protocol(call: &mut Call) -> Outcome {
    let kind = String::from_utf8_lossy(call.arg(2)).to_ascii_lowercase();
    let reply = &mut call.reply;
    match kind.as_str() {
        "string" => reply.bulk(b"Hello World"),
        "integer" => reply.integer(12345),
        #[expect(clippy::approx_constant, reason = "Valkey answers just this number")]
        "double" => reply.double(3.141),
        "null" => reply.null(),
        "array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        "set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        "map" => {
            reply.map(3);
            for number in 0..3 {
                reply.integer(number);
                reply.boolean(number == 1);
            }
        }
        "attrib" => {
            if reply.protocol() == resp::Protocol::Resp3 {
                reply.attribute(1);
                reply.bulk(b"key-popularity");
                reply.array(2);
                reply.bulk(b"key:123");
                reply.integer(90);
            }
            // Attributes are followed by the value they belong to.
            reply.bulk(b"Some real reply following the attribute");
        }
        "push" => {
            if reply.protocol() == resp::Protocol::Resp2 {
                return Err(Error::text("ERR RESP2 is not supported by this command"));
            }
            reply.push(2);
            reply.bulk(b"server-cpu-usage");
            reply.integer(42);
        }
        "verbatim" => reply.verbatim(b"txt", b"This is a verbatim\nstring"),
        "bignum" => reply.big_number(b"1234567999999999999999999999999999999"),
        "true" => reply.boolean(true),
        "false" => reply.boolean(false),
        _ => {
            return Err(Error::text(
                "ERR Wrong protocol type name. Please use one of the following: \
                 string|integer|double|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}

fn reload(engine: &mut Engine, call: &mut Call) -> Outcome {
    let mut save = true;
    for at in 2..call.argc() {
        if !call.arg_is(at, "nosave") {
            return Err(Error::text("ERR DEBUG RELOAD only supports the NOSAVE option."));
        }
        save = false;
    }
    (engine.server.reload)(engine, save)?;
    call.reply.ok();
    Ok(())
}

/// Longest DEBUG SLEEP: more is a mistake.
const SLEEP_SECS_MAX: f64 = 3600.0;

fn sleep(call: &mut Call) -> Outcome {
    let secs: f64 = std::str::from_utf8(call.arg(2))
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(Error::NotFloat)?;
    if secs.is_finite() && secs > 0.0 {
        std::thread::sleep(std::time::Duration::from_secs_f64(secs.min(SLEEP_SECS_MAX)));
    }
    call.reply.ok();
    Ok(())
}
