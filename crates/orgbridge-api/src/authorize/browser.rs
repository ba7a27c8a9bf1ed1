//! What a browser brings along, and is given.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use orgbridge_domain::{KeyDigest, TokenSecret, login};
use sha2::{Digest as _, Sha256};

use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};

/// The cookie of a browser that comes over TLS: its prefix keeps other hosts and cleartext from setting it.
const SECURE: &str = "__Host-orgbridge-login";

/// The cookie of a browser on this machine that comes without.
const CLEAR: &str = "orgbridge-login";

/// The secret of a login.
#[derive(Clone)]
pub(crate) struct LoginCookie(String);

/// What a browser brings along.
#[derive(Clone)]
pub(crate) struct Browser {
    cookies: Vec<(bool, String)>,
    comes_from_elsewhere: bool,
}

impl Asks for Browser {
    fn outline(outline: &mut Outline<'_>) {
        outline.refusal(from_elsewhere());
    }
}

impl FromRequestParts<Api> for Browser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Ok(Self::of(&parts.headers))
    }
}

impl Browser {
    fn of(headers: &HeaderMap) -> Self {
        let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let cookies = pairs.filter_map(|(name, value)| match name {
            SECURE => Some((true, value.to_owned())),
            CLEAR => Some((false, value.to_owned())),
            _ => None,
        });
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        let comes_from_elsewhere = !matches!(site, None | Some(b"same-origin" | b"none"));
        Self { cookies: cookies.collect(), comes_from_elsewhere }
    }

    /// What it was given when its user logged in, if they have, to a server with this issuer. Two are none: nobody knows
    /// which is meant.
    pub(crate) fn login(&self, issuer: &str) -> Option<LoginCookie> {
        let is_secure = is_secure(issuer);
        let mut known = self.cookies.iter().filter(|(secure, _)| *secure == is_secure);
        match (known.next(), known.next()) {
            (Some((_, value)), None) => Some(LoginCookie(value.clone())),
            _ => None,
        }
    }

    /// Makes sure that a form comes from a page of ours, as far as the browser says where it comes from.
    ///
    /// # Errors
    /// [`ApiError::Oauth`] if it comes from elsewhere.
    pub(crate) fn check_origin(&self) -> Result<(), ApiError> {
        if self.comes_from_elsewhere { Err(from_elsewhere()) } else { Ok(()) }
    }
}

fn from_elsewhere() -> ApiError {
    let problem = "the form was sent from another site; begin again where you came from";
    ApiError::Oauth { code: "invalid_request", problem: problem.to_owned() }
}

/// Whether browsers come over TLS, or at least have to.
fn is_secure(issuer: &str) -> bool {
    let host = issuer.strip_prefix("http://");
    let is_here = |host: &str| {
        ["127.0.0.1", "[::1]", "localhost"]
            .iter()
            .any(|here| host.strip_prefix(here).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')))
    };
    !host.is_some_and(is_here)
}

impl LoginCookie {
    /// What the ledger knows of it.
    pub(crate) fn digest(&self) -> KeyDigest {
        KeyDigest::of(self.0.as_bytes())
    }

    /// What proves that a form was made for this browser and this request. Nobody else can make it.
    pub(crate) fn proof_of(&self, query: &str) -> String {
        let mut hash = Sha256::new();
        for part in ["orgbridge consent", &self.0, query] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
    }

    /// Whether `shown` is that proof; in constant time.
    pub(crate) fn proves(&self, query: &str, shown: &str) -> bool {
        KeyDigest::of(shown.as_bytes()) == KeyDigest::of(self.proof_of(query).as_bytes())
    }

    /// The header that gives a browser the secret of its login.
    pub(crate) fn header_of(secret: &TokenSecret, issuer: &str) -> Option<HeaderValue> {
        let (secret, seconds) = (secret.expose(), login::LIFETIME.as_secs());
        let cookie = if is_secure(issuer) {
            format!("{SECURE}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax; Secure")
        } else {
            format!("{CLEAR}={secret}; Path=/oauth2/v1; Max-Age={seconds}; HttpOnly; SameSite=Lax")
        };
        // Made of letters, digits and a few marks, so it is always a header value.
        HeaderValue::from_str(&cookie).ok().map(|mut value| {
            value.set_sensitive(true);
            value
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(headers: &[(&'static str, &'static str)]) -> Browser {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Browser::of(&map)
    }

    #[test]
    fn a_login_is_known_by_the_cookie_of_its_kind_if_there_is_one() {
        let login = |cookies, issuer| browser(&[("cookie", cookies)]).login(issuer).map(|cookie| cookie.0);
        let both = "a=b; orgbridge-login=clear; __Host-orgbridge-login=secure";
        assert_eq!(login(both, "https://api.example.com"), Some("secure".to_owned()));
        assert_eq!(login(both, "http://127.0.0.1:8080"), Some("clear".to_owned()));
        assert_eq!(login(both, "http://192.0.2.1:8080"), Some("secure".to_owned()));
        assert_eq!(login(both, "http://localhost.example"), Some("secure".to_owned()));
        assert_eq!(login("orgbridge-login=clear", "https://api.example.com"), None);
        assert_eq!(login("orgbridge-login=one; orgbridge-login=two", "http://localhost"), None);
    }

    #[test]
    fn a_form_from_elsewhere_is_told_by_browsers_that_say_so() {
        assert!(browser(&[]).check_origin().is_ok());
        assert!(browser(&[("sec-fetch-site", "same-origin")]).check_origin().is_ok());
        for site in ["cross-site", "same-site", "something-new"] {
            assert!(browser(&[("sec-fetch-site", site)]).check_origin().is_err(), "{site}");
        }
    }

    #[test]
    fn a_proof_is_of_one_browser_and_one_request() {
        let (one, other) = (LoginCookie("one".to_owned()), LoginCookie("other".to_owned()));
        let proof = one.proof_of("client_id=a");
        assert!(one.proves("client_id=a", &proof));
        assert!(!one.proves("client_id=b", &proof) && !other.proves("client_id=a", &proof));
        assert!(!one.proves("client_id=a", ""));
    }
}
