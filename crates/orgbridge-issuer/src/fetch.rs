//! Asking an issuer.

use std::time::Duration;

use bytes::Bytes;
use http::request::Builder;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::SecureUrl;

/// How long an answer may take, from looking up the name to its last byte.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes of an answer.
const MAX_BYTES: usize = 256 * 1024;

/// Why an issuer gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It could not be asked.
    #[error("{url} can't be asked: {cause}")]
    Unreachable {
        /// What was asked.
        url: SecureUrl,
        /// What the network says.
        cause: String,
    },
    /// It took too long.
    #[error("{0} did not answer within {seconds} seconds", seconds = TIMEOUT.as_secs())]
    Slow(SecureUrl),
    /// It answered something else than 200. Redirects are not followed.
    #[error("{url} answered with {status}, and not with 200")]
    Status {
        /// What was asked.
        url: SecureUrl,
        /// What it answered.
        status: StatusCode,
    },
    /// The answer is too long.
    #[error("{0} answered with more than {MAX_BYTES} bytes")]
    Long(SecureUrl),
    /// The answer is not what was asked for.
    #[error("{url} answered what is not to be used: {cause}")]
    Useless {
        /// What was asked.
        url: SecureUrl,
        /// What is wrong with it.
        cause: String,
    },
}

/// A client that asks issuers. It trusts the authorities that the system trusts, and follows nobody anywhere.
#[derive(Debug, Clone)]
pub struct WebClient {
    client: Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, String>,
}

impl WebClient {
    /// A client with the system's authorities.
    pub fn new() -> Self {
        let connector = HttpsConnectorBuilder::new().with_native_roots();
        let client = connector.map_err(|error| error.to_string()).map(|connector| {
            let connector = connector.https_or_http().enable_http1().build();
            // Keys are fetched too rarely for a connection to be kept.
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)
        });
        Self { client }
    }

    /// The whole answer at `url`.
    ///
    /// # Errors
    /// [`FetchError`] says what it was instead.
    pub(crate) async fn get(&self, url: &SecureUrl) -> Result<Bytes, FetchError> {
        self.send(url, Request::get(url.as_str()), Bytes::new()).await
    }

    /// The whole answer to a form, sent by whoever `authorization` says.
    ///
    /// # Errors
    /// [`FetchError`] says what it was instead.
    pub(crate) async fn post(
        &self,
        url: &SecureUrl,
        form: String,
        authorization: Option<HeaderValue>,
    ) -> Result<Bytes, FetchError> {
        let mut request =
            Request::post(url.as_str()).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        self.send(url, request, form.into()).await
    }

    async fn send(&self, url: &SecureUrl, request: Builder, body: Bytes) -> Result<Bytes, FetchError> {
        let answer = tokio::time::timeout(TIMEOUT, self.send_unhurried(url, request, body)).await;
        answer.unwrap_or_else(|_| Err(FetchError::Slow(url.clone())))
    }

    async fn send_unhurried(
        &self,
        url: &SecureUrl,
        request: Builder,
        body: Bytes,
    ) -> Result<Bytes, FetchError> {
        let unreachable = |cause: String| FetchError::Unreachable { url: url.clone(), cause };
        let client = self.client.as_ref().map_err(|cause| unreachable(cause.clone()))?;
        let request = request.header(header::ACCEPT, "application/json").body(Full::new(body));
        let request = request.map_err(|error| unreachable(error.to_string()))?;
        let response = client.request(request).await.map_err(|error| unreachable(whole(&error)))?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status { url: url.clone(), status: response.status() });
        }
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
        body.map(http_body_util::Collected::to_bytes).map_err(|error| {
            if error.is::<LengthLimitError>() {
                FetchError::Long(url.clone())
            } else {
                unreachable(error.to_string())
            }
        })
    }
}

impl Default for WebClient {
    fn default() -> Self {
        Self::new()
    }
}

/// An error with all that it comes from.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
