//! JSONPath: RFC 9535 and RedisJSON's dialect, over documents of `json-document`.
//!
//! **The decision: parse once into a plan, run it without recursion, meter the work.** A [`Path`]
//! is a flat plan that can be kept and shared. Its evaluation costs a bounded number of visits
//! ([`Meter`]), the stack it needs is on the heap, and what does not depend on the candidate (a
//! query from `$`, a literal pattern) is done once. So no path, however it is made, holds up a
//! server for longer than its meter allows.
//!
//! ```
//! use json_document::{Document, Index, Limits, Text};
//! use jsonpath::{Dialect, Meter, Path};
//!
//! let text = Text::parse(br#"{"orders":[{"id":1,"sum":5},{"id":2,"sum":12}]}"#, &Limits::default())?;
//! let index = Index::new(&text);
//! let document = Document::new(&text, &index);
//! let path = Path::parse(b"$.orders[?@.sum > 10].id", Dialect::RedisJson)?;
//! let nodes = path.select(document, &mut Meter::default())?;
//! assert_eq!(nodes.iter().map(|&node| document.text_of(node)).collect::<Vec<_>>(), ["2"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Dialect`] says what may be written: RFC 9535 alone, RedisJSON's superset of it, or what
//! valkey-json reads. A path is asked for its dialect once, when it is parsed; the plan that comes
//! out is the same kind of plan.
//!
//! For one value of a large document, [`Path::as_singular`] finds it without an index.
#![forbid(unsafe_code)]

mod error;
mod evaluate;
mod function;
mod meter;
mod parse;
mod path;
mod pattern;
mod plan;

pub use error::{PathError, PathErrorKind};
pub use meter::{LimitExceeded, Meter};
pub use path::{LastStep, Path, SingularPath};

/// Bytes of a path.
pub const PATH_LEN_MAX: usize = 128 << 10;
/// Brackets, calls and parentheses within each other.
pub const PATH_NESTING_MAX: usize = 128;
/// Segments, selectors, operands and operators of a path.
pub const PATH_PARTS_MAX: usize = 4096;

/// `..` of a path of valkey-json's.
pub const VALKEY_DESCENTS_MAX: usize = 20;

/// What may be written in a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// RFC 9535, RedisJSON's extensions and its first syntax.
    #[default]
    RedisJson,
    /// RFC 9535 and nothing else for what begins with `$`; legacy paths are RedisJSON's.
    Rfc9535,
    /// What valkey-json reads, as it reads it.
    ValkeyJson,
}
