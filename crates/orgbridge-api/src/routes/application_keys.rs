//! The keys of users: the caller's own, and those of every user of the org. The right that a call asks for says which
//! of them it reaches, so both have the same functions.

use axum::extract::State;
use orgbridge_domain::application_key::{self, NewApplicationKey, OverKeys, WritesKeys};
use orgbridge_domain::right::UserAppKeys;
use orgbridge_domain::{ApplicationKeyId, ApplicationKeySecret, Permission, Refusal};
use orgbridge_ledger::Unavailable;

use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{ApplicationKeyInclude, ApplicationKeysQuery, Granted, IdPath, JsonBody};
use crate::openapi::{Prose, Tag};
use crate::reply::{Created, NoContent, Reply};
use crate::wire::{ApplicationKeyDocument, ApplicationKeyList, CreateApplicationKey, UpdateApplicationKey};

pub(crate) const LIST: Prose = Prose {
    id: "ListApplicationKeys",
    tag: Tag::Keys,
    summary: "List application keys",
    description: "Lists the application keys of every user of the caller's org, without their secrets.",
    refusals: Vec::new,
};

pub(crate) const LIST_OWN: Prose = Prose {
    id: "ListCurrentUserApplicationKeys",
    tag: Tag::Keys,
    summary: "List your application keys",
    description: "Lists the caller's own application keys, without their secrets.",
    refusals: Vec::new,
};

/// Lists application keys.
pub(crate) async fn list<R: OverKeys>(
    granted: Granted<R>,
    State(api): State<Api>,
    ApplicationKeysQuery { query, owner, include }: ApplicationKeysQuery,
) -> Result<Reply<ApplicationKeyList<'static>>, ApiError> {
    let grant = granted.grant()?;
    let listing = application_key::list(&grant, owner, &query);
    Reply::of(&ApplicationKeyList::of(grant.state(), api.ledger.last_uses(), &listing, include))
}

pub(crate) const CREATE_OWN: Prose = Prose {
    id: "CreateCurrentUserApplicationKey",
    tag: Tag::Keys,
    summary: "Create an application key of yours",
    description: "Makes an application key that carries the caller's permissions, cut down to its scopes, and shows its \
                  secret, this once. A scope that the caller's permissions don't include adds nothing. A key \
                  with scopes makes only keys that are cut down at least as far.",
    refusals: || vec![beyond(), ApiError::Unavailable(Unavailable::Full)],
};

/// Makes an application key of the caller's, and shows its secret.
pub(crate) async fn create_own(
    granted: Granted<UserAppKeys>,
    State(api): State<Api>,
    JsonBody(body): JsonBody<CreateApplicationKey>,
) -> Result<Created<ApplicationKeyDocument<'static>>, ApiError> {
    let (name, scopes) = body.name_and_scopes()?;
    let id = ApplicationKeyId::new(api.ids.next());
    let secret = ApplicationKeySecret::from_random(api.secret()?);
    let new = NewApplicationKey { id, owner: granted.user(), name, secret: secret.clone(), scopes };
    let (_, key) =
        granted.commit(move |grant, now| application_key::create_own(grant, new.clone(), now)).await?;
    Created::of(&ApplicationKeyDocument::made(&key, &secret))
}

pub(crate) const READ: Prose = Prose {
    id: "GetApplicationKey",
    tag: Tag::Keys,
    summary: "Get an application key",
    description: "Shows an application key of a user of the caller's org, without its secret.",
    refusals: Vec::new,
};

pub(crate) const READ_OWN: Prose = Prose {
    id: "GetCurrentUserApplicationKey",
    tag: Tag::Keys,
    summary: "Get an application key of yours",
    description: "Shows an application key of the caller's own, without its secret.",
    refusals: Vec::new,
};

/// Shows an application key.
pub(crate) async fn read<R: OverKeys>(
    granted: Granted<R>,
    State(api): State<Api>,
    IdPath(id): IdPath<ApplicationKeyId>,
    include: ApplicationKeyInclude,
) -> Result<Reply<ApplicationKeyDocument<'static>>, ApiError> {
    let grant = granted.grant()?;
    let key = application_key::read(&grant, id)?;
    Reply::of(&ApplicationKeyDocument::of(grant.state(), api.ledger.last_uses(), key, include))
}

pub(crate) const EDIT: Prose = Prose {
    id: "UpdateApplicationKey",
    tag: Tag::Keys,
    summary: "Edit an application key",
    description: "Gives an application key of a user of the caller's org another name or other scopes. A key of a \
                  person is widened by that person alone, and no key beyond what the caller may do.",
    refusals: || {
        let wider = Refusal::OnlyTheOwnerWidensKeys.into();
        vec![beyond(), wider, ApiError::Unavailable(Unavailable::Full)]
    },
};

pub(crate) const EDIT_OWN: Prose = Prose {
    id: "UpdateCurrentUserApplicationKey",
    tag: Tag::Keys,
    summary: "Edit an application key of yours",
    description: "Gives an application key of the caller's own another name or other scopes. A key with \
                  scopes adds only its own to another.",
    refusals: || vec![beyond(), ApiError::Unavailable(Unavailable::Full)],
};

/// Gives an application key another name or other scopes.
pub(crate) async fn edit<R: WritesKeys>(
    granted: Granted<R>,
    State(api): State<Api>,
    IdPath(id): IdPath<ApplicationKeyId>,
    JsonBody(body): JsonBody<UpdateApplicationKey>,
) -> Result<Reply<ApplicationKeyDocument<'static>>, ApiError> {
    let edit = body.edit_of(id)?;
    let (view, key) = granted.commit(move |grant, _| application_key::edit(grant, id, edit.clone())).await?;
    let (uses, include) = (api.ledger.last_uses(), ApplicationKeyInclude::default());
    Reply::of(&ApplicationKeyDocument::of(&view.state, uses, &key, include))
}

pub(crate) const DELETE: Prose = Prose {
    id: "DeleteApplicationKey",
    tag: Tag::Keys,
    summary: "Delete an application key",
    description: "Revokes an application key of a user of the caller's org. From the answer on it is refused.",
    refusals: || vec![ApiError::Unavailable(Unavailable::Full)],
};

pub(crate) const DELETE_OWN: Prose = Prose {
    id: "DeleteCurrentUserApplicationKey",
    tag: Tag::Keys,
    summary: "Delete an application key of yours",
    description: "Revokes an application key of the caller's own, which may be the one that is shown with the call. \
                  From the answer on it is refused.",
    refusals: || vec![ApiError::Unavailable(Unavailable::Full)],
};

/// Revokes an application key.
pub(crate) async fn delete<R: WritesKeys>(
    granted: Granted<R>,
    IdPath(id): IdPath<ApplicationKeyId>,
) -> Result<NoContent, ApiError> {
    granted.commit(move |grant, _| application_key::revoke(grant, id)).await?;
    Ok(NoContent)
}

/// A key would do more than the caller may.
pub(super) fn beyond() -> ApiError {
    Refusal::BeyondOwnRights(Permission::OrgConnectionsWrite).into()
}
