//! Sequences of JSON commands, played over the wire to the module in a server and to a model of a
//! few hundred lines: every reply and every document must be the same.
//!
//! A sequence goes out as one pipeline. Documents are in every form on the way: as text, packed by
//! the writing command, packed by the worker, and loaded by DEBUG RELOAD.

mod beyond;
mod compute;
mod made;
mod model;
mod play;

pub use made::{Line, sequence};
pub use model::Planted;
pub use play::{Expected, ModelPeer, Peer, Sequences, Wire, play};
