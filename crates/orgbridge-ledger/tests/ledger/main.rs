//! The ledger against real databases.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod backend;
mod callers;
mod conformance;
mod failover;
mod faults;
mod losses;
mod migrations;
mod moving;
mod older;
mod portable;
mod server;
mod side_by_side;
mod story;
mod tampering;
mod trails;
mod use_of_keys;
