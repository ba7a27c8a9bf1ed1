//! The orgs that a caller manages.

use orgbridge_domain::org;
use orgbridge_domain::right::OrgManagement;

use crate::error::ApiError;
use crate::extract::{Granted, OrgsQuery};
use crate::openapi::{Prose, Tag};
use crate::reply::Reply;
use crate::wire::{ManagedOrgs, OrgListV1};

pub(crate) const LIST_V1: Prose = Prose {
    id: "ListOrgs",
    tag: Tag::Organizations,
    summary: "List the organizations that you manage",
    description: "The first org of an account on a site manages the account's orgs there; the others manage themselves.",
    refusals: Vec::new,
};

/// Lists the orgs in the form of the first API version.
pub(crate) async fn list_v1(granted: Granted<OrgManagement>) -> Result<Reply<OrgListV1<'static>>, ApiError> {
    Reply::of(&OrgListV1::of(org::managed(&granted.grant()?)))
}

pub(crate) const LIST_V2: Prose = Prose {
    id: "ListManagedOrgs",
    tag: Tag::Organizations,
    summary: "List the organizations that you manage, and say which is yours",
    description: "The first org of an account on a site manages the account's orgs there; the others manage \
                  themselves. `data` holds their ids, and `included` what is known of them.",
    refusals: Vec::new,
};

/// Lists the orgs, and says which of them is the caller's.
pub(crate) async fn list_v2(
    granted: Granted<OrgManagement>,
    query: OrgsQuery,
) -> Result<Reply<ManagedOrgs<'static>>, ApiError> {
    let grant = granted.grant()?;
    let managed = org::managed(&grant).filter(|org| query.admits(org.name.as_str()));
    Reply::of(&ManagedOrgs::of(grant.org(), managed))
}
