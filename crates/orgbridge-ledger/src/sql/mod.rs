//! The statements that every database takes as they are.
//!
//! They say nothing that only one engine understands: no functions but those of standard SQL, no procedures, no locks
//! but those of rows. What has to differ stands with its database.

mod rows;
mod tables;

pub(crate) use rows::{Alteration, RowStatement, RowStatements, record_tables, update_of_many};
pub(crate) use tables::{COUNT_OF_LOST, DIGEST_AT, SET_PARENT, Table, lost, unknown_kind};

use orgbridge_domain::Direction;

/// The columns of an audit entry, in the order in which entries are read.
pub(crate) const ENTRY_COLUMNS: &str = "revision, at_us, actor, actor_org_id, actor_user_id, \
     actor_credential, request_id, entity, entity_id, row_before, row_after, digest";

/// Where among them those stand by which an entry may concern an org.
pub(crate) const ACTOR_ORG: usize = 3;
pub(crate) const ROW_BEFORE: usize = 9;
pub(crate) const ROW_AFTER: usize = 10;

/// How many columns an entry has.
pub(crate) const ENTRY_WIDTH: usize = 12;

/// Moves the ledger: $1 is the epoch, $2 the revision, $3 the digest.
pub(crate) const MOVE: &str = "UPDATE ledger SET epoch = $1, revision = $2, digest = $3";

/// Changes nothing, but has to be written all the same.
pub(crate) const PROBE: &str = "UPDATE ledger SET revision = revision";

/// Up to which revision the index of trails is filled.
pub(crate) const INDEXED: &str = "SELECT indexed_revision FROM trail";

/// Notes that it is filled up to $1.
pub(crate) const SET_INDEXED: &str = "UPDATE trail SET indexed_revision = $1";

/// How many columns a place in the index of trails has.
pub(crate) const PLACE_WIDTH: usize = 3;

/// Every place in the index of trails.
pub(crate) const EVERY_PLACE: &str = "SELECT org_id, at_us, revision FROM change_of_org";

/// All audit entries in order.
pub(crate) fn every_entry() -> String {
    format!("SELECT {ENTRY_COLUMNS} FROM change ORDER BY revision")
}

/// The first $2 entries after revision $1.
pub(crate) fn entries_after() -> String {
    format!("SELECT {ENTRY_COLUMNS} FROM change WHERE revision > $1 ORDER BY revision LIMIT $2")
}

/// The entries after revision $1, up to $2.
pub(crate) fn entries_between() -> String {
    format!("SELECT {ENTRY_COLUMNS} FROM change WHERE revision > $1 AND revision <= $2 ORDER BY revision")
}

/// Appends so many audit entries.
pub(crate) fn insert_entries(count: usize) -> String {
    format!("INSERT INTO change ({ENTRY_COLUMNS}) VALUES {}", places(count, ENTRY_WIDTH))
}

/// Puts so many places into the index of trails.
pub(crate) fn insert_places(count: usize) -> String {
    format!("INSERT INTO change_of_org (org_id, at_us, revision) VALUES {}", places(count, PLACE_WIDTH))
}

/// Groups of numbered places: `($1, $2), ($3, $4)`.
fn places(groups: usize, width: usize) -> String {
    let group = |number: usize| {
        let each = (1..=width).map(|place| format!("${}", number * width + place));
        format!("({})", each.collect::<Vec<_>>().join(", "))
    };
    (0..groups).map(group).collect::<Vec<_>>().join(", ")
}

/// The columns of a refused attempt, in the order in which attempts are read.
pub(crate) const ATTEMPT_COLUMNS: &str = "org_id, number, at_us, actor_user_id, actor_credential, request_id, action, \
     entity, entity_id, status, reason, unrecorded";

