//! What may be done with application keys.

use std::sync::Arc;

use crate::key_list::{KeyQuery, select};
use crate::right::{OrgAppKeysRead, OrgAppKeysWrite, UserAppKeys};
use crate::{
    ApplicationKey, ApplicationKeyId, ApplicationKeySecret, Change, Decided, Edit, Grant, Listing, Name,
    Permission, PermissionSet, Refusal, Right, State, Timestamp, User, UserId, UserKind, restriction_policy,
};

/// A right over application keys, and whose they may be.
pub trait OverKeys: Right {
    /// Whether it reaches the principal's own keys alone, and not those of every user of the org.
    const OWN_ALONE: bool;
}

/// One of those that include changing the keys.
pub trait WritesKeys: OverKeys {}

impl OverKeys for UserAppKeys {
    const OWN_ALONE: bool = true;
}

impl OverKeys for OrgAppKeysRead {
    const OWN_ALONE: bool = false;
}

impl OverKeys for OrgAppKeysWrite {
    const OWN_ALONE: bool = false;
}

impl WritesKeys for UserAppKeys {}
impl WritesKeys for OrgAppKeysWrite {}

/// What a new application key is made from.
#[derive(Debug, Clone)]
pub struct NewApplicationKey {
    /// Its id.
    pub id: ApplicationKeyId,
    /// The user whose permissions it carries.
    pub owner: UserId,
    /// What people call it.
    pub name: Name,
    /// Its secret.
    pub secret: ApplicationKeySecret,
    /// What the owner's permissions are cut down to.
    pub scopes: Option<PermissionSet>,
}

/// What is to be different about an application key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationKeyEdit {
    /// Its new name; `None` for the one that it has.
    pub name: Option<Name>,
    /// Its new scopes.
    pub scopes: ScopesEdit,
}

/// What is to become of the scopes of an application key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopesEdit {
    /// They stay as they are.
    Keep,
    /// The owner's permissions are cut down to these from now on; `None` cuts nothing.
    Replace(Option<PermissionSet>),
}

/// Which owners' keys a list is narrowed to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OwnerFilter {
    /// Any owner's.
    #[default]
    Any,
    /// This one's.
    Only(UserId),
    /// Nobody's: what was asked for is no user's id.
    Nothing,
}

/// Makes an application key for a user of the grant's org.
///
/// # Errors
/// [`Refusal::Taken`] if a key has this id or secret; [`Refusal::Absent`] if the owner is no user of the org.
/// [`Refusal::BeyondOwnRights`] if the key could do what the principal may not;
/// [`Refusal::OnlyTheOwnerMakesKeys`] if the owner is a person, and another one than the principal;
/// [`Refusal::BeyondOwnStanding`] if a restriction policy binds the owner more closely than the principal.
pub fn create(
    grant: &Grant<'_, OrgAppKeysWrite>,
    new: NewApplicationKey,
    now: Timestamp,
) -> Result<Decided<ApplicationKey>, Refusal> {
    create_for(grant, owner_of_org(grant, new.owner)?, new, now)
}

/// The same for an owner whom the grant is known to reach.
pub(crate) fn create_for<R>(
    grant: &Grant<'_, R>,
    owner: &User,
    new: NewApplicationKey,
    now: Timestamp,
) -> Result<Decided<ApplicationKey>, Refusal> {
    let key = make(grant.state(), new, now)?;
    may_widen(grant, owner, Some(PermissionSet::EMPTY), key.scopes)?;
    // What a person may do can grow later, and with it what a key of theirs can: nobody else may know one.
    if owner.kind == UserKind::Person && !grant.speaks_for(owner.id) {
        return Err(Refusal::OnlyTheOwnerMakesKeys);
    }
    // Whoever has a key is its owner to a service that asks who they are, whatever the key lets through.
    restriction_policy::may_act_as(grant, owner)?;
    Ok(Decided::one(key.clone(), Change::ApplicationKey(Edit::Create(key))))
}

