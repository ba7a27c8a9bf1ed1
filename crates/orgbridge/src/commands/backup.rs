//! `orgbridge backup`: a copy of the ledger, made while others work with it.

use std::path::PathBuf;

use clap::Args;
use orgbridge_ledger::Position;
use orgbridge_ledger::backup;
use serde::Serialize;

use super::context::Context;
use crate::failure::Failure;

/// Copies the ledger into a new file, while servers go on working with it.
///
/// The file is a database of SQLite, whatever the ledger is kept in: it can be restored into either.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  orgbridge backup ledger-2025-08-26.db --database sqlite:ledger.db")]
pub(crate) struct Backup {
    /// The file to write; it must not exist yet.
    file: PathBuf,
}

/// Where in its history a copy stands.
#[derive(Debug, Serialize)]
struct BackupRecord {
    file: String,
    epoch: u64,
    revision: u64,
    digest: String,
}

impl Backup {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let Position { epoch, revision, digest } = backup::backup(context.database()?, &self.file)?;
        let file = self.file.display().to_string();
        let text = format!("{file} holds the ledger up to revision {revision} of epoch {epoch}");
        let (epoch, revision) = (epoch.get(), revision.get());
        context.printer.report(&BackupRecord { file, epoch, revision, digest: digest.to_string() }, &text)
    }
}
