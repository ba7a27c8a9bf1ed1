//! What the binary does when it is killed, stopped or flooded, when the disk is full, with secrets, and with what could
//! break a line of its log. Hardening, 10, 11, 14, 16 to 18, 25, 26 and 28.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod crash;
mod floods;
mod logs;
mod moving;
mod process;
mod secrets;
mod stopped;
mod storage;
