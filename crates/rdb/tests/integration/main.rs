//! The crate through its public interface.

mod round_trip;
