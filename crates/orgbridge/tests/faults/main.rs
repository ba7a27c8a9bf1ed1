//! What the binary does when it is killed, when the disk is full, and with secrets. Hardening, 18, 25 and 26.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod crash;
mod process;
mod secrets;
mod storage;
