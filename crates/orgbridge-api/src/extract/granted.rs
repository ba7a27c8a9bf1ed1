//! Callers, by what is proven of them.
//!
//! A handler's first argument is one of these types. Which one it is says whom the handler admits
//! ([`Admits`]), and the table of routes reads it from there: a handler and its entry can't differ.
//! Admission puts the caller into the request; a handler that was mounted past it finds none and admits
//! nobody.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;
use orgbridge_domain::evaluation::Evaluator;
use orgbridge_domain::right::OrgConnectionsRead;
use orgbridge_domain::{
    Decided, Grant, MissingFrom, NotAuthenticated, OrgId, Permission, Principal, Refusal, Right, Session,
    SiteScope, Timestamp, UserId,
};
use orgbridge_ledger::{RequestId, Revision, Unavailable, View};

use super::CredentialProblem;
use crate::Access;
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Admits, Asks, Outline};

/// Anybody at all, whatever they show.
#[derive(Debug, Clone)]
pub(crate) struct Anyone {
    /// The site that they ask.
    pub(crate) asked: SiteScope,
    pub(crate) request: RequestId,
}

impl Admits for Anyone {
    const ACCESS: Access = Access::Anyone;
}

impl Asks for Anyone {
    fn outline(_: &mut Outline<'_>) {}
}

impl FromRequestParts<Api> for Anyone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        admitted(&mut parts.extensions)
    }
}

/// Somebody with a live API key: an org, and nobody in particular.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApiKeyHolder {
    pub(crate) org: OrgId,
}

impl Admits for ApiKeyHolder {
    const ACCESS: Access = Access::ApiKey;
}

impl Asks for ApiKeyHolder {
    fn outline(outline: &mut Outline<'_>) {
        outline_reading(outline);
        outline.refusal(ApiError::ApiKeyRequired);
        outline.refusal(ApiError::ApiKeyNotLive);
    }
}

impl FromRequestParts<Api> for ApiKeyHolder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        admitted(&mut parts.extensions)
    }
}

/// A user whose credentials are live, on the view on which they were found to be.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) view: Arc<View>,
    pub(crate) principal: Principal,
    pub(crate) org: OrgId,
    pub(crate) user: UserId,
    pub(crate) request: RequestId,
    /// When they were found to be.
    pub(crate) at: Timestamp,
}

impl SignedIn {
    /// The user before the view.
    pub(crate) fn session(&self) -> Session<'_> {
        Session::new(&self.view.state, self.principal, self.at)
    }

    /// The user before the latest view. It takes a body up to half a minute to come, and what was known when its head
    /// did is good for two seconds.
    fn again(self, api: &Api) -> Result<Self, ApiError> {
        Ok(Self { view: api.fresh_view()?, at: api.ledger.now(), ..self })
    }
}

impl Admits for SignedIn {
    const ACCESS: Access = Access::Credentials;
}

impl Asks for SignedIn {
    fn outline(outline: &mut Outline<'_>) {
        outline.refusal(CredentialProblem::NoKeys);
        outline.refusal(CredentialProblem::from(NotAuthenticated::ApiKey));
        outline.refusal(CredentialProblem::from(NotAuthenticated::ApplicationKey));
        outline.refusal(CredentialProblem::from(NotAuthenticated::Token));
        outline_reading(outline);
    }
}

/// What can go wrong before anybody has been looked up.
fn outline_reading(outline: &mut Outline<'_>) {
    outline.refusal(CredentialProblem::InQuery);
    outline.refusal(CredentialProblem::Repeated("DD-API-KEY"));
    outline.refusal(ApiError::Unavailable(Unavailable::Stale));
}

impl FromRequestParts<Api> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        admitted(&mut parts.extensions)
    }
}

fn admitted<C: Clone + Send + Sync + 'static>(extensions: &mut Extensions) -> Result<C, ApiError> {
    extensions.remove().ok_or(ApiError::Unauthorized(CredentialProblem::NoKeys))
}

