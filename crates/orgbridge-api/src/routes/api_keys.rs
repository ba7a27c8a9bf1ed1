//! The keys of the caller's org.

use axum::extract::State;
use orgbridge_domain::api_key;
use orgbridge_domain::right::{ApiKeysRead, ApiKeysWrite};
use orgbridge_domain::{ApiKeyId, ApiKeySecret};
use orgbridge_ledger::Unavailable;

use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{ApiKeyInclude, ApiKeysQuery, Granted, IdPath, JsonBody};
use crate::openapi::{Prose, Tag};
use crate::reply::{Created, NoContent, Reply};
use crate::wire::{ApiKeyDocument, ApiKeyList, CreateApiKey, UpdateApiKey};

pub(crate) const LIST: Prose = Prose {
    id: "ListAPIKeys",
    tag: Tag::Keys,
    summary: "List API keys",
    description: "Lists the API keys of the caller's org, without their secrets.",
    refusals: Vec::new,
};

/// Lists the API keys of the caller's org.
pub(crate) async fn list(
    granted: Granted<ApiKeysRead>,
    State(api): State<Api>,
    ApiKeysQuery { query, include }: ApiKeysQuery,
) -> Result<Reply<ApiKeyList<'static>>, ApiError> {
    let grant = granted.grant()?;
    let listing = api_key::list(&grant, &query);
    Reply::of(&ApiKeyList::of(grant.state(), api.ledger.last_uses(), &listing, include))
}

pub(crate) const CREATE: Prose = Prose {
    id: "CreateAPIKey",
    tag: Tag::Keys,
    summary: "Create an API key",
    description: "Makes an API key of the caller's org and shows its secret, this once.",
    refusals: || vec![ApiError::Unavailable(Unavailable::Full)],
};

/// Makes an API key, and shows its secret.
pub(crate) async fn create(
    granted: Granted<ApiKeysWrite>,
    State(api): State<Api>,
    JsonBody(body): JsonBody<CreateApiKey>,
) -> Result<Created<ApiKeyDocument<'static>>, ApiError> {
    let (id, name) = (ApiKeyId::new(api.ids.next()), body.name()?);
    let secret = ApiKeySecret::from_random(api.secret()?);
    let kept = secret.clone();
    let (_, key) =
        granted.commit(move |grant, now| api_key::create(grant, id, name.clone(), &kept, now)).await?;
    Created::of(&ApiKeyDocument::made(&key, &secret))
}

pub(crate) const READ: Prose = Prose {
    id: "GetAPIKey",
    tag: Tag::Keys,
    summary: "Get an API key",
    description: "Shows an API key of the caller's org, without its secret.",
    refusals: Vec::new,
};

/// Shows an API key.
pub(crate) async fn read(
    granted: Granted<ApiKeysRead>,
    State(api): State<Api>,
    IdPath(id): IdPath<ApiKeyId>,
    include: ApiKeyInclude,
) -> Result<Reply<ApiKeyDocument<'static>>, ApiError> {
    let grant = granted.grant()?;
    let key = api_key::read(&grant, id)?;
    Reply::of(&ApiKeyDocument::of(grant.state(), api.ledger.last_uses(), key, include))
}

pub(crate) const RENAME: Prose = Prose {
    id: "UpdateAPIKey",
    tag: Tag::Keys,
    summary: "Rename an API key",
    description: "Gives an API key of the caller's org a new name. Its secret stays as it is.",
    refusals: || vec![ApiError::Unavailable(Unavailable::Full)],
};

/// Gives an API key a new name.
pub(crate) async fn rename(
    granted: Granted<ApiKeysWrite>,
    State(api): State<Api>,
    IdPath(id): IdPath<ApiKeyId>,
    JsonBody(body): JsonBody<UpdateApiKey>,
) -> Result<Reply<ApiKeyDocument<'static>>, ApiError> {
    let name = body.name_for(id)?;
    let (view, key) = granted.commit(move |grant, now| api_key::rename(grant, id, name.clone(), now)).await?;
    let (uses, include) = (api.ledger.last_uses(), ApiKeyInclude::default());
    Reply::of(&ApiKeyDocument::of(&view.state, uses, &key, include))
}

pub(crate) const DELETE: Prose = Prose {
    id: "DeleteAPIKey",
    tag: Tag::Keys,
    summary: "Delete an API key",
    description: "Revokes an API key of the caller's org, which may be the one that is shown with the call, and the \
                  last. From the answer on it is refused.",
    refusals: || vec![ApiError::Unavailable(Unavailable::Full)],
};

/// Revokes an API key.
pub(crate) async fn delete(
    granted: Granted<ApiKeysWrite>,
    IdPath(id): IdPath<ApiKeyId>,
) -> Result<NoContent, ApiError> {
    granted.commit(move |grant, _| api_key::revoke(grant, id)).await?;
    Ok(NoContent)
}
