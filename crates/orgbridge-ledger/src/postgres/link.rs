//! A connection that is made again whenever it is lost.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_postgres::{Row, RowStream};

use super::address::PostgresAddress;
use super::driver::{Beside, Driver, Outcome};
use super::session::{Answer, Request, SILENCE, Session, within};
use super::trouble::Trouble;
use super::words;

/// How many rows are read at once.
const BUNDLE: usize = 1024;

/// A way to a database, for one who asks one thing after the other.
pub(super) struct Link {
    driver: Arc<Driver>,
    address: Arc<PostgresAddress>,
    session: Option<Arc<Session>>,
    /// How many connections there were before this one.
    number: u64,
    /// What keeps the server from taking us for frozen in the midst of a transaction. A transaction is bound to its
    /// connection: what is asked in it is never asked elsewhere.
    transaction: Option<Beside>,
    /// A transaction that was begun with the commit of the one before, and that nobody has wanted yet.
    begun: Option<Begun>,
    /// Whether the transaction that is open was begun so, before anybody wanted it.
    is_early: bool,
}

/// How a transaction is to begin that follows another.
#[derive(Clone)]
pub(super) struct Next {
    pub(super) words: &'static str,
    /// What is asked first in it.
    pub(super) first: Request,
}

/// A transaction that has been begun, and what will have come of it.
struct Begun {
    how: Next,
    row: Outcome<Result<Row, Trouble>>,
}

impl Link {
    pub(super) const fn new(driver: Arc<Driver>, address: Arc<PostgresAddress>) -> Self {
        Self { driver, address, session: None, number: 0, transaction: None, begun: None, is_early: false }
    }

    /// The connection, made now if there is none.
    fn session(&mut self) -> Result<Arc<Session>, Trouble> {
        self.settle();
        if self.transaction.is_some() {
            return self.session.clone().ok_or_else(lost_in_transaction);
        }
        if let Some(session) = self.session.as_ref().filter(|session| !session.is_closed()) {
            return Ok(Arc::clone(session));
        }
        self.session = None;
        self.number += 1;
        let address = Arc::clone(&self.address);
        let opened = self.driver.run(async move { Session::open(&address).await });
        let session = Arc::new(opened.unwrap_or_else(|| Err(stopped()))?);
        Ok(Arc::clone(self.session.insert(session)))
    }

    /// Ends a transaction that was begun and that nobody wanted: what is asked now is not to be asked in it.
    pub(super) fn settle(&mut self) {
        if self.begun.take().is_some() {
            self.end();
        }
    }

