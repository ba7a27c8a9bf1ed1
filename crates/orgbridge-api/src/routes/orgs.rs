//! The orgs that a caller manages.

use axum::extract::State;
use orgbridge_domain::org::{self, NewChildOrg};
use orgbridge_domain::right::OrgManagement;
use orgbridge_domain::{
    ApiKeyId, ApiKeySecret, ApplicationKeyId, ApplicationKeySecret, OrgId, Permission, PublicId, Refusal,
    UserId,
};
use orgbridge_ledger::Unavailable;

use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{Granted, IdPath, JsonBody, OrgsQuery};
use crate::openapi::{Prose, Tag};
use crate::reply::Reply;
use crate::wire::{ChildOrgV1, CreateChildOrg, ManagedOrgs, OrgDocumentV1, OrgListV1, UpdateOrg};

pub(crate) const LIST_V1: Prose = Prose {
    id: "ListOrgs",
    tag: Tag::Organizations,
    summary: "List the organizations that you manage",
    description: "The first org of an account on a site manages the account's orgs there; the others manage themselves.",
    refusals: Vec::new,
};

/// Lists the orgs in the form of the first API version.
pub(crate) async fn list_v1(granted: Granted<OrgManagement>) -> Result<Reply<OrgListV1<'static>>, ApiError> {
    Reply::of(&OrgListV1::of(org::managed(&granted.grant()?)))
}

pub(crate) const LIST_V2: Prose = Prose {
    id: "ListManagedOrgs",
    tag: Tag::Organizations,
    summary: "List the organizations that you manage, and say which is yours",
    description: "The first org of an account on a site manages the account's orgs there; the others manage \
                  themselves. `data` holds their ids, and `included` what is known of them.",
    refusals: Vec::new,
};

/// Lists the orgs, and says which of them is the caller's.
pub(crate) async fn list_v2(
    granted: Granted<OrgManagement>,
    query: OrgsQuery,
) -> Result<Reply<ManagedOrgs<'static>>, ApiError> {
    let grant = granted.grant()?;
    let managed = org::managed(&grant).filter(|org| query.admits(org.name.as_str()));
    Reply::of(&ManagedOrgs::of(grant.org(), managed))
}

pub(crate) const CREATE: Prose = Prose {
    id: "CreateChildOrg",
    tag: Tag::Organizations,
    summary: "Create an organization",
    description: "Makes an org in the caller's account, on the caller's site, which the caller's org manages. Only the \
                  first org of an account on a site makes others there, by users and keys that may do all that an \
                  admin may. The first admin of the new org is the caller's counterpart: a user with the caller's name \
                  and email address. The secrets of its keys are shown here and never again.",
    refusals: || {
        vec![
            Refusal::OnlyTheManagingOrgCreates.into(),
            Refusal::BeyondOwnRights(Permission::OrgConnectionsWrite).into(),
            ApiError::Unavailable(Unavailable::Full),
        ]
    },
};

/// Makes an org that the caller's org manages. Answers 200, as the first API version does, and not 201.
pub(crate) async fn create(
    granted: Granted<OrgManagement>,
    State(api): State<Api>,
    JsonBody(body): JsonBody<CreateChildOrg>,
) -> Result<Reply<ChildOrgV1<'static>>, ApiError> {
    let new = NewChildOrg {
        id: OrgId::new(api.ids.next()),
        name: body.name()?,
        admin: UserId::new(api.ids.next()),
        api_key: ApiKeyId::new(api.ids.next()),
        api_key_secret: ApiKeySecret::from_random(api.secret()?),
        application_key: ApplicationKeyId::new(api.ids.next()),
        application_key_secret: ApplicationKeySecret::from_random(api.secret()?),
    };
    let (api_key, application_key) = (new.api_key_secret.clone(), new.application_key_secret.clone());
    let (_, child) = granted.commit(move |grant, now| org::create_child(grant, new.clone(), now)).await?;
    Reply::of(&ChildOrgV1::of(&child, &api_key, &application_key))
}

pub(crate) const READ: Prose = Prose {
    id: "GetOrg",
    tag: Tag::Organizations,
    summary: "Get an organization that you manage",
    description: "Shows one of the orgs that the list shows.",
    refusals: Vec::new,
};

/// Shows an org in the form of the first API version.
pub(crate) async fn read(
    granted: Granted<OrgManagement>,
    IdPath(id): IdPath<PublicId>,
) -> Result<Reply<OrgDocumentV1<'static>>, ApiError> {
    Reply::of(&OrgDocumentV1::of(org::find_managed(&granted.grant()?, &id)?))
}

pub(crate) const RENAME: Prose = Prose {
    id: "UpdateOrg",
    tag: Tag::Organizations,
    summary: "Rename an organization that you manage",
    description: "Gives one of the orgs that the list shows a new name. Nothing else about an org can be changed.",
    refusals: || vec![ApiError::Unavailable(Unavailable::Full)],
};

/// Gives an org a new name.
pub(crate) async fn rename(
    granted: Granted<OrgManagement>,
    IdPath(id): IdPath<PublicId>,
    JsonBody(body): JsonBody<UpdateOrg>,
) -> Result<Reply<OrgDocumentV1<'static>>, ApiError> {
    let name = body.name()?;
    let (_, org) =
        granted.commit(move |grant, now| org::rename_managed(grant, &id, name.clone(), now)).await?;
    Reply::of(&OrgDocumentV1::of(&org))
}
