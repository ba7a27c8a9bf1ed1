//! Authorizations: what a user has allowed a client, and all that comes of it.

use std::time::Duration;

use crate::{
    AuthorizationId, Change, CodeChallenge, Credential, Decided, Edit, KeyDigest, OauthClientId,
    OauthProblem, PermissionSet, Principal, RedirectUri, Refusal, Session, State, Timestamp, User, UserId,
    login::Shown, oauth_client,
};

/// What a user has allowed a client, or a client has taken up for its service account. Every token belongs to one, and
/// ends with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Its id.
    pub id: AuthorizationId,
    /// Which client.
    pub client: OauthClientId,
    /// For whom it may act.
    pub user: UserId,
    /// What they had shown when they allowed it, which has to last: what comes of it ends with that, and may do no more.
    /// `None` where nobody was asked: a client that acts for its service account.
    pub shown: Option<Shown>,
    /// What it may do for them, as far as they may.
    pub scopes: PermissionSet,
    /// What the client was given first, to be exchanged for tokens; `None` where no browser was there.
    pub code: Option<Code>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, whatever is renewed until then.
    pub expires_at: Timestamp,
}

/// A code that a browser carried to the client. It is kept when it is spent, so that it is known when it comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Its digest.
    pub digest: KeyDigest,
    /// Where the browser was sent with it.
    pub redirect_uri: RedirectUri,
    /// What only the client that asked can answer.
    pub challenge: CodeChallenge,
    /// Whether it was exchanged.
    pub is_spent: bool,
}

/// How long a code may take from the browser to the client and back. Source: RFC 6749, section 4.1.2.
pub const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// What a user is asked to allow, and allows.
#[derive(Debug, Clone)]
pub struct NewAuthorization {
    /// Its id.
    pub id: AuthorizationId,
    /// Which client asks.
    pub client: OauthClientId,
    /// What it asks for.
    pub scopes: PermissionSet,
    /// The digest of the code that it is given.
    pub code: KeyDigest,
    /// Where the browser is sent with it.
    pub redirect_uri: RedirectUri,
    /// What only the client can answer.
    pub challenge: CodeChallenge,
}

impl Authorization {
    /// What of `scopes` its tokens let through of what `user` may do now; `None` if whatever was shown for it no longer
    /// stands for them.
    pub(crate) fn reach_now(
        &self,
        state: &State,
        user: &User,
        scopes: PermissionSet,
    ) -> Option<PermissionSet> {
        let Some(shown) = self.shown else { return Some(scopes) };
        let reach = shown.reach(state, user)?;
        Some(reach.map_or(scopes, |reach| scopes.intersection(reach)))
    }
}

/// What of `scopes` a client would be allowed by whoever is logged in: no more than they may do now, by what they have
/// shown.
///
/// # Errors
/// [`Refusal::Unauthorized`] if the login is over; [`OauthProblem::User`] if the client is none that they may let act
/// for them; [`OauthProblem::Scope`] if nothing would be left, or the client may not ask for it.
pub fn offer(
    session: &Session<'_>,
    client: OauthClientId,
    scopes: PermissionSet,
) -> Result<PermissionSet, Refusal> {
    let Principal::User { credential: Credential::Login(_), asked, .. } = session.principal() else {
        return Err(OauthProblem::User.into());
    };
    let state = session.state();
    let (_, user) = session.whoami()?;
    let client = oauth_client::find(state, client, asked).ok_or(OauthProblem::User)?;
    if !oauth_client::serves(state, client, user) {
        return Err(OauthProblem::User.into());
    }
    if scopes.without(client.scopes) != PermissionSet::EMPTY {
        return Err(OauthProblem::Scope.into());
    }
    let offered = scopes.intersection(session.rights()?);
    if offered == PermissionSet::EMPTY { Err(OauthProblem::Scope.into()) } else { Ok(offered) }
}

/// Allows a client what it asks for, as far as whoever is logged in may, and keeps the code for it.
///
/// # Errors
/// As [`offer`]; [`OauthProblem::RedirectUri`] if the browser would be sent where the client is not registered to be.
pub fn allow(
    session: &Session<'_>,
    new: NewAuthorization,
    now: Timestamp,
) -> Result<Decided<Authorization>, Refusal> {
    let NewAuthorization { id, client, scopes, code, redirect_uri, challenge } = new;
    let state = session.state();
    let scopes = offer(session, client, scopes)?;
    let is_registered =
        state.oauth_client(client).is_some_and(|client| client.redirect_uris.contains(&redirect_uri));
    if !is_registered {
        return Err(OauthProblem::RedirectUri.into());
    }
    if state.authorization(id).is_some() || state.authorization_by_code(&code).is_some() {
        return Err(Refusal::taken("authorization id", id));
    }
    let (_, user) = session.whoami()?;
    let shown = session.shown()?;
    let authorization = Authorization {
        id,
        client,
        user: user.id,
        shown: Some(shown),
        scopes,
        code: Some(Code { digest: code, redirect_uri, challenge, is_spent: false }),
        created_at: now,
        expires_at: now.plus(CODE_LIFETIME),
    };
    Ok(Decided::one(authorization.clone(), Change::Authorization(Edit::Create(authorization))))
}
