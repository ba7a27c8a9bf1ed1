//! How a command ended, as the shell that called it sees it.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// What was asked for is done, or was so already.
    Done,
    /// It could not be done.
    Failed,
    /// The arguments or the configuration can't be understood.
    Usage,
    /// A rule said no, or what was named is not there.
    Refused,
    /// The database is missing, locked, full, read-only, or written by a newer program.
    Unavailable,
    /// A second signal did not wait for the end.
    Interrupted,
}

impl ExitStatus {
    /// The table of exit codes in the help text.
    pub(crate) const HELP: &str = "\
Exit codes:
  0    done, or nothing was to do
  1    failed
  2    arguments or configuration not understood
  3    refused by a rule, or something named is not there
  4    database unavailable: missing, locked, full, read-only, or of a newer version
  130  interrupted by a second signal";

    /// Its number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Unavailable => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}
