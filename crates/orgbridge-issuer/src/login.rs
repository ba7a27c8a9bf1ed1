//! An issuer at which people log in. Source: `OpenID` Connect Core 1.0, section 3.1; RFC 7636; RFC 9700, section 2.1.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::issuer::{Authentication, Endpoints};
use crate::token::Kind;
use crate::{Algorithm, Distrust, FetchError, Issuer, IssuerOptions, SecureUrl, Token, Uptime, WebClient};

/// At which issuer people log in, and as whom we ask it.
#[derive(Debug, Clone)]
pub struct LoginOptions {
    /// What it calls itself: the claim `iss` of its tokens.
    pub url: SecureUrl,
    /// The client that it knows us as: the claim `aud` of its tokens.
    pub client_id: String,
    /// What that client shows.
    pub client_secret: SecretString,
    /// How its tokens may be signed.
    pub algorithms: Vec<Algorithm>,
}

/// An issuer at which people log in.
pub struct LoginIssuer {
    issuer: Arc<Issuer>,
    client_secret: SecretString,
}

/// One login, as the issuer is told of it when the browser is sent there.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'s> {
    /// Where the browser is sent back to.
    pub redirect_uri: &'s str,
    /// What it then brings along.
    pub state: &'s str,
    /// What the ID token says again.
    pub nonce: &'s str,
    /// What hashes to the challenge that goes with the browser. Nobody but us is told.
    pub verifier: &'s str,
    /// SHA-256 of the verifier, in base64url.
    pub challenge: &'s str,
}

/// Why nobody is known to have logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The issuer can't be asked now, or doesn't take us for its client.
    #[error("the issuer can't be asked")]
    Silent,
    /// The issuer has never given this code for this login, or has had it before.
    #[error("the issuer does not take the code")]
    Code,
    /// What it says is not to be believed.
    #[error("what the issuer says is not to be believed")]
    Distrusted(#[source] Distrust),
}

/// What an issuer answers for a code, as far as it is looked at.
#[derive(Deserialize)]
struct Answer {
    id_token: String,
}

impl LoginIssuer {
    /// An issuer of which nothing is known yet.
    pub fn new(options: LoginOptions, client: WebClient, uptime: Uptime) -> Self {
        let LoginOptions { url, client_id, client_secret, algorithms } = options;
        let options = IssuerOptions { url, audience: client_id, keys_url: None, algorithms };
        Self { issuer: Arc::new(Issuer::of(Kind::Id, options, client, uptime)), client_secret }
    }

    /// What it calls itself.
    pub fn url(&self) -> &SecureUrl {
        self.issuer.url()
    }

    /// Where a browser that is sent there may get to, as far as that is known: origins.
    pub fn origins(&self) -> Vec<String> {
        let mut origins = vec![self.url().origin().to_owned()];
        origins.extend(self.issuer.known_endpoints().map(|known| known.authorization.origin().to_owned()));
        origins.dedup();
        origins
    }

    /// Keeps what is known of it fresh until it is stopped.
    pub fn keep_fresh(&self, stop: CancellationToken) -> impl Future<Output = ()> + Send + use<> {
        Arc::clone(&self.issuer).keep_fresh(stop)
    }

    /// Where to send a browser for `sign_in`.
    ///
    /// # Errors
    /// [`LoginError::Silent`] if nobody knows now.
    pub async fn location(&self, sign_in: &SignIn<'_>) -> Result<String, LoginError> {
        let endpoints = self.endpoints().await?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([
            ("response_type", "code"),
            ("client_id", self.issuer.audience()),
            ("redirect_uri", sign_in.redirect_uri),
            ("scope", "openid email"),
            ("state", sign_in.state),
            ("nonce", sign_in.nonce),
            ("code_challenge", sign_in.challenge),
            ("code_challenge_method", "S256"),
        ]);
        Ok(format!("{}?{}", endpoints.authorization, query.finish()))
    }

    /// What the issuer says of whoever has come back from `sign_in` with `code`, at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// [`LoginError`], which says nothing of what was sent. The log has the reason.
    pub async fn redeem(
        &self,
        code: &str,
        sign_in: &SignIn<'_>,
        now: impl Fn() -> i64,
    ) -> Result<Token, LoginError> {
        let endpoints = self.endpoints().await?;
        let answer = self.exchange(&endpoints, code, sign_in).await.map_err(|error| {
            tracing::warn!(issuer = %self.url(), %error, "the issuer gives no ID token for a code");
            match error {
                FetchError::Status { status: StatusCode::BAD_REQUEST, .. } => LoginError::Code,
                _ => LoginError::Silent,
            }
        })?;
        let token = answer.id_token.as_bytes();
        self.issuer.look_for_key_of(token).await;
        self.issuer.read_answer(token, Some(sign_in.nonce), now()).map_err(|reason| {
            tracing::warn!(issuer = %self.url(), ?reason, "an ID token of the issuer is not believed");
            match reason {
                Distrust::NoKeys => LoginError::Silent,
                other => LoginError::Distrusted(other),
            }
        })
    }

    async fn endpoints(&self) -> Result<Arc<Endpoints>, LoginError> {
        self.issuer.endpoints().await.ok_or(LoginError::Silent)
    }

    async fn exchange(
        &self,
        endpoints: &Endpoints,
        code: &str,
        sign_in: &SignIn<'_>,
    ) -> Result<Answer, FetchError> {
        let (form, authorization) = self.question(endpoints.authentication, code, sign_in);
        let url = &endpoints.token;
        let bytes = self.issuer.client().post(url, form, authorization).await?;
        // The library's message may repeat what it has read.
        serde_json::from_slice(&bytes).map_err(|_| FetchError::Useless {
            url: url.clone(),
            cause: "expected a JSON object with a text id_token".to_owned(),
        })
    }

    /// What is sent for a code, and who says so.
    fn question(
        &self,
        authentication: Authentication,
        code: &str,
        sign_in: &SignIn<'_>,
    ) -> (String, Option<HeaderValue>) {
        let (id, secret) = (self.issuer.audience(), self.client_secret.expose_secret());
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", sign_in.redirect_uri),
            ("code_verifier", sign_in.verifier),
        ]);
        let authorization = match authentication {
            Authentication::Basic => basic(id, secret),
            Authentication::Post => {
                form.extend_pairs([("client_id", id), ("client_secret", secret)]);
                None
            }
        };
        (form.finish(), authorization)
    }
}

/// Who we are, in a header. Source: RFC 6749, section 2.3.1.
fn basic(id: &str, secret: &str) -> Option<HeaderValue> {
    let encoded = |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
    let pair = BASE64_STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
    HeaderValue::from_str(&format!("Basic {pair}")).ok().map(|mut value| {
        value.set_sensitive(true);
        value
    })
}

impl fmt::Debug for LoginIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LoginIssuer").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
