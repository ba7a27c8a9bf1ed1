//! What storage could not do.

use std::path::PathBuf;

use orgbridge_domain::Refusal;

use crate::Revision;
use crate::postgres::NotAnAddress;

/// Why a command was not committed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// A rule said no. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The ledger could not keep the change. Nothing was changed, but where [`Unavailable::Uncertain`] or
    /// [`Unavailable::Closed`] says that nobody knows.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The ledger can't keep changes now, or can't be read. Where the cause is outside of the program, the ledger
/// recovers by itself when it is gone.
///
/// `Display` may be shown to a client; the cause is for the log alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No space is left for the database.
    #[error("the ledger has no space left")]
    Full,
    /// The database or its folder may not be written.
    #[error("the ledger is read-only")]
    ReadOnly,
    /// The database that was opened is gone from its place, or another stands there.
    #[error("the ledger's database is gone from its place")]
    Gone,
    /// The server of the database does not answer, or ended the connection.
    #[error("the ledger's database can't be reached")]
    Unreachable {
        /// What was seen of it.
        cause: String,
    },
    /// The database was lost while it was keeping the change, and nobody could ask it since.
    #[error("the ledger's database was lost while it kept the change, which may or may not be there")]
    Uncertain,
    /// A newer program has made the ledger one that this program can't work with; this one must be replaced by it.
    #[error("the ledger was altered by a newer program")]
    NewerSchema,
    /// The ledger could not be read for a while, so nobody knows what has been revoked since.
    #[error("the ledger can't be read")]
    Stale,
    /// Somebody waited for a revision that did not come here in time.
    #[error("revision {asked} is not known here yet; the latest that is known here is {known}")]
    Behind {
        /// What was waited for.
        asked: Revision,
        /// The latest there was.
        known: Revision,
    },
    /// The end of the history could not be put into the index of audit trails for long.
    #[error("the audit trail is being put in order")]
    Unindexed,
    /// Another process holds the database locked.
    #[error("the ledger is locked by another process")]
    Locked,
    /// The machine could not read or write.
    #[error("the ledger's storage device failed")]
    Device {
        /// What it said.
        cause: String,
    },
    /// The rule that was to decide this call panicked. Other calls go on.
    #[error("the ledger could not decide this call")]
    RulePanicked,
    /// The ledger is shutting down, or its writer has panicked. In the latter case a change may be there that takes
    /// something away, and that was waiting for everybody to know of it.
    #[error("the ledger is closed")]
    Closed,
    /// Anything else that storage reports, such as a constraint that doesn't hold.
    #[error("the ledger's storage failed")]
    Storage {
        /// What it said.
        cause: String,
    },
}

impl Unavailable {
    /// What storage said, for the log.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Device { cause } | Self::Storage { cause } | Self::Unreachable { cause } => Some(cause),
            _ => None,
        }
    }

    /// The same in a sentence, for whoever runs the ledger.
    pub(crate) fn with_cause(&self) -> String {
        self.cause().map_or_else(|| self.to_string(), |cause| format!("{self}: {cause}"))
    }
}

/// Why a ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address of the database is of no known form.
    #[error(
        "{0:?} is no database; expected sqlite:PATH, such as sqlite:ledger.db, or postgres://USER@HOST/DATABASE, such as \
         postgres://orgbridge@db.example.com/orgbridge?password_file=/etc/orgbridge/password"
    )]
    NotADatabase(String),
    /// The address of a database of PostgreSQL is not whole.
    #[error("the address of the database is wrong: {0}")]
    NotAnAddress(#[from] NotAnAddress),
    /// There is something in the database that is none of ours.
    #[error("the database at {0} holds other tables; a ledger needs one for itself")]
    NotEmpty(String),
    /// The server of the database does not answer as it should.
    #[error("the database at {address} can't be used: {cause}")]
    Unreachable {
        /// Where the database is.
        address: String,
        /// What went wrong.
        cause: String,
    },
    /// There is no ledger at this place.
    #[error("there is no database at {0}; `orgbridge init` makes one")]
    Missing(String),
    /// There is a database at this place already.
    #[error(
        "there is a database at {0} already, and none is ever overwritten; use it, or name another place"
    )]
    Exists(String),
    /// The file, or the folder in which SQLite keeps its log beside it, may not be written.
    #[error("the database at {0} is read-only: its file and its folder must be writable")]
    ReadOnly(PathBuf),
    /// The server of the database is a copy of another, which takes the writes.
    #[error("the database at {0} takes no writes; name the server that does")]
    Standby(String),
    /// The file is no SQLite database, or not one of Orgbridge.
    #[error("{path} is no ledger of Orgbridge: {cause}; check the path")]
    NotALedger {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// A newer program has made the ledger one that this program can't work with.
    #[error(
        "the database needs a program that knows version {needed} of its schema, and this one knows versions up to {known}; \
         use the newer Orgbridge that last opened it"
    )]
    NewerSchema {
        /// The least version that a program has to know.
        needed: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// A newer program has kept something that this one does not know, and that it must not go on without.
    #[error(
        "a newer program has kept in the database what this one does not know; use the newer Orgbridge that last opened it"
    )]
    NewerContents,
    /// An earlier program has written the database, and what is asked for needs the schema of this one.
    #[error(
        "the database at {address} has schema version {found}, and this program copies version {known}; \
         `orgbridge org list` brings it up to date"
    )]
    OlderSchema {
        /// Where the database is.
        address: String,
        /// The version found.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// A newer program has added to the schema what this one can work beside, and what is asked for needs all that there is.
    #[error(
        "the database at {address} has schema version {found}, and this program copies version {known}; \
         use the newer Orgbridge that last opened it"
    )]
    AdvancedSchema {
        /// Where the database is.
        address: String,
        /// The version found.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// The tables hold what no rule would have put there.
    #[error(
        "the database holds something that can't be read: {0}; move it away and bring a backup back with \
         `orgbridge restore`"
    )]
    Corrupt(String),
    /// The database was reached, and can't be read or served now.
    #[error("the database can't be used now: {0}{cause}", cause = .0.cause().map(|cause| format!(": {cause}")).unwrap_or_default())]
    Unavailable(Unavailable),
    /// The machine has no thread left for the writer.
    #[error("the ledger's writer could not be started: {0}")]
    NoThread(String),
    /// Storage reported an error.
    #[error("the database at {path} could not be opened: {cause}")]
    Storage {
        /// The file.
        path: PathBuf,
        /// What storage said.
        cause: String,
    },
}
