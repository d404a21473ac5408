//! The crate through its public interface, mostly against simpler models of it.

mod database;
