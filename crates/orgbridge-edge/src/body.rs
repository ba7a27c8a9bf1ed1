//! The content of a request.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::deadlines::Alarm;
use crate::link::Link;

/// The content of a request, as it arrives, until [`body_timeout`](crate::EdgeSettings::body_timeout).
///
/// Its size is not limited here: the limit depends on the route.
#[derive(Debug)]
pub struct EdgeBody {
    incoming: Incoming,
    /// Set for HTTP/2 alone. On HTTP/1 the wire watches over the one request that may be arriving.
    deadline: Option<Instant>,
    alarm: Alarm,
    /// Who is told when the last chunk has been read. Set for chunks on HTTP/1 alone.
    reader_of_chunks: Option<Arc<Link>>,
}

impl EdgeBody {
    /// The content of an HTTP/1 request on the connection of `link`.
    pub(crate) fn http1(incoming: Incoming, link: &Arc<Link>) -> Self {
        let is_chunked = incoming.size_hint().exact().is_none();
        link.note_unread_chunks(is_chunked);
        let reader_of_chunks = is_chunked.then(|| Arc::clone(link));
        Self { incoming, deadline: None, alarm: Alarm::default(), reader_of_chunks }
    }

    /// The content of an HTTP/2 request.
    pub(crate) fn http2(incoming: Incoming, deadline: Option<Instant>) -> Self {
        Self { incoming, deadline, alarm: Alarm::default(), reader_of_chunks: None }
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
        match (Pin::new(&mut this.incoming).poll_frame(cx), this.deadline) {
            (Poll::Ready(frame), _) => {
                if let (None, Some(link)) = (&frame, &this.reader_of_chunks) {
                    link.note_unread_chunks(false);
                }
                Poll::Ready(frame.map(|frame| Ok(frame?)))
            }
            (Poll::Pending, Some(deadline)) => {
                this.alarm.poll_past(cx, deadline).map(|()| Some(Err(BodyError::TimedOut)))
            }
            (Poll::Pending, None) => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
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
