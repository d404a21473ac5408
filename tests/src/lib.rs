//! The suites: Keystow's behaviour, seen from outside through sockets and files.
//!
//! Nothing here links the server or the module. What a suite knows of a host is its program, a port and a
//! directory, so the same check runs on ours and on the stock servers, and theirs is the word that counts.

#![forbid(unsafe_code)]

pub mod ask;
pub mod checksum;
pub mod citizen;
pub mod client;
pub mod cluster;
pub mod commands;
pub mod dictionaries;
pub mod examples;
pub mod faults;
pub mod formats;
pub mod host;
pub mod json_text;
pub mod jsonpath;
pub mod persistence;
pub mod propagation;
pub mod python;
pub mod registration;
pub mod replication;
pub mod reply;
pub mod report;
pub mod robustness;
pub mod scene;
pub mod shared_api;
pub mod transcript;
pub mod writers;
