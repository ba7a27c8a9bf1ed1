//! What the metrics read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use tokio::sync::OwnedSemaphorePermit;

/// Counters of an [`Edge`](crate::Edge) since its start. Each is exact; between them they may be an instant
/// apart.
#[derive(Debug, Default)]
pub struct EdgeStats {
    open: AtomicUsize,
    accepted: AtomicU64,
    evicted: AtomicU64,
    refused: AtomicU64,
    malformed: AtomicU64,
    timed_out: AtomicU64,
    failed_handshakes: AtomicU64,
}

impl EdgeStats {
    /// Connections served now; never more than [`max_connections`](crate::EdgeSettings::max_connections).
    pub fn open_connections(&self) -> usize {
        self.open.load(Relaxed)
    }

    /// Connections accepted, refused ones included.
    pub fn accepted_connections(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    /// Idle connections closed to make room for new ones.
    pub fn evicted_connections(&self) -> u64 {
        self.evicted.load(Relaxed)
    }

    /// Connections refused because too many were busy.
    pub fn refused_connections(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// HTTP/1 connections closed and HTTP/2 requests refused because a request was malformed.
    pub fn malformed_requests(&self) -> u64 {
        self.malformed.load(Relaxed)
    }

    /// Connections closed because a client was silent for too long; idle ones are among them.
    pub fn timed_out_connections(&self) -> u64 {
        self.timed_out.load(Relaxed)
    }

    /// TLS handshakes that failed or took too long.
    pub fn failed_handshakes(&self) -> u64 {
        self.failed_handshakes.load(Relaxed)
    }

    pub(crate) fn count_accepted(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_evicted(&self) {
        self.evicted.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_malformed(&self) {
        self.malformed.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_timed_out(&self) {
        self.timed_out.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_failed_handshake(&self) {
        self.failed_handshakes.fetch_add(1, Relaxed);
    }

    /// Counts a connection as open until what is returned is dropped, and with it the place that it takes.
    pub(crate) fn count_open(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Open {
        self.open.fetch_add(1, Relaxed);
        Open { stats: Arc::clone(self), _place: place }
    }
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Open {
    stats: Arc<EdgeStats>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stats.open.fetch_sub(1, Relaxed);
    }
}
