//! Copies of a ledger, and the way back.
//!
//! A backup is a file of SQLite, whatever the database: it stands where the ledger stood, and is none that anybody works
//! with. A [copy](copy) is another ledger: it begins an epoch of its own, so that nobody takes it for the first.

use std::path::{Path, PathBuf};

use crate::audit::{AuditLog, Finding};
use crate::clock::Moment;
use crate::fleet_keeper::wait_until_known;
use crate::postgres::{self, Postgres, PostgresAddress, PostgresDestination, PostgresOrigin};
use crate::scratch::Scratch;
use crate::sqlite::{self, Sqlite, SqliteDestination, SqliteOrigin};
use crate::storage::{Fleet, Storage};
use crate::transfer::{Origin, Progress, common, transfer};
use crate::{Clock, DatabaseAddress, Entry, OpenError, Position, Revision, Unavailable};

/// Why a backup, a restoration or a copy came to nothing. What was there is as it was, unless a server was lost while it
/// kept a restoration or a copy: after [`BackupError::NotWritten`] with [`Unavailable::Uncertain`] nobody knows what is there.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file is in the way.
    #[error("{0} exists already, and a backup never overwrites anything; name another file")]
    InTheWay(PathBuf),
    /// The file system said no.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        cause: std::io::Error,
    },
    /// The backup is not what its own log says.
    #[error("the backup was tampered with: {0}; use an older one that is whole")]
    Tampered(Finding),
    /// What was read of a ledger is not what its own log says.
    #[error("the ledger is not what its log says: {0}; see `orgbridge audit verify`")]
    NotWhole(Finding),
    /// What is to be copied could not be read.
    #[error("it can't be read: {}", .0.with_cause())]
    Unreadable(#[from] Unavailable),
    /// What it is copied to takes it not.
    #[error("it can't be written: {}", .0.with_cause())]
    NotWritten(Unavailable),
    /// The database said no.
    #[error("{0}")]
    Storage(String),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.to_string())
    }
}

/// What a restoration did.
#[derive(Debug)]
pub struct Restored {
    /// Where the ledger stands now, in a new epoch.
    pub position: Position,
    /// How many changes were made after the backup, and are gone.
    pub lost: u64,
    /// The first of them, oldest first; at most [`MAX_LOST_LISTED`].
    pub lost_entries: Vec<Entry>,
}

/// What a copy did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Where the ledger stood that was copied.
    pub from: Position,
    /// Where the copy stands, in an epoch of its own.
    pub to: Position,
}

/// How many lost changes a restoration names one by one.
pub const MAX_LOST_LISTED: u32 = 1000;

/// Writes a copy of the ledger at `address` into the new file `to`, while others go on working with it.
///
/// # Errors
/// [`BackupError`]. Nothing is left at `to` then.
pub fn backup(address: &DatabaseAddress, to: &Path) -> Result<Position, BackupError> {
    if to.exists() {
        return Err(BackupError::InTheWay(to.to_owned()));
    }
    let partial = Scratch::beside(to);
    let position = match address {
        DatabaseAddress::Sqlite(path) => {
            partial.fill_from(path)?;
            sqlite::position_in(&sqlite::open_read_only(partial.path())?, "main")?
        }
        DatabaseAddress::Postgres(address) => {
            let mut origin = PostgresOrigin::begin(address)?;
            fill(&partial, &mut origin, None, &mut |_| {})?
        }
    };
    partial.become_known_as(to)?;
    Ok(position)
}

/// Replaces what the ledger at `address` keeps by the backup `from`, in one transaction; makes the database
/// if there is none. Servers that work with it go over to the restored state by themselves.
///
/// The restored ledger begins a new epoch, and its log says what it was restored over. Returns when nobody goes by what
/// was before.
///
/// # Errors
/// [`BackupError`]. The ledger is as it was then, but where nobody knows, after [`Unavailable::Uncertain`].
pub fn restore(address: &DatabaseAddress, from: &Path, clock: &dyn Clock) -> Result<Restored, BackupError> {
    // A copy, so that the backup's schema can be brought up to date without touching it.
    let copy = match address {
        DatabaseAddress::Sqlite(path) => Scratch::beside(path),
        DatabaseAddress::Postgres(_) => Scratch::beside(from),
    };
    copy.fill_from(from)?;
    Sqlite::open(copy.path())?.into_single_file()?;
    sqlite::require_newest(copy.path(), from)?;
    let verdict = AuditLog::open(&DatabaseAddress::Sqlite(copy.path().to_owned()))?.verify(None)?;
    if let Some(finding) = verdict.findings.into_iter().next() {
        return Err(BackupError::Tampered(finding));
    }
    match address {
        DatabaseAddress::Sqlite(path) => restore_into_file(path, copy.path(), clock),
        DatabaseAddress::Postgres(address) => restore_into_server(address, copy.path(), clock),
    }
}

fn restore_into_file(path: &Path, from: &Path, clock: &dyn Clock) -> Result<Restored, BackupError> {
    if path.exists() {
        let mut database = Sqlite::open(path)?;
        let restored = database.replace_by(from, clock.now(), MAX_LOST_LISTED)?;
        wait_for(database.fleet(), restored.position);
        return Ok(restored);
    }
    let partial = Scratch::beside(path);
    let database = Sqlite::create(partial.path())?;
    let restored = database.replace_by(from, clock.now(), MAX_LOST_LISTED)?;
    database.into_single_file()?;
    partial.become_known_as(path)?;
    Ok(restored)
}

