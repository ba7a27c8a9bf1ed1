//! One request and its answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Version, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::ServiceExt as _;
use tower::util::Oneshot;

use crate::body::{EdgeBody, TakingIn, Unread};
use crate::edge::PeerAddress;
use crate::guard::{Malformed, is_host};
use crate::link::Link;
use crate::refusal::Refusal;
use crate::service::EdgeService;
use crate::stats::EdgeStats;

/// The service as hyper calls it for one connection.
pub(crate) struct Exchanges<S> {
    pub(crate) service: S,
    pub(crate) link: Arc<Link>,
    pub(crate) stats: Arc<EdgeStats>,
    pub(crate) peer: PeerAddress,
    pub(crate) body_timeout: Duration,
}

impl<S: EdgeService> hyper::service::Service<Request<Incoming>> for Exchanges<S> {
    type Response = Response<AnswerBody<S::Content>>;
    type Error = S::Error;
    type Future = Answering<Oneshot<S, Request<EdgeBody>>, S::Content>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let is_multiplexed = request.version() == Version::HTTP_2;
        let exchange = Exchange::open(Arc::clone(&self.link), is_multiplexed);
        let expects_a_word = request.headers().contains_key(header::EXPECT);
        let mut unread = None;
        let mut request = if is_multiplexed {
            if let Err(malformed) = check_host(&request) {
                self.stats.count_malformed();
                return Answering::Refused {
                    refusal: Refusal::Malformed(malformed),
                    exchange: Some(exchange),
                };
            }
            request.map(|incoming| {
                if incoming.is_end_stream() {
                    return EdgeBody::empty(incoming);
                }
                // Who asks first whether to send content must not be waited for.
                if !expects_a_word {
                    unread = Some(Unread::default());
                }
                EdgeBody::http2(incoming, Instant::now() + self.body_timeout, unread.clone())
            })
        } else {
            request.map(|incoming| EdgeBody::http1(incoming, &self.link))
        };
        request.extensions_mut().insert(self.peer);
        let future = self.service.clone().oneshot(request);
        Answering::Called { future, unread, exchange: Some(exchange) }
    }
}

/// Holds an HTTP/2 request to what the [guard](crate::guard) asks of HTTP/1. Source: RFC 9113, section 8.3.1.
fn check_host<B>(request: &Request<B>) -> Result<(), Malformed> {
    if request.method() == Method::CONNECT {
        return Err(Malformed::Connect);
    }
    let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let mut hosts = request.headers().get_all(header::HOST).iter().map(HeaderValue::as_bytes);
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Malformed::HostRepeated);
    }
    match (authority, host) {
        (None, None) => Err(Malformed::HostMissing),
        (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host) => Err(Malformed::HostDiffers),
        (Some(host), _) | (None, Some(host)) if !is_host(host) => Err(Malformed::HostInvalid),
        _ => Ok(()),
    }
}

/// Counts an exchange in its [`Link`] from the call until nothing of it is left, however it ends.
#[derive(Debug)]
pub(crate) struct Exchange {
    link: Arc<Link>,
    /// One of several on an HTTP/2 connection, where the wire can't see which of them a client refuses to
    /// read.
    is_multiplexed: bool,
    is_answered: bool,
}

impl Exchange {
    fn open(link: Arc<Link>, is_multiplexed: bool) -> Self {
        link.count_called();
        Self { link, is_multiplexed, is_answered: false }
    }

    fn note_answered(&mut self) {
        self.is_answered = true;
        self.link.count_answered();
        self.note_progress();
    }

    /// Whether the connection closes behind the answer, if it is given now.
    fn is_the_last(&self) -> bool {
        !self.is_multiplexed && self.link.closes_behind_answer()
    }

    fn note_progress(&self) {
        if self.is_multiplexed {
            self.link.touch();
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.is_answered {
            self.note_answered();
        }
        self.link.count_finished();
    }
}

pin_project! {
    /// The answer to come. It takes the exchange along.
    #[project = AnsweringProjection]
    pub(crate) enum Answering<F, B> {
        Called { #[pin] future: F, unread: Option<Unread>, exchange: Option<Exchange> },
        TakingIn { content: TakingIn, response: Option<Response<B>>, exchange: Option<Exchange> },
        Refused { refusal: Refusal, exchange: Option<Exchange> },
    }
}

impl<F, B, E> Future for Answering<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<AnswerBody<B>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.as_mut().project() {
            AnsweringProjection::Called { future, unread, exchange } => {
                let response = ready!(future.poll(cx))?;
                match unread.take().and_then(|unread| unread.take_in()) {
                    None => Poll::Ready(Ok(to_answer(response, exchange))),
                    Some(content) => {
                        let (response, exchange) = (Some(response), exchange.take());
                        self.set(Self::TakingIn { content, response, exchange });
                        self.poll(cx)
                    }
                }
            }
            AnsweringProjection::TakingIn { content, response, exchange } => {
                ready!(content.poll_end(cx));
                // It is there until the future is ready, after which nobody polls it.
                let answer = response.take().map(|response| to_answer(response, exchange));
                answer.map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer)))
            }
            AnsweringProjection::Refused { refusal, exchange } => {
                let exchange = answered(exchange);
                let into_body = |text| AnswerBody::Refusal { text: Some(text), exchange };
                Poll::Ready(Ok(refusal.to_response(into_body)))
            }
        }
    }
}

fn to_answer<B>(mut response: Response<B>, exchange: &mut Option<Exchange>) -> Response<AnswerBody<B>> {
    let exchange = answered(exchange);
    if exchange.as_ref().is_some_and(Exchange::is_the_last) {
        // Else a client that keeps its connections would use this one again, and fail.
        // Source: RFC 9112, section 9.6.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(|body| AnswerBody::Service { body, exchange })
}

fn answered(exchange: &mut Option<Exchange>) -> Option<Exchange> {
    let mut exchange = exchange.take();
    if let Some(exchange) = &mut exchange {
        exchange.note_answered();
    }
    exchange
}

pin_project! {
    /// The content of an answer. The exchange ends when hyper drops it.
    #[project = AnswerBodyProjection]
    pub(crate) enum AnswerBody<B> {
        Service { #[pin] body: B, exchange: Option<Exchange> },
        Refusal { text: Option<Bytes>, exchange: Option<Exchange> },
    }
}

impl<B: Body<Data = Bytes>> Body for AnswerBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project() {
            AnswerBodyProjection::Service { body, exchange } => {
                let frame = ready!(body.poll_frame(cx));
                if let Some(exchange) = exchange {
                    exchange.note_progress();
                }
                Poll::Ready(frame)
            }
            AnswerBodyProjection::Refusal { text, .. } => {
                Poll::Ready(text.take().map(|text| Ok(Frame::data(text))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Service { body, .. } => body.is_end_stream(),
            Self::Refusal { text, .. } => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Service { body, .. } => body.size_hint(),
            Self::Refusal { text, .. } => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
        }
    }
}
