//! The shell around Orgbridge: configuration, command line, import and the running server.
//!
//! A command goes through four layers, each a plain function of the one before: arguments, as clap reads them;
//! [`settings`], in which flags, environment and file have become one; the command, which reads the ledger and
//! asks it to commit; and an [`ExitStatus`]. [`Server`] is the same server that `orgbridge serve` runs, for
//! whoever wants one inside their own process.

mod admin;
mod arguments;
mod commands;
mod demo;
mod descriptors;
mod doctor;
mod exit_status;
mod failure;
mod housekeeping;
mod import;
mod logging;
mod metrics;
mod names;
mod new_database;
mod operator;
mod printer;
mod random;
mod rate_counting;
mod runtime;
mod server;
pub mod settings;
mod signals;

pub use commands::run;
pub use exit_status::ExitStatus;
pub use import::{ImportTrial, try_import};
pub use server::{RunningServer, Server, ServerOptions, StartError};