fn restore_into_server(
    address: &PostgresAddress,
    from: &Path,
    clock: &dyn Clock,
) -> Result<Restored, BackupError> {
    let database =
        if postgres::is_taken(address)? { Postgres::open(address)? } else { Postgres::create(address)? };
    let mut origin = SqliteOrigin::begin(from)?;
    let mut destination = PostgresDestination::begin(database)?;
    let (old, kept) = (destination.stood_at(), origin.position());
    let shorter = old.revision.min(kept.revision);
    let common = common(shorter, |at| origin.digest_at(at), |at| destination.digest_at(at))?;
    let (lost, lost_entries) =
        destination.lost_after(common, MAX_LOST_LISTED).map_err(BackupError::NotWritten)?;
    if old.revision > Revision::default() {
        destination.empty().map_err(BackupError::NotWritten)?;
    }
    let began = Position { epoch: old.epoch.max(kept.epoch).next(), ..kept };
    let entry = Entry::of_replacement("restore", old, began, clock.now());
    let position = replace(&mut origin, destination, &entry, began, &mut |_| {})?;
    Ok(Restored { position, lost, lost_entries })
}

/// Makes another ledger at `to`, where there is none, out of the one at `from`, while others go on working with that one.
///
/// Everything is copied: what is kept, its whole history, and what is beside it. The copy begins a new epoch, and its log
/// says what it was copied from. It is verified before anybody can see it: where it comes to nothing there is nothing at
/// `to` but, in a database of a server, an empty ledger, into which can be copied again.
///
/// # Errors
/// [`BackupError`]. After [`Unavailable::Uncertain`] nobody knows whether the copy is there; it is whole if it is.
pub fn copy(
    from: &DatabaseAddress,
    to: &DatabaseAddress,
    clock: &dyn Clock,
    progress: &mut dyn FnMut(Progress),
) -> Result<Copied, BackupError> {
    match from {
        DatabaseAddress::Sqlite(path) => copy_out_of(&mut SqliteOrigin::begin(path)?, to, clock, progress),
        DatabaseAddress::Postgres(address) => {
            copy_out_of(&mut PostgresOrigin::begin(address)?, to, clock, progress)
        }
    }
}

fn copy_out_of(
    origin: &mut impl Origin,
    to: &DatabaseAddress,
    clock: &dyn Clock,
    progress: &mut dyn FnMut(Progress),
) -> Result<Copied, BackupError> {
    let from = origin.position();
    let began = Position { epoch: from.epoch.next(), ..from };
    let entry = Entry::of_replacement("copy", from, began, clock.now());
    let to = match to {
        DatabaseAddress::Sqlite(path) => {
            if path.exists() {
                return Err(OpenError::Exists(path.display().to_string()).into());
            }
            let partial = Scratch::beside(path);
            let position = fill(&partial, origin, Some((&entry, began)), progress)?;
            partial.become_known_as(path)?;
            position
        }
        DatabaseAddress::Postgres(address) => {
            let is_there = postgres::is_taken(address)?;
            let database = if is_there { Postgres::open(address)? } else { Postgres::create(address)? };
            let destination = PostgresDestination::begin(database)?;
            if destination.stood_at().revision > Revision::default() {
                return Err(OpenError::Exists(address.to_string()).into());
            }
            replace(origin, destination, &entry, began, progress)?
        }
    };
    Ok(Copied { from, to })
}

/// Fills a file with all that is read, and verifies it. It stands where that stood, unless an entry is to come last which
/// leads on from `began`.
fn fill(
    file: &Scratch,
    origin: &mut impl Origin,
    last: Option<(&Entry, Position)>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Position, BackupError> {
    let mut destination = SqliteDestination::begin(file.path())?;
    transfer(origin, &mut destination, progress)?;
    origin.end()?;
    let position = last.map_or(origin.position(), |(entry, began)| after(entry, began));
    destination.finish(position, last.map(|(entry, _)| entry)).map_err(BackupError::NotWritten)?;
    let verdict = AuditLog::open(&DatabaseAddress::Sqlite(file.path().to_owned()))?.verify(None)?;
    match verdict.findings.into_iter().next() {
        None => Ok(position),
        Some(finding) => Err(BackupError::NotWhole(finding)),
    }
}

/// Fills a database that is empty with all that is read and `entry`, which leads on from `began`, verifies it, and returns
/// when everybody knows.
fn replace(
    origin: &mut impl Origin,
    mut destination: PostgresDestination,
    entry: &Entry,
    began: Position,
    progress: &mut dyn FnMut(Progress),
) -> Result<Position, BackupError> {
    transfer(origin, &mut destination, progress)?;
    origin.end()?;
    let position = after(entry, began);
    let findings = destination.verify(position, Some(entry)).map_err(BackupError::NotWritten)?;
    if let Some(finding) = findings.into_iter().next() {
        return Err(BackupError::NotWhole(finding));
    }
    let mut database = destination.commit(position).map_err(BackupError::NotWritten)?;
    wait_for(database.fleet(), position);
    Ok(position)
}

/// Where a ledger stands after an entry.
fn after(entry: &Entry, began: Position) -> Position {
    Position { revision: entry.revision, digest: entry.digest, ..began }
}

fn wait_for(fleet: Option<&mut dyn Fleet>, position: Position) {
    if let Some(fleet) = fleet {
        wait_until_known(fleet, position, Moment::now());
    }
}
