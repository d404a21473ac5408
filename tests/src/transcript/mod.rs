//! Transcripts: files of commands and the replies that every host must give. `transcripts/README.md` has the
//! format.

pub mod file;
pub mod notation;
pub mod pattern;
pub mod record;
pub mod run;
pub mod session;
