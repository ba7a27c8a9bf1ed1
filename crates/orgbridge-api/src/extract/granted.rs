//! Callers, by what is proven of them.
//!
//! A handler's first argument is one of these types. Which one it is says whom the handler admits
//! ([`StartsWith`]), and the table of routes reads it from there: a handler and its entry can't differ.
//! Admission puts the caller into the request; a handler that was mounted past it finds none and admits
//! nobody.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;
use orgbridge_domain::{Decided, Grant, OrgId, Principal, Refusal, Right, Session, Timestamp, UserId};
use orgbridge_ledger::{RequestId, View};

use super::CredentialProblem;
use crate::Access;
use crate::api::Api;
use crate::error::ApiError;

/// A type that says whom a handler admits.
pub(crate) trait Admits {
    /// Whom.
    const ACCESS: Access;
}

/// The arguments of a handler, as axum's [`Handler`](axum::handler::Handler) has them, the first of which
/// says whom it admits. A handler without such an argument can't be mounted.
pub(crate) trait StartsWith {
    /// The first argument.
    type First: Admits;
}

macro_rules! starts_with {
    ($(($($rest:ident),*))+) => {$(
        impl<Marker, First: Admits, $($rest),*> StartsWith for (Marker, First, $($rest,)*) {
            type First = First;
        }
    )+};
}

starts_with! { () (Second) (Second, Third) (Second, Third, Fourth) }

/// Somebody with a live API key: an org, and nobody in particular.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApiKeyHolder {
    pub(crate) org: OrgId,
}

impl Admits for ApiKeyHolder {
    const ACCESS: Access = Access::ApiKey;
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
}

impl SignedIn {
    /// The user before the view.
    pub(crate) fn session(&self) -> Session<'_> {
        Session::new(&self.view.state, self.principal)
    }
}

impl Admits for SignedIn {
    const ACCESS: Access = Access::Credentials;
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

    /// The right, on the view on which the caller was admitted.
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
        let value = self
            .api
            .ledger
            .commit(principal, request, move |session, now| rule(&session.authorize()?, now))
            .await?;
        Ok((self.api.ledger.view(), value))
    }
}

impl<R: Right> Admits for Granted<R> {
    const ACCESS: Access = Access::Permission(R::PERMISSION);
}

impl<R: Right> FromRequestParts<Api> for Granted<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let caller: SignedIn = admitted(&mut parts.extensions)?;
        caller.session().authorize::<R>()?;
        Ok(Self { caller, api: api.clone(), right: PhantomData })
    }
}
