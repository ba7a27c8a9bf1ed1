//! Clients that hold connections and do nothing with them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::Failure;

/// How long a crowd may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many connect at the same time.
const AT_A_TIME: usize = 100;

/// The line that ends it is missing.
const HALF_A_HEAD: &[u8] = b"GET /api/v2/openapi.json HTTP/1.1\r\nHost: localhost\r\n";

/// Connections that are there until this is dropped. One that the server closes is opened again.
#[derive(Debug)]
pub(crate) struct Crowd {
    leave: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Comes together: of `idle` connections every other one never says a word, the rest say nothing more after a line
    /// break between requests; on `half_open` ones, half a head has come.
    pub(crate) fn gather(server: SocketAddr, idle: usize, half_open: usize) -> Result<Self, Failure> {
        let (leave, left) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let here = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&here);
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                let connecting = Arc::new(tokio::sync::Semaphore::new(AT_A_TIME));
                let mut everybody = JoinSet::new();
                for number in 0..idle + half_open {
                    let opening = match number {
                        _ if number >= idle => HALF_A_HEAD,
                        _ if number.is_multiple_of(2) => b"\r\n",
                        _ => b"",
                    };
                    everybody.spawn(stay(server, opening, Arc::clone(&connecting), Arc::clone(&counted)));
                }
                // Nothing is ever sent: it ends when the other side is dropped.
                let _ = left.await;
            });
        });
        let crowd = Self { leave: Some(leave), thread: Some(thread) };
        let began = Instant::now();
        while here.load(Ordering::Relaxed) < idle + half_open {
            if began.elapsed() > PATIENCE {
                return Err(format!("only {} connections are there", here.load(Ordering::Relaxed)).into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(crowd)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        drop(self.leave.take());
        if let Some(thread) = self.thread.take() {
            // It had nothing to return, and whether it panicked matters no more.
            let _ = thread.join();
        }
    }
}

/// Holds one connection after the other. `here` counts those that were ever open.
async fn stay(
    server: SocketAddr,
    opening: &'static [u8],
    connecting: Arc<tokio::sync::Semaphore>,
    here: Arc<AtomicUsize>,
) {
    let mut is_first = true;
    loop {
        // The semaphore is never closed.
        let Ok(permit) = connecting.acquire().await else { return };
        let Ok(mut stream) = TcpStream::connect(server).await else { continue };
        let is_sent = stream.write_all(opening).await.is_ok();
        drop(permit);
        if is_sent && std::mem::take(&mut is_first) {
            here.fetch_add(1, Ordering::Relaxed);
        }
        // Until it is closed: nothing is ever asked for.
        while stream.read(&mut [0; 512]).await.is_ok_and(|length| length > 0) {}
    }
}
