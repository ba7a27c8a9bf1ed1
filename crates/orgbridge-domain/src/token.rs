//! Tokens: what a client shows to act for a user.
//!
//! A rule here decides for a client that has proven itself ([`ClientGrant`]). What a client does wrong with a code or
//! a refresh token can end what it was allowed; so a rule may decide to change something and yet to give nothing, and
//! its answer is a result within a result.

use std::time::Duration;

use crate::{
    Authorization, AuthorizationId, Change, ClientGrant, Code, CodeChallenge, Credential, Decided, Edit,
    KeyDigest, OauthProblem, PermissionSet, Principal, Refusal, SiteScope, State, Timestamp, TokenId, UserId,
    oauth_client,
};

/// What a client shows, or exchanges for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What it comes of, and ends with.
    pub authorization: AuthorizationId,
    /// For whom it may act. That is said here, too, since a token can outlast what it comes of.
    pub user: UserId,
    /// What it is for.
    pub kind: TokenKind,
    /// The digest of its secret.
    pub digest: KeyDigest,
    /// What the user's permissions are cut down to.
    pub scopes: PermissionSet,
    /// Whether it was exchanged for another. It is kept then, so that it is known when it comes again.
    pub is_spent: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// To make calls with.
    Access,
    /// To come by another access token with, once.
    Refresh,
}

impl TokenKind {
    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

impl std::str::FromStr for TokenKind {
    type Err = NotATokenKind;

    fn from_str(text: &str) -> Result<Self, NotATokenKind> {
        [Self::Access, Self::Refresh].into_iter().find(|kind| kind.as_str() == text).ok_or(NotATokenKind)
    }
}

/// The text names no kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected access or refresh")]
pub struct NotATokenKind;

/// How long an access token lasts. Source: contract, section 4.
pub const ACCESS_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How long a refresh token waits to be used.
pub const REFRESH_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long what a user allowed once can be renewed: then they are asked again.
pub const AUTHORIZATION_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How many spent refresh tokens of one consent are kept at the most: more than a client spends that renews its access
/// token whenever it expires. None is forgotten to make room, or whoever has stolen one would renew it until nobody knows
/// that it comes again.
pub const MOST_SPENT: usize = 1024;

/// What new tokens are made from. Those that are not needed are left.
#[derive(Debug, Clone, Copy)]
pub struct NewTokens {
    /// The id and digest of an access token.
    pub access: (TokenId, KeyDigest),
    /// The id and digest of a refresh token.
    pub refresh: (TokenId, KeyDigest),
}

/// What a client is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// To make calls with.
    pub access: Token,
    /// To come by the next with, if the client is registered to.
    pub refresh: Option<Token>,
}

/// What a client gives for tokens.
#[derive(Debug, Clone)]
pub enum Presented {
    /// A code, with what proves that it was given to this client.
    Code {
        /// Its digest.
        digest: KeyDigest,
        /// Where the client says that it was sent.
        redirect_uri: String,
        /// What answers the challenge.
        answer: CodeChallenge,
    },
    /// A refresh token, by digest, with what of its scopes is wanted; `None` for all.
    Refresh(KeyDigest, Option<PermissionSet>),
    /// Nothing: the client acts for its service account, with what is wanted of its scopes; `None` for all.
    Nothing(Option<PermissionSet>),
}

/// For whom a client would act that presents this: whoever its tokens come of. Nothing is proven of what it presents.
///
/// # Errors
/// [`OauthProblem`] if it is nothing that tokens come of.
pub fn acting_for(
    state: &State,
    client: &oauth_client::OauthClient,
    presented: &Presented,
    asked: SiteScope,
) -> Result<Principal, OauthProblem> {
    let (user, problem) = match presented {
        Presented::Code { digest, .. } => {
            (state.authorization_by_code(digest).map(|it| it.user), OauthProblem::Code)
        }
        Presented::Refresh(digest, _) => (user_of(state, digest), OauthProblem::RefreshToken),
        Presented::Nothing(_) => (client.service_account, OauthProblem::GrantType),
    };
    let user = user.and_then(|user| state.user(user)).ok_or(problem)?;
    Ok(Principal::User { org: user.org, user: user.id, credential: Credential::Client(client.id), asked })
}

/// Who is acted for by the token with this digest, whatever it is still good for.
pub fn acting_by(
    state: &State,
    client: &oauth_client::OauthClient,
    digest: &KeyDigest,
    asked: SiteScope,
) -> Option<Principal> {
    let user = state.user(user_of(state, digest)?)?;
    Some(Principal::User { org: user.org, user: user.id, credential: Credential::Client(client.id), asked })
}

fn user_of(state: &State, digest: &KeyDigest) -> Option<UserId> {
    state.token_by_digest(digest).map(|token| token.user)
}

