//! The checker finds what it is there to find, and nothing else.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod model;
mod rules;
mod story;
