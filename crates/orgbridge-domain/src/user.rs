//! Users and service accounts: who acts in an org.

use smallvec::SmallVec;

use crate::right::UserAccessManage;
use crate::{
    Change, Decided, Edit, Email, Grant, ManagedRole, Name, OrgId, PermissionSet, Refusal, RoleId, State,
    Timestamp, UserId, role,
};

/// Somebody, or something, that acts in one org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The org in which they act. The same person in two orgs is two users.
    pub org: OrgId,
    /// What people call them.
    pub name: Name,
    /// Their email address, which is also their handle; no two users of an org share one.
    pub email: Email,
    /// A person, or a program.
    pub kind: UserKind,
    /// The roles that they hold, in the order given, none twice.
    pub roles: SmallVec<[RoleId; 1]>,
    /// Whether they are switched off: their keys don't work. Connections that they made stay.
    pub disabled: bool,
    /// When they were made.
    pub created_at: Timestamp,
    /// When they were last changed.
    pub modified_at: Timestamp,
}

/// Whether a user is a person or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKind {
    /// A person.
    Person,
    /// A program.
    ServiceAccount,
}

impl UserKind {
    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::ServiceAccount => "service_account",
        }
    }
}

impl std::str::FromStr for UserKind {
    type Err = NotAUserKind;

    fn from_str(text: &str) -> Result<Self, NotAUserKind> {
        [Self::Person, Self::ServiceAccount]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(NotAUserKind)
    }
}

/// The text names no kind of user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected person or service_account")]
pub struct NotAUserKind;

/// What a new user is made from.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Their id.
    pub id: UserId,
    /// What people call them.
    pub name: Name,
    /// Their email address.
    pub email: Email,
    /// A person, or a program.
    pub kind: UserKind,
    /// The roles that they hold from the start.
    pub roles: Vec<RoleId>,
}

/// Makes a user in the grant's org.
///
/// # Errors
/// [`Refusal::Taken`] if a user has this id, or one of the org this email address; [`Refusal::Absent`] if a
/// role is not one of the org; [`Refusal::BeyondOwnRights`] if a role allows what the principal may not do.
pub fn create(
    grant: &Grant<'_, UserAccessManage>,
    new: NewUser,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    let (state, org) = (grant.state(), grant.org().id);
    let NewUser { id, name, email, kind, roles } = new;
    if state.user(id).is_some() {
        return Err(Refusal::taken("user id", id));
    }
    if state.user_by_email(org, &email).is_some() {
        return Err(Refusal::taken("email address", email));
    }
    let roles = assignable(grant, roles)?;
    let user = User { id, org, name, email, kind, roles, disabled: false, created_at: now, modified_at: now };
    Ok(Decided::one(user.clone(), Change::User(Edit::Create(user))))
}

/// Gives a user of the grant's org a new name.
///
/// # Errors
/// [`Refusal::Absent`] if the org has no such user.
pub fn rename(
    grant: &Grant<'_, UserAccessManage>,
    id: UserId,
    name: Name,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    let before = of_org(grant, id)?;
    replace(grant, before, User { name, ..before.clone() }, now)
}

/// Gives a user of the grant's org exactly `roles`.
///
/// # Errors
/// [`Refusal::Absent`] if the user or a role is not one of the org, [`Refusal::BeyondOwnRights`] if a role
/// allows what the principal may not do, [`Refusal::LastAdmin`] if nobody would be left to undo it.
pub fn set_roles(
    grant: &Grant<'_, UserAccessManage>,
    id: UserId,
    roles: Vec<RoleId>,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    let before = of_org(grant, id)?;
    let roles = assignable(grant, roles)?;
    replace(grant, before, User { roles, ..before.clone() }, now)
}

/// Switches a user of the grant's org off or on.
///
/// # Errors
/// [`Refusal::Absent`] if the org has no such user, [`Refusal::LastAdmin`] if nobody would be left to undo it,
/// [`Refusal::BeyondOwnRights`] if somebody who may do more than the principal would be switched on.
pub fn set_disabled(
    grant: &Grant<'_, UserAccessManage>,
    id: UserId,
    disabled: bool,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    let before = of_org(grant, id)?;
    if before.disabled && !disabled {
        // Their keys work again, and with them all that they may do.
        grant.may_give(permissions(grant.state(), before))?;
    }
    replace(grant, before, User { disabled, ..before.clone() }, now)
}

/// What the roles of `user` allow, taken together.
pub fn permissions(state: &State, user: &User) -> PermissionSet {
    user.roles
        .iter()
        .filter_map(|id| role::find(state, user.org, *id))
        .fold(PermissionSet::EMPTY, |sum, role| sum.union(role.permissions()))
}

fn of_org<'s>(grant: &Grant<'s, UserAccessManage>, id: UserId) -> Result<&'s User, Refusal> {
    let org = grant.org().id;
    match grant.state().user(id) {
        Some(user) if user.org == org => Ok(user),
        _ => Err(Refusal::absent("user", id)),
    }
}

fn assignable(
    grant: &Grant<'_, UserAccessManage>,
    wanted: Vec<RoleId>,
) -> Result<SmallVec<[RoleId; 1]>, Refusal> {
    let mut roles = SmallVec::new();
    for id in wanted {
        let role =
            role::find(grant.state(), grant.org().id, id).ok_or_else(|| Refusal::absent("role", id))?;
        grant.may_give(role.permissions())?;
        if !roles.contains(&id) {
            roles.push(id);
        }
    }
    Ok(roles)
}

fn replace(
    grant: &Grant<'_, UserAccessManage>,
    before: &User,
    after: User,
    now: Timestamp,
) -> Result<Decided<User>, Refusal> {
    let is_admin = |user: &User| !user.disabled && user.roles.contains(&ManagedRole::Admin.id());
    let others_administer =
        || grant.state().users_of(before.org).any(|user| user.id != before.id && is_admin(user));
    if is_admin(before) && !is_admin(&after) && !others_administer() {
        return Err(Refusal::LastAdmin);
    }
    if *before == after {
        return Ok(Decided::unchanged(after));
    }
    let after = User { modified_at: now, ..after };
    Ok(Decided::one(after.clone(), Change::User(Edit::Replace { before: before.clone(), after })))
}