/// Gives tokens for what the client presents.
///
/// The outer decision always holds; the inner one says why there are no tokens. A code or refresh token that comes a
/// second time ends all that came of it: one of the two who had it is a thief. Source: RFC 6749, section 4.1.2; RFC
/// 9700, section 4.14.2; hardening list, 21.
///
/// # Errors
/// [`Refusal::Taken`] if a token has one of the ids already.
pub fn issue(
    client: &ClientGrant<'_>,
    presented: &Presented,
    new: NewTokens,
    now: Timestamp,
) -> Result<Decided<Result<Issued, OauthProblem>>, Refusal> {
    let state = client.state();
    for id in [new.access.0, new.refresh.0] {
        if state.token(id).is_some() || state.authorization(AuthorizationId::new(id.uuid())).is_some() {
            return Err(Refusal::taken("token id", id));
        }
    }
    let outcome = match presented {
        Presented::Code { digest, redirect_uri, answer } => {
            redeem(client, digest, redirect_uri, *answer, new, now)
        }
        Presented::Refresh(digest, wanted) => refresh(client, digest, *wanted, new, now),
        Presented::Nothing(wanted) => act_alone(client, *wanted, new, now),
    };
    Ok(match outcome {
        Ok(decided) => Decided { value: Ok(decided.value), changes: decided.changes },
        Err(Problem::Plain(problem)) => Decided::unchanged(Err(problem)),
        Err(Problem::Theft(problem, family)) => {
            Decided::one(Err(problem), Change::Authorization(Edit::Delete(*family)))
        }
    })
}

/// Ends a token of the client's: an access token by itself, a refresh token with all that came of the same
/// authorization. A token that is none of the client's is left, and nobody is told. Source: RFC 7009, section 2.
pub fn revoke(client: &ClientGrant<'_>, digest: &KeyDigest) -> Decided<()> {
    let state = client.state();
    let own = state.token_by_digest(digest).and_then(|token| {
        let authorization = state.authorization(token.authorization)?;
        (authorization.client == client.client().id).then_some((token, authorization))
    });
    match own {
        None => Decided::unchanged(()),
        Some((token, _)) if token.kind == TokenKind::Access => {
            Decided::one((), Change::Token(Edit::Delete(Token::clone(token))))
        }
        Some((_, authorization)) => {
            Decided::one((), Change::Authorization(Edit::Delete(Authorization::clone(authorization))))
        }
    }
}

/// Why there are no tokens, and whether what was presented is not the client's alone any more.
enum Problem {
    Plain(OauthProblem),
    Theft(OauthProblem, Box<Authorization>),
}

impl From<OauthProblem> for Problem {
    fn from(problem: OauthProblem) -> Self {
        Self::Plain(problem)
    }
}

fn redeem(
    client: &ClientGrant<'_>,
    digest: &KeyDigest,
    redirect_uri: &str,
    answer: CodeChallenge,
    new: NewTokens,
    now: Timestamp,
) -> Result<Decided<Issued>, Problem> {
    let state = client.state();
    let before = state.authorization_by_code(digest).filter(|it| it.client == client.client().id);
    let before = before.ok_or(OauthProblem::Code)?;
    let Some(code) = &before.code else { return Err(OauthProblem::Code.into()) };
    if code.is_spent {
        return Err(Problem::Theft(OauthProblem::Code, Box::new(Authorization::clone(before))));
    }
    if before.expires_at <= now {
        return Err(OauthProblem::Code.into());
    }
    if code.redirect_uri.as_str() != redirect_uri
        || !client.client().redirect_uris.contains(&code.redirect_uri)
    {
        return Err(OauthProblem::RedirectUri.into());
    }
    if code.challenge != answer {
        return Err(OauthProblem::Verifier.into());
    }
    let scopes = served(client, before, before.scopes.intersection(client.client().scopes))?;
    let lifetime = if client.client().refreshes { AUTHORIZATION_LIFETIME } else { ACCESS_LIFETIME };
    let after = Authorization {
        code: Some(Code { is_spent: true, ..code.clone() }),
        expires_at: now.plus(lifetime),
        ..Authorization::clone(before)
    };
    let issued = tokens_of(client, &after, scopes, new, now);
    let change = Edit::Replace { before: Authorization::clone(before), after };
    Ok(given(issued, [Change::Authorization(change)]))
}

