//! Roles: what they allow, and who holds them.

use axum::extract::State;
use orgbridge_domain as domain;
use orgbridge_domain::right::{UserAccessManage, UserAccessRead};
use orgbridge_domain::role::{self, RoleView};
use orgbridge_domain::{ManagedRole, OrgId, Permission, PermissionSet, Refusal, Role, RoleId, user};
use orgbridge_ledger::{Unavailable, View};

use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{Granted, HoldersQuery, IdPath, JsonBody, RolesQuery};
use crate::openapi::{Prose, Tag};
use crate::reply::{NoContent, Reply};
use crate::wire::{
    CreateRole, Document, PermissionList, RoleList, RolePermission, RoleResource, RoleUser, UpdateRole,
    UserList,
};

/// An answer that shows one role.
type RoleReply = Reply<Document<RoleResource<'static>>>;

pub(crate) const PERMISSIONS: Prose = Prose {
    id: "ListPermissions",
    tag: Tag::Roles,
    summary: "List permissions",
    description: "Lists every permission that there is. Their ids are the same in every organization.",
    refusals: Vec::new,
};

/// Lists every permission that there is.
pub(crate) async fn permissions(granted: Granted<UserAccessRead>) -> Result<Reply<PermissionList>, ApiError> {
    Reply::of(&PermissionList::of(granted.grant()?.org(), PermissionSet::all()))
}

pub(crate) const LIST: Prose = Prose {
    id: "ListRoles",
    tag: Tag::Roles,
    summary: "List roles",
    description: "Lists the roles that users of the organization may hold: its own, and those that every organization \
                  has.",
    refusals: Vec::new,
};

/// Lists the roles that users of the org may hold.
pub(crate) async fn list(
    granted: Granted<UserAccessRead>,
    RolesQuery { filter, order, page }: RolesQuery,
) -> Result<Reply<RoleList<'static>>, ApiError> {
    let grant = granted.grant()?;
    Reply::of(&RoleList::of(&role::list(&grant, &filter, order, page)))
}

pub(crate) const CREATE: Prose = Prose {
    id: "CreateRole",
    tag: Tag::Roles,
    summary: "Create a role",
    description: "Makes a role of the organization. It can allow nothing that the caller may not do.",
    refusals: || vec![example::beyond_own_rights(), example::name_taken(), example::FULL],
};

/// Makes a role. Answers 200, as the real service does, and not 201.
pub(crate) async fn create(
    granted: Granted<UserAccessManage>,
    State(api): State<Api>,
    JsonBody(body): JsonBody<CreateRole>,
) -> Result<RoleReply, ApiError> {
    let (name, permissions) = body.name_and_permissions()?;
    let id = RoleId::new(api.ids.next());
    let (view, role) =
        granted.commit(move |grant, now| role::create(grant, id, name.clone(), permissions, now)).await?;
    show(&view, &role)
}

pub(crate) const READ: Prose = Prose {
    id: "GetRole",
    tag: Tag::Roles,
    summary: "Get a role",
    description: "Shows one role that users of the organization may hold.",
    refusals: || vec![example::no_role()],
};

/// Shows one role.
pub(crate) async fn read(
    granted: Granted<UserAccessRead>,
    IdPath(id): IdPath<RoleId>,
) -> Result<RoleReply, ApiError> {
    let grant = granted.grant()?;
    let role = role::read(&grant, id)?;
    let count = role::user_count(grant.state(), grant.org().id, id);
    Reply::of(&Document::of(RoleResource::counted(role, count)))
}

pub(crate) const UPDATE: Prose = Prose {
    id: "UpdateRole",
    tag: Tag::Roles,
    summary: "Update a role",
    description: "Gives a role of the organization another name or other permissions. What is not given stays as it \
                  is. Nothing changes for somebody who may do more than the caller.",
    refusals: || {
        let other = ApiError::Invalid(format!("data.id: must be {}, as in the path", example::role()));
        let mut refusals = example::changes_of_a_role();
        refusals.extend([other, example::beyond_own_rights(), example::name_taken()]);
        refusals
    },
};