    /// Has something done through the connection.
    pub(super) fn ask<T, W>(&mut self, work: impl FnOnce(Arc<Session>) -> W) -> Result<T, Trouble>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let work = work(self.session()?);
        let done = self.driver.run(work).unwrap_or_else(|| Err(stopped()));
        if done.as_ref().is_err_and(Trouble::is_lost) {
            self.session = None;
        }
        done
    }

    /// The same for what can be done twice: where a connection turns out to be lost that has been there for a while, another
    /// is tried at once.
    pub(super) fn ask_again<T, W>(&mut self, work: impl Fn(Arc<Session>) -> W) -> Result<T, Trouble>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let may_be_old = self.session.is_some() && self.transaction.is_none();
        match self.ask(&work) {
            // After silence, more time would be too much.
            Err(trouble) if may_be_old && trouble.is_lost() && !trouble.is_silence() => self.ask(&work),
            asked => asked,
        }
    }

    /// Which connection is asked: another one may lead to another server.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Whether the latest transaction was begun before anybody wanted it.
    pub(super) const fn is_early(&self) -> bool {
        self.is_early
    }

    /// Whether what is asked now is asked on the connection with this number.
    pub(super) fn is_still(&self, number: u64) -> bool {
        self.number == number && self.session.as_ref().is_some_and(|session| !session.is_closed())
    }

    /// Begins a transaction and asks something in it.
    pub(super) fn begin(&mut self, words: &'static str, first: &Request) -> Result<Row, Trouble> {
        let early = self.take_begun(words, first);
        self.is_early = early.is_some();
        let begun = early.unwrap_or_else(|| {
            self.ask_again(|session| {
                let first = first.clone();
                async move { session.begin(words, &first).await }
            })
        });
        match (begun, &self.session) {
            (Ok(row), Some(session)) => {
                self.transaction = Some(self.driver.beside(Arc::clone(session).stay_awake()));
                Ok(row)
            }
            (Ok(_), None) => Err(lost_in_transaction()),
            (Err(trouble), _) => {
                // It may have begun all the same.
                self.end();
                Err(trouble)
            }
        }
    }

    /// What came of a transaction that was begun in this way with the commit of the one before. Nothing has been asked in it,
    /// so where it is lost, there is as good as none.
    fn take_begun(&mut self, words: &'static str, first: &Request) -> Option<Result<Row, Trouble>> {
        let is_it = |begun: &mut Begun| begun.how.words == words && begun.how.first.sql == first.sql;
        let row = self.begun.take_if(is_it)?.row.wait_for(SILENCE);
        let row = row.unwrap_or_else(|error| {
            Err(match error {
                RecvTimeoutError::Timeout => Trouble::silence(SILENCE),
                RecvTimeoutError::Disconnected => stopped(),
            })
        });
        let is_closed = self.session.as_ref().is_none_or(|session| session.is_closed());
        let is_lost = is_closed || row.as_ref().is_err_and(Trouble::is_lost);
        if is_lost {
            self.session = None;
        }
        // After silence, more time would be too much.
        let is_silence = row.as_ref().is_err_and(Trouble::is_silence);
        (!is_lost || is_silence).then_some(row)
    }

    /// Ends the transaction as if it had never begun.
    pub(super) fn end(&mut self) {
        if let Err(trouble) = self.roll_back() {
            tracing::debug!(cause = trouble.cause(), "a transaction ends with its connection");
        }
    }

    /// Ends a transaction in which nothing was written. After an error it may have been over for a while, and whatever it kept
    /// others from may have been done.
    ///
    /// One that was begun before anybody wanted it is committed: there are engines whose transactions can come to nothing
    /// unnoticed, and which say so to none but a commit.
    pub(super) fn end_unchanged(&mut self) -> Result<(), Trouble> {
        if self.transaction.is_none() {
            Err(lost_in_transaction())
        } else if self.is_early {
            self.commit(Vec::new(), None, None).map(drop)
        } else {
            self.roll_back()
        }
    }

    fn roll_back(&mut self) -> Result<(), Trouble> {
        let ended = if self.session.is_some() {
            self.ask(|session| async move { session.command(words::ROLLBACK).await })
        } else {
            Err(lost_in_transaction())
        };
        self.transaction = None;
        if ended.is_err() {
            self.session = None;
        }
        ended
    }

    /// Runs what is left of the transaction, which is over then: kept, or as if it had never begun. Where the connection is
    /// lost meanwhile, nobody knows. Once it is kept, `question` is asked and the next transaction begun, on the same way
    /// there and back.
    ///
    /// Whoever begins such a transaction then has the one that there is. Whatever else is asked first ends it.
    pub(super) fn commit(
        &mut self,
        requests: Vec<Request>,
        question: Option<Request>,
        next: Option<Next>,
    ) -> Result<Answer, Trouble> {
        let how = next.clone();
        let committed = self.ask(|session| async move {
            let mut beginning = None;
            if let Some(Next { words, first }) = next {
                session.learn(&[&first]).await?;
                let session = Arc::clone(&session);
                beginning = Some(Box::pin(async move { session.begin_learnt(words, &first).await }));
            }
            let (answer, begun) = session.end(&requests, words::COMMIT, question.as_ref(), beginning).await?;
            Ok((answer, begun.map(Outcome::of)))
        });
        match committed {
            Ok((answer, begun)) => {
                self.transaction = None;
                self.begun = how.zip(begun).map(|(how, row)| Begun { how, row });
                Ok(answer)
            }
            Err(trouble) => {
                // It may not have come to its last statement.
                self.end();
                Err(trouble)
            }
        }
    }

    /// From here on the server hears nothing from us until we want something, as if the process stood still.
    #[cfg(test)]
    pub(super) fn fall_silent(&mut self) {
        self.transaction = Some(self.driver.beside(std::future::pending()));
    }

    /// Begins to read what a statement gives.
    pub(super) fn cursor(&mut self, request: Request) -> Result<Cursor, Trouble> {
        let patience = request.patience;
        let stream = self.ask(|session| async move { session.stream(&request).await })?;
        let next = self.driver.start_work(fetch(Box::pin(stream), patience));
        Ok(Cursor {
            driver: Arc::clone(&self.driver),
            patience,
            next: Some(next),
            rows: Vec::new().into_iter(),
        })
    }

    /// The thread that does the work.
    pub(super) const fn driver(&self) -> &Arc<Driver> {
        &self.driver
    }

    /// Where the database is.
    pub(super) const fn address(&self) -> &Arc<PostgresAddress> {
        &self.address
    }
}

/// The thread that does the work has ended, which it never does while anybody is there who asks.
fn stopped() -> Trouble {
    Trouble::lost("the thread of the connections has ended")
}

/// What was asked in a transaction is not asked outside of it.
fn lost_in_transaction() -> Trouble {
    Trouble::lost("it was lost in the midst of a transaction")
}

type Stream = Pin<Box<RowStream>>;

/// A stream that is not at its end, and what it gave.
type Fetched = Result<(Vec<Row>, Option<Stream>), Trouble>;

/// What a statement gives, row by row. While some rows are looked at, the next ones are on their way, and no more than
/// those.
pub(super) struct Cursor {
    driver: Arc<Driver>,
    patience: Duration,
    next: Option<Outcome<Fetched>>,
    rows: std::vec::IntoIter<Row>,
}

impl Cursor {
    /// The next row.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Trouble> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            let Some(next) = self.next.take() else { return Ok(None) };
            let (rows, stream) = next.wait().unwrap_or_else(|| Err(stopped()))?;
            self.rows = rows.into_iter();
            self.next = stream.map(|stream| self.driver.start_work(fetch(stream, self.patience)));
        }
    }
}

async fn fetch(mut stream: Stream, patience: Duration) -> Fetched {
    let mut rows = Vec::with_capacity(BUNDLE);
    while rows.len() < BUNDLE {
        match within(patience, async { Ok(stream.try_next().await?) }).await? {
            Some(row) => rows.push(row),
            None => return Ok((rows, None)),
        }
    }
    Ok((rows, Some(stream)))
}
