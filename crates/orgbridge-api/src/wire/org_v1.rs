//! Orgs as the first API version shows them.

use std::sync::Arc;

use orgbridge_domain::org::ChildOrg;
use orgbridge_domain::{ApiKeySecret, ApplicationKeySecret, Org, OrgId, UserId};
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

/// An org, as the first API version shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrganizationResponse")]
pub(crate) struct OrgDocumentV1<'s> {
    org: OrgV1<'s>,
}

// Source: contract, section 4.
/// An org that was made, and what its first admin needs to begin. Nothing shows the secrets again.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrganizationCreateResponse")]
pub(crate) struct ChildOrgV1<'s> {
    org: OrgV1<'s>,
    api_key: ApiKeyV1<'s>,
    application_key: ApplicationKeyV1<'s>,
    user: UserV1<'s>,
}

/// The API key of a new org.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ApiKeyV1<'s> {
    /// The secret itself.
    #[schemars(schema_with = "schema::api_key")]
    key: &'s str,
    /// What people call it.
    #[schemars(schema_with = "schema::name::<OrgId>")]
    name: &'s str,
    /// When it was made, in UTC.
    #[schemars(schema_with = "schema::spaced_time")]
    created: String,
    /// The email address of who made it.
    #[schemars(schema_with = "schema::email")]
    created_by: &'s str,
}

/// The application key of the first admin of a new org.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ApplicationKeyV1<'s> {
    /// The secret itself.
    #[schemars(schema_with = "schema::application_key")]
    hash: &'s str,
    /// What people call it.
    #[schemars(schema_with = "schema::name::<OrgId>")]
    name: &'s str,
    /// The email address of its owner.
    #[schemars(schema_with = "schema::email")]
    owner: &'s str,
}

/// The first admin of a new org.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct UserV1<'s> {
    /// What people call them.
    #[schemars(schema_with = "schema::name::<UserId>")]
    name: &'s str,
    /// Their email address once more.
    #[schemars(schema_with = "schema::email")]
    handle: &'s str,
    /// Their email address.
    #[schemars(schema_with = "schema::email")]
    email: &'s str,
    /// Users have none.
    #[schemars(schema_with = "schema::empty")]
    icon: &'static str,
    /// Always the admin's.
    #[schemars(extend("enum" = ["adm"]))]
    access_role: &'static str,
    /// Whether they may not act.
    disabled: bool,
    /// Always true: users are made by admins, who vouch for them.
    #[schemars(extend("enum" = [true]))]
    verified: bool,
}

impl<'s> OrgDocumentV1<'s> {
    pub(crate) fn of(org: &'s Org) -> Self {
        Self { org: OrgV1::of(org) }
    }
}

impl<'s> ChildOrgV1<'s> {
    /// Shows `child` with the secrets of its keys, this once.
    pub(crate) fn of(
        child: &'s ChildOrg,
        api_key: &'s ApiKeySecret,
        application_key: &'s ApplicationKeySecret,
    ) -> Self {
        let admin = &child.admin;
        Self {
            org: OrgV1::of(&child.org),
            api_key: ApiKeyV1 {
                key: api_key.expose(),
                name: child.api_key.name.as_str(),
                created: child.api_key.created_at.to_spaced(),
                created_by: admin.email.as_str(),
            },
            application_key: ApplicationKeyV1 {
                hash: application_key.expose(),
                name: child.application_key.name.as_str(),
                owner: admin.email.as_str(),
            },
            user: UserV1 {
                name: admin.name.as_str(),
                handle: admin.email.as_str(),
                email: admin.email.as_str(),
                icon: "",
                access_role: "adm",
                disabled: admin.disabled,
                verified: true,
            },
        }
    }
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
