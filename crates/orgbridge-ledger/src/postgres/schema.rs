//! The schema, and which versions of it this program can work with.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use tokio_postgres::Row;

use super::address::PostgresAddress;
use super::driver::Driver;
use super::link::Link;
use super::row;
use super::session::Request;
use super::trouble::Trouble;
use super::{connect, words};
use crate::schema::{LEAST_SINCE, admit, newest_of, require};
use crate::sql::Table;
use crate::{OpenError, Position, Unavailable};

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// Where `refinery` writes down which migrations were applied.
const APPLIED: &str = "refinery_schema_history";

/// The table that tells a ledger from what other programs keep.
const LEDGER: &str = "ledger";

/// The tables that have no part in what goes from one ledger into another.
const OTHERS: [&str; 3] = [LEDGER, "trail", "replica"];

/// How often the migrations are tried where another process is at them, too.
const ATTEMPTS: u32 = 20;

/// How long to wait in between.
const PAUSE: Duration = Duration::from_millis(250);

/// What is in a database.
enum Found {
    /// No table.
    Nothing,
    /// A ledger, with this version of the schema.
    Ledger(u32),
    /// Tables of another program.
    Others,
}

/// Makes a ledger in a database that is empty.
pub(super) fn create(link: &mut Link) -> Result<(), OpenError> {
    let address = Arc::clone(link.address());
    match look(link).map_err(|trouble| not_opened(&address, &trouble))? {
        Found::Nothing => {}
        Found::Ledger(_) => return Err(OpenError::Exists(address.to_string())),
        Found::Others => return Err(OpenError::NotEmpty(address.to_string())),
    }
    match migrate(link.driver(), &address) {
        Ok(()) => Ok(()),
        // Another process was faster, and it is its ledger.
        Err(trouble) if trouble.is_a_race() => Err(OpenError::Exists(address.to_string())),
        Err(trouble) => Err(not_opened(&address, &trouble)),
    }
}

/// Whether there is anything in the database.
pub(super) fn is_taken(link: &mut Link) -> Result<bool, OpenError> {
    let address = Arc::clone(link.address());
    let found = look(link).map_err(|trouble| not_opened(&address, &trouble))?;
    Ok(!matches!(found, Found::Nothing))
}

/// Makes sure that there is a ledger which this program can work with, and says which version of the schema it has.
pub(super) fn check(link: &mut Link) -> Result<u32, OpenError> {
    let address = Arc::clone(link.address());
    let failed = |trouble: Trouble| not_opened(&address, &trouble);
    let Found::Ledger(found) = look(link).map_err(failed)? else {
        return Err(OpenError::Missing(address.to_string()));
    };
    if found >= LEAST_SINCE {
        let needed = link.ask_again(|session| async move {
            version_in(&session.row(&Request::new(words::LEAST_SCHEMA, [])).await?, 0)
        });
        admit(needed.map_err(failed)?, newest())?;
    }
    Ok(found)
}

/// Makes sure that it has the version of this program, at the point that an open transaction sees.
pub(super) fn require_newest(link: &mut Link) -> Result<(), OpenError> {
    let address = Arc::clone(link.address());
    let found = version(link).map_err(|trouble| not_opened(&address, &trouble))?;
    require(address, found, newest())
}

/// The version of the schema.
pub(super) fn version(link: &mut Link) -> Result<u32, Trouble> {
    link.ask_again(
        |session| async move { version_in(&session.row(&Request::new(words::VERSION, [])).await?, 0) },
    )
}

/// The same as [`check`], and applies the migrations that it lacks, each in a transaction. Several processes may do so at once.
pub(super) fn check_and_migrate(link: &mut Link) -> Result<(), OpenError> {
    let address = Arc::clone(link.address());
    let mut attempts = 0;
    while check(link)? < newest() {
        attempts += 1;
        match migrate(link.driver(), &address) {
            Err(trouble) if trouble.is_a_race() && attempts < ATTEMPTS => thread::sleep(PAUSE),
            // A newer program was faster, and has gone further.
            Err(_) if check(link)? >= newest() => {}
            migrated => migrated.map_err(|trouble| not_opened(&address, &trouble))?,
        }
    }
    Ok(())
}

