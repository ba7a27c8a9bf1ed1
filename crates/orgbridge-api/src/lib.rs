//! What Orgbridge answers: the control plane over HTTP.
//!
//! [`router()`] makes an axum router from a [`Ledger`](orgbridge_ledger::Ledger) and what surrounds it. A
//! request walks one straight line:
//!
//! 1. `exchange`: a name for the request, a span, the answer's common headers, metrics, and 500 where
//!    something panics;
//! 2. `sites`: which site is asked; a host that is none of the deployment's gets no further;
//! 3. `admission`: the credentials that the route asks for are looked up among those of that site, and the
//!    caller's rate limit is charged;
//! 4. `freshness`: who asks for a revision waits until it is known here, and is looked up anew;
//! 5. `extract`: the caller's right is proven first, so that strangers learn nothing of our validation,
//!    then the path and the query are read, and the body last;
//! 6. `routes`: one function per call, which hands values to a rule of [`orgbridge_domain`] and shows the
//!    outcome;
//! 7. `wire`: the shapes that go over the wire, which never reach the domain.
//!
//! `openapi` describes all of that from the same types, and serves the description.
//!
//! Every error, whoever raises it, is `{"errors":["what", "where and why"]}`, but for those of OAuth2, which have the
//! form of its standards ([`Dialect`]).
//!
//! # Absent on purpose
//! - Cross-origin requests: no answer allows one. A browser session has no business with these credentials.
//! - Compression: one official client can't read it, and answers are small.
//! - `X-HTTP-Method-Override` and its like: a request means what its first line says.
//! - Timeouts and caps on connections: they belong to the sockets, which this crate never sees.

mod admission;
mod api;
mod attempt;
mod audit;
mod authorize;
mod clock;
mod dialect;
mod error;
mod exchange;
mod external;
mod extract;
mod freshness;
mod html;
mod ids;
mod issuer;
mod issuer_login;
mod json;
mod metrics;
mod openapi;
mod rate_limit;
mod reply;
mod request_id;
mod router;
mod routes;
mod sites;
mod wire;

pub use admission::ClientAddress;
pub use api::ApiOptions;
pub use clock::{MonotonicClock, SystemMonotonicClock};
pub use dialect::Dialect;
pub use external::{ExternalIssuer, ScopesClaim, SubjectClaim};
pub use ids::{IdSource, NoRandomness, RandomIds};
pub use issuer::{Issuer, IssuerUrl, NotAnIssuer};
pub use issuer_login::IssuerLogin;
pub use metrics::RequestMetrics;
pub use openapi::openapi_document;
pub use rate_limit::{
    LimitName, NotALimitName, NotAStore, Quota, RateLimits, RateStore, Split, StoreAddress,
};
pub use router::{Access, RouteInfo, router, routes};
pub use sites::Sites;
