//! What an OAuth2 client shows in a header to say which it is.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use orgbridge_domain::{KeyDigest, OauthProblem};

use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};

/// The name of a client and the digest of its secret, from the header `Authorization`, if it is there.
///
/// Source: RFC 6749, section 2.3.1.
#[derive(Debug, Clone)]
pub(crate) struct ClientHeader(pub(crate) Option<(String, KeyDigest)>);

impl Asks for ClientHeader {
    fn outline(outline: &mut Outline<'_>) {
        outline.refusal(ApiError::from(orgbridge_domain::Refusal::from(OauthProblem::Client)));
    }
}

impl FromRequestParts<Api> for ClientHeader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) if value.as_bytes().trim_ascii().is_empty() => Ok(Self(None)),
            (Some(value), None) => match read(value.as_bytes()) {
                Some(client) => Ok(Self(Some(client))),
                None => Err(orgbridge_domain::Refusal::from(OauthProblem::Client).into()),
            },
            (Some(_), Some(_)) => Err(ApiError::Invalid(
                "the header Authorization: is given more than once; send it once".to_owned(),
            )),
        }
    }
}

fn read(value: &[u8]) -> Option<(String, KeyDigest)> {
    let (scheme, encoded) = value.split_at_checked(b"Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let pair = String::from_utf8(BASE64_STANDARD.decode(encoded.trim_ascii()).ok()?).ok()?;
    let (name, secret) = pair.split_once(':')?;
    Some((decoded(name), KeyDigest::of(decoded(secret).as_bytes())))
}

/// Both parts are encoded like the values of a form.
fn decoded(part: &str) -> String {
    let form = format!("part={}", part.replace('&', "%26"));
    form_urlencoded::parse(form.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pair: &str) -> Option<(String, KeyDigest)> {
        read(format!("Basic {}", BASE64_STANDARD.encode(pair)).as_bytes())
    }

    #[test]
    fn a_name_and_a_secret_are_read_as_a_form_encodes_them() {
        assert_eq!(shown("client:secret"), Some(("client".to_owned(), KeyDigest::of(b"secret"))));
        assert_eq!(shown("cl%3Aient:a%2Bb+c"), Some(("cl:ient".to_owned(), KeyDigest::of(b"a+b c"))));
        assert_eq!(shown("client:a:b"), Some(("client".to_owned(), KeyDigest::of(b"a:b"))));
        assert_eq!(shown("a&b:"), Some(("a&b".to_owned(), KeyDigest::of(b""))));
    }

    #[test]
    fn anything_else_is_nobody() {
        assert_eq!(shown("client"), None);
        for value in ["", "Basic", "Basic ", "Basic !", "Bearer abc", "basic\tYTpi"] {
            assert_eq!(read(value.as_bytes()), None, "{value}");
        }
        assert!(read(b"basic   YTpi").is_some());
    }
}
