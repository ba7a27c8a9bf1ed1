//! Where a database is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::OpenError;

/// Where a ledger's database is, as operators write it: `sqlite:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseAddress {
    /// A file of SQLite, with its log and index beside it.
    Sqlite(PathBuf),
}

impl DatabaseAddress {
    /// Removes a database that came to nothing, with all that belongs to it. Nobody may have it open.
    pub fn discard(&self) {
        let Self::Sqlite(path) = self;
        crate::sqlite::remove(path);
    }
}

impl FromStr for DatabaseAddress {
    type Err = OpenError;

    fn from_str(text: &str) -> Result<Self, OpenError> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            _ => Err(OpenError::NotADatabase(text.to_owned())),
        }
    }
}

impl fmt::Display for DatabaseAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
        }
    }
}
