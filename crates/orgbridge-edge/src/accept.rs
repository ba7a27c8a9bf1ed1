//! Who gets in.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::connection::Protocols;
use crate::crowd::Crowd;
use crate::edge::{Edge, PeerAddress};
use crate::link::Link;
use crate::refusal::{self, Refusal};
use crate::service::EdgeService;
use crate::settings::EdgeSettings;
use crate::stats::EdgeStats;
use crate::tls::Tls;

/// How many connections beyond the cap may wait for a place, or be told that there is none. They cost a
/// descriptor and a small task each; whoever comes on top of them is cut off without a word.
const LOBBY: usize = 64;

/// How often a connection that waits for a place has an idle one evicted, and how long it waits after each
/// time: long enough for the evicted one to go, too short for those who wait to pile up.
const EVICTIONS: usize = 5;
const PATIENCE: Duration = Duration::from_millis(50);

/// How long to wait for descriptors or memory when the system has none to give.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Accepts connections until `stop`, then waits for those that are open.
pub(crate) async fn run<S: EdgeService>(edge: Edge, service: S, stop: CancellationToken) {
    let Edge { listener, tls, settings, stats } = edge;
    let drain_timeout = settings.drain_timeout;
    let house = Arc::new(House::new(settings, stats, tls));
    let mut tasks = JoinSet::new();
    let mut is_short_of_resources = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(done) = tasks.join_next() => {
                report_panic(done);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                is_short_of_resources = false;
                house.admit(&mut tasks, stream, PeerAddress(address), service.clone());
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Told once, not twenty times a second for as long as it lasts.
                if !std::mem::replace(&mut is_short_of_resources, true) {
                    tracing::error!(%error, "cannot accept connections");
                }
                house.make_room();
                sleep(BACK_OFF).await;
            }
        }
    }
    drop(listener);
    house.crowd.finish_all();
    let drained = async {
        while let Some(done) = tasks.join_next().await {
            report_panic(done);
        }
    };
    if timeout(drain_timeout, drained).await.is_err() {
        tracing::warn!(
            connections = tasks.len(),
            "requests were still under way when the time to finish was over"
        );
    }
}

/// What it takes to let a connection in.
struct House {
    protocols: Protocols,
    stats: Arc<EdgeStats>,
    crowd: Arc<Crowd>,
    places: Arc<Semaphore>,
    lobby: Arc<Semaphore>,
    epoch: Instant,
}

impl House {
    fn new(settings: EdgeSettings, stats: Arc<EdgeStats>, tls: Option<Tls>) -> Self {
        Self {
            places: Arc::new(Semaphore::new(settings.max_connections.min(Semaphore::MAX_PERMITS))),
            lobby: Arc::new(Semaphore::new(LOBBY)),
            protocols: Protocols::new(Arc::new(settings), Arc::clone(&stats), tls),
            stats,
            crowd: Arc::default(),
            epoch: Instant::now(),
        }
    }

    fn admit<S: EdgeService>(
        self: &Arc<Self>,
        tasks: &mut JoinSet<()>,
        stream: TcpStream,
        peer: PeerAddress,
        service: S,
    ) {
        self.stats.count_accepted();
        // hyper writes an answer in one piece; to wait for more would only delay it. It fails if the client
        // has gone.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let house = Arc::clone(self);
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            tasks.spawn(async move { house.serve(stream, peer, place, service).await });
        } else if let Ok(seat) = Arc::clone(&self.lobby).try_acquire_owned() {
            tasks.spawn(async move {
                if let Some(place) = house.wait_for_place().await {
                    drop(seat);
                    house.serve(stream, peer, place, service).await;
                } else {
                    house.turn_away(stream).await;
                }
            });
        } else {
            self.stats.count_refused();
        }
    }

    async fn serve<S: EdgeService>(
        &self,
        stream: TcpStream,
        peer: PeerAddress,
        place: OwnedSemaphorePermit,
        service: S,
    ) {
        let link = Arc::new(Link::new(self.epoch));
        let _open = self.stats.count_open(place);
        let _membership = self.crowd.join(Arc::clone(&link));
        self.protocols.serve(stream, peer, link, service).await;
    }

    async fn wait_for_place(&self) -> Option<OwnedSemaphorePermit> {
        let mut place = pin!(Arc::clone(&self.places).acquire_owned());
        for _ in 0..EVICTIONS {
            self.make_room();
            if let Ok(place) = timeout(PATIENCE, &mut place).await {
                return place.ok();
            }
        }
        None
    }

    fn make_room(&self) {
        if self.crowd.evict_one() {
            self.stats.count_evicted();
        }
    }

    async fn turn_away(&self, stream: TcpStream) {
        self.stats.count_refused();
        // Behind TLS a word would cost a handshake, and that is what there is no room for.
        if !self.protocols.has_tls() {
            refusal::refuse(stream, Refusal::TooManyConnections).await;
        }
    }
}

/// Whether an error of `accept` concerns the connection that was to be accepted, which is gone, and not the
/// listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

fn report_panic(done: Result<(), JoinError>) {
    // Without the message: the panic hook has reported it, and it may quote what a client sent.
    if let Err(error) = done {
        tracing::error!(task = %error.id(), "a connection ended in a panic");
    }
}
