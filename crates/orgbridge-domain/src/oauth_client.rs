//! OAuth2 clients: programs that act for users, or as a service account.

use std::sync::Arc;

use crate::right::OauthClientsWrite;
use crate::{
    Change, Decided, Edit, Grant, KeyDigest, Name, OauthClientId, OauthProblem, OrgId, Permission,
    PermissionSet, RedirectUri, Refusal, SiteScope, State, Timestamp, User, UserId, UserKind,
    application_key, restriction_policy,
};

/// A program that an org has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthClient {
    /// Its id, which is no secret.
    pub id: OauthClientId,
    /// The org that registered it. Users of any org of the account on the same site may let it act for them.
    pub org: OrgId,
    /// What people call it.
    pub name: Name,
    /// Where users may be sent back to with a code; nowhere, if it acts for no user.
    pub redirect_uris: Vec<RedirectUri>,
    /// Whether what a user allows it once it can renew by itself.
    pub refreshes: bool,
    /// The service account of its org that it acts as by itself, if it does.
    pub service_account: Option<UserId>,
    /// What it may ask for at the most.
    pub scopes: PermissionSet,
    /// How it proves itself.
    pub authentication: ClientAuthentication,
    /// The user who registered it; `None` where an operator did.
    pub created_by: Option<UserId>,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// How a client proves itself: how it is registered to, and how it did.
///
/// Two are compared in constant time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// Not at all: it can't keep a secret.
    Public,
    /// By its secret, in the header `Authorization`.
    Basic(KeyDigest),
    /// By its secret, in the body.
    Post(KeyDigest),
}

impl ClientAuthentication {
    /// The name on the wire and in storage. Source: RFC 7591, section 2.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "none",
            Self::Basic(_) => "client_secret_basic",
            Self::Post(_) => "client_secret_post",
        }
    }

    /// The digest of the secret, where there is one.
    pub const fn digest(&self) -> Option<&KeyDigest> {
        match self {
            Self::Public => None,
            Self::Basic(digest) | Self::Post(digest) => Some(digest),
        }
    }
}

/// What a client shows to say which it is.
#[derive(Debug, Clone, Copy)]
pub struct ClientProof {
    /// Which it says that it is.
    pub client: OauthClientId,
    /// How it proves that.
    pub authentication: ClientAuthentication,
}

/// What a new client is made from.
#[derive(Debug, Clone)]
pub struct NewOauthClient {
    /// Its id.
    pub id: OauthClientId,
    /// What people call it.
    pub name: Name,
    /// Where users may be sent back to with a code.
    pub redirect_uris: Vec<RedirectUri>,
    /// Whether what a user allows it once it can renew by itself.
    pub refreshes: bool,
    /// The service account that it acts as by itself.
    pub service_account: Option<UserId>,
    /// What it may ask for at the most.
    pub scopes: PermissionSet,
    /// How it proves itself.
    pub authentication: ClientAuthentication,
}

/// What is to be different about a client. How it proves itself and whom it acts as stay: whoever knew its secret would
/// be somebody else then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OauthClientEdit {
    /// Its new name; `None` for the one that it has.
    pub name: Option<Name>,
    /// Where users may be sent back to from now on; `None` for where they may now.
    pub redirect_uris: Option<Vec<RedirectUri>>,
    /// Whether what a user allows it can renew by itself from now on; `None` for as it is.
    pub refreshes: Option<bool>,
    /// What it may ask for, and do with the tokens that it has; `None` for what it may now.
    pub scopes: Option<PermissionSet>,
}

/// Why there can't be such a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientProblem {
    /// There is no way in which it could come by a token.
    #[error("a client needs a redirect URI, or a service account that it acts as, or both")]
    NoWay,
    /// Where users are sent back to is a set, and no long one.
    #[error("redirect URIs: expected at most {} of them, none twice", OauthClient::MAX_REDIRECT_URIS)]
    RedirectUris,
    /// Anybody could act as the service account.
    #[error("a client that acts as a service account needs a secret")]
    NoSecret,
    /// It would renew what no user can allow it.
    #[error("a client that acts for no user has nothing to refresh")]
    NothingToRefresh,
    /// A person acts for themselves.
    #[error("the user that a client acts as must be a service account")]
    NoServiceAccount,
}

