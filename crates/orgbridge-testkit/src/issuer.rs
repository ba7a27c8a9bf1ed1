//! An issuer of a test's own: an authorization server outside, as far as we look at one.

mod http;
mod key;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use orgbridge_issuer::{Algorithm, IssuerOptions, LoginOptions};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

pub use key::TestKey;

use http::{Answer, Listening, Request};

/// What the issuer calls the servers of tests.
const AUDIENCE: &str = "https://api.example.com";

/// The client that it knows the servers of tests as.
const CLIENT: &str = "orgbridge";

/// What that client shows.
const CLIENT_SECRET: &str = "a-secret-of-the-issuer";

/// An issuer that listens on this machine. It is gone when it is dropped.
pub struct TestIssuer {
    published: Arc<Mutex<Published>>,
    listening: Listening,
}

/// What it answers.
#[derive(Default)]
struct Published {
    keys: Vec<Value>,
    is_out_of_order: bool,
    issuer: Option<String>,
    asked: usize,
    /// The ID token that stands behind a code, until it is redeemed.
    logins: HashMap<String, Login>,
}

/// A login that waits to be redeemed.
struct Login {
    redirect_uri: String,
    challenge: String,
    id_token: String,
}

impl TestIssuer {
    /// An issuer that publishes `keys`.
    pub fn publishing(keys: &[&TestKey]) -> Self {
        let published = Arc::new(Mutex::new(Published::default()));
        let listening = Listening::start({
            let published = Arc::clone(&published);
            move |request, address| answer(&mut published.lock().unwrap(), request, address)
        });
        let issuer = Self { published, listening };
        issuer.publish(keys);
        issuer
    }

    /// Publishes `keys` from now on, and no others.
    pub fn publish(&self, keys: &[&TestKey]) {
        self.published().keys = keys.iter().map(|key| key.public()).collect();
    }

    /// Publishes what a test has thought up.
    pub fn publish_odd(&self, keys: Value) {
        self.published().keys = vec![keys];
    }

    /// Answers with errors from now on, or no longer.
    pub fn set_out_of_order(&self, is_out_of_order: bool) {
        self.published().is_out_of_order = is_out_of_order;
    }

    /// Calls itself something else in its metadata from now on.
    pub fn call_itself(&self, issuer: &str) {
        self.published().issuer = Some(issuer.to_owned());
    }

    /// How often its keys were asked for.
    pub fn asked(&self) -> usize {
        self.published().asked
    }

    /// What it calls itself.
    pub fn url(&self) -> String {
        url(self.listening.address())
    }

    /// What a server is told of it.
    pub fn options(&self) -> IssuerOptions {
        IssuerOptions {
            url: self.url().parse().unwrap(),
            audience: AUDIENCE.to_owned(),
            keys_url: None,
            algorithms: vec![Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA],
        }
    }

    /// What a server is told of it as the issuer at which users log in.
    pub fn login_options(&self) -> LoginOptions {
        LoginOptions {
            url: self.url().parse().unwrap(),
            client_id: CLIENT.to_owned(),
            client_secret: CLIENT_SECRET.into(),
            algorithms: vec![Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA],
        }
    }

    /// The claims of a good ID token of whoever logs in with `email` at `now`, in answer to `nonce`.
    pub fn login_claims(&self, email: &str, nonce: &str, now: i64) -> Value {
        json!({
            "iss": self.url(),
            "aud": CLIENT,
            "sub": "google-oauth2|1234",
            "email": email,
            "email_verified": true,
            "nonce": nonce,
            "iat": now,
            "exp": now + 300,
        })
    }

    /// Has somebody log in whose browser was sent to `location`; `code` stands for `id_token` from now on, once.
    pub fn let_in(&self, location: &str, code: &str, id_token: String) {
        let redirect_uri = Self::sent(location, "redirect_uri");
        let challenge = Self::sent(location, "code_challenge");
        self.published().logins.insert(code.to_owned(), Login { redirect_uri, challenge, id_token });
    }

    /// What a browser that was sent to `location` brings along by this name.
    pub fn sent(location: &str, name: &str) -> String {
        let (_, query) = location.split_once('?').expect("a query");
        value(query.as_bytes(), name)
    }

    /// The claims of a good token of `subject` at `now`, in seconds since 1970, good for five minutes.
    pub fn claims(&self, subject: impl std::fmt::Display, scope: &str, now: i64) -> Value {
        json!({
            "iss": self.url(),
            "aud": AUDIENCE,
            "sub": subject.to_string(),
            "iat": now,
            "exp": now + 300,
            "jti": "token-1",
            "client_id": "a-program",
            "scope": scope,
        })
    }

    fn published(&self) -> std::sync::MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/tenant")
}

/// What a form or a query says by a name.
fn value(form: &[u8], name: &str) -> String {
    let found = form_urlencoded::parse(form).find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// The ID token for a code, if it comes for the first time from whoever was to have it.
fn redeem(published: &mut Published, request: &Request) -> Option<Value> {
    let expected = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:{CLIENT_SECRET}")));
    let of = |name: &str| value(&request.body, name);
    let login = published.logins.remove(&of("code"))?;
    let hash = digest(&SHA256, of("code_verifier").as_bytes());
    let is_right = request.authorization == expected
        && of("grant_type") == "authorization_code"
        && of("redirect_uri") == login.redirect_uri
        && BASE64_URL_SAFE_NO_PAD.encode(hash) == login.challenge;
    is_right
        .then(|| json!({"access_token": "none of ours", "token_type": "Bearer", "id_token": login.id_token}))
}

fn answer(published: &mut Published, request: &Request, address: SocketAddr) -> Answer {
    if published.is_out_of_order {
        return Answer { status: 500, body: String::new() };
    }
    let issuer = published.issuer.clone().unwrap_or_else(|| url(address));
    let body = match request.path.as_str() {
        "/tenant/.well-known/openid-configuration" => {
            let at = |place: &str| format!("{}/{place}", url(address));
            json!({
                "issuer": issuer,
                "jwks_uri": at("keys"),
                "authorization_endpoint": at("authorize"),
                "token_endpoint": at("token"),
            })
        }
        "/tenant/token" => match redeem(published, request) {
            Some(answer) => answer,
            None => return Answer { status: 400, body: json!({"error": "invalid_grant"}).to_string() },
        },
        "/tenant/keys" => {
            published.asked += 1;
            json!({"keys": published.keys})
        }
        _ => return Answer { status: 404, body: String::new() },
    };
    Answer { status: 200, body: body.to_string() }
}
