//! A JSON document at rest.
//!
//! The key decision: a document is held as its *text*, and while nobody touches it that text is
//! held as one zstd frame. There is no third representation to keep in step. What a command
//! needs beyond the text (an index of nodes, a list of edits) it builds and throws away. The price
//! is that an edit writes the whole text anew; the gain is that a SET is a validation and a copy,
//! a whole GET is a copy, and everything cold takes a third of its size.
//!
//! | form | held as | entered by |
//! |---|---|---|
//! | text | a shared text; a short one that is not to be packed, one block | every write |
//! | packed | a short one, one block without a header; a long one, [`Packed`] | a worker, once the text has been idle; loading |
//! | packed and warm | both | being read twice in a short time |
//!
//! ```text
//!            write                    idle                    read twice
//!   (new) ----------> text ----------------------> packed <-------------> packed + warm text
//!                      ^     worker packs, swapped     |          idle
//!                      |     in if unchanged           |
//!                      +-------------------------------+
//!                                   write
//! ```
//!
//! # Doors
//!
//! [`Store::read`] and [`Store::replace`] are the only ways to a document's text; no command, path
//! or serializer knows that a document may be packed. Saving uses [`Store::save`], which leaves the
//! form as it is.
//!
//! # Memory
//!
//! A document has a place of 16 bytes in a table (`slot`, `slab`), and while it is cold and short,
//! one block besides (`small`). What it needs while it is warm or waiting is there only then.
//!
//! # Dictionaries
//!
//! Documents of one database whose keys have one pattern are a family (`family`), and a family gets a
//! dictionary by itself once that saves clearly more than it takes: samples go to the worker, which
//! trains and tries (`trainer`); the keeper adopts, packs again what is there, watches the ratio,
//! and retires what nothing refers to. A place names its family and dictionary by ten bits. What
//! happened is told by [`Store::take_news`]; [`Store::dictionaries`] and [`Store::take_in`] carry
//! them to files and replicas, and [`Store::save`] can do without them.
//!
//! # Threads
//!
//! Every function of [`Store`] is called by whoever holds the host's lock (one thread at a time).
//! A [`Document`] may be dropped on any thread at any time. Workers see shared texts only, never a
//! place: they take no lock that a forked child could find held.
#![deny(unsafe_code)]

mod accounts;
mod codec;
mod family;
mod packed;
mod settings;
mod slab;
mod slot;
mod small;
mod snapshot;
mod store;
mod stored;
mod trainer;
mod worker;

pub use accounts::Figures;
pub use family::{DictionaryFigures, DictionaryRecord, DictionaryTotals, Home, News};
pub use packed::{HEADER_LEN, MAGIC, Packed, PackedError};
pub use settings::Settings;
pub use snapshot::Snapshot;
pub use store::{Pressure, Store};
pub use stored::{AtRest, Document, Stored};
pub use trainer::{Estimate, estimate};
