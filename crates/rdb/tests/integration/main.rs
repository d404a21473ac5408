//! The crate through its public interface.

mod corrupt;
mod encodings;
mod round_trip;
mod stock_files;
