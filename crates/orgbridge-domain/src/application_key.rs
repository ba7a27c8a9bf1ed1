//! What may be done with application keys.

use crate::right::OrgAppKeysWrite;
use crate::{
    ApplicationKey, ApplicationKeyId, ApplicationKeySecret, Change, Decided, Edit, Grant, Name,
    PermissionSet, Refusal, Timestamp, UserId, UserKind,
};

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

/// Makes an application key for a user of the grant's org.
///
/// # Errors
/// [`Refusal::Taken`] if a key has this id or secret; [`Refusal::Absent`] if the owner is no user of the org.
/// [`Refusal::BeyondOwnRights`] if the key could do what the principal may not;
/// [`Refusal::OnlyTheOwnerMakesKeys`] if the owner is a person, and another one than the principal.
pub fn create(
    grant: &Grant<'_, OrgAppKeysWrite>,
    new: NewApplicationKey,
    now: Timestamp,
) -> Result<Decided<ApplicationKey>, Refusal> {
    let (state, org) = (grant.state(), grant.org().id);
    let NewApplicationKey { id, owner, name, secret, scopes } = new;
    if state.application_key(id).is_some() {
        return Err(Refusal::taken("application key id", id));
    }
    if state.application_key_by_digest(&secret.digest()).is_some() {
        return Err(Refusal::taken("application key ending in", secret.last4().as_str()));
    }
    let user =
        state.user(owner).filter(|user| user.org == org).ok_or_else(|| Refusal::absent("user", owner))?;
    let allowed = crate::user::permissions(state, user);
    grant.may_give(scopes.map_or(allowed, |scopes| allowed.intersection(scopes)))?;
    // What a person may do can grow later, and with it what a key of theirs can: nobody else may know one.
    if user.kind == UserKind::Person && !grant.speaks_for(owner) {
        return Err(Refusal::OnlyTheOwnerMakesKeys);
    }
    let digest = secret.digest();
    let key = ApplicationKey { id, owner, name, digest, last4: secret.last4(), scopes, created_at: now };
    Ok(Decided::one(key.clone(), Change::ApplicationKey(Edit::Create(key))))
}

/// Revokes an application key of a user of the grant's org.
///
/// # Errors
/// [`Refusal::NoApplicationKey`] if the org has no such key.
pub fn revoke(
    grant: &Grant<'_, OrgAppKeysWrite>,
    id: ApplicationKeyId,
) -> Result<Decided<ApplicationKey>, Refusal> {
    let (state, org) = (grant.state(), grant.org().id);
    let of_org = |key: &ApplicationKey| state.user(key.owner).is_some_and(|owner| owner.org == org);
    let key = state.application_key(id).filter(|key| of_org(key)).ok_or(Refusal::NoApplicationKey)?;
    let key = ApplicationKey::clone(key);
    Ok(Decided::one(key.clone(), Change::ApplicationKey(Edit::Delete(key))))
}
