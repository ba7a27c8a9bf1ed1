//! Tables into memory.

use orgbridge_domain::{Account, ApiKey, ApplicationKey, Org, OrgConnection, Role, State, User};
use rusqlite::Connection;

use super::position_in;
use crate::record::{BadRecord, Record};
use crate::{Unavailable, View};

/// Reads everything. The caller has a transaction open, so that it is all of one point of history.
pub(crate) fn everything(connection: &Connection) -> Result<View, Unavailable> {
    let position = position_in(connection, "main")?;
    let mut state = State::default();
    table::<Account>(connection, &mut state)?;
    table::<Org>(connection, &mut state)?;
    table::<Role>(connection, &mut state)?;
    table::<User>(connection, &mut state)?;
    table::<ApiKey>(connection, &mut state)?;
    table::<ApplicationKey>(connection, &mut state)?;
    table::<OrgConnection>(connection, &mut state)?;
    Ok(View { position, state })
}

fn table<R: Record>(connection: &Connection, state: &mut State) -> Result<(), Unavailable> {
    let sql = format!("SELECT {} FROM {}", R::COLUMNS.join(", "), R::TABLE);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut count = 0_u64;
    while let Some(row) = rows.next()? {
        count += 1;
        let entity = R::from_source(row).map_err(|BadRecord(problem)| Unavailable::Storage {
            cause: format!("table {}, row {count}: {problem}", R::TABLE),
        })?;
        state.put(entity);
    }
    Ok(())
}
