//! The way to an issuer outside and back, as a browser remembers it.

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use orgbridge_domain::{KeyDigest, Timestamp};
use orgbridge_issuer::SignIn;
use sha2::{Digest as _, Sha256};

use super::browser::TRIP;
use crate::error::ApiError;
use crate::external::seconds;
use crate::router::CALLBACK;

/// How many seconds somebody has to log in at the issuer.
const LIFETIME: i64 = 10 * 60;

/// How many bytes of a cookie every browser keeps. Source: RFC 6265, section 6.1.
const MAX_COOKIE: usize = 4096;

/// A way to an issuer outside, for one request of a client.
///
/// The server keeps nothing of it. The browser holds random bytes; what the issuer is told is derived from them and says
/// nothing of them, and is the same again when the browser comes back. The state is derived from the request as well, so
/// that nobody comes back to another.
#[derive(PartialEq, Eq)]
pub(crate) struct Trip {
    random: String,
    /// When it began, in seconds since 1970.
    began: i64,
    /// What the client asks for, as the query of the pages.
    pub(crate) query: String,
}

/// What the issuer is told of a trip, and what it isn't.
pub(crate) struct Told {
    redirect_uri: String,
    state: String,
    nonce: String,
    verifier: String,
    challenge: String,
}

impl Trip {
    pub(crate) fn begin(random: [u8; 32], query: &str, now: Timestamp) -> Self {
        let random = BASE64_URL_SAFE_NO_PAD.encode(random);
        Self { random, began: seconds(now), query: query.to_owned() }
    }

    /// The trip that a cookie tells of, if it is not over.
    pub(super) fn read(cookie: &str, now: Timestamp) -> Option<Self> {
        let (random, rest) = cookie.split_once('.')?;
        let (began, query) = rest.split_once('.')?;
        let began: i64 = began.parse().ok()?;
        let age = seconds(now).checked_sub(began)?;
        let is_whole = BASE64_URL_SAFE_NO_PAD.decode(random).is_ok_and(|bytes| bytes.len() == 32);
        (is_whole && (0..LIFETIME).contains(&age)).then(|| Self {
            random: random.to_owned(),
            began,
            query: query.to_owned(),
        })
    }

    /// The header that has a browser remember it.
    ///
    /// # Errors
    /// [`ApiError::Oauth`] if no browser would keep that much.
    pub(crate) fn cookie(&self, issuer: &str) -> Result<Option<HeaderValue>, ApiError> {
        let value = format!("{}.{}.{}", self.random, self.began, self.query);
        let cookie = TRIP.header(&value, LIFETIME.unsigned_abs(), issuer);
        if cookie.as_ref().is_some_and(|cookie| cookie.len() > MAX_COOKIE) {
            Err(too_long())
        } else {
            Ok(cookie)
        }
    }

    /// The header that has a browser forget it.
    pub(crate) fn forget(issuer: &str) -> Option<HeaderValue> {
        TRIP.header("", 0, issuer)
    }

    /// Whether `state` is what the issuer was told of this trip; in constant time.
    pub(crate) fn proves(&self, state: &str) -> bool {
        KeyDigest::of(state.as_bytes()) == KeyDigest::of(self.state().as_bytes())
    }

    /// What the issuer is told, by whoever `issuer` is.
    pub(crate) fn told(&self, issuer: &str) -> Told {
        let verifier = derive("orgbridge verifier", &[&self.random]);
        Told {
            redirect_uri: format!("{issuer}{CALLBACK}"),
            state: self.state(),
            nonce: derive("orgbridge nonce", &[&self.random]),
            challenge: BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)),
            verifier,
        }
    }

    fn state(&self) -> String {
        derive("orgbridge state", &[&self.random, &self.began.to_string(), &self.query])
    }
}

impl Told {
    pub(crate) fn sign_in(&self) -> SignIn<'_> {
        let Self { redirect_uri, state, nonce, verifier, challenge } = self;
        SignIn { redirect_uri, state, nonce, verifier, challenge }
    }
}

/// What nobody can know who doesn't know every part.
pub(super) fn derive(label: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in std::iter::once(&label).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
}

fn too_long() -> ApiError {
    let problem = "the request of the application is too long to be remembered while you sign in elsewhere; log in with \
                   an application key";
    ApiError::Oauth { code: "invalid_request", problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external::MICROS;

    const BEGIN: i64 = 1_756_239_576;

    fn later(seconds: i64) -> Timestamp {
        Timestamp::from_micros((BEGIN + seconds) * MICROS)
    }

    fn value(cookie: &HeaderValue) -> String {
        let (_, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
        rest.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_browser_comes_back_as_it_went() {
        let trip = Trip::begin([7; 32], "client_id=a&state=b.c", later(0));
        let cookie = value(&trip.cookie("https://api.example.com").unwrap().unwrap());
        let back = Trip::read(&cookie, later(599)).unwrap();
        assert!(back == trip);
        let told = trip.told("https://api.example.com");
        assert!(back.proves(told.sign_in().state));
        assert_eq!(told.sign_in().redirect_uri, "https://api.example.com/oauth2/v1/callback");
        assert_eq!(told.sign_in().verifier.len(), 43);
        assert!(!cookie.contains(&told.verifier) && !cookie.contains(&told.state));
    }

    #[test]
    fn a_trip_that_is_over_or_was_changed_proves_nothing() {
        let trip = Trip::begin([7; 32], "client_id=a", later(0));
        let state = trip.told("").state;
        let cookie = value(&trip.cookie("http://localhost").unwrap().unwrap());
        assert!(Trip::read(&cookie, later(600)).is_none());
        assert!(Trip::read(&cookie, later(-1)).is_none());
        let changed = Trip::read(&cookie.replace("client_id=a", "client_id=b"), later(0)).unwrap();
        assert!(!changed.proves(&state));
        let younger = Trip::read(&cookie.replace(".1756239576.", ".1756239577."), later(1)).unwrap();
        assert!(!younger.proves(&state));
        assert!(!Trip::begin([8; 32], "client_id=a", later(0)).proves(&state));
        assert!(!trip.proves(""));
        for text in ["", ".", "..", "AAAA.1756239576.client_id=a", &cookie.replace(".1756239576.", ".now.")] {
            assert!(Trip::read(text, later(0)).is_none(), "{text}");
        }
    }

    #[test]
    fn what_no_browser_would_keep_is_refused() {
        let long = Trip::begin([7; 32], &"a".repeat(4096), later(0));
        assert!(long.cookie("https://api.example.com").is_err());
    }
}
