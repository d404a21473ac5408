//! Commands through the engine's front door: words in, reply bytes, events and repeated commands out.

mod session;

mod databases;
mod expiry;
mod hashes;
mod keys;
mod module_values;
mod strings;