/// A user who may ask for decisions: who may read connections, or evaluate them.
pub(crate) struct Asking(SignedIn);

impl Asking {
    /// The same on the latest view: whoever answers a body looks again when it is there.
    pub(crate) fn again(self, api: &Api) -> Result<Self, ApiError> {
        self.0.again(api).map(Self)
    }

    /// Proof of about whom they may ask, on the view on which they were admitted, or looked again.
    pub(crate) fn evaluator(&self) -> Result<Evaluator<'_>, Refusal> {
        Evaluator::of(&self.0.session())
    }

    /// How many changes that view holds.
    pub(crate) fn revision(&self) -> Revision {
        self.0.view.position.revision
    }
}

impl Admits for Asking {
    const ACCESS: Access =
        Access::AnyOf(&[Permission::OrgConnectionsRead, Permission::OrgConnectionsEvaluate]);
}

impl Asks for Asking {
    fn outline(outline: &mut Outline<'_>) {
        // Who holds neither is told what they lack to ask about their own org.
        Granted::<OrgConnectionsRead>::outline(outline);
    }
}

impl FromRequestParts<Api> for Asking {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let asking = Self(admitted(&mut parts.extensions)?);
        asking.evaluator()?;
        Ok(asking)
    }
}

/// A user who holds `R` in their org.
///
/// A [`Grant`] borrows the state that it is proven on and can't be an argument itself. So the right is
/// proven here, which keeps strangers from whatever comes after, and once more for each use: on the same
/// view to [read](Self::grant), and on the state that the commit will see to [write](Self::commit).
pub(crate) struct Granted<R> {
    caller: SignedIn,
    api: Api,
    right: PhantomData<fn() -> R>,
}

impl<R: Right> Granted<R> {
    /// The org in which the right is held.
    pub(crate) const fn org(&self) -> OrgId {
        self.caller.org
    }

    /// Who holds it.
    pub(crate) const fn user(&self) -> UserId {
        self.caller.user
    }

    /// The same on the latest view: whoever answers a body looks again when it is there.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`], and that of whoever no longer holds the right.
    pub(crate) fn again(self) -> Result<Self, ApiError> {
        let caller = self.caller.again(&self.api)?;
        caller.session().authorize::<R>()?;
        Ok(Self { caller, ..self })
    }

    /// The view on which the caller was admitted, or looked again.
    pub(crate) const fn view(&self) -> &Arc<View> {
        &self.caller.view
    }

    /// What the request is called.
    pub(crate) const fn request(&self) -> &RequestId {
        &self.caller.request
    }

    /// The right, on that view.
    pub(crate) fn grant(&self) -> Result<Grant<'_, R>, Refusal> {
        self.caller.session().authorize()
    }

    /// Runs a rule on the state that its commit will see, and returns what it decided with a view that
    /// shows it.
    pub(crate) async fn commit<T, F>(self, rule: F) -> Result<(Arc<View>, T), ApiError>
    where
        T: Send + 'static,
        F: Fn(&Grant<'_, R>, Timestamp) -> Result<Decided<T>, Refusal> + Send + 'static,
    {
        let SignedIn { principal, request, .. } = self.caller;
        let rule = move |session: &Session<'_>, now| rule(&session.authorize()?, now);
        Ok(self.api.commit(principal, request, rule).await?)
    }
}

impl<R: Right> Admits for Granted<R> {
    const ACCESS: Access = Access::Permission(R::PERMISSION);
}

impl<R: Right> Asks for Granted<R> {
    fn outline(outline: &mut Outline<'_>) {
        SignedIn::outline(outline);
        for missing_from in [MissingFrom::Roles, MissingFrom::Scopes, MissingFrom::ScopesOfToken] {
            outline.refusal(Refusal::Forbidden { permission: R::PERMISSION, missing_from });
        }
    }
}

impl<R: Right> FromRequestParts<Api> for Granted<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let caller: SignedIn = admitted(&mut parts.extensions)?;
        caller.session().authorize::<R>()?;
        Ok(Self { caller, api: api.clone(), right: PhantomData })
    }
}
