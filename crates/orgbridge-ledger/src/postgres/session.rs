//! A connection, and what is asked through it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{self, Either, OptionFuture, Ready};
use futures_util::{TryStreamExt, poll};
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Row, RowStream, Statement};

use super::address::PostgresAddress;
use super::connect;
use super::driver::Beside;
use super::row::Param;
use super::trouble::Trouble;
use super::words;
use crate::Unavailable;

/// How long a server may say nothing while something is wanted of it. Less than knowledge may be old: whoever is answered
/// in time, if at all, falls no further behind.
pub(super) const SILENCE: Duration = Duration::from_millis(1500);

/// How often something is said in a transaction while a rule thinks: less than the server waits.
const AWAKE: Duration = Duration::from_secs(1);

/// A connection that has been set up. It is closed when this is dropped.
pub(super) struct Session {
    client: Client,
    /// Whatever was asked once is asked again, so the server keeps what it has made of it.
    statements: Mutex<HashMap<Arc<str>, Statement>>,
    _connection: Beside,
}

/// How long it may say nothing where everything is read, for which it may have to look at all that it holds.
const LONG_SILENCE: Duration = Duration::from_secs(60);

/// A statement with the values of its places.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) sql: Arc<str>,
    pub(super) params: Vec<Param>,
    /// The table whose row it is about, where it is about one that has to be there.
    pub(super) table: Option<&'static str>,
    /// How long the server may say nothing meanwhile.
    pub(super) patience: Duration,
}

impl Request {
    pub(super) fn new(sql: impl Into<Arc<str>>, params: impl Into<Vec<Param>>) -> Self {
        Self { sql: sql.into(), params: params.into(), table: None, patience: SILENCE }
    }

    /// One that reads so much that the server may think for long.
    pub(super) fn long(sql: impl Into<Arc<str>>) -> Self {
        Self { patience: LONG_SILENCE, ..Self::new(sql, []) }
    }
}

impl Session {
    /// Connects, and sets what holds for everything that is asked.
    pub(super) async fn open(address: &PostgresAddress) -> Result<Self, Trouble> {
        let opened = async {
            let (client, connection) = connect::connect(address, |_| {}).await?;
            let session = Self { client, statements: Mutex::default(), _connection: connection };
            for setting in words::SETTINGS {
                session.set(setting).await?;
            }
            Ok(session)
        };
        limited(opened).await
    }

