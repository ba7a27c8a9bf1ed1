//! Permissions as they are shown.

use orgbridge_domain::{Org, Permission, PermissionId, PermissionSet, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::resource::{Text, TypeName};

// Source: contract, section 4.
/// Permissions.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PermissionsResponse")]
pub(crate) struct PermissionList {
    /// The permissions, always in the same order.
    data: Vec<PermissionResource>,
}

/// A permission.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Permission")]
struct PermissionResource {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<PermissionId>,
    /// Its id, the same in every org.
    id: Text<PermissionId>,
    attributes: Attributes,
}

/// What is shown of a permission.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Attributes {
    /// The name in scopes.
    #[schemars(extend("examples" = ["org_connections_read"]))]
    name: &'static str,
    /// The name for people.
    #[schemars(extend("examples" = ["Org Connections Read"]))]
    display_name: &'static str,
    /// What it allows.
    #[schemars(extend("examples" = ["Read the connections between this organization and others."]))]
    description: &'static str,
    /// The heading under which people find it.
    #[schemars(extend("examples" = ["Org Management"]))]
    group_name: &'static str,
    /// The most that it lets its holder do.
    #[schemars(extend("enum" = ["read", "write"]))]
    display_type: &'static str,
    /// Always false: every org has every permission.
    #[schemars(extend("enum" = [false]))]
    restricted: bool,
    /// Since when the org has had it: since the org was made.
    created: Text<Timestamp>,
}

impl PermissionList {
    /// Shows `permissions` as `org` has them.
    pub(crate) fn of(org: &Org, permissions: PermissionSet) -> Self {
        Self { data: permissions.iter().map(|permission| PermissionResource::of(org, permission)).collect() }
    }
}

impl PermissionResource {
    fn of(org: &Org, permission: Permission) -> Self {
        Self {
            kind: TypeName::new(),
            id: Text(permission.id()),
            attributes: Attributes {
                name: permission.as_str(),
                display_name: permission.display_name(),
                description: permission.description(),
                group_name: permission.group_name(),
                display_type: permission.reach().as_str(),
                restricted: false,
                created: Text(org.created_at),
            },
        }
    }
}
