//! For tests alone: a PostgreSQL server of one's own, in a temporary folder, gone with the process that started it.
//!
//! [`PostgresServer::shared`] is one server for all tests of a process, each of which takes a [`Database`] for itself.
//! Whoever wants to [kill](PostgresServer::kill) or [freeze](PostgresServer::freeze) a server
//! [starts](PostgresServer::start) another. Never is a server of the machine touched: what is started here listens on a
//! socket in its own folder and on a free port of the loopback, and writes nothing outside of the folder. It keeps
//! `fsync` on: what it has committed is there after it was killed. A [`Standby`] follows a server, and can take its place.
//!
//! The programs are those in `PATH`, or else the newest that Debian's packages have installed. Where the environment
//! variable `ORGBRIDGE_TEST_POSTGRES` is set, the server's own are those in the folder that it names, and no others.
//!
//! ```no_run
//! # fn example() -> Result<(), orgbridge_postgres_server::ServerError> {
//! use orgbridge_postgres_server::PostgresServer;
//!
//! let database = PostgresServer::shared().database()?;
//! database.sql("CREATE TABLE note (text TEXT)")?;
//! let address: String = database.address();
//! # Ok(())
//! # }
//! ```

mod database;
mod folder;
mod processes;
mod programs;
mod server;
mod standby;

pub use database::Database;
pub use programs::VARIABLE as PROGRAMS_VARIABLE;
pub use server::PostgresServer;
pub use standby::Standby;

/// Why there is no server, or why it did not do what it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError(String);

impl ServerError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ServerError {}
