//! What an edge serves.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use crate::body::EdgeBody;

/// Any error of a service or of the content of its answers.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A `tower` service from requests to responses, an axum `Router` for instance: a name for the bounds, which
/// every type that meets them has. It is cloned for each request and should be cheap to clone.
///
/// An error of the service closes the connection, so answers should be responses all.
pub trait EdgeService:
    Service<
        Request<EdgeBody>,
        Response = Response<<Self as EdgeService>::Content>,
        Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        Future: Send + 'static,
    > + Clone
    + Send
    + 'static
{
    /// The content of its answers.
    type Content: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static;
}

impl<S, B> EdgeService for S
where
    S: Service<Request<EdgeBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send + 'static>,
    S: Clone + Send + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Content = B;
}
