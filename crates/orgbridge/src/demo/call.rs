//! One real call over HTTP.

use std::fmt::Write as _;
use std::time::Duration;

use axum::body::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::{DemoKeys, Sample};
use crate::failure::Failure;

/// How long the answer may take. A server on the same machine that needs longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was asked and what was answered.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Exchange {
    /// Whether the answer is exactly `expected`.
    pub(crate) fn is(&self, expected: &Value) -> bool {
        let body: Option<Value> = serde_json::from_str(&self.body).ok();
        self.status == StatusCode::OK && body.as_ref() == Some(expected)
    }

    /// The answer as it came over the wire.
    pub(crate) fn in_words(&self) -> String {
        let mut text = format!("HTTP/1.1 {}\n", self.status);
        for (name, value) in &self.headers {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name}: {}", value.to_str().unwrap_or("(no text)"));
        }
        text.push('\n');
        text.push_str(self.body.trim_end());
        text
    }
}

/// Updates the sample's connection through the API at `url`.
pub(crate) async fn patch(url: &str, keys: &DemoKeys) -> Result<Exchange, Failure> {
    let request = Request::builder()
        .method(Method::PATCH)
        .uri(format!("{url}/api/v2/org_connections/{}", Sample::CONNECTION))
        .header(CONTENT_TYPE, "application/json")
        .header("DD-API-KEY", keys.api_key.expose())
        .header("DD-APPLICATION-KEY", keys.application_key.expose())
        .body(Full::new(Bytes::from(Sample::request())))
        .map_err(|error| failed(&error))?;
    tokio::time::timeout(PATIENCE, exchange(request)).await.map_err(|_| failed(&"no answer in time"))?
}

async fn exchange(request: Request<Full<Bytes>>) -> Result<Exchange, Failure> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request).await.map_err(|error| failed(&error))?.into_parts();
    let body = body.collect().await.map_err(|error| failed(&error))?.to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Exchange { status: head.status, headers: head.headers, body })
}

fn failed(why: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(format!("the call failed: {why}"))
}
