//! The built-in commands, a file a family. Each command's spec stands directly above its handler.

mod connection;
mod string;

use crate::command::Spec;

/// All built-in commands.
pub const ALL: &[&[Spec]] = &[connection::SPECS, string::SPECS];
