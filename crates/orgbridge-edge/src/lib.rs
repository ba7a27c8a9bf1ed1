//! Sockets, timers, TLS: everything between the kernel and the first parsed request.
//!
//! [`Edge::serve`] accepts connections and hands their requests to a `tower` service, an axum router for
//! instance. It drives hyper itself, because what comes with the frameworks closes neither half a request nor
//! a silent socket:
//!
//! - every wait has an end ([`EdgeSettings`]): for a head, for content, for the next request, for a slow
//!   reader;
//! - what two HTTP/1 parsers could read differently is refused before hyper sees it ([`guard`]);
//! - connections are capped, and idle ones make room for new ones;
//! - a stop lets requests under way finish, and nothing else.
//!
//! It knows no route and no domain. A refusal that never reaches the service has the same shape as any other
//! error, `{"errors":["Bad Request","the Host header is missing"]}`.
//!
//! # Example
//! ```no_run
//! # async fn run(router: axum::Router) -> std::io::Result<()> {
//! use orgbridge_edge::{Edge, EdgeSettings};
//! use tokio_util::sync::CancellationToken;
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let stop = CancellationToken::new();
//! Edge::new(listener, None, EdgeSettings::default()).serve(router, stop).await;
//! # Ok(())
//! # }
//! ```
//!
//! # Absent on purpose
//! Protocol upgrades and `CONNECT`: an `Upgrade` header is ignored, as RFC 9110 (7.8) allows, and `CONNECT`
//! is refused. Limits on the size of content and on the time of an answer: they depend on the route, so the
//! service has them.

mod accept;
mod body;
mod connection;
mod crowd;
mod deadlines;
mod edge;
mod exchange;
pub mod guard;
mod link;
mod opening;
mod refusal;
mod screen;
mod service;
mod settings;
mod stats;
mod tls;
mod validity;
mod wire;

pub use body::{BodyError, EdgeBody};
pub use edge::{Edge, PeerAddress};
pub use service::EdgeService;
pub use settings::{EdgeSettings, Http2Settings};
pub use stats::EdgeStats;
pub use tls::{Tls, TlsError};
pub use validity::Validity;
