//! What goes wrong with a server, and what that means for the ledger.

use std::error::Error as _;
use std::time::Duration;

use tokio_postgres::error::{DbError, SqlState};

use crate::Unavailable;

/// Why something was not done.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    /// What the ledger makes of it.
    pub(super) unavailable: Unavailable,
    /// What became of the connection.
    pub(super) connection: Connection,
    /// What the server calls it.
    pub(super) code: Option<SqlState>,
}

/// Whether a connection can be used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// It can.
    Whole,
    /// It can't, and nobody knows what the server made of what it was sent last.
    Lost,
    /// The same, and it took as long as anything may take to find that out.
    Silent,
}

impl Trouble {
    /// The server says nothing for too long.
    pub(super) fn silence(limit: Duration) -> Self {
        let cause = format!("it has not answered for {} ms", limit.as_millis());
        Self { connection: Connection::Silent, ..Self::lost(cause) }
    }

    /// The connection is no more.
    pub(super) fn lost(cause: impl Into<String>) -> Self {
        Self {
            unavailable: Unavailable::Unreachable { cause: cause.into() },
            connection: Connection::Lost,
            code: None,
        }
    }

    /// What is kept is not as it should be.
    pub(super) const fn of(unavailable: Unavailable) -> Self {
        Self { unavailable, connection: Connection::Whole, code: None }
    }

    /// Whether the connection is of no more use.
    pub(super) fn is_lost(&self) -> bool {
        self.connection != Connection::Whole
    }

    /// The same of a statement about a row of `table` that has to be there. Where it was not there, its guard divided by the
    /// number of rows: somebody has altered the tables behind the log's back.
    pub(super) fn about(self, table: Option<&str>) -> Self {
        match table {
            Some(table) if self.code == Some(SqlState::DIVISION_BY_ZERO) => {
                let cause = format!("0 rows of {table} have the id of one entity");
                Self { unavailable: Unavailable::Storage { cause }, ..self }
            }
            _ => self,
        }
    }

    /// Whether time is up.
    pub(super) fn is_silence(&self) -> bool {
        self.connection == Connection::Silent
    }

    /// Whether somebody else was about the same thing, so that it can be tried again.
    pub(super) fn is_a_race(&self) -> bool {
        let codes = [
            SqlState::UNIQUE_VIOLATION,
            SqlState::DUPLICATE_TABLE,
            SqlState::DUPLICATE_OBJECT,
            SqlState::DUPLICATE_COLUMN,
        ];
        self.unavailable == Unavailable::Locked || self.code.as_ref().is_some_and(|code| codes.contains(code))
    }
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(said) => Self::from(said),
            None if error.is_closed() => Self::lost("the connection was closed"),
            None => {
                let cause = match error.source() {
                    Some(source) => format!("{error}: {source}"),
                    None => error.to_string(),
                };
                let is_of_data = error.source().is_some_and(<dyn std::error::Error>::is::<NotRead>);
                // What comes of reading and writing rows leaves the connection as it was.
                if is_of_data
                    || cause.starts_with("error serializing")
                    || cause.starts_with("error deserializing")
                {
                    Self::of(Unavailable::Storage { cause })
                } else {
                    Self::lost(cause)
                }
            }
        }
    }
}

impl From<&DbError> for Trouble {
    fn from(said: &DbError) -> Self {
        let cause = match said.detail() {
            Some(detail) => format!("{}: {detail}", said.message()),
            None => said.message().to_owned(),
        };
        let code = said.code();
        // A server that ends the connection says so with this severity, whatever the reason.
        let ends = matches!(said.severity(), "FATAL" | "PANIC");
        let class = code.code().get(..2).unwrap_or_default();
        let unavailable = match *code {
            SqlState::LOCK_NOT_AVAILABLE
            | SqlState::T_R_SERIALIZATION_FAILURE
            | SqlState::T_R_DEADLOCK_DETECTED => Unavailable::Locked,
            SqlState::READ_ONLY_SQL_TRANSACTION => Unavailable::ReadOnly,
            SqlState::DISK_FULL => Unavailable::Full,
            SqlState::IO_ERROR => Unavailable::Device { cause },
            _ if ends || matches!(class, "08" | "53" | "57") => Unavailable::Unreachable { cause },
            _ => Unavailable::Storage { cause },
        };
        // Of these codes nobody knows whether the transaction was kept.
        let uncertain =
            [SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN, SqlState::TRANSACTION_RESOLUTION_UNKNOWN];
        let lost = ends || class == "08" || uncertain.contains(code);
        let connection = if lost { Connection::Lost } else { Connection::Whole };
        Self { unavailable, connection, code: Some(code.clone()) }
    }
}

/// A column holds something else than belongs there.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("expected {0}")]
pub(super) struct NotRead(pub(super) &'static str);
