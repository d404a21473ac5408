//! RDB files and DUMP payloads: Valkey's format, read and written as a stream.
//!
//! The key decision: the crate walks the stream, and the caller drives. [`Reader::next`] gives one
//! [`Item`] at a time, and a module's payload is left in the stream for the module to take out of
//! it ([`Reader::module_reader`]); the [`Writer`] mirrors that. So this crate calls nobody, and the
//! same code serves files, replication streams and payloads.
//!
//! # What is written, what is read
//!
//! Written: version 11 (Valkey 7.2 to 9, Redis 7.2 and later) or, on request, 10 (Redis 7.0);
//! nothing that is written needs more. Read: 1 to 12, and 80 of Valkey 9. Lists, sets, sorted
//! sets and streams are refused by name until there are such values.
//!
//! # Layout of a file
//!
//! ```text
//! "REDIS0011"                      signature, version in four digits ("VALKEY080" from 80 on)
//! fa key value                     auxiliary field, a string each; any number
//! f7 id 2 when items 0             auxiliary data of a module, before (1) or after (2) the keys
//! f5 code                          a library of functions
//! fe n                             the keys after this are of database n
//! fb keys expires                  how many there will be
//! fc 8 bytes | fd 4 bytes          the next key expires at, in ms | s of Unix time
//! f8 secs | f9 byte                the next key's idle time | use frequency
//! type key value                   a key: type byte, string, and what the type says
//! ff crc                           end; CRC-64/Jones of all before, little-endian, 0 for none
//! ```
//!
//! ```text
//! 52 45 44 49 53 30 30 31 31   REDIS0011
//! fe 00                        database 0
//! fb 01 00                     one key, none that expires
//! 00 03 66 6f 6f c0 07         string, "foo", the integer 7 in 8 bits
//! ff ‥ ‥ ‥ ‥ ‥ ‥ ‥ ‥           the end and the checksum
//! ```
//!
//! # What is safe against what
//!
//! No length read from a stream reserves more than a small multiple of the bytes already there.
//! Every structure is checked on the way in, in full, whatever the checksum says. What is wrong is
//! told with its offset ([`Error`]); nothing panics.

#![forbid(unsafe_code)]

mod reader;
mod writer;

mod dump;
mod error;
mod list;
mod module_payload;

mod format;
mod lzf;
mod set;
mod sink;
mod source;
mod value;
mod ziplist;
mod zset;

pub use dump::{Dumped, dump, dump_body, dump_module};
pub use error::{Error, ErrorKind};
pub use format::{VERSION, VERSION_REDIS_7_0, is_readable};
pub use module_payload::{ModuleReader, ModuleWriter};
pub use reader::{Checksum, Item, KeyMeta, LoadOptions, Reader};
pub use writer::{SaveOptions, Writer, Written};