impl OauthClient {
    /// The most redirect URIs that a client may have.
    pub const MAX_REDIRECT_URIS: usize = 16;

    /// What a client may ask for that is registered without a word about it.
    pub const USUAL_SCOPES: PermissionSet =
        PermissionSet::of(&[Permission::OrgConnectionsRead, Permission::OrgConnectionsWrite]);

    /// # Errors
    /// [`ClientProblem`] says why there can't be such a client, whoever registers it.
    fn check(&self) -> Result<(), ClientProblem> {
        let is_repeated =
            |(position, uri): (usize, &RedirectUri)| self.redirect_uris[..position].contains(uri);
        if self.redirect_uris.len() > OauthClient::MAX_REDIRECT_URIS
            || self.redirect_uris.iter().enumerate().any(is_repeated)
        {
            Err(ClientProblem::RedirectUris)
        } else if self.redirect_uris.is_empty() && self.service_account.is_none() {
            Err(ClientProblem::NoWay)
        } else if self.redirect_uris.is_empty() && self.refreshes {
            Err(ClientProblem::NothingToRefresh)
        } else if self.service_account.is_some() && self.authentication == ClientAuthentication::Public {
            Err(ClientProblem::NoSecret)
        } else {
            Ok(())
        }
    }
}

/// Registers a client of the grant's org.
///
/// # Errors
/// [`Refusal::BadClient`] if there can't be such a client; [`Refusal::Absent`] if the org has no such service account;
/// [`Refusal::BeyondOwnRights`] if it acts as a service account, and the principal may not make those, or it could do by
/// itself what the principal may not; [`Refusal::BeyondOwnStanding`] if a restriction policy binds that service account
/// more closely than the principal; [`Refusal::Taken`] if a client has this id.
pub fn register(
    grant: &Grant<'_, OauthClientsWrite>,
    new: NewOauthClient,
    now: Timestamp,
) -> Result<Decided<OauthClient>, Refusal> {
    let NewOauthClient { id, name, redirect_uris, refreshes, service_account, scopes, authentication } = new;
    let client = OauthClient {
        id,
        org: grant.org().id,
        name,
        redirect_uris,
        refreshes,
        service_account,
        scopes,
        authentication,
        created_by: grant.user(),
        created_at: now,
    };
    client.check()?;
    if grant.state().oauth_client(id).is_some() {
        return Err(Refusal::taken("client id", id));
    }
    may_widen(grant, &client, PermissionSet::EMPTY)?;
    Ok(Decided::one(client.clone(), Change::OauthClient(Edit::Create(client))))
}

/// Changes a client of the grant's org. What it may no longer ask for, the tokens that it has no longer let through.
///
/// # Errors
/// [`Refusal::Absent`] if the org has no such client; [`Refusal::BadClient`] if there can't be one as it would be;
/// [`Refusal::BeyondOwnRights`] if it acts as a service account, and the principal may not make those, or it could do
/// more by itself than before, and that is what the principal may not; [`Refusal::BeyondOwnStanding`] if it did not act as
/// that service account before, or comes to reach connections as it, and a restriction policy binds the account more
/// closely than the principal.
pub fn edit(
    grant: &Grant<'_, OauthClientsWrite>,
    id: OauthClientId,
    edit: OauthClientEdit,
) -> Result<Decided<OauthClient>, Refusal> {
    let before = of_org(grant, id)?;
    let OauthClientEdit { name, redirect_uris, refreshes, scopes } = edit;
    let after = OauthClient {
        name: name.unwrap_or_else(|| before.name.clone()),
        redirect_uris: redirect_uris.unwrap_or_else(|| before.redirect_uris.clone()),
        refreshes: refreshes.unwrap_or(before.refreshes),
        scopes: scopes.unwrap_or(before.scopes),
        ..before.clone()
    };
    if before == after {
        return Ok(Decided::unchanged(before));
    }
    after.check()?;
    may_widen(grant, &after, before.scopes)?;
    Ok(Decided::one(after.clone(), Change::OauthClient(Edit::Replace { before, after })))
}

