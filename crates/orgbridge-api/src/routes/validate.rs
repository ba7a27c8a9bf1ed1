//! Whether keys are live. Admission has looked them up before it comes here.

use crate::error::ApiError;
use crate::extract::{ApiKeyHolder, SignedIn};
use crate::reply::Reply;
use crate::wire::{ApiKeyIsLive, KeysAreLive};

/// Checks the API key alone.
pub(crate) async fn api_key(_: ApiKeyHolder) -> Result<Reply, ApiError> {
    Reply::of(&ApiKeyIsLive { valid: true })
}

/// Checks the API key and the application key.
pub(crate) async fn both_keys(_: SignedIn) -> Result<Reply, ApiError> {
    Reply::of(&KeysAreLive { status: "ok" })
}
