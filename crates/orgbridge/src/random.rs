//! Where ids and secrets come from.

use std::array;

use orgbridge_domain::{ApiKeySecret, ApplicationKeySecret, SecretUse, TokenSecret};
use orgbridge_ledger::RequestId;
use uuid::Uuid;

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes: {0}")]
pub(crate) struct NoRandomness(#[from] getrandom::Error);

/// A random UUID, to be wrapped as the id of something new.
pub(crate) fn id() -> Result<Uuid, NoRandomness> {
    Ok(uuid::Builder::from_random_bytes(bytes()?).into_uuid())
}

/// The secret of a new API key.
pub(crate) fn api_key() -> Result<ApiKeySecret, NoRandomness> {
    Ok(ApiKeySecret::from_random(bytes()?))
}

/// The secret of a new application key.
pub(crate) fn application_key() -> Result<ApplicationKeySecret, NoRandomness> {
    Ok(ApplicationKeySecret::from_random(bytes()?))
}

/// What a secret of OAuth2 is made of.
pub(crate) fn token() -> Result<[u8; TokenSecret::BYTES], NoRandomness> {
    bytes()
}

/// The secret of a new OAuth2 client.
pub(crate) fn client_secret() -> Result<TokenSecret, NoRandomness> {
    Ok(TokenSecret::from_random(SecretUse::Client, token()?))
}

/// What the audit log calls one run of the command line.
pub(crate) fn request_id() -> Result<RequestId, NoRandomness> {
    let digits = u64::from_le_bytes(bytes()?);
    let text = format!("cli-{digits:016x}");
    // Letters, digits and a hyphen are always a request id.
    Ok(text.parse().unwrap_or_else(|_| unreachable!("letters and digits are plain")))
}

fn bytes<const COUNT: usize>() -> Result<[u8; COUNT], NoRandomness> {
    let mut bytes = array::from_fn(|_| 0);
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
