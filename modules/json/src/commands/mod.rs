//! The commands, one file a family.
//!
//! Each goes the same way: parse all arguments, open the key, read the document, select, make the
//! new text, and only then put it in, announce it and reply.

mod array;
pub(crate) mod change;
mod debug;
mod delete;
mod dictionary;
mod docs;
mod expand;
mod expiry;
pub(crate) mod get;
mod inspect;
mod merge;
mod number;
pub(crate) mod offload;
mod parents;
mod patch;
mod project;
mod resp;
mod scalar;
pub(crate) mod set;
mod set_options;
mod set_paths;
mod unquote;

use redis_module::raw::RedisModuleCtx;

use crate::host::command::register as one;

/// Registers every command. To be called in `OnLoad`.
pub(crate) fn register(ctx: *mut RedisModuleCtx) -> Option<()> {
    one::<set::Set>(ctx)?;
    one::<set::MSet>(ctx)?;
    one::<set_paths::SetPaths>(ctx)?;
    one::<set::Merge>(ctx)?;
    one::<patch::Patch>(ctx)?;
    one::<get::Get>(ctx)?;
    one::<get::GetEx>(ctx)?;
    one::<get::MGet>(ctx)?;
    one::<project::Project>(ctx)?;
    one::<delete::Del>(ctx)?;
    one::<delete::Forget>(ctx)?;
    one::<delete::Clear>(ctx)?;
    one::<inspect::Type>(ctx)?;
    one::<inspect::StrLen>(ctx)?;
    one::<inspect::ArrLen>(ctx)?;
    one::<inspect::ObjLen>(ctx)?;
    one::<inspect::ObjKeys>(ctx)?;
    one::<number::NumIncrBy>(ctx)?;
    one::<number::NumMultBy>(ctx)?;
    one::<number::NumPowBy>(ctx)?;
    one::<scalar::StrAppend>(ctx)?;
    one::<scalar::Toggle>(ctx)?;
    one::<array::ArrAppend>(ctx)?;
    one::<array::ArrInsert>(ctx)?;
    one::<array::ArrPop>(ctx)?;
    one::<array::ArrTrim>(ctx)?;
    one::<array::ArrIndex>(ctx)?;
    one::<resp::Resp>(ctx)?;
    one::<unquote::Unquote>(ctx)?;
    one::<debug::Debug>(ctx)?;
    one::<dictionary::Dictionary>(ctx)?;
    Some(())
}
