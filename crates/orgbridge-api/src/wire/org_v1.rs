//! Orgs as the first API version shows them.

use std::sync::Arc;

use orgbridge_domain::{Org, OrgId};
use schemars::JsonSchema;
use serde::Serialize;

use super::schema;

// Source: contract, section 4.
/// The orgs that the caller manages, as the first API version shows them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrganizationListResponse")]
pub(crate) struct OrgListV1<'s> {
    /// The orgs.
    #[schemars(length(min = 1))]
    orgs: Vec<OrgV1<'s>>,
}

/// An org.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Organization")]
struct OrgV1<'s> {
    /// What people call it.
    #[schemars(schema_with = "schema::name::<OrgId>")]
    name: &'s str,
    /// Its short id.
    #[schemars(schema_with = "schema::public_id")]
    public_id: &'s str,
    /// Orgs have none.
    #[schemars(schema_with = "schema::empty")]
    description: &'static str,
    /// When it was made, in UTC.
    #[schemars(schema_with = "schema::spaced_time")]
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
