//! What every part of the API shares.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;

use orgbridge_domain::org_connection::Limits;
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_domain::{Decided, Principal, Refusal, Session, Timestamp};
use orgbridge_ledger::{CommitError, Ledger, RequestId, Revision, View};

use crate::audit::Turns;
use crate::error::ApiError;
use crate::freshness::Known;
use crate::rate_limit::Limiter;
use crate::{
    ExternalIssuer, IdSource, Issuer, IssuerLogin, MonotonicClock, NoRandomness, RandomIds, RateLimits,
    RateStore, RequestMetrics, Sites, Split, SystemMonotonicClock,
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
    /// How many requests are taken, and in how long, and what part of them is this replica's.
    pub rate_limits: Arc<Split>,
    /// Where all replicas count requests, if there is such a store.
    pub rate_store: Option<Arc<RateStore>>,
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
        let limits = RateLimits::default();
        Self {
            rate_limits: Arc::new(Split::among_those_who_serve(ledger.clone(), limits, NonZeroU32::MIN)),
            rate_store: None,
            ledger,
            sites: Sites::default(),
            issuer: Issuer::default(),
            external_issuer: None,
            issuer_login: None,
            limits: Limits::default(),
            creator_disabled: CreatorDisabled::default(),
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
            .field("rate_store", &self.rate_store)
            .finish_non_exhaustive()
    }
}

/// What handlers and extractors reach everything through. Clones share it. Each request has one of its own, which
/// remembers by which revision it is answered.
#[derive(Clone)]
pub(crate) struct Api {
    shared: Arc<Shared>,
    known: Known,
}

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
    pub(crate) searches: Turns,
}

impl Api {
    /// The same for one request, with which nothing but the latest view is known yet.
    pub(crate) fn for_a_request(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), known: Known::of(&self.ledger.view()) }
    }

    /// The revision by which the request is answered, as far as it is.
    pub(crate) fn known(&self) -> Revision {
        self.known.get()
    }

    /// Waits until the latest view shows `revision`, as long as anything may be decided by old knowledge.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] if it does not by then.
    pub(crate) async fn wait_until(&self, revision: Revision) -> Result<(), ApiError> {
        let outcome = self.ledger.wait_until(revision, self.ledger.max_staleness()).await;
        self.known.note(&self.ledger.view());
        outcome.map_err(ApiError::Unavailable)
    }

    /// Waits until the latest view shows what was committed anywhere before now.
    ///
    /// # Errors
    /// As [`Ledger::catch_up`].
    pub(crate) async fn catch_up(&self) -> Result<(), ApiError> {
        let outcome = self.ledger.catch_up().await;
        self.known.note(&self.ledger.view());
        outcome.map_err(ApiError::Unavailable)
    }

    /// Asks once more where the rules refuse: what is not known here may have been made elsewhere a moment ago.
    ///
    /// # Errors
    /// What is refused all the same, or [`ApiError::Unavailable`].
    pub(crate) async fn ask_twice<T>(&self, ask: impl Fn() -> Result<T, ApiError>) -> Result<T, ApiError> {
        match ask() {
            Err(ApiError::Refused(_)) => {
                self.catch_up().await?;
                ask()
            }
            asked => asked,
        }
    }

    /// A view to answer the request from, which is the latest there is anywhere unless an earlier one `knows` what the
    /// request is about.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`].
    pub(crate) async fn view_that(&self, knows: impl Fn(&View) -> bool) -> Result<Arc<View>, ApiError> {
        let view = self.fresh_view()?;
        if knows(&view) {
            return Ok(view);
        }
        self.catch_up().await?;
        self.fresh_view()
    }

    /// A view to answer the request from.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] where there is no [fresh one](Ledger::fresh_view).
    pub(crate) fn fresh_view(&self) -> Result<Arc<View>, ApiError> {
        let view = self.ledger.fresh_view().map_err(ApiError::Unavailable)?;
        self.known.note(&view);
        Ok(view)
    }

    /// Has a rule decide on the state that its commit will see, and returns what it decided with a view that shows it.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    pub(crate) async fn commit<T, F>(
        &self,
        principal: Principal,
        request: RequestId,
        rule: F,
    ) -> Result<(Arc<View>, T), CommitError>
    where
        T: Send + 'static,
        F: Fn(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal> + Send + 'static,
    {
        let outcome = self.ledger.commit(principal, request, rule).await;
        // What a refusal rests on is published by now, too.
        let view = self.ledger.view();
        self.known.note(&view);
        outcome.map(|value| (view, value))
    }
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
            rate_store,
            metrics,
            clock,
            ids,
        } = options;
        let limiter = Limiter::new(rate_limits, rate_store);
        let searches = Turns::default();
        let known = Known::of(&ledger.view());
        let shared = Arc::new(Shared {
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
        });
        Self { shared, known }
    }
}

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}
