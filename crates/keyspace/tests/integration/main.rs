//! The crate through its public interface, mostly against simpler models of it.

mod database;
mod eviction;
mod expiry;
mod hash_value;
mod listpack;
mod module_value;
mod string_value;