    /// Sets something. That an engine does not know it is no fault.
    async fn set(&self, setting: &str) -> Result<(), Trouble> {
        match self.client.batch_execute(setting).await.map_err(Trouble::from) {
            Err(trouble) if !trouble.is_lost() => {
                tracing::debug!(setting, cause = trouble.cause(), "the database does not take a setting");
                Ok(())
            }
            set => set,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Says something from time to time, until the connection ends.
    pub(super) async fn stay_awake(self: Arc<Self>) {
        loop {
            sleep(AWAKE).await;
            if self.client.batch_execute("").await.is_err() {
                return;
            }
        }
    }

    /// What the server has made of a statement, now or earlier.
    async fn statement(&self, sql: &Arc<str>) -> Result<Statement, Trouble> {
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = limited(async { Ok(self.client.prepare(sql).await?) }).await?;
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(statements.entry(Arc::clone(sql)).or_insert(statement).clone())
    }

    /// Runs a statement that has no places, such as one that begins or ends a transaction.
    pub(super) async fn command(&self, sql: &str) -> Result<(), Trouble> {
        limited(async { Ok(self.client.batch_execute(sql).await?) }).await
    }

    /// The rows that a statement gives, all of them at once.
    pub(super) async fn rows(&self, request: &Request) -> Result<Vec<Row>, Trouble> {
        let mut stream = Box::pin(self.stream(request).await?);
        let mut rows = Vec::new();
        while let Some(row) = within(request.patience, async { Ok(stream.try_next().await?) }).await? {
            rows.push(row);
        }
        Ok(rows)
    }

    /// The one row that a statement gives.
    pub(super) async fn row(&self, request: &Request) -> Result<Row, Trouble> {
        let first = self.rows(request).await?.into_iter().next();
        first.ok_or_else(|| no_row_of(request))
    }

    /// Runs a statement, and says how many rows it has found.
    pub(super) async fn execute(&self, request: &Request) -> Result<u64, Trouble> {
        let statement = self.statement(&request.sql).await?;
        limited(async { Ok(self.client.execute_raw(&statement, &request.params).await?) }).await
    }

    /// The rows that a statement gives, one after the other.
    pub(super) async fn stream(&self, request: &Request) -> Result<RowStream, Trouble> {
        let statement = self.statement(&request.sql).await?;
        within(request.patience, async { Ok(self.client.query_raw(&statement, &request.params).await?) })
            .await
    }

    /// Has the server learn statements, so that nothing is waited for in the midst of them.
    pub(super) async fn learn(&self, requests: &[&Request]) -> Result<(), Trouble> {
        for request in requests {
            self.statement(&request.sql).await?;
        }
        Ok(())
    }

    /// Asks two things without waiting in between.
    pub(super) async fn ask_both(
        &self,
        one: &Request,
        other: &Request,
    ) -> Result<(Result<Vec<Row>, Trouble>, Row), Trouble> {
        self.learn(&[one, other]).await?;
        let (one, other) = future::join(self.rows(one), self.row(other)).await;
        Ok((one, other?))
    }

    /// Begins a transaction and asks something in it, without waiting in between.
    pub(super) async fn begin(&self, words: &str, first: &Request) -> Result<Row, Trouble> {
        self.learn(&[first]).await?;
        limited(self.begin_learnt(words, first)).await
    }

    /// The same for what has been learnt, as long as it takes: [`Self::end`] hands it over, and nobody waits yet.
    pub(super) async fn begin_learnt(&self, words: &str, first: &Request) -> Result<Row, Trouble> {
        let statement = self.statement(&first.sql).await?;
        let begun = self.client.batch_execute(words);
        let row = async { pin!(self.client.query_raw(&statement, &first.params).await?).try_next().await };
        let (begun, row) = future::join(begun, row).await;
        begun?;
        row?.ok_or_else(|| no_row_of(first))
    }

    /// Runs statements one after the other, without waiting in between.
    pub(super) async fn run_all(&self, requests: &[Request]) -> Result<(), Trouble> {
        let statements = self.statements_of(requests).await?;
        self.await_all(self.start_all(&statements, requests).await?).await
    }

    /// Runs statements one after the other and ends their transaction with `last`, without waiting in between. Then asks
    /// `question` and hands over `next`, in the same breath; the transaction is over whatever becomes of these, and nobody
    /// waits for `next`.
    ///
    /// Where the connection is lost, nobody knows what was done of the statements. After any other trouble the transaction
    /// comes to nothing, whatever `last` says.
    pub(super) async fn end<N: Future + Unpin>(
        &self,
        requests: &[Request],
        last: &str,
        question: Option<&Request>,
        next: Option<N>,
    ) -> Result<(Answer, Option<HandedOver<N>>), Trouble> {
        self.learn(question.as_slice()).await?;
        let statements = self.statements_of(requests).await?;
        // Each is handed to the connection before the next, so the server takes them in this order.
        let running = self.start_all(&statements, requests).await?;
        let ending = handed_over(Box::pin(self.client.batch_execute(last))).await;
        let asking = question.map(|question| handed_over(Box::pin(self.rows(question))));
        let asking = OptionFuture::from(asking).await;
        let next = OptionFuture::from(next.map(handed_over)).await;
        self.await_all(running).await?;
        limited(async { Ok(ending.await?) }).await?;
        Ok((OptionFuture::from(asking).await, next))
    }

    async fn statements_of(&self, requests: &[Request]) -> Result<Vec<Statement>, Trouble> {
        let mut statements = Vec::with_capacity(requests.len());
        for request in requests {
            statements.push(self.statement(&request.sql).await?);
        }
        Ok(statements)
    }

    /// Hands statements to the connection, in this order. After an error it has not been given all of them.
    async fn start_all<'r>(
        &'r self,
        statements: &'r [Statement],
        requests: &'r [Request],
    ) -> Result<Vec<Running<'r>>, Trouble> {
        let mut all = Vec::with_capacity(requests.len());
        for (statement, request) in statements.iter().zip(requests) {
            let work: Work<'r, _> = Box::pin(self.client.execute_raw(statement, &request.params));
            match handed_over(work).await {
                // What can't even be sent must not be missing in a transaction that is kept.
                Either::Left(done) => {
                    done.await?;
                }
                Either::Right(running) => all.push(Running { running, request }),
            }
        }
        Ok(all)
    }

    async fn await_all(&self, all: Vec<Running<'_>>) -> Result<(), Trouble> {
        for Running { running, request } in all {
            let done = within(request.patience, async { Ok(running.await?) }).await;
            done.map_err(|trouble: Trouble| trouble.about(request.table))?;
        }
        Ok(())
    }
}

/// What was answered to a question, if one was asked.
pub(super) type Answer = Option<Result<Vec<Row>, Trouble>>;

/// A statement that the server has been given.
struct Running<'r> {
    running: Work<'r, Result<u64, tokio_postgres::Error>>,
    request: &'r Request,
}

/// Something that is asked of a connection.
type Work<'r, T> = Pin<Box<dyn Future<Output = T> + Send + 'r>>;

/// The same once the connection has it, behind all that it was given before.
pub(super) type HandedOver<W> = Either<Ready<<W as Future>::Output>, W>;

fn no_row_of(request: &Request) -> Trouble {
    Trouble::of(Unavailable::Storage { cause: format!("no row comes of {}", request.sql) })
}

/// Hands `work` over to the connection, which has it when it was polled once.
async fn handed_over<W: Future + Unpin>(mut work: W) -> HandedOver<W> {
    match poll!(&mut work) {
        Poll::Ready(done) => Either::Left(future::ready(done)),
        Poll::Pending => Either::Right(work),
    }
}

/// Waits for the server as long as it may take to say something.
pub(super) async fn limited<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    within(SILENCE, work).await
}

/// Waits for it as long as `patience` lasts.
pub(super) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    timeout(patience, work).await.unwrap_or_else(|_| Err(Trouble::silence(patience)))
}
