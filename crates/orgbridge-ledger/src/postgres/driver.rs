//! The thread on which everything is done that waits for a server.
//!
//! A ledger's storage is called by threads of all kinds, some of which belong to a runtime and must not drive another. So
//! what is to be done is handed to a thread with a runtime of its own, and the caller waits for it as for any lock.

use std::future::Future;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// A thread with a runtime. All that runs there ends when it is dropped.
#[derive(Debug)]
pub(super) struct Driver {
    handle: Handle,
    /// Dropped, it ends the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("ledger-postgres".to_owned()).spawn(move || {
            // Nobody ever sends anything: it is over when the other end is gone.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }

    /// Has `work` done there, in the order in which it is given up to where it first waits for something.
    pub(super) fn start_work<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Outcome<T> {
        let _here = self.handle.enter();
        Outcome::of(work)
    }

    /// Has `work` done there until what is returned is dropped.
    pub(super) fn beside(&self, work: impl Future<Output = ()> + Send + 'static) -> Beside {
        Beside(self.handle.spawn(work).abort_handle())
    }

    /// Has `work` done there and waits for it; `None` if it panicked.
    pub(super) fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        self.start_work(work).wait()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.stop.take());
        // What it works on may be the last to hold it.
        let is_it = |thread: &JoinHandle<()>| thread.thread().id() == thread::current().id();
        if let Some(thread) = self.thread.take().filter(|thread| !is_it(thread))
            && thread.join().is_err()
        {
            tracing::error!("the thread of the database's connections panicked");
        }
    }
}

/// What work will have come to.
pub(super) struct Outcome<T>(Receiver<T>);

impl<T: Send + 'static> Outcome<T> {
    /// Has `work` go on in the runtime of whoever calls.
    pub(super) fn of(work: impl Future<Output = T> + Send + 'static) -> Self {
        let (sender, outcome) = sync_channel(1);
        tokio::spawn(async move {
            // Whoever wanted to know may have gone away.
            let _ = sender.send(work.await);
        });
        Self(outcome)
    }

    /// Waits for it; `None` if the work panicked.
    pub(super) fn wait(self) -> Option<T> {
        self.0.recv().ok()
    }

    /// The same for no longer than `patience`.
    ///
    /// # Errors
    /// [`RecvTimeoutError`] if it is not done by then, or the work panicked.
    pub(super) fn wait_for(self, patience: Duration) -> Result<T, RecvTimeoutError> {
        self.0.recv_timeout(patience)
    }
}

/// Work that goes on beside, until this is dropped.
#[derive(Debug)]
pub(super) struct Beside(AbortHandle);

impl From<AbortHandle> for Beside {
    fn from(work: AbortHandle) -> Self {
        Self(work)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.0.abort();
    }
}