/// Appends an attempt as the last of its org. The columns but `number` stand for $1 to $11.
pub(crate) const INSERT_ATTEMPT: &str = "INSERT INTO refused_attempt (org_id, number, at_us, actor_user_id, actor_credential, request_id, action, \
     entity, entity_id, status, reason, unrecorded) \
     VALUES ($1, 1 + (SELECT coalesce(max(number), 0) FROM refused_attempt WHERE org_id = $1), \
     $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Forgets the attempts of org $1 but the newest $2.
pub(crate) const FORGET_ATTEMPTS: &str = "DELETE FROM refused_attempt WHERE org_id = $1 \
     AND number <= (SELECT max(number) FROM refused_attempt WHERE org_id = $1) - $2";

/// The number of the last attempt of org $1.
pub(crate) const LAST_ATTEMPT: &str =
    "SELECT coalesce(max(number), 0) FROM refused_attempt WHERE org_id = $1";

/// The first $7 changes that concern an org, in order: $1 is the org, $2 and $3 are the first and the last moment,
/// ($4, $5) is the place from which to read on, and $6 the greatest revision.
pub(crate) fn changes_of_org(direction: Direction) -> String {
    let columns = ENTRY_COLUMNS.split(", ").map(|column| format!("change.{column}"));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let from = "change_of_org AS place JOIN change ON change.revision = place.revision";
    trail(&columns, from, "revision", direction)
}

/// The same for refused attempts, with their numbers.
pub(crate) fn attempts_of_org(direction: Direction) -> String {
    trail(ATTEMPT_COLUMNS, "refused_attempt AS place", "number", direction)
}

fn trail(columns: &str, from: &str, number: &str, direction: Direction) -> String {
    let (beyond, order) = match direction {
        Direction::Ascending => (">", "ASC"),
        Direction::Descending => ("<", "DESC"),
    };
    format!(
        "SELECT {columns} FROM {from} WHERE place.org_id = $1 AND place.at_us BETWEEN $2 AND $3 \
         AND (place.at_us, place.{number}) {beyond} ($4, $5) AND place.{number} <= $6 \
         ORDER BY place.at_us {order}, place.{number} {order} LIMIT $7"
    )
}

/// Notes a use unless a later one is there, or the key is gone: $1 is the time, $2 the id of the key.
macro_rules! note_use {
    ($key:literal) => {
        concat!(
            "INSERT INTO ",
            $key,
            "_use (key_id, last_used_at_us) SELECT id, $1 FROM ",
            $key,
            " WHERE id = $2 \
             ON CONFLICT (key_id) DO UPDATE SET last_used_at_us = excluded.last_used_at_us \
             WHERE excluded.last_used_at_us > ",
            $key,
            "_use.last_used_at_us"
        )
    };
}

/// Reads the uses from moment $1 on.
macro_rules! uses_since {
    ($key:literal) => {
        concat!("SELECT key_id, last_used_at_us FROM ", $key, "_use WHERE last_used_at_us >= $1")
    };
}

/// Notes the use of an API key.
pub(crate) const NOTE_API_KEY: &str = note_use!("api_key");

/// Notes the use of an application key.
pub(crate) const NOTE_APPLICATION_KEY: &str = note_use!("application_key");

/// The uses of API keys.
pub(crate) const USES_OF_API_KEYS: &str = uses_since!("api_key");

/// The uses of application keys.
pub(crate) const USES_OF_APPLICATION_KEYS: &str = uses_since!("application_key");

/// The entries that an audit query wants. The arguments stand in the order of the conditions that are there, and the
/// greatest number of entries comes last.
pub(crate) fn audit_query(conditions: &[&str]) -> String {
    let limit = conditions.len() + 2;
    let each = conditions.iter().enumerate().map(|(number, column)| format!("{column} = ${}", number + 2));
    let wanted = std::iter::once("revision > $1".to_owned()).chain(each).collect::<Vec<_>>().join(" AND ");
    format!("SELECT {ENTRY_COLUMNS} FROM change WHERE {wanted} ORDER BY revision LIMIT ${limit}")
}
