//! Whether keys are live. Admission has looked them up before it comes here.

use crate::error::ApiError;
use crate::extract::{ApiKeyHolder, SignedIn};
use crate::openapi::{Prose, Tag};
use crate::reply::Reply;
use crate::wire::{ApiKeyIsLive, KeysAreLive};

pub(crate) const API_KEY: Prose = Prose {
    id: "Validate",
    tag: Tag::Authentication,
    summary: "Validate an API key",
    description: "Says whether the API key is live, whatever application key is beside it.",
    refusals: Vec::new,
};

/// Checks the API key alone.
pub(crate) async fn api_key(_: ApiKeyHolder) -> Result<Reply<ApiKeyIsLive>, ApiError> {
    Reply::of(&ApiKeyIsLive { valid: true })
}

pub(crate) const BOTH_KEYS: Prose = Prose {
    id: "ValidateKeys",
    tag: Tag::Authentication,
    summary: "Validate an API key and an application key",
    description: "Says whether both keys are live and belong to one org. It needs no permission.",
    refusals: Vec::new,
};

/// Checks the API key and the application key.
pub(crate) async fn both_keys(_: SignedIn) -> Result<Reply<KeysAreLive>, ApiError> {
    Reply::of(&KeysAreLive { status: "ok" })
}
