//! A JSON document: parse, hold, look into, edit, write.
//!
//! **The decision: a document is its text.** A [`Text`] is the validated text of the client,
//! stripped of insignificant whitespace, in one allocation. Numbers and the order of members are
//! exact for free, a whole read is a copy, and compression sees what it compresses best. What a
//! tree would give, an [`Index`] gives: one flat vector, built over the text in one pass when a
//! path is asked for that may select several values, and thrown away. The price is that such an
//! edit writes the text anew; that is a copy at memory speed, once a command however many places it
//! changes. An edit of one value moves what is behind it, and nothing more.
//!
//! - [`Text::parse`] validates and minifies; [`ParseError`] says what and where in serde_json's
//!   words.
//! - [`Index::new`] makes the index; [`Document::new`] ties the two together for reading: kinds,
//!   children, members by name, strings, [`Number`]s, equality, normalized places.
//! - [`Spot`] finds one value without an index, skipping what is before it at several gigabytes a
//!   second, or not even reading it where the text was asked to make shortcuts
//!   ([`Text::make_shortcuts`]). [`Text::replace_value`] and [`Text::append_elements`] change one
//!   value in place.
//! - [`Edits`] collects changes against one document, and makes the new [`Text`] at once or not
//!   at all.
//! - [`patch()`] does the operations of a JSON Patch, all or none.
//! - [`Document::write`] puts a value out as it is or, by a [`Format`], indented.
//!
//! Nothing here recurses, and nothing panics whatever the text: nesting costs an entry on a
//! vector, which [`Limits`] bound.
//!
//! ```
//! use json_document::{Document, Edits, Index, Limits, Text};
//!
//! let limits = Limits::default();
//! let text = Text::parse(br#"{ "name": "Ada", "tags": [1, 2] }"#, &limits)?;
//! let index = Index::new(&text);
//! let document = Document::new(&text, &index);
//! let tags = document.member(document.root(), "tags").ok_or("no tags")?;
//!
//! let three = Text::parse(b"3", &limits)?;
//! let mut edits = Edits::new(document);
//! edits.insert_elements(tags, 2, [&three]);
//! let text = edits.apply(&limits)?;
//! assert_eq!(text.as_str(), r#"{"name":"Ada","tags":[1,2,3]}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod block;
mod document;
mod edit;
mod equality;
mod error;
mod index;
mod lookup;
mod number;
mod parse;
mod patch;
mod repeated_names;
mod scalar;
mod scan;
mod shapes;
mod shortcuts;
mod string;
mod text;
mod write;

pub use document::{Children, Document, Location, Step};
pub use edit::{EditError, Edits};
pub use error::{ParseError, ParseErrorKind};
pub use index::{Index, Kind, Node};
pub use lookup::Spot;
pub use number::{ArithmeticError, Number, NumberValue, double};
pub use patch::{PatchError, PatchErrorKind, PatchLimits, Patched, patch};
pub use string::{Name, quote, quote_into, unescape};
pub use text::{Limits, Text};
pub use write::{Format, write_text};
