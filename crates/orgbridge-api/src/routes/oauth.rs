//! What OAuth2 clients ask for without a user: tokens, an end of tokens, and what there is.

use axum::extract::State;
use orgbridge_domain::token::{self, NewTokens};
use orgbridge_domain::{
    Decided, OauthProblem, Principal, Refusal, SecretUse, Session, TokenId, TokenSecret, oauth_client,
};
use orgbridge_ledger::Unavailable;

use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{Anyone, ClientHeader, FormBody};
use crate::openapi::{Prose, Tag};
use crate::reply::{Done, Reply};
use crate::wire::{OauthMetadata, RevocationForm, TokenForm, TokenReply};

pub(crate) const METADATA: Prose = Prose {
    id: "GetOAuthServerMetadata",
    tag: Tag::Oauth,
    summary: "Get what the authorization server can do",
    description: "Says where the calls of OAuth2 are and what they take, as RFC 8414 has it.",
    refusals: Vec::new,
};

/// Says what there is.
pub(crate) async fn metadata(
    anyone: Anyone,
    State(api): State<Api>,
) -> Result<Reply<OauthMetadata>, ApiError> {
    Reply::of(&OauthMetadata::of(api.issuer.of(anyone.asked)))
}

pub(crate) const TOKEN: Prose = Prose {
    id: "CreateOAuthToken",
    tag: Tag::Oauth,
    summary: "Get an access token",
    description: "Exchanges a code or a refresh token for an access token, or gives one to a client that acts as a service \
                  account, as RFC 6749 has it. A code needs the verifier of its challenge (RFC 7636, method S256). A code or \
                  a refresh token that comes a second time ends every token that came of the same consent. An access token \
                  lasts an hour, and `expires_in` says so.",
    refusals: || {
        let unsupported = ApiError::Oauth {
            code: "unsupported_grant_type",
            problem: "grant_type: must be one of authorization_code, refresh_token, client_credentials"
                .to_owned(),
        };
        let refused = [OauthProblem::Code, OauthProblem::Scope, OauthProblem::GrantType];
        let refused = refused.into_iter().map(|problem| Refusal::from(problem).into());
        [unsupported, ApiError::Unavailable(Unavailable::Full)].into_iter().chain(refused).collect()
    },
};

/// Gives tokens for what a client presents.
pub(crate) async fn create_token(
    anyone: Anyone,
    State(api): State<Api>,
    header: ClientHeader,
    FormBody(form): FormBody<TokenForm>,
) -> Result<Reply<TokenReply<'static>>, ApiError> {
    let proof = form.client(&header)?;
    let acting = || {
        let view = api.fresh_view()?;
        let client = oauth_client::authenticate(&view.state, &proof, anyone.asked).map_err(Refusal::from)?;
        // Only now: whoever is no client is told nothing else.
        let presented = form.presented()?;
        let principal =
            token::acting_for(&view.state, client, &presented, anyone.asked).map_err(Refusal::from)?;
        Ok((principal, presented))
    };
    let (principal, presented) = api.ask_twice(acting).await?;
    let access = TokenSecret::from_random(SecretUse::Access, api.secret()?);
    let refresh = TokenSecret::from_random(SecretUse::Refresh, api.secret()?);
    let new = NewTokens {
        access: (TokenId::new(api.ids.next()), access.digest()),
        refresh: (TokenId::new(api.ids.next()), refresh.digest()),
    };
    let issue = move |session: &orgbridge_domain::Session<'_>, now| {
        token::issue(&session.client(&proof)?, &presented, new, now)
    };
    let (_, issued) = api.commit(principal, anyone.request, issue).await?;
    let issued = issued.map_err(Refusal::from)?;
    Reply::of(&TokenReply::of(&issued, &access, &refresh))
}

pub(crate) const REVOKE: Prose = Prose {
    id: "RevokeOAuthToken",
    tag: Tag::Oauth,
    summary: "Give a token back",
    description: "Ends a token of the client's, as RFC 7009 has it. What is no token of its is answered likewise: it is of \
                  no use either way.",
    refusals: || vec![ApiError::Unavailable(Unavailable::Full)],
};

/// Ends a token.
pub(crate) async fn revoke_token(
    anyone: Anyone,
    State(api): State<Api>,
    header: ClientHeader,
    FormBody(form): FormBody<RevocationForm>,
) -> Result<Done, ApiError> {
    let proof = form.client(&header)?;
    let token = form.token();
    let acting = || -> Result<_, ApiError> {
        let view = api.fresh_view()?;
        let client = oauth_client::authenticate(&view.state, &proof, anyone.asked).map_err(Refusal::from)?;
        Ok(token::acting_by(&view.state, client, &token, anyone.asked))
    };
    let mut principal = api.ask_twice(acting).await?;
    if principal.is_none() {
        // It may have been made elsewhere a moment ago, or be ended by somebody who still waits until everybody knows.
        let look = |_: &Session<'_>, _| Ok(Decided::unchanged(()));
        api.commit(Principal::Operator, anyone.request.clone(), look).await?;
        principal = acting()?;
    }
    if let Some(principal) = principal {
        let revoke = move |session: &Session<'_>, _| Ok(token::revoke(&session.client(&proof)?, &token));
        api.commit(principal, anyone.request, revoke).await?;
    }
    Ok(Done)
}
