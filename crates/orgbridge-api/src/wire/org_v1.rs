//! Orgs as the first API version shows them.

use std::sync::Arc;

use orgbridge_domain::Org;
use serde::Serialize;

/// A list of orgs. Source: contract, section 4.
#[derive(Debug, Serialize)]
pub(crate) struct OrgListV1<'s> {
    orgs: Vec<OrgV1<'s>>,
}

#[derive(Debug, Serialize)]
struct OrgV1<'s> {
    name: &'s str,
    public_id: &'s str,
    description: &'static str,
    /// In UTC, without saying so.
    created: String,
}

impl<'s> OrgListV1<'s> {
    pub(crate) fn of(orgs: impl Iterator<Item = &'s Arc<Org>>) -> Self {
        Self { orgs: orgs.map(|org| OrgV1::of(org)).collect() }
    }
}

impl<'s> OrgV1<'s> {
    fn of(org: &'s Org) -> Self {
        Self {
            name: org.name.as_str(),
            public_id: org.public_id.as_str(),
            description: "",
            created: org.created_at.to_spaced(),
        }
    }
}