/// Where the ledger stands, by a row of `STANDING`, unless a newer program has made it one that this program can't work with
/// since it was opened.
pub(super) fn position_in(row: &Row) -> Result<Position, Trouble> {
    admit(version_in(row, 3)?, newest()).map_err(|_| Trouble::of(Unavailable::NewerSchema))?;
    row::position(row)
}

/// The version of the schema in a column.
pub(super) fn version_in(row: &Row, column: usize) -> Result<u32, Trouble> {
    Ok(u32::try_from(row::count(row, column)?).unwrap_or(u32::MAX))
}

/// Makes sure that the ledger was not replaced since it stood at `position`. Where it was, tables that had not been read by
/// then were found empty: what empties them does not ask who sees an earlier point.
pub(super) fn refuse_if_replaced(link: &Link, position: Position) -> Result<(), Unavailable> {
    // Whoever is in a transaction sees that point for as long as it lasts.
    let mut beside = Link::new(Arc::clone(link.driver()), Arc::clone(link.address()));
    let now = beside
        .ask(|session| async move { row::position(&session.row(&Request::new(words::POSITION, [])).await?) });
    let now = now.map_err(|trouble| trouble.unavailable)?;
    if now.epoch == position.epoch { Ok(()) } else { Err(Unavailable::Locked) }
}

/// Removes all tables of a ledger.
pub(super) fn remove(link: &mut Link) -> Result<(), Trouble> {
    let tables = Table::all();
    let names = tables.iter().map(|table| table.name).chain(OTHERS);
    let statements = words::drop_all(names.rev().chain([APPLIED]));
    link.ask(|session| async move { session.command(&statements).await })
}

/// Where a database can't be opened.
pub(super) fn not_opened(address: &PostgresAddress, trouble: &Trouble) -> OpenError {
    let address = address.to_string();
    match trouble.unavailable {
        Unavailable::ReadOnly => OpenError::Standby(address),
        _ => OpenError::Unreachable { cause: trouble.cause(), address },
    }
}

fn look(link: &mut Link) -> Result<Found, Trouble> {
    let tables =
        link.ask_again(|session| async move { session.rows(&Request::new(words::TABLES, [])).await })?;
    let tables = tables.iter().map(|table| row::text(table, 0)).collect::<Result<BTreeSet<_>, _>>()?;
    if !tables.contains(APPLIED) {
        return Ok(if tables.is_empty() { Found::Nothing } else { Found::Others });
    }
    let version = version(link)?;
    Ok(match (version, tables.len()) {
        // Another process has just begun, or has got no further.
        (0, 1) => Found::Nothing,
        (1.., _) if tables.contains(LEDGER) => Found::Ledger(version),
        _ => Found::Others,
    })
}

/// Applies the migrations. None has to be done in any time.
fn migrate(driver: &Driver, address: &Arc<PostgresAddress>) -> Result<(), Trouble> {
    let address = Arc::clone(address);
    let migrated = driver.run(async move {
        let (mut client, _connection) = connect::connect(&address, |_| {}).await?;
        let migrated = embedded::migrations::runner().run_async(&mut client).await;
        migrated.map(drop).map_err(|error| of_migration(&error))
    });
    migrated.unwrap_or_else(|| Err(Trouble::lost("the migrations have panicked")))
}

/// What the server says of a migration stands somewhere among the causes.
fn of_migration(error: &refinery::Error) -> Trouble {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(known) = cause {
        if let Some(said) = known.downcast_ref::<tokio_postgres::error::DbError>() {
            return Trouble::from(said);
        }
        cause = known.source();
    }
    Trouble::of(Unavailable::Storage { cause: error.to_string() })
}

/// The newest version that this program knows.
pub(super) fn newest() -> u32 {
    static NEWEST: LazyLock<u32> = LazyLock::new(|| newest_of(&embedded::migrations::runner()));
    *NEWEST
}
