//! The listener as its user sees it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::accept;
use crate::service::EdgeService;
use crate::settings::EdgeSettings;
use crate::stats::EdgeStats;
use crate::tls::Tls;

/// The address that a request came from, in the extensions of every request.
///
/// It is the other end of the connection: a proxy's, if there is one in front.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PeerAddress(pub SocketAddr);

/// A listener and how it is served.
#[derive(Debug)]
pub struct Edge {
    pub(crate) listener: TcpListener,
    pub(crate) tls: Option<Tls>,
    pub(crate) settings: EdgeSettings,
    pub(crate) stats: Arc<EdgeStats>,
}

impl Edge {
    /// Takes over a bound listener; without `tls` it speaks cleartext. Nothing is accepted before
    /// [`Edge::serve`].
    pub fn new(listener: TcpListener, tls: Option<Tls>, settings: EdgeSettings) -> Self {
        Self { listener, tls, settings, stats: Arc::default() }
    }

    /// The counters, to be read while the edge serves.
    pub fn stats(&self) -> Arc<EdgeStats> {
        Arc::clone(&self.stats)
    }

    /// Where the edge listens: the port, if the system chose it.
    ///
    /// # Errors
    /// What the system says; with a listener that is bound it has nothing to say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is cancelled and the requests under way are answered, or until
    /// [`drain_timeout`](EdgeSettings::drain_timeout) after that. Idle connections close at once.
    ///
    /// HTTP/1.1 and HTTP/2 are told apart by what the client sends, with and without TLS. The service is
    /// cloned for each request and should be cheap to clone. If the returned future is dropped, all
    /// connections are cut.
    pub async fn serve<S: EdgeService>(self, service: S, stop: CancellationToken) {
        accept::run(self, service, stop).await;
    }
}
