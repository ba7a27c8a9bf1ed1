//! The first bytes of a connection, which tell its protocol.

use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::time::{Instant, timeout_at};

use crate::settings::EdgeSettings;

/// What a client sends first if it speaks HTTP/2. Source: RFC 9113, section 3.4.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// As many bytes as it took to know. They are read again by whoever serves the protocol.
#[derive(Debug)]
pub(crate) struct Opening {
    bytes: [u8; PREFACE.len()],
    len: usize,
    replayed: usize,
    since: Instant,
}

/// Why a connection was over before its protocol was known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unopened {
    /// The client was silent for too long.
    TimedOut,
    /// The client went away.
    Closed,
}

impl Opening {
    /// Reads until the protocol is known. Mostly the first byte decides, since few methods start like the
    /// preface of HTTP/2.
    pub(crate) async fn read<T>(stream: &mut T, settings: &EdgeSettings) -> Result<Self, Unopened>
    where
        T: AsyncRead + Unpin,
    {
        let start = Instant::now();
        let mut opening = Self { bytes: [0; PREFACE.len()], len: 0, replayed: 0, since: start };
        let mut deadline = start + settings.idle_timeout;
        loop {
            let read = timeout_at(deadline, stream.read(&mut opening.bytes[opening.len..]));
            let count = read.await.map_err(|_| Unopened::TimedOut)?.map_err(|_| Unopened::Closed)?;
            if count == 0 {
                return Err(Unopened::Closed);
            }
            if opening.len == 0 {
                opening.since = Instant::now();
                deadline = opening.since + settings.header_timeout;
            }
            opening.len += count;
            if opening.is_http2() || !PREFACE.starts_with(&opening.bytes[..opening.len]) {
                return Ok(opening);
            }
        }
    }

    pub(crate) fn is_http2(&self) -> bool {
        self.bytes[..self.len] == *PREFACE
    }

    /// When the first byte came.
    pub(crate) fn since(&self) -> Instant {
        self.since
    }

    /// Fills `buf` with what was not read again yet. Whether there was anything.
    pub(crate) fn replay(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let waiting = &self.bytes[self.replayed..self.len];
        let count = waiting.len().min(buf.remaining());
        buf.put_slice(&waiting[..count]);
        self.replayed += count;
        count > 0
    }
}
