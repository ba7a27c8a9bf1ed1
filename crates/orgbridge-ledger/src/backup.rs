//! Copies of a ledger, and the way back.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::sqlite::{self, Sqlite};
use crate::{Clock, DatabaseAddress, Entry, OpenError, Position};

/// Why a backup or a restoration came to nothing. The ledger is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file is in the way.
    #[error("{0} exists already, and a backup never overwrites anything")]
    InTheWay(PathBuf),
    /// The file system said no.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        cause: std::io::Error,
    },
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
    let DatabaseAddress::Sqlite(path) = address;
    if to.exists() {
        return Err(BackupError::InTheWay(to.to_owned()));
    }
    let connection = sqlite::open_read_only(path)?;
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let partial = to.with_file_name(format!(".{name}.partial"));
    let written = write_copy(&connection, &partial, to);
    if written.is_err() {
        // It may never have been made.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn write_copy(connection: &rusqlite::Connection, partial: &Path, to: &Path) -> Result<Position, BackupError> {
    let file_error = |path: &Path| {
        let path = path.to_owned();
        move |cause| BackupError::File { path, cause }
    };
    // `VACUUM INTO` fills an empty file where there is one, so the mode is set before any byte is in it.
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(partial).map_err(file_error(partial))?;
    connection.execute("VACUUM INTO $1", [partial.to_string_lossy()])?;
    // SQLite does not wait for the disk here.
    file.sync_all().map_err(file_error(partial))?;
    let position = sqlite::position_in(&sqlite::open_read_only(partial)?, "main")?;
    fs::rename(partial, to).map_err(file_error(to))?;
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
    let DatabaseAddress::Sqlite(path) = address;
    // A copy, so that the backup's schema can be brought up to date without touching it.
    let source = copy_beside(path, from)?;
    let result = restore_from_copy(path, &source, clock);
    for suffix in ["", "-wal", "-shm"] {
        let mut name = source.clone().into_os_string();
        name.push(suffix);
        // The two beside the database are there only after a failure.
        let _ = fs::remove_file(name);
    }
    result
}

fn copy_beside(path: &Path, from: &Path) -> Result<PathBuf, BackupError> {
    if !from.exists() {
        return Err(OpenError::Missing(from.to_owned()).into());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let copy = path.with_file_name(format!(".{name}.restoring"));
    fs::copy(from, &copy).map_err(|cause| BackupError::File { path: copy.clone(), cause })?;
    Ok(copy)
}

fn restore_from_copy(path: &Path, source: &Path, clock: &dyn Clock) -> Result<Restored, BackupError> {
    // Brings the schema of the copy up to date, and makes sure that it is a ledger at all.
    Sqlite::open(source)?.into_single_file()?;
    let made = !path.exists();
    let database = if made { Sqlite::create(path)? } else { Sqlite::open(path)? };
    let restored = database.replace_by(source, clock.now(), MAX_LOST_LISTED);
    if restored.is_err() && made {
        let _ = fs::remove_file(path);
    }
    Ok(restored?)
}