/// Makes an application key for the principal itself.
///
/// # Errors
/// [`Refusal::Taken`] if a key has this id or secret; [`Refusal::BeyondOwnRights`] if the key could do what the
/// principal may not by the credential that it shows; [`Refusal::OnlyTheOwnerMakesKeys`] if the owner is another.
pub fn create_own(
    grant: &Grant<'_, UserAppKeys>,
    new: NewApplicationKey,
    now: Timestamp,
) -> Result<Decided<ApplicationKey>, Refusal> {
    let owner = new.owner;
    let key = make(grant.state(), new, now)?;
    if !grant.speaks_for(owner) {
        return Err(Refusal::OnlyTheOwnerMakesKeys);
    }
    may_widen(grant, owner_of_org(grant, owner)?, Some(PermissionSet::EMPTY), key.scopes)?;
    Ok(Decided::one(key.clone(), Change::ApplicationKey(Edit::Create(key))))
}

/// The key that is to be, if nothing else has its id or its secret.
pub(crate) fn make(state: &State, new: NewApplicationKey, now: Timestamp) -> Result<ApplicationKey, Refusal> {
    let NewApplicationKey { id, owner, name, secret, scopes } = new;
    if state.application_key(id).is_some() {
        return Err(Refusal::taken("application key id", id));
    }
    let (digest, last4) = (secret.digest(), secret.last4());
    if state.application_key_by_digest(&digest).is_some() {
        return Err(Refusal::taken("application key ending in", last4.as_str()));
    }
    Ok(ApplicationKey { id, owner, name, digest, last4, scopes, created_at: now })
}

/// An application key that the grant reaches.
///
/// # Errors
/// [`Refusal::NoApplicationKey`] if it reaches no such key.
pub fn read<'s, R: OverKeys>(
    grant: &Grant<'s, R>,
    id: ApplicationKeyId,
) -> Result<&'s Arc<ApplicationKey>, Refusal> {
    reached(grant, id).map(|(key, _)| key)
}

/// Those of the application keys that the grant reaches that are asked for.
pub fn list<'s, R: OverKeys>(
    grant: &Grant<'s, R>,
    owner: OwnerFilter,
    query: &KeyQuery,
) -> Listing<&'s Arc<ApplicationKey>> {
    let (state, org) = (grant.state(), grant.org().id);
    let owners: Vec<UserId> = match (owner, grant.user().filter(|_| R::OWN_ALONE)) {
        (OwnerFilter::Nothing, _) => Vec::new(),
        (OwnerFilter::Any, Some(own)) => vec![own],
        (OwnerFilter::Only(wanted), Some(own)) => [own].into_iter().filter(|own| *own == wanted).collect(),
        (OwnerFilter::Any, None) => state.users_of(org).map(|user| user.id).collect(),
        (OwnerFilter::Only(wanted), None) => {
            state.user(wanted).filter(|user| user.org == org).map(|user| user.id).into_iter().collect()
        }
    };
    select(owners.into_iter().flat_map(|owner| state.application_keys_of(owner)), query)
}

/// Gives an application key that the grant reaches another name or other scopes.
///
/// # Errors
/// [`Refusal::NoApplicationKey`] if it reaches no such key; [`Refusal::BeyondOwnRights`] if the key could do what the
/// principal may not; [`Refusal::OnlyTheOwnerWidensKeys`] if a key of another person could do more than before;
/// [`Refusal::BeyondOwnStanding`] if it comes to reach connections, and a restriction policy binds its owner more closely
/// than the principal.
pub fn edit<R: WritesKeys>(
    grant: &Grant<'_, R>,
    id: ApplicationKeyId,
    edit: ApplicationKeyEdit,
) -> Result<Decided<ApplicationKey>, Refusal> {
    let (key, owner) = reached(grant, id)?;
    edit_key(grant, owner, key, edit)
}