/// Revokes a client of the grant's org, and with it every token that it has.
///
/// # Errors
/// [`Refusal::Absent`] if the org has no such client.
pub fn revoke(
    grant: &Grant<'_, OauthClientsWrite>,
    id: OauthClientId,
) -> Result<Decided<OauthClient>, Refusal> {
    let client = of_org(grant, id)?;
    // What it was allowed names it, and is nothing without it; it is cleared away when its time is over.
    Ok(Decided::one(client.clone(), Change::OauthClient(Edit::Delete(client))))
}

fn of_org(grant: &Grant<'_, OauthClientsWrite>, id: OauthClientId) -> Result<OauthClient, Refusal> {
    let client = grant.state().oauth_client(id).filter(|client| client.org == grant.org().id);
    client.map(|client| OauthClient::clone(client)).ok_or_else(|| Refusal::absent("OAuth2 client", id))
}

/// Whoever knows the client's secret can act as its service account, as with a key of it: so nobody lets it do there
/// what they may not, beyond what it could `before`.
fn may_widen(
    grant: &Grant<'_, OauthClientsWrite>,
    client: &OauthClient,
    before: PermissionSet,
) -> Result<(), Refusal> {
    let Some(account) = client.service_account else { return Ok(()) };
    // Its secret outlives what the account may do today: it is for who is trusted with service accounts.
    if !grant.holds(Permission::ServiceAccountWrite) {
        return Err(Refusal::BeyondOwnRights(Permission::ServiceAccountWrite));
    }
    let account = grant.state().user(account).filter(|account| account.org == client.org);
    let account =
        account.ok_or_else(|| Refusal::absent("service account", "of this organization with this id"))?;
    if account.kind != UserKind::ServiceAccount {
        return Err(ClientProblem::NoServiceAccount.into());
    }
    // With its first scope it comes by tokens, and with any token it is the account to whoever asks who it is.
    if before == PermissionSet::EMPTY {
        restriction_policy::may_act_as(grant, account)?;
    }
    application_key::may_widen(grant, account, Some(before), Some(client.scopes))
}

/// The client that proves itself, among those of the site that was `asked`.
///
/// # Errors
/// [`OauthProblem::Client`] if there is none, its org is disabled, or it proves itself in another way than it is
/// registered to.
pub fn authenticate<'s>(
    state: &'s State,
    proof: &ClientProof,
    asked: SiteScope,
) -> Result<&'s Arc<OauthClient>, OauthProblem> {
    let client = find(state, proof.client, asked).ok_or(OauthProblem::Client)?;
    if client.authentication == proof.authentication { Ok(client) } else { Err(OauthProblem::Client) }
}

/// The client `id` of a live org of the site that was `asked`.
pub fn find(state: &State, id: OauthClientId, asked: SiteScope) -> Option<&Arc<OauthClient>> {
    let lives_there = |org: OrgId| state.org(org).is_some_and(|org| !org.disabled && asked.admits(org.site));
    state.oauth_client(id).filter(|client| lives_there(client.org))
}

/// Whether a user may let a client act for them: both live in one account, on one site.
pub fn serves(state: &State, client: &OauthClient, user: &User) -> bool {
    match (state.org(client.org), state.org(user.org)) {
        (Some(own), Some(theirs)) => {
            !own.disabled && own.account == theirs.account && own.site == theirs.site
        }
        _ => false,
    }
}
