//! Roles: named sets of permissions that users hold.

use std::collections::HashMap;
use std::fmt;

use uuid::Uuid;

use crate::right::{UserAccessManage, UserAccessRead};
use crate::{
    Change, Decided, Direction, Edit, Grant, Listing, Name, OrgId, Page, Part, Permission, PermissionSet,
    Refusal, RoleId, State, Timestamp, restriction_policy, user,
};

/// A role that an org made for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// The org whose users may hold it.
    pub org: OrgId,
    /// What people call it; no two roles of an org have one name.
    pub name: Name,
    /// What it allows.
    pub permissions: PermissionSet,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A role that every org has from the start and nobody can change.
///
/// They are part of the program and not rows, so that a permission added in a later version reaches every
/// `Admin` without a migration. Their ids are the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagedRole {
    /// Everything within the org.
    Admin,
    /// What an ordinary user needs: to see connections and who is there, and keys of their own.
    Standard,
    /// To see connections and who is there.
    ReadOnly,
}

impl ManagedRole {
    /// Every managed role, the most powerful first.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Standard, Self::ReadOnly];

    /// Its id, the same in every org.
    pub const fn id(self) -> RoleId {
        RoleId::new(Uuid::from_u128(match self {
            Self::Admin => 0x0b1d_6e00_0000_4000_8000_0000_0000_0001,
            Self::Standard => 0x0b1d_6e00_0000_4000_8000_0000_0000_0002,
            Self::ReadOnly => 0x0b1d_6e00_0000_4000_8000_0000_0000_0003,
        }))
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Standard => "Standard",
            Self::ReadOnly => "Read Only",
        }
    }

    /// What it allows.
    pub const fn permissions(self) -> PermissionSet {
        match self {
            // What reaches beyond the org is given by the operator alone, or by who was given it.
            Self::Admin => {
                PermissionSet::all().without(PermissionSet::of(&[Permission::OrgConnectionsEvaluate]))
            }
            Self::Standard => PermissionSet::of(&[
                Permission::OrgConnectionsRead,
                Permission::UserAccessRead,
                Permission::UserAppKeys,
            ]),
            Self::ReadOnly => {
                PermissionSet::of(&[Permission::OrgConnectionsRead, Permission::UserAccessRead])
            }
        }
    }

    /// The managed role with this id, if there is one.
    pub fn with_id(id: RoleId) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == id)
    }
}

/// A role as a user holds it: managed, or the org's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleView<'s> {
    /// The same in every org.
    Managed(ManagedRole),
    /// Made by the org.
    Custom(&'s Role),
}

impl<'s> RoleView<'s> {
    /// Its id.
    pub fn id(&self) -> RoleId {
        match self {
            Self::Managed(role) => role.id(),
            Self::Custom(role) => role.id,
        }
    }

    /// What people call it.
    pub fn name(&self) -> &'s str {
        match self {
            Self::Managed(role) => role.name(),
            Self::Custom(role) => role.name.as_str(),
        }
    }

    /// What it allows.
    pub fn permissions(&self) -> PermissionSet {
        match self {
            Self::Managed(role) => role.permissions(),
            Self::Custom(role) => role.permissions,
        }
    }
}

impl fmt::Display for RoleView<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// The role `id` as users of `org` may hold it.
pub fn find(state: &State, org: OrgId, id: RoleId) -> Option<RoleView<'_>> {
    match ManagedRole::with_id(id) {
        Some(managed) => Some(RoleView::Managed(managed)),
        None => state.role(id).filter(|role| role.org == org).map(|role| RoleView::Custom(role)),
    }
}

/// Every role that users of `org` may hold, managed ones first.
pub fn all(state: &State, org: OrgId) -> impl Iterator<Item = RoleView<'_>> {
    let managed = ManagedRole::ALL.into_iter().map(RoleView::Managed);
    managed.chain(state.roles_of(org).map(|role| RoleView::Custom(role)))
}

/// Makes a role in the grant's org.
///
/// # Errors
/// [`Refusal::Taken`] if a role of the org has this id or name; [`Refusal::BeyondOwnRights`] if it allows
/// what the grant's principal may not do: nobody gives away a right that they don't hold.
pub fn create(
    grant: &Grant<'_, UserAccessManage>,
    id: RoleId,
    name: Name,
    permissions: PermissionSet,
    now: Timestamp,
) -> Result<Decided<Role>, Refusal> {
    let state = grant.state();
    let org = grant.org().id;
    if state.role(id).is_some() || ManagedRole::with_id(id).is_some() {
        return Err(Refusal::taken("role id", id));
    }
    if all(state, org).any(|role| role.name() == name.as_str()) {
        return Err(Refusal::taken("role name", name));
    }
    grant.may_give(permissions)?;
    let role = Role { id, org, name, permissions, created_at: now };
    Ok(Decided::one(role.clone(), Change::Role(Edit::Create(role))))
}

/// What is to be different about a role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleEdit {
    /// What people are to call it; as before where none is given.
    pub name: Option<Name>,
    /// What it is to allow; as before where nothing is given.
    pub permissions: Option<PermissionSet>,
}

/// Gives a role of the grant's org another name or other permissions.
///
/// # Errors
/// [`Refusal::Absent`] if the org has no such role, [`Refusal::Managed`] if every org has it;
/// [`Refusal::BeyondReach`] if it allows what the principal may not do, or somebody who may would lose a part of
/// it; [`Refusal::Taken`] if another has this name; [`Refusal::BeyondOwnRights`] if it would allow what the
/// principal may not do.
pub fn update(
    grant: &Grant<'_, UserAccessManage>,
    id: RoleId,
    edit: RoleEdit,
) -> Result<Decided<Role>, Refusal> {
    let before = own(grant, id)?;
    let RoleEdit { name, permissions } = edit;
    let after = Role {
        name: name.unwrap_or_else(|| before.name.clone()),
        permissions: permissions.unwrap_or(before.permissions),
        ..before.clone()
    };
    replace(grant, before, after)
}

