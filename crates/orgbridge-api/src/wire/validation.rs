//! That keys are live.

use serde::Serialize;

/// That an API key is live. Source: contract, section 2.
#[derive(Debug, Serialize)]
pub(crate) struct ApiKeyIsLive {
    pub(crate) valid: bool,
}

/// That an API key and an application key are live. Source: contract, section 2.
#[derive(Debug, Serialize)]
pub(crate) struct KeysAreLive {
    pub(crate) status: &'static str,
}
