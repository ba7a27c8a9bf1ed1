//! For tests alone: what is held of whatever strangers' bytes hold.
//!
//! A [`Target`] is a function of bytes that fails by panicking. What it takes goes through the real router, the real
//! guard of a socket, the real settings and the real import, and each asks for more than that nothing panics: what was
//! taken and is shown again is the same, an error names a place, two ways lead to one answer. The same functions run under
//! libFuzzer, by the wrappers in `fuzz/`, and on stable, by [`run`], which alters the seeds of `fuzz/corpus` at random.
#![expect(clippy::expect_used, clippy::missing_panics_doc, clippy::panic, reason = "a finding is a panic")]

mod corpus;
mod in_memory;
mod mutate;
mod oracle;
mod run;
mod target;
mod targets;

pub use corpus::{corpus_folder, seeds};
pub use run::{Finding, run};
pub use target::{Target, fuzz, named};
pub use targets::TARGETS;
