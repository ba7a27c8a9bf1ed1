//! The whole program, as its users meet it: commands, files, signals and exit codes.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod completions;
mod config;
mod demo;
mod doctor;
mod import;
mod init;
mod moving;
mod operate;
mod program;
mod serve;
