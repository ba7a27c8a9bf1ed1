//! What may be done with API keys.

use std::sync::Arc;

use crate::key_list::{KeyQuery, select};
use crate::right::{ApiKeysRead, ApiKeysWrite};
use crate::{
    ApiKey, ApiKeyId, ApiKeySecret, Change, Decided, Edit, Grant, Listing, Name, OrgId, Refusal, State,
    Timestamp, UserId,
};

/// Makes an API key of the grant's org.
///
/// # Errors
/// [`Refusal::Taken`] if a key has this id or this secret.
pub fn create(
    grant: &Grant<'_, ApiKeysWrite>,
    id: ApiKeyId,
    name: Name,
    secret: &ApiKeySecret,
    now: Timestamp,
) -> Result<Decided<ApiKey>, Refusal> {
    let key = make(grant.state(), grant.org().id, id, name, secret, grant.user(), now)?;
    Ok(Decided::one(key.clone(), Change::ApiKey(Edit::Create(key))))
}

/// The key of `org` that is to be, if nothing else has its id or its secret.
pub(crate) fn make(
    state: &State,
    org: OrgId,
    id: ApiKeyId,
    name: Name,
    secret: &ApiKeySecret,
    created_by: Option<UserId>,
    now: Timestamp,
) -> Result<ApiKey, Refusal> {
    if state.api_key(id).is_some() {
        return Err(Refusal::taken("API key id", id));
    }
    let (digest, last4) = (secret.digest(), secret.last4());
    if state.api_key_by_digest(&digest).is_some() {
        return Err(Refusal::taken("API key ending in", last4.as_str()));
    }
    let (modified_at, modified_by) = (None, None);
    Ok(ApiKey { id, org, name, digest, last4, created_at: now, created_by, modified_at, modified_by })
}

/// The API key `id` of the grant's org.
///
/// # Errors
/// [`Refusal::NoApiKey`] if the org has no such key.
pub fn read<'s>(grant: &Grant<'s, ApiKeysRead>, id: ApiKeyId) -> Result<&'s Arc<ApiKey>, Refusal> {
    of_org(grant, id)
}

/// The API keys of the grant's org that `query` asks for.
pub fn list<'s>(grant: &Grant<'s, ApiKeysRead>, query: &KeyQuery) -> Listing<&'s Arc<ApiKey>> {
    select(grant.state().api_keys_of(grant.org().id), query)
}

/// Gives an API key of the grant's org a new name.
///
/// # Errors
/// [`Refusal::NoApiKey`] if the org has no such key.
pub fn rename(
    grant: &Grant<'_, ApiKeysWrite>,
    id: ApiKeyId,
    name: Name,
    now: Timestamp,
) -> Result<Decided<ApiKey>, Refusal> {
    let before = ApiKey::clone(of_org(grant, id)?);
    if before.name == name {
        return Ok(Decided::unchanged(before));
    }
    let after = ApiKey { name, modified_at: Some(now), modified_by: grant.user(), ..before.clone() };
    Ok(Decided::one(after.clone(), Change::ApiKey(Edit::Replace { before, after })))
}

/// Revokes an API key of the grant's org, which may be the one by which it is asked, and the last.
///
/// # Errors
/// [`Refusal::NoApiKey`] if the org has no such key.
pub fn revoke(grant: &Grant<'_, ApiKeysWrite>, id: ApiKeyId) -> Result<Decided<ApiKey>, Refusal> {
    let key = ApiKey::clone(of_org(grant, id)?);
    Ok(Decided::one(key.clone(), Change::ApiKey(Edit::Delete(key))))
}

fn of_org<'s, R>(grant: &Grant<'s, R>, id: ApiKeyId) -> Result<&'s Arc<ApiKey>, Refusal> {
    let org = grant.org().id;
    grant.state().api_key(id).filter(|key| key.org == org).ok_or(Refusal::NoApiKey)
}
