//! The orgs that a caller manages, and which of them is the caller's.

use std::sync::Arc;

use orgbridge_domain::{Org, OrgId};
use schemars::JsonSchema;
use serde::Serialize;

use super::org::OrgResource;
use super::resource::{Document, Identifier, Resource, Text, TypeName};

// Source: contract, section 4.
/// The orgs that the caller manages, and which of them is the caller's.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ManagedOrgsResponse")]
pub(crate) struct ManagedOrgs<'s> {
    data: Data,
    /// The caller's org first, then the others.
    #[schemars(length(min = 1))]
    included: Vec<OrgResource<'s>>,
}

/// Who manages what.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Data {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<Managing>,
    /// The id of the caller's org.
    id: Text<OrgId>,
    relationships: Relationships,
}

/// An org as the one that manages others.
#[derive(Debug)]
enum Managing {}

impl Resource for Managing {
    const TYPE: &'static str = "managed_orgs";
}

/// The orgs by id.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Relationships {
    /// The caller's org.
    current_org: Document<Identifier<OrgId>>,
    /// The orgs that were asked for.
    managed_orgs: Document<Vec<Identifier<OrgId>>>,
}

impl<'s> ManagedOrgs<'s> {
    /// Shows the caller's org first, since it is always named, and then the others of `managed`.
    pub(crate) fn of(current: &'s Org, managed: impl Iterator<Item = &'s Arc<Org>>) -> Self {
        let managed: Vec<&Org> = managed.map(Arc::as_ref).collect();
        let others = managed.iter().copied().filter(|org| org.id != current.id);
        let identify = |org: &Org| Identifier::new(org.id);
        Self {
            included: std::iter::once(current).chain(others).map(OrgResource::of).collect(),
            data: Data {
                kind: TypeName::new(),
                id: Text(current.id),
                relationships: Relationships {
                    current_org: Document::of(identify(current)),
                    managed_orgs: Document::of(managed.into_iter().map(identify).collect()),
                },
            },
        }
    }
}