/// Gives a role another name or other permissions.
pub(crate) async fn update(
    granted: Granted<UserAccessManage>,
    IdPath(id): IdPath<RoleId>,
    JsonBody(body): JsonBody<UpdateRole>,
) -> Result<RoleReply, ApiError> {
    let edit = body.edit_of(id)?;
    let (view, role) = granted.commit(move |grant, _| role::update(grant, id, edit.clone())).await?;
    show(&view, &role)
}

pub(crate) const DELETE: Prose = Prose {
    id: "DeleteRole",
    tag: Tag::Roles,
    summary: "Delete a role",
    description: "Removes a role of the organization that nobody holds.",
    refusals: || {
        let mut refusals = example::changes_of_a_role();
        refusals.push(Refusal::InUse { what: "role", by: "jane@example.com".to_owned() }.into());
        refusals
    },
};

/// Removes a role that nobody holds.
pub(crate) async fn delete(
    granted: Granted<UserAccessManage>,
    IdPath(id): IdPath<RoleId>,
) -> Result<NoContent, ApiError> {
    granted.commit(move |grant, _| role::delete(grant, id)).await?;
    Ok(NoContent)
}

pub(crate) const LIST_PERMISSIONS: Prose = Prose {
    id: "ListRolePermissions",
    tag: Tag::Roles,
    summary: "List permissions of a role",
    description: "Lists what a role allows.",
    refusals: || vec![example::no_role()],
};

/// Lists what a role allows.
pub(crate) async fn list_permissions(
    granted: Granted<UserAccessRead>,
    IdPath(id): IdPath<RoleId>,
) -> Result<Reply<PermissionList>, ApiError> {
    let grant = granted.grant()?;
    Reply::of(&PermissionList::of(grant.org(), role::read(&grant, id)?.permissions()))
}

pub(crate) const ADD_PERMISSION: Prose = Prose {
    id: "AddPermissionToRole",
    tag: Tag::Roles,
    summary: "Grant a permission to a role",
    description: "Lets a role of the organization allow one thing more, which the caller must be allowed, too. Lists \
                  what the role allows then.",
    refusals: || {
        let mut refusals = example::changes_of_a_role();
        refusals.push(example::beyond_own_rights());
        refusals
    },
};

/// Lets a role allow one thing more.
pub(crate) async fn add_permission(
    granted: Granted<UserAccessManage>,
    IdPath(id): IdPath<RoleId>,
    JsonBody(body): JsonBody<RolePermission>,
) -> Result<Reply<PermissionList>, ApiError> {
    let permission = body.permission()?;
    let (view, role) = granted.commit(move |grant, _| role::add_permission(grant, id, permission)).await?;
    show_permissions(&view, &role)
}

pub(crate) const REMOVE_PERMISSION: Prose = Prose {
    id: "RemovePermissionFromRole",
    tag: Tag::Roles,
    summary: "Revoke a permission from a role",
    description: "Lets a role of the organization allow one thing less. Lists what the role allows then.",
    refusals: example::changes_of_a_role,
};

/// Lets a role allow one thing less.
pub(crate) async fn remove_permission(
    granted: Granted<UserAccessManage>,
    IdPath(id): IdPath<RoleId>,
    JsonBody(body): JsonBody<RolePermission>,
) -> Result<Reply<PermissionList>, ApiError> {
    let permission = body.permission()?;
    let (view, role) = granted.commit(move |grant, _| role::remove_permission(grant, id, permission)).await?;
    show_permissions(&view, &role)
}

pub(crate) const LIST_USERS: Prose = Prose {
    id: "ListRoleUsers",
    tag: Tag::Roles,
    summary: "List users of a role",
    description: "Lists the users of the organization who hold a role.",
    refusals: || vec![example::no_role()],
};

/// Lists who holds a role.
pub(crate) async fn list_users(
    granted: Granted<UserAccessRead>,
    IdPath(id): IdPath<RoleId>,
    query: HoldersQuery,
) -> Result<Reply<UserList<'static>>, ApiError> {
    let grant = granted.grant()?;
    role::read(&grant, id)?;
    show_holders(grant.state(), grant.org().id, id, query)
}

