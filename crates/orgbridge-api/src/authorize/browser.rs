//! What a browser brings along, and is given.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use orgbridge_domain::{KeyDigest, Timestamp, TokenSecret, login};

use super::trip::{Trip, derive};
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};

/// What a cookie is called.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CookieName {
    /// That of a browser that comes over TLS: its prefix keeps other hosts and cleartext from setting it.
    secure: &'static str,
    /// That of a browser on this machine that comes without.
    clear: &'static str,
}

/// The cookie of whoever has logged in.
const LOGIN: CookieName = CookieName { secure: "__Host-orgbridge-login", clear: "orgbridge-login" };

/// The cookie of whoever is logging in elsewhere.
pub(super) const TRIP: CookieName = CookieName { secure: "__Host-orgbridge-trip", clear: "orgbridge-trip" };

/// The secret of a login.
#[derive(Clone)]
pub(crate) struct LoginCookie(String);

/// What a browser brings along.
#[derive(Clone)]
pub(crate) struct Browser {
    /// The names and values of those cookies that are ours.
    cookies: Vec<(&'static str, String)>,
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
        let ours = [LOGIN.secure, LOGIN.clear, TRIP.secure, TRIP.clear];
        let cookies = pairs.filter_map(|(name, value)| {
            ours.into_iter().find(|known| *known == name).map(|known| (known, value.to_owned()))
        });
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        let comes_from_elsewhere = !matches!(site, None | Some(b"same-origin" | b"none"));
        Self { cookies: cookies.collect(), comes_from_elsewhere }
    }

    /// What it was given when its user logged in, if they have, to a server with this issuer. Two are none: nobody knows
    /// which is meant.
    pub(crate) fn login(&self, issuer: &str) -> Option<LoginCookie> {
        self.cookie(&LOGIN, issuer).map(|value| LoginCookie(value.to_owned()))
    }

    /// Where it was sent to log in, if it was within the last minutes.
    pub(crate) fn trip(&self, issuer: &str, now: Timestamp) -> Option<Trip> {
        self.cookie(&TRIP, issuer).and_then(|value| Trip::read(value, now))
    }

    fn cookie(&self, name: &CookieName, issuer: &str) -> Option<&str> {
        let name = if is_secure(issuer) { name.secure } else { name.clear };
        let mut known = self.cookies.iter().filter(|(known, _)| *known == name);
        match (known.next(), known.next()) {
            (Some((_, value)), None) => Some(value),
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

    /// What proves that a form was made for this browser and this request, and showed this scope. Nobody else can make it.
    pub(crate) fn proof_of(&self, query: &str, scope: &str) -> String {
        derive("orgbridge consent", &[&self.0, query, scope])
    }

    /// Whether `shown` is that proof; in constant time.
    pub(crate) fn proves(&self, (query, scope): (&str, &str), shown: &str) -> bool {
        KeyDigest::of(shown.as_bytes()) == KeyDigest::of(self.proof_of(query, scope).as_bytes())
    }

    /// The header that gives a browser the secret of its login.
    pub(crate) fn header_of(secret: &TokenSecret, issuer: &str) -> Option<HeaderValue> {
        LOGIN.header(secret.expose(), login::LIFETIME.as_secs(), issuer)
    }
}

impl CookieName {
    /// The header that gives a browser this cookie, for so many seconds.
    pub(super) fn header(&self, value: &str, seconds: u64, issuer: &str) -> Option<HeaderValue> {
        let Self { secure, clear } = self;
        let cookie = if is_secure(issuer) {
            format!("{secure}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax; Secure")
        } else {
            format!("{clear}={value}; Path=/oauth2/v1; Max-Age={seconds}; HttpOnly; SameSite=Lax")
        };
        // Made of letters, digits and the marks of a query, so it is always a header value.
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
    fn a_proof_is_of_one_browser_one_request_and_what_was_shown() {
        let (one, other) = (LoginCookie("one".to_owned()), LoginCookie("other".to_owned()));
        let proof = one.proof_of("client_id=a", "read");
        assert!(one.proves(("client_id=a", "read"), &proof));
        assert!(
            !one.proves(("client_id=b", "read"), &proof) && !other.proves(("client_id=a", "read"), &proof)
        );
        assert!(
            !one.proves(("client_id=a", "read write"), &proof) && !one.proves(("client_id=a", ""), &proof)
        );
        assert!(!one.proves(("client_id=a", "read"), ""));
    }
}
