//! How long and how many.

use std::time::Duration;

/// The limits of an [`Edge`](crate::Edge). The defaults suit a public listener.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EdgeSettings {
    /// From the first byte of a request until its head is complete; also for a TLS handshake. Default: 10 s.
    pub header_timeout: Duration,
    /// From the end of a head until the content is complete. Default: 30 s.
    pub body_timeout: Duration,
    /// Until the first byte of the first or of the next request. Default: 75 s.
    pub idle_timeout: Duration,
    /// Without progress while an answer waits for its reader. Default: 30 s.
    pub write_timeout: Duration,
    /// Connections served at the same time, handshakes included. Each needs a file descriptor. Default: 4096.
    pub max_connections: usize,
    /// From the call to stop until requests still under way are cut off. Default: 25 s, because what sends
    /// SIGTERM commonly kills after 30.
    pub drain_timeout: Duration,
    /// What concerns HTTP/2 alone.
    pub http2: Http2Settings,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            max_connections: 4096,
            drain_timeout: Duration::from_secs(25),
            http2: Http2Settings::default(),
        }
    }
}

/// The limits of one HTTP/2 connection. What exceeds them ends in a reset stream or a `GOAWAY`.
///
/// Floods of `CONTINUATION`, of empty `DATA` and of pings are bounded by h2 itself since 0.4.16.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Http2Settings {
    /// Requests under way at the same time. Default: 128.
    pub max_concurrent_streams: u32,
    /// Bytes of a request's header fields, each with 32 bytes on top as RFC 9113 (6.5.2) counts. Default: 16
    /// KiB.
    pub max_header_list_bytes: u32,
    /// Bytes of content that a client may send on one stream before the service has read any. Default: 64
    /// KiB.
    pub stream_window_bytes: u32,
    /// The same for all streams together, and so the memory that unread content takes. Default: 1 MiB.
    pub connection_window_bytes: u32,
    /// Streams that the client has reset before the service saw them ("rapid reset"). Default: 20.
    pub max_pending_resets: usize,
    /// Streams that we have reset for the client's errors. Default: 256.
    pub max_error_resets: usize,
    /// Silence after which a ping asks whether the client is still there. Default: 30 s.
    pub ping_interval: Duration,
    /// How long the answer to a ping may take. Default: 20 s.
    pub ping_timeout: Duration,
}

impl Default for Http2Settings {
    fn default() -> Self {
        Self {
            max_concurrent_streams: 128,
            max_header_list_bytes: 16 * 1024,
            stream_window_bytes: 64 * 1024,
            connection_window_bytes: 1024 * 1024,
            max_pending_resets: 20,
            max_error_resets: 256,
            ping_interval: Duration::from_secs(30),
            ping_timeout: Duration::from_secs(20),
        }
    }
}