pub(crate) const ADD_USER: Prose = Prose {
    id: "AddUserToRole",
    tag: Tag::Roles,
    summary: "Give a role to a user",
    description: "Gives a role to a user of the organization. The role can allow nothing that the caller may not do. \
                  Lists who holds it then, up to 100 users.",
    refusals: || {
        vec![
            Refusal::TooManyRoles.into(),
            example::no_role(),
            example::beyond_own_rights(),
            example::beyond_reach(),
            example::FULL,
        ]
    },
};

/// Gives a role to a user.
pub(crate) async fn add_user(
    granted: Granted<UserAccessManage>,
    IdPath(id): IdPath<RoleId>,
    JsonBody(body): JsonBody<RoleUser>,
) -> Result<Reply<UserList<'static>>, ApiError> {
    let user = body.user()?;
    let (view, user) = granted.commit(move |grant, now| user::add_role(grant, user, id, now)).await?;
    show_holders(&view.state, user.org, id, HoldersQuery::first_page())
}

pub(crate) const REMOVE_USER: Prose = Prose {
    id: "RemoveUserFromRole",
    tag: Tag::Roles,
    summary: "Take a role from a user",
    description: "Takes a role from a user of the organization. Lists who holds it then, up to 100 users.",
    refusals: || vec![example::no_role(), example::beyond_reach(), Refusal::LastAdmin.into(), example::FULL],
};

/// Takes a role from a user.
pub(crate) async fn remove_user(
    granted: Granted<UserAccessManage>,
    IdPath(id): IdPath<RoleId>,
    JsonBody(body): JsonBody<RoleUser>,
) -> Result<Reply<UserList<'static>>, ApiError> {
    let user = body.user()?;
    let (view, user) = granted.commit(move |grant, now| user::remove_role(grant, user, id, now)).await?;
    show_holders(&view.state, user.org, id, HoldersQuery::first_page())
}

fn show(view: &View, role: &Role) -> Result<RoleReply, ApiError> {
    let count = role::user_count(&view.state, role.org, role.id);
    Reply::of(&Document::of(RoleResource::counted(RoleView::Custom(role), count)))
}

fn show_permissions(view: &View, role: &Role) -> Result<Reply<PermissionList>, ApiError> {
    let org = view.state.org(role.org).ok_or_else(|| Refusal::absent("organization", role.org))?;
    Reply::of(&PermissionList::of(org, role.permissions))
}

fn show_holders(
    state: &domain::State,
    org: OrgId,
    role: RoleId,
    query: HoldersQuery,
) -> Result<Reply<UserList<'static>>, ApiError> {
    let HoldersQuery { text, order, page } = query;
    let filter = user::Filter { text, role: Some(role), ..user::Filter::default() };
    Reply::of(&UserList::of(state, &user::select(state, org, &filter, order, page)))
}

/// What the description's examples of refusals are about.
pub(super) mod example {
    use super::{ApiError, ManagedRole, Permission, Refusal, RoleId, Unavailable};

    pub(in crate::routes) const FULL: ApiError = ApiError::Unavailable(Unavailable::Full);

    pub(super) fn role() -> RoleId {
        ManagedRole::Standard.id()
    }

    pub(super) fn no_role() -> ApiError {
        Refusal::absent("role", role()).into()
    }

    pub(super) fn name_taken() -> ApiError {
        Refusal::taken("role name", "Auditor").into()
    }

    pub(in crate::routes) fn beyond_own_rights() -> ApiError {
        Refusal::BeyondOwnRights(Permission::AuditLogsRead).into()
    }

    pub(in crate::routes) fn beyond_reach() -> ApiError {
        Refusal::BeyondReach(Permission::AuditLogsRead).into()
    }

    pub(super) fn changes_of_a_role() -> Vec<ApiError> {
        vec![no_role(), Refusal::Managed(ManagedRole::Admin).into(), beyond_reach(), FULL]
    }
}
