//! For tests alone: a model of connections and restriction policies that keeps plain lists and has no index that could be
//! wrong, and a [`World`](world::World) in which both it and the real rules carry out the same commands.
//!
//! The domain's tests hold [`State`](orgbridge_domain::State) to it; what is fuzzed holds a ledger to both.
#![expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod command;
mod model;
mod outcome;
pub mod world;

pub use agreement::assert_same;
pub use command::{Command, NUMBERS, Who, any_command, any_filter};
pub use model::Model;
pub use outcome::Outcome;
