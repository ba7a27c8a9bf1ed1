//! Where a database is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::OpenError;
use crate::postgres::{self, PostgresAddress};

/// Where a ledger's database is, as operators write it: `sqlite:PATH` or `postgres://USER@HOST/DATABASE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseAddress {
    /// A file of SQLite, with its log and index beside it.
    Sqlite(PathBuf),
    /// A database of PostgreSQL, or of another server that speaks as it does.
    Postgres(PostgresAddress),
}

impl DatabaseAddress {
    /// Whether something is there already that keeps a new ledger from being made.
    ///
    /// # Errors
    /// Why nobody can say.
    pub fn is_taken(&self) -> Result<bool, OpenError> {
        match self {
            Self::Sqlite(path) => Ok(path.exists()),
            Self::Postgres(address) => postgres::is_taken(address),
        }
    }

    /// Removes a ledger that came to nothing, with all that belongs to it. Nobody may have it open.
    pub fn discard(&self) {
        match self {
            Self::Sqlite(path) => crate::sqlite::remove(path),
            Self::Postgres(address) => postgres::remove(address),
        }
    }
}

impl FromStr for DatabaseAddress {
    type Err = OpenError;

    fn from_str(text: &str) -> Result<Self, OpenError> {
        if postgres::is_meant_by(text) {
            return Ok(Self::Postgres(text.parse()?));
        }
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            _ => Err(OpenError::NotADatabase(without_password(text))),
        }
    }
}

/// The text without what stands before its last `@`, where addresses of servers have passwords.
fn without_password(text: &str) -> String {
    match text.rsplit_once('@') {
        None => text.to_owned(),
        Some((before, rest)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            format!("{scheme}://…@{rest}")
        }
    }
}

impl fmt::Display for DatabaseAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Self::Postgres(address) => address.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_an_unknown_kind_is_shown_without_its_password() {
        let error = "mysql://root:hunter2@db/ledger".parse::<DatabaseAddress>().unwrap_err().to_string();
        assert!(error.contains("mysql://…@db/ledger") && !error.contains("hunter2"), "{error}");
        let error = "ledger.db".parse::<DatabaseAddress>().unwrap_err().to_string();
        assert!(error.starts_with("\"ledger.db\" is no database; expected sqlite:PATH"), "{error}");
    }
}
