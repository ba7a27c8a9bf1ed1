//! OAuth2 clients of an org.

use axum::extract::State;
use orgbridge_domain::right::OauthClientsWrite;
use orgbridge_domain::{
    ClientProblem, OauthClientId, Permission, Refusal, SecretUse, TokenSecret, oauth_client,
};
use orgbridge_ledger::Unavailable;

use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{Granted, JsonBody};
use crate::openapi::{Prose, Tag};
use crate::reply::Created;
use crate::wire::{RegisterOauthClient, RegisteredOauthClient};

pub(crate) const REGISTER: Prose = Prose {
    id: "RegisterOAuthClient",
    tag: Tag::Oauth,
    summary: "Register an OAuth2 client",
    description: "Registers a client of the caller's org, and shows its secret, where it has one, this once. Users of any \
                  org of the account on the same site may let it act for them. A client that acts as a service account by \
                  itself can do no more than its maker.",
    refusals: || {
        vec![
            ApiError::Oauth {
                code: "invalid_redirect_uri",
                problem: "redirect_uris[0]: must have no fragment".to_owned(),
            },
            Refusal::from(ClientProblem::NoSecret).into(),
            Refusal::BeyondOwnRights(Permission::OrgManagement).into(),
            Refusal::absent("service account", "of this organization with this id").into(),
            ApiError::Unavailable(Unavailable::Full),
        ]
    },
};

/// Registers a client, and shows its secret.
pub(crate) async fn register(
    granted: Granted<OauthClientsWrite>,
    State(api): State<Api>,
    JsonBody(body): JsonBody<RegisterOauthClient>,
) -> Result<Created<RegisteredOauthClient<'static>>, ApiError> {
    let secret = TokenSecret::from_random(SecretUse::Client, api.secret()?);
    let new = body.read(OauthClientId::new(api.ids.next()), &secret)?;
    let (_, client) =
        granted.commit(move |grant, now| oauth_client::register(grant, new.clone(), now)).await?;
    Created::of(&RegisteredOauthClient::of(&client, &secret))
}
