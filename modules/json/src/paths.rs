//! Paths as commands get them.
