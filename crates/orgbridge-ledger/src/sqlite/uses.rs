//! When keys were last used: two tables outside of the history.

use orgbridge_domain::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::last_use::{KeyId, Use};

/// Notes a use unless a later one is there, or the key is gone.
macro_rules! note {
    ($key:literal) => {
        concat!(
            "INSERT INTO ",
            $key,
            "_use (key_id, last_used_at_us) \
             SELECT id, $1 FROM ",
            $key,
            " WHERE id = $2 \
             ON CONFLICT (key_id) DO UPDATE SET last_used_at_us = excluded.last_used_at_us \
             WHERE excluded.last_used_at_us > last_used_at_us"
        )
    };
}

/// Reads the uses from some moment on.
macro_rules! since {
    ($key:literal) => {
        concat!("SELECT key_id, last_used_at_us FROM ", $key, "_use WHERE last_used_at_us >= $1")
    };
}

/// Writes `uses`, each of which stands unless a later one is there.
pub(super) fn write(connection: &Connection, uses: &[Use]) -> rusqlite::Result<()> {
    let mut note_api_key = connection.prepare_cached(note!("api_key"))?;
    let mut note_application_key = connection.prepare_cached(note!("application_key"))?;
    for Use { key, at } in uses {
        match key {
            KeyId::Api(id) => note_api_key.execute(params![at.micros(), id.to_string()])?,
            KeyId::Application(id) => note_application_key.execute(params![at.micros(), id.to_string()])?,
        };
    }
    Ok(())
}

/// The uses from `since` on.
pub(super) fn read(connection: &Connection, since: Timestamp) -> rusqlite::Result<Vec<Use>> {
    let mut uses = read_as(connection, since!("api_key"), since, KeyId::Api)?;
    uses.extend(read_as(connection, since!("application_key"), since, KeyId::Application)?);
    Ok(uses)
}

fn read_as<Id>(
    connection: &Connection,
    sql: &str,
    since: Timestamp,
    key: fn(Id) -> KeyId,
) -> rusqlite::Result<Vec<Use>>
where
    Id: std::str::FromStr<Err = orgbridge_domain::NotAnId>,
{
    let read = |row: &Row<'_>| {
        let id: String = row.get(0)?;
        let not_an_id = |_| rusqlite::Error::InvalidColumnType(0, id.clone(), rusqlite::types::Type::Text);
        Ok(Use { key: key(id.parse().map_err(not_an_id)?), at: Timestamp::from_micros(row.get(1)?) })
    };
    connection.prepare_cached(sql)?.query_map([since.micros()], read)?.collect()
}
