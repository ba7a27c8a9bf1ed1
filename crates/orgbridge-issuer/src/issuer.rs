//! An issuer, as far as it is known.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::token::{self, Expected, Kind};
use crate::{Algorithm, Distrust, FetchError, KeySet, SecureUrl, Token, WebClient, ring_provider};

/// How often the keys are fetched without a reason. A key that is withdrawn is good for that long.
const REFRESH_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// How long it takes after an attempt until a token that names an unknown key is reason for the next. Anybody can send
/// one.
const RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// How long keys are good while the issuer can't be asked. From then on nobody knows what it has withdrawn.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// Tells how much time has passed since some moment, on a clock that never jumps.
pub type Uptime = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Which issuer is believed, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerOptions {
    /// What it calls itself: the claim `iss` of its tokens.
    pub url: SecureUrl,
    /// What it calls us: the claim `aud` of tokens that are meant for us.
    pub audience: String,
    /// Where its keys are. Without it, its metadata says so.
    pub keys_url: Option<SecureUrl>,
    /// How its tokens may be signed.
    pub algorithms: Vec<Algorithm>,
}

/// An issuer whose tokens are read.
pub struct Issuer {
    options: IssuerOptions,
    /// What the tokens are that it signs for us.
    kind: Kind,
    client: WebClient,
    uptime: Uptime,
    known: ArcSwapOption<Known>,
    /// When the last attempt to fetch keys began. Whoever makes the next holds it.
    attempt: Mutex<Option<Duration>>,
}

struct Known {
    keys: KeySet,
    /// Where one logs in, if it is asked to say who does.
    endpoints: Option<Arc<Endpoints>>,
    fetched_at: Duration,
}

/// What an issuer says of itself, as far as it is looked at. Source: `OpenID` Connect Discovery 1.0, section 3.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// Where one logs in at an issuer.
#[derive(Debug)]
pub(crate) struct Endpoints {
    /// Where browsers are sent.
    pub(crate) authorization: SecureUrl,
    /// Where what they bring back is exchanged.
    pub(crate) token: SecureUrl,
    /// How one says there who one is.
    pub(crate) authentication: Authentication,
}

/// How a client says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// In a header, as every issuer takes it that says nothing else.
    Basic,
    /// In the form.
    Post,
}

impl Endpoints {
    fn of(metadata: &Metadata) -> Result<Self, String> {
        let url = |name: &str, text: &Option<String>| {
            let text = text.as_ref().ok_or_else(|| format!("{name} is missing"))?;
            text.parse::<SecureUrl>().map_err(|error| format!("{name} {error}"))
        };
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let takes = |wanted: &str| methods.iter().any(|method| method == wanted);
        let authentication = if methods.is_empty() || takes("client_secret_basic") {
            Authentication::Basic
        } else if takes("client_secret_post") {
            Authentication::Post
        } else {
            let names = "client_secret_basic or client_secret_post";
            return Err(format!("token_endpoint_auth_methods_supported: expected {names} among them"));
        };
        Ok(Self {
            authorization: url("authorization_endpoint", &metadata.authorization_endpoint)?,
            token: url("token_endpoint", &metadata.token_endpoint)?,
            authentication,
        })
    }
}

impl Issuer {
    /// An issuer of access tokens, of which nothing is known yet.
    pub fn new(options: IssuerOptions, client: WebClient, uptime: Uptime) -> Self {
        Self::of(Kind::Access, options, client, uptime)
    }

    pub(crate) fn of(kind: Kind, options: IssuerOptions, client: WebClient, uptime: Uptime) -> Self {
        ring_provider::install();
        Self { options, kind, client, uptime, known: ArcSwapOption::empty(), attempt: Mutex::new(None) }
    }

    /// What it calls itself.
    pub fn url(&self) -> &SecureUrl {
        &self.options.url
    }

    /// What `token` says, if it is to be believed at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// Why it is not.
    pub fn read(&self, token: &[u8], now: i64) -> Result<Token, Distrust> {
        self.read_answer(token, None, now)
    }

    /// The same of a token in which `nonce` is to be said again.
    pub(crate) fn read_answer(&self, token: &[u8], nonce: Option<&str>, now: i64) -> Result<Token, Distrust> {
        // First: what no key could help is the sender's fault, and not that of the times.
        token::signed_by(token, self.kind, &self.options.algorithms)?;
        let known = self.known.load();
        let known = known.as_ref().filter(|known| self.age(known) < MAX_AGE).ok_or(Distrust::NoKeys)?;
        let IssuerOptions { url, audience, algorithms, .. } = &self.options;
        let expected = Expected { kind: self.kind, nonce, issuer: url, audience, algorithms };
        token::read(token, &known.keys, &expected, now)
    }

