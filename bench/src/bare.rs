//! The peer of updates: a loop that commits the same rows to SQLite, with nothing before and after it.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use orgbridge_ledger::audit::{AuditLog, Query};
use orgbridge_ledger::{DatabaseAddress, Entry, Revision};
use rusqlite::{Connection, params};

use crate::Failure;
use crate::samples::Samples;

/// How many of the newest entries are written over again, with new revisions and digests.
const MODELS: u64 = 256;

/// How many commits come before those that count.
const WARM_UP_COMMITS: usize = 16;

/// How many updates each of them holds; all together fill the log of SQLite more than once.
const WARM_UP_BATCH: usize = 512;

/// A database with the tables of a ledger.
#[derive(Debug)]
pub(crate) struct Bare {
    connection: Connection,
    /// Entries that a server wrote, so that what is written here is of the same sizes.
    models: Vec<Entry>,
    last: Entry,
}

impl Bare {
    /// Opens a copy of the database of a server that has made updates.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA cache_size = -65536;",
        )?;
        let revision: u64 = connection.query_row("SELECT revision FROM ledger", [], |row| row.get(0))?;
        let newest = Query { after: Revision::new(revision.saturating_sub(MODELS)), ..Query::default() };
        let models = AuditLog::open(&DatabaseAddress::Sqlite(path.to_owned()))?.entries(&newest)?;
        let last = models.last().cloned().ok_or("the server has written nothing")?;
        let mut bare = Self { connection, models, last };
        // The log of a new database grows for a while, which is slower than writing over what is there.
        for _ in 0..WARM_UP_COMMITS {
            bare.commit_one(WARM_UP_BATCH)?;
        }
        Ok(bare)
    }

    /// Makes commits of `batch` updates each until `lasting` is over, and returns how long each took. Sleeps
    /// for `pause` before each.
    pub(crate) fn commit(
        &mut self,
        batch: usize,
        pause: Duration,
        lasting: Duration,
    ) -> Result<Samples, Failure> {
        let mut samples = Samples::default();
        let began = Instant::now();
        while began.elapsed() < lasting {
            thread::sleep(pause);
            let before = Instant::now();
            self.commit_one(batch)?;
            samples.push(before.elapsed());
        }
        Ok(samples)
    }

    fn commit_one(&mut self, batch: usize) -> rusqlite::Result<()> {
        let Self { connection, models, last } = self;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut update = connection.prepare_cached(
            "UPDATE org_connection SET connection_types = ?1, modified_at_us = ?2 WHERE id = ?3",
        )?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO change VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?;
        for _ in 0..batch {
            let revision = last.revision.next();
            let mut entry = models[(revision.get() % models.len() as u64) as usize].clone();
            entry.revision = revision;
            entry.digest = entry.digest_after(last.digest);
            let types = if revision.get() % 2 == 0 { "logs,metrics" } else { "logs,audit" };
            update.execute(params![types, entry.at.micros(), entry.entity_id])?;
            insert.execute(params![
                entry.revision.get(),
                entry.at.micros(),
                entry.actor.kind,
                entry.actor.org_id,
                entry.actor.user_id,
                entry.actor.credential,
                entry.request_id,
                entry.entity,
                entry.entity_id,
                entry.before,
                entry.after,
                entry.digest.to_string(),
            ])?;
            *last = entry;
        }
        connection
            .prepare_cached("UPDATE ledger SET revision = ?1, digest = ?2")?
            .execute(params![last.revision.get(), last.digest.to_string()])?;
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}
