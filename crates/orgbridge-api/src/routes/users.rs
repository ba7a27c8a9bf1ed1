//! Users: who acts in an org.

use axum::extract::State;
use orgbridge_domain::right::{UserAccessManage, UserAccessRead};
use orgbridge_domain::{Refusal, User, UserId, user};
use uuid::Uuid;

use super::roles::example as roles;
use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{Granted, IdPath, JsonBody, UsersQuery};
use crate::openapi::{Prose, Tag};
use crate::reply::{Created, NoContent, Reply};
use crate::wire::{CreateUser, PermissionList, UpdateUser, UserDocument, UserList, too_many_roles};

pub(crate) const LIST: Prose = Prose {
    id: "ListUsers",
    tag: Tag::Users,
    summary: "List users",
    description: "Lists the users of the organization, service accounts among them.",
    refusals: Vec::new,
};

/// Lists the users of the org.
pub(crate) async fn list(
    granted: Granted<UserAccessRead>,
    UsersQuery { filter, order, page }: UsersQuery,
) -> Result<Reply<UserList<'static>>, ApiError> {
    let grant = granted.grant()?;
    Reply::of(&UserList::of(grant.state(), &user::list(&grant, &filter, order, page)))
}

pub(crate) const CREATE: Prose = Prose {
    id: "CreateUser",
    tag: Tag::Users,
    summary: "Create a user",
    description: "Makes a user of the organization, who may act at once. Without roles they may do nothing, and with \
                  roles nothing that the caller may not do.",
    refusals: creation_refusals,
};

/// Makes a user.
pub(crate) async fn create(
    granted: Granted<UserAccessManage>,
    State(api): State<Api>,
    JsonBody(body): JsonBody<CreateUser>,
) -> Result<Created<UserDocument<'static>>, ApiError> {
    let new = body.user(UserId::new(api.ids.next()))?;
    let (view, user) = granted.commit(move |grant, now| user::create(grant, new.clone(), now)).await?;
    Created::of(&UserDocument::of(&view.state, &user))
}

pub(crate) const READ: Prose = Prose {
    id: "GetUser",
    tag: Tag::Users,
    summary: "Get a user",
    description: "Shows one user of the organization.",
    refusals: || vec![no_user()],
};

/// Shows one user.
pub(crate) async fn read(
    granted: Granted<UserAccessRead>,
    IdPath(id): IdPath<UserId>,
) -> Result<Reply<UserDocument<'static>>, ApiError> {
    let grant = granted.grant()?;
    Reply::of(&UserDocument::of(grant.state(), user::read(&grant, id)?))
}

pub(crate) const UPDATE: Prose = Prose {
    id: "UpdateUser",
    tag: Tag::Users,
    summary: "Update a user",
    description: "Gives a user of the organization another name, or switches them off or on. What is not given stays as \
                  it is. Whoever may do more than the caller stays as they are.",
    refusals: || {
        let other = ApiError::Invalid(format!("data.id: must be {}, as in the path", user_id()));
        let mut refusals = changes_of_a_user();
        refusals.extend([other, Refusal::EmailStays.into(), roles::beyond_own_rights()]);
        refusals
    },
};

/// Gives a user another name, or switches them off or on.
pub(crate) async fn update(
    granted: Granted<UserAccessManage>,
    State(api): State<Api>,
    IdPath(id): IdPath<UserId>,
    JsonBody(body): JsonBody<UpdateUser>,
) -> Result<Reply<UserDocument<'static>>, ApiError> {
    let (edit, creators) = (body.edit_of(id)?, api.creator_disabled);
    let (view, user) =
        granted.commit(move |grant, now| user::update(grant, id, edit.clone(), creators, now)).await?;
    Reply::of(&UserDocument::of(&view.state, &user))
}

pub(crate) const DISABLE: Prose = Prose {
    id: "DisableUser",
    tag: Tag::Users,
    summary: "Disable a user",
    description: "Switches a user of the organization off: from the answer on, their keys don't work. Connections that \
                  they made stay, unless the operator wants them deleted.",
    refusals: changes_of_a_user,
};

/// Switches a user off.
pub(crate) async fn disable(
    granted: Granted<UserAccessManage>,
    State(api): State<Api>,
    IdPath(id): IdPath<UserId>,
) -> Result<NoContent, ApiError> {
    let creators = api.creator_disabled;
    granted.commit(move |grant, now| user::set_disabled(grant, id, true, creators, now)).await?;
    Ok(NoContent)
}

pub(crate) const PERMISSIONS: Prose = Prose {
    id: "ListUserPermissions",
    tag: Tag::Users,
    summary: "List permissions of a user",
    description: "Lists what the roles of a user allow, taken together.",
    refusals: || vec![no_user()],
};

/// Lists what the roles of a user allow.
pub(crate) async fn permissions(
    granted: Granted<UserAccessRead>,
    IdPath(id): IdPath<UserId>,
) -> Result<Reply<PermissionList>, ApiError> {
    let grant = granted.grant()?;
    let permissions = user::permissions(grant.state(), user::read(&grant, id)?);
    Reply::of(&PermissionList::of(grant.org(), permissions))
}

pub(crate) const ORGS: Prose = Prose {
    id: "ListUserOrganizations",
    tag: Tag::Users,
    summary: "Get a user with their organization",
    description: "Shows one user of the organization. `included` holds the one organization in which they act: the same \
                  person in another organization is another user.",
    refusals: || vec![no_user()],
};

/// Shows one user with the org in which they act.
pub(crate) async fn orgs(
    granted: Granted<UserAccessRead>,
    id: IdPath<UserId>,
) -> Result<Reply<UserDocument<'static>>, ApiError> {
    read(granted, id).await
}

/// What making a user can be refused with.
pub(super) fn creation_refusals() -> Vec<ApiError> {
    vec![
        too_many_roles(User::MAX_ROLES + 1),
        roles::beyond_own_rights(),
        Refusal::absent("role", user_id()).into(),
        Refusal::taken("email address", "jane@example.com").into(),
        roles::FULL,
    ]
}

fn changes_of_a_user() -> Vec<ApiError> {
    vec![no_user(), roles::beyond_reach(), Refusal::LastAdmin.into(), roles::FULL]
}

/// Whom the description's examples of refusals are about.
pub(super) fn user_id() -> UserId {
    UserId::new(Uuid::from_u128(0xa7b2_c1d0_5e4f_4a3b_8c2d_1e0f_9a8b_7c6d))
}

fn no_user() -> ApiError {
    Refusal::absent("user", user_id()).into()
}
