//! The databases that the suite runs on.

use orgbridge_ledger::DatabaseAddress;

/// A database of a test's own, gone with it.
pub(crate) trait Backend: Default {
    /// Where the database is. There is none yet.
    fn address(&self) -> DatabaseAddress;
}

/// A file in a folder of its own.
pub(crate) struct Sqlite(tempfile::TempDir);

impl Default for Sqlite {
    fn default() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }
}

impl Backend for Sqlite {
    fn address(&self) -> DatabaseAddress {
        DatabaseAddress::Sqlite(self.0.path().join("ledger.db"))
    }
}
