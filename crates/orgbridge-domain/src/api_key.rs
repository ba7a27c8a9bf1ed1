//! What may be done with API keys.

use crate::right::ApiKeysWrite;
use crate::{ApiKey, ApiKeyId, ApiKeySecret, Change, Decided, Edit, Grant, Name, Refusal, Timestamp};

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
    let state = grant.state();
    if state.api_key(id).is_some() {
        return Err(Refusal::taken("API key id", id));
    }
    if state.api_key_by_digest(&secret.digest()).is_some() {
        return Err(Refusal::taken("API key ending in", secret.last4().as_str()));
    }
    let org = grant.org().id;
    let key = ApiKey { id, org, name, digest: secret.digest(), last4: secret.last4(), created_at: now };
    Ok(Decided::one(key.clone(), Change::ApiKey(Edit::Create(key))))
}

/// Revokes an API key of the grant's org.
///
/// # Errors
/// [`Refusal::NoApiKey`] if the org has no such key.
pub fn revoke(grant: &Grant<'_, ApiKeysWrite>, id: ApiKeyId) -> Result<Decided<ApiKey>, Refusal> {
    let org = grant.org().id;
    let key = grant.state().api_key(id).filter(|key| key.org == org).ok_or(Refusal::NoApiKey)?;
    let key = ApiKey::clone(key);
    Ok(Decided::one(key.clone(), Change::ApiKey(Edit::Delete(key))))
}
