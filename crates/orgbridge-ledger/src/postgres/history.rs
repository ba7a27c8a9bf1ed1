//! The history in a database, for those who only read it.

use std::sync::Arc;

use super::driver::Driver;
use super::link::Link;
use super::session::Request;
use super::trouble::Trouble;
use super::{PostgresAddress, load, row, schema, words};
use crate::audit::Query;
use crate::history::History;
use crate::{Entry, OpenError, Position, Revision, Unavailable, View, sql};

/// The version of the schema that brought the index of trails.
const TRAILS_SINCE: u32 = 5;

/// The history in a database of PostgreSQL. A copy that takes no writes serves as well.
pub(crate) struct PostgresHistory {
    link: Link,
    version: u32,
    position: Option<Position>,
    /// Whether others see what is read here.
    is_committed: bool,
}

impl PostgresHistory {
    /// Opens the database, after the same checks as for writing.
    pub(crate) fn open(address: &PostgresAddress) -> Result<Self, OpenError> {
        let driver = Driver::start().map_err(|error| OpenError::NoThread(error.to_string()))?;
        let mut link = Link::new(Arc::new(driver), Arc::new(address.clone()));
        let version = schema::check(&mut link)?;
        Ok(Self { link, version, position: None, is_committed: true })
    }

    /// What a transaction has written that is open, and leads to `position`.
    pub(super) fn within(link: Link, version: u32, position: Position) -> Self {
        Self { link, version, position: Some(position), is_committed: false }
    }

    /// The connection, with its transaction.
    pub(super) fn into_link(self) -> Link {
        self.link
    }

    fn each(
        &mut self,
        sql: impl Into<Arc<str>>,
        mut see: impl FnMut(&tokio_postgres::Row) -> Result<(), Trouble>,
    ) -> Result<(), Unavailable> {
        let look = || {
            let mut rows = self.link.cursor(Request::long(sql))?;
            while let Some(row) = rows.next()? {
                see(&row)?;
            }
            Ok(())
        };
        look().map_err(|trouble: Trouble| trouble.unavailable)
    }
}

impl History for PostgresHistory {
    fn entries(&mut self, query: &Query) -> Result<Vec<Entry>, Unavailable> {
        let conditions = query.conditions();
        let columns: Vec<&str> = conditions.iter().map(|(column, _)| *column).collect();
        let mut params = vec![query.after.get().into()];
        params.extend(conditions.iter().map(|(_, text)| (*text).into()));
        params.push(query.most().into());
        let request = Request { params, ..Request::long(sql::audit_query(&columns)) };
        let read = |link: &mut Link| {
            let (mut rows, mut entries) = (link.cursor(request)?, Vec::new());
            while let Some(row) = rows.next()? {
                entries.push(row::entry(&row)?);
            }
            Ok(entries)
        };
        read(&mut self.link).map_err(|trouble: Trouble| trouble.unavailable)
    }

    fn begin(&mut self) -> Result<Position, Unavailable> {
        let begun = self.link.begin(words::BEGIN_TO_READ, &Request::new(words::POSITION, []));
        let position =
            begun.and_then(|found| row::position(&found)).map_err(|trouble| trouble.unavailable)?;
        self.position = Some(position);
        Ok(position)
    }

    fn end(&mut self) {
        self.position = None;
        self.link.end();
    }

    fn indexed(&mut self) -> Result<Option<Revision>, Unavailable> {
        if self.version < TRAILS_SINCE {
            return Ok(None);
        }
        let indexed = self.link.ask(|session| async move {
            let indexed = session.row(&Request::new(sql::INDEXED, [])).await?;
            row::count(&indexed, 0)
        });
        indexed.map(|indexed| Some(Revision::new(indexed))).map_err(|trouble| trouble.unavailable)
    }

    fn every_entry(&mut self, see: &mut dyn FnMut(Result<Entry, Revision>)) -> Result<(), Unavailable> {
        self.each(sql::every_entry(), |found| {
            match row::entry(found) {
                Ok(entry) => see(Ok(entry)),
                Err(_) => see(Err(Revision::new(row::count(found, 0)?))),
            }
            Ok(())
        })
    }

    fn every_place(&mut self, see: &mut dyn FnMut(&str, i64, u64)) -> Result<(), Unavailable> {
        self.each(sql::EVERY_PLACE, |found| {
            see(found.try_get(0)?, row::number(found, 1)?, row::count(found, 2)?);
            Ok(())
        })
    }

    fn everything(&mut self) -> Result<View, Unavailable> {
        let position = self.position.ok_or(Unavailable::Closed)?;
        let view = load::everything(&mut self.link, position);
        if self.is_committed {
            schema::refuse_if_replaced(&self.link, position)?;
        }
        view
    }
}
