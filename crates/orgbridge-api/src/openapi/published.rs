//! The description as it is served: made once, kept in memory, and sent only to whoever doesn't have it.

use std::fmt::Write as _;
use std::marker::PhantomData;
use std::sync::OnceLock;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use schemars::{Schema, json_schema};
use sha2::{Digest as _, Sha256};

use super::{Answers, Asks, Outline, assemble, page};
use crate::api::Api;
use crate::error::ApiError;
use crate::reply::JSON;
use crate::router::ROUTES;

/// A client asks each time whether there is another version, and is sent nothing if there is none.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// The description of the API in OpenAPI 3.1, as it is served.
///
/// # Errors
/// [`serde_json::Error`] if it has no form in JSON, which is a bug.
pub fn openapi_document() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&assemble::document(&ROUTES))?;
    text.push('\n');
    Ok(text)
}

/// A text that is served as it is.
pub(crate) trait Text {
    /// What it is, as the description says.
    const DESCRIPTION: &'static str;
    /// Its media type, as the description names it.
    const MEDIA_TYPE: &'static str;
    /// Its media type in the header of an answer.
    const CONTENT_TYPE: HeaderValue;

    /// What can be said of it.
    fn schema() -> Schema;

    /// Where it is kept.
    fn kept() -> &'static OnceLock<Version>;

    /// Makes it.
    ///
    /// # Errors
    /// [`serde_json::Error`], and nothing is kept.
    fn make() -> Result<Version, serde_json::Error>;
}

/// A text with what is sent along with it.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    content: Bytes,
    etag: String,
    /// What a browser may load for it, if it is for browsers.
    policy: Option<String>,
}

impl Version {
    fn of(content: String, policy: Option<String>) -> Self {
        let mut etag = String::from("\"");
        for byte in &Sha256::digest(&content)[..16] {
            // Writing to a string can't fail.
            let _ = write!(etag, "{byte:02x}");
        }
        etag.push('"');
        Self { content: content.into(), etag, policy }
    }
}

/// The description for programs.
#[derive(Debug)]
pub(crate) enum DescriptionDocument {}

impl Text for DescriptionDocument {
    const DESCRIPTION: &'static str = "The description of the API, in OpenAPI 3.1.";
    const MEDIA_TYPE: &'static str = JSON;
    const CONTENT_TYPE: HeaderValue = HeaderValue::from_static(JSON);

    fn schema() -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "openapi": {"type": "string", "enum": [assemble::VERSION]},
                "info": {"type": "object", "additionalProperties": true},
                "paths": {"type": "object", "additionalProperties": true},
            },
            "required": ["openapi", "info", "paths"],
            "additionalProperties": true,
        })
    }

    fn kept() -> &'static OnceLock<Version> {
        static KEPT: OnceLock<Version> = OnceLock::new();
        &KEPT
    }

    fn make() -> Result<Version, serde_json::Error> {
        Ok(Version::of(openapi_document()?, None))
    }
}

/// The description for people.
#[derive(Debug)]
pub(crate) enum ReadablePage {}

impl Text for ReadablePage {
    const DESCRIPTION: &'static str = "The description of the API as a page.";
    const MEDIA_TYPE: &'static str = "text/html";
    const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

    fn schema() -> Schema {
        json_schema!({"type": "string"})
    }

    fn kept() -> &'static OnceLock<Version> {
        static KEPT: OnceLock<Version> = OnceLock::new();
        &KEPT
    }

    fn make() -> Result<Version, serde_json::Error> {
        let digest = BASE64_STANDARD.encode(Sha256::digest(page::STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        );
        Ok(Version::of(page::of(&assemble::document(&ROUTES)), Some(policy)))
    }
}

/// Which versions the client has already.
#[derive(Debug, Clone)]
pub(crate) struct IfNoneMatch(HeaderMap);

impl Asks for IfNoneMatch {
    fn outline(outline: &mut Outline<'_>) {
        outline.not_modified();
    }
}

impl FromRequestParts<Api> for IfNoneMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let values = parts.headers.get_all(header::IF_NONE_MATCH);
        Ok(Self(values.iter().map(|value| (header::IF_NONE_MATCH, value.clone())).collect()))
    }
}

impl IfNoneMatch {
    /// Whether the version with this tag is among them. Source: RFC 9110, section 13.1.2.
    fn includes(&self, etag: &str) -> bool {
        let texts = self.0.iter().filter_map(|(_, value)| value.to_str().ok());
        texts
            .flat_map(|text| text.split(','))
            .map(str::trim)
            .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
    }
}

/// The answer with a `T`, or that the client has it already.
#[derive(Debug)]
pub(crate) struct Versioned<T> {
    version: Version,
    is_known: bool,
    shows: PhantomData<fn() -> T>,
}

impl<T: Text> Versioned<T> {
    /// The answer to a client that has `known`.
    ///
    /// # Errors
    /// [`ApiError::Unwritable`] if the text can't be made, which is a bug.
    pub(crate) fn unless(known: &IfNoneMatch) -> Result<Self, ApiError> {
        let version = if let Some(kept) = T::kept().get() {
            kept
        } else {
            let made = T::make().map_err(ApiError::Unwritable)?;
            T::kept().get_or_init(|| made)
        };
        let is_known = known.includes(&version.etag);
        Ok(Self { version: version.clone(), is_known, shows: PhantomData })
    }
}

impl<T: Text> Answers for Versioned<T> {
    fn outline(outline: &mut Outline<'_>) {
        outline.document(T::DESCRIPTION, T::MEDIA_TYPE, T::schema());
    }
}

impl<T: Text> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let Version { content, etag, policy } = self.version;
        let mut response = if self.is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, T::CONTENT_TYPE)], content).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, NO_CACHE);
        for (name, text) in [(header::ETAG, Some(etag)), (header::CONTENT_SECURITY_POLICY, policy)] {
            // Both are made of letters, digits and a few marks, so they are always header values.
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_by_its_tag_in_a_list_weak_or_not() {
        let includes = |values: &[&'static str]| {
            let values = values.iter().map(|value| (header::IF_NONE_MATCH, HeaderValue::from_static(value)));
            IfNoneMatch(values.collect()).includes("\"c0ffee\"")
        };
        for known in [
            &["\"c0ffee\""][..],
            &["W/\"c0ffee\""],
            &["\"tea\", \"c0ffee\""],
            &["\"tea\"", "\"c0ffee\""],
            &["*"],
        ] {
            assert!(includes(known), "{known:?}");
        }
        for other in [&[][..], &[""], &["c0ffee"], &["\"c0ffee"], &["\"C0FFEE\""], &["\"tea\""]] {
            assert!(!includes(other), "{other:?}");
        }
    }
}