/// Lets a role of the grant's org allow `permission` as well.
///
/// # Errors
/// As [`update`].
pub fn add_permission(
    grant: &Grant<'_, UserAccessManage>,
    id: RoleId,
    permission: Permission,
) -> Result<Decided<Role>, Refusal> {
    let before = own(grant, id)?;
    let permissions = before.permissions.union(PermissionSet::of(&[permission]));
    replace(grant, before, Role { permissions, ..before.clone() })
}

/// Lets a role of the grant's org no longer allow `permission`.
///
/// # Errors
/// As [`update`].
pub fn remove_permission(
    grant: &Grant<'_, UserAccessManage>,
    id: RoleId,
    permission: Permission,
) -> Result<Decided<Role>, Refusal> {
    let before = own(grant, id)?;
    let permissions = before.permissions.without(PermissionSet::of(&[permission]));
    replace(grant, before, Role { permissions, ..before.clone() })
}

/// Removes a role that nobody holds. Restriction policies no longer name it, and none of them binds anybody else for that.
///
/// # Errors
/// [`Refusal::Absent`] if the org has no such role, [`Refusal::Managed`] if every org has it;
/// [`Refusal::BeyondReach`] if it allows what the principal may not do; [`Refusal::InUse`] if a user holds it.
pub fn delete(grant: &Grant<'_, UserAccessManage>, id: RoleId) -> Result<Decided<Role>, Refusal> {
    let role = own(grant, id)?;
    grant.may_change_what_holds(role.permissions)?;
    if let Some(holder) = grant.state().users_of(role.org).find(|user| user.roles.contains(&id)) {
        return Err(Refusal::InUse { what: "role", by: holder.email.to_string() });
    }
    let mut decided = Decided::one(role.clone(), Change::Role(Edit::Delete(role.clone())));
    decided.changes.extend(restriction_policy::changes_without_role(grant.state(), role.org, id));
    Ok(decided)
}

/// A role that the grant's org made for itself.
fn own<'s>(grant: &Grant<'s, UserAccessManage>, id: RoleId) -> Result<&'s Role, Refusal> {
    match read(grant, id)? {
        RoleView::Managed(role) => Err(Refusal::Managed(role)),
        RoleView::Custom(role) => Ok(role),
    }
}

fn replace(
    grant: &Grant<'_, UserAccessManage>,
    before: &Role,
    after: Role,
) -> Result<Decided<Role>, Refusal> {
    let (state, org) = (grant.state(), before.org);
    grant.may_change_what_holds(before.permissions)?;
    if all(state, org).any(|role| role.id() != before.id && role.name() == after.name.as_str()) {
        return Err(Refusal::taken("role name", after.name));
    }
    grant.may_give(after.permissions)?;
    if before.permissions.without(after.permissions) != PermissionSet::EMPTY {
        for holder in state.users_of(org).filter(|user| user.roles.contains(&before.id)) {
            grant.may_change_what_holds(user::permissions(state, holder))?;
        }
    }
    if *before == after {
        return Ok(Decided::unchanged(after));
    }
    Ok(Decided::one(after.clone(), Change::Role(Edit::Replace { before: before.clone(), after })))
}

/// One role that users of the grant's org may hold.
///
/// # Errors
/// [`Refusal::Absent`] if there is no such role.
pub fn read<'s, R>(grant: &Grant<'s, R>, id: RoleId) -> Result<RoleView<'s>, Refusal> {
    find(grant.state(), grant.org().id, id).ok_or_else(|| Refusal::absent("role", id))
}

/// How many users of `org` hold the role `id`, whether they may act or not.
pub fn user_count(state: &State, org: OrgId, id: RoleId) -> usize {
    state.users_of(org).filter(|user| user.roles.contains(&id)).count()
}

/// Which roles are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// What their names contain.
    pub name: Part,
    /// The only one, if there is to be one alone.
    pub id: IdFilter,
}

/// Which roles are listed, by id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IdFilter {
    /// All of them.
    #[default]
    Any,
    /// One.
    Only(RoleId),
    /// None: what was asked for is no id.
    Nothing,
}

/// What roles are ordered by; where it is the same, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// What people call them.
    Name,
    /// How many hold them.
    UserCount,
}

/// The roles that users of the grant's org may hold, each with how many do.
pub fn list<'s>(
    grant: &Grant<'s, UserAccessRead>,
    filter: &Filter,
    (order, direction): (Order, Direction),
    page: Page,
) -> Listing<(RoleView<'s>, usize)> {
    let (state, org) = (grant.state(), grant.org().id);
    let mut holders = HashMap::<RoleId, usize>::new();
    for role in state.users_of(org).flat_map(|user| user.roles.iter()) {
        *holders.entry(*role).or_default() += 1;
    }
    let by_id = |id| match filter.id {
        IdFilter::Any => true,
        IdFilter::Only(wanted) => wanted == id,
        IdFilter::Nothing => false,
    };
    let mut roles: Vec<_> = all(state, org)
        .filter(|role| by_id(role.id()) && filter.name.is_in(role.name()))
        .map(|role| (role, holders.get(&role.id()).copied().unwrap_or(0)))
        .collect();
    roles.sort_by_key(|(role, count)| {
        let count = if order == Order::UserCount { *count } else { 0 };
        (count, role.name(), role.id())
    });
    Listing::cut(all(state, org).count(), roles, direction, page)
}
