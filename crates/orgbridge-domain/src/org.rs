//! Orgs: who owns telemetry, and who is shown some of it.

use std::sync::Arc;

use smallvec::smallvec;

use crate::application_key::NewApplicationKey;
use crate::right::OrgManagement;
use crate::{
    AccountId, ApiKey, ApiKeyId, ApiKeySecret, ApplicationKey, ApplicationKeyId, ApplicationKeySecret,
    Change, Decided, Deployment, Edit, Grant, ManagedRole, Name, OrgId, PermissionSet, PublicId, Refusal,
    Site, State, Timestamp, User, UserId, api_key, application_key,
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

impl Org {
    /// Whether this org manages `org`: each itself, and one without a parent the others of its account on its site.
    fn manages(&self, org: &Self) -> bool {
        let is_above = self.parent.is_none() && self.account == org.account && self.site == org.site;
        self.id == org.id || is_above
    }
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

/// What an org is made from that another manages, with what its first admin needs to begin.
#[derive(Debug, Clone)]
pub struct NewChildOrg {
    /// Its id.
    pub id: OrgId,
    /// What people call it; its first keys are called the same.
    pub name: Name,
    /// The id of its first admin.
    pub admin: UserId,
    /// The id of its first API key.
    pub api_key: ApiKeyId,
    /// The secret of that key.
    pub api_key_secret: ApiKeySecret,
    /// The id of the admin's application key.
    pub application_key: ApplicationKeyId,
    /// The secret of that key.
    pub application_key_secret: ApplicationKeySecret,
}

/// An org that another manages, as it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildOrg {
    /// The org.
    pub org: Org,
    /// Its only user.
    pub admin: User,
    /// Its only API key.
    pub api_key: ApiKey,
    /// The admin's only application key.
    pub application_key: ApplicationKey,
}

/// Makes an org. The first of an account on a site manages those that follow there.
///
/// # Errors
/// [`Refusal::Absent`] if there is no such account, [`Refusal::Taken`] if an org has this id or public id.
pub fn create(deployment: &Deployment<'_>, new: NewOrg, now: Timestamp) -> Result<Decided<Org>, Refusal> {
    let state = deployment.state();
    if state.account(new.account).is_none() {
        return Err(Refusal::absent("account", new.account));
    }
    let org = make(state, new, now)?;
    Ok(Decided::one(org.clone(), Change::Org(Edit::Create(org))))
}

/// The org that is to be, if nothing else has its id or its public id.
fn make(state: &State, new: NewOrg, now: Timestamp) -> Result<Org, Refusal> {
    let NewOrg { id, account, site, public_id, name } = new;
    let public_id = public_id.unwrap_or_else(|| PublicId::from(id));
    if state.org(id).is_some() {
        return Err(Refusal::taken("org id", id));
    }
    if state.org_by_public_id(&public_id).is_some() {
        return Err(Refusal::taken("public id", public_id));
    }
    let manages = |org: &&Arc<Org>| org.site == site && org.parent.is_none();
    let parent = state.orgs_of(account).find(manages).map(|org| org.id);
    Ok(Org { id, account, site, parent, public_id, name, disabled: false, created_at: now, modified_at: now })
}

/// Makes an org that the grant's org manages. Its first admin is the principal's counterpart: a user of the same name
/// and email address.
///
/// # Errors
/// [`Refusal::OnlyTheManagingOrgCreates`] if the grant's org manages no others, or the principal is no user;
/// [`Refusal::BeyondOwnRights`] if the principal may not do all that the admin of the new org may;
/// [`Refusal::Taken`] if something else has one of the ids or secrets.
pub fn create_child(
    grant: &Grant<'_, OrgManagement>,
    new: NewChildOrg,
    now: Timestamp,
) -> Result<Decided<ChildOrg>, Refusal> {
    let (state, parent) = (grant.state(), grant.org());
    let creator = grant.user().filter(|_| parent.parent.is_none()).and_then(|id| state.user(id));
    let creator = creator.ok_or(Refusal::OnlyTheManagingOrgCreates)?;
    grant.may_give(ManagedRole::Admin.permissions())?;
    // The admin's key is not narrowed, so neither may the key be by which it is made.
    grant.may_pass_on(PermissionSet::all())?;
    if state.user(new.admin).is_some() {
        return Err(Refusal::taken("user id", new.admin));
    }
    let of_account = NewOrg {
        id: new.id,
        account: parent.account,
        site: parent.site,
        public_id: None,
        name: new.name.clone(),
    };
    let org = make(state, of_account, now)?;
    let admin = User {
        id: new.admin,
        org: org.id,
        name: creator.name.clone(),
        email: creator.email.clone(),
        kind: creator.kind,
        roles: smallvec![ManagedRole::Admin.id()],
        disabled: false,
        created_at: now,
        modified_at: now,
    };
    let name = new.name.clone();
    let api_key = api_key::make(state, org.id, new.api_key, name, &new.api_key_secret, Some(admin.id), now)?;
    let of_admin = NewApplicationKey {
        id: new.application_key,
        owner: admin.id,
        name: new.name,
        secret: new.application_key_secret,
        scopes: None,
    };
    let application_key = application_key::make(state, of_admin, now)?;
    let changes = smallvec![
        Change::Org(Edit::Create(org.clone())),
        Change::User(Edit::Create(admin.clone())),
        Change::ApiKey(Edit::Create(api_key.clone())),
        Change::ApplicationKey(Edit::Create(application_key.clone())),
    ];
    Ok(Decided { value: ChildOrg { org, admin, api_key, application_key }, changes })
}

/// Gives the grant's org a new name.
///
/// # Errors
/// None of its own; the signature is that of every rule.
pub fn rename(grant: &Grant<'_, OrgManagement>, name: Name, now: Timestamp) -> Result<Decided<Org>, Refusal> {
    let org = grant.org();
    Ok(replace(org, Org { name, modified_at: org.modified_at, ..org.clone() }, now))
}

/// Gives an org that the grant's org manages a new name.
///
/// # Errors
/// [`Refusal::NoManagedOrg`] if it manages none with this public id.
pub fn rename_managed(
    grant: &Grant<'_, OrgManagement>,
    public_id: &PublicId,
    name: Name,
    now: Timestamp,
) -> Result<Decided<Org>, Refusal> {
    let org = find_managed(grant, public_id)?;
    Ok(replace(org, Org { name, ..Org::clone(org) }, now))
}

/// The org with this public id, if it is one of those that are [`managed`].
///
/// # Errors
/// [`Refusal::NoManagedOrg`] if it is not, or there is none.
pub fn find_managed<'s>(
    grant: &Grant<'s, OrgManagement>,
    public_id: &PublicId,
) -> Result<&'s Arc<Org>, Refusal> {
    let own = grant.org();
    let org = grant.state().org_by_public_id(public_id).filter(|org| own.manages(org));
    org.ok_or(Refusal::NoManagedOrg)
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
    grant.state().orgs_of(own.account).filter(move |org| own.manages(org))
}
