//! The orgs that a caller manages, and which of them is the caller's.

use std::sync::Arc;

use orgbridge_domain::{Org, OrgId};
use serde::Serialize;

use super::org::OrgResource;
use super::resource::{Document, Identifier, ORG_TYPE, Text};

/// The answer of the second API version. Source: contract, section 4.
#[derive(Debug, Serialize)]
pub(crate) struct ManagedOrgs<'s> {
    data: Data,
    included: Vec<OrgResource<'s>>,
}

#[derive(Debug, Serialize)]
struct Data {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Text<OrgId>,
    relationships: Relationships,
}

#[derive(Debug, Serialize)]
struct Relationships {
    current_org: Document<Identifier<OrgId>>,
    managed_orgs: Document<Vec<Identifier<OrgId>>>,
}

impl<'s> ManagedOrgs<'s> {
    /// Shows the caller's org first, since it is always named, and then the others of `managed`.
    pub(crate) fn of(current: &'s Org, managed: impl Iterator<Item = &'s Arc<Org>>) -> Self {
        let managed: Vec<&Org> = managed.map(Arc::as_ref).collect();
        let others = managed.iter().copied().filter(|org| org.id != current.id);
        let identify = |org: &Org| Identifier::new(ORG_TYPE, org.id);
        Self {
            included: std::iter::once(current).chain(others).map(OrgResource::of).collect(),
            data: Data {
                kind: "managed_orgs",
                id: Text(current.id),
                relationships: Relationships {
                    current_org: Document::of(identify(current)),
                    managed_orgs: Document::of(managed.into_iter().map(identify).collect()),
                },
            },
        }
    }
}
