//! What Orgbridge keeps.
//!
//! A [`Ledger`] holds the latest [`View`] in memory for everyone who reads, and one writer that makes
//! decisions durable: it gathers the commands that wait, runs each rule on the state that its commit will
//! see, writes the changes with their audit entries in one transaction, and only then answers and publishes.
//!
//! Several processes may hold a ledger on one database. Whoever takes the revision row first reads what the
//! others appended before it decides anything.

mod address;
mod asked_looks;
mod attempt;
pub mod audit;
pub mod backup;
mod clock;
mod difference;
pub mod doctor;
mod entry;
mod error;
mod fleet;
mod fleet_keeper;
mod history;
mod index;
mod last_use;
mod ledger;
mod load;
mod position;
mod postgres;
mod record;
mod replicas;
mod request;
mod schema;
mod scratch;
mod sql;
mod sqlite;
mod storage;
pub mod trail;
mod trail_keeper;
mod trail_reader;
mod transfer;
mod use_keeper;
mod writer;

pub use address::DatabaseAddress;
pub use attempt::{Action, Attempt, AttemptLimits, Noted, RefusedAttempt};
pub use clock::{Clock, SystemClock, uptime};
pub use entry::{Actor, Entry};
pub use error::{CommitError, OpenError, Unavailable};
pub use last_use::{KeyId, LastUses};
pub use ledger::{Attendance, CommitObserver, Ledger, LedgerOptions, MAX_STALENESS, MaxStaleness, View};
pub use position::{ChainDigest, Epoch, Position, Revision};
pub use postgres::{NotAnAddress, PostgresAddress};
pub use replicas::Replicas;
pub use request::{NotARequestId, RequestId};
pub use transfer::Progress;
