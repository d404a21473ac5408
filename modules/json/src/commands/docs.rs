//! Documented arguments that several commands have.

use crate::host::command_docs::Arg;

pub(crate) const KEY: Arg = Arg::key();
pub(crate) const PATH: Arg = Arg::string(c"path");
/// Without it the path is the root.
pub(crate) const OPTIONAL_PATH: Arg = PATH.optional();
pub(crate) const JSON: Arg = Arg::string(c"json");

/// NX or XX.
pub(crate) const CONDITION: Arg =
    Arg::one_of(c"condition", &[Arg::word(c"nx", c"NX"), Arg::word(c"xx", c"XX")]).optional();

pub(crate) const PARENTS: Arg = Arg::word(c"parents", c"PARENTS").optional();

pub(crate) const EX: Arg = Arg::integer(c"seconds").after(c"EX");
pub(crate) const PX: Arg = Arg::integer(c"milliseconds").after(c"PX");
pub(crate) const EXAT: Arg = Arg::unix_time(c"unix-time-seconds").after(c"EXAT");
pub(crate) const PXAT: Arg = Arg::unix_time(c"unix-time-milliseconds").after(c"PXAT");
pub(crate) const PERSIST: Arg = Arg::word(c"persist", c"PERSIST");
pub(crate) const KEEPTTL: Arg = Arg::word(c"keepttl", c"KEEPTTL");

/// FORMAT of JSON that comes in.
pub(crate) const INPUT_FORMAT: Arg = Arg::one_of(
    c"input-format",
    &[Arg::word(c"string", c"STRING"), Arg::word(c"json", c"JSON"), Arg::word(c"bson", c"BSON")],
)
.after(c"FORMAT")
.optional();

/// FORMAT of a reply.
pub(crate) const REPLY_FORMAT: Arg = Arg::one_of(
    c"reply-format",
    &[
        Arg::word(c"string", c"STRING"),
        Arg::word(c"expand1", c"EXPAND1"),
        Arg::word(c"expand", c"EXPAND"),
    ],
)
.after(c"FORMAT")
.optional();

pub(crate) const INDENT: Arg = Arg::string(c"indent").after(c"INDENT").optional();
pub(crate) const NEWLINE: Arg = Arg::string(c"newline").after(c"NEWLINE").optional();
pub(crate) const SPACE: Arg = Arg::string(c"space").after(c"SPACE").optional();
pub(crate) const NOESCAPE: Arg = Arg::word(c"noescape", c"NOESCAPE").optional();