/// The same with a key that the grant is known to reach.
pub(crate) fn edit_key<R>(
    grant: &Grant<'_, R>,
    owner: &User,
    key: &ApplicationKey,
    edit: ApplicationKeyEdit,
) -> Result<Decided<ApplicationKey>, Refusal> {
    let before = key.clone();
    let scopes = match edit.scopes {
        ScopesEdit::Keep => before.scopes,
        ScopesEdit::Replace(scopes) => scopes,
    };
    may_widen(grant, owner, before.scopes, scopes)?;
    // Whoever has a key that was narrowed for them must not find somebody who widens it, but its owner.
    let is_wider = added(before.scopes, scopes) != PermissionSet::EMPTY;
    if is_wider && owner.kind == UserKind::Person && !grant.speaks_for(owner.id) {
        return Err(Refusal::OnlyTheOwnerWidensKeys);
    }
    let name = edit.name.unwrap_or_else(|| before.name.clone());
    let after = ApplicationKey { name, scopes, ..before.clone() };
    if before == after {
        return Ok(Decided::unchanged(before));
    }
    Ok(Decided::one(after.clone(), Change::ApplicationKey(Edit::Replace { before, after })))
}

/// Revokes an application key that the grant reaches, which may be the one by which it is asked.
///
/// # Errors
/// [`Refusal::NoApplicationKey`] if it reaches no such key.
pub fn revoke<R: WritesKeys>(
    grant: &Grant<'_, R>,
    id: ApplicationKeyId,
) -> Result<Decided<ApplicationKey>, Refusal> {
    let (key, _) = reached(grant, id)?;
    let key = ApplicationKey::clone(key);
    Ok(Decided::one(key.clone(), Change::ApplicationKey(Edit::Delete(key))))
}

/// What a key with the scopes `after` may let through that it did not with those `before`. One without scopes lets
/// through whatever there will ever be.
fn added(before: Option<PermissionSet>, after: Option<PermissionSet>) -> PermissionSet {
    match (before, after) {
        (None, _) => PermissionSet::EMPTY,
        (Some(_), None) => PermissionSet::all(),
        (Some(before), Some(after)) => after.without(before),
    }
}

/// Nobody makes a key, or widens one, so that it could do what they may not by the credential that they show.
pub(crate) fn may_widen<R>(
    grant: &Grant<'_, R>,
    owner: &User,
    before: Option<PermissionSet>,
    after: Option<PermissionSet>,
) -> Result<(), Refusal> {
    let added = added(before, after);
    grant.may_give(crate::user::permissions(grant.state(), owner).intersection(added))?;
    grant.may_pass_on(added)?;
    let reads_and_writes =
        PermissionSet::of(&[Permission::OrgConnectionsRead, Permission::OrgConnectionsWrite]);
    if added.intersection(reads_and_writes) != PermissionSet::EMPTY {
        restriction_policy::may_act_as(grant, owner)?;
    }
    Ok(())
}

fn reached<'s, R: OverKeys>(
    grant: &Grant<'s, R>,
    id: ApplicationKeyId,
) -> Result<(&'s Arc<ApplicationKey>, &'s User), Refusal> {
    let key = grant.state().application_key(id).ok_or(Refusal::NoApplicationKey)?;
    let owner = owner_of_org(grant, key.owner).map_err(|_| Refusal::NoApplicationKey)?;
    if R::OWN_ALONE && !grant.speaks_for(owner.id) {
        return Err(Refusal::NoApplicationKey);
    }
    Ok((key, owner))
}

fn owner_of_org<'s, R>(grant: &Grant<'s, R>, owner: UserId) -> Result<&'s User, Refusal> {
    let org = grant.org().id;
    match grant.state().user(owner) {
        Some(user) if user.org == org => Ok(user),
        _ => Err(Refusal::absent("user", owner)),
    }
}
