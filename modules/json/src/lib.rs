//! `libjson.so`: JSON documents as a data type for Valkey and Redis.
//!
//! The module is a thin layer of commands over three crates that know nothing of servers:
//! `json-document` (text, index, edits), `jsonpath` (paths) and `json-store` (documents at rest,
//! packed with zstd while nobody touches them). To follow a command, start at
//! [`commands::set::Set`]; what the host calls is in [`host`], the only unsafe part.

#[macro_use]
#[expect(unsafe_code, reason = "this is the C ABI boundary")]
mod host;
mod bson;
mod cbor;
mod commands;
mod compat;
mod error;
mod paths;

/// All documents of the process.
static STORE: json_store::Store =
    json_store::Store::with_worker_preparation(host::clock::give_way_to_commands);
