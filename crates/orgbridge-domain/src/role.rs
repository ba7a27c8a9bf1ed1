//! Roles: named sets of permissions that users hold.

use std::fmt;

use uuid::Uuid;

use crate::right::UserAccessManage;
use crate::{
    Change, Decided, Edit, Grant, Name, OrgId, Permission, PermissionSet, Refusal, RoleId, State, Timestamp,
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
    /// Everything.
    Admin,
    /// What an ordinary user needs: to see connections, and keys of their own.
    Standard,
    /// To see connections.
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
            Self::Admin => PermissionSet::all(),
            Self::Standard => PermissionSet::of(&[Permission::OrgConnectionsRead, Permission::UserAppKeys]),
            Self::ReadOnly => PermissionSet::of(&[Permission::OrgConnectionsRead]),
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

/// Gives a role of the grant's org a name and permissions.
///
/// # Errors
/// [`Refusal::Absent`] if the org has no such role of its own; [`Refusal::Taken`] if another has this name;
/// [`Refusal::BeyondOwnRights`] if it would allow what the principal may not do.
pub fn update(
    grant: &Grant<'_, UserAccessManage>,
    id: RoleId,
    name: Name,
    permissions: PermissionSet,
) -> Result<Decided<Role>, Refusal> {
    let (state, org) = (grant.state(), grant.org().id);
    let before =
        state.role(id).filter(|role| role.org == org).ok_or_else(|| Refusal::absent("custom role", id))?;
    let before = Role::clone(before);
    if all(state, org).any(|role| role.id() != id && role.name() == name.as_str()) {
        return Err(Refusal::taken("role name", name));
    }
    grant.may_give(permissions)?;
    let after = Role { name, permissions, ..before.clone() };
    if before == after {
        return Ok(Decided::unchanged(before));
    }
    Ok(Decided::one(after.clone(), Change::Role(Edit::Replace { before, after })))
}

/// Removes a role that nobody holds.
///
/// # Errors
/// [`Refusal::Absent`] if the org has no such role of its own; [`Refusal::InUse`] if a user holds it.
pub fn delete(grant: &Grant<'_, UserAccessManage>, id: RoleId) -> Result<Decided<Role>, Refusal> {
    let (state, org) = (grant.state(), grant.org().id);
    let role =
        state.role(id).filter(|role| role.org == org).ok_or_else(|| Refusal::absent("custom role", id))?;
    if let Some(holder) = state.users_of(org).find(|user| user.roles.contains(&id)) {
        return Err(Refusal::InUse { what: "role", by: holder.email.to_string() });
    }
    let role = Role::clone(role);
    Ok(Decided::one(role.clone(), Change::Role(Edit::Delete(role))))
}
