//! What is wrong with a file.

use std::fs;
use std::path::Path;

use rusqlite::OpenFlags;

use super::{Seats, SqliteOrigin, at_its_place, connect, schema, storage_error};
use crate::OpenError;
use crate::doctor::Chart;
use crate::storage::Fleet;
use crate::transfer::Origin;

/// With less space than this nothing can be promised.
#[cfg(target_os = "linux")]
const MIN_FREE: u64 = 64 << 20;

/// Looks at the file at `path` and at what is around it.
pub(crate) fn examine(path: &Path, chart: &mut Chart) {
    let found = match takes_writes(path) {
        Ok(version) => version,
        Err(error) => return chart.wrong("database", error.to_string(), ""),
    };
    chart.fine("database", format!("{} can be written", path.display()));
    chart.look_at_mode("permissions", path);
    #[cfg(target_os = "linux")]
    look_at_space(path, chart);
    if !chart.look_at_schema(path.display(), found, schema::newest()) {
        return;
    }
    let mut origin = match SqliteOrigin::look(path) {
        Ok(origin) => origin,
        Err(error) => return chart.wrong("history", error.to_string(), ""),
    };
    chart.look_at_history(&mut origin);
    let mut seats = Seats::of(&at_its_place(path));
    chart.look_at_seats(origin.position(), || seats.seats());
}

/// Begins to write, and does not. Says which version of the schema there is.
fn takes_writes(path: &Path) -> Result<u32, OpenError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let version = schema::check(&connection, path)?;
    let begun = connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK");
    begun.map(|()| version).map_err(|error| storage_error(path, &error))
}

/// Every commit needs space, a backup beside the file as much as the file.
#[cfg(target_os = "linux")]
fn look_at_space(path: &Path, chart: &mut Chart) {
    let free = rustix::fs::statvfs(path).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    let size = fs::metadata(path).map(|found| found.len());
    match (free, size) {
        (Ok(free), Ok(size)) if free >= size.max(MIN_FREE) => {
            chart.fine("disk", format!("{} MiB are free", free >> 20));
        }
        (Ok(free), Ok(_)) => {
            let says = format!("no more than {} MiB are free beside the database", free >> 20);
            let advice = "free some: with none left no change can be kept, and a backup there needs as much as the \
                          database has";
            if free < MIN_FREE {
                chart.wrong("disk", says, advice);
            } else {
                chart.remark("disk", says, advice);
            }
        }
        (Err(error), _) => chart.wrong("disk", error.to_string(), ""),
        (_, Err(error)) => chart.wrong("disk", error.to_string(), ""),
    }
}
