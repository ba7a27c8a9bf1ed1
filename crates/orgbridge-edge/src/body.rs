//! The content of a request.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::deadlines::Alarm;

/// The content of a request, as it arrives, until [`body_timeout`](crate::EdgeSettings::body_timeout).
///
/// Its size is not limited here: the limit depends on the route.
#[derive(Debug)]
pub struct EdgeBody {
    incoming: Incoming,
    /// Set for HTTP/2 alone. On HTTP/1 the wire watches over the one request that may be arriving.
    deadline: Option<Instant>,
    alarm: Alarm,
}

impl EdgeBody {
    pub(crate) fn new(incoming: Incoming, deadline: Option<Instant>) -> Self {
        Self { incoming, deadline, alarm: Alarm::default() }
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
            (Poll::Ready(frame), _) => Poll::Ready(frame.map(|frame| Ok(frame?))),
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
