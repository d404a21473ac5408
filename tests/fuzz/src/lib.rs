//! Fuzz targets: inputs made at random, and oracles that say whether what came of them is right.
//!
//! | target | attacked | oracles |
//! |---|---|---|
//! | [`text`] | `json-document` | serde_json, an own minifier, round trips, memory |
//! | [`edits`] | the same | a new index, splicing by hand |
//! | [`patch`] | JSON Patch in `json-document` | a model of RFC 6902 on a plain tree, round trips |
//! | [`path`] | `jsonpath` | a model of RFC 9535, one dialect against the other, the meter, memory |
//! | [`packed`] | `json-store` | no other data than was packed, memory |
//! | [`commands`] | `libjson.so` in a server | a model of the commands, over the wire |
//!
//! [`run`] makes the inputs, catches what goes wrong, makes the input smaller and saves it. Every
//! execution has its own seed, so that one number brings it back. Each oracle has a planted fault
//! that it must find; `tests/fuzz/tests/planted.rs` proves so.
#![forbid(unsafe_code)]

pub mod commands;
pub mod edits;
pub mod generate;
pub mod memory;
pub mod mutate;
pub mod packed;
pub mod patch;
pub mod path;
pub mod query;
pub mod run;
pub mod text;
pub mod value;

/// The count of bytes allocated per thread comes from it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
