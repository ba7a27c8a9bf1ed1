//! Hints: a word to the other processes that something was committed, on a connection of its own.
//!
//! They are sent after the commit, since inside of it they would cost most of the rate of commits, and as many as come
//! together are one. Nothing depends on them: whoever misses one learns of the commit when it looks by itself.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::sleep;
use tokio_postgres::Client;

use super::address::PostgresAddress;
use super::driver::Driver;
use super::session::limited;
use super::trouble::Trouble;
use super::{connect, words};
use crate::storage::Wake;

/// How long to wait before the connection is made again.
const PAUSE: Duration = Duration::from_secs(1);

/// Where hints go, and where they come from.
pub(super) struct Hints {
    driver: Arc<Driver>,
    address: Arc<PostgresAddress>,
    shared: Arc<Shared>,
    is_started: bool,
}

struct Shared {
    /// Something was committed here.
    committed: Notify,
    /// Who is told that something was committed elsewhere.
    wake: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
    /// Our name, by which we know our own hints. Two processes with one name would only miss those of each other.
    name: u64,
}

impl Hints {
    pub(super) fn new(driver: Arc<Driver>, address: Arc<PostgresAddress>) -> Self {
        let name = RandomState::new().hash_one(std::process::id());
        let shared = Arc::new(Shared { committed: Notify::new(), wake: Mutex::default(), name });
        Self { driver, address, shared, is_started: false }
    }

    /// Has `wake` called when a hint of another process comes, and whenever one may have been missed.
    pub(super) fn listen(&mut self, wake: Wake) {
        *self.shared.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::from(wake));
        self.start();
    }

    /// Sends a hint.
    pub(super) fn send(&mut self) {
        self.start();
        self.shared.committed.notify_one();
    }

    fn start(&mut self) {
        if !self.is_started {
            self.is_started = true;
            drop(self.driver.start_work(keep_up(Arc::clone(&self.address), Arc::clone(&self.shared))));
        }
    }
}

impl Shared {
    fn wake(&self) {
        let wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(wake) = wake {
            wake();
        }
    }
}

/// Keeps a connection for hints, as long as the database knows of such a thing.
async fn keep_up(address: Arc<PostgresAddress>, shared: Arc<Shared>) {
    loop {
        match exchange(&address, &shared).await {
            Err(trouble) if !trouble.is_lost() => {
                tracing::info!(
                    cause = trouble.cause(),
                    "the database passes on no hints; what other processes commit is found by looking often"
                );
                return;
            }
            Err(trouble) => {
                tracing::debug!(cause = trouble.cause(), "there is no connection for hints");
            }
            Ok(()) => {}
        }
        sleep(PAUSE).await;
    }
}

/// Passes hints on in both directions until the connection ends.
async fn exchange(address: &PostgresAddress, shared: &Arc<Shared>) -> Result<(), Trouble> {
    // It is dropped with the connection's work, when that ends.
    let (alive, mut ended) = oneshot::channel::<()>();
    let name = format!("{:016x}", shared.name);
    let told = {
        let shared = Arc::clone(shared);
        move |hint: tokio_postgres::Notification| {
            let _ = &alive;
            if hint.payload() != name {
                shared.wake();
            }
        }
    };
    let (client, _connection) = limited(connect::connect(address, told)).await?;
    say(&client, words::LISTEN).await?;
    // Whatever was said before is lost.
    shared.wake();
    let notify = words::notify(shared.name);
    loop {
        tokio::select! {
            _ = &mut ended => return Ok(()),
            () = shared.committed.notified() => say(&client, &notify).await?,
        }
    }
}

async fn say(client: &Client, words: &str) -> Result<(), Trouble> {
    limited(async { Ok(client.batch_execute(words).await?) }).await
}
