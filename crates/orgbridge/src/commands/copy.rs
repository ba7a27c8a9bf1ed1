//! `orgbridge copy`: another ledger out of one, in the same kind of database or in another.

use clap::Args;
use orgbridge_ledger::backup::{self, Copied};
use orgbridge_ledger::{DatabaseAddress, Position, Progress, SystemClock};
use serde::Serialize;

use super::context::Context;
use crate::failure::Failure;

/// Below this many rows, a copy is made before a bar could be read.
const LONG: usize = 10_000;

/// Makes a ledger out of another one, such as in PostgreSQL out of a file of SQLite, or the other way round.
///
/// All of it goes over: what is kept, the whole history with its digests, when keys were last used, and refused attempts.
/// It is read at one point of its history while servers go on working with it; what they change after that is not in the
/// copy. To move for good, stop them first.
///
/// The copy is another ledger. It begins a new epoch with an entry in its log that says what it was copied from, so that
/// nobody takes one for the other: a server that is led from one to the other reads everything anew.
///
/// The target must be empty. The copy is verified, as `orgbridge audit verify` does, before anybody can see it; where it
/// is broken off, nothing is left of it. In PostgreSQL that is an empty ledger, and another copy may go there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orgbridge copy --from sqlite:ledger.db --to 'postgres://orgbridge@db.example.com/orgbridge?password_file=password'
  orgbridge copy --from postgres://orgbridge@localhost/orgbridge --to sqlite:ledger.db --output json")]
pub(crate) struct Copy {
    /// The database to copy.
    #[arg(long, value_name = "ADDRESS")]
    from: String,
    /// The database to make.
    #[arg(long, value_name = "ADDRESS")]
    to: String,
}

/// Where a ledger stands.
#[derive(Debug, Serialize)]
struct PlaceRecord {
    database: String,
    epoch: u64,
    revision: u64,
    digest: String,
}

/// What a copy did.
#[derive(Debug, Serialize)]
struct CopyRecord {
    from: PlaceRecord,
    to: PlaceRecord,
    verified: bool,
}

impl Copy {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let address = |text: &str| text.parse::<DatabaseAddress>();
        let (from, to): (_, DatabaseAddress) = (address(&self.from)?, address(&self.to)?);
        let copied = copy(&from, &to, context)?;
        let record = CopyRecord {
            from: place(&from, copied.from),
            to: place(&to, copied.to),
            // What is not does not get here.
            verified: true,
        };
        let text = format!(
            "{} holds what {} held at revision {} of epoch {}, verified; it goes on from revision {} of epoch {}",
            record.to.database,
            record.from.database,
            record.from.revision,
            record.from.epoch,
            record.to.revision,
            record.to.epoch,
        );
        context.printer.report(&record, &text)
    }
}

fn copy(from: &DatabaseAddress, to: &DatabaseAddress, context: &Context) -> Result<Copied, Failure> {
    let mut bar = None;
    let copied = backup::copy(from, to, &SystemClock, &mut |Progress { done, total }| {
        let rows = usize::try_from(total).unwrap_or(usize::MAX);
        bar.get_or_insert_with(|| context.printer.progress(rows, LONG, "copying")).set_position(done);
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(copied?)
}

fn place(database: &DatabaseAddress, position: Position) -> PlaceRecord {
    let Position { epoch, revision, digest } = position;
    PlaceRecord {
        database: database.to_string(),
        epoch: epoch.get(),
        revision: revision.get(),
        digest: digest.to_string(),
    }
}
