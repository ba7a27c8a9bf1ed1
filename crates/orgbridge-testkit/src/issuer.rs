//! An issuer of a test's own: an authorization server outside, as far as we look at one.

mod http;
mod key;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use orgbridge_issuer::{Algorithm, IssuerOptions};
use serde_json::{Value, json};

pub use key::TestKey;

use http::{Answer, Listening};

/// What the issuer calls the servers of tests.
const AUDIENCE: &str = "https://api.example.com";

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
}

impl TestIssuer {
    /// An issuer that publishes `keys`.
    pub fn publishing(keys: &[&TestKey]) -> Self {
        let published = Arc::new(Mutex::new(Published::default()));
        let listening = Listening::start({
            let published = Arc::clone(&published);
            move |path, address| answer(&mut published.lock().unwrap(), path, address)
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

fn answer(published: &mut Published, path: &str, address: SocketAddr) -> Answer {
    if published.is_out_of_order {
        return Answer { status: 500, body: String::new() };
    }
    let issuer = published.issuer.clone().unwrap_or_else(|| url(address));
    let body = match path {
        "/tenant/.well-known/openid-configuration" => {
            json!({"issuer": issuer, "jwks_uri": format!("{}/keys", url(address))})
        }
        "/tenant/keys" => {
            published.asked += 1;
            json!({"keys": published.keys})
        }
        _ => return Answer { status: 404, body: String::new() },
    };
    Answer { status: 200, body: body.to_string() }
}
