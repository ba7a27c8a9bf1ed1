//! An org as it is included in an answer.

use orgbridge_domain::{Org, OrgId, Timestamp};
use serde::Serialize;

use super::resource::{ORG_TYPE, Text};

/// An org with the eight attributes of the real service, none of them null: some clients ask for each.
#[derive(Debug, Serialize)]
pub(crate) struct OrgResource<'s> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Text<OrgId>,
    attributes: Attributes<'s>,
}

#[derive(Debug, Serialize)]
struct Attributes<'s> {
    public_id: &'s str,
    name: &'s str,
    description: &'static str,
    sharing: &'static str,
    url: &'static str,
    disabled: bool,
    created_at: Text<Timestamp>,
    modified_at: Text<Timestamp>,
}

impl<'s> OrgResource<'s> {
    pub(crate) fn of(org: &'s Org) -> Self {
        Self {
            kind: ORG_TYPE,
            id: Text(org.id),
            attributes: Attributes {
                public_id: org.public_id.as_str(),
                name: org.name.as_str(),
                description: "",
                sharing: "all_private",
                url: "",
                disabled: org.disabled,
                created_at: Text(org.created_at),
                modified_at: Text(org.modified_at),
            },
        }
    }
}
