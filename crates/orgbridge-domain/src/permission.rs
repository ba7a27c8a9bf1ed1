//! Permissions and sets of them.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::PermissionId;

/// Proof at the type level of which permission a [`crate::Grant`] carries.
pub trait Right: Send + Sync + 'static {
    /// The permission that the type stands for.
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($variant:ident $name:literal $display:literal $group:literal $what:literal)+) => {
        /// What a role can allow and a scope can narrow to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $(#[doc = $what] $variant,)+
        }

        impl Permission {
            /// Every permission there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name on the wire, in scopes and in storage.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The name for people.
            pub const fn display_name(self) -> &'static str {
                match self { $(Self::$variant => $display,)+ }
            }

            /// The heading under which people find it.
            pub const fn group_name(self) -> &'static str {
                match self { $(Self::$variant => $group,)+ }
            }

            /// What it allows, as a sentence.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $what,)+ }
            }
        }

        /// A type for each [`Permission`].
        pub mod right {
            $(
                #[doc = $what]
                #[derive(Debug, Clone, Copy)]
                pub enum $variant {}

                impl super::Right for $variant {
                    const PERMISSION: super::Permission = super::Permission::$variant;
                }
            )+
        }
    };
}

permissions! {
    OrgConnectionsRead "org_connections_read" "Org Connections Read" "Org Management"
        "Read the connections between this organization and others."
    OrgConnectionsWrite "org_connections_write" "Org Connections Write" "Org Management"
        "Create, update and delete connections of this organization."
    OrgConnectionsEvaluate "org_connections_evaluate" "Org Connections Evaluate" "Org Management"
        "Ask whether any organization of the account may read what another one owns."
    OrgManagement "org_management" "Org Management" "Org Management"
        "Read, create and rename organizations of the account."
    UserAccessRead "user_access_read" "User Access Read" "Access Management"
        "Read the organization's users and roles, and who has which."
    UserAccessManage "user_access_manage" "User Access Manage" "Access Management"
        "Create and disable users, and change roles and who has them."
    ServiceAccountWrite "service_account_write" "Service Account Write" "Access Management"
        "Create, disable and use service accounts."
    ApiKeysRead "api_keys_read" "API Keys Read" "API and Application Keys"
        "List the organization's API keys, without their secrets."
    ApiKeysWrite "api_keys_write" "API Keys Write" "API and Application Keys"
        "Create, rename and revoke the organization's API keys."
    UserAppKeys "user_app_keys" "User App Keys" "API and Application Keys"
        "Create and revoke one's own application keys."
    OrgAppKeysRead "org_app_keys_read" "Org App Keys Read" "API and Application Keys"
        "List the application keys of every user of the organization."
    OrgAppKeysWrite "org_app_keys_write" "Org App Keys Write" "API and Application Keys"
        "Edit and revoke the application keys of every user of the organization."
    AuditLogsRead "audit_logs_read" "Audit Trail Read" "Compliance"
        "Read the organization's audit trail."
    OauthClientsWrite "oauth_clients_write" "OAuth Clients Write" "API and Application Keys"
        "Register OAuth2 clients of the organization."
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The most that a permission lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To see.
    Read,
    /// To change.
    Write,
}

impl Reach {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl Permission {
    /// Its id, made from its name: the same in every org and in every version of this program.
    pub fn id(self) -> PermissionId {
        let mut bytes = [0; 16];
        let digest =
            Sha256::new().chain_update("orgbridge permission ").chain_update(self.as_str()).finalize();
        bytes.copy_from_slice(&digest[..16]);
        PermissionId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The permission with this id, if there is one.
    pub fn with_id(id: PermissionId) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.id() == id)
    }

    /// The most that it lets its holder do.
    pub fn reach(self) -> Reach {
        if self.as_str().ends_with("_read") || self == Self::OrgConnectionsEvaluate {
            Reach::Read
        } else {
            Reach::Write
        }
    }
}

/// The text names no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{named:?} is no permission; expected one of {}", names(), named = .0)]
pub struct NotAPermission(pub String);

fn names() -> String {
    Permission::ALL.iter().map(|permission| permission.as_str()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Permission {
    type Err = NotAPermission;

    fn from_str(text: &str) -> Result<Self, NotAPermission> {
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| NotAPermission(text.chars().take(80).collect()))
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// The set of none.
    pub const EMPTY: Self = Self(0);

    /// The set of all.
    pub const fn all() -> Self {
        Self((1 << Permission::ALL.len()) - 1)
    }

    /// The set of `permissions`.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut position = 0;
        while position < permissions.len() {
            bits |= 1 << permissions[position] as u64;
            position += 1;
        }
        Self(bits)
    }

    /// Whether the set holds `permission`.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u64) != 0
    }

    /// What either set holds.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both sets hold.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What this set holds and `other` does not.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The permissions held, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::EMPTY, |set, permission| set.union(Self::of(&[permission])))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

/// The names, joined by commas: the form in storage.
impl fmt::Display for PermissionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, permission) in self.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(formatter, "{comma}{permission}")?;
        }
        Ok(())
    }
}

impl FromStr for PermissionSet {
    type Err = NotAPermission;

    fn from_str(joined: &str) -> Result<Self, NotAPermission> {
        joined.split(',').filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_was_given_and_reads_its_own_text() {
        let set = PermissionSet::of(&[Permission::AuditLogsRead, Permission::OrgConnectionsRead]);
        assert!(set.contains(Permission::AuditLogsRead));
        assert!(!set.contains(Permission::OrgConnectionsWrite));
        assert_eq!(set.to_string(), "org_connections_read,audit_logs_read");
        assert_eq!(set.to_string().parse(), Ok(set));
        assert_eq!("".parse(), Ok(PermissionSet::EMPTY));
        assert_eq!(set.without("audit_logs_read".parse().unwrap()).to_string(), "org_connections_read");
        assert_eq!(PermissionSet::all().iter().count(), Permission::ALL.len());
    }

    #[test]
    fn a_permission_is_found_by_an_id_that_never_changes() {
        for permission in Permission::ALL {
            assert_eq!(Permission::with_id(permission.id()), Some(*permission));
        }
        let id = Permission::OrgConnectionsRead.id();
        assert_eq!(id.to_string(), "0616a900-69b9-8894-ac41-3365d29c2d81");
        assert_eq!(Permission::with_id(PermissionId::new(uuid::Uuid::nil())), None);
    }

    #[test]
    fn what_is_left_is_without_what_is_taken() {
        let both = PermissionSet::of(&[Permission::AuditLogsRead, Permission::OrgConnectionsRead]);
        let read = PermissionSet::of(&[Permission::OrgConnectionsRead]);
        assert_eq!(both.without(read), PermissionSet::of(&[Permission::AuditLogsRead]));
        assert_eq!(read.without(both), PermissionSet::EMPTY);
    }

    #[test]
    fn a_scope_cuts_and_never_adds() {
        let rights = PermissionSet::of(&[Permission::OrgConnectionsRead]);
        let scopes = PermissionSet::of(&[Permission::OrgConnectionsRead, Permission::OrgConnectionsWrite]);
        assert_eq!(rights.intersection(scopes), rights);
    }
}
