//! Who may come in: credentials are looked up and the rate limit is charged before a handler is called.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::Extensions;
use orgbridge_domain::{
    ApiKeyId, Credential, KeyDigest, OrgId, Principal, Refusal, SiteScope, Timestamp, authenticate,
    authenticate_api_key, authenticate_external, authenticate_token,
};
use orgbridge_ledger::{RequestId, View};

use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{Anyone, ApiKeyHolder, CredentialProblem, Credentials, Presented, SignedIn};
use crate::rate_limit::{Payer, Standing};
use crate::{Access, ExternalIssuer, LimitName, RouteInfo};

/// The address of the client, which whoever holds the socket puts into each request as an extension. Failed
/// authentication is limited by it.
///
/// Requests without one share one limit. It is never read from a header: any client can send those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// Whether a request goes on to its handler, and how its caller stands with the limit that was charged for
/// it.
pub(crate) struct Admission {
    pub(crate) standing: Standing,
    pub(crate) outcome: Result<Caller, ApiError>,
}

/// Who is calling, if it is anybody, and what that is charged to.
pub(crate) struct LookedUp {
    limit: LimitName,
    payer: Payer,
    found: Result<Caller, ApiError>,
}

/// Somebody who was let in.
pub(crate) enum Caller {
    Anyone(Anyone),
    ApiKeyHolder(ApiKeyHolder),
    SignedIn(SignedIn),
}

impl Caller {
    /// Puts the caller where the extractors of handlers look for one.
    pub(crate) fn attach_to(self, extensions: &mut Extensions) {
        match self {
            Self::Anyone(caller) => extensions.insert(caller).map(drop),
            Self::ApiKeyHolder(caller) => extensions.insert(caller).map(drop),
            Self::SignedIn(caller) => extensions.insert(caller).map(drop),
        };
    }

    /// The user, where it is one, and their org.
    pub(crate) const fn user(&self) -> Option<(Principal, OrgId)> {
        match self {
            Self::Anyone(_) | Self::ApiKeyHolder(_) => None,
            Self::SignedIn(caller) => Some((caller.principal, caller.org)),
        }
    }

    const fn org(&self) -> Option<OrgId> {
        match self {
            Self::Anyone(_) => None,
            Self::ApiKeyHolder(caller) => Some(caller.org),
            Self::SignedIn(caller) => Some(caller.org),
        }
    }
}

impl Api {
    /// Looks up who is calling, among the orgs of the site that is asked, and whose limit that is charged to: their org's.
    /// What is open to anyone, and what fails, is charged to the client's address.
    ///
    /// Who shows a live key is let in even where the address has used up its failures: many clients share the
    /// address of a proxy, and one that fails must not lock out the others.
    pub(crate) fn look_up(&self, route: &RouteInfo, request: &Request, id: &RequestId) -> LookedUp {
        let address = Payer::Address(client_address(request));
        let asked = match self.sites.asked(request) {
            Ok(asked) => asked,
            Err(error) => {
                return LookedUp { limit: LimitName::UnknownRoute, payer: address, found: Err(error) };
            }
        };
        let found = self.identify(route.access, asked, request, id);
        let (limit, payer) = match &found {
            Ok(caller) => (route.limit, caller.org().map_or(address, Payer::Org)),
            // It is no failure of the caller's that nobody can be looked up now.
            Err(ApiError::Unavailable(_) | ApiError::NoKeysOfIssuer) => (route.limit, Payer::Nobody),
            Err(_) => (LimitName::FailedAuthentication, address),
        };
        LookedUp { limit, payer, found }
    }

    /// Charges the limit for whoever was looked up, and lets them in where it is not used up.
    pub(crate) async fn admit(&self, looked_up: LookedUp, now: Duration) -> Admission {
        let LookedUp { limit, payer, found } = looked_up;
        let standing = self.limiter.charge(limit, payer, now).await;
        Admission { standing, outcome: standing.check().map_err(ApiError::from).and(found) }
    }

