//! The host, seen by a module in C that is compiled for the test, and by the clients of its commands.
//!
//! One engine serves all tests, one after the other, as one server would: what modules register is the process's.

mod session;

mod blocking;
mod commands;
mod data_type;
mod loading;
mod nested;
