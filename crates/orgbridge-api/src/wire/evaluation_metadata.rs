//! What a server says of its decision call. Source: `OpenID` `AuthZEN` Authorization API 1.0, section "Policy Decision
//! Point Metadata".

use schemars::JsonSchema;
use serde::Serialize;

use super::schema;
use crate::router::{EVALUATION, EVALUATIONS};

/// What a server that decides says of itself.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuthzenConfiguration")]
pub(crate) struct EvaluationMetadata {
    /// What it is called.
    #[schemars(schema_with = "schema::url")]
    policy_decision_point: String,
    /// Where it answers one question.
    #[schemars(schema_with = "schema::url")]
    access_evaluation_endpoint: String,
    /// Where it answers many.
    #[schemars(schema_with = "schema::url")]
    access_evaluations_endpoint: String,
}

impl EvaluationMetadata {
    /// What a server with this URL says of itself.
    pub(crate) fn of(url: String) -> Self {
        Self {
            access_evaluation_endpoint: format!("{url}{EVALUATION}"),
            access_evaluations_endpoint: format!("{url}{EVALUATIONS}"),
            policy_decision_point: url,
        }
    }
}
