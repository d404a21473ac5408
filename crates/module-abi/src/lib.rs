//! The Redis module ABI, written down in Rust: what a module and its host agree on, and nothing that either of them does.
//!
//! The one decision: **there is a single list of API functions**, [`api_functions!`], and everything else is made from it.
//! The host turns it into its name → pointer table, and cannot compile unless its functions have the listed signatures; a
//! test of this crate holds the same list against the bindings that an SDK generates from the C header; and what the list
//! marks as lacking is the report of what is not there yet. A signature can therefore be wrong in one place only, and that
//! place is checked from both sides.
//!
//! # What is absent
//!
//! No behaviour, no allocation, no `unsafe` block. Handles are opaque here: only `module-host` knows what lies behind one.
//! `src/variadic.c` is compiled by this crate because stable Rust can define neither C-variadic functions nor `long double`;
//! it turns each into a plain call of a function that `module-host` defines.

mod callbacks;
mod constants;
mod functions;
mod layout;
mod opaque;
mod passing;

pub use callbacks::*;
pub use constants::*;
pub use layout::*;
pub use opaque::*;
pub use passing::{Handle, Implements, PassedAs, assert_implements};

/// What the list's signatures name besides the handles: C's own types.
pub use std::ffi::{
    c_char, c_double, c_int, c_long, c_longlong, c_uchar, c_uint, c_ulong, c_ulonglong, c_void,
};