    /// The access token of a request, if the issuer outside has to be asked for its key before anybody can be looked up.
    pub(crate) fn token_of_unknown_key(&self, route: &RouteInfo, request: &Request) -> Option<Vec<u8>> {
        let external = self.external_issuer.as_ref()?;
        if matches!(route.access, Access::Anyone | Access::ApiKey) {
            return None;
        }
        let presented = Presented::read(request.headers(), request.uri().query()).ok()?;
        match presented.choose().ok()? {
            Credentials::AccessToken(token) if ExternalIssuer::may_be_of(token) => {
                (!external.issuer.knows_key_of(token)).then(|| token.to_vec())
            }
            _ => None,
        }
    }

    /// Asks the issuer outside for the key of `token`.
    pub(crate) async fn look_for_key_of(&self, token: &[u8]) {
        if let Some(external) = &self.external_issuer {
            external.issuer.look_for_key_of(token).await;
        }
    }

    fn identify(
        &self,
        access: Access,
        asked: SiteScope,
        request: &Request,
        id: &RequestId,
    ) -> Result<Caller, ApiError> {
        match access {
            Access::Anyone => Ok(Caller::Anyone(Anyone { asked, request: id.clone() })),
            Access::ApiKey => {
                let (presented, view) = self.presented(request)?;
                let (key, caller) = holder_of(presented, &view, asked)?;
                self.ledger.note_use([key.into()]);
                Ok(Caller::ApiKeyHolder(caller))
            }
            Access::Credentials | Access::Permission(_) | Access::AnyOf(_) => {
                let (presented, view) = self.presented(request)?;
                let external = self.external_issuer.as_ref();
                let caller = sign_in(presented, view, asked, id.clone(), self.ledger.now(), external)?;
                self.note_use(caller.principal);
                Ok(Caller::SignedIn(caller))
            }
        }
    }

    /// Notes that somebody was let in by these credentials, whatever becomes of the request.
    fn note_use(&self, principal: Principal) {
        if let Principal::User { credential: Credential::Keys { api_key, application_key }, .. } = principal {
            self.ledger.note_use([api_key.into(), application_key.into()]);
        }
    }

    /// What a request shows, and the view to look it up in.
    fn presented<'r>(&self, request: &'r Request) -> Result<(Presented<'r>, Arc<View>), ApiError> {
        let presented = Presented::read(request.headers(), request.uri().query())?;
        Ok((presented, self.fresh_view()?))
    }
}

fn holder_of(
    presented: Presented<'_>,
    view: &View,
    asked: SiteScope,
) -> Result<(ApiKeyId, ApiKeyHolder), ApiError> {
    let digest = presented.api_key().ok_or(ApiError::ApiKeyRequired)?;
    let key = authenticate_api_key(&view.state, &digest, asked).map_err(|_| ApiError::ApiKeyNotLive)?;
    Ok((key.id, ApiKeyHolder { org: key.org }))
}

fn sign_in(
    presented: Presented<'_>,
    view: Arc<View>,
    asked: SiteScope,
    request: RequestId,
    at: Timestamp,
    external: Option<&ExternalIssuer>,
) -> Result<SignedIn, ApiError> {
    let principal = match presented.choose()? {
        Credentials::Keys { api_key, application_key } => {
            authenticate(&view.state, &api_key, &application_key, asked)
                .map_err(CredentialProblem::NotLive)?
        }
        Credentials::AccessToken(token) => match external.filter(|_| ExternalIssuer::may_be_of(token)) {
            Some(external) => {
                let (subject, read) = external.read(token, at)?;
                let who = (external.org, subject.as_ref());
                authenticate_external(&view.state, who, read, asked, at)
            }
            None => authenticate_token(&view.state, &KeyDigest::of(token), asked, at),
        }
        .map_err(CredentialProblem::NotLive)?,
    };
    match principal {
        Principal::User { org, user, .. } => Ok(SignedIn { view, principal, org, user, request, at }),
        // No credential of the wire stands for the operator.
        Principal::Operator => Err(Refusal::OperatorOnly.into()),
    }
}

pub(crate) fn client_address(request: &Request) -> IpAddr {
    request.extensions().get().map_or(Ipv6Addr::UNSPECIFIED.into(), |ClientAddress(address)| *address)
}