    /// Whether there is no reason to fetch the keys for this token: the one that it names is known, or it is none that is
    /// taken, whatever its key.
    pub fn knows_key_of(&self, token: &[u8]) -> bool {
        let Ok(signed_by) = token::signed_by(token, self.kind, &self.options.algorithms) else { return true };
        let known = self.known.load();
        let known = known.as_ref().filter(|known| self.age(known) < MAX_AGE);
        known.is_some_and(|it| it.keys.find(signed_by.key.as_deref(), signed_by.algorithm).is_some())
    }

    /// Fetches the keys if `token` names one that is not known, unless somebody has just done so. Whoever comes while they
    /// are fetched waits for that.
    pub async fn look_for_key_of(&self, token: &[u8]) {
        if self.knows_key_of(token) {
            return;
        }
        self.fetch_unless(|| self.knows_key_of(token)).await;
    }

    /// Where one logs in, if that is known. It is asked for unless somebody has just done so.
    pub(crate) async fn endpoints(&self) -> Option<Arc<Endpoints>> {
        if self.known_endpoints().is_none() {
            self.fetch_unless(|| self.known_endpoints().is_some()).await;
        }
        self.known_endpoints()
    }

    /// The same without asking.
    pub(crate) fn known_endpoints(&self) -> Option<Arc<Endpoints>> {
        let known = self.known.load();
        known.as_ref().filter(|known| self.age(known) < MAX_AGE)?.endpoints.clone()
    }

    pub(crate) const fn client(&self) -> &WebClient {
        &self.client
    }

    /// What it calls us.
    pub(crate) fn audience(&self) -> &str {
        &self.options.audience
    }

    async fn fetch_unless(&self, is_known: impl Fn() -> bool) {
        let mut attempt = self.attempt.lock().await;
        let is_recent = |began: Duration| (self.uptime)().saturating_sub(began) < RETRY_INTERVAL;
        if !is_known() && !attempt.is_some_and(is_recent) {
            *attempt = Some((self.uptime)());
            self.fetch_and_report().await;
        }
    }

    /// Keeps the keys fresh until it is stopped.
    pub async fn keep_fresh(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let is_well = {
                let mut attempt = self.attempt.lock().await;
                *attempt = Some((self.uptime)());
                self.fetch_and_report().await
            };
            let pause = if is_well { REFRESH_INTERVAL } else { RETRY_INTERVAL };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Fetches the keys now, whoever has done so before.
    ///
    /// # Errors
    /// Why they could not be had. Those that are known stay.
    pub async fn fetch(&self) -> Result<(), FetchError> {
        let fetched_at = (self.uptime)();
        let (url, endpoints) = match &self.options.keys_url {
            Some(url) => (url.clone(), None),
            None => self.metadata().await?,
        };
        let bytes = self.client.get(&url).await?;
        let keys = KeySet::read(&bytes)
            .map_err(|problem| FetchError::Useless { url, cause: problem.to_string() })?;
        self.known.store(Some(Arc::new(Known { keys, endpoints, fetched_at })));
        Ok(())
    }

    async fn fetch_and_report(&self) -> bool {
        let fetched = self.fetch().await;
        let age_seconds = self.known.load().as_ref().map(|known| self.age(known).as_secs());
        match &fetched {
            Ok(()) => tracing::debug!(issuer = %self.options.url, "the keys of the issuer were fetched"),
            Err(error) => {
                tracing::warn!(issuer = %self.options.url, age_seconds, %error, "the keys of the issuer can't be fetched");
            }
        }
        fetched.is_ok()
    }

    /// Where the keys are, and where one logs in, if that is what it is for.
    async fn metadata(&self) -> Result<(SecureUrl, Option<Arc<Endpoints>>), FetchError> {
        let url = self.options.url.under("openid-configuration");
        let bytes = self.client.get(&url).await?;
        let useless = |cause: String| FetchError::Useless { url: url.clone(), cause };
        let metadata: Metadata =
            serde_json::from_slice(&bytes).map_err(|error| useless(error.to_string()))?;
        if metadata.issuer != self.options.url.as_str() {
            return Err(useless(format!("it calls itself {:?}", metadata.issuer)));
        }
        let keys = metadata.jwks_uri.parse().map_err(|error| useless(format!("jwks_uri {error}")))?;
        let endpoints = match self.kind {
            Kind::Access => None,
            Kind::Id => Some(Arc::new(Endpoints::of(&metadata).map_err(useless)?)),
        };
        Ok((keys, endpoints))
    }

    fn age(&self, known: &Known) -> Duration {
        (self.uptime)().saturating_sub(known.fetched_at)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Issuer").field("options", &self.options).finish_non_exhaustive()
    }
}
