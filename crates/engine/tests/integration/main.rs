//! Commands through the engine's front door: words in, reply bytes, events and repeated commands out.

mod session;

mod strings;
