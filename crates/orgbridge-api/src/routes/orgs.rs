//! The orgs that a caller manages.

use orgbridge_domain::org;
use orgbridge_domain::right::OrgManagement;

use crate::error::ApiError;
use crate::extract::{Granted, OrgsQuery};
use crate::reply::Reply;
use crate::wire::{ManagedOrgs, OrgListV1};

/// Lists the orgs in the form of the first API version.
pub(crate) async fn list_v1(granted: Granted<OrgManagement>) -> Result<Reply, ApiError> {
    Reply::of(&OrgListV1::of(org::managed(&granted.grant()?)))
}

/// Lists the orgs, and says which of them is the caller's.
pub(crate) async fn list_v2(granted: Granted<OrgManagement>, query: OrgsQuery) -> Result<Reply, ApiError> {
    let grant = granted.grant()?;
    let managed = org::managed(&grant).filter(|org| query.admits(org.name.as_str()));
    Reply::of(&ManagedOrgs::of(grant.org(), managed))
}
