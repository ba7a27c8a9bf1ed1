//! The content of a request.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::deadlines::Alarm;
use crate::link::Link;
use crate::refusal::LINGER;

/// How much of a content that nobody reads is taken in before the answer.
const UNREAD_BYTES: usize = 256 * 1024;

/// The content of a request, as it arrives, until [`body_timeout`](crate::EdgeSettings::body_timeout).
///
/// Its size is not limited here: the limit depends on the route.
#[derive(Debug)]
pub struct EdgeBody {
    /// There until it is dropped.
    incoming: Option<Incoming>,
    /// Set for HTTP/2 alone. On HTTP/1 the wire watches over the one request that may be arriving.
    deadline: Option<Instant>,
    alarm: Alarm,
    /// Who is told when the last chunk has been read. Set for chunks on HTTP/1 alone.
    reader_of_chunks: Option<Arc<Link>>,
    /// Where what nobody has read is left. Set for content on HTTP/2 alone.
    unread: Option<Unread>,
}

impl EdgeBody {
    /// The content of an HTTP/1 request on the connection of `link`.
    pub(crate) fn http1(incoming: Incoming, link: &Arc<Link>) -> Self {
        let is_chunked = incoming.size_hint().exact().is_none();
        link.note_unread_chunks(is_chunked);
        let reader_of_chunks = is_chunked.then(|| Arc::clone(link));
        let alarm = Alarm::default();
        Self { incoming: Some(incoming), deadline: None, alarm, reader_of_chunks, unread: None }
    }

    /// An HTTP/2 request without content.
    pub(crate) fn empty(incoming: Incoming) -> Self {
        let alarm = Alarm::default();
        Self { incoming: Some(incoming), deadline: None, alarm, reader_of_chunks: None, unread: None }
    }

    /// The content of an HTTP/2 request. What nobody has read of it is left at `unread` in the end.
    pub(crate) fn http2(incoming: Incoming, deadline: Instant, unread: Option<Unread>) -> Self {
        let mut body = Self::empty(incoming);
        body.deadline = Some(deadline);
        body.unread = unread;
        body
    }
}

impl Body for EdgeBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let Some(incoming) = &mut this.incoming else { return Poll::Ready(None) };
        match (Pin::new(incoming).poll_frame(cx), this.deadline) {
            (Poll::Ready(frame), _) => {
                if let (None, Some(link)) = (&frame, &this.reader_of_chunks) {
                    link.note_unread_chunks(false);
                }
                Poll::Ready(frame.map(|frame| Ok(frame?)))
            }
            (Poll::Pending, Some(deadline)) => {
                ready!(this.alarm.poll_past(cx, deadline));
                // It has been waited for long enough.
                this.unread = None;
                Poll::Ready(Some(Err(BodyError::TimedOut)))
            }
            (Poll::Pending, None) => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for EdgeBody {
    fn drop(&mut self) {
        if let (Some(unread), Some(incoming)) = (&self.unread, self.incoming.take()) {
            unread.leave(incoming);
        }
    }
}

/// Where a service leaves the content that it doesn't want, for [`TakingIn`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Unread(Arc<Mutex<Option<Incoming>>>);

impl Unread {
    fn leave(&self, incoming: Incoming) {
        if !incoming.is_end_stream() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(incoming);
        }
    }

    /// What was left, if anything was.
    pub(crate) fn take_in(&self) -> Option<TakingIn> {
        let incoming = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let (deadline, alarm) = (Instant::now() + LINGER, Alarm::default());
        Some(TakingIn { incoming, bytes_left: UNREAD_BYTES, deadline, alarm })
    }
}

/// Content that nobody wants, on its way in.
///
/// A server may answer early and reset the stream, but there are clients that then show no answer, as with a
/// connection that is closed too early on HTTP/1. So the answer waits for the content, within limits.
///
/// Source: RFC 9113, section 8.1.
#[derive(Debug)]
pub(crate) struct TakingIn {
    incoming: Incoming,
    bytes_left: usize,
    deadline: Instant,
    alarm: Alarm,
}

impl TakingIn {
    /// Ready once all is in, or enough, or it takes too long.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.alarm.poll_past(cx, self.deadline).is_ready() {
            return Poll::Ready(());
        }
        while let Some(Ok(frame)) = ready!(Pin::new(&mut self.incoming).poll_frame(cx)) {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            match self.bytes_left.checked_sub(bytes) {
                Some(left) => self.bytes_left = left,
                None => break,
            }
        }
        Poll::Ready(())
    }
}

/// Why the content of a request is incomplete. It is the client's doing either way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The content was not complete in time.
    #[error("the content of the request did not arrive in time")]
    TimedOut,
    /// The client broke off, or broke the protocol.
    #[error("the content of the request is incomplete")]
    Broken(#[from] hyper::Error),
}
