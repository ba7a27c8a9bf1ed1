//! Tables into memory.

use std::mem;
use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use orgbridge_domain::{
    Account, ApiKey, ApplicationKey, Authorization, Login, OauthClient, Org, OrgConnection,
    RestrictionPolicy, Role, State, Token, User,
};
use rusqlite::Connection;

use super::{position_in, schema};
use crate::record::{BadRecord, Record};
use crate::{Unavailable, View};

/// How many entities are handed over at once.
const BUNDLE: usize = 1024;

/// How many bundles may wait to be put into the state.
const WAITING: usize = 8;

/// Puts a bundle of entities into a state.
type Put = Box<dyn FnOnce(&mut State) + Send>;

/// Reads everything. The caller has a transaction open, so that it is all of one point of history.
///
/// One thread reads rows while another puts what they hold into the state: each is about half of the work.
pub(crate) fn everything(connection: &Connection) -> Result<View, Unavailable> {
    let position = position_in(connection, "main")?;
    let (sender, bundles) = sync_channel::<Put>(WAITING);
    thread::scope(|scope| {
        let builder = scope.spawn(|| {
            let mut state = State::default();
            for put in bundles {
                put(&mut state);
            }
            state
        });
        let read = tables(connection, &sender);
        // The builder goes on until nobody is left who could hand it anything.
        drop(sender);
        let state = builder.join().unwrap_or_else(|panic| resume_unwind(panic));
        read.map(|()| View { position, state })
    })
}

fn tables(connection: &Connection, sender: &SyncSender<Put>) -> Result<(), Unavailable> {
    table::<Account>(connection, sender)?;
    table::<Org>(connection, sender)?;
    table::<Role>(connection, sender)?;
    table::<User>(connection, sender)?;
    table::<ApiKey>(connection, sender)?;
    table::<ApplicationKey>(connection, sender)?;
    table::<OrgConnection>(connection, sender)?;
    table::<RestrictionPolicy>(connection, sender)?;
    table::<OauthClient>(connection, sender)?;
    table::<Authorization>(connection, sender)?;
    table::<Token>(connection, sender)?;
    table::<Login>(connection, sender)
}

fn table<R: Record + Send>(connection: &Connection, sender: &SyncSender<Put>) -> Result<(), Unavailable> {
    // Whoever only reads finds a database as an earlier version left it. In any other a table that is gone is a fault.
    if schema::version(connection)? < R::SINCE {
        return Ok(());
    }
    let entities: i64 =
        connection.query_row(&format!("SELECT count(*) FROM {}", R::TABLE), [], |row| row.get(0))?;
    let additional = usize::try_from(entities).unwrap_or_default();
    send(sender, move |state| R::make_room(state, additional));
    let sql = format!("SELECT {} FROM {}", columns::<R>(connection)?, R::TABLE);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut count = 0_u64;
    let mut bundle = Vec::new();
    while let Some(row) = rows.next()? {
        count += 1;
        let entity = R::from_source(row).map_err(|BadRecord(problem)| Unavailable::Storage {
            cause: format!("table {}, row {count}: {problem}", R::TABLE),
        })?;
        bundle.push(entity);
        if bundle.len() == BUNDLE {
            hand_over(mem::take(&mut bundle), sender);
        }
    }
    hand_over(bundle, sender);
    Ok(())
}

/// What to select. Whoever only reads finds the tables of earlier versions as those left them, and takes for a
/// column that they lack what its absence means.
fn columns<R: Record>(connection: &Connection) -> Result<String, Unavailable> {
    let mut statement = connection.prepare("SELECT count(*) FROM pragma_table_info($1) WHERE name = $2")?;
    let mut columns = Vec::new();
    for name in R::COLUMNS {
        let added = R::ADDED.iter().find(|(added, _)| added == name);
        let lacking = match added {
            Some((_, text))
                if statement
                    .query_row([R::TABLE, name], |row| row.get(0))
                    .map(|count: i64| count == 0)? =>
            {
                Some(*text)
            }
            _ => None,
        };
        columns.push(match lacking {
            None => (*name).to_owned(),
            Some(None) => "NULL".to_owned(),
            Some(Some(text)) => format!("'{text}'"),
        });
    }
    Ok(columns.join(", "))
}

fn hand_over<R: Record + Send>(bundle: Vec<R>, sender: &SyncSender<Put>) {
    send(sender, |state| bundle.into_iter().for_each(|entity| state.put(entity)));
}

fn send(sender: &SyncSender<Put>, put: impl FnOnce(&mut State) + Send + 'static) {
    // Nobody takes it only where the builder has panicked, which whoever joins it finds out.
    let _ = sender.send(Box::new(put));
}