fn refresh(
    client: &ClientGrant<'_>,
    digest: &KeyDigest,
    wanted: Option<PermissionSet>,
    new: NewTokens,
    now: Timestamp,
) -> Result<Decided<Issued>, Problem> {
    let state = client.state();
    let token = state.token_by_digest(digest).filter(|token| token.kind == TokenKind::Refresh);
    let token = token.ok_or(OauthProblem::RefreshToken)?;
    let authorization = state.authorization(token.authorization);
    let authorization = authorization.filter(|it| it.client == client.client().id);
    let authorization = authorization.ok_or(OauthProblem::RefreshToken)?;
    if token.is_spent {
        let family = Box::new(Authorization::clone(authorization));
        return Err(Problem::Theft(OauthProblem::RefreshToken, family));
    }
    let is_over = token.expires_at <= now || authorization.expires_at <= now;
    if is_over || !client.client().refreshes {
        return Err(OauthProblem::RefreshToken.into());
    }
    if state.spent_tokens_of(authorization.id) >= MOST_SPENT {
        return Err(OauthProblem::Renewals.into());
    }
    let left = token.scopes.intersection(client.client().scopes);
    let scopes = served(client, authorization, narrowed(left, wanted)?)?;
    let issued = tokens_of(client, authorization, scopes, new, now);
    let before = Token::clone(token);
    let spent = Token { is_spent: true, ..before.clone() };
    Ok(given(issued, [Change::Token(Edit::Replace { before, after: spent })]))
}

fn act_alone(
    client: &ClientGrant<'_>,
    wanted: Option<PermissionSet>,
    new: NewTokens,
    now: Timestamp,
) -> Result<Decided<Issued>, Problem> {
    let user = client.client().service_account.ok_or(OauthProblem::GrantType)?;
    let scopes = narrowed(client.client().scopes, wanted)?;
    let authorization = Authorization {
        // One to one with its only token, so it can have the same id.
        id: AuthorizationId::new(new.access.0.uuid()),
        client: client.client().id,
        user,
        shown: None,
        scopes,
        code: None,
        created_at: now,
        expires_at: now.plus(ACCESS_LIFETIME),
    };
    let scopes = served(client, &authorization, scopes)?;
    let access = access_token(&authorization, scopes, new, now);
    let changes = [Change::Authorization(Edit::Create(authorization))];
    Ok(given(Issued { access, refresh: None }, changes))
}

/// What of `whole` is wanted. Nobody gets more by asking for it.
fn narrowed(whole: PermissionSet, wanted: Option<PermissionSet>) -> Result<PermissionSet, OauthProblem> {
    let wanted = wanted.unwrap_or(whole);
    if wanted.without(whole) == PermissionSet::EMPTY { Ok(wanted) } else { Err(OauthProblem::Scope) }
}

/// What of `scopes` the client is given, if its user still can be acted for.
fn served(
    client: &ClientGrant<'_>,
    authorization: &Authorization,
    scopes: PermissionSet,
) -> Result<PermissionSet, OauthProblem> {
    let state = client.state();
    let user = state.user(authorization.user).filter(|user| !user.disabled && !state.is_disabled(user.org));
    let user = user.filter(|user| oauth_client::serves(state, client.client(), user));
    let left = user.and_then(|user| authorization.reach_now(state, user, scopes));
    match left.ok_or(OauthProblem::UserGone)? {
        PermissionSet::EMPTY => Err(OauthProblem::Scope),
        left => Ok(left),
    }
}

fn tokens_of(
    client: &ClientGrant<'_>,
    authorization: &Authorization,
    scopes: PermissionSet,
    new: NewTokens,
    now: Timestamp,
) -> Issued {
    let refresh = client.client().refreshes.then(|| Token {
        id: new.refresh.0,
        authorization: authorization.id,
        user: authorization.user,
        kind: TokenKind::Refresh,
        digest: new.refresh.1,
        // The next may ask for as much as the first. Source: RFC 6749, section 6.
        scopes: authorization.scopes,
        is_spent: false,
        created_at: now,
        expires_at: now.plus(REFRESH_LIFETIME).min(authorization.expires_at),
    });
    Issued { access: access_token(authorization, scopes, new, now), refresh }
}

fn access_token(
    authorization: &Authorization,
    scopes: PermissionSet,
    new: NewTokens,
    now: Timestamp,
) -> Token {
    Token {
        id: new.access.0,
        authorization: authorization.id,
        user: authorization.user,
        kind: TokenKind::Access,
        digest: new.access.1,
        scopes,
        is_spent: false,
        created_at: now,
        expires_at: now.plus(ACCESS_LIFETIME).min(authorization.expires_at),
    }
}

/// The decision to do `first`, and to keep the tokens that come of it.
fn given(issued: Issued, first: [Change; 1]) -> Decided<Issued> {
    let tokens = std::iter::once(&issued.access).chain(&issued.refresh);
    let changes =
        first.into_iter().chain(tokens.map(|token| Change::Token(Edit::Create(token.clone())))).collect();
    Decided { value: issued, changes }
}
