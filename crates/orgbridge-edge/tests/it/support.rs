//! A served edge, and clients that say exactly what a test wants.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use http_body::Frame;
use http_body_util::BodyExt as _;
use orgbridge_edge::{Edge, EdgeSettings, EdgeStats, PeerAddress, Tls};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// No test waits longer than this for anything that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A timeout short enough to wait for.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// Settings in which nothing times out within a test, but what the test makes short.
pub(crate) fn patient() -> EdgeSettings {
    let long = Duration::from_secs(60);
    EdgeSettings {
        header_timeout: long,
        body_timeout: long,
        idle_timeout: long,
        write_timeout: long,
        drain_timeout: PATIENCE,
        ..EdgeSettings::default()
    }
}

/// An edge in front of a few routes: `GET /` says hello, `POST /echo` returns what it gets or 400, `GET
/// /peer` says who asks, `GET /wait` answers when the test lets it, `GET /large` answers 64 MiB, `GET /panic`
/// does.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) stats: Arc<EdgeStats>,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
    /// Notified when `/wait` is called.
    pub(crate) waiting: Arc<Notify>,
    /// Lets `/wait` answer.
    pub(crate) go_on: Arc<Notify>,
}

impl Served {
    pub(crate) async fn with(settings: EdgeSettings) -> Self {
        Self::with_tls(None, settings).await
    }

    pub(crate) async fn with_tls(tls: Option<Tls>, settings: EdgeSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let edge = Edge::new(listener, tls, settings);
        let (stop, stats, address) = (CancellationToken::new(), edge.stats(), edge.local_addr().unwrap());
        let (waiting, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let router = router(Arc::clone(&waiting), Arc::clone(&go_on));
        let task = tokio::spawn(edge.serve(router, stop.clone()));
        Self { address, stats, stop, task, waiting, go_on }
    }

    pub(crate) async fn connect(&self) -> Client<TcpStream> {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends `request` on a connection of its own and returns all that comes back.
    pub(crate) async fn exchange(&self, request: &[u8]) -> String {
        let mut client = self.connect().await;
        client.send(request).await;
        client.read_to_end().await
    }

    /// Stops the edge and waits for it.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.expect("the edge stops").unwrap();
    }
}

fn router(waiting: Arc<Notify>, go_on: Arc<Notify>) -> Router {
    let wait = move || async move {
        waiting.notify_one();
        go_on.notified().await;
        "waited"
    };
    let echo = |body: Body| async {
        match body.collect().await {
            Ok(body) => (StatusCode::OK, body.to_bytes()),
            Err(_) => (StatusCode::BAD_REQUEST, Bytes::from_static(b"broken content")),
        }
    };
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route(
            "/peer",
            get(|Extension(PeerAddress(address)): Extension<PeerAddress>| async move { address.to_string() }),
        )
        .route("/echo", post(echo))
        .route("/ignore", post(|| async { "ignored" }))
        .route("/wait", get(wait))
        .route("/large", get(|| async { Body::new(Chunks(1024)) }))
        .route("/panic", get(fail))
}

async fn fail() -> &'static str {
    panic!("as asked")
}

/// Content of so many chunks of 64 KiB.
struct Chunks(usize);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 64 * 1024] = [b'x'; 64 * 1024];
        let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(None) };
        self.0 = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&CHUNK)))))
    }
}

/// Content that never comes.
pub(crate) struct Never;

impl http_body::Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// One end of a connection, with a bound on every wait.
pub(crate) struct Client<T>(pub(crate) T);

impl<T: AsyncRead + AsyncWrite + Unpin> Client<T> {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        bounded(self.0.write_all(bytes)).await.unwrap();
    }

    /// Everything until the server closes; what was read if it resets.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut text = Vec::new();
        let _ = bounded(self.0.read_to_end(&mut text)).await;
        String::from_utf8_lossy(&text).into_owned()
    }

    /// One response with a `content-length`.
    pub(crate) async fn read_response(&mut self) -> String {
        let mut text = Vec::new();
        loop {
            let mut byte = [0];
            bounded(self.0.read_exact(&mut byte)).await.unwrap();
            text.extend_from_slice(&byte);
            if text.ends_with(b"\r\n\r\n") {
                break;
            }
        }
        let mut text = String::from_utf8(text).unwrap();
        let length = text
            .split("content-length: ")
            .nth(1)
            .map_or(0, |rest| rest.split('\r').next().unwrap().parse().unwrap());
        let mut content = vec![0; length];
        bounded(self.0.read_exact(&mut content)).await.unwrap();
        text.push_str(std::str::from_utf8(&content).unwrap());
        text
    }

    /// Waits until the server closes, saying nothing more; returns how long it took.
    pub(crate) async fn wait_for_close(&mut self) -> Duration {
        let start = Instant::now();
        assert_eq!(self.read_to_end().await, "");
        start.elapsed()
    }
}

pub(crate) async fn bounded<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("it happens in time")
}

/// Waits until `condition` holds.
pub(crate) async fn eventually(condition: impl Fn() -> bool) {
    bounded(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// The status of the first response in `text`, and its content.
pub(crate) fn status_and_content(text: &str) -> (u16, &str) {
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, text.split_once("\r\n\r\n").map_or("", |(_, content)| content))
}
