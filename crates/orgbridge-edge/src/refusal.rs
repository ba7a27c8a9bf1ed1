//! Answers that the edge gives itself.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::guard::Malformed;

/// How long a client that was answered too early may take to end what it sends.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// How much of what a refused client still sends is read, to let it read in turn.
const LINGER_BYTES: usize = 16 * 1024 * 1024;

/// Why a request is refused before it reaches the service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    Malformed(Malformed),
    TooManyConnections,
}

impl Refusal {
    /// The answer as an HTTP/1.1 message after which the connection closes.
    fn to_http1(self) -> String {
        let (status, content) = (self.status(), self.to_json());
        let length = content.len();
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{content}"
        )
    }

    /// The answer on a stream of an HTTP/2 connection, which stays open.
    pub(crate) fn to_response<B>(self, into_body: impl FnOnce(Bytes) -> B) -> Response<B> {
        let mut response = Response::new(into_body(Bytes::from(self.to_json())));
        *response.status_mut() = self.status();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::TooManyConnections => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn to_json(self) -> String {
        // The texts are our own and hold nothing that JSON would escape.
        match self {
            Self::Malformed(reason) => format!(r#"{{"errors":["Bad Request","{reason}"]}}"#),
            Self::TooManyConnections => {
                r#"{"errors":["Service Unavailable","too many connections; close some, or try again later"]}"#
                    .to_owned()
            }
        }
    }
}

/// Sends a refusal and closes the connection so that the client can read it.
pub(crate) async fn refuse<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T, refusal: Refusal) {
    let message = refusal.to_http1();
    if let Ok(Ok(())) = timeout(LINGER, stream.write_all(message.as_bytes())).await {
        linger(stream).await;
    }
}

/// Closes a connection whose client may be still sending, so that it can read what it was answered.
///
/// A socket that is closed with unread bytes resets the connection, and a reset takes the answer from the
/// client's buffers. So the write side closes first, and what comes is read until the client closes too.
///
/// Source: RFC 9112, section 9.6.
pub(crate) async fn linger<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T) {
    let discard = async {
        // hyper may have closed it already.
        let _ = stream.shutdown().await;
        let mut waste = [0; 4096];
        let mut total = 0;
        while total < LINGER_BYTES {
            match stream.read(&mut waste).await {
                Ok(0) | Err(_) => break,
                Ok(count) => total += count,
            }
        }
    };
    // A client that neither reads nor closes has had its chance.
    let _ = timeout(LINGER, discard).await;
}
