//! When keys were last used: two tables outside of the history.

use orgbridge_domain::{NotAnId, Timestamp};

use super::row;
use super::session::{Request, Session};
use super::trouble::Trouble;
use crate::last_use::{KeyId, Use};
use crate::{Unavailable, sql};

/// What notes a use, which stands unless a later one is there.
pub(super) fn note(Use { key, at }: &Use) -> Request {
    let (sql, id) = match key {
        KeyId::Api(id) => (sql::NOTE_API_KEY, id.to_string()),
        KeyId::Application(id) => (sql::NOTE_APPLICATION_KEY, id.to_string()),
    };
    Request::new(sql, [at.micros().into(), id.into()])
}

/// The uses from `since` on.
pub(super) async fn read(session: &Session, since: Timestamp) -> Result<Vec<Use>, Trouble> {
    let mut uses = read_as(session, sql::USES_OF_API_KEYS, since, KeyId::Api).await?;
    uses.extend(read_as(session, sql::USES_OF_APPLICATION_KEYS, since, KeyId::Application).await?);
    Ok(uses)
}

async fn read_as<Id>(
    session: &Session,
    sql: &str,
    since: Timestamp,
    key: fn(Id) -> KeyId,
) -> Result<Vec<Use>, Trouble>
where
    Id: std::str::FromStr<Err = NotAnId>,
{
    let rows = session.rows(&Request::new(sql, [since.micros().into()])).await?;
    let read = |row: &tokio_postgres::Row| {
        let id = row::text(row, 0)?.parse();
        let id = id.map_err(|problem: NotAnId| {
            Trouble::of(Unavailable::Storage { cause: format!("the id of a key: {problem}") })
        })?;
        Ok(Use { key: key(id), at: Timestamp::from_micros(row::number(row, 1)?) })
    };
    rows.iter().map(read).collect()
}
