//! What every part of the API shares.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use orgbridge_domain::org_connection::Limits;
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_ledger::Ledger;

use crate::audit::Searches;
use crate::rate_limit::Limiter;
use crate::{
    ExternalIssuer, IdSource, Issuer, IssuerLogin, MonotonicClock, NoRandomness, RandomIds, RateLimits,
    RequestMetrics, Sites, SystemMonotonicClock,
};

/// What [`router()`](crate::router()) is made from.
pub struct ApiOptions {
    /// Where everything is kept.
    pub ledger: Ledger,
    /// The sites that it answers for.
    pub sites: Sites,
    /// What it is called as an authorization server.
    pub issuer: Issuer,
    /// The issuer outside whose access tokens are taken, if there is one.
    pub external_issuer: Option<ExternalIssuer>,
    /// The issuer outside at which users log in to decide about OAuth2 clients, if there is one.
    pub issuer_login: Option<IssuerLogin>,
    /// The operator's bounds on connections.
    pub limits: Limits,
    /// What becomes of the connections of a user who is switched off.
    pub creator_disabled: CreatorDisabled,
    /// How many requests are taken, and in how long.
    pub rate_limits: RateLimits,
    /// Where requests are counted. The caller registers it where it is read.
    pub metrics: Arc<RequestMetrics>,
    /// What the windows of the rate limits and the latencies are measured with.
    pub clock: Arc<dyn MonotonicClock>,
    /// Where the ids of new things and of requests, and new secrets, come from.
    pub ids: Arc<dyn IdSource>,
}

impl ApiOptions {
    /// The options for `ledger` with the default of everything else.
    pub fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            sites: Sites::default(),
            issuer: Issuer::default(),
            external_issuer: None,
            issuer_login: None,
            limits: Limits::default(),
            creator_disabled: CreatorDisabled::default(),
            rate_limits: RateLimits::default(),
            metrics: Arc::default(),
            clock: Arc::new(SystemMonotonicClock::default()),
            ids: Arc::new(RandomIds),
        }
    }
}

impl fmt::Debug for ApiOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiOptions")
            .field("sites", &self.sites)
            .field("issuer", &self.issuer)
            .field("external_issuer", &self.external_issuer)
            .field("issuer_login", &self.issuer_login)
            .field("limits", &self.limits)
            .field("creator_disabled", &self.creator_disabled)
            .field("rate_limits", &self.rate_limits)
            .finish_non_exhaustive()
    }
}

/// What handlers and extractors reach everything through. Clones share it.
#[derive(Clone)]
pub(crate) struct Api(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) ledger: Ledger,
    pub(crate) sites: Sites,
    pub(crate) issuer: Issuer,
    pub(crate) external_issuer: Option<ExternalIssuer>,
    pub(crate) issuer_login: Option<IssuerLogin>,
    pub(crate) limits: Limits,
    pub(crate) creator_disabled: CreatorDisabled,
    pub(crate) limiter: Limiter,
    pub(crate) metrics: Arc<RequestMetrics>,
    pub(crate) clock: Arc<dyn MonotonicClock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) searches: Searches,
}

impl Shared {
    /// What a new secret is made of.
    pub(crate) fn secret<const BYTES: usize>(&self) -> Result<[u8; BYTES], NoRandomness> {
        let mut bytes = [0; BYTES];
        self.ids.fill(&mut bytes)?;
        Ok(bytes)
    }
}

impl From<ApiOptions> for Api {
    fn from(options: ApiOptions) -> Self {
        let ApiOptions {
            ledger,
            sites,
            issuer,
            external_issuer,
            issuer_login,
            limits,
            creator_disabled,
            rate_limits,
            metrics,
            clock,
            ids,
        } = options;
        let limiter = Limiter::new(rate_limits);
        let searches = Searches::default();
        Self(Arc::new(Shared {
            ledger,
            sites,
            issuer,
            external_issuer,
            issuer_login,
            limits,
            creator_disabled,
            limiter,
            metrics,
            clock,
            ids,
            searches,
        }))
    }
}

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
