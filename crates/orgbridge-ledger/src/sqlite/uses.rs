//! When keys were last used: two tables outside of the history.

use orgbridge_domain::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::last_use::{KeyId, Use};
use crate::sql;

/// Writes `uses`, each of which stands unless a later one is there.
pub(super) fn write(connection: &Connection, uses: &[Use]) -> rusqlite::Result<()> {
    let mut note_api_key = connection.prepare_cached(sql::NOTE_API_KEY)?;
    let mut note_application_key = connection.prepare_cached(sql::NOTE_APPLICATION_KEY)?;
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
    let mut uses = read_as(connection, sql::USES_OF_API_KEYS, since, KeyId::Api)?;
    uses.extend(read_as(connection, sql::USES_OF_APPLICATION_KEYS, since, KeyId::Application)?);
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
