//! Copies of a ledger, and the way back.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::audit::{AuditLog, Finding};
use crate::sqlite::{self, Sqlite};
use crate::{Clock, DatabaseAddress, Entry, OpenError, Position, Unavailable};

/// Why a backup or a restoration came to nothing. The ledger is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger is on a server, which has its own ways.
    #[error("the ledger is in a database of PostgreSQL; use pg_dump and pg_restore for it")]
    OnAServer,
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
    /// The backup could not be read.
    #[error("{0}: {cause}", cause = .0.cause().unwrap_or("no more is known"))]
    Unreadable(#[from] Unavailable),
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

/// How many lost changes a restoration names one by one.
pub const MAX_LOST_LISTED: u32 = 1000;

/// Writes a copy of the ledger at `address` into the new file `to`, while others go on working with it.
///
/// # Errors
/// [`BackupError`]. Nothing is left at `to` then.
pub fn backup(address: &DatabaseAddress, to: &Path) -> Result<Position, BackupError> {
    let DatabaseAddress::Sqlite(path) = address else { return Err(BackupError::OnAServer) };
    if to.exists() {
        return Err(BackupError::InTheWay(to.to_owned()));
    }
    let partial = Scratch::beside(to);
    partial.fill_from(path)?;
    let position = sqlite::position_in(&sqlite::open_read_only(&partial.0)?, "main")?;
    // A link, unlike a new name, never replaces what has come to stand there.
    fs::hard_link(&partial.0, to).map_err(file_error(to))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(file_error(folder))?;
    Ok(position)
}

/// Replaces what the ledger at `address` keeps by the backup `from`, in one transaction; makes the database
/// if there is none. Servers that work with it go over to the restored state by themselves.
///
/// The restored ledger begins a new epoch, and its log says what it was restored over.
///
/// # Errors
/// [`BackupError`]. The ledger is as it was then.
pub fn restore(address: &DatabaseAddress, from: &Path, clock: &dyn Clock) -> Result<Restored, BackupError> {
    let DatabaseAddress::Sqlite(path) = address else { return Err(BackupError::OnAServer) };
    // A copy, so that the backup's schema can be brought up to date without touching it.
    let copy = Scratch::beside(path);
    copy.fill_from(from)?;
    Sqlite::open(&copy.0)?.into_single_file()?;
    let verdict = AuditLog::open(&DatabaseAddress::Sqlite(copy.0.clone()))?.verify(None)?;
    if let Some(finding) = verdict.findings.into_iter().next() {
        return Err(BackupError::Tampered(finding));
    }

    let made = !path.exists();
    let database = if made { Sqlite::create(path)? } else { Sqlite::open(path)? };
    let restored = database.replace_by(&copy.0, clock.now(), MAX_LOST_LISTED);
    if restored.is_err() && made {
        drop(database);
        sqlite::remove(path);
    }
    Ok(restored?)
}

/// A database for the length of one operation, in a file that only its owner can read.
struct Scratch(PathBuf);

impl Scratch {
    /// A name that no other process uses, in the folder of `path`.
    fn beside(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self(path.with_file_name(format!(".{name}.{}.partial", std::process::id())))
    }

    /// Copies the ledger at `path`, at one point of its history, and waits for the disk.
    fn fill_from(&self, path: &Path) -> Result<(), BackupError> {
        let connection = sqlite::open_read_only(path)?;
        // `VACUUM INTO` fills an empty file where there is one, so the mode is set before any byte is in it.
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&self.0).map_err(file_error(&self.0))?;
        connection.execute("VACUUM INTO $1", [self.0.to_string_lossy()])?;
        // SQLite does not wait here.
        file.sync_all().map_err(file_error(&self.0))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        sqlite::remove(&self.0);
    }
}

fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |cause| BackupError::File { path, cause }
}
