//! What whoever manages service accounts may do with the application keys of theirs.

use std::sync::Arc;

use crate::application_key::{ApplicationKeyEdit, NewApplicationKey, create_for, edit_key};
use crate::key_list::{KeyQuery, select};
use crate::right::ServiceAccountWrite;
use crate::{
    ApplicationKey, ApplicationKeyId, Change, Decided, Edit, Grant, Listing, Refusal, Timestamp, User,
    UserId, UserKind,
};

/// Makes an application key for a service account of the grant's org.
///
/// # Errors
/// [`Refusal::Absent`] if the owner is no service account of the org; [`Refusal::Taken`] if a key has this id or secret;
/// [`Refusal::BeyondOwnRights`] if the key could do what the principal may not; [`Refusal::BeyondOwnStanding`] if a
/// restriction policy binds the owner more closely than the principal.
pub fn create(
    grant: &Grant<'_, ServiceAccountWrite>,
    new: NewApplicationKey,
    now: Timestamp,
) -> Result<Decided<ApplicationKey>, Refusal> {
    create_for(grant, account_of_org(grant, new.owner)?, new, now)
}

/// The application key `id` of a service account of the grant's org.
///
/// # Errors
/// [`Refusal::Absent`] if there is no such account in the org, [`Refusal::NoApplicationKey`] if it has no such key.
pub fn read<'s>(
    grant: &Grant<'s, ServiceAccountWrite>,
    account: UserId,
    id: ApplicationKeyId,
) -> Result<&'s Arc<ApplicationKey>, Refusal> {
    let account = account_of_org(grant, account)?;
    grant.state().application_key(id).filter(|key| key.owner == account.id).ok_or(Refusal::NoApplicationKey)
}

/// Those of the application keys of a service account that are asked for.
///
/// # Errors
/// [`Refusal::Absent`] if there is no such account in the org.
pub fn list<'s>(
    grant: &Grant<'s, ServiceAccountWrite>,
    account: UserId,
    query: &KeyQuery,
) -> Result<Listing<&'s Arc<ApplicationKey>>, Refusal> {
    let account = account_of_org(grant, account)?;
    Ok(select(grant.state().application_keys_of(account.id), query))
}

/// Gives an application key of a service account another name or other scopes.
///
/// # Errors
/// As [`read`]; [`Refusal::BeyondOwnRights`] if the key could do what the principal may not.
pub fn edit(
    grant: &Grant<'_, ServiceAccountWrite>,
    account: UserId,
    id: ApplicationKeyId,
    edit: ApplicationKeyEdit,
) -> Result<Decided<ApplicationKey>, Refusal> {
    edit_key(grant, account_of_org(grant, account)?, read(grant, account, id)?, edit)
}

/// Revokes an application key of a service account, which may be the one by which it is asked.
///
/// # Errors
/// As [`read`].
pub fn revoke(
    grant: &Grant<'_, ServiceAccountWrite>,
    account: UserId,
    id: ApplicationKeyId,
) -> Result<Decided<ApplicationKey>, Refusal> {
    let key = ApplicationKey::clone(read(grant, account, id)?);
    Ok(Decided::one(key.clone(), Change::ApplicationKey(Edit::Delete(key))))
}

/// A person is none, so that nobody learns here who there is.
fn account_of_org<'s>(grant: &Grant<'s, ServiceAccountWrite>, account: UserId) -> Result<&'s User, Refusal> {
    let org = grant.org().id;
    match grant.state().user(account) {
        Some(user) if user.org == org && user.kind == UserKind::ServiceAccount => Ok(user),
        _ => Err(Refusal::absent("service account", account)),
    }
}
