//! One request and its answer, from end to end: the one place for what every call has in common.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use orgbridge_ledger::RequestId;
use prometheus_client::metrics::histogram::Histogram;
use tracing::{Instrument as _, Span, debug, debug_span, error};

use crate::admission::{Admission, client_address};
use crate::api::Api;
use crate::attempt::{Refused, Tried};
use crate::dialect::Dialect;
use crate::error::{ApiError, Cause, FailedAuthentication, Told};
use crate::freshness;
use crate::rate_limit::{Payer, Standing};
use crate::reply::USUAL_HEADERS;
use crate::request_id;
use crate::router::is_nowhere;
use crate::{LimitName, RouteInfo};

const NOSNIFF: (HeaderName, HeaderValue) =
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
const NO_STORE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// Where the requests of one route, or of none, are counted.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    label: &'static str,
    latency: Histogram,
}

impl Meter {
    pub(crate) fn new(api: &Api, label: &'static str) -> Self {
        Self { label, latency: api.metrics.latency_of(label) }
    }
}

/// Answers a request that a route takes.
pub(crate) async fn answer<H, T>(
    api: Api,
    route: &'static RouteInfo,
    meter: Meter,
    mut request: Request,
    handler: H,
) -> Response
where
    H: Handler<T, Api>,
{
    if is_nowhere(&request) {
        let answer = turn_away(&api, meter, &request, ApiError::NoSuchPath);
        drop(request);
        return answer.await;
    }
    let exchange = Exchange::open(&api, meter, &request);
    let address = Payer::Address(client_address(&request));
    let mut looked_up = exchange.api.look_up(route, &request, &exchange.id);
    let (asked, mut known) = match freshness::asked(route.path, request.headers()) {
        Ok(asked) => (asked, Ok(())),
        Err(error) => (None, Err(error)),
    };
    let mut paid = None;
    if let Some(awaited) = exchange.api.awaited(&looked_up, &request, asked) {
        let bill = looked_up.bill_of_a_wait(address);
        let wait = paid.insert(exchange.api.charge(bill, exchange.opened_at).await);
        if wait.is_admitted() {
            known = known.and(exchange.api.wait_for(awaited).await);
            looked_up = exchange.api.look_up(route, &request, &exchange.id);
        }
    }
    let Admission { mut standing, outcome } = exchange.api.admit(looked_up, paid, exchange.opened_at).await;
    let mut tried = None;
    // Only now: whoever is nobody is told nothing else.
    let mut response = match outcome.and_then(|caller| known.map(|()| caller)) {
        Ok(caller) => {
            tried = caller.user().and_then(|user| Tried::of(route, &request, user, &exchange.id));
            caller.attach_to(request.extensions_mut());
            let response = handler.call(request, exchange.api.clone());
            // What a handler shares is immutable, or stays whole behind a lock.
            let response = AssertUnwindSafe(response).catch_unwind().instrument(exchange.span()).await;
            response.unwrap_or_else(|_| ApiError::Panicked.into_response())
        }
        Err(error) => error.into_response(),
    };
    if let (Some(tried), Some(refused)) = (tried, response.extensions_mut().remove::<Refused>()) {
        tried.note(&exchange.api, response.status().as_u16(), refused);
    }
    if response.extensions_mut().remove::<FailedAuthentication>().is_some() {
        let limit = LimitName::FailedAuthentication;
        standing = exchange.api.limiter.charge(limit, address, exchange.opened_at).await;
        if let Err(exhausted) = standing.check() {
            response = ApiError::from(exhausted).into_response();
        }
    }
    match response.extensions_mut().remove() {
        Some(Told(error)) if route.dialect != Dialect::Api => response = error.answer(route.dialect),
        _ => {}
    }
    exchange.close(response, &standing)
}

/// Answers a request that no route takes.
pub(crate) fn turn_away(
    api: &Api,
    meter: Meter,
    request: &Request,
    error: ApiError,
) -> impl Future<Output = Response> + Send + use<> {
    let exchange = Exchange::open(api, meter, request);
    // Whoever asks the wrong host is told that first: nothing else about the request is meant for this server.
    let error = exchange.api.sites.asked(request).err().unwrap_or(error);
    let address = Payer::Address(client_address(request));
    async move {
        let standing =
            exchange.api.limiter.charge(LimitName::UnknownRoute, address, exchange.opened_at).await;
        let error = standing.check().map_or_else(ApiError::from, |()| error);
        exchange.close(error.into_response(), &standing)
    }
}

/// What is known of a request while it is under way.
struct Exchange {
    api: Api,
    meter: Meter,
    method: Method,
    id: RequestId,
    opened_at: Duration,
}

impl Exchange {
    fn open(api: &Api, meter: Meter, request: &Request) -> Self {
        let (api, opened_at) = (api.for_a_request(), api.clock.elapsed());
        let id = request_id::name(request.headers(), || api.ids.next());
        Self { method: request.method().clone(), id, opened_at, meter, api }
    }

    /// Ties what is logged on the way to the request. It names the route and not the path, which strangers
    /// write.
    fn span(&self) -> Span {
        debug_span!("request", id = %self.id, method = %self.method, route = self.meter.label)
    }

    fn close(self, mut response: Response, standing: &Standing) -> Response {
        let headers = response.headers_mut();
        headers.reserve(USUAL_HEADERS.saturating_sub(headers.len()));
        self.api.limiter.describe(standing, headers);
        headers.insert(request_id::X_REQUEST_ID, request_id::to_header(&self.id));
        headers.insert(freshness::X_ORGBRIDGE_REVISION, self.api.known().get().into());
        protect(headers);
        let took = self.api.clock.elapsed().saturating_sub(self.opened_at);
        self.count(&response, standing, took);
        self.log(&mut response, took);
        response
    }

    fn count(&self, response: &Response, standing: &Standing, took: Duration) {
        self.meter.latency.observe(took.as_secs_f64());
        self.api.metrics.count_request(self.meter.label, &self.method, response.status());
        if standing.check().is_err() {
            self.api.metrics.count_refusal(standing.name());
        }
    }

    fn log(&self, response: &mut Response, took: Duration) {
        let Self { id, method, meter: Meter { label: route, .. }, .. } = self;
        let (status, micros) = (response.status().as_u16(), took.as_micros());
        if let Some(Cause(cause)) = response.extensions_mut().remove() {
            error!(%id, %method, route, status, micros, cause, "a request failed");
        } else {
            debug!(%id, %method, route, status, micros, "answered a request");
        }
    }
}

/// Answers hold what only their caller may see, unless they say otherwise, and are what they say that they are.
fn protect(headers: &mut HeaderMap) {
    for (name, value) in [NOSNIFF, NO_STORE] {
        headers.entry(name).or_insert(value);
    }
}
