//! That keys are live.

use schemars::JsonSchema;
use serde::Serialize;

// Source: contract, section 2.
/// That an API key is live.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuthenticationValidationResponse")]
pub(crate) struct ApiKeyIsLive {
    /// Always true: a key that is not live is refused.
    #[schemars(extend("enum" = [true]))]
    pub(crate) valid: bool,
}

// Source: contract, section 2.
/// That an API key and an application key are live.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ValidateV2Response")]
pub(crate) struct KeysAreLive {
    /// Always `ok`: keys that are not live are refused.
    #[schemars(extend("enum" = ["ok"]))]
    pub(crate) status: &'static str,
}
