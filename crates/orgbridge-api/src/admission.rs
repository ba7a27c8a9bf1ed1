//! Who may come in: credentials are looked up and the rate limit is charged before a handler is called.
//!
//! Some may be somebody in a moment: their key was made elsewhere a moment ago, or the key of the issuer outside that signed
//! their token is still to be fetched. To wait for that holds a place as a request under way does. So a wait is charged
//! before it begins, as the request is: to the org of whoever is known already, and to the address of everybody else, as
//! the failure that it is so far. Where that is used up, nobody waits. Afterwards they are looked up anew, and nobody is
//! charged twice in one window.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::Extensions;
use orgbridge_domain::{
    ApiKeyId, Credential, KeyDigest, OrgId, Principal, Refusal, SiteScope, Timestamp, authenticate,
    authenticate_api_key, authenticate_external, authenticate_token,
};
use orgbridge_issuer::Distrust;
use orgbridge_ledger::{RequestId, Revision, View};

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
    bill: Bill,
    found: Result<Caller, ApiError>,
}

/// The window that a request is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bill {
    limit: LimitName,
    payer: Payer,
}

/// A request that was counted, and how its window stood then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paid {
    bill: Bill,
    standing: Standing,
}

impl Paid {
    /// Whether the window took it.
    pub(crate) fn is_admitted(&self) -> bool {
        self.standing.check().is_ok()
    }
}

/// What may still come that decides how a request is answered.
#[derive(Debug)]
pub(crate) struct Awaited {
    history: Option<More>,
    /// A token that names a key of its issuer that is not known.
    token: Option<Vec<u8>>,
}

/// How much more of history is awaited.
#[derive(Debug)]
enum More {
    /// Up to this revision.
    Until(Revision),
    /// Whatever is there by now.
    All,
}

impl LookedUp {
    /// What a wait is charged to before it begins: what the request is, or, where that is nobody's fault and counted
    /// nowhere, the failures of the client's address.
    pub(crate) const fn bill_of_a_wait(&self, address: Payer) -> Bill {
        match self.bill.payer {
            Payer::Nobody => Bill { limit: LimitName::FailedAuthentication, payer: address },
            Payer::Org(_) | Payer::Address(_) => self.bill,
        }
    }

    /// Whether the keys of the issuer outside decide who this is, and don't yet.
    const fn lacks_a_key_of_the_issuer(&self) -> bool {
        matches!(
            &self.found,
            Err(ApiError::NoKeysOfIssuer
                | ApiError::Unauthorized(CredentialProblem::NotBelieved(Distrust::UnknownKey)))
        )
    }

    /// Whether what was shown is not known here to be live.
    const fn is_nobody(&self) -> bool {
        matches!(
            &self.found,
            Err(ApiError::ApiKeyNotLive | ApiError::Unauthorized(CredentialProblem::NotLive(_)))
        )
    }

    /// Whether more of the history may change what was found.
    const fn may_change(&self) -> bool {
        match &self.found {
            Ok(_) | Err(ApiError::Unavailable(_)) => true,
            Err(_) => self.is_nobody() || self.lacks_a_key_of_the_issuer(),
        }
    }
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
                let bill = Bill { limit: LimitName::UnknownRoute, payer: address };
                return LookedUp { bill, found: Err(error) };
            }
        };
        let found = self.identify(route.access, asked, request, id);
        let (limit, payer) = match &found {
            Ok(caller) => (route.limit, caller.org().map_or(address, Payer::Org)),
            // It is no failure of the caller's that nobody can be looked up now.
            Err(ApiError::Unavailable(_) | ApiError::NoKeysOfIssuer) => (route.limit, Payer::Nobody),
            Err(_) => (LimitName::FailedAuthentication, address),
        };
        LookedUp { bill: Bill { limit, payer }, found }
    }

    /// What has to be waited for before the request of whoever was looked up is answered by what holds at `asked`, if there
    /// is anything.
    pub(crate) fn awaited(
        &self,
        looked_up: &LookedUp,
        request: &Request,
        asked: Option<Revision>,
    ) -> Option<Awaited> {
        let revision = asked.filter(|asked| *asked > self.known() && looked_up.may_change());
        // Credentials are used as soon as they are made, and not always at the replica that made them.
        let history = revision.map(More::Until).or_else(|| looked_up.is_nobody().then_some(More::All));
        let token = looked_up.lacks_a_key_of_the_issuer().then(|| access_token(request)).flatten();
        (history.is_some() || token.is_some()).then(|| Awaited { history, token: token.map(<[u8]>::to_vec) })
    }

    /// Waits for it, as long as may be.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] if it does not come in time.
    pub(crate) async fn wait_for(&self, awaited: Awaited) -> Result<(), ApiError> {
        let Awaited { history, token } = awaited;
        if let (Some(external), Some(token)) = (&self.external_issuer, token) {
            external.issuer.look_for_key_of(&token).await;
        }
        match history {
            Some(More::Until(revision)) => self.wait_until(revision).await,
            Some(More::All) => self.catch_up().await,
            None => Ok(()),
        }
    }

    /// Counts a request.
    pub(crate) async fn charge(&self, bill: Bill, now: Duration) -> Paid {
        Paid { bill, standing: self.limiter.charge(bill.limit, bill.payer, now).await }
    }

    /// Charges the limit for whoever was looked up, unless that was paid before a wait, and lets them in where it is not
    /// used up.
    pub(crate) async fn admit(&self, looked_up: LookedUp, paid: Option<Paid>, now: Duration) -> Admission {
        let LookedUp { bill, found } = looked_up;
        let paid = match paid.filter(|paid| paid.bill == bill) {
            Some(paid) => paid,
            None => self.charge(bill, now).await,
        };
        Admission {
            standing: paid.standing,
            outcome: paid.standing.check().map_err(ApiError::from).and(found),
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

/// The access token that a request shows, if that decides who it comes from.
fn access_token(request: &Request) -> Option<&[u8]> {
    let presented = Presented::read(request.headers(), request.uri().query()).ok()?;
    match presented.choose().ok()? {
        Credentials::AccessToken(token) => Some(token),
        Credentials::Keys { .. } => None,
    }
}

pub(crate) fn client_address(request: &Request) -> IpAddr {
    request.extensions().get().map_or(Ipv6Addr::UNSPECIFIED.into(), |ClientAddress(address)| *address)
}
