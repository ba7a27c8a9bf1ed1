//! The keys of service accounts, for whoever manages those.

use axum::extract::State;
use orgbridge_domain::application_key::NewApplicationKey;
use orgbridge_domain::right::ServiceAccountWrite;
use orgbridge_domain::{ApplicationKeyId, ApplicationKeySecret, Refusal, service_account_key};
use orgbridge_ledger::Unavailable;

use super::application_keys::beyond;
use super::users::user_id;
use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{ApplicationKeyInclude, Granted, IdPath, JsonBody, KeysOfOneQuery, ServiceAccount};
use crate::openapi::{Prose, Tag};
use crate::reply::{Created, NoContent, Reply};
use crate::wire::{ApplicationKeyDocument, ApplicationKeyList, CreateApplicationKey, UpdateApplicationKey};

pub(crate) const LIST: Prose = Prose {
    id: "ListServiceAccountApplicationKeys",
    tag: Tag::ServiceAccounts,
    summary: "List application keys of a service account",
    description: "Lists the application keys of a service account of the caller's org, without their secrets.",
    refusals: || vec![no_account()],
};

/// Lists the application keys of a service account.
pub(crate) async fn list(
    granted: Granted<ServiceAccountWrite>,
    State(api): State<Api>,
    IdPath(ServiceAccount(account)): IdPath<ServiceAccount>,
    KeysOfOneQuery(query): KeysOfOneQuery,
) -> Result<Reply<ApplicationKeyList<'static>>, ApiError> {
    let grant = granted.grant()?;
    let listing = service_account_key::list(&grant, account, &query)?;
    let (uses, include) = (api.ledger.last_uses(), ApplicationKeyInclude::default());
    Reply::of(&ApplicationKeyList::of(grant.state(), uses, &listing, include))
}

pub(crate) const CREATE: Prose = Prose {
    id: "CreateServiceAccountApplicationKey",
    tag: Tag::ServiceAccounts,
    summary: "Create an application key of a service account",
    description: "Makes an application key that carries the permissions of a service account, cut down to its scopes, \
                  and shows its secret, this once. It can do nothing that the caller may not do.",
    refusals: || vec![no_account(), beyond(), ApiError::Unavailable(Unavailable::Full)],
};

/// Makes an application key of a service account, and shows its secret.
pub(crate) async fn create(
    granted: Granted<ServiceAccountWrite>,
    State(api): State<Api>,
    IdPath(ServiceAccount(owner)): IdPath<ServiceAccount>,
    JsonBody(body): JsonBody<CreateApplicationKey>,
) -> Result<Created<ApplicationKeyDocument<'static>>, ApiError> {
    let (name, scopes) = body.name_and_scopes()?;
    let id = ApplicationKeyId::new(api.ids.next());
    let secret = ApplicationKeySecret::from_random(api.secret()?);
    let new = NewApplicationKey { id, owner, name, secret: secret.clone(), scopes };
    let (_, key) =
        granted.commit(move |grant, now| service_account_key::create(grant, new.clone(), now)).await?;
    Created::of(&ApplicationKeyDocument::made(&key, &secret))
}

pub(crate) const READ: Prose = Prose {
    id: "GetServiceAccountApplicationKey",
    tag: Tag::ServiceAccounts,
    summary: "Get an application key of a service account",
    description: "Shows an application key of a service account of the caller's org, without its secret.",
    refusals: || vec![no_account()],
};

/// Shows an application key of a service account.
pub(crate) async fn read(
    granted: Granted<ServiceAccountWrite>,
    State(api): State<Api>,
    IdPath(ServiceAccount(account)): IdPath<ServiceAccount>,
    IdPath(id): IdPath<ApplicationKeyId>,
) -> Result<Reply<ApplicationKeyDocument<'static>>, ApiError> {
    let grant = granted.grant()?;
    let key = service_account_key::read(&grant, account, id)?;
    let (uses, include) = (api.ledger.last_uses(), ApplicationKeyInclude::default());
    Reply::of(&ApplicationKeyDocument::of(grant.state(), uses, key, include))
}

pub(crate) const EDIT: Prose = Prose {
    id: "UpdateServiceAccountApplicationKey",
    tag: Tag::ServiceAccounts,
    summary: "Edit an application key of a service account",
    description: "Gives an application key of a service account another name or other scopes. It can do nothing more \
                  afterwards that the caller may not do.",
    refusals: || vec![no_account(), beyond(), ApiError::Unavailable(Unavailable::Full)],
};

/// Gives an application key of a service account another name or other scopes.
pub(crate) async fn edit(
    granted: Granted<ServiceAccountWrite>,
    State(api): State<Api>,
    IdPath(ServiceAccount(account)): IdPath<ServiceAccount>,
    IdPath(id): IdPath<ApplicationKeyId>,
    JsonBody(body): JsonBody<UpdateApplicationKey>,
) -> Result<Reply<ApplicationKeyDocument<'static>>, ApiError> {
    let edit = body.edit_of(id)?;
    let (view, key) =
        granted.commit(move |grant, _| service_account_key::edit(grant, account, id, edit.clone())).await?;
    let (uses, include) = (api.ledger.last_uses(), ApplicationKeyInclude::default());
    Reply::of(&ApplicationKeyDocument::of(&view.state, uses, &key, include))
}

pub(crate) const DELETE: Prose = Prose {
    id: "DeleteServiceAccountApplicationKey",
    tag: Tag::ServiceAccounts,
    summary: "Delete an application key of a service account",
    description: "Revokes an application key of a service account, which may be the one that is shown with the call. \
                  From the answer on it is refused.",
    refusals: || vec![no_account(), ApiError::Unavailable(Unavailable::Full)],
};

/// Revokes an application key of a service account.
pub(crate) async fn delete(
    granted: Granted<ServiceAccountWrite>,
    IdPath(ServiceAccount(account)): IdPath<ServiceAccount>,
    IdPath(id): IdPath<ApplicationKeyId>,
) -> Result<NoContent, ApiError> {
    granted.commit(move |grant, _| service_account_key::revoke(grant, account, id)).await?;
    Ok(NoContent)
}

/// There is no such account, or it is a person or another org's.
fn no_account() -> ApiError {
    Refusal::absent("service account", user_id()).into()
}
