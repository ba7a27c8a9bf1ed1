//! `orgbridge restore`: the way back to a copy of the ledger.

use std::path::PathBuf;

use clap::Args;
use orgbridge_ledger::SystemClock;
use orgbridge_ledger::backup::{self, Restored};
use serde::Serialize;

use super::audit::EntryRecord;
use super::context::Context;
use crate::failure::Failure;

/// Replaces what the ledger keeps by a backup, and says which changes are lost.
///
/// The restored ledger begins a new epoch. Servers that work with it go over to the restored state by
/// themselves, and the command waits until none goes by what was before. Where there is no database yet, it is made.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  orgbridge restore ledger-2025-08-26.db --database sqlite:ledger.db")]
pub(crate) struct Restore {
    /// The backup.
    file: PathBuf,
}

/// What a restoration did.
#[derive(Debug, Serialize)]
struct RestoreRecord<'e> {
    epoch: u64,
    revision: u64,
    lost: u64,
    lost_changes: Vec<EntryRecord<'e>>,
}

impl Restore {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let restored = backup::restore(context.database()?, &self.file, &SystemClock)?;
        let Restored { position, lost, lost_entries } = &restored;
        let record = RestoreRecord {
            epoch: position.epoch.get(),
            revision: position.revision.get(),
            lost: *lost,
            lost_changes: lost_entries.iter().map(EntryRecord::from).collect(),
        };
        context.printer.report(&record, &in_words(&record))
    }
}

fn in_words(record: &RestoreRecord<'_>) -> String {
    let mut lines =
        vec![format!("restored; the ledger is at revision {} of epoch {}", record.revision, record.epoch)];
    if record.lost > 0 {
        lines.push(format!("changes made after the backup, and lost: {}", record.lost));
    }
    lines.extend(record.lost_changes.iter().map(EntryRecord::in_words));
    let unlisted = record.lost.saturating_sub(record.lost_changes.len() as u64);
    if unlisted > 0 {
        lines.push(format!("  and {unlisted} more"));
    }
    lines.join("\n")
}
