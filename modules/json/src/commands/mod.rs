//! The commands, one file a family.
//!
//! Each goes the same way: parse all arguments, open the key, read the document, select, make the
//! new text, and only then put it in, announce it and reply.

pub(crate) mod get;
pub(crate) mod set;

use redis_module::raw::RedisModuleCtx;

use crate::host::command::register as one;

/// Registers every command. To be called in `OnLoad`.
pub(crate) fn register(ctx: *mut RedisModuleCtx) -> Option<()> {
    one::<set::Set>(ctx)?;
    one::<get::Get>(ctx)?;
    Some(())
}
