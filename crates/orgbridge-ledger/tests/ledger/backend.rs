//! The databases that the suite runs on.

use orgbridge_ledger::DatabaseAddress;
use orgbridge_postgres_server::{Database, PostgresServer};

/// A database of a test's own, gone with it.
pub(crate) trait Backend: Default {
    /// Where the database is. There is no ledger yet.
    fn address(&self) -> DatabaseAddress;

    /// Alters the database behind the ledger's back.
    fn tamper(&self, statements: &str);

    /// The number that a query gives.
    fn number(&self, query: &str) -> u64;

    /// From here on the database refuses an action on a table.
    fn refuse(&self, action: &str, table: &str);

    /// It refuses it no more.
    fn take_again(&self, table: &str);
}

/// Runs tests on each database.
macro_rules! on_each_database {
    ($($test:ident)+) => {
        mod sqlite {
            $(#[test] fn $test() { super::$test::<crate::backend::Sqlite>(); })+
        }

        mod postgres {
            $(#[test] fn $test() { super::$test::<crate::backend::Postgres>(); })+
        }
    };
}
pub(crate) use on_each_database;

/// A file in a folder of its own.
pub(crate) struct Sqlite(tempfile::TempDir);

impl Default for Sqlite {
    fn default() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }
}

impl Sqlite {
    /// The file.
    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("ledger.db")
    }

    fn connect(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).expect("the database")
    }
}

impl Backend for Sqlite {
    fn address(&self) -> DatabaseAddress {
        DatabaseAddress::Sqlite(self.path())
    }

    fn tamper(&self, statements: &str) {
        self.connect().execute_batch(statements).expect(statements);
    }

    fn number(&self, query: &str) -> u64 {
        self.connect().query_row(query, [], |row| row.get(0)).expect(query)
    }

    fn refuse(&self, action: &str, table: &str) {
        self.tamper(&format!(
            "CREATE TRIGGER refused BEFORE {action} ON {table} BEGIN SELECT RAISE(ABORT, 'on purpose'); END"
        ));
    }

    fn take_again(&self, _table: &str) {
        self.tamper("DROP TRIGGER refused");
    }
}

/// A database on a server that the tests share.
pub(crate) struct Postgres(Database<'static>);

impl Default for Postgres {
    fn default() -> Self {
        Self(PostgresServer::shared().database().expect("a database"))
    }
}

impl Postgres {
    /// From here on the server takes no writes to the database, or takes them again.
    pub(crate) fn become_read_only(&self, read_only: bool) {
        let (name, server) = (self.0.name(), self.0.server());
        for statement in [
            format!("ALTER DATABASE {name} SET default_transaction_read_only = {read_only}"),
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"),
        ] {
            server.sql("postgres", &statement).expect("an administrator's statement");
        }
    }
}

impl Backend for Postgres {
    fn address(&self) -> DatabaseAddress {
        self.0.address().parse().expect("an address")
    }

    fn tamper(&self, statements: &str) {
        self.0.sql(statements).expect(statements);
    }

    fn number(&self, query: &str) -> u64 {
        self.0.sql(query).expect(query).parse().expect("a number")
    }

    fn refuse(&self, action: &str, table: &str) {
        self.tamper(&format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql \
             AS $$ BEGIN RAISE EXCEPTION 'on purpose'; END $$; \
             CREATE TRIGGER refused BEFORE {action} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
        ));
    }

    fn take_again(&self, table: &str) {
        self.tamper(&format!("DROP TRIGGER refused ON {table}; DROP FUNCTION refuse()"));
    }
}
