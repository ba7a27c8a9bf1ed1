//! The life of one connection: handshake, protocol, requests, end.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::edge::PeerAddress;
use crate::exchange::Exchanges;
use crate::link::{Link, Order, Verdict};
use crate::opening::{Opening, Unopened};
use crate::refusal::{self, Refusal};
use crate::service::EdgeService;
use crate::settings::EdgeSettings;
use crate::stats::EdgeStats;
use crate::tls::Tls;
use crate::wire::Wire;

/// Bytes that hyper buffers per HTTP/1 connection or HTTP/2 stream; a head is a quarter of that at most.
const BUFFER_LIMIT: usize = 64 * 1024;

/// What all connections of an edge share.
pub(crate) struct Protocols {
    settings: Arc<EdgeSettings>,
    stats: Arc<EdgeStats>,
    tls: Option<Tls>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Protocols {
    pub(crate) fn new(settings: Arc<EdgeSettings>, stats: Arc<EdgeStats>, tls: Option<Tls>) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            // The wire watches the clock: hyper's timer starts with the wait, not with the first byte.
            .header_read_timeout(None)
            .max_buf_size(BUFFER_LIMIT);
        let limits = &settings.http2;
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.max_concurrent_streams)
            .max_header_list_size(limits.max_header_list_bytes)
            .initial_stream_window_size(limits.stream_window_bytes)
            .initial_connection_window_size(limits.connection_window_bytes)
            .max_pending_accept_reset_streams(limits.max_pending_resets)
            .max_local_error_reset_streams(limits.max_error_resets)
            .max_send_buf_size(BUFFER_LIMIT)
            .keep_alive_interval(limits.ping_interval)
            .keep_alive_timeout(limits.ping_timeout);
        Self { settings, stats, tls, http1, http2 }
    }

    pub(crate) fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves one connection to its end.
    pub(crate) async fn serve<S: EdgeService>(
        &self,
        stream: TcpStream,
        peer: PeerAddress,
        link: Arc<Link>,
        service: S,
    ) {
        let exchanges = Exchanges {
            service,
            link: Arc::clone(&link),
            stats: Arc::clone(&self.stats),
            peer,
            body_timeout: self.settings.body_timeout,
        };
        let Some(tls) = &self.tls else {
            return self.speak(stream, link, exchanges).await;
        };
        let handshake = timeout(self.settings.header_timeout, tls.acceptor().accept(stream));
        match unless_ordered(&link, handshake).await {
            Some(Ok(Ok(stream))) => self.speak(stream, link, exchanges).await,
            Some(Ok(Err(_)) | Err(_)) => self.stats.count_failed_handshake(),
            None => {}
        }
    }

    async fn speak<T, S>(&self, mut stream: T, link: Arc<Link>, exchanges: Exchanges<S>)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: EdgeService,
    {
        // ALPN isn't asked: what the client sends decides, so that cleartext HTTP/2 needs no case of its own.
        match unless_ordered(&link, Opening::read(&mut stream, &self.settings)).await {
            Some(Ok(opening)) if opening.is_http2() => {
                let wire = Wire::http2(stream, opening, Arc::clone(&link), Arc::clone(&self.settings));
                self.speak_http2(wire, &link, exchanges).await;
            }
            Some(Ok(opening)) => {
                let wire = Wire::http1(stream, opening, Arc::clone(&link), Arc::clone(&self.settings));
                self.speak_http1(wire, &link, exchanges).await;
            }
            Some(Err(Unopened::TimedOut)) => self.stats.count_timed_out(),
            Some(Err(Unopened::Closed)) | None => {}
        }
    }

    async fn speak_http1<T, S>(&self, wire: Wire<T>, link: &Link, exchanges: Exchanges<S>)
    where
        T: AsyncRead + AsyncWrite + Unpin,
        S: EdgeService,
    {
        let mut connection = self.http1.serve_connection(TokioIo::new(wire), exchanges);
        let end = run(&mut connection, link, http1::Connection::graceful_shutdown).await;
        let wire = connection.into_parts().io.into_inner();
        match end {
            End::Closed if wire.is_mid_request() => refusal::linger(wire.into_stream()).await,
            End::Closed | End::MadeRoom => {}
            End::Judged(Verdict::TimedOut) => self.stats.count_timed_out(),
            End::Judged(Verdict::MalformedTooLate) => self.stats.count_malformed(),
            End::Judged(Verdict::Malformed) => {
                self.stats.count_malformed();
                if let Some(reason) = wire.malformed() {
                    refusal::refuse(wire.into_stream(), Refusal::Malformed(reason)).await;
                }
            }
        }
    }

    async fn speak_http2<T, S>(&self, wire: Wire<T>, link: &Link, exchanges: Exchanges<S>)
    where
        T: AsyncRead + AsyncWrite + Unpin,
        S: EdgeService,
    {
        let mut connection = self.http2.serve_connection(TokioIo::new(wire), exchanges);
        let end = run(&mut connection, link, http2::Connection::graceful_shutdown).await;
        if matches!(end, End::Judged(_)) {
            self.stats.count_timed_out();
        }
        if !matches!(end, End::Closed) {
            // One poll sends the `GOAWAY`; whoever was silent for so long is not waited for.
            Pin::new(&mut connection).graceful_shutdown();
            std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut connection).poll(cx).is_ready())).await;
        }
    }
}

/// How the protocol part of a connection came to its end.
enum End {
    /// hyper is done, be it that it closed the connection or that the connection broke.
    Closed,
    /// The wire found a reason to close.
    Judged(Verdict),
    /// Another connection needs the place.
    MadeRoom,
}

/// Drives a hyper connection until something ends it.
async fn run<C>(connection: &mut C, link: &Link, finish: impl Fn(Pin<&mut C>)) -> End
where
    C: Future<Output = hyper::Result<()>> + Unpin,
{
    loop {
        let end = std::future::poll_fn(|cx| {
            // An error is the client's or the network's, and there is nobody left to tell.
            if Pin::new(&mut *connection).poll(cx).is_ready() {
                return Poll::Ready(End::Closed);
            }
            // The wire is polled by the connection alone, so this is where a verdict of its shows.
            link.verdict().map_or(Poll::Pending, |verdict| Poll::Ready(End::Judged(verdict)))
        });
        tokio::select! {
            biased;
            end = end => return end,
            order = link.next_order() => match order {
                Order::Finish => finish(Pin::new(connection)),
                Order::MakeRoom if link.is_idle() => return End::MadeRoom,
                // A request came in between: whoever wanted the place has to find another.
                Order::MakeRoom => {}
            },
        }
    }
}

/// The outcome of `work`, which is before the first request: any order to leave ends it.
async fn unless_ordered<F: Future>(link: &Link, work: F) -> Option<F::Output> {
    let work = pin!(work);
    tokio::select! {
        biased;
        output = work => Some(output),
        _ = link.next_order() => None,
    }
}
