//! The part of ACL that asks questions: categories, users, who one is.

use sha2::{Digest, Sha256};

use crate::command::{Arg, ArgKind, Docs, Spec, category, flag};
use crate::{Call, Engine, Error, Outcome};

pub(super) const SPECS: &[Spec] = &[ACL];

const OWN: u64 = flag::NOSCRIPT | flag::LOADING | flag::STALE;
const ADMIN: u64 = OWN | flag::ADMIN;

const ACL: Spec = Spec::new(
    "acl",
    -2,
    super::only_subcommands,
    Docs::new(
        "server",
        "6.0.0",
        "Depends on subcommand.",
        "Tells about users and what they may do.",
    ),
)
.subcommands(&[
    Spec::new(
        "cat",
        -2,
        cat,
        Docs::new(
            "server",
            "6.0.0",
            "O(1) since the categories and commands are a fixed set.",
            "The ACL categories, or the commands of one.",
        )
        .args(&[Arg::new("category", ArgKind::String).optional()]),
    )
    .flags(OWN),
    Spec::new(
        "genpass",
        -2,
        genpass,
        Docs::new(
            "server",
            "6.0.0",
            "O(1)",
            "A password made by the operating system's randomness.",
        )
        .args(&[Arg::new("bits", ArgKind::Integer).optional()]),
    )
    .flags(OWN),
    Spec::new("help", 2, help, Docs::new("server", "6.0.0", "O(1)", "Explains the sub-commands."))
        .flags(flag::LOADING | flag::STALE),
    Spec::new(
        "list",
        2,
        list,
        Docs::new(
            "server",
            "6.0.0",
            "O(N). Where N is the number of configured users.",
            "The users with their rules, as an ACL file has them.",
        ),
    )
    .flags(ADMIN),
    Spec::new(
        "users",
        2,
        |_, call| {
            call.reply.array(1);
            call.reply.bulk(b"default");
            Ok(())
        },
        Docs::new(
            "server",
            "6.0.0",
            "O(N). Where N is the number of configured users.",
            "The users' names.",
        ),
    )
    .flags(ADMIN),
    Spec::new(
        "whoami",
        2,
        |engine, call| {
            let user = engine
                .clients
                .get(call.client)
                .map_or("default", |client| client.user.as_str())
                .to_owned();
            call.reply.bulk(user.as_bytes());
            Ok(())
        },
        Docs::new("server", "6.0.0", "O(1)", "The connection's user."),
    )
    .flags(OWN),
]);

fn help(_: &mut Engine, call: &mut Call) -> Outcome {
    super::reply_help(
        call,
        "ACL",
        &[
            ("CAT [<category>]", "The ACL categories, or the commands of one."),
            (
                "GENPASS [<bits>]",
                "A random password of so many bits (default 256), in hexadecimal.",
            ),
            ("LIST", "The users with their rules, as an ACL file has them."),
            ("USERS", "The users' names."),
            ("WHOAMI", "The connection's user."),
        ],
    );
    Ok(())
}

/// The only user there is may do everything; `requirepass` is its password, shown as its SHA-256.
fn list(engine: &mut Engine, call: &mut Call) -> Outcome {
    let mut rules = String::from("user default on ");
    if engine.requires_auth() {
        let digest = Sha256::digest(engine.config.requirepass.as_bytes());
        rules.push_str("sanitize-payload #");
        rules.extend(digest.iter().map(|byte| format!("{byte:02x}")));
    } else {
        rules.push_str("nopass sanitize-payload");
    }
    rules.push_str(" ~* &* +@all");
    call.reply.array(1);
    call.reply.bulk(rules.as_bytes());
    Ok(())
}

const PASSWORD_BITS: usize = 256;
const PASSWORD_BITS_MAX: usize = 4096;

fn genpass(_: &mut Engine, call: &mut Call) -> Outcome {
    const REFUSAL: Error = Error::text(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096",
    );
    let bits = match call.argc() {
        2 => PASSWORD_BITS,
        3 => {
            let bits = usize::try_from(call.integer(2)?).map_err(|_| REFUSAL)?;
            if !(1..=PASSWORD_BITS_MAX).contains(&bits) {
                return Err(REFUSAL);
            }
            bits
        }
        _ => return Err(super::unknown_subcommand_or_arity(call)),
    };
    let mut bytes = [0; PASSWORD_BITS_MAX / 8];
    let digits = bits.div_ceil(4);
    let bytes = &mut bytes[..digits.div_ceil(2)];
    getrandom::fill(bytes).map_err(|error| Error::owned(format!("ERR no randomness: {error}")))?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    call.reply.bulk(&text.as_bytes()[..digits]);
    Ok(())
}

fn cat(engine: &mut Engine, call: &mut Call) -> Outcome {
    if call.argc() == 2 {
        let builtin = category::NAMES.iter().map(|name| (*name).to_owned());
        let names: Vec<String> = builtin.chain(engine.module_categories.iter().cloned()).collect();
        call.reply.array(names.len());
        for name in names {
            call.reply.bulk(name.as_bytes());
        }
        return Ok(());
    }
    if call.argc() > 3 {
        return Err(super::unknown_subcommand_or_arity(call));
    }
    let name = call.arg(2);
    let Some(bit) = engine.category_bit(name) else {
        return Err(Error::owned(format!(
            "ERR Unknown category '{}'",
            crate::printable(name, 128)
        )));
    };
    let mut names: Vec<String> = Vec::new();
    for command in engine.commands.iter() {
        if command.categories & bit != 0 && command.subcommands.is_empty() {
            names.push(command.full_name.clone());
        }
        names.extend(
            command
                .subcommands
                .iter()
                .filter(|sub| sub.categories & bit != 0)
                .map(|sub| sub.full_name.clone()),
        );
    }
    names.sort();
    call.reply.array(names.len());
    for name in names {
        call.reply.bulk(name.as_bytes());
    }
    Ok(())
}
