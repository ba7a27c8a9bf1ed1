//! A ledger in a file of SQLite.

mod examination;
mod history;
mod load;
mod restore;
mod rows;
mod schema;
mod seats;
mod trail;
mod transfer;
mod uses;

pub(crate) use examination::examine;
pub(crate) use history::SqliteHistory;
pub(crate) use seats::Seats;
pub(crate) use trail::SqliteReaders;
pub(crate) use transfer::{SqliteDestination, SqliteOrigin};

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use orgbridge_domain::{Change, Timestamp};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, params};

use crate::index::Concern;
use crate::last_use::Use;
use crate::record::{from_hex, to_hex};
use crate::sql::{self, RowStatements};
use crate::storage::{Fleet, Storage, Wake};
use crate::{
    Actor, ChainDigest, Entry, Epoch, OpenError, Position, RefusedAttempt, Revision, Unavailable, View,
};

/// How long to wait for another process that is committing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one attempt of the writer to begin waits. It makes many: between them it looks at what the others
/// have committed, so that readers don't fall behind.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(100);

/// How often to look whether another process has written: it costs next to nothing.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// More statements than the writer has.
const STATEMENT_CACHE: usize = 64;

/// The database of a ledger, opened for writing.
pub(crate) struct Sqlite {
    connection: Connection,
    statements: RowStatements,
    path: PathBuf,
    place: Option<FileIdentity>,
    seats: seats::Seats,
}

impl Sqlite {
    /// Makes a database in a file that only its owner can read.
    pub(crate) fn create(path: &Path) -> Result<Self, OpenError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(OpenError::Exists(path.display().to_string()));
            }
            Err(error) => {
                return Err(OpenError::Storage { path: path.to_owned(), cause: error.to_string() });
            }
        }
        let opened = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .and_then(|connection| schema::mark(&connection).map_err(|error| storage_error(path, &error)))
            .and_then(|()| Self::open(path));
        if opened.is_err() {
            remove(path);
        }
        opened
    }

    /// Opens a database and brings its schema up to date.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::check(&connection, path)?;
        configure(&connection).map_err(|error| storage_error(path, &error))?;
        schema::migrate(&mut connection, path)?;
        connection.busy_timeout(ATTEMPT_TIMEOUT).map_err(|error| storage_error(path, &error))?;
        Ok(Self {
            connection,
            statements: RowStatements::worded(|_, plain| plain),
            seats: seats::Seats::of(&at_its_place(path)),
            path: path.to_owned(),
            place: FileIdentity::of(path),
        })
    }

    /// The file that was opened must still be the one at its path: SQLite goes on writing into a file that
    /// has been moved, deleted or replaced, and what was acknowledged would be lost with it.
    ///
    /// A file that has come into its place is not opened while we run: our log still lies beside it, and
    /// SQLite would take that for its own. `orgbridge restore` is the way to replace what a server works with.
    fn check_place(&self) -> Result<(), Unavailable> {
        if FileIdentity::of(&self.path) == self.place { Ok(()) } else { Err(Unavailable::Gone) }
    }

    fn begin_by(&mut self, statement: &str) -> Result<Position, Unavailable> {
        self.check_place()?;
        self.connection.prepare_cached(statement)?.execute([])?;
        let position = schema::position_in(&self.connection);
        if position.is_err() {
            self.rollback();
        }
        position
    }
}

/// Removes a database that came to nothing, and what SQLite keeps beside it.
pub(crate) fn remove(path: &Path) {
    seats::remove_all(&at_its_place(path));
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.to_owned().into_os_string();
        name.push(suffix);
        // Not all of them were made.
        let _ = fs::remove_file(name);
    }
}

/// Where a file is, whatever links lead there: all who open it are to meet.
fn at_its_place(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Opens a database for reading alone, after the same checks as for writing.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    schema::check(&connection, path)?;
    Ok(connection)
}

/// Makes sure that a database, which its owner knows as `name`, has the version of this program.
pub(crate) fn require_newest(path: &Path, name: &Path) -> Result<(), OpenError> {
    schema::require_newest(&open_read_only(path)?, name)
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing(path.display().to_string()));
    }
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| storage_error(path, &error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| storage_error(path, &error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    Ok(connection)
}

/// What has to be set on every connection that writes.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    // Readers and the writer don't wait for each other.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit returns when the log is on disk: acknowledged means kept.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // In KiB where negative. Filled as needed.
    connection.pragma_update(None, "cache_size", -65_536)
}

fn storage_error(path: &Path, error: &rusqlite::Error) -> OpenError {
    if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) {
        return OpenError::ReadOnly(path.to_owned());
    }
    OpenError::Storage { path: path.to_owned(), cause: error.to_string() }
}

/// Where the ledger in the schema `schema` of a connection stands, whatever version it has.
pub(crate) fn position_in(connection: &Connection, schema: &str) -> rusqlite::Result<Position> {
    let sql = format!("SELECT epoch, revision, digest FROM {schema}.ledger");
    connection.prepare_cached(&sql)?.query_row([], read_position)
}

/// Reads an epoch, a revision and a digest.
fn read_position(row: &Row<'_>) -> rusqlite::Result<Position> {
    Ok(Position {
        epoch: Epoch::new(row.get(0)?),
        revision: Revision::new(row.get(1)?),
        digest: digest(row, 2)?,
    })
}

fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<ChainDigest> {
    let text: String = row.get(column)?;
    from_hex(&text)
        .map(ChainDigest::from_bytes)
        .ok_or_else(|| rusqlite::Error::InvalidColumnType(column, text, rusqlite::types::Type::Text))
}

/// Reads an audit entry from a row with [`sql::ENTRY_COLUMNS`].
pub(crate) fn read_entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        revision: Revision::new(row.get(0)?),
        at: Timestamp::from_micros(row.get(1)?),
        actor: Actor {
            kind: row.get(2)?,
            org_id: row.get(3)?,
            user_id: row.get(4)?,
            credential: row.get(5)?,
        },
        request_id: row.get(6)?,
        entity: row.get(7)?,
        entity_id: row.get(8)?,
        before: row.get(9)?,
        after: row.get(10)?,
        digest: digest(row, 11)?,
    })
}

static INSERT_ENTRY: LazyLock<String> = LazyLock::new(|| sql::insert_entries(1));

/// Appends an audit entry.
pub(crate) fn insert_entry(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    connection
        .prepare_cached(&INSERT_ENTRY)?
        .execute(params![
            entry.revision.get(),
            entry.at.micros(),
            entry.actor.kind,
            entry.actor.org_id,
            entry.actor.user_id,
            entry.actor.credential,
            entry.request_id,
            entry.entity,
            entry.entity_id,
            entry.before,
            entry.after,
            to_hex(entry.digest.as_bytes()),
        ])
        .map(drop)
}

/// Moves the ledger to `position`.
pub(crate) fn set_position(connection: &Connection, position: Position) -> rusqlite::Result<()> {
    connection
        .prepare_cached(sql::MOVE)?
        .execute(params![position.epoch.get(), position.revision.get(), to_hex(position.digest.as_bytes())])
        .map(drop)
}

impl Storage for Sqlite {
    fn begin(&mut self) -> Result<Position, Unavailable> {
        self.begin_by("BEGIN IMMEDIATE")
    }

    fn begin_to_read(&mut self) -> Result<Position, Unavailable> {
        self.begin_by("BEGIN")
    }

    fn write(&mut self, entry: &Entry, change: &Change) -> Result<(), Unavailable> {
        rows::write(&self.statements, &self.connection, change)?;
        Ok(insert_entry(&self.connection, entry)?)
    }

    fn commit(&mut self, position: Position) -> Result<(), Unavailable> {
        set_position(&self.connection, position)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    fn rollback(&mut self) {
        // SQLite has rolled back by itself after some errors; the only failure left is that none is open.
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "a transaction could not be rolled back");
        }
    }

    fn position(&mut self) -> Result<Position, Unavailable> {
        self.check_place()?;
        schema::position_in(&self.connection)
    }

    fn entries_after(&mut self, revision: Revision, most: u64) -> Result<Vec<Entry>, Unavailable> {
        let mut statement = self.connection.prepare_cached(&sql::entries_after())?;
        let entries = statement.query_map([revision.get(), most], read_entry)?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    fn indexed(&mut self) -> Result<Revision, Unavailable> {
        Ok(trail::indexed(&self.connection)?)
    }

    fn index(&mut self, concerns: &[Concern], through: Revision) -> Result<(), Unavailable> {
        Ok(trail::index(&self.connection, concerns, through)?)
    }

    fn keep_attempt(&mut self, refused: &RefusedAttempt, most: u32) -> Result<(), Unavailable> {
        Ok(trail::insert_attempt(&self.connection, refused, most)?)
    }

    fn load(&mut self) -> Result<View, Unavailable> {
        if !self.connection.is_autocommit() {
            return load::everything(&self.connection);
        }
        self.connection.execute_batch("BEGIN")?;
        let view = load::everything(&self.connection);
        self.rollback();
        view
    }

    fn keep_uses(&mut self, uses: &[Use]) -> Result<(), Unavailable> {
        self.begin()?;
        let kept = uses::write(&self.connection, uses)
            .and_then(|()| self.connection.prepare_cached("COMMIT")?.execute([]).map(drop));
        if kept.is_err() {
            self.rollback();
        }
        Ok(kept?)
    }

    fn uses_since(&mut self, since: Timestamp) -> Result<Vec<Use>, Unavailable> {
        self.check_place()?;
        Ok(uses::read(&self.connection, since)?)
    }

    fn probe(&mut self) -> Result<(), Unavailable> {
        self.check_place()?;
        Ok(self.connection.execute_batch(sql::PROBE)?)
    }

    fn poll_interval(&self) -> Duration {
        POLL_INTERVAL
    }

    /// Nobody can say it through a file.
    fn on_hint(&mut self, _wake: Wake) {}

    fn hint(&mut self) {}

    fn fleet(&mut self) -> Option<&mut dyn Fleet> {
        Some(&mut self.seats)
    }
}

impl From<rusqlite::Error> for Unavailable {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::CannotOpen) => Self::Gone,
            Some(ErrorCode::SystemIoFailure) => Self::Device { cause: error.to_string() },
            _ => Self::Storage { cause: error.to_string() },
        }
    }
}

/// Which file it is, whatever its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    /// The file at `path`, if there is one.
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).ok().map(|metadata| Self { device: metadata.dev(), inode: metadata.ino() })
    }

    /// Elsewhere an open file can't be deleted or replaced, so being there is enough.
    #[cfg(not(unix))]
    fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|_| Self { device: 0, inode: 0 })
    }
}
