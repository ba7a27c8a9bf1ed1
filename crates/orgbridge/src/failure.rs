//! Why a command did not do what it was asked for.

use std::fmt;
use std::io;
use std::path::PathBuf;

use orgbridge_domain::Refusal;
use orgbridge_ledger::backup::BackupError;
use orgbridge_ledger::{CommitError, OpenError, Unavailable};

use crate::ExitStatus;
use crate::names::NotNamed;
use crate::random::NoRandomness;
use crate::server::StartError;
use crate::settings::{FileProblems, Problems};

/// Why a command did not do what it was asked for. `Display` is what the operator reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The arguments contradict each other or leave something open.
    #[error("{0}")]
    Usage(String),
    /// The configuration is not whole; each line says what and where.
    #[error("the configuration can't be used:\n{0}")]
    Configuration(#[from] Problems),
    /// A rule said no.
    #[error("{}", Explained(.0))]
    Refused(#[from] Refusal),
    /// Something was named that is not there, or not there once.
    #[error(transparent)]
    NotNamed(#[from] NotNamed),
    /// A file of the operator's is not what it should be; each line says what and where.
    #[error("{0}")]
    Faulty(String),
    /// The database can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database can't keep the change.
    #[error("{}", with_cause(.0))]
    Unavailable(#[from] Unavailable),
    /// The server could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Files that the configuration names can't be used; each line says which and why.
    #[error(transparent)]
    Configured(#[from] FileProblems),
    /// A backup or a restoration came to nothing.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A file can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What was to be shown could not be.
    #[error("the output can't be written: {0}")]
    Output(#[source] io::Error),
    /// A second signal did not wait for the end.
    #[error("stopped before the end by a second signal")]
    Interrupted,
    /// There is no source of random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}

/// What storage said, which an operator may see, and what they can do about it.
fn with_cause(trouble: &Unavailable) -> String {
    let advice = match trouble {
        Unavailable::Full => "free some space on its disk",
        Unavailable::ReadOnly => "its file and its folder must be writable",
        Unavailable::Gone => "put it back where it was, and try again",
        Unavailable::Unreachable { .. } => "start its server, or mend the way to it",
        Unavailable::Uncertain => "look whether it is there before you try again",
        Unavailable::NewerSchema => "use the newer Orgbridge that last opened it",
        Unavailable::Locked | Unavailable::Stale | Unavailable::Unindexed => "try again when nobody holds it",
        Unavailable::Behind { .. } => "try again, or ask where it was written",
        Unavailable::Device { .. } => "check the disk, and restore a backup if it is lost",
        Unavailable::Closed => "start it again",
        Unavailable::RulePanicked | Unavailable::Storage { .. } => "this is a bug, if the disk is in order",
    };
    match trouble.cause() {
        Some(cause) => format!("{trouble}: {cause}; {advice}"),
        None => format!("{trouble}; {advice}"),
    }
}

impl Failure {
    /// What happened to the file at `path`.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }

    /// What the shell is told.
    pub(crate) fn status(&self) -> ExitStatus {
        match self {
            Self::Usage(_)
            | Self::Configuration(_)
            | Self::Configured(_)
            | Self::Open(OpenError::NotADatabase(_) | OpenError::NotAnAddress(_)) => ExitStatus::Usage,
            Self::Refused(_)
            | Self::NotNamed(_)
            | Self::Faulty(_)
            | Self::Open(OpenError::Exists(_) | OpenError::NotEmpty(_))
            | Self::Backup(BackupError::Open(OpenError::Exists(_) | OpenError::NotEmpty(_))) => {
                ExitStatus::Refused
            }
            Self::Open(_)
            | Self::Unavailable(_)
            | Self::Start(StartError::Open(_))
            | Self::Backup(
                BackupError::Open(_)
                | BackupError::Storage(_)
                | BackupError::Unreadable(_)
                | BackupError::NotWritten(_),
            ) => ExitStatus::Unavailable,
            Self::Interrupted => ExitStatus::Interrupted,
            Self::Start(_)
            | Self::Backup(_)
            | Self::File { .. }
            | Self::Output(_)
            | Self::NoRandomness(_)
            | Self::Failed(_) => ExitStatus::Failed,
        }
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(refusal) => Self::Refused(refusal),
            CommitError::Unavailable(unavailable) => Self::Unavailable(unavailable),
        }
    }
}

/// A refusal with everything that explains it, in one line.
pub(crate) struct Explained<'r>(pub(crate) &'r Refusal);

impl fmt::Display for Explained<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)?;
        self.0.details().iter().try_for_each(|detail| write!(formatter, ": {detail}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_told_what_happened_to_the_ledger_and_what_to_do() {
        let cause = || "disk I/O error".to_owned();
        for (trouble, text) in [
            (Unavailable::Full, "the ledger has no space left; free some space on its disk"),
            (Unavailable::ReadOnly, "the ledger is read-only; its file and its folder must be writable"),
            (Unavailable::Locked, "the ledger is locked by another process; try again when nobody holds it"),
            (
                Unavailable::Device { cause: cause() },
                "the ledger's storage device failed: disk I/O error; \
                 check the disk, and restore a backup if it is lost",
            ),
        ] {
            assert_eq!(Failure::from(trouble).to_string(), text);
        }
    }

    #[test]
    fn a_refusal_says_what_to_do_in_the_same_line() {
        let failure = Failure::from(Refusal::LastAdmin).to_string();
        assert_eq!(
            failure,
            "the last enabled admin of an organization can't be removed: make another enabled user an admin first"
        );
    }
}
