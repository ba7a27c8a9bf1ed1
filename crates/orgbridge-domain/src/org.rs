//! Orgs: who owns telemetry, and who is shown some of it.

use std::sync::Arc;

use crate::right::OrgManagement;
use crate::{
    AccountId, Change, Decided, Deployment, Edit, Grant, Name, OrgId, PublicId, Refusal, Site, Timestamp,
};

/// An organization of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// The account that it belongs to, for good.
    pub account: AccountId,
    /// The site on which it lives, for good.
    pub site: Site,
    /// The org that manages it; the first org of an account on a site has none and manages the others there.
    pub parent: Option<OrgId>,
    /// Its short id in the paths of the first API version.
    pub public_id: PublicId,
    /// What people call it. Two orgs may have one name.
    pub name: Name,
    /// Whether it is switched off: its keys don't work and its connections grant nothing.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its name or standing last changed.
    pub modified_at: Timestamp,
}

/// What a new org is made from.
#[derive(Debug, Clone)]
pub struct NewOrg {
    /// Its id.
    pub id: OrgId,
    /// The account that it joins.
    pub account: AccountId,
    /// The site on which it is to live.
    pub site: Site,
    /// Its short id; the id itself where none is given.
    pub public_id: Option<PublicId>,
    /// What people call it.
    pub name: Name,
}

/// Makes an org. The first of an account on a site manages those that follow there.
///
/// # Errors
/// [`Refusal::Absent`] if there is no such account, [`Refusal::Taken`] if an org has this id or public id.
pub fn create(deployment: &Deployment<'_>, new: NewOrg, now: Timestamp) -> Result<Decided<Org>, Refusal> {
    let state = deployment.state();
    let NewOrg { id, account, site, public_id, name } = new;
    let public_id = public_id.unwrap_or_else(|| PublicId::from(id));
    if state.account(account).is_none() {
        return Err(Refusal::absent("account", account));
    }
    if state.org(id).is_some() {
        return Err(Refusal::taken("org id", id));
    }
    if state.org_by_public_id(&public_id).is_some() {
        return Err(Refusal::taken("public id", public_id));
    }
    let manages = |org: &&Arc<Org>| org.site == site && org.parent.is_none();
    let parent = state.orgs_of(account).find(manages).map(|org| org.id);
    let org = Org {
        id,
        account,
        site,
        parent,
        public_id,
        name,
        disabled: false,
        created_at: now,
        modified_at: now,
    };
    Ok(Decided::one(org.clone(), Change::Org(Edit::Create(org))))
}

/// Gives the grant's org a new name.
///
/// # Errors
/// None of its own; the signature is that of every rule.
pub fn rename(grant: &Grant<'_, OrgManagement>, name: Name, now: Timestamp) -> Result<Decided<Org>, Refusal> {
    let org = grant.org();
    Ok(replace(org, Org { name, modified_at: org.modified_at, ..org.clone() }, now))
}

/// Switches the grant's org off or on.
///
/// # Errors
/// None of its own; the signature is that of every rule.
pub fn set_disabled(
    grant: &Grant<'_, OrgManagement>,
    disabled: bool,
    now: Timestamp,
) -> Result<Decided<Org>, Refusal> {
    let org = grant.org();
    Ok(replace(org, Org { disabled, ..org.clone() }, now))
}

fn replace(before: &Org, after: Org, now: Timestamp) -> Decided<Org> {
    if *before == after {
        return Decided::unchanged(after);
    }
    let after = Org { modified_at: now, ..after };
    Decided::one(after.clone(), Change::Org(Edit::Replace { before: before.clone(), after }))
}

/// The orgs that the grant's org may know by name without a connection: itself, and, where it manages its
/// account on its site, the account's others there. Of other sites it learns nothing, as if each were a
/// deployment of its own.
pub fn managed<'s>(grant: &Grant<'s, OrgManagement>) -> impl Iterator<Item = &'s Arc<Org>> {
    let own = grant.org();
    let manages = own.parent.is_none();
    grant.state().orgs_of(own.account).filter(move |org| org.id == own.id || manages && org.site == own.site)
}
