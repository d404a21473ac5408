//! What COMMAND DOCS and COMMAND INFO show of a command: its arguments and tips.

use std::ffi::{CStr, c_char, c_int};

use redis_module::raw;

/// The part of a command's documentation that is not in its [`Spec`](super::command::Spec).
pub(crate) struct Docs {
    /// For clients and proxies, with blanks between.
    pub(crate) tips: Option<&'static CStr>,
    pub(crate) args: &'static [Arg],
}

/// A documented argument.
#[derive(Clone, Copy)]
pub(crate) struct Arg {
    name: &'static CStr,
    kind: raw::RedisModuleCommandArgType,
    token: Option<&'static CStr>,
    flags: u32,
    of: &'static [Arg],
}

impl Docs {
    pub(crate) const fn of(args: &'static [Arg]) -> Docs {
        Docs { tips: None, args }
    }

    pub(crate) const fn with_tips(self, tips: &'static CStr) -> Docs {
        Docs { tips: Some(tips), ..self }
    }
}

impl Arg {
    const fn new(name: &'static CStr, kind: raw::RedisModuleCommandArgType) -> Arg {
        Arg { name, kind, token: None, flags: raw::REDISMODULE_CMD_ARG_NONE, of: &[] }
    }

    /// The key of the command's first key spec.
    pub(crate) const fn key() -> Arg {
        Arg::new(c"key", raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY)
    }

    pub(crate) const fn string(name: &'static CStr) -> Arg {
        Arg::new(name, raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_STRING)
    }

    pub(crate) const fn integer(name: &'static CStr) -> Arg {
        Arg::new(name, raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_INTEGER)
    }

    pub(crate) const fn double(name: &'static CStr) -> Arg {
        Arg::new(name, raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_DOUBLE)
    }

    pub(crate) const fn unix_time(name: &'static CStr) -> Arg {
        Arg::new(name, raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_UNIX_TIME)
    }

    /// A word that is there or not.
    pub(crate) const fn word(name: &'static CStr, token: &'static CStr) -> Arg {
        let kind = raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PURE_TOKEN;
        Arg { token: Some(token), ..Arg::new(name, kind) }
    }

    pub(crate) const fn one_of(name: &'static CStr, of: &'static [Arg]) -> Arg {
        let kind = raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_ONEOF;
        Arg { of, ..Arg::new(name, kind) }
    }

    /// Arguments that come together.
    pub(crate) const fn block(name: &'static CStr, of: &'static [Arg]) -> Arg {
        let kind = raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK;
        Arg { of, ..Arg::new(name, kind) }
    }

    /// Comes after the word `token`.
    pub(crate) const fn after(self, token: &'static CStr) -> Arg {
        Arg { token: Some(token), ..self }
    }

    pub(crate) const fn optional(self) -> Arg {
        Arg { flags: self.flags | raw::REDISMODULE_CMD_ARG_OPTIONAL, ..self }
    }

    pub(crate) const fn multiple(self) -> Arg {
        Arg { flags: self.flags | raw::REDISMODULE_CMD_ARG_MULTIPLE, ..self }
    }
}

/// The host's structures for arguments; those that others point to live as long as this.
#[derive(Default)]
pub(super) struct RawArgs(Vec<Vec<raw::RedisModuleCommandArg>>);

impl RawArgs {
    /// An array for `args` that ends with an empty one; NULL for none. It is there while `self` is.
    pub(super) fn add(&mut self, args: &[Arg]) -> *mut raw::RedisModuleCommandArg {
        if args.is_empty() {
            return std::ptr::null_mut();
        }
        let text = |text: Option<&CStr>| text.map_or(std::ptr::null::<c_char>(), CStr::as_ptr);
        let mut array: Vec<raw::RedisModuleCommandArg> = args
            .iter()
            .map(|arg| raw::RedisModuleCommandArg {
                name: arg.name.as_ptr(),
                type_: arg.kind,
                key_spec_index: 0,
                token: text(arg.token),
                // The tables are ours and a few deep.
                subargs: self.add(arg.of),
                flags: c_int::try_from(arg.flags).unwrap_or(0),
                ..no_arg()
            })
            .collect();
        array.push(no_arg());
        // Moving a vector leaves its elements where they are.
        let first = array.as_mut_ptr();
        self.0.push(array);
        first
    }
}

fn no_arg() -> raw::RedisModuleCommandArg {
    raw::RedisModuleCommandArg {
        name: std::ptr::null(),
        type_: 0,
        key_spec_index: 0,
        token: std::ptr::null(),
        summary: std::ptr::null(),
        since: std::ptr::null(),
        flags: 0,
        deprecated_since: std::ptr::null(),
        subargs: std::ptr::null_mut(),
        display_text: std::ptr::null(),
    }
}
